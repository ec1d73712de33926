"""Reactive sentences: every variant is reached, tells what the calculator answers, and stands as it is written."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from calculators.data_files import read_all
from calculators.dataset import Dataset
from calculators.load import load_dataset
from calculators.own_device import OWN
from calculators.sentences import SLOT, opened, slots_of, steps_of
from calculators.text import LANGUAGES
from calculators.worker import reply

DATA = load_dataset()
IDS = sorted(DATA.sentences)
# No sentence tells of the random draws, nine tenths of a calculator's time: thousands of cases do with few of them.
FEW_DRAWS = replace(DATA, parameters={**DATA.parameters, "samples": {**DATA.parameters["samples"], "value": 100}})


def told(
    of: str, given: Mapping[str, Any], lang: str = "en", dataset: Dataset = FEW_DRAWS, **more: Any
) -> dict[str, Any]:
    return reply(dataset, "sentence", dict(given), lang, of=of, **more)


def text(parts: list[dict[str, Any]]) -> str:
    return "".join(part["text"] for part in parts)


def cases(of: str) -> Iterator[dict[str, Any]]:
    """Every case that the controls of a sentence can make."""
    inputs = DATA.sentences[of]["inputs"]
    offered = [[c for c in entry.get("choices", ()) if c != OWN] or steps_of(entry) for entry in inputs.values()]
    for values in itertools.product(*offered):
        yield dict(zip(inputs, values, strict=True))


@pytest.mark.parametrize("of", IDS)
def test_few_draws_tell_the_same(of: str) -> None:
    for case in itertools.islice(cases(of), 0, None, 149):
        assert told(of, case) == told(of, case, dataset=DATA)


@pytest.mark.parametrize("of", IDS)
def test_every_variant_is_reached_and_every_slot_has_a_figure(of: str) -> None:
    reached = set()
    for case in cases(of):
        found = told(of, case)
        assert "error" not in found, (case, found)
        reached.add(found["variant"])
        parts = [*found["sentence"], *found["conclusion"]]
        nothing = [part["name"] for part in parts if "name" in part and part["value"] is None]
        assert not nothing, f"{case}: variant {found['variant']} tells of {nothing}, which there is not"
    assert reached == set(range(len(DATA.sentences[of]["variants"])))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("of", IDS)
def test_a_sentence_tells_the_calculators_figures(of: str, lang: str) -> None:
    sentence = DATA.sentences[of]
    for case in itertools.islice(cases(of), 0, None, 29):
        found = told(of, case, lang)
        # As a reader gives the same case on the command line: presets, then single values as text.
        given = found["open"]
        presets = [value for name, value in given if name == "preset" and value]
        scenario = {name: value for name, value in given if name != "preset"}
        answer = reply(FEW_DRAWS, sentence["calculator"], scenario, lang, presets=presets)
        for part in [*found["sentence"], *found["conclusion"]]:
            if part.get("name") in answer["results"]:
                wanted = answer["results"][part["name"]]
                assert (part["value"], part["text"]) == (wanted["value"], wanted["text"])
        for beside, other in sentence.get("beside", {}).items():
            results = reply(FEW_DRAWS, sentence["calculator"], scenario | other, lang, presets=presets)["results"]
            for part in [*found["sentence"], *found["conclusion"]]:
                if str(part.get("name")).startswith(f"{beside}."):
                    wanted = results[part["name"].removeprefix(f"{beside}.")]
                    assert (part["value"], part["text"]) == (wanted["value"], wanted["text"])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("of", IDS)
def test_what_is_read_is_one_text_as_it_was_written(of: str, lang: str) -> None:
    for case in itertools.islice(cases(of), 0, None, 17):
        found = told(of, case, lang)
        variant = DATA.sentences[of]["variants"][found["variant"]]
        for field, written in (("sentence", variant["text"][lang]), ("conclusion", variant["conclusion"][lang])):
            pieces = [re.escape(piece) for piece in SLOT.split(written)[::2]]
            assert re.fullmatch("(.+)".join(pieces), text(found[field]))
            assert [p.get("name", p.get("input")) for p in found[field] if len(p) > 1] == slots_of(written)


def test_the_same_number_may_be_written_in_many_ways() -> None:
    wanted = told("payback", {"tokens_per_month": 2e10}, "ja")
    for written in ("20B", "20 billion", "20 billion tokens", "200億", "200億トークン", "２００億", "20,000,000,000"):
        assert told("payback", {"tokens_per_month": written}, "ja") == wanted
    assert told("moe-memory", {"bits_per_weight": "3.5ビット"}) == told("moe-memory", {"bits_per_weight": 3.5})


@pytest.mark.parametrize(
    ("lang", "given", "words"),
    [
        ("en", {"tokens_per_month": "5"}, "from 100 million to 1 trillion"),
        ("ja", {"tokens_per_month": "-1"}, "1億から1兆まで"),
        ("en", {"tokens_per_month": "a lot"}, "a lot is not a number"),
        ("ja", {"tokens_per_month": ""}, "数値ではありません"),
        ("en", {"api_model": "gpt-6"}, "Model behind the API: gpt-6 is not allowed"),
        ("en", {"life_years": 3}, "scenario: life_years is not allowed"),
    ],
)
def test_what_lies_beyond_a_sentence_is_refused_at_its_field(lang: str, given: dict[str, Any], words: str) -> None:
    error = told("payback", given, lang, labels=True)["error"]
    assert words in error["text"] and error["field"] in (*given, "scenario")


def test_a_sentence_that_there_is_not_is_refused() -> None:
    assert "pay-back" in told("pay-back", {})["error"]["text"]


def test_the_chart_is_that_of_the_answer() -> None:
    for of in IDS:
        found, sentence = told(of, {}, page=True), DATA.sentences[of]
        given = dict(opened(sentence, {**sentence.get("set", {}), **found["values"]}))
        del given["preset"]
        presets = sentence.get("presets", ())
        answer = reply(DATA, sentence["calculator"], given, "en", presets=presets, page=True)
        assert json.dumps(found["chart"]) == json.dumps(
            next(c for c in answer["charts"] if c["id"] == sentence["chart"])
        )


def test_the_clouds_of_the_first_word_are_the_measured_ones() -> None:
    wait = read_all()["facts"]["cloud-wait-word"].values
    beside = DATA.sentences["first-word"]["beside"]
    assert beside["quickest"]["rtt_ms"] == round(wait["low"] * 1000)
    assert beside["middle"]["rtt_ms"] == round(wait["value"] * 1000)


def test_steps_read_well() -> None:
    steps = steps_of(DATA.sentences["payback"]["inputs"]["tokens_per_month"])
    assert steps[0] == 1e8 and steps[-1] == 1e12 and 1e10 in steps
    assert all(one < two for one, two in itertools.pairwise(steps))
    assert all(float(f"{step:.2g}") == step for step in steps)

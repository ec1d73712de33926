"""Reactive sentences before any script: the default case in words, its chart, and the controls that
docs/_theme/modules/reactive-sentence.js makes live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from mkdocs.exceptions import PluginError

from calculators.evidence import Evidence, plain
from calculators.load import load_dataset
from calculators.sentences import choice_words, field_words, steps_of
from calculators.worker import reply
from scripts import facts
from scripts.calculator_html import drawing, rendered
from scripts.templates import TEMPLATES

Part = Mapping[str, Any]
FROM_CALCULATORS = "loading engine retry table charts".split()


def told(sentence_id: str, lang: str, *, page: bool = False) -> dict[str, Any]:
    """The default case. Raises NoSuchFact for a sentence that there is not, PluginError for one that cannot be told."""
    facts.entity(f"sentences/{sentence_id}")
    found = reply(load_dataset(), "sentence", {}, lang, of=sentence_id, page=page)
    if "error" in found:
        raise PluginError(f"data/sentences/{sentence_id}.yml: {found['error']['text']}")
    return found


def sentence_text(sentence_id: str, lang: str) -> str:
    """The default sentence and what follows from it, in plain words."""
    found = told(sentence_id, lang)
    between = " " if lang == "en" else ""
    return between.join("".join(part["text"] for part in found[name]) for name in ("sentence", "conclusion"))


def words_of(lang: str) -> dict[str, str]:
    words = facts.words("sentences", lang)
    return words | facts.why_no_engine(lang) | {i: facts.strings("calculators")[i][lang] for i in FROM_CALCULATORS}


@lru_cache(maxsize=4)
def all_told(evidence: Evidence, drawing: tuple[bytes, ...]) -> dict[str, tuple[dict[str, Any], str]]:
    """Each sentence's default case and chart, drawn in one go: starting Node takes longer than drawing.

    For one state of `data/` and of what draws.
    """
    lang = evidence.lang
    found = {i: told(i, lang, page=True) for i in evidence.found["sentences"]}
    asking = []
    for i, one in found.items():
        view = {"lang": lang, "uid": i, "words": words_of(lang), "names": {}}
        answer: dict[str, Any] = {"inputs": {}, "results": {}, "warnings": [], "charts": [one["chart"]]}
        asking.append({"reply": answer, "view": view, "labels": {}, "choices": {}})
    drawn = rendered(json.dumps(asking, ensure_ascii=False), drawing)
    return {i: (one, parts["charts"]) for (i, one), parts in zip(found.items(), drawn, strict=True)}


def sentence_html(sentence_id: str, lang: str, root: str) -> str:
    """The inner HTML. `root`: from the page's address to its language's root."""
    facts.entity(f"sentences/{sentence_id}")
    found, charts = all_told(facts.evidence(lang), drawing())[sentence_id]
    words, dataset = words_of(lang), load_dataset()
    sentence = dataset.sentences[sentence_id]
    inputs = {name: control(name, entry, lang) for name, entry in sentence["inputs"].items()}
    calculator = f"{root}calculators/{sentence['calculator']}/"
    settings = {
        "of": sentence_id,
        "lang": lang,
        "words": words,
        "inputs": inputs,
        "values": {name: plain(value) for name, value in found["values"].items()},
        "calculator": calculator,
    }
    return TEMPLATES.get_template("reactive-sentence.html").render(
        pieces=pieces(found["sentence"]),
        conclusion=found["conclusion"],
        # In running text the figure's own caption is heading enough.
        chart=charts.partition("</h2>")[2],
        open=f"{calculator}#?{urlencode(found['open'], safe=',:')}",
        inputs=inputs,
        uid=sentence_id,
        s=words.__getitem__,
        plain=plain,
        settings=json.dumps(settings, ensure_ascii=False),
    )


def pieces(parts: list[Part]) -> list[dict[str, Any]]:
    """The sentence as spans between its inputs: these stay where they are when the words around them change."""
    found: list[dict[str, Any]] = [{"parts": []}]
    for part in parts:
        if "input" in part:
            found += [dict(part), {"parts": []}]
        else:
            found[-1]["parts"].append(part)
    return found


def control(name: str, entry: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What an input offers: its steps or choices with their words, so that a drag shows them at once."""
    dataset = load_dataset()
    label = dataset.parameters[name]["label"][lang]
    if "choices" in entry:
        choices = [(value, choice_words(dataset, name, value, lang)) for value in entry["choices"]]
        return {"label": label, "choices": choices}
    steps = [(plain(value), field_words(dataset, name, value, lang)) for value in steps_of(entry)]
    return {"label": label, "steps": steps}

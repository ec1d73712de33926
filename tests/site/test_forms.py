"""Forms and filters say words, not ids, in both languages."""

from __future__ import annotations

import json
import re

import pytest

from calculators.data_files import DATA
from calculators.load import load_dataset
from calculators.text import LANGUAGES
from calculators.worker import reply
from scripts import facts
from scripts.calculator_html import Form
from scripts.data_tables import NAMED, TABLES, Cells, Row, Table, data_table, facet_options

# What stands for itself in both languages: a number, a country's code.
ITSELF = re.compile(r"\d+|[A-Z]{2}")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_choice_of_every_parameter_has_words(lang: str) -> None:
    dataset = load_dataset()
    form = Form(dataset, "tier", {}, lang, "../")
    words = {pair[lang] for pair in dataset.strings.values()}
    words |= {str(entity.values["name"]) for entity in facts.entities()["scores"].values()}
    for name, entity in facts.entities()["parameters"].items():
        choices = [str(choice) for choice in entity.values.get("choices", ())]
        told = [form.choice(name, choice) for choice in choices]
        nameless = [c for c, t in zip(choices, told, strict=True) if t not in words and not ITSELF.fullmatch(c)]
        assert not nameless, (name, nameless)
        assert len({*told}) == len(choices), name


def test_a_form_shows_the_words_of_its_choices() -> None:
    dataset = load_dataset()
    shown = {}
    for lang in LANGUAGES:
        form = Form(dataset, "tier", reply(dataset, "tier", {}, lang, page=True), lang, "../")
        for name in ("data_class", "currency"):
            options = [option for _, group in form.control(name)["options"] for option in group if option[0]]
            shown[lang, name] = dict(options)
            for value, text in options:
                assert text == dataset.strings[f"choice.{name}.{value}"][lang]
    assert shown["ja", "data_class"] != shown["en", "data_class"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_value_of_a_filter_has_words(lang: str) -> None:
    for of in TABLES:
        table = data_table(of, lang, "../")
        for facet in facet_options(table, Cells(lang, "../")):
            if facet["name"] not in NAMED:
                assert lang == "en" or all(words != value for value, words, _ in facet["options"]), (of, facet)


def test_a_value_without_words_stops_the_build() -> None:
    table = Table(["preset"], set(), set(), ["kind"], [Row("one", [], {"kind": ["unheard-of"]})])
    with pytest.raises(KeyError, match="kind-unheard-of"):
        facet_options(table, Cells("en", "../"))


def test_every_class_of_device_that_data_may_hold_has_words() -> None:
    schema = json.loads((DATA / "schema" / "device.json").read_text(encoding="utf-8"))
    for name in schema["properties"]["device_class"]["enum"]:
        assert f"devices-of-{name}" in facts.strings("calculators"), name
        assert f"class-{name}" in facts.strings("site"), name

"""What a JSON Schema cannot say about reactive sentences. CPython only; that a value reaches each variant is a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .answer import CALCULATORS
from .own_device import OWN
from .sentences import COUNTS, ends_of, names_in, slots_of
from .text import LANGUAGES
from .tier import PLACES

if TYPE_CHECKING:  # data_checks imports this module
    from .data_checks import Checks

Values = Mapping[str, Any]


def check_sentence(check: Checks, sentence_id: str, values: Values) -> None:
    for i, preset in enumerate(values.get("presets", ())):
        check.refer(("presets", i), "presets", preset)
    check_settings(check, ("set",), values.get("set", {}))
    for name, entry in values["inputs"].items():
        check_input(check, name, entry)
    for name, settings in values.get("beside", {}).items():
        check_settings(check, ("beside", name), settings)
        if not any(slot.startswith(f"{name}.") for slot in names_in(values, "en")):
            check.refuse(("beside", name), f"{name} is in no text; allowed: a case that a slot {{{name}.…}} names")
    check_variants(check, values)


def check_settings(check: Checks, path: tuple[str | int, ...], settings: Values) -> None:
    from .data_checks import check_parameter_value

    for name, value in settings.items():
        if known(check, (*path, name), name):
            check_parameter_value(check, (*path, name), name, value)


def known(check: Checks, path: tuple[str | int, ...], name: str) -> bool:
    there = name in check.found["parameters"] or name in check.broken["parameters"]
    if not there:
        check.refuse(path, f"{name} is no parameter; allowed: a file name of data/parameters/ without .yml")
    return there


def check_input(check: Checks, name: str, entry: Values) -> None:
    from .data_checks import check_parameter_value

    path = ("inputs", name)
    if not known(check, path, name):
        return
    if ("choices" in entry) == ("low" in entry):
        check.refuse(path, "neither or both of choices and low; allowed: one of the two")
    for i, choice in enumerate(entry.get("choices", ())):
        if name == "device" and choice == OWN:
            continue  # the reader's, which data/ does not know
        check_parameter_value(check, (*path, "choices", i), name, choice)
    for end in ("low", "high"):
        check_parameter_value(check, (*path, end), name, entry.get(end))
    if entry.get("scale") == "log" and entry["low"] <= 0:
        check.refuse((*path, "low"), f"{entry['low']} on a logarithmic scale; allowed: more than 0")


def check_variants(check: Checks, values: Values) -> None:
    """Conditions and slots name what there is; each text holds each input once, in the order of the first text: a
    control that is being dragged must not change its place."""
    calculator, inputs = CALCULATORS[values["calculator"]], values["inputs"]
    own = [*calculator.results, *inputs, *calculator.inputs, *values.get("set", {}), "p_npv_positive"]
    own += ["recommendation"] if values["calculator"] == "tier" else []
    allowed = [*own, *(f"model.{name}" for name in COUNTS)]
    computed = [
        name for name in calculator.results if name != "npv_usd"
    ]  # drawn at random, for the sentence's own case
    allowed += [f"{beside}.{name}" for beside in values.get("beside", {}) for name in computed]
    listed = "an input or result of the calculator, model.total_params, or <name>.<result> of a case in beside"
    order: dict[str, list[str]] = {}
    for i, variant in enumerate(values["variants"]):
        here, last = ("variants", i), i == len(values["variants"]) - 1
        if ("when" in variant) == last:
            told = "when given in the last variant" if last else "when missing"
            check.refuse(here, f"{told}; allowed: conditions in each variant but the last")
        for name, wanted in variant.get("when", {}).items():
            for named in (name, *(end for end in ends_of(wanted).values() if isinstance(end, str))):
                if named not in allowed:
                    check.refuse((*here, "when", name), f"{named} is no result; allowed: {listed}")
            if isinstance(wanted, str) and wanted not in (choices := words_of(check, name, inputs)):
                check.refuse((*here, "when", name), f"{wanted} is not allowed; allowed: {', '.join(choices)}")
        for field in ("text", "conclusion"):
            check_texts(check, (*here, field), variant[field], allowed, listed)
        for lang in LANGUAGES:
            found = [slot for slot in slots_of(variant["text"][lang]) if slot in inputs]
            if sorted(found) != sorted(inputs) or found != order.setdefault(lang, found):
                wanted = ", ".join(order[lang] if sorted(order[lang]) == sorted(inputs) else inputs)
                told = f"inputs {', '.join(found) or 'none'}; allowed: {wanted}, each once, in this order everywhere"
                check.refuse((*here, "text", lang), told)


def words_of(check: Checks, name: str, inputs: Values) -> list[str]:
    """What a condition may want of a result or input."""
    if name == "fit_verdict":
        return ["fits", "tight", "no"]
    if name == "recommendation":
        return list(PLACES)
    return [*inputs.get(name, {}).get("choices", ()), "never"]


def check_texts(
    check: Checks, path: tuple[str | int, ...], texts: Mapping[str, str], allowed: list[str], listed: str
) -> None:
    one, other = (set(slots_of(texts[lang])) for lang in LANGUAGES)
    if one != other:
        given = " and ".join(", ".join(sorted(names)) or "none" for names in (one, other))
        check.refuse((*path, "ja"), f"slots differ: {given}; allowed: the same slots in both languages")
    for lang in LANGUAGES:
        for slot in slots_of(texts[lang]):
            if slot not in allowed:
                check.refuse((*path, lang), f"{slot} is no slot; allowed: {listed}")
        rest = texts[lang]
        for slot in slots_of(rest):
            rest = rest.replace(f"{{{slot}}}", "")
        if "{" in rest or "}" in rest:
            check.refuse((*path, lang), "a brace that belongs to no slot; allowed: {name}; close or remove it")

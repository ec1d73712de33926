"""Reactive sentences: a case of a calculator told in sentences that are written out for each state of its result.

`data/sentences/<id>.yml` holds the case, the inputs that a reader changes, and the variants; the first variant whose
conditions hold is told, none is put together from fragments. Slots: an input or a result of the calculator, a count of
the model's parameters (`model.total_params`), a result of a further case (`hosted.api_month_usd`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import Any

from .answer import CALCULATORS, answer, evaluated
from .dataset import Dataset, offer_of
from .own_device import OWN
from .results import result
from .scenario import BadInput, bad_choice, one_number, with_presets
from .text import LANGUAGES, SIZES, Money, number, prose, trimmed
from .words import Words

SLOT = re.compile(r"\{([a-z0-9_.-]+)\}")
COUNTS = ("total_params", "active_params")
LETTERS = {"thousand": "k", **{name: name[0].upper() for _, name in SIZES}}
Sentence = Mapping[str, Any]


def slots_of(text: str) -> list[str]:
    """Names of the slots of a text, in their order."""
    return SLOT.findall(text)


def names_in(sentence: Sentence, lang: str) -> list[str]:
    """Every input and result that the variants tell or ask for, sorted."""
    found: set[str] = set()
    for variant in sentence["variants"]:
        found |= {*slots_of(variant["text"][lang]), *slots_of(variant["conclusion"][lang])}
        for name, wanted in variant.get("when", {}).items():
            found |= {name, *(end for end in ends_of(wanted).values() if isinstance(end, str))}
    return sorted(found)


def ends_of(wanted: Any) -> Mapping[str, Any]:
    """Of a condition: above -> end, below -> end; an end is a number or the name of a result."""
    return wanted if isinstance(wanted, Mapping) else {}


def steps_of(entry: Mapping[str, Any]) -> list[float]:
    """The values that a slider offers; on a logarithmic one rounded to two digits, so that they read well."""
    low, high, steps = float(entry["low"]), float(entry["high"]), int(entry["steps"])
    if entry["scale"] == "linear":
        return [low + (high - low) * i / steps for i in range(steps + 1)]
    found = [float(f"{low * (high / low) ** (i / steps):.2g}") for i in range(steps + 1)]
    return list(dict.fromkeys(found))


def field_words(dataset: Dataset, name: str, value: float, lang: str) -> str:
    """An input's number as its place in the sentence shows it, without its unit: 10 billion, 100億, 4.5."""
    unit = str(dataset.parameters[name]["unit"])
    return prose(value, unit, lang, dataset.strings) if unit == "tokens" else number(value, unit, lang, True)


def typed(dataset: Dataset, name: str, raw: Any) -> Any:
    """What a reader typed, as the scenario reads numbers: `10 billion tokens` and 100億トークン lose their words."""
    if not isinstance(raw, str):
        return raw
    text = unicodedata.normalize("NFKC", raw).strip()
    unit = dataset.strings.get(f"unit.{dataset.parameters[name]['unit']}", {})
    for lang in LANGUAGES:
        words = unit.get(lang, "{n}").replace("{n}", "").strip()
        text = text.removesuffix(words).rstrip() if words else text
    digits, _, size = text.partition(" ")
    return digits + LETTERS[size.casefold()] if size.casefold() in LETTERS else text


def choice_words(dataset: Dataset, name: str, value: str, lang: str) -> str:
    """The name of a model, a device or a server."""
    if value == OWN:
        return dataset.strings[OWN][lang]
    if name == "api_model":
        value = offer_of(dataset, value)["model"]
    entry = next(kind[value] for kind in (dataset.models, dataset.devices, dataset.servers) if value in kind)
    return str(entry["name"])


def case_of(dataset: Dataset, sentence: Sentence, given: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The scenario: presets, what the sentence sets, what the reader gave. Raises BadInput for what lies beyond the
    sentence: its variants say nothing there."""
    for name, raw in given.items():
        if name not in sentence["inputs"]:
            raise bad_choice("scenario", name, list(sentence["inputs"]))
        entry = sentence["inputs"][name]
        if "choices" in entry and raw not in entry["choices"]:
            raise bad_choice(name, raw, entry["choices"])
    own = with_presets(dataset, sentence.get("presets", ()), sentence.get("set", {}))
    for name, raw in given.items():
        own[name] = raw if "choices" in sentence["inputs"][name] else within(dataset, sentence, name, raw, lang)
    return own


def within(dataset: Dataset, sentence: Sentence, name: str, raw: Any, lang: str) -> float:
    """A number between the ends of the sentence's slider."""
    ends = {"min": sentence["inputs"][name]["low"], "max": sentence["inputs"][name]["high"]}
    try:
        return one_number(name, typed(dataset, name, raw), {**dataset.parameters[name], **ends})
    except BadInput as bad:
        for slot, end in zip(("low", "high"), ends.values(), strict=True):
            bad.slots[slot] = field_words(dataset, name, float(end), lang)
        raise


def tell(
    dataset: Dataset, scenario: Mapping[str, Any], lang: str, *, of: str = "", page: bool = False
) -> dict[str, Any]:
    """The sentence and its conclusion in parts, the inputs, the case for its calculator, and with `page` the chart.

    A part is `{text}`, `{input, text, value}` or `{name, text, value}`, a result. Raises BadInput.
    """
    if of not in dataset.sentences:
        raise bad_choice("of", of, list(dataset.sentences))
    sentence = dataset.sentences[of]
    case = case_of(dataset, sentence, scenario, lang)
    main = answer(dataset, sentence["calculator"], case, lang, page=page)
    told = main["inputs"] | main["results"]
    # A choice keeps its own id: the engine goes on with a server's device.
    choices = [name for name, entry in sentence["inputs"].items() if "choices" in entry and name in case]
    told |= {name: {"value": case[name], "text": choice_words(dataset, name, case[name], lang)} for name in choices}
    for beside, other in sentence.get("beside", {}).items():
        told |= results_beside(dataset, sentence, beside, {**case, **other}, lang)
    model = dataset.models[main["inputs"]["model"]["value"]]
    told |= {f"model.{k}": {"value": model[k], "text": prose(model[k], "parameters", lang, {})} for k in COUNTS}
    chosen = next(i for i, v in enumerate(sentence["variants"]) if holds(v.get("when", {}), told))
    variant = sentence["variants"][chosen]
    parts = partial(parts_of, dataset, sentence, told, lang)
    reply: dict[str, Any] = {
        "variant": chosen,
        "sentence": parts(variant["text"][lang]),
        "conclusion": parts(variant["conclusion"][lang]),
        "values": {name: told[name]["value"] for name in sentence["inputs"]},
        "open": opened(sentence, case),
    }
    if page:
        reply["chart"] = next(chart for chart in main["charts"] if chart["id"] == sentence["chart"])
    return reply


def results_beside(
    dataset: Dataset, sentence: Sentence, beside: str, case: Mapping[str, Any], lang: str
) -> dict[str, dict[str, Any]]:
    """The results of a further case that the sentence names, without all else that an answer holds."""
    names = [name.removeprefix(f"{beside}.") for name in names_in(sentence, lang) if name.startswith(f"{beside}.")]
    _, values, _ = evaluated(dataset, case, CALCULATORS[sentence["calculator"]], names)
    words = Words(dataset, lang, Money(values["currency"], values["fx_jpy_per_usd"]))
    return {f"{beside}.{name}": result(name, values, set(), [], words) for name in names}


def holds(conditions: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether all conditions hold: `never` (there is no such result), another value, or above or below a figure."""

    def one(name: str, wanted: Any) -> bool:
        value = told[name]["value"]
        if wanted == "never":
            return value is None
        if isinstance(wanted, str):
            return bool(value == wanted)
        if value is None:
            return False
        limits = {way: told[end]["value"] if isinstance(end, str) else end for way, end in wanted.items()}
        return all(value > end if way == "above" else value < end for way, end in limits.items())

    return all(one(name, wanted) for name, wanted in conditions.items())


def parts_of(
    dataset: Dataset, sentence: Sentence, told: Mapping[str, Mapping[str, Any]], lang: str, text: str
) -> list[dict[str, Any]]:
    """A text cut at its slots, these with their words and values."""
    parts: list[dict[str, Any]] = []
    for i, piece in enumerate(SLOT.split(text)):
        if i % 2 == 0:
            parts += [{"text": piece}] if piece else []
            continue
        value = told[piece]["value"]
        numeric = piece in sentence["inputs"] and "choices" not in sentence["inputs"][piece]
        words = field_words(dataset, piece, float(value), lang) if numeric else told[piece]["text"]
        parts.append({"input" if piece in sentence["inputs"] else "name": piece, "text": words, "value": value})
    return parts


def opened(sentence: Sentence, case: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The case as the address of its calculator has it: presets, then what differs from them."""
    own = {name: case[name] for name in (*sentence.get("set", {}), *sentence["inputs"]) if name in case}

    def written(value: Any) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return trimmed(value).replace(",", "")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    presets = sentence.get("presets") or [""]  # an empty one: the calculator's own defaults
    return [("preset", name) for name in presets] + [(name, written(value)) for name, value in own.items()]

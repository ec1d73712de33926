"""Results, inputs and formulas as plain data with their words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import cost, memory, owned, speed, uncertainty
from .dataset import Dataset, Device, Model, offer_of
from .graph import Graph, Quantity, Unknown
from .scenario import Scenario
from .text import result_text, trimmed
from .words import Words

GRAPH = Graph((memory, speed, cost, owned))
Values = Mapping[str, Any]


def formulas(plan: Sequence[Quantity], values: Values, words: Words) -> list[dict[str, Any]]:
    """The trace of the graph: each quantity with its formula, the numbers it was given and what came out."""
    units = {quantity.name: quantity.unit for quantity in plan}

    def shown(name: str) -> str | None:
        value = values[name]
        value = getattr(value, "total", value)  # a month, a request: the sum of its parts
        if isinstance(value, bool | str):
            return str(value)
        if not isinstance(value, int | float):
            return None  # a model, a device, a price row: no number to show
        return words.show(float(value), units.get(name, ""), exact=name not in units)  # an input stands as given

    found = []
    for quantity in plan:
        inputs = {need: text for need in quantity.needs if (text := shown(need)) is not None}
        first = " ".join((quantity.function.__doc__ or "").split("\n\n")[0].split())
        found.append({"id": quantity.name, "formula": first, "inputs": inputs, "text": shown(quantity.name) or "-"})
    return found


def result(name: str, values: Values, given: set[str], corners: Sequence[Values], words: Words) -> dict[str, Any]:
    """{value, unit, low?, high?, reason?, text, range_text?}; `value` is null with a reason where there is none.

    A month of owned hardware also carries its parts, an NPV its quantiles and its tornado.
    """
    value = values[name]
    unit = GRAPH.quantities[name].unit if name in GRAPH.quantities else "USD"
    if isinstance(value, Unknown):
        reason = words.why(value)
        return {"value": None, "unit": unit, "reason": reason, "text": reason}
    more: dict[str, Any] = {}
    if isinstance(value, owned.Month):
        parts = {part: getattr(value, part) for part in (*owned.PARTS, "total")}
        value, more = value.total, parts
    elif isinstance(value, uncertainty.Npv):
        more = {key: getattr(value, key) for key in ("mode", "p10", "p50", "p90", "p_positive", "p_payback")}
        more["tornado"] = [{"input": bar[0], "low": bar[1], "high": bar[2]} for bar in value.tornado]
        more |= {"low": value.p10, "high": value.p90, "range_text": words.span(value.p10, value.p90, unit)}
        value = value.mode
    elif isinstance(value, list):
        return {"value": value, "unit": unit, "text": words.spans(value, unit, values["breakeven_limit_tokens"])}
    found: dict[str, Any] = {"value": rounded(value), "unit": unit, **more}
    if not isinstance(value, str) and "low" not in more:
        low, high = bounds(name, values, given, corners)
        if low is not None and high is not None:
            found["low"], found["high"] = rounded(low), rounded(high)
            if words.show(low, unit) != words.show(high, unit):
                found["range_text"] = words.span(low, high, unit)
    found["text"] = result_text(found, words.lang, words.strings, words.money)
    return found


def figure(value: Any) -> float:
    """The number of a result that has one."""
    return value.total if isinstance(value, owned.Month) else float(value)


def bounds(name: str, values: Values, given: set[str], corners: Sequence[Values]) -> tuple[float | None, float | None]:
    """Low and high of a result: the model's own interval, stretched by the ranges that the reader gave. A result that
    the reader gave has none of the model."""
    spread = None if name in given else GRAPH.quantities[name].spread
    lows, highs = [], []
    for at in (values, *corners):
        if isinstance(at[name], Unknown):
            continue
        width = at[spread] if spread else 1.0
        lows.append(figure(at[name]) / width)
        highs.append(figure(at[name]) * width)
    if (spread is None and not corners) or not lows:
        return None, None
    return min(lows), max(highs)


def rounded(value: Any) -> Any:
    """12 significant digits: what CPython and Pyodide agree on without question."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def clean(value: Any) -> Any:
    """Plain data for JSON: floats to 12 significant digits, dataclasses and tuples as objects and lists."""
    if isinstance(value, Mapping):
        return {key: clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    return rounded(value)


def shown_input(dataset: Dataset, name: str, values: Values, scenario: Scenario, words: Words) -> dict[str, Any]:
    """An input as it was used: its value, its words, and whether the reader set it."""
    value, given = values.get(name), name in scenario.given
    if name in ("model", "device"):
        chosen: Model | Device = values[name]
        entry = (dataset.models if name == "model" else dataset.devices).get(chosen.id, {})
        return {"value": chosen.id, "text": entry.get("name", chosen.id), "given": given}
    if isinstance(value, Unknown):
        return {"value": None, "text": words.why(value), "given": False}
    if value is None:
        return {"value": None, "text": words.say("none"), "given": False}
    named = {"quantization": dataset.quantizations, "edge_model": dataset.models, "edge_device": dataset.devices}
    named["edge_quantization"] = dataset.quantizations
    if name in named:
        return {"value": value, "text": named[name][value]["name"], "given": given}
    if isinstance(value, list):
        texts = [words.place(one) if name == "allowed_tiers" else spelled(one) for one in value]
        return {"value": value, "text": words.join(texts) or words.say("nothing"), "given": given}
    if isinstance(value, bool | Mapping):
        return {"value": value, "text": json.dumps(value, ensure_ascii=False), "given": given}
    if name == "api_model":
        offer = offer_of(dataset, value)
        told = dataset.models[offer["model"]]["name"] + words.say("brackets", text=offer["provider_name"])
        return {"value": value, "text": told, "given": given}
    choice = f"engine.{value}" if name == "engine" else f"choice.{name}.{value}"
    if choice in words.strings:
        return {"value": value, "text": words.say(choice), "given": given}
    text = words.show(value, str(dataset.parameters[name].get("unit", "")), exact=True)
    return {"value": rounded(value), "text": text, "given": given}


def spelled(value: Any) -> str:
    """An item of a list: text as it is, a workload as `legal (isl 6000, offline true)`."""
    if not isinstance(value, Mapping):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    told = [f"{key} {spelled(inner)}" for key, inner in value.items() if key != "id"]
    return f"{value.get('id', '')} ({', '.join(told)})"


def control(dataset: Dataset, name: str, values: Values, raw: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """What a form's control shows: {value, field, note}. `field`: to type; `note`: words in the reader's currency."""
    value = values.get(name)
    if name in ("model", "device"):
        chosen: Model | Device = values[name]
        # A server is chosen by its own id, though the engine goes on with its device.
        value = raw[name] if isinstance(raw.get(name), str) else chosen.id
        return {"value": value, "field": value, "note": ""}
    if isinstance(value, Unknown):
        return {"value": None, "field": "", "note": words.why(value)}
    if value is None:
        return {"value": None, "field": "", "note": words.say("none")}
    if isinstance(value, bool | list | Mapping):
        return {"value": value, "field": json.dumps(value, ensure_ascii=False), "note": ""}
    if isinstance(value, str):
        return {"value": value, "field": value, "note": ""}
    unit = str(dataset.parameters[name]["unit"])
    given = raw.get(name)
    # What follows from other inputs is shown to the digits that count.
    short = value if name in raw or value == int(value) else float(f"{value:.6g}")
    field = f"{trimmed(short * 100)}%" if unit == "share" else trimmed(short)
    field = given if isinstance(given, str) and given.count(":") == 2 else field  # a range stands as it was given
    note = words.show(short, unit, exact=True)
    return {"value": rounded(value), "field": field, "note": "" if note == field else note}

"""From a scenario to an answer: which results each calculator gives, their intervals, warnings and words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import ENGINE_VERSION, cost, memory, speed
from .dataset import Dataset, Device, Model
from .graph import Graph, Unknown
from .scenario import BadInput, Message, Scenario, resolve
from .text import interval, result_text, sentence, with_unit

GRAPH = Graph((memory, speed, cost))
LONGEST_RANGES = 6  # 2^n corners are computed


@dataclass(frozen=True)
class Calculator:
    """What a command computes. `inputs`: ids shown with the answer; `defaults`: what it takes beside data/."""

    results: list[str]
    inputs: list[str]
    defaults: Mapping[str, Any]


SETUP = "model device n_devices engine quantization kv_bits context_tokens batch isl osl".split()
FIT = """fit_verdict fit_ratio need_bytes capacity_bytes weights_bytes kv_bytes overhead_bytes max_batch
    decode_tokens_per_second t_prefill_ms ttft_ms""".split()
SPEED = """fit_verdict max_batch expert_coverage params_read t_prefill_ms t_step_ms ttft_ms tpot_ms
    decode_tokens_per_second tokens_per_second_user tokens_per_second_system requests_per_second_max""".split()
LOAD = """api_model requests_per_month tokens_per_month isl osl reasoning_tokens cache_hit_share cache_write_share
    batchable_share retry_share api_price_in api_price_out api_price_cache_read api_price_cache_write""".split()
CALCULATORS = {
    "fit": Calculator(results=FIT, inputs=SETUP, defaults={"batch": 1.0}),
    "speed": Calculator(results=SPEED, inputs=[*SETUP, "cache_hit_share", "slo_ttft_ms", "slo_tpot_ms"], defaults={}),
    "cost": Calculator(results=["api_month_usd", "usd_per_mtok"], inputs=LOAD, defaults={}),
}


def answer(dataset: Dataset, command: str, raw: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """One answer as plain data: inputs, results, warnings, headline, versions.

    Floats are rounded to 12 significant digits here, the one door out. Raises BadInput.
    """
    calculator = CALCULATORS[command]
    scenario = resolve(dataset, raw, calculator.defaults)
    wanted = (*calculator.results, *(i for i in calculator.inputs if i not in scenario.values))
    plan = GRAPH.plan([*wanted, "decode_interval", "prefill_interval", "serving_interval"], scenario.values)
    values = GRAPH.run(plan, scenario.values)
    corners = at_corners(scenario, plan)
    strings = dataset.strings
    results = {name: result(name, values, corners, lang, strings) for name in calculator.results}
    inputs = {name: shown_input(dataset, name, values, scenario, lang) for name in calculator.inputs}
    warnings = [
        {"id": m.message, "text": sentence(strings, m.message, lang, m.slots)} for m in warn(dataset, command, values)
    ]
    reply = {
        "inputs": inputs,
        "results": results,
        "warnings": warnings,
        "versions": {"engine": ENGINE_VERSION, "data": dataset.version},
    }
    if command == "fit":
        reply["headline"] = headline(dataset, values, inputs, results, lang)
    return reply


def at_corners(scenario: Scenario, plan: Any) -> list[dict[str, Any]]:
    """The graph's values at every corner of the ranges that the reader gave; every quantity is monotone in each input
    that has one, so their extremes are the interval's ends."""
    if len(scenario.ranges) > LONGEST_RANGES:
        raise BadInput("too-many-ranges", next(iter(scenario.ranges)), {"high": str(LONGEST_RANGES)})
    ids = list(scenario.ranges)
    if not ids:
        return []
    ends = itertools.product(*(scenario.ranges[i] for i in ids))
    return [GRAPH.run(plan, {**scenario.values, **dict(zip(ids, corner, strict=True))}) for corner in ends]


def result(
    name: str, values: Mapping[str, Any], corners: list[dict[str, Any]], lang: str, strings: Mapping[str, Any]
) -> dict[str, Any]:
    """{value, unit, low?, high?, reason?, text, range_text?}; `value` is null with a reason where there is none."""
    quantity = GRAPH.quantities[name]
    value = values[name]
    if isinstance(value, Unknown):
        reason = sentence(strings, value.message, lang, dict(value.slots))
        found: dict[str, Any] = {"value": None, "unit": quantity.unit, "reason": reason}
    else:
        found = {"value": rounded(value), "unit": quantity.unit}
        if not isinstance(value, str):
            low, high = bounds(name, values, corners)
            if low is not None and high is not None:
                found["low"], found["high"] = rounded(low), rounded(high)
                found["range_text"] = interval(low, high, quantity.unit, lang, strings)
    found["text"] = result_text(found, lang, strings)
    return found


def bounds(name: str, values: Mapping[str, Any], corners: list[dict[str, Any]]) -> tuple[float | None, float | None]:
    """Low and high of a result: the model's own interval, stretched by the ranges that the reader gave."""
    spread = GRAPH.quantities[name].spread
    lows, highs = [], []
    for at in (values, *corners):
        if isinstance(at[name], Unknown):
            continue
        width = at[spread] if spread else 1.0
        lows.append(at[name] / width)
        highs.append(at[name] * width)
    if spread is None and not corners:
        return None, None
    return min(lows), max(highs)


def rounded(value: Any) -> Any:
    """12 significant digits: what CPython and Pyodide agree on without question."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def shown_input(
    dataset: Dataset, name: str, values: Mapping[str, Any], scenario: Scenario, lang: str
) -> dict[str, Any]:
    """An input as it was used: its value, its words, and whether the reader set it."""
    value = values.get(name)
    if name in ("model", "device"):
        chosen: Model | Device = values[name]
        entry = (dataset.models if name == "model" else dataset.devices).get(chosen.id, {})
        return {"value": chosen.id, "text": entry.get("name", chosen.id), "given": name in scenario.given}
    if isinstance(value, Unknown):
        reason = sentence(dataset.strings, value.message, lang, dict(value.slots))
        return {"value": None, "text": reason, "given": False}
    if value is None:
        return {"value": None, "text": dataset.strings["none"][lang], "given": False}
    if name == "quantization":
        return {"value": value, "text": dataset.quantizations[value]["name"], "given": name in scenario.given}
    if name == "engine":
        text = dataset.strings[f"engine.{value}"][lang]
        return {"value": value, "text": text, "given": name in scenario.given}
    unit = str(dataset.parameters[name].get("unit", ""))
    text = with_unit(value, unit, lang, dataset.strings, exact=True)
    return {"value": rounded(value), "text": text, "given": name in scenario.given}


def warn(dataset: Dataset, command: str, values: Mapping[str, Any]) -> list[Message]:
    """What a reader must know to read the answer rightly."""
    if command == "cost":
        return []
    found: list[Message] = []
    model: Model = values["model"]
    context = values["context_tokens"]
    if model.context_tokens and context > model.context_tokens:
        slots = {"given": f"{int(context):,}", "high": f"{int(model.context_tokens):,}"}
        found.append(Message("warning-context-above-model", slots))
    request = values["isl"] + values["reasoning_tokens"] + values["osl"]
    if request > context:
        found.append(
            Message("warning-request-above-context", {"given": f"{int(request):,}", "high": f"{int(context):,}"})
        )
    if any(g.kind == "linear" and g.state_bytes is None for g in model.layer_groups):
        found.append(Message("warning-linear-state-unknown"))
    if values["fit_verdict"] == "no":
        found.append(Message("warning-does-not-fit"))
    if values["device"].device_class == "phone":
        entry = dataset.parameters["phone_sustained_share"]
        slots = {"low": f"{entry['low']:.0%}", "high": f"{entry['high']:.0%}"}
        found.append(Message("warning-phone-sustained", slots))
    if values["device"].device_class in ("browser", "phone", "cpu"):
        found.append(Message("warning-rough-class"))
    if isinstance(values["batch"], float) and values["batch"] > dataset.constant("many_streams_above"):
        found.append(Message("warning-many-streams"))
    return found


def headline(
    dataset: Dataset, values: Mapping[str, Any], inputs: Mapping[str, Any], results: Mapping[str, Any], lang: str
) -> str:
    """The verdict as a sentence, chosen by the state of the result."""
    slots = {name: str(inputs[name]["text"]) for name in inputs}
    slots |= {name: str(results[name]["text"]) for name in results}
    slots["speed_range"] = str(results["decode_tokens_per_second"].get("range_text", ""))
    slots["missing"] = with_unit(
        max(0.0, values["need_bytes"] - values["capacity_bytes"]), "bytes", lang, dataset.strings
    )
    slots["device"] = device_text(values["n_devices"], slots["device"])
    return sentence(dataset.strings, f"headline-{values['fit_verdict']}", lang, slots)


def device_text(count: float, name: str) -> str:
    """8 × H200 SXM; one device goes by its name."""
    return name if count == 1 else f"{math.floor(count)} × {name}"

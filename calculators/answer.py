"""From a scenario to an answer: which results each calculator gives, their intervals, warnings and words."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import ENGINE_VERSION, cost, memory, owned, speed, uncertainty
from .dataset import Dataset, Device, Model
from .graph import Graph, Quantity, Unknown
from .places import PLACE_RESULTS, place_results
from .scenario import SAME_LOAD, BadInput, Message, Scenario, resolve
from .text import Money, interval, result_text, sentence, with_unit

GRAPH = Graph((memory, speed, cost, owned))
LONGEST_RANGES = 6  # 2^n corners are computed
# What a request needs to say about itself at the user's device; nothing else of the scenario belongs there.
REQUEST = "isl osl reasoning_tokens cache_hit_share queue_ms rtt_ms".split()
# Inputs of owned hardware that nobody knows exactly: drawn where a range is known.
UNCERTAIN = """server_price_usd throughput_factor peak_to_average tariff_usd_per_kwh fte infra_share life_years
    discount_rate residual_share idle_share pue""".split()


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
HARDWARE = """server_price_usd devices_per_server life_years discount_rate residual_share server_kw pue
    tariff_usd_per_kwh fte salary_usd peak_to_average headroom spare_servers gpu_hour_usd edge_model edge_device
    api_price_decline_per_year""".split()
RULES = """data_class residency cloud_regions offline quality_benchmark quality_floor capex_cap_usd license_allowed
    allowed_tiers""".split()
MONEY = """api_month_usd usd_per_mtok owned_month_usd owned_usd_per_mtok rented_month_usd device_month_usd
    battery_share subscription_month_usd tpot_ms n_servers utilization capex_usd breakeven_tokens_per_month
    payback_month npv_usd""".split()
# What the choice of a place needs besides.
PLACES = """fit_verdict need_bytes capacity_bytes batch ttft_ms tpot_ms owned api_month_usd owned_month_usd
    rented_month_usd device_month_usd device_energy_usd fleet_month_usd fleet_needed capex_usd horizon_months""".split()
# Without an interval of their own.
NO_INTERVAL = ("breakeven_tokens_per_month", "npv_usd")
# What follows from the rate at which a replica serves: its interval becomes theirs.
FROM_RATE = "n_servers utilization capex_usd owned_month_usd owned_usd_per_mtok rented_month_usd".split()
# On the premises a large open model meets a closed one in the cloud.
PREMISES = {"model": "glm-5", "device": "h200-sxm-x8", "quantization": "fp8"}
CALCULATORS = {
    "fit": Calculator(results=FIT, inputs=SETUP, defaults={"batch": 1.0}),
    "speed": Calculator(results=SPEED, inputs=[*SETUP, "cache_hit_share", "slo_ttft_ms", "slo_tpot_ms"], defaults={}),
    "cost": Calculator(results=MONEY, inputs=[*SETUP, *LOAD, *HARDWARE], defaults=PREMISES),
    "tier": Calculator(results=MONEY[:-1], inputs=[*SETUP, *LOAD, *HARDWARE, *RULES], defaults=PREMISES),
    "portfolio": Calculator(results=[], inputs=[*SETUP, *LOAD, *HARDWARE, *RULES], defaults=PREMISES),
}


def answer(
    dataset: Dataset, command: str, raw: Mapping[str, Any], lang: str, *, explain: bool = False
) -> dict[str, Any]:
    """One answer as plain data: inputs, results, warnings, headline, versions; with `explain` also every formula.

    Floats are rounded to 12 significant digits here, the one door out. Raises BadInput.
    """
    calculator = CALCULATORS[command]
    scenario, values, plan = evaluated(dataset, raw, calculator, calculator.results)
    corners = at_corners(dataset, raw, scenario, calculator)
    strings, money = dataset.strings, Money(values["currency"], values["fx_jpy_per_usd"])
    if "npv_usd" in calculator.results:
        values["npv_usd"] = npv_of(dataset, scenario, values)
    shown = {**values, "given": scenario.given}
    rates = at_rates(dataset, raw, scenario, values, calculator)
    results = {
        name: result(name, shown, corners + (rates if name in FROM_RATE else []), lang, strings, money)
        for name in calculator.results
    }
    if "npv_usd" in results and results["npv_usd"]["value"] is not None:
        share = results["npv_usd"]["p_positive"]
        text = with_unit(share, "share", lang, strings)
        results["p_npv_positive"] = {"value": share, "unit": "share", "text": text}
    elif "npv_usd" in results:
        results["p_npv_positive"] = {**results["npv_usd"], "unit": "share"}
    if command in PLACE_RESULTS:

        def evaluate(changes: Mapping[str, Any]) -> dict[str, Any]:
            replaced = {SAME_LOAD[name] for name in SAME_LOAD if name in changes}
            kept = {name: value for name, value in raw.items() if name not in replaced}
            return evaluated(dataset, {**kept, **changes}, calculator, [])[1]

        results |= place_results(dataset, command, values, evaluate, lang, money)
    given = [name for name in raw if name not in calculator.inputs]
    inputs = {name: shown_input(dataset, name, values, scenario, lang, money) for name in [*calculator.inputs, *given]}
    warnings = [
        {"id": m.message, "text": sentence(strings, m.message, lang, m.slots)} for m in warn(dataset, command, values)
    ]
    reply = {
        "inputs": inputs,
        "results": clean(results),
        "warnings": warnings,
        "versions": {"engine": ENGINE_VERSION, "data": dataset.version},
    }
    if explain:
        reply["formulas"] = formulas(plan, values, lang, strings, money)
    if command == "fit":
        reply["headline"] = headline(dataset, values, inputs, results, lang)
    return reply


def formulas(
    plan: Any, values: Mapping[str, Any], lang: str, strings: Mapping[str, Any], money: Money
) -> list[dict[str, Any]]:
    """The trace of the graph: each quantity with its formula, the numbers it was given and what came out."""
    units = {quantity.name: quantity.unit for quantity in plan}

    def shown(name: str) -> str | None:
        value = values[name]
        if isinstance(value, owned.Month):
            value = value.total
        if isinstance(value, bool | str):
            return str(value)
        if not isinstance(value, int | float):
            return None  # a model, a device, a price row: no number to show
        exact = name not in units  # an input stands as it was given
        return with_unit(float(value), units.get(name, ""), lang, strings, exact=exact, money=money)

    found = []
    for quantity in plan:
        inputs = {need: text for need in quantity.needs if (text := shown(need)) is not None}
        first = " ".join((quantity.function.__doc__ or "").split("\n\n")[0].split())
        found.append({"id": quantity.name, "formula": first, "inputs": inputs, "text": shown(quantity.name) or "-"})
    return found


def evaluated(
    dataset: Dataset, raw: Mapping[str, Any], calculator: Calculator, results: list[str]
) -> tuple[Scenario, dict[str, Any], tuple[Quantity, ...]]:
    """A scenario, the values of these results and of all that the calculator shows, and the plan that gave them.

    Raises BadInput.
    """
    scenario = resolve(dataset, raw, calculator.defaults)
    wanted = [name for name in results if name != "npv_usd"]
    if calculator.defaults is PREMISES:
        scenario.values |= edge_side(dataset, raw, scenario)
        wanted += PLACES
    wanted += [name for name in calculator.inputs if name not in scenario.values]
    plan = GRAPH.plan([*wanted, "decode_interval", "prefill_interval", "serving_interval"], scenario.values)
    values = GRAPH.run(plan, scenario.values)
    if calculator.defaults is PREMISES:
        alone = {**scenario.values, "batch": 1.0}
        names = ["ttft_ms", "tpot_ms", "need_bytes", "fit_verdict"]
        found = GRAPH.run(GRAPH.plan(names, alone), alone)
        values |= {f"alone_{name}": found[name] for name in names}
    return scenario, values, plan


def edge_side(dataset: Dataset, raw: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    """What the user's device does with one request at a time."""
    own = {name: raw[name] for name in REQUEST if name in raw}
    own |= {"model": scenario.values["edge_model"], "device": scenario.values["edge_device"]}
    own |= {"quantization": scenario.values["edge_quantization"], "batch": 1, "n_devices": 1}
    given = resolve(dataset, own, {}).values
    names = ["need_bytes", "capacity_bytes", "fit_verdict", "t_prefill_ms", "t_step_ms", "ttft_ms", "tpot_ms"]
    found = GRAPH.run(GRAPH.plan(names, given), given)
    tokens_in = given["isl"] * (1 - given["cache_hit_share"])
    # Without a known compute rate a prompt is counted at decode speed: prefill is never slower.
    prefill = tokens_in * found["t_step_ms"] if isinstance(found["t_prefill_ms"], Unknown) else found["t_prefill_ms"]
    seconds = (prefill + (given["osl"] + given["reasoning_tokens"]) * found["t_step_ms"]) / 1e3
    return {f"edge_{name}": found[name] for name in names} | {"edge_request_seconds": seconds}


def npv_of(dataset: Dataset, scenario: Scenario, values: Mapping[str, Any]) -> uncertainty.Npv | Unknown:
    """NPV with its draws: ranges that the reader gave, else those of the defaults that were not replaced."""
    for needed in ("owned", "api_month_usd", "n_servers", "owned_month_usd"):
        if isinstance(values[needed], Unknown):
            return values[needed]  # type: ignore[no-any-return]
    ranges, modes = {}, {}
    for name in (*UNCERTAIN, uncertainty.DECLINE):
        entry = dataset.parameters[name]
        if name in scenario.ranges:
            ranges[name] = scenario.ranges[name]
        elif name not in scenario.given and entry.get("value") == values[name] and "low" in entry and "high" in entry:
            ranges[name] = (float(entry["low"]), float(entry["high"]))
        modes[name] = values[name]
    case = uncertainty.Comparison(
        values["owned"],
        values["api_month_usd"],
        values[uncertainty.DECLINE],
        values["requests_per_month"],
        int(values["horizon_months"]),
    )
    return uncertainty.npv(case, modes, ranges, int(values["samples"]), int(values["seed"]))


def clean(value: Any) -> Any:
    """Plain data for JSON: floats to 12 significant digits, dataclasses and tuples as objects and lists."""
    if isinstance(value, Mapping):
        return {key: clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    return rounded(value)


def at_corners(
    dataset: Dataset, raw: Mapping[str, Any], scenario: Scenario, calculator: Calculator
) -> list[dict[str, Any]]:
    """The values at every corner of the ranges that the reader gave; every quantity is monotone in each input that has
    one, so their extremes are the interval's ends."""
    if len(scenario.ranges) > LONGEST_RANGES:
        raise BadInput("too-many-ranges", next(iter(scenario.ranges)), {"high": str(LONGEST_RANGES)})
    ids, wanted = list(scenario.ranges), [name for name in calculator.results if name not in NO_INTERVAL]
    if not ids or not wanted:
        return []
    ends = itertools.product(*(scenario.ranges[i] for i in ids))
    given = ({**raw, **dict(zip(ids, corner, strict=True))} for corner in ends)
    return [evaluated(dataset, corner, calculator, wanted)[1] for corner in given]


def at_rates(
    dataset: Dataset, raw: Mapping[str, Any], scenario: Scenario, values: Mapping[str, Any], calculator: Calculator
) -> list[dict[str, Any]]:
    """The values at both ends of the serving rate's interval: what servers cost is no surer than what they serve."""
    rate, width = values.get("requests_per_second_max"), values.get("serving_interval")
    if calculator.defaults is not PREMISES or "requests_per_second_max" in scenario.given:
        return []
    if not isinstance(rate, float) or not isinstance(width, int | float) or rate <= 0:
        return []
    wanted = [name for name in calculator.results if name in FROM_RATE]
    given = ({**raw, "requests_per_second_max": end} for end in (rate / width, rate * width)) if wanted else ()
    return [evaluated(dataset, one, calculator, wanted)[1] for one in given]


def result(
    name: str,
    values: Mapping[str, Any],
    corners: list[dict[str, Any]],
    lang: str,
    strings: Mapping[str, Any],
    money: Money,
) -> dict[str, Any]:
    """{value, unit, low?, high?, reason?, text, range_text?}; `value` is null with a reason where there is none.

    A month of owned hardware also carries its parts, an NPV its quantiles and its tornado.
    """
    value = values[name]
    unit = GRAPH.quantities[name].unit if name in GRAPH.quantities else "USD"
    if isinstance(value, Unknown):
        reason = sentence(strings, value.message, lang, dict(value.slots))
        return {"value": None, "unit": unit, "reason": reason, "text": reason}
    more: dict[str, Any] = {}
    if isinstance(value, owned.Month):
        parts = {part: getattr(value, part) for part in ("capital", "energy", "ops", "support", "colo", "total")}
        value, more = value.total, parts
    elif isinstance(value, uncertainty.Npv):
        more = {key: getattr(value, key) for key in ("mode", "p10", "p50", "p90", "p_positive", "p_payback")}
        more["tornado"] = [{"input": bar[0], "low": bar[1], "high": bar[2]} for bar in value.tornado]
        more |= {
            "low": value.p10,
            "high": value.p90,
            "range_text": interval(value.p10, value.p90, unit, lang, strings, money),
        }
        value = value.mode
    elif isinstance(value, list):
        ends = [interval(low, high, unit, lang, strings, money) for low, high in value]
        return {"value": value, "unit": unit, "text": strings["list-separator"][lang].join(ends)}
    found: dict[str, Any] = {"value": rounded(value), "unit": unit, **more}
    if not isinstance(value, str) and "low" not in more:
        low, high = bounds(name, values, corners)
        if low is not None and high is not None:
            found["low"], found["high"] = rounded(low), rounded(high)
            found["range_text"] = interval(low, high, unit, lang, strings, money)
    found["text"] = result_text(found, lang, strings, money)
    return found


def figure(value: Any) -> float:
    """The number of a result that has one."""
    return value.total if isinstance(value, owned.Month) else float(value)


def bounds(name: str, values: Mapping[str, Any], corners: list[dict[str, Any]]) -> tuple[float | None, float | None]:
    """Low and high of a result: the model's own interval, stretched by the ranges that the reader gave. A result that
    the reader gave has none of the model."""
    spread = None if name in values["given"] else GRAPH.quantities[name].spread
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


def shown_input(
    dataset: Dataset, name: str, values: Mapping[str, Any], scenario: Scenario, lang: str, money: Money
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
    named = {"quantization": dataset.quantizations, "edge_model": dataset.models, "edge_device": dataset.devices}
    named["edge_quantization"] = dataset.quantizations
    if name in named:
        return {"value": value, "text": named[name][value]["name"], "given": name in scenario.given}
    if isinstance(value, bool | list | Mapping):
        text = json.dumps(value, ensure_ascii=False)
        return {"value": value, "text": text, "given": name in scenario.given}
    if name == "engine":
        text = dataset.strings[f"engine.{value}"][lang]
        return {"value": value, "text": text, "given": name in scenario.given}
    unit = str(dataset.parameters[name].get("unit", ""))
    text = with_unit(value, unit, lang, dataset.strings, exact=True, money=money)
    return {"value": rounded(value), "text": text, "given": name in scenario.given}


def warn(dataset: Dataset, command: str, values: Mapping[str, Any]) -> list[Message]:
    """What a reader must know to read the answer rightly."""
    if command == "portfolio":
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
    spilled = values.get("spilled_share")
    if isinstance(spilled, float) and spilled > 0:
        found.append(Message("warning-offload", {"share": f"{spilled:.0%}"}))
    elif "no" in (values["fit_verdict"], values.get("alone_fit_verdict")):
        found.append(Message("warning-does-not-fit"))
    if values["device"].device_class == "phone":
        entry = dataset.parameters["phone_sustained_share"]
        slots = {"low": f"{entry['low']:.0%}", "high": f"{entry['high']:.0%}"}
        found.append(Message("warning-phone-sustained", slots))
    if values["device"].device_class in ("browser", "phone", "cpu"):
        found.append(Message("warning-rough-class"))
    if command in ("cost", "tier") and values["slo_tpot_ms"] is None and "alone_tpot_ms" in values:
        found.append(Message("warning-no-time-limit"))
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

"""From a scenario to an answer: which results each calculator gives, intervals, warnings, sentences and charts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import ENGINE_VERSION, charts, uncertainty
from .dataset import Dataset, Model, offer_of
from .exposure import exposure_chart, exposure_chart_portfolio
from .graph import Quantity, Unknown
from .headline import Answered, device_text, said
from .memo import memo_of
from .own_device import ends_of
from .places import PLACE_RESULTS, place_results
from .results import GRAPH, clean, control, formulas, result, shown_input
from .scenario import SAME_LOAD, BadInput, Message, Scenario, resolve
from .text import Money
from .words import Words

MOST_RANGES = 6  # 2^n corners are computed
# What a request needs to say about itself at the user's device; nothing else of the scenario belongs there.
REQUEST = "isl osl reasoning_tokens cache_hit_share queue_ms rtt_ms".split()
# Inputs of owned hardware that nobody knows exactly: drawn where a range is known.
UNCERTAIN = """server_price_usd throughput_factor peak_to_average tariff_usd_per_kwh fte infra_share life_years
    discount_rate residual_share idle_share pue""".split()
Values = Mapping[str, Any]


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
FOR_PLACES = """fit_verdict need_bytes capacity_bytes batch ttft_ms tpot_ms owned api_month_usd owned_month_usd
    rented_month_usd device_month_usd device_energy_usd fleet_month_usd fleet_needed capex_usd horizon_months""".split()
# What sentences and charts need besides.
CHARTED = "api_request request_tokens".split()
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
    dataset: Dataset,
    command: str,
    raw: Mapping[str, Any],
    lang: str,
    *,
    page: bool = False,
    explain: bool = False,
    memo: bool | str = False,
    then: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One answer as plain data: inputs, results, headline, reasons, changes, warnings, versions.

    `page` adds what a page shows besides: `used` (every parameter, for the form), `charts`, `share`; `explain` every
    formula; `memo` (true, or the day as an ISO date) a memo; `then` (data version and headline result of a link) what
    has changed since. Floats are rounded to 12 significant digits here, the one door out. Raises BadInput.
    """
    calculator = CALCULATORS[command]
    scenario, values, plan = evaluated(dataset, raw, calculator, calculator.results)
    corners = at_corners(dataset, raw, scenario, calculator)
    words = Words(dataset, lang, Money(values["currency"], values["fx_jpy_per_usd"]))
    unsure: uncertainty.Uncertain | Unknown = Unknown("none")
    if calculator.defaults is PREMISES:
        unsure = uncertain(dataset, scenario, values)
    if "npv_usd" in calculator.results:
        values["npv_usd"] = unsure if isinstance(unsure, Unknown) else uncertainty.npv(unsure)
    rates = at_rates(dataset, raw, scenario, values, calculator)
    results = {
        name: result(name, values, scenario.given, corners + (rates if name in FROM_RATE else []), words)
        for name in calculator.results
    }
    if "npv_usd" in results and results["npv_usd"]["value"] is not None:
        share = results["npv_usd"]["p_positive"]
        results["p_npv_positive"] = {"value": share, "unit": "share", "text": words.show(share, "share")}
    elif "npv_usd" in results:
        results["p_npv_positive"] = {**results["npv_usd"], "unit": "share"}

    def evaluate(changes: Mapping[str, Any]) -> dict[str, Any]:
        replaced = {SAME_LOAD[name] for name in SAME_LOAD if name in changes}
        kept = {name: value for name, value in raw.items() if name not in replaced}
        wanted = calculator.results if calculator.defaults is not PREMISES else []
        return evaluated(dataset, {**kept, **changes}, calculator, wanted)[1]

    again: tuple[Quantity, ...] = ()

    def at_volume(tokens: float) -> Values:
        """The values at another volume: only what depends on it is computed anew."""
        nonlocal again
        given = {name: value for name, value in scenario.values.items() if name != "requests_per_month"}
        if not again:
            again = GRAPH.after(GRAPH.plan(FOR_PLACES, {**given, "tokens_per_month": tokens}), ["tokens_per_month"])
        return GRAPH.run(again, {**values, "tokens_per_month": tokens})

    if command in PLACE_RESULTS:
        results |= place_results(dataset, command, values, evaluate, words)
    given = [name for name in raw if name not in calculator.inputs]
    inputs = {name: shown_input(dataset, name, values, scenario, words) for name in [*calculator.inputs, *given]}
    warnings = [{"id": m.message, "text": words.say(m.message, m.slots)} for m in warn(dataset, command, values)]
    reply: dict[str, Any] = {"inputs": inputs, "results": clean(results), "warnings": warnings}
    answered = Answered(dataset, command, values, inputs, results, evaluate, at_volume, words, unsure)
    if command != "speed":
        sentences = said(answered)
        reply["headline"], reply["verdict"] = sentences.headline, sentences.verdict
        reply["reasons"], reply["changes"] = sentences.reasons, sentences.changes
    reply["versions"] = {"engine": ENGINE_VERSION, "data": dataset.version}
    if explain:
        reply["formulas"] = formulas(plan, values, words)
    if page:
        reply["used"] = {
            name: control(dataset, name, values, raw, words)
            for name, entry in dataset.parameters.items()
            if command in entry["calculators"]
        }
        reply["charts"] = clean(charts_of(answered))
        reply["share"] = share_of(answered)
    if then is not None:
        reply["then"] = then_of(answered, then)
    if memo:
        reply["memo"] = memo_of(dataset, command, reply, words, memo if isinstance(memo, str) else "")
    return reply


def charts_of(a: Answered) -> list[charts.Chart]:
    """The charts of an answer, in the order of its page."""
    words, values, results = a.words, a.values, a.results
    chosen = results.get("recommendation", {}).get("value")

    def label(name: str) -> str:
        return str(a.dataset.parameters[name]["label"][words.lang])

    found: list[charts.Chart | None] = []
    if a.command == "fit":
        device = device_text(values["n_devices"], a.inputs["device"]["text"])
        found = [
            charts.memory_stack(words, values, device),
            charts.latency_stack(words, values, None, edge=False, own=device),
        ]
    if a.command in ("cost", "tier"):
        found = [
            charts.cost_stack(words, values, chosen, program=a.command == "tier"),
            charts.break_even_lines(words, values, a.uncertain),
        ]
    if a.command == "cost" and isinstance(values["npv_usd"], uncertainty.Npv) and not isinstance(a.uncertain, Unknown):
        found.append(charts.tornado(words, values["npv_usd"], a.uncertain, label))
    if a.command == "tier":
        found.insert(0, charts.score_stack(words, results["scores"]["value"] if "scores" in results else []))
        found.append(charts.latency_stack(words, values, chosen, edge=True))
        found.append(exposure_chart(a.dataset, values, words.lang, chosen))
    if a.command == "cost":
        found.append(charts.latency_stack(words, values, chosen, edge=True))
    if a.command == "portfolio" and results["assignment"]["value"] is not None:
        # A workload with an API of its own sends its prompts there.
        own = {w["id"]: {**values, **{k: w[k] for k in ("api_model",) if k in w}} for w in values["workloads"]}
        named = [(one["id"], one["tier"], own[one["id"]]) for one in results["assignment"]["value"]]
        found = [
            charts.plan_stack(words, results["plans"]["value"]),
            exposure_chart_portfolio(a.dataset, named, words.lang),
        ]
    return [chart for chart in found if chart is not None]


# The headline result that a link carries: a word and the figure beside it.
IN_LINK = {"fit": ("fit_verdict", "need_bytes"), "cost": ("", "owned_month_usd"), "tier": ("recommendation", ""),
          "portfolio": ("", "portfolio_month_usd")}  # fmt: skip


def share_of(a: Answered) -> str:
    """The headline result in short: `on_prem~5321.4`; empty where there is none."""
    if a.command not in IN_LINK:
        return ""
    word, figure = (a.results.get(name, {}).get("value") for name in IN_LINK[a.command])
    if a.command == "tier" and word is not None:
        figure = a.results["costs"]["value"].get(word)
    return "" if word is None and figure is None else f"{word or ''}~{'' if figure is None else f'{figure:.6g}'}"


def then_of(a: Answered, then: Mapping[str, Any]) -> str | None:
    """What a link said when it was made and what holds now; None where nothing has changed or it cannot be read."""
    words, now = a.words, share_of(a)
    before, version = str(then.get("result", "")), str(then.get("data", ""))
    if before == now or a.command not in IN_LINK:
        return None

    def told(share: str) -> str | None:
        word, _, figure = share.partition("~")
        unit = "bytes" if a.command == "fit" else "USD"
        try:
            amount = words.show(float(figure), unit) if figure else ""
            name = words.say(f"{'verdict' if a.command == 'fit' else 'place'}.{word}") if word else ""
        except (ValueError, KeyError):
            return None
        return words.join([part for part in (name, amount) if part]) or None

    old, new = told(before[:60]), told(now)
    if old is None:
        return None
    return words.say("then-and-now", then=old, now=new or words.say("nothing"), version=version[:12])


def evaluated(
    dataset: Dataset, raw: Mapping[str, Any], calculator: Calculator, results: Sequence[str]
) -> tuple[Scenario, dict[str, Any], tuple[Quantity, ...]]:
    """A scenario, the values of these results and of all that the calculator shows, and the plan that gave them.

    Raises BadInput.
    """
    scenario = resolve(dataset, raw, calculator.defaults)
    wanted = [name for name in results if name != "npv_usd"]
    if calculator.defaults is PREMISES:
        scenario.values |= edge_side(dataset, raw, scenario)
        wanted += [*FOR_PLACES, *CHARTED]
    wanted += [name for name in (*calculator.inputs, "t_prefill_ms", "tpot_ms") if name not in scenario.values]
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


def uncertain(dataset: Dataset, scenario: Scenario, values: Values) -> uncertainty.Uncertain | Unknown:
    """Owning against the API, with ranges that the reader gave, else those of the defaults that were not replaced."""
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
    units = {name: str(dataset.parameters[name]["unit"]) for name in ranges}
    return uncertainty.Uncertain(case, modes, ranges, units, int(values["samples"]), int(values["seed"]))


def at_corners(
    dataset: Dataset, raw: Mapping[str, Any], scenario: Scenario, calculator: Calculator
) -> list[dict[str, Any]]:
    """The values at every corner of the ranges that the reader gave; every quantity is monotone in each input that has
    one, so their extremes are the interval's ends."""
    if len(scenario.ranges) > MOST_RANGES:
        raise BadInput("too-many-ranges", next(iter(scenario.ranges)), {"high": str(MOST_RANGES)})
    ids, wanted = list(scenario.ranges), [name for name in calculator.results if name not in NO_INTERVAL]
    own = ends_of(dataset, scenario.values)
    if not (ids or own) or not wanted:
        return []
    ends = itertools.product(*(scenario.ranges[i] for i in ids))
    given = [{**raw, **dict(zip(ids, corner, strict=True))} for corner in ends]
    return [evaluated(data, corner, calculator, wanted)[1] for data in own or [dataset] for corner in given]


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
    if command in ("cost", "tier"):
        api_model = offer_of(dataset, values["api_model"])["model"]
        ids = {"cloud": api_model, "own": model.id, "edge": values["edge_model"]}
        if len(set(ids.values())) > 1:
            names = {slot: str(dataset.models.get(i, {}).get("name", i)) for slot, i in ids.items()}
            found.append(Message("warning-different-models", names))
    if command in ("cost", "tier") and values["slo_tpot_ms"] is None and "alone_tpot_ms" in values:
        found.append(Message("warning-no-time-limit"))
    if isinstance(values["batch"], float) and values["batch"] > dataset.constant("many_streams_above"):
        found.append(Message("warning-many-streams"))
    return found

"""What must hold for every scenario, whatever its numbers are."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from calculators.answer import UNCERTAIN as ENGINE_UNCERTAIN
from calculators.load import load_dataset
from calculators.owned import Owned
from calculators.portfolio import Shared, Workload, greedy, plans
from calculators.scenario import allowed_values
from calculators.worker import reply
from tests.engine.scenarios import GROUPS, JUDGED, inline_model, layer_group, ratings
from tests.engine.test_money import WE5, WITH_GLM, WITH_OPUS

CARD = {"memory_gib": 80, "bandwidth_gbs": 3350, "device_class": "datacenter", "tflops": 989}
RANDOM = st.randoms(use_true_random=False)
# Money that a reader can set: all of it times k is all money times k.
PRICES = {
    "api_price_in": 5, "api_price_out": 25, "api_price_cache_read": 0.5, "api_price_cache_write": 6.25,
    "server_price_usd": 360_000, "salary_usd": 150_000, "tariff_usd_per_kwh": 0.1, "colo_usd_per_kw_month": 100,
    "gpu_hour_usd": 1.6, "device_price_usd": 800, "mdm_usd_per_device_month": 3, "seat_usd_per_month": 20,
    "edge_program_usd_per_month": 3000, "capex_cap_usd": 1e6,
}  # fmt: skip


OWNED = Owned(
    1, 1, 0, 3, 0.7, 8, 8, spare_servers=1, server_price_usd=360_000, infra_share=0.1, life_years=4, discount_rate=0.08,
    residual_share=0.15, server_kw=10, idle_share=0.3, pue=1.5, tariff_usd_per_kwh=0.1, fte=1, salary_usd=150_000,
    support_share=0.05, colo_usd_per_kw_month=0,
)  # fmt: skip


def always(examples: int) -> Any:
    """The same examples on every run; no clock."""
    return settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def results(command: str, scenario: Mapping[str, Any]) -> dict[str, Any]:
    answer = reply(load_dataset(), command, dict(scenario), "en")
    assert "error" not in answer, answer
    found: dict[str, Any] = answer["results"]
    return found


def value(command: str, name: str, scenario: Mapping[str, Any]) -> Any:
    return results(command, scenario)[name]["value"]


def usual(r: Random) -> dict[str, Any]:
    """A case of worked example 4 with another load, another price, other hardware."""
    found: dict[str, Any] = dict(r.choice([WITH_OPUS, WITH_GLM]))
    found["tokens_per_month"] = 10 ** r.uniform(6, 11.4)
    for name, low, high in (("peak_to_average", 1, 6), ("life_years", 0.5, 8), ("discount_rate", 0, 0.3),
                            ("residual_share", 0, 0.5), ("fte", 0, 3), ("throughput_factor", 0.2, 2),
                            ("api_price_decline_per_year", 0, 0.6), ("retry_share", 0, 0.5)):  # fmt: skip
        found[name] = round(r.uniform(low, high), 6)
    found["spare_servers"], found["devices_per_server"] = r.choice([0, 1, 3]), r.choice([1, 4, 8, 16])
    return {**found, "samples": 100}


@always(100)
@given(RANDOM, st.floats(1, 100))
def test_more_bandwidth_is_never_slower(r: Random, factor: float) -> None:
    model = r.choice(allowed_values(load_dataset(), "model"))
    case = {"model": model, "batch": r.choice([1, 16, 300]), "isl": r.choice([1, 1000, 60_000]), "device": CARD}
    faster = {**case, "device": {**CARD, "bandwidth_gbs": 3350 * factor}}
    before, after = results("speed", case), results("speed", faster)
    for name in ("t_step_ms", "ttft_ms", "tpot_ms", "t_prefill_ms"):
        if before[name]["value"] is not None:
            assert after[name]["value"] <= before[name]["value"], name
    for name in ("decode_tokens_per_second", "requests_per_second_max"):
        if before[name]["value"] is not None:
            assert after[name]["value"] >= before[name]["value"], name


@always(100)
@given(RANDOM, st.integers(1, 1_000_000), st.integers(0, 1_000_000))
def test_more_context_never_needs_less_memory(r: Random, context: int, more: int) -> None:
    model = r.choice([r.choice(allowed_values(load_dataset(), "model")), inline_model(r)])
    case = {"model": model, "batch": r.choice([1, 7])}
    assume("error" not in reply(load_dataset(), "fit", case, "en"))
    short, long = (results("fit", {**case, "context_tokens": tokens}) for tokens in (context, context + more))
    for name in ("kv_bytes", "overhead_bytes", "need_bytes", "fit_ratio"):
        assert short[name]["value"] <= long[name]["value"], name
    if short["max_batch"]["value"] is not None:
        assert short["max_batch"]["value"] >= long["max_batch"]["value"]


@always(40)
@given(RANDOM)
def test_the_layer_groups_of_every_kind_keep_a_cache(r: Random) -> None:
    for kind in GROUPS:
        group = layer_group(r)
        while group["kind"] != kind:
            group = layer_group(r)
        found = results("fit", {"model": {"total_params": 8e9, "layer_groups": [group]}, "device": CARD})
        assert found["kv_bytes"]["value"] > 0


def several(r: Random) -> list[dict[str, Any]]:
    """2 to 5 workloads with loads and places of their own."""
    found = []
    for i in range(r.randrange(2, 6)):
        places = [p for p in ("cloud", "private_cloud", "on_prem", "edge") if r.random() < 0.7] or ["cloud"]
        found.append({"id": f"w{i}", "tokens_per_month": r.choice([0, 1e8, 2e9, 7e9, 4e10]), "allowed_tiers": places})
    return found


@always(60)
@given(RANDOM)
def test_a_portfolio_never_costs_more_than_each_choosing_alone(r: Random) -> None:
    found = results("portfolio", {**usual(r), "workloads": several(r)})
    if found["assignment"]["value"] is not None:
        assert found["portfolio_month_usd"]["value"] <= found["greedy_month_usd"]["value"]
        assert found["pareto"]["value"][0]["usd"] == found["portfolio_month_usd"]["value"]


@always(60)
@given(RANDOM)
def test_permuting_workloads_changes_nothing_but_their_order(r: Random) -> None:
    case, named = usual(r), several(r)
    mixed = r.sample(named, len(named))
    one, other = (results("portfolio", {**case, "workloads": order}) for order in (named, mixed))

    def by_name(found: Mapping[str, Any], order: list[dict[str, Any]]) -> dict[str, Any]:
        if found["assignment"]["value"] is None:
            return {"reason": sorted(found["assignment"]["reason"])}
        ids = [workload["id"] for workload in order]
        plan = {entry["id"]: entry["tier"] for entry in found["assignment"]["value"]}
        kept = [{**p, "tiers": dict(zip(ids, p["tiers"], strict=True))} for p in found["pareto"]["value"]]
        money = [found[name]["value"] for name in ("portfolio_month_usd", "greedy_month_usd", "n_servers")]
        out = sorted(found["eliminated"]["value"], key=str)
        return {"plan": plan, "pareto": kept, "money": money, "eliminated": out}

    assert by_name(one, named) == by_name(other, mixed)


def test_a_tie_goes_the_same_way_in_any_order() -> None:
    """Beside c there is room for a or b in the one server, and either saves as much."""
    alike = [Workload(name, ("cloud", "on_prem"), 10_000.0, None, 0.5, 0.1, 8) for name in ("a", "b")]
    shared = Shared(dataclasses.replace(OWNED, spare_servers=0, tariff_usd_per_kwh=0), None, 0.0)
    assigned = []
    for order in itertools.permutations([*alike, Workload("c", ("on_prem",), None, None, 0.5, 0.1, 8)]):
        for plan in (plans(shared, order)[0], greedy(shared, order)):
            assert plan is not None
            assigned.append(sorted(zip([w.id for w in order], plan.places, strict=True)))
    assert dict(assigned[0]) == {"a": "cloud", "b": "on_prem", "c": "on_prem"}
    assert all(plan == assigned[0] for plan in assigned[::2]) and all(plan == assigned[1] for plan in assigned[1::2])


def test_portfolio_uses_a_given_utilization() -> None:
    loads = [{"id": "a", "tokens_per_month": 1e9, "allowed_tiers": ["on_prem"]}]
    idle, busy = (
        value("portfolio", "portfolio_month_usd", {**WITH_OPUS, "workloads": loads, "utilization": u}) for u in (0, 1)
    )
    month = value("cost", "owned_month_usd", {**WITH_OPUS, "tokens_per_month": 1e9, "utilization": 1, "samples": 100})
    assert idle < busy == month


def money(found: Any, unit: str = "") -> Iterator[tuple[str, float]]:
    """Every figure that counts in dollars, by the name of its place."""
    if isinstance(found, Mapping):
        unit = found.get("unit", unit)
        for key, inner in found.items():
            counted = "USD" if key in ("usd", "costs", "alone") else "" if key in ("p_positive", "p_payback") else unit
            yield from ((f"{key}.{name}", v) for name, v in money(inner, counted))
    elif isinstance(found, list):
        for i, inner in enumerate(found):
            yield from ((f"{i}.{name}", v) for name, v in money(inner, unit))
    elif isinstance(found, int | float) and not isinstance(found, bool) and unit.startswith("USD"):
        yield "", found


@always(25)
@given(RANDOM, st.sampled_from([0.25, 0.5, 2.0, 4.0, 8.0]))
def test_money_is_homogeneous_in_prices(r: Random, factor: float) -> None:
    """k is a power of two, so that floats scale exactly and nothing tips over."""
    case = {**usual(r), **PRICES, "seats": 7, "device_share": 0.5, "workloads": several(r), "acceptance_edge": 0.5}
    case["server_price_usd"] = {"low": 250_000, "value": 360_000, "high": 480_000}
    dear = {**case, **{name: price * factor for name, price in PRICES.items()}}
    dear["server_price_usd"] = {key: price * factor for key, price in case["server_price_usd"].items()}
    for command in ("cost", "tier", "portfolio"):
        once, times = results(command, case), results(command, dear)
        before, after = dict(money(once)), dict(money(times))
        expected = {name: pytest.approx(v * factor, rel=2e-11) for name, v in before.items()}
        assert (before or command == "portfolio") and after == expected
        for name in ("breakeven_tokens_per_month", "payback_month", "recommendation", "assignment", "n_servers"):
            assert times.get(name, {}).get("value") == once.get(name, {}).get("value"), name


@always(40)
@given(RANDOM, st.floats(1, 10_000))
def test_the_currency_changes_words_only(r: Random, rate: float) -> None:
    case = {**usual(r), **PRICES, "workloads": several(r)}
    for command in ("cost", "tier", "portfolio"):
        dollars, yen = (results(command, {**case, "fx_jpy_per_usd": rate, "currency": c}) for c in ("USD", "JPY"))
        assert without_words(dollars) == without_words(yen)
        if command != "portfolio" or dollars["assignment"]["value"]:  # without a plan there is no money in the words
            assert json.dumps(dollars) != json.dumps(yen)


WORDS = ("text", "range_text", "reason", "relaxation")  # a limit on the purchase is told in the reader's currency


def without_words(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {key: without_words(inner) for key, inner in found.items() if key not in WORDS}
    return [without_words(inner) for inner in found] if isinstance(found, list) else found


UNCERTAIN = (*ENGINE_UNCERTAIN, "api_price_decline_per_year")


@always(40)
@given(RANDOM)
def test_the_point_value_is_the_mode_and_certainty_has_no_spread(r: Random) -> None:
    case = {**usual(r), "horizon_months": r.choice([1, 36, 600])}
    certain = results("cost", case)["npv_usd"]
    assert certain["value"] == certain["mode"] == certain["p10"] == certain["p90"] and certain["tornado"] == []
    some = r.sample(UNCERTAIN, 3)
    ranges = {name: {"low": case[name] * 0.9, "value": case[name], "high": case[name] * 1.0001} for name in some}
    for name in set(some) & {"peak_to_average"}:
        ranges[name]["low"] = case[name]
    drawn = results("cost", {**case, **ranges})["npv_usd"]
    assert drawn["value"] == drawn["mode"] == certain["value"]
    assert drawn["p10"] <= drawn["p50"] <= drawn["p90"] and {bar["input"] for bar in drawn["tornado"]} == set(some)


@always(60)
@given(RANDOM)
def test_break_even_ends_where_costs_are_equal_or_capacity_steps(r: Random) -> None:
    case = {**usual(r), "breakeven_limit_tokens": 3e11}
    found = results("cost", case)["breakeven_tokens_per_month"]
    ends = sorted(end for interval in found["value"] or () for end in interval)
    assert ends == [end for interval in found["value"] or () for end in interval]

    def at(tokens: float) -> tuple[float, float]:
        here = results("cost", {**case, "tokens_per_month": tokens})
        return here["owned_month_usd"]["value"] - here["api_month_usd"]["value"], here["n_servers"]["value"]

    for end in r.sample(ends, min(4, len(ends))):
        if end in (0, 3e11):
            continue
        (before, servers), (after, more) = at(end * (1 - 1e-9)), at(end * (1 + 1e-9))
        equal = abs(before) <= 1e-6 * results("cost", {**case, "tokens_per_month": end})["api_month_usd"]["value"]
        assert equal or servers != more, (end, before, after)
    for tokens in [r.randrange(1_000_000, 300_000_000_000) for _ in range(5)]:
        inside = any(low <= tokens <= high for low, high in found["value"] or ())
        assert (at(tokens)[0] <= 0) == inside, tokens


@always(40)
@given(RANDOM, st.integers(1, 1_000_000))
def test_a_given_number_of_servers_is_used(r: Random, servers: int) -> None:
    case = {**usual(r), "n_servers": servers}
    found = results("cost", case)
    assert found["n_servers"]["value"] == servers
    assert found["capex_usd"]["value"] == pytest.approx(servers * 360_000 * 1.1, rel=1e-11)
    loads = [{"id": "a", "allowed_tiers": ["on_prem"]}]
    pooled = results("portfolio", {**case, "workloads": loads})
    if found["owned_month_usd"]["value"] is None:  # more load than they hold
        assert pooled["assignment"]["value"] is None
        return
    assert pooled["n_servers"]["value"] == servers
    assert pooled["portfolio_month_usd"]["value"] == pytest.approx(found["owned_month_usd"]["value"], rel=1e-11)


# What nothing uses, and why.
INERT = {
    "phone_sustained_share": "only its bounds in the dataset are used, in a warning's words",
}
# Where a parameter that the usual cases do not need comes to bear.
SPLIT = {"model": "qwen3-30b-a3b", "device": "rtx-4090", "n_devices": 2, "parallelism": "layer"}
MANY = {"model": "qwen3-30b-a3b", "device": "h200-sxm", "batch": 2000}
BASES: list[dict[str, Any]] = [
    {}, SPLIT, MANY, {**WE5, "samples": 100}, {"currency": "JPY", "device": "h200-sxm-x8"}, {"seats": 3},
    {"device_share": 0.5, "device_price_usd": 800}, {"batchable_share": 1}, {"parallelism": "tensor", "n_devices": 4},
    {"cloud_regions": ["EU"]}, {"acceptance_edge": 0.4, "acceptance_on_prem": 0.5, "acceptance_cloud": 0.6, **WE5},
    {"cache_write_share": 0.5}, {"cache_hit_share": 0.5}, {"isl": 9000, "batch": 10}, {"slo_tpot_ms": 50},
    {"weight_cost": 0.3, "tier_judgments": {"cloud": dict.fromkeys(JUDGED, 0.1), "edge": dict.fromkeys(JUDGED, 0.9)},
     "allowed_tiers": ["cloud", "edge"], "edge_model": "qwen3-4b"},
]  # fmt: skip


def variations(name: str) -> Iterator[Any]:
    """Values that differ from the default and from each other."""
    entry, dataset = load_dataset().parameters[name], load_dataset()
    if name in ("utilities", "tier_judgments"):
        criteria = ("cost", "quality", "control", "latency", "ops", "resilience") if name == "utilities" else JUDGED
        yield from (ratings(Random(seed), criteria) for seed in range(4))
    elif name == "workloads":
        yield from ([{"id": "other", "tokens_per_month": tokens}] for tokens in (1e9, 2e9))
    elif entry["kind"] in ("number", "integer"):
        low, high = entry.get("min", 0), entry.get("max", 1e6)
        whole = entry["kind"] == "integer"
        found = [low + (high - low) * share for share in (1e-6, 1e-3, 0.1, 0.5, 0.9)] if name != "samples" else [150]
        yield from entry.get("choices", ()) or [max(low, round(v)) if whole else v for v in found] + [high]
    elif entry["kind"] == "boolean":
        yield from (True, False)
    elif entry["kind"] == "list":
        yield from ([], entry.get("choices", ["mit"])[:1])
    else:
        known = allowed_values(dataset, name)
        yield from known[:: max(1, len(known) // 12)]


def changes_something(name: str) -> bool:
    """Whether some value of the parameter changes a result of some command in some case."""
    cases: list[dict[str, Any]] = [*BASES]
    if name.startswith("usable_share_"):
        cases = [{"device": {**CARD, "device_class": name.removeprefix("usable_share_")}}]
    for base in cases:
        case = {k: v for k, v in base.items() if k != name}
        if name == "requests_per_month":
            case.pop("tokens_per_month", None)
        for command in ("cost", "tier", "portfolio", "speed", "fit"):
            seen = {json.dumps(without_inputs(command, {"samples": 100, **case, name: v})) for v in variations(name)}
            if len(seen - {"null"}) > 1:
                return True
    return False


def without_inputs(command: str, case: dict[str, Any]) -> Any:
    return reply(load_dataset(), command, case, "en").get("results")


@pytest.mark.parametrize("name", load_dataset().parameters)
def test_every_parameter_changes_some_result_or_is_listed_as_inert(name: str) -> None:
    assert changes_something(name) == (name not in INERT), INERT.get(name, "nothing uses it")

"""WE4 and WE5 of the calculation model through the answer that readers get. Every constant is passed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from calculators.answer import answer
from calculators.load import load_dataset
from tests.engine.test_golden import H100, TOLERANCE, special_case

GLM_5 = {
    "total_params": 744e9, "active_params": 40e9, "n_experts": 256, "experts_per_token": 8, "attention_heads": 64,
    "layer_groups": [{"kind": "mla", "layers": 78, "kv_lora_rank": 512, "qk_rope_head_dim": 64, "head_dim": 256}],
}  # fmt: skip
WE4 = {
    "model": GLM_5, "device": {**H100, "memory_gib": 141, "bandwidth_gbs": 4800}, "n_devices": 8, "kv_bits": 16,
    "isl": 5000, "osl": 500, "cache_hit_share": 0.6, "slo_tpot_ms": 50, **special_case(0.78, 0.55, 50, 15, 8),
    "tokens_per_month": 10e9, "server_price_usd": 360_000, "infra_share": 0.1, "life_years": 4, "discount_rate": 0.08,
    "residual_share": 0.15, "server_kw": 10.2, "idle_share": 0.3, "pue": 1.5, "tariff_usd_per_kwh": 25 / 150, "fte": 1,
    "salary_usd": 150_000, "support_share": 0.05, "colo_usd_per_kw_month": 0, "peak_to_average": 3, "headroom": 0.7,
    "spare_servers": 1, "devices_per_server": 8, "throughput_factor": 1, "retry_share": 0, "batchable_share": 0,
    "api_price_decline_per_year": 0, "horizon_months": 36, "device_watts": 0, "mdm_usd_per_device_month": 0,
    "device_share": 0, "device_price_usd": 0,
}  # fmt: skip
OPUS = {"api_price_in": 5, "api_price_out": 25, "api_price_cache_read": 0.5, "api_price_cache_write": 6.25}
GLM_API = {"api_price_in": 1, "api_price_out": 3.2, "api_price_cache_read": 0.2, "api_price_cache_write": 1}
WITH_OPUS = {**WE4, **OPUS, "cache_write_share": 0.05}
WITH_GLM = {**WE4, **GLM_API, "cache_write_share": 0}
CRITERIA = ("cost", "quality", "control", "latency", "ops", "resilience")


def results(command: str, scenario: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer(load_dataset(), command, scenario, "en")["results"]
    return found


def near(value: float) -> Any:
    return pytest.approx(value, rel=TOLERANCE)


def test_we4_a_month_on_the_api() -> None:
    plain = {"cache_hit_share": 0, "cache_write_share": 0}
    assert results("cost", {**WITH_GLM, **plain})["api_month_usd"]["value"] == near(12_000.00)
    assert results("cost", {**WITH_OPUS, **plain})["api_month_usd"]["value"] == near(68_181.82)
    glm, opus = results("cost", WITH_GLM), results("cost", WITH_OPUS)
    assert (glm["api_month_usd"]["value"], glm["usd_per_mtok"]["value"]) == (near(7_636.36), near(0.763636))
    assert (opus["api_month_usd"]["value"], opus["usd_per_mtok"]["value"]) == (near(44_204.55), near(4.420455))
    half = results("cost", {**WITH_OPUS, "batchable_share": 1, "batch_discount": 0.5})
    assert half["api_month_usd"]["value"] == near(44_204.55 / 2)


def test_we4_a_month_of_owned_hardware() -> None:
    found = results("cost", WITH_OPUS)
    month = found["owned_month_usd"]
    parts = [month[part] for part in ("capital", "energy", "ops", "support", "colo", "total")]
    assert parts == [near(17_929.49), near(1_281.87), near(12_500), near(3_000), 0, near(34_711.35)]
    assert month["value"] == month["total"]
    assert found["n_servers"]["value"] == 2 and found["utilization"]["value"] == near(0.06296375)
    assert found["capex_usd"]["value"] == near(792_000)
    assert found["owned_usd_per_mtok"]["value"] == near(3.471135)


@pytest.mark.parametrize(("tokens", "servers", "usd"), [(20e9, 3, 45_899.13), (100e9, 7, 91_307.05)])
def test_we4_more_tokens_take_more_servers(tokens: float, servers: int, usd: float) -> None:
    found = results("cost", {**WITH_OPUS, "tokens_per_month": tokens})
    assert found["n_servers"]["value"] == servers and found["owned_month_usd"]["value"] == near(usd)


def test_we4_payback() -> None:
    assert results("cost", WITH_OPUS)["payback_month"]["value"] == 29
    never = results("cost", {**WITH_OPUS, "api_price_decline_per_year": 0.2})["payback_month"]
    assert never["value"] is None and "120" in never["reason"]


def test_we4_break_even_is_a_list_of_intervals() -> None:
    def billions(scenario: dict[str, Any]) -> list[list[float]]:
        found = results("cost", scenario)["breakeven_tokens_per_month"]["value"]
        return [[low / 1e9, high / 1e9] for low, high in found]

    assert billions(WITH_OPUS) == [[near(7.844433), near(300)]]
    expected = [
        [164.257, 166.763],
        [179.010, 185.292],
        [193.763, 203.821],
        [208.516, 222.350],
        [223.269, 300],
    ]
    assert billions(WITH_GLM) == [[near(low), near(high)] for low, high in expected]
    assert billions({**WITH_GLM, "peak_to_average": 1.2}) == [[near(46.234), near(46.323)], [near(60.987), near(300)]]
    cheap = results("cost", {**WITH_GLM, "api_price_in": 0.01, "api_price_out": 0.01, "api_price_cache_read": 0.01})
    assert cheap["breakeven_tokens_per_month"]["value"] is None and cheap["breakeven_tokens_per_month"]["reason"]


def test_we4_net_present_value_with_its_draws() -> None:
    ranges = {
        "server_price_usd": "250000:360000:480000", "throughput_factor": "0.6:1:1.2", "peak_to_average": "1.2:3:5",
        "api_price_decline_per_year": "0:0.3:0.6", "tariff_usd_per_kwh": "0.1:0.1666666666666667:0.22",
        "fte": "0.5:1:2", "samples": 20_000, "seed": 7,
    }  # fmt: skip
    found = results("cost", {**WITH_OPUS, **ranges})["npv_usd"]
    assert found["value"] == found["mode"] == near(-369_800)
    # Three standard deviations of the scatter at 20,000 draws (11, 8, 12 thousand and .005 at 2,000).
    scale = (2_000 / 20_000) ** 0.5
    for key, expected, scatter in (("p10", -768e3, 11e3), ("p50", -442e3, 8e3), ("p90", -105e3, 12e3)):
        assert found[key] == pytest.approx(expected, abs=3 * scatter * scale + 500), key
    assert found["p_positive"] == pytest.approx(0.045, abs=3 * 0.005 * scale + 0.0005)
    bars = {bar["input"]: (bar["low"], bar["high"]) for bar in found["tornado"]}
    assert bars["api_price_decline_per_year"] == (near(172_447.99), near(-757_777.47))
    assert bars["fte"] == (pytest.approx(-170e3, abs=1e3), pytest.approx(-770e3, abs=1e3))
    assert bars["server_price_usd"] == (pytest.approx(-125e3, abs=1e3), pytest.approx(-637e3, abs=1e3))
    assert [bar["input"] for bar in found["tornado"]][:3] == ["api_price_decline_per_year", "fte", "server_price_usd"]
    again = results("cost", {**WITH_OPUS, **ranges})["npv_usd"]
    assert again == found


def utilities() -> dict[str, dict[str, float]]:
    rows = {
        "cloud": (1, 1, 0.3, 0.8, 1, 0.4),
        "on_prem": (0.35, 0.9, 0.9, 1, 0.4, 0.7),
        "edge": (0.9, 0.35, 1, 0.7, 0.6, 1),
    }
    return {place: dict(zip(CRITERIA, row, strict=True)) for place, row in rows.items()}


WEIGHTS = dict(zip((f"weight_{c}" for c in CRITERIA), (0.25, 0.25, 0.2, 0.1, 0.1, 0.1), strict=True))
WE5 = {**WITH_OPUS, **WEIGHTS, "utilities": utilities(), "tokens_per_month": 7e9}


def test_we5_scores_and_flips() -> None:
    found = results("tier", WE5)
    totals = {score["tier"]: score["total"] for score in found["scores"]["value"]}
    assert totals == {"cloud": near(0.78), "on_prem": near(0.7025), "edge": near(0.7425)}
    assert found["recommendation"]["value"] == "cloud" and found["near_tie"]["value"] is False
    parts = found["scores"]["value"][0]["contributions"]
    assert parts["quality"] == near(0.25) and parts["control"] == near(0.06)
    flips = {(flip["tier"], flip["criterion"]): flip["weight"] for flip in found["flips"]["value"]}
    on_prem = {"cost": 0.148472, "control": 0.291513, "latency": 0.351351, "resilience": 0.284768}
    edge = {"quality": 0.204082, "control": 0.240678, "ops": 0.006897, "resilience": 0.152941}
    for place, expected in (("on_prem", on_prem), ("edge", edge)):
        for criterion in CRITERIA:
            weight = flips[place, criterion]
            assert weight == (pytest.approx(expected[criterion], abs=1e-6) if criterion in expected else None)
    assert sum(found["stability"]["value"].values()) == near(1)


def test_we5_hard_constraints_come_before_the_score() -> None:
    restricted = {**WE5, "data_class": "restricted", "cloud_regions": []}
    found = results("tier", restricted)
    assert found["recommendation"]["value"] == "edge"
    assert [(e["tier"], e["constraint"]) for e in found["eliminated"]["value"]] == [("cloud", "region")]
    assert all(e["reason"] and e["relaxation"] for e in found["eliminated"]["value"])
    floor = results("tier", {**restricted, "quality_floor": 0.5})
    assert floor["recommendation"]["value"] == "on_prem"
    nowhere = results("tier", {**restricted, "quality_floor": 0.95})["recommendation"]
    assert nowhere["value"] is None and nowhere["reason"]


WORKLOADS = [
    {"id": "legal", "tokens_per_month": 2e9, "allowed_tiers": ["on_prem"]},
    {"id": "support", "tokens_per_month": 7e9, "allowed_tiers": ["cloud", "on_prem"]},
    {"id": "code", "tokens_per_month": 3e9, "allowed_tiers": ["cloud", "on_prem"]},
    {"id": "field", "tokens_per_month": 0.2e9, "offline": True, "allowed_tiers": ["edge"]},
]


def test_we5_the_portfolio_shares_its_hardware() -> None:
    found = results("portfolio", {**WITH_OPUS, "workloads": WORKLOADS, "edge_program_usd_per_month": 3000})
    places = {entry["id"]: entry["tier"] for entry in found["assignment"]["value"]}
    assert places == {"legal": "on_prem", "support": "on_prem", "code": "on_prem", "field": "edge"}
    assert found["portfolio_month_usd"]["value"] == near(37_744.19) and found["n_servers"]["value"] == 2
    assert found["greedy_month_usd"]["value"] == near(81_784.54)
    forced = [{**w, "allowed_tiers": ["cloud"]} if w["id"] == "code" else w for w in WORKLOADS]
    assert results("portfolio", {**WITH_OPUS, "workloads": forced, "edge_program_usd_per_month": 3000})[
        "portfolio_month_usd"
    ]["value"] == near(50_956.30)


def test_we5_alone_each_workload_chooses_the_cloud() -> None:
    for name, cloud, own in (("support", 30_943.18, 34_662.09), ("code", 13_261.36, 34_596.41)):
        tokens = next(w["tokens_per_month"] for w in WORKLOADS if w["id"] == name)
        found = results("cost", {**WITH_OPUS, "tokens_per_month": tokens})
        assert (found["api_month_usd"]["value"], found["owned_month_usd"]["value"]) == (near(cloud), near(own))


def test_a_successful_task_costs_what_its_failures_cost() -> None:
    accepted = {"acceptance_edge": 0.5, "acceptance_on_prem": 0.8, "acceptance_cloud": 1}
    found = results("tier", {**WE5, **accepted})
    costs, requests = found["costs"]["value"], 7e9 / 5500
    edge, own, cloud = (costs[place] / requests for place in ("edge", "on_prem", "cloud"))
    assert found["success"]["value"] == near(edge + 0.5 * own + 0.5 * 0.2 * cloud)
    assert found["success"]["alone"]["on_prem"] == near(own / 0.8)


def test_currency_comes_last() -> None:
    dollars = answer(load_dataset(), "cost", WITH_OPUS, "ja")["results"]
    yen = answer(load_dataset(), "cost", {**WITH_OPUS, "currency": "JPY", "fx_jpy_per_usd": 150}, "ja")["results"]
    assert yen["api_month_usd"]["value"] == dollars["api_month_usd"]["value"]
    assert yen["api_month_usd"]["text"] == "663万円"


def test_the_plans_that_no_other_beats_rise_in_cost_and_gain_something() -> None:
    scenario = {**WITH_OPUS, "workloads": WORKLOADS[1:3], "edge_program_usd_per_month": 3000}
    kept = results("portfolio", scenario)["pareto"]["value"]
    assert [plan["usd"] for plan in kept] == sorted(plan["usd"] for plan in kept)
    for cheaper, dearer in itertools.pairwise(kept):
        gains = [dearer["control"] > cheaper["control"], (dearer["quality"] or 0) > (cheaper["quality"] or 0)]
        assert any(gains), (cheaper, dearer)


def test_a_place_of_unknown_quality_is_confirmed_not_recommended() -> None:
    found = results("tier", {"edge_model": "smollm2-135m"})
    assert found["recommendation"]["value"] != "edge"
    assert ("edge", "quality") in {(e["tier"], e["constraint"]) for e in found["needs_confirmation"]["value"]}


def test_the_gap_to_the_frontier_sets_the_floor_within_one_version() -> None:
    wide = results("tier", {"frontier_gap_tolerated": 60})
    narrow = results("tier", {"frontier_gap_tolerated": 5, "model": "minimax-m2.5"})
    assert not any(e["constraint"] == "quality" for e in wide["eliminated"]["value"])
    told = {(e["tier"], e["constraint"]) for e in narrow["eliminated"]["value"]}
    unknown = {(e["tier"], e["constraint"]) for e in narrow["needs_confirmation"]["value"]}
    assert ("on_prem", "quality") in told | unknown


# What an expert found by recomputing: each failed before it was mended.


def test_what_does_not_fit_is_ruled_out_before_costs() -> None:
    found = results("tier", {"device": "h100-sxm-x8"})
    told = {(e["tier"], e["constraint"]) for e in found["eliminated"]["value"]}
    assert {("on_prem", "fit"), ("private_cloud", "fit")} <= told
    assert found["recommendation"]["value"] not in ("on_prem", "private_cloud")
    cost = answer(load_dataset(), "cost", {"device": "h100-sxm-x8", "requests_per_second_max": 3}, "en")
    assert "warning-does-not-fit" in [warning["id"] for warning in cost["warnings"]]


def test_a_given_batch_must_meet_the_time_limits() -> None:
    found = results("tier", {"batch": 2000, "slo_tpot_ms": 50, "allowed_tiers": ["on_prem", "private_cloud"]})
    assert ("on_prem", "tpot") in {(e["tier"], e["constraint"]) for e in found["eliminated"]["value"]}


def test_more_load_than_the_given_servers_hold_has_no_price() -> None:
    found = results("cost", {"n_servers": 1, "tokens_per_month": 1e13})
    for name in ("owned_month_usd", "payback_month", "npv_usd"):
        assert found[name]["value"] is None and found[name]["reason"], name
    ends = results("cost", {**WITH_OPUS, "n_servers": 2})["breakeven_tokens_per_month"]["value"]
    assert ends[-1][1] < 300e9


def test_a_given_price_does_not_borrow_the_others_of_another_model() -> None:
    own = {"api_price_in": 0.3, "api_price_out": 1, "cache_hit_share": 0.6, "tokens_per_month": 1e9}
    with_cache = results("cost", own)["api_month_usd"]["value"]
    assert with_cache == near(results("cost", {**own, "cache_hit_share": 0})["api_month_usd"]["value"])


def test_a_fleet_too_small_for_the_load_is_ruled_out() -> None:
    found = results("tier", {"fleet_devices": 1, "offline": True})
    assert ("edge", "fleet") in {(e["tier"], e["constraint"]) for e in found["eliminated"]["value"]}


def test_workloads_share_one_fleet() -> None:
    shared = {**WITH_OPUS, "fleet_devices": 1000, "mdm_usd_per_device_month": 3, "edge_program_usd_per_month": 3000}
    two = [{"id": name, "tokens_per_month": 1e8, "allowed_tiers": ["edge"]} for name in ("one", "two")]
    assert results("portfolio", {**shared, "workloads": two})["portfolio_month_usd"]["value"] == near(6000)


def test_workloads_of_other_set_ups_take_their_own_devices() -> None:
    small = {"model": "llama-3.3-70b", "n_devices": 2, "tokens_per_month": 60e9}
    base = {"device": "h200-sxm-x8", "quantization": "fp8"}
    alone = results("cost", {**base, **small})
    plan = results("portfolio", {**base, "workloads": [{"id": "b", "allowed_tiers": ["on_prem"], **small}]})
    assert plan["portfolio_month_usd"]["value"] == near(alone["owned_month_usd"]["value"])
    assert plan["n_servers"]["value"] == alone["n_servers"]["value"]


def test_the_probability_of_a_gain_is_a_result_of_its_own() -> None:
    found = results("cost", WITH_OPUS)
    assert found["p_npv_positive"]["value"] == found["npv_usd"]["p_positive"]


def test_the_interval_of_a_speed_becomes_that_of_the_servers_it_takes() -> None:
    found = results("cost", {"tokens_per_month": 100e9})
    servers, month = found["n_servers"], found["owned_month_usd"]
    assert servers["low"] < servers["value"] < servers["high"]
    assert month["low"] < month["value"] < month["high"]
    given = results("cost", {"tokens_per_month": 100e9, "requests_per_second_max": 10})
    assert "low" not in given["n_servers"]


def test_weights_count_by_their_shares_alone() -> None:
    def told(scale: float) -> dict[str, Any]:
        found = results("tier", {**WE5, **{name: weight * scale for name, weight in WEIGHTS.items()}})
        return {name: found[name]["value" if name == "verify" else "text"] for name in ("verify", "flips", "scores")}

    assert told(0.01) == told(1) == told(100)

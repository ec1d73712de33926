"""An expert and a monkey at the engine: any scenario gives an answer or one clear sentence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calculators.load import load_dataset
from calculators.scenario import allowed_values
from calculators.tier import CRITERIA
from calculators.worker import reply
from tests.engine.scenarios import COMMANDS, JUDGED, WILD, extreme, scenario

NOT_A_NUMBER = re.compile(r"(?<![\w-])(nan|inf|infinity)(?![\w-])", re.IGNORECASE)


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and text with where it stands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from numbers(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from numbers(inner, f"{path}[{i}]")
    else:
        yield path, value


def flaws(scenario: Mapping[Any, Any], answer: Mapping[str, Any]) -> list[str]:
    """What is wrong with an answer; nothing should be."""
    text = json.dumps(answer, ensure_ascii=False)
    found = [] if text.isprintable() else ["holds what cannot be printed"]
    if "error" in answer:
        return found + flaws_of_refusal(answer)
    for path, value in numbers(answer):
        if isinstance(value, float) and not math.isfinite(value):
            found.append(f"{path} is {value}")
        own_words = "license_allowed" in scenario or not path.startswith(".results")  # the reader's, repeated
        if isinstance(value, str) and NOT_A_NUMBER.search(value) and not own_words:
            found.append(f"{path} reads {value}")
    for name, result in answer["results"].items():
        found += flaws_of_result(name, result)
    return found + [f"{name} was lost" for name in scenario if not came_back(scenario[name], answer, name)]


def flaws_of_refusal(answer: Mapping[str, Any]) -> list[str]:
    told = answer["error"]
    if set(answer) != {"error"} or set(told) != {"field", "text"} or not all(isinstance(v, str) for v in told.values()):
        return [f"not an error: {answer}"]
    text = told["text"]
    fine = 10 < len(text) < 3000 and len(text.splitlines()) == 1
    return [] if fine else [f"not a sentence: {text[:200]!r}"]


def flaws_of_result(name: str, result: Mapping[str, Any]) -> list[str]:
    if not {"value", "unit", "text"} <= set(result) or not isinstance(result["text"], str):
        return [f"{name} is not {{value, unit}}"]
    if result["value"] is None:
        return [] if result.get("reason") else [f"{name} is null without a reason"]
    money = name == "costs" or (str(result["unit"]).startswith("USD") and name != "npv_usd")
    below = [f"{name}{path} is {v}" for path, v in numbers(result) if money and isinstance(v, int | float) and v < 0]
    wrong_way = "low" in result and not result["low"] <= result["value"] <= result["high"] and name != "npv_usd"
    return below + ([f"{name}: {result['value']} is outside its interval"] if wrong_way else [])


def came_back(given: Any, answer: Mapping[str, Any], name: str) -> bool:
    """Whether an input shows what was given: a number as that number, a choice as that choice."""
    shown = answer["inputs"].get(name)
    if shown is None or not shown["given"]:
        return False
    if isinstance(given, Mapping) and set(given) == {"low", "value", "high"}:
        given = given["value"]
    if isinstance(given, str) and given.count(":") == 2 and not given.startswith("{"):
        given = given.split(":")[1]
    if isinstance(shown["value"], bool) or not isinstance(shown["value"], int | float):
        return True
    return math.isclose(float(str(given).replace(",", "")), shown["value"], rel_tol=1e-11)


def fuzz(examples: int) -> Any:
    """The same examples on every run; no clock."""
    return settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def asked(command: str, scenario: Mapping[Any, Any], lang: str = "en") -> dict[str, Any]:
    return reply(load_dataset(), command, scenario, lang, labels=True)


def checked(command: str, scenario: Mapping[Any, Any], lang: str = "en") -> None:
    found = flaws(scenario, asked(command, scenario, lang))
    assert not found, (command, found)


def survive(r: Random, command: str) -> None:
    """One sensible, one absurd and one extreme scenario."""
    dataset, lang = load_dataset(), r.choice(["en", "ja"])
    for found in (scenario(r, dataset, 0), scenario(r, dataset, 0.25), extreme(r, dataset)):
        checked(command, found, lang)


RANDOM = st.randoms(use_true_random=False)


@fuzz(1_500)
@given(RANDOM, st.sampled_from(COMMANDS))
def test_any_scenario_gives_an_answer_or_one_sentence(r: Random, command: str) -> None:
    survive(r, command)


@pytest.mark.slow
@fuzz(20_000)
@given(RANDOM, st.sampled_from(COMMANDS))
def test_any_of_very_many_scenarios_gives_an_answer_or_one_sentence(r: Random, command: str) -> None:
    survive(r, command)


@pytest.mark.parametrize("name", load_dataset().parameters)
def test_every_parameter_takes_or_refuses_every_absurd_value(name: str) -> None:
    entry = load_dataset().parameters[name]
    edges = [entry[key] for key in ("min", "max", "low", "high") if key in entry]
    command = "tier" if "tier" in entry["calculators"] else entry["calculators"][0]
    for value in [*WILD, b"bytes", object(), {1: 2}, *edges]:
        samples = {} if name == "samples" else {"samples": 100}
        if name == "samples" and value == entry["max"]:
            continue  # seconds
        checked(command, {name: value, **samples})


def test_what_is_no_scenario_is_refused() -> None:
    for nothing in (None, [], "isl=1", 3, b"", {1: 2}, {None: 1}, {"": 1}, {("a",): 1}):
        assert "error" in asked("fit", nothing)  # type: ignore[arg-type]
    for command in ("", "FIT", None, [], {}):
        assert "error" in asked(command, {})  # type: ignore[arg-type]
    assert "fr" in asked("fit", {}, "fr")["error"]["text"]


IDS = ("model", "device", "quantization", "api_model", "edge_model", "edge_device", "edge_quantization", "engine")


@pytest.mark.parametrize("name", IDS)
def test_an_unknown_id_names_the_nearest(name: str) -> None:
    for known in allowed_values(load_dataset(), name):
        wrong = known[:-1] + "~" + known[-1]
        text = asked("tier", {name: wrong})["error"]["text"]
        assert "did you mean" in text and wrong in text


def test_a_wrong_parameter_names_the_nearest() -> None:
    for name in load_dataset().parameters:
        assert f"did you mean {name}?" in asked("fit", {f"{name}~": 1})["error"]["text"]


RATED = {name: 0.5 for name in CRITERIA}
JUDGED_ALL = dict.fromkeys(JUDGED, 0.5)
HEADS = {"kind": "full", "layers": 2, "kv_heads": 2, "head_dim": 64}
EXPERTS = {"n_experts": 8, "experts_per_token": 1, "layer_groups": [HEADS], "total_params": 8e9}
CARD = {"memory_gib": 8, "bandwidth_gbs": 100, "device_class": "rtx"}


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        ({"utilities": {"cloud": {"cost": 1}}}, "utilities.cloud"),
        ({"utilities": {"cloud": {**RATED, "cost": 1.5}}}, "utilities.cloud.cost"),
        ({"utilities": {"cloud": {**RATED, "cost": None}}}, "utilities.cloud.cost"),
        ({"utilities": {"cloud": {**RATED, "price": 1}}}, "utilities.cloud"),
        ({"utilities": {"moon": RATED}}, "utilities.moon"),
        ({"utilities": {"cloud": 1}}, "utilities.cloud"),
        ({"utilities": {}}, "utilities"),
        ({"tier_judgments": {"edge": {"control": 1, "ops": 1}}}, "tier_judgments.edge"),
        ({"tier_judgments": {"edge": {**JUDGED_ALL, "ops": -0.1}}}, "tier_judgments.edge.ops"),
        ({"tier_judgments": {"edge": {**JUDGED_ALL, "ops": "high"}}}, "tier_judgments.edge.ops"),
        ({f"weight_{name}": 0 for name in CRITERIA}, "weight_cost"),
        ({"workloads": []}, "workloads"),
        ({"workloads": [{"id": str(i)} for i in range(9)]}, "workloads"),
        ({"workloads": [{"id": "a"}, {"id": "a"}]}, "workloads[1]"),
        ({"workloads": [{"isl": 1}]}, "workloads[0]"),
        ({"workloads": [None]}, "workloads[0]"),
        ({"workloads": [{"id": "a", "isl": 0}]}, "workloads[0].isl"),
        ({"workloads": [{"id": "a", "modle": 0}]}, "workloads[0].modle"),
        ({"workloads": [{"id": "a", "server_price_usd": 1}]}, "workloads[0].server_price_usd"),
        ({"workloads": [{"id": "a", "utilization": 1}]}, "workloads[0].utilization"),
        ({"isl": math.nan}, "isl"),
        ({"cloud_regions": [math.nan]}, "cloud_regions"),
        ({"bandwidth_efficiency": 1e-300}, "bandwidth_efficiency"),
        ({"bandwidth_efficiency": 0}, "bandwidth_efficiency"),
        ({"license_allowed": ["\ud800"]}, "license_allowed"),
        ({"allowed_tiers": "[" * 9_000}, "allowed_tiers"),
        ({"model": '{"a":' * 9_000}, "model"),
        ({"model": {**EXPERTS, "active_params": 1e9}}, "model.active_params"),
        ({"model": {**EXPERTS, "active_params": "9e8"}}, "model.active_params"),
        ({"model": {**EXPERTS, "active_params": 8e9, "experts_per_token": 9}}, "model.experts_per_token"),
        ({"model": {**EXPERTS, "active_params": 2e9, "embedding_params": 8e9}}, "model.embedding_params"),
        ({"model": {**EXPERTS, "active_params": 2e9, "embedding_params": -1}}, "model.embedding_params"),
        ({"model": {**EXPERTS, "active_params": 2e9, "layer_groups": [{**HEADS, "layers": 1.5}]}},
         "model.layer_groups[0].layers"),
        ({"model": {**EXPERTS, "active_params": 2e9, "layer_groups": [{**HEADS, "kind": []}]}},
         "model.layer_groups[0]"),
        ({"device": {**CARD, "device_class": []}}, "device.device_class"),
        ({"device": {**CARD, "tflops": {"bf15": 1}}}, "device.tflops.bf15"),
        ({"device": {**CARD, "usable_share": 1.1}}, "device.usable_share"),
        ({"device": {**CARD, "memory_gib": 1e20}, "slo_tpot_ms": 3e6}, "device.memory_gib"),
    ],
)  # fmt: skip
def test_a_contradiction_is_refused_at_its_place(scenario: dict[str, Any], field: str) -> None:
    command = "portfolio" if "workloads" in scenario else "tier"
    answer = asked(command, scenario)
    checked(command, scenario)
    assert answer.get("error", {}).get("field") == field


def test_a_number_that_is_none_is_told_what_numbers_there_are() -> None:
    for value in (math.nan, math.inf, "nan", "Infinity", None, True, "twelve"):
        assert "is not a number; give one from 1 to" in asked("fit", {"isl": value})["error"]["text"]


def test_numbers_of_inline_objects_may_be_text_and_round_as_on_the_pages() -> None:
    words = {"total_params": "8,030,000,000", "layer_groups": [{**HEADS, "layers": "2", "head_dim": "64"}]}
    plain = {"total_params": 8.03e9, "layer_groups": [HEADS]}
    assert asked("fit", {"model": words})["results"] == asked("fit", {"model": plain})["results"]


def test_a_workload_may_count_its_load_another_way() -> None:
    load = {"requests_per_month": 1000}
    shared = {"tokens_per_month": 1e9, "workloads": [{"id": "a", **load}]}
    alone = asked("cost", load)["results"]["api_month_usd"]["value"]
    only_cloud = {**shared, "allowed_tiers": ["cloud"]}
    assert asked("portfolio", only_cloud)["results"]["portfolio_month_usd"]["value"] == alone


def test_a_given_result_has_no_interval_of_the_model() -> None:
    given = asked("speed", {"requests_per_second_max": 3})["results"]["requests_per_second_max"]
    assert given["value"] == 3 and "low" not in given


def test_shares_that_make_up_the_whole_leave_no_money_below_zero() -> None:
    prices = {"api_price_in": 100_000, "api_price_out": 0, "api_price_cache_read": 0, "api_price_cache_write": 0}
    checked("cost", {**prices, "cache_hit_share": 0.9, "cache_write_share": 0.1})


@pytest.mark.parametrize(
    ("ranges", "name"),
    [
        ({"n_servers": "1:2:5"}, "payback_month"),
        ({"isl": "500:1000:2000", "device_watts": 1e5, "requests_per_month": 1e9}, "device_month_usd"),
        ({"usable_share_rtx": "0.5:0.6:0.7", "device": CARD}, "capacity_bytes"),
    ],
)
def test_a_range_reaches_everything_that_depends_on_it(ranges: dict[str, Any], name: str) -> None:
    command = "fit" if name == "capacity_bytes" else "cost"
    more = {"api_price_out": 100} if name == "payback_month" else {}
    found = asked(command, {**ranges, **more})["results"][name]
    assert found["low"] < found["high"], found


def test_a_range_whose_end_contradicts_is_refused() -> None:
    found = asked("cost", {"cache_hit_share": "0:0.5:0.9", "cache_write_share": 0.3})
    assert found["error"]["field"] == "cache_write_share"


def test_interest_and_life_may_be_as_short_as_you_like() -> None:
    """CRF(r, n) -> 1/n, and n months of savings are n: the closed forms lose all digits there."""
    base = {"residual_share": 0, "samples": 100}
    none = asked("cost", {**base, "discount_rate": 0})["results"]
    for rate in (1e-12, 1e-10, 1e-8):
        some = asked("cost", {**base, "discount_rate": rate})["results"]
        for name in ("owned_month_usd", "npv_usd"):
            assert some[name]["value"] == pytest.approx(none[name]["value"], rel=1e-6), (name, rate)


def test_nothing_to_serve_is_nothing_to_pay_back() -> None:
    found = asked("cost", {"tokens_per_month": 0})["results"]["payback_month"]
    assert found["value"] is None and found["reason"]


def test_a_portfolio_without_a_plan_names_who_has_no_place_and_why() -> None:
    nowhere_to_rent = {
        "device": CARD,
        "model": "qwen3-0.6b",
        "quantization": "q4-k-m",
        "requests_per_second_max": 5,
        "server_kw": 1,
        "batch": 1,
    }
    loads = [{"id": "rented", "allowed_tiers": ["private_cloud"]}, {"id": "any"}]
    found = asked("portfolio", {**nowhere_to_rent, "server_price_usd": 9000, "workloads": loads})["results"]
    assert found["assignment"]["value"] is None and found["assignment"]["reason"].endswith(": rented")
    offline = [{"id": "field", "offline": True, "allowed_tiers": ["cloud"]}]
    found = asked("portfolio", {"workloads": offline})["results"]
    assert found["assignment"]["reason"].endswith(": field")
    named = [(one["id"], one["tier"], one["constraint"]) for one in found["eliminated"]["value"]]
    assert ("field", "cloud", "offline") in named

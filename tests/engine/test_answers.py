"""Sentences, charts, memos and links: what an answer says is what its figures say."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import pytest

from calculators import owned
from calculators.answer import CALCULATORS, evaluated
from calculators.dataset import offer_of
from calculators.load import load_dataset
from calculators.text import LANGUAGES
from calculators.worker import reply

DATASET = load_dataset()
KINDS = {"scenario": ("tier", "cost"), "device": ("fit",), "portfolio": ("portfolio",)}


def asked(command: str, scenario: dict[str, Any] | None = None, lang: str = "en", **more: Any) -> dict[str, Any]:
    found = reply(DATASET, command, scenario or {}, lang, **more)
    assert "error" not in found, found
    return found


def charts(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {chart["id"]: chart for chart in answer["charts"]}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("preset", list(DATASET.presets))
def test_every_preset_has_an_answer_in_whole_sentences(preset: str, lang: str) -> None:
    for command in KINDS.get(DATASET.presets[preset]["kind"], ("tier",)):
        found = asked(command, lang=lang, presets=[preset], page=True, memo="2026-11-24")
        told = [found["headline"], *found["reasons"], *found["changes"], found["memo"]["markdown"]]
        told += [text for chart in found["charts"] for text in (chart["title"], chart["summary"])]
        for text in told:
            assert text.strip() and not re.search(r"\{|\}|nan|inf\b|None|e\+\d", text), text
        assert found["verdict"] in ("", "good", "close", "bad")


def test_the_volume_at_which_the_answer_turns_is_where_it_turns() -> None:
    found = asked("tier", presets=["support-desk"])
    assert found["results"]["recommendation"]["value"] == "cloud"
    sentence = next(s for s in found["changes"] if "above some" in s)
    turning = float(re.findall(r"some (\d+)B tokens", sentence)[0]) * 1e9
    for factor, place in ((0.8, "cloud"), (1.25, "on_prem")):
        there = asked("tier", {"tokens_per_month": turning * factor}, presets=["support-desk"])
        assert there["results"]["recommendation"]["value"] == place


SCENARIOS = [i for i, p in DATASET.presets.items() if p["kind"] == "scenario"]


def flips(preset: str) -> list[tuple[str, ...]]:
    """Name, side, digits and size of each volume at which the answer turns."""
    sentence = re.compile(r"It flips to (.+) (above|below) some ([\d.]+)([TBM]?) tokens")
    return [found.groups() for text in asked("tier", presets=[preset])["changes"] if (found := sentence.match(text))]


def test_some_answers_turn_at_another_volume() -> None:
    assert any(flips(preset) for preset in SCENARIOS)  # else the next test would compare nothing


@pytest.mark.parametrize("preset", SCENARIOS)
def test_another_volume_gives_what_a_whole_new_answer_gives(preset: str) -> None:
    for name, side, digits, size in flips(preset):
        volume = float(digits) * {"T": 1e12, "B": 1e9, "M": 1e6, "": 1}[size]
        beyond = volume * 1.2 if side == "above" else volume / 1.2
        there = asked("tier", {"tokens_per_month": beyond}, presets=[preset])["results"]["recommendation"]["value"]
        assert name == DATASET.strings[f"the.{there}"]["en"]


def test_the_reasons_are_the_figures_of_winner_and_runner_up() -> None:
    found = asked("tier", presets=["support-desk"])
    costs = found["results"]["costs"]["value"]
    assert f"${costs['cloud']:,.0f}" in found["headline"] and f"${costs['on_prem']:,.0f}" in found["headline"]
    # With control as the only criterion the reason is control, not cost.
    weights = {f"weight_{name}": 0 for name in ("cost", "quality", "latency", "ops", "resilience")}
    other = asked("tier", {**weights, "weight_control": 1}, presets=["support-desk"])
    assert other["results"]["recommendation"]["value"] == "on_prem"
    assert "control" in other["reasons"][0] and "month" not in other["reasons"][0]


def test_ratings_of_the_readers_own_are_told_as_ratings() -> None:
    own = dict.fromkeys(("quality", "control", "latency", "ops", "resilience"), 0.5)
    found = asked("tier", {"utilities": {"cloud": {**own, "cost": 0.9}, "on_prem": {**own, "cost": 0.2}}})
    assert found["reasons"][0] == "In cost it is rated 0.9, hardware of your own 0.2."


def test_a_near_tie_is_called_one_and_a_ruled_out_place_says_what_brings_it_back() -> None:
    utilities = {p: dict.fromkeys(("cost", "quality", "control", "latency", "ops", "resilience"), 0.5) for p in
                 ("cloud", "on_prem")}  # fmt: skip
    found = asked("tier", {"utilities": utilities})
    assert found["headline"].startswith("It is a near tie") and found["verdict"] == "close"
    found = asked("tier", {"offline": True, "allowed_tiers": ["cloud"]})
    assert found["verdict"] == "bad" and any("Allow a network" in text for text in found["changes"])
    found = asked("tier", {"offline": True, "allowed_tiers": ["edge", "cloud"], "fleet_devices": 1e6})
    assert "only place" in found["headline"]


def test_the_break_even_chart_draws_the_engine() -> None:
    found = asked("cost", page=True)
    chart = charts(found)["breakeven"]
    _, values, _ = evaluated(DATASET, {}, CALCULATORS["cost"], CALCULATORS["cost"].results)
    lines = {line["id"]: line for line in chart["lines"]}
    for i in range(0, len(lines["cloud"]["x"]), 7):
        requests = lines["cloud"]["x"][i] / values["request_tokens"]
        assert math.isclose(lines["cloud"]["y"][i], requests * values["api_request_usd"], rel_tol=1e-9)
        # Just before and just after another server both are right: an x has twelve digits.
        months: list[owned.Month] = [values["owned"].month_of(requests * near) for near in (1 - 1e-8, 1, 1 + 1e-8)]
        assert any(math.isclose(lines["on_prem"]["y"][i], month.total, rel_tol=1e-6) for month in months)
    band = chart["band"]
    assert all(low <= high for low, high in zip(band["low"], band["high"], strict=True))
    assert all(low > 0 for low in band["low"]) and band["high"][-1] > band["low"][-1]
    spans = found["results"]["breakeven_tokens_per_month"]["value"]
    assert math.isclose(chart["spans"][0]["low"], spans[0][0], rel_tol=1e-9)
    assert chart["marks"][0]["value"] == 1e10
    # A range of the reader's own moves the band, not the line.
    wide = charts(asked("cost", {"server_price_usd": "1:360000:3000000"}, page=True))["breakeven"]
    assert wide["band"]["high"][0] > band["high"][0] * 1.5 and wide["lines"] == chart["lines"]


@pytest.mark.parametrize("command", ["cost", "tier", "fit", "portfolio"])
def test_the_parts_of_a_bar_are_its_result(command: str) -> None:
    found = asked(command, page=True)
    totals = {
        (chart["id"], group["id"]): group["total"]
        for chart in found["charts"]
        if chart["kind"] == "stack"
        for group in chart["groups"]
    }
    results = found["results"]
    expected = {
        "cost": {("costs", "cloud"): "api_month_usd", ("costs", "on_prem"): "owned_month_usd",
                 ("costs", "private_cloud"): "rented_month_usd", ("costs", "edge"): "device_month_usd"},
        "tier": {("costs", "cloud"): "api_month_usd", ("costs", "on_prem"): "owned_month_usd"},
        "fit": {("memory", "device"): "need_bytes"},
        "portfolio": {("plans", "cheapest"): "portfolio_month_usd", ("plans", "greedy"): "greedy_month_usd"},
    }[command]  # fmt: skip
    for bar, name in expected.items():
        assert math.isclose(totals[bar], results[name]["value"], rel_tol=1e-9), (bar, name)
    if command == "tier":
        for score in results["scores"]["value"]:
            assert math.isclose(totals["scores", score["tier"]], score["total"], rel_tol=1e-9)
    for chart in found["charts"]:
        assert all(len(row) == len(chart["head"]) for row in chart["rows"]), chart["id"]


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("cache_hit_share", "40%", 0.4),
        ("cache_hit_share", "４０％", 0.4),
        ("tokens_per_month", "1.3B", 1.3e9),
        ("tokens_per_month", "13億", 1.3e9),
        ("tokens_per_month", "6,510,417", 6510417),
        ("requests_per_month", "30万", 3e5),
        ("server_price_usd", "15,000,000円", 15e6 / 150),
        ("server_price_usd", "1,500万円", 15e6 / 150),
        ("server_price_usd", "90000:100K:0.2M", 1e5),
    ],
)
def test_numbers_are_read_as_people_write_them(name: str, written: str, value: float) -> None:
    found = asked("cost", {name: written, "fx_jpy_per_usd": 150})
    assert math.isclose(found["inputs"][name]["value"], value, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("isl", "40%"),
        ("isl", "13円"),
        ("isl", "1.3億億"),
        ("isl", "1,30"),
        ("cache_hit_share", "140%"),
        ("server_price_usd", "円"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, written: str) -> None:
    assert reply(DATASET, "cost", {name: written}, "en")["error"]["field"] == name


def test_a_load_of_ones_own_replaces_that_of_the_preset() -> None:
    found = asked("cost", {"tokens_per_month": 1e9}, presets=["support-desk", "jp"])
    assert found["inputs"]["tokens_per_month"]["value"] == 1e9
    assert found["inputs"]["isl"]["value"] == 4000 and found["inputs"]["currency"]["value"] == "JPY"
    refused = reply(DATASET, "tier", {}, "en", presets=["suport-desk"])
    assert "did you mean support-desk?" in refused["error"]["text"]


@pytest.mark.parametrize("command", ["fit", "cost", "tier", "portfolio"])
def test_what_a_form_shows_gives_the_same_answer_when_it_is_sent_back(command: str) -> None:
    found = asked(command, page=True)
    used = found["used"]
    assert set(used) == {i for i, p in DATASET.parameters.items() if command in p["calculators"]}
    default = {i: p for i, p in DATASET.parameters.items() if "value" in p}
    fields = {i: u["field"] for i, u in used.items() if u["field"] and i in default and i not in ("device", "model")}
    fields.pop("tokens_per_month", None)
    again = asked(command, {**fields, **({} if command == "fit" else {"tokens_per_month": "10B"})})
    for name, result in found["results"].items():
        if isinstance(result["value"], float) and name != "p_npv_positive":  # what is given is no longer drawn
            assert math.isclose(again["results"][name]["value"], result["value"], rel_tol=1e-9), name


def test_a_link_tells_then_and_now_only_where_something_changed() -> None:
    found = asked("tier", presets=["support-desk"], page=True)
    word, figure = found["share"].split("~")
    assert word == "cloud" and math.isclose(float(figure), found["results"]["costs"]["value"]["cloud"], rel_tol=1e-5)
    same = asked("tier", presets=["support-desk"], then={"data": "0ld", "result": found["share"]})
    assert same["then"] is None
    other = asked("tier", presets=["support-desk"], then={"data": "0ld", "result": "on_prem~5000"})
    assert "on-premises (owned); $5,000" in other["then"] and "0ld" in other["then"]
    for hostile in ("<b>~x", "nowhere~1", "", "~", "cloud~nan~1", "{0}~{1}", "a" * 10_000):
        assert asked("tier", then={"data": "x", "result": hostile})["then"] is None, hostile


def test_the_memo_says_where_each_assumption_comes_from() -> None:
    found = asked("tier", {"fte": 2}, presets=["support-desk"], memo="2026-11-24")
    memo = found["memo"]["markdown"]
    assert memo.startswith("# ") and found["headline"] in memo and "November 24, 2026" in memo
    rows = {row.split("|")[1].strip(): row for row in memo.splitlines() if row.startswith("| ")}
    label = DATASET.parameters["fte"]["label"]["en"]
    assert "2 FTE" in rows[label] and "given for this case" in rows[label]
    price = DATASET.parameters["api_price_in"]["label"]["en"]
    offer = offer_of(DATASET, "glm-5.1")
    assert DATASET.origins[f"prices/{offer['model']}.{offer['provider']}"]["title"] in rows[price]
    life = DATASET.parameters["life_years"]["label"]["en"]
    assert DATASET.origins["parameters/life_years"]["source"] == "assumption" or "20" in rows[life]
    assert len(memo.split()) < 800  # a page


def test_other_models_at_other_places_are_pointed_out() -> None:
    warned = {w["id"] for w in asked("cost")["warnings"]}
    assert "warning-different-models" in warned
    same = {"model": "gpt-oss-120b", "api_model": "gpt-oss-120b", "edge_model": "gpt-oss-120b"}
    assert "warning-different-models" not in {w["id"] for w in asked("cost", same)["warnings"]}


def test_the_memo_names_the_hardware_whose_price_it_tells() -> None:
    # Each figure's title is where it stands, for several have the same source.
    named = dataclasses.replace(DATASET, origins={i: {**o, "title": f"[{i}]"} for i, o in DATASET.origins.items()})
    label = DATASET.parameters["server_price_usd"]["label"]["en"]

    def told(scenario: dict[str, Any]) -> str:
        memo = reply(named, "cost", scenario, "en", memo=True)["memo"]["markdown"]
        return next(row for row in memo.splitlines() if row.startswith(f"| {label} |"))

    for i, server in DATASET.servers.items():
        assert f"[servers/{i}]" in told({"device": i}), i
        assert f"[servers/{i}]" in told({"device": server["device"]}), i  # a card comes with the server that holds it
    whole = [i for i, d in DATASET.devices.items() if "price_usd" in d and d["device_class"] in ("unified", "apple")]
    assert "dgx-spark" in whole
    for i in whole:
        assert f"[devices/{i}]" in told({"device": i}), i
    own = {"device": "dgx-spark", "server_price_usd": DATASET.servers["h200-sxm-x8"]["price_usd"]}
    assert "given for this case" in told(own)


def test_a_place_is_ruled_out_once_in_the_reasons_of_a_cost() -> None:
    # Neither memory nor time nor context: several technical reasons against the same places.
    case = {"device": "rtx-4090", "slo_tpot_ms": 1, "slo_ttft_ms": 1, "isl": 900_000, "context_tokens": 1_000_000}
    reasons = asked("cost", case)["reasons"]
    for place in ("private_cloud", "on_prem", "edge"):
        name = DATASET.strings[f"place.{place}"]["en"]
        assert sum(reason.casefold().startswith(name.casefold()) for reason in reasons) <= 1, reasons
    assert len(reasons) > 1

"""The reader's own device in every calculator, and what a run on it says about its constants."""

from __future__ import annotations

from typing import Any

import pytest

from calculators.load import load_dataset
from calculators.worker import reply

DATA = load_dataset()
OWN: dict[str, Any] = {
    "memory_gib": 8,
    "bandwidth_gbs": {"value": 10, "low": 8, "high": 12},
    "tflops": {"value": 0.02, "low": 0.015, "high": 0.025},
    "engine": "wasm",
}
RUN = {"model": "smollm2-135m", "quantization": "q4-0", "weights_bytes": 97_000_000, "device": "this-device"}


def asked(command: str, scenario: dict[str, Any], lang: str = "en", own: Any = OWN, **more: Any) -> dict[str, Any]:
    return reply(DATA, command, {**scenario, "this_device": own}, lang, **more)


@pytest.mark.parametrize("name", ["device", "edge_device"])
@pytest.mark.parametrize("command", ["fit", "speed", "cost", "tier", "portfolio"])
def test_every_calculator_takes_this_device(command: str, name: str) -> None:
    found = asked(command, {name: "this-device"}, page=True)
    assert "error" not in found, found
    if name in found["inputs"]:
        assert (found["inputs"][name]["value"], found["inputs"][name]["text"]) == ("this-device", "this device")


def test_a_device_that_was_not_measured_is_told_so() -> None:
    found = reply(DATA, "fit", {"device": "this-device"}, "en")
    assert found["error"]["field"] == "device"
    assert "has not been measured in this browser" in found["error"]["text"]


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ([], "this_device"),
        ("{", "this_device"),
        ({}, "this_device.memory_gib"),
        ({**OWN, "bandwidth_gbs": -1}, "this_device.bandwidth_gbs"),
        ({**OWN, "tflops": {"value": 3, "low": 4, "high": 5}}, "this_device.tflops"),
        ({**OWN, "memory_gib": "much"}, "this_device.memory_gib"),
        ({**OWN, "engine": "cuda"}, "this_device.engine"),
        ({**OWN, "serial": 1}, "this_device.serial"),
    ],
)
def test_a_bad_device_is_refused_in_one_sentence(own: Any, field: str) -> None:
    error = asked("fit", {"device": "this-device"}, own=own)["error"]
    assert error["field"] == field
    assert "\n" not in error["text"]


def test_the_ends_of_a_measurement_widen_the_interval() -> None:
    scenario = {"device": "this-device", "model": "qwen3-0.6b"}
    exact = {name: value["value"] if isinstance(value, dict) else value for name, value in OWN.items()}
    wide, narrow = (asked("fit", scenario, own=own)["results"]["decode_tokens_per_second"] for own in (OWN, exact))
    assert wide["value"] == narrow["value"]
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


@pytest.mark.parametrize("tokens_per_second", [3.0, 12.0, 60.0])
@pytest.mark.parametrize("ttft_ms", [900.0, 4000.0])
@pytest.mark.parametrize("tflops", [0.005, 0.05, 5.0])  # arithmetic limits decoding, or reading does
def test_recalibrated_constants_predict_the_run(tokens_per_second: float, ttft_ms: float, tflops: float) -> None:
    own = {**OWN, "bandwidth_gbs": 10, "tflops": tflops}
    scenario = {**RUN, "isl": 120, "osl": 80}
    measured = {"ttft_ms": ttft_ms, "decode_tokens_per_second": tokens_per_second}
    found = asked("own-run", scenario, own=own, measured=measured)
    for name, value in measured.items():
        assert found["measured"][name]["error"] == pytest.approx(found["results"][name]["value"] / value - 1)
    new = {name: one["value"] for name, one in found["recalibrated"].items() if one["value"]}
    again = asked("own-run", scenario, own={**own, **new})["results"]
    assert again["decode_tokens_per_second"]["value"] == pytest.approx(tokens_per_second)
    if "compute_efficiency" in new:
        assert again["ttft_ms"]["value"] == pytest.approx(ttft_ms)


def test_a_run_faster_than_the_fixed_times_changes_nothing() -> None:
    found = asked("own-run", {**RUN, "isl": 10, "osl": 10}, measured={"ttft_ms": 1, "decode_tokens_per_second": 1e6})
    assert all(one["value"] is None and one["reason"] for one in found["recalibrated"].values())


def test_a_conversation_is_priced_by_its_tokens_and_seconds() -> None:
    talk = {"tokens_in": 900, "tokens_out": 300, "seconds": 36, "watts": {"value": 20, "low": 5, "high": 60}}
    results = asked("conversation", talk)["results"]
    month = {"requests_per_month": 1000, "isl": 900, "osl": 300}
    assert results["api_usd"]["value"] == asked("cost", month)["results"]["api_month_usd"]["value"]
    assert [results["energy_wh"][end] for end in ("low", "value", "high")] == [50, 200, 600]
    per_mtok = asked("cost", {})["results"]["owned_usd_per_mtok"]["value"]
    assert results["owned_usd"]["value"] == pytest.approx(1.2 * per_mtok)

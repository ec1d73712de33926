"""Weights that spill out of the device's memory, and speculative decoding."""

from __future__ import annotations

from typing import Any

import pytest

from calculators.answer import answer
from calculators.load import load_dataset
from tests.engine.test_golden import LLAMA_70B, RTX_4090

SCENARIO = {"model": LLAMA_70B, "device": RTX_4090, "bits_per_weight": 4.85, "batch": 1, "isl": 512, "osl": 256}


def found(**more: Any) -> dict[str, Any]:
    return answer(load_dataset(), "fit", {**SCENARIO, **more}, "en")


def test_spilled_weights_are_read_over_the_slower_path() -> None:
    inside, spilled = found(), found(offload_bandwidth_gbs=25)
    need, capacity = (inside["results"][name]["value"] for name in ("need_bytes", "capacity_bytes"))
    assert need > capacity and inside["warnings"][0]["id"] == "warning-does-not-fit"
    fast = 1e3 / inside["results"]["decode_tokens_per_second"]["value"]
    slow = 1e3 / spilled["results"]["decode_tokens_per_second"]["value"]
    weights = inside["results"]["weights_bytes"]["value"]
    share = (need - capacity) / weights
    # Seconds that the spilled part takes over the bus, less those that it no longer takes in the device's memory.
    assert slow - fast == pytest.approx(share * weights / 25e9 * 1e3, rel=0.05)
    assert "warning-offload" in [warning["id"] for warning in spilled["warnings"]]
    speed = spilled["results"]["decode_tokens_per_second"]
    assert speed["high"] / speed["value"] == pytest.approx(3)


def test_what_fits_is_not_slowed_by_a_path_that_nothing_takes() -> None:
    small = {**LLAMA_70B, "total_params": 7e9}
    plain, offered = found(model=small)["results"], found(model=small, offload_bandwidth_gbs=25)["results"]
    assert offered == plain


def test_speculative_decoding_is_off_unless_given() -> None:
    plain = found()["results"]["decode_tokens_per_second"]["value"]
    drafted = found(speculative_accepted=2, speculative_draft_cost=0.2)["results"]["decode_tokens_per_second"]["value"]
    assert drafted / plain == pytest.approx(3 / 1.2)

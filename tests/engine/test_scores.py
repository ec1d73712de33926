"""Intervals of scores and their comparison."""

from __future__ import annotations

import pytest

from calculators.scores import Incomparable, difference, score_from, wilson

FILE = {"unit": "%", "interval": "binomial", "n": {"value": 500}}


def score(value: float, harness: str = "openhands", file: str = "swe-bench-verified", **row: object) -> object:
    return score_from(file, FILE, {"model": "m", "harness": harness, "run_by": "X", "value": value, **row})


def test_wilson_gives_the_textbook_interval() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263 -> 0.2553 to 0.3662.
    low, high = wilson(81 / 263, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_the_ends_stay_inside_zero_to_one() -> None:
    assert wilson(0, 20)[0] == 0 and wilson(1, 20)[1] == 1
    with pytest.raises(ValueError, match="at least 1"):
        wilson(0.5, 0)


def test_an_interval_follows_from_n_and_a_published_one_wins() -> None:
    computed = score(77.8)
    assert computed.method == "binomial" and computed.low < 77.8 < computed.high
    published = score(77.8, low=76.0, high=79.0)
    assert (published.method, published.low, published.high) == ("published", 76.0, 79.0)


def test_without_n_there_is_no_interval() -> None:
    row = {"model": "m", "harness": "h", "run_by": "X", "value": 50}
    alone = score_from("index-v1", {"unit": "points", "interval": "none"}, row)
    assert (alone.low, alone.high, alone.method) == (None, None, None)
    assert difference(alone, alone) == (0, None, None)


def test_a_difference_carries_its_interval() -> None:
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10: 56/70 - 48/80 -> 0.0524 to 0.3339.
    one = score_from("b", {**FILE, "n": {"value": 70}}, {"model": "a", "harness": "h", "run_by": "X", "value": 80.0})
    two = score_from("b", {**FILE, "n": {"value": 80}}, {"model": "b", "harness": "h", "run_by": "X", "value": 60.0})
    gap, low, high = difference(one, two)
    assert (round(gap, 4), round(low, 2), round(high, 2)) == (20.0, 5.24, 33.39)


@pytest.mark.parametrize("other", [{"harness": "mini-swe-agent"}, {"file": "swe-bench-pro"}])
def test_other_harnesses_and_versions_do_not_mix(other: dict[str, str]) -> None:
    with pytest.raises(Incomparable, match="do not compare"):
        difference(score(80), score(78, **other))


def test_two_labs_own_harnesses_differ_unless_the_text_says_so() -> None:
    one, two = score(80, "vendor", run_by="Anthropic"), score(78, "vendor", run_by="Z.ai")
    with pytest.raises(Incomparable, match="vendor"):
        difference(one, two)
    assert difference(one, two, across_harnesses=True)[0] == 2

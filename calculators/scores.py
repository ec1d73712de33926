"""Benchmark scores: intervals that follow from the number of tasks, and comparisons that refuse to mix set-ups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Two-sided 95 % of the normal distribution.
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Score:
    """One row of one benchmark version. `value`, `low`, `high` in the file's unit; low and high None if unknown."""

    benchmark: str  # id of the file: benchmark and version
    unit: str
    model: str
    harness: str  # a lab's own harness is told by its name: "vendor (Z.ai)"
    value: float
    n: int | None
    low: float | None
    high: float | None
    method: str | None  # where the interval is from: binomial | published


class Incomparable(ValueError):
    """Two scores of different benchmark versions or harnesses; str() says which."""


def wilson(share: float, n: int, z: float = Z_95) -> tuple[float, float]:
    """Interval of a share of `n` right-or-wrong tasks (Wilson 1927). Shares in 0..1. Raises ValueError for n < 1."""
    if n < 1:
        raise ValueError(f"n: {n} is not allowed; allowed: at least 1")
    center = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, center - half), min(1.0, center + half)


def score_from(benchmark: str, file: Mapping[str, Any], row: Mapping[str, Any], margin: float | None = None) -> Score:
    """A row of `data/scores/<benchmark>.yml` with its interval: the published one, else from n.

    `margin`: half-width that the publisher states for all scores; half a unit of a printed score's last digit is added.
    """
    n = row.get("n") or (file["n"]["value"] if "n" in file else None)
    low, high = row.get("low"), row.get("high")
    method = "published" if low is not None and high is not None else None
    if method is None and file["interval"] == "binomial" and n:
        low, high = (100 * end for end in wilson(row["value"] / 100, n))
        method = "binomial"
    if method is None and margin is not None:
        half = margin + 0.5 * 10.0 ** -len(str(row["value"]).partition(".")[2].rstrip("0"))
        low, high, method = row["value"] - half, row["value"] + half, "published"
    harness = f"vendor ({row['run_by']})" if row["harness"] == "vendor" else row["harness"]
    return Score(benchmark, file["unit"], row["model"], harness, float(row["value"]), n, low, high, method)


def difference(one: Score, other: Score, *, across_harnesses: bool = False) -> tuple[float, float | None, float | None]:
    """one - other with its 95 % interval (Newcombe's hybrid of the two intervals; None where either has none).

    The interval takes the two as independent. On the same tasks they are not, so it is wider than a paired test's.
    `across_harnesses`: the caller says in words that the set-ups differ. Raises Incomparable for another benchmark
    version, or for another harness unless that is said.
    """
    for name in ("benchmark",) if across_harnesses else ("benchmark", "harness"):
        here, there = getattr(one, name), getattr(other, name)
        if here != there:
            raise Incomparable(f"{name}: {here} and {there} do not compare; allowed: rows of one {name}")
    gap = one.value - other.value
    if None in (one.low, one.high, other.low, other.high):
        return gap, None, None
    assert one.low is not None and one.high is not None and other.low is not None and other.high is not None
    low = gap - math.hypot(one.value - one.low, other.high - other.value)
    high = gap + math.hypot(one.high - one.value, other.value - other.low)
    return gap, low, high

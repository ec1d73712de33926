"""Which tier suits a workload: hard constraints, a score that shows its parts, and how firm the answer is. Model 2d.

Places are `cloud` (1), `private_cloud` (2, rented), `on_prem` (2, owned) and `edge` (3). Pure: values in, values out.
"""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

PLACES = ("cloud", "private_cloud", "on_prem", "edge")
TIER_2 = ("private_cloud", "on_prem")
CRITERIA = ("cost", "quality", "control", "latency", "ops", "resilience")
Utilities = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Check:
    """One hard constraint on one place. `state`: pass | fail | unknown; `reason`, `relaxation`: message ids."""

    tier: str
    name: str
    state: str
    reason: str = ""
    relaxation: str = ""
    slots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Score:
    """S = sum of contributions w_i u_i; weights are scaled to sum 1."""

    tier: str
    total: float
    contributions: Mapping[str, float]


@dataclass(frozen=True)
class Flip:
    """At this weight of a criterion (the others rescaled) the winner and `tier` are level; None: no weight does it."""

    criterion: str
    tier: str
    weight: float | None


def eliminated(checks: Sequence[Check]) -> set[str]:
    return {check.tier for check in checks if check.state == "fail"}


def scaled(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights that sum to 1. Raises ValueError if none is positive."""
    total = math.fsum(weights.values())
    if total <= 0:
        raise ValueError("all weights are 0")
    return {name: weight / total for name, weight in weights.items()}


def rank(utilities: Utilities, weights: Mapping[str, float]) -> list[Score]:
    """Scores, best first; equal ones in the order of PLACES."""
    shares = scaled(weights)
    scores = []
    for tier in (place for place in PLACES if place in utilities):
        parts = {name: shares[name] * utilities[tier][name] for name in shares}
        scores.append(Score(tier, math.fsum(parts.values()), parts))
    return sorted(scores, key=lambda score: -score.total)


def flips(utilities: Utilities, weights: Mapping[str, float]) -> list[Flip]:
    """For each rival of the winner and each criterion the weight that makes them level.

    R = (D - w_j d_j)/(1 - w_j), w* = R/(R - d_j) with D = S_A - S_B and d_j = u_Aj - u_Bj; only 0 <= w* <= 1 counts.
    """
    shares, ranked = scaled(weights), rank(utilities, weights)
    found = []
    for rival in ranked[1:]:
        gap = ranked[0].total - rival.total
        for name, share in shares.items():
            apart = utilities[ranked[0].tier][name] - utilities[rival.tier][name]
            found.append(Flip(name, rival.tier, flip_weight(gap, share, apart)))
    return found


def flip_weight(gap: float, share: float, apart: float) -> float | None:
    if apart == 0 or share >= 1:
        return None
    rest = (gap - share * apart) / (1 - share)
    if rest == apart:
        return None
    weight = rest / (rest - apart)
    return weight if 0 <= weight <= 1 else None


@lru_cache(maxsize=1)  # a slider asks again and again with the same draws
def weightings(criteria: int, samples: int, seed: int) -> tuple[list[float], ...]:
    """Weights of that many criteria, uniform on the simplex (Dirichlet, all alpha 1)."""
    generator, found = random.Random(seed), []
    for _ in range(samples):
        ends = [0.0, *sorted(generator.random() for _ in range(criteria - 1)), 1.0]
        found.append([high - low for low, high in itertools.pairwise(ends)])
    return tuple(found)


def stability(utilities: Utilities, criteria: Sequence[str], samples: int, seed: int) -> dict[str, float]:
    """Share of random weightings that each place wins: weights uniform on the simplex (Dirichlet, all alpha 1).

    They are the gaps between sorted uniform numbers, which needs no logarithm, so all machines agree.
    """
    wins = dict.fromkeys((place for place in PLACES if place in utilities), 0)
    rows = {tier: [utilities[tier][criterion] for criterion in criteria] for tier in wins}
    for drawn in weightings(len(criteria), samples, seed):
        totals = {tier: math.fsum(map(operator.mul, drawn, row)) for tier, row in rows.items()}
        wins[max(totals, key=totals.__getitem__)] += 1
    return {tier: count / samples for tier, count in wins.items()}


def cost_utility(costs: Mapping[str, float]) -> dict[str, float]:
    """u = c_min/c; what costs nothing is best."""
    least = min(costs.values())
    return {tier: 1.0 if cost <= 0 else least / cost for tier, cost in costs.items()}


def latency_utility(limit: float, estimates: Mapping[str, float]) -> dict[str, float]:
    """u = min(1, SLO/estimate)."""
    return {tier: 1.0 if ms <= 0 else min(1.0, limit / ms) for tier, ms in estimates.items()}


def quality_utility(floor: float, qualities: Mapping[str, float]) -> dict[str, float]:
    """u = (q - floor)/(q_best - floor) between 0 and 1; where none is above the floor, all are level."""
    best = max(qualities.values())
    if best <= floor:
        return dict.fromkeys(qualities, 1.0)
    return {tier: min(1.0, max(0.0, (q - floor) / (best - floor))) for tier, q in qualities.items()}


def success_cost(stages: Sequence[tuple[float, float]]) -> float | None:
    """Cost of one successful task when a task goes from place to place until it is accepted.

    `stages`: (cost of a try, share accepted) in order, edge first. None if nothing is ever accepted.
    """
    reach, spent, solved = 1.0, 0.0, 0.0
    for cost, accepted in stages:
        spent += reach * cost
        solved += reach * accepted
        reach *= 1 - accepted
    return spent / solved if solved > 0 else None

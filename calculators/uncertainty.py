"""Random draws of the inputs that nobody knows exactly, and what each of them alone does to the result.

Triangular between low, mode and high, independent, from `random.Random`: the same numbers in CPython and Pyodide.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from .owned import Owned

# The case is a mapping id -> value; these belong to the API's price, the others to `Owned`.
DECLINE = "api_price_decline_per_year"
Range = tuple[float, float]  # low, high


@dataclass(frozen=True)
class Npv:
    """Net present value of owning, USD. `p_positive`: share of draws above 0; `p_payback`: that pay back in time."""

    mode: float
    p10: float
    p50: float
    p90: float
    p_positive: float
    p_payback: float
    tornado: tuple[tuple[str, float, float], ...]  # id, value at low, value at high; widest first


@dataclass
class Comparison:
    """Owning against an API: the money of one scenario."""

    owned: Owned
    api_month_usd: float
    decline: float
    requests_per_month: float
    months: int

    def changed(self, values: Mapping[str, float]) -> Comparison:
        """The same with some inputs replaced; N follows."""
        own = {name: value for name, value in values.items() if name != DECLINE}
        return Comparison(
            Owned(**{**self.own, **own}) if own else self.owned,
            self.api_month_usd,
            values.get(DECLINE, self.decline),
            self.requests_per_month,
            self.months,
        )

    @cached_property
    def own(self) -> dict[str, Any]:
        """The inputs of `owned` by name."""
        return {field.name: getattr(self.owned, field.name) for field in dataclasses.fields(self.owned)}

    def worth(self) -> tuple[float, bool]:
        """NPV, and whether owning pays back in time."""
        return self.owned.worth(self.api_month_usd, self.decline, self.requests_per_month, self.months)


@dataclass(frozen=True)
class Uncertain:
    """A comparison with what nobody knows exactly about it: likely values, ranges and units by id."""

    case: Comparison
    modes: Mapping[str, float]
    ranges: Mapping[str, Range]
    units: Mapping[str, str]
    samples: int
    seed: int

    def __hash__(self) -> int:
        return hash((self.samples, self.seed, *self.modes.values()))

    def draws(self) -> Iterator[dict[str, float]]:
        """`samples` draws of the ranged inputs."""
        generator = random.Random(self.seed)
        ranges = [(name, low, self.modes[name], high) for name, (low, high) in self.ranges.items()]
        for _ in range(self.samples):
            yield {name: triangular(generator.random(), low, mode, high) for name, low, mode, high in ranges}


def triangular(uniform: float, low: float, mode: float, high: float) -> float:
    """The quantile of a triangular distribution: square roots only, so that all machines agree."""
    if high <= low:
        return mode
    turn = (mode - low) / (high - low)
    if uniform < turn:
        return float(low + ((high - low) * (mode - low) * uniform) ** 0.5)
    return float(high - ((high - low) * (high - mode) * (1 - uniform)) ** 0.5)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between the two nearest of the ordered values."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def band(case: Comparison, drawn: Sequence[Mapping[str, float]], requests: Sequence[float]) -> list[Range]:
    """P10 and P90 of a month of owned hardware over the draws, at each number of requests per month."""
    owned = [case.changed(draw).owned for draw in drawn]
    found = []
    for load in requests:
        months = sorted(one.month_of(load).total for one in owned)
        found.append((quantile(months, 0.1), quantile(months, 0.9)))
    return found


@lru_cache(maxsize=128)  # both languages, pages and prose ask for the same draws
def npv(uncertain: Uncertain) -> Npv:
    """NPV at the likely values, its quantiles over the draws, and the tornado."""
    case, values, positive, paid = uncertain.case, [], 0, 0
    for draw in uncertain.draws():
        value, pays_back = case.changed(draw).worth()
        values.append(value)
        positive += value > 0
        paid += pays_back
    values.sort()
    bars = [
        (name, case.changed({name: low}).worth()[0], case.changed({name: high}).worth()[0])
        for name, (low, high) in uncertain.ranges.items()
    ]
    bars.sort(key=lambda bar: (-abs(bar[2] - bar[1]), bar[0]))
    return Npv(
        mode=case.worth()[0],
        p10=quantile(values, 0.1),
        p50=quantile(values, 0.5),
        p90=quantile(values, 0.9),
        p_positive=positive / len(values),
        p_payback=paid / len(values),
        tornado=tuple(bars),
    )

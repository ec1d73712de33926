"""Random draws of the inputs that nobody knows exactly, and what each of them alone does to the result.

Triangular between low, mode and high, independent, from `random.Random`: the same numbers in CPython and Pyodide.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
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
        return dataclasses.replace(
            self,
            owned=dataclasses.replace(self.owned, **own) if own else self.owned,
            decline=values.get(DECLINE, self.decline),
        )

    def value(self) -> float:
        return self.owned.npv(self.api_month_usd, self.decline, self.requests_per_month, self.months)

    def pays_back(self) -> bool:
        found = self.owned.payback(self.api_month_usd, self.decline, self.requests_per_month, self.months)
        return found is not None


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


def npv(case: Comparison, modes: Mapping[str, float], ranges: Mapping[str, Range], samples: int, seed: int) -> Npv:
    """NPV at the mode, its quantiles over `samples` draws, and the tornado. `modes`: values of the ranged inputs."""
    generator = random.Random(seed)
    values, positive, paid = [], 0, 0
    for _ in range(samples):
        draw = {name: triangular(generator.random(), low, modes[name], high) for name, (low, high) in ranges.items()}
        drawn = case.changed(draw)
        value = drawn.value()
        values.append(value)
        positive += value > 0
        paid += drawn.pays_back()
    values.sort()
    bars = [
        (name, case.changed({name: low}).value(), case.changed({name: high}).value())
        for name, (low, high) in ranges.items()
    ]
    bars.sort(key=lambda bar: (-abs(bar[2] - bar[1]), bar[0]))
    return Npv(
        mode=case.value(),
        p10=quantile(values, 0.1),
        p50=quantile(values, 0.5),
        p90=quantile(values, 0.9),
        p_positive=positive / samples,
        p_payback=paid / samples,
        tornado=tuple(bars),
    )

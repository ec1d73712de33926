"""Axes of the figures of the book: their ends, and ticks in words. What has room is decided where it is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from calculators.evidence import Quantity
from calculators.text import day, prose, with_unit

# Room beyond the outermost marks: a share of the axis, on a log axis a factor.
ROOM = 0.06
LOG_ROOM = 1.25
DAYS_PER_MONTH = 30.4
MOST_MONTH_TICKS = 8
UNITS_ON_TICKS = ("parameters", "tokens", "bytes", "share", "USD", "USD/Mtok")


def position(quantity: Quantity) -> float:
    """Where a quantity stands on an axis: a number, or the day of a date (the first one of a month)."""
    if isinstance(quantity.value, str):
        whole = quantity.value if len(quantity.value) > len("2026-01") else f"{quantity.value}-01"
        return float(date.fromisoformat(whole).toordinal())
    return quantity.figure


def axis(
    given: Mapping[str, Any],
    quantities: Sequence[Quantity],
    lang: str,
    units: Mapping[str, Mapping[str, str]],
    *,
    chart: str,
) -> dict[str, Any]:
    """An axis as the drawing needs it (docs/_theme/modules/answer-chart-axis.js), over all marks and their intervals.

    `chart`: bars begin at zero, points have room around them.
    """
    at = [position(quantity) for quantity in quantities]
    ends = [end for quantity in quantities for end in quantity.ends or ()]
    low, high = min(*at, *ends, at[0]), max(*at, *ends, at[0])
    scale = given.get("scale", "linear")
    # The label says what is counted; a currency and a share stand with their numbers.
    unit = quantities[0].unit if quantities[0].unit in UNITS_ON_TICKS else ""
    if scale == "date":
        low, high = low - (high - low) * ROOM - 1, high + (high - low) * ROOM + 1
        ticks = months(low, high)
        words = [day(date.fromordinal(int(tick)).isoformat()[:7], lang) for tick in ticks]
    elif scale == "log":
        low, high = low / LOG_ROOM, high * LOG_ROOM
        ticks = log_ticks(low, high)
        words = [tick_text(tick, unit, lang, units) for tick in ticks]
    else:
        room = (high - low) * ROOM if chart == "dots" else 0.0
        low, high = min(0.0, low) if chart == "bars" or given.get("zero") else low - room, high + room
        step = nice_step((high - low) or 1.0)
        low, high = math.floor(low / step) * step, math.ceil(high / step) * step
        ticks = [round(low + i * step, 9) for i in range(round((high - low) / step) + 1)]
        words = [tick_text(tick, unit, lang, units) for tick in ticks]
    label = given["label"][lang]
    shown = [{"value": tick, "text": text} for tick, text in zip(ticks, words, strict=True)]
    return {"label": label, "scale": "log" if scale == "log" else "linear", "low": low, "high": high, "ticks": shown}


def tick_text(tick: float, unit: str, lang: str, units: Mapping[str, Mapping[str, str]]) -> str:
    """A tick in words: large counts of tokens by the name of their size."""
    return prose(tick, unit, lang, units) if unit == "tokens" else with_unit(tick, unit, lang, units, exact=True)


def nice_step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides a span into four to ten parts."""
    size = 10.0 ** math.floor(math.log10(span / 4))
    return next(n * size for n in (5, 2, 1) if span / (n * size) >= 4)


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between two positive ends."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [tick for power in powers for n in (1, 2, 5) if low <= (tick := float(f"{n}e{power}")) <= high]


def months(low: float, high: float) -> list[float]:
    """First days of months between two days, at equal steps."""
    first, last = date.fromordinal(math.ceil(low)), date.fromordinal(math.floor(high))
    wanted = (high - low) / DAYS_PER_MONTH / MOST_MONTH_TICKS
    step = next((n for n in (1, 2, 3, 6, 12) if n >= wanted), 24)
    found = []
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        tick = date(month // 12, month % 12 + 1, 1)
        if month % step == 0 and first <= tick <= last:
            found.append(float(tick.toordinal()))
    return found

"""Results and chart parts in the words of one language and currency."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .dataset import Dataset
from .graph import Unknown
from .text import Money, in_currency, interval, large, number, sentence, with_unit

Result = dict[str, Any]
Axis = dict[str, Any]
MOST_TICKS = 6


class Words:
    """Words of one language and currency; values stay in US dollars."""

    def __init__(self, dataset: Dataset, lang: str, money: Money) -> None:
        self.strings, self.lang, self.money = dataset.strings, lang, money

    def say(self, message: str, slots: Mapping[str, str] | None = None, **more: str) -> str:
        return sentence(self.strings, message, self.lang, {**(slots or {}), **more})

    def why(self, unknown: Unknown) -> str:
        return self.say(unknown.message, dict(unknown.slots))

    def place(self, name: str) -> str:
        return self.say(f"place.{name}")

    def show(self, value: float | str, unit: str, *, exact: bool = False) -> str:
        return with_unit(value, unit, self.lang, self.strings, exact=exact, money=self.money)

    def span(self, low: float, high: float, unit: str) -> str:
        return interval(low, high, unit, self.lang, self.strings, self.money)

    def join(self, texts: Sequence[str]) -> str:
        return self.say("list-separator").join(texts)

    def tick(self, value: float, unit: str) -> str:
        """A count at an axis, without its unit."""
        return number(value, unit, self.lang, unit not in ("tokens", "bytes"))

    def money_tick(self, value: float, unit: str) -> str:
        """A sum at an axis: large ones by size (200K, 20万), whole ones without cents."""
        amount, unit = in_currency(value, unit, self.money)
        whole = abs(amount) >= 1 or amount == 0
        digits = large(round(amount), self.lang) if whole else number(amount, unit, self.lang, False)
        return self.say(f"unit.{unit}", n=digits) if amount >= 0 else "-" + self.money_tick(-value, "USD")

    def named(self, name: str, text: str) -> str:
        return f"{name}{self.say('colon')}{text}"

    def spans(self, spans: Sequence[tuple[float, float]], unit: str, limit: float) -> str:
        """Ranges in a row; one that ends where the search ended goes on."""
        texts = []
        for low, high in spans:
            open_end = high >= limit * (1 - 1e-9)
            texts.append(self.say("and-more", n=self.show(low, unit)) if open_end else self.span(low, high, unit))
        return self.join(texts)

    def together(self, sentences: Iterable[str]) -> str:
        """Whole sentences one after the other; Japanese has no space between them."""
        return (" " if self.lang == "en" else "").join(sentences)

    def usd(self, value: float | None, reason: str = "unknown-cost") -> Result:
        if value is None:
            return self.nothing("USD", reason)
        return {"value": value, "unit": "USD", "text": self.show(value, "USD")}

    def nothing(self, unit: str, reason: str) -> Result:
        text = self.say(reason)
        return {"value": None, "unit": unit, "reason": text, "text": text}

    def listed(self, value: Any, texts: list[str]) -> Result:
        return {"value": value, "unit": "", "text": self.join(texts) or self.say("nothing")}

    def axis(self, label: str, unit: str, low: float, high: float, scale: str = "linear") -> Axis:
        """An axis with ticks that are round in the reader's currency. `label`: a string id."""
        rate = in_currency(1.0, unit, self.money)[0]
        found = log_ticks(low * rate, high * rate) if scale == "log" else ticks(low * rate, high * rate)
        # Counts go without their unit, which the label names.
        bare = not unit.startswith("USD")
        # A tick is round, so its words are exact; money without cents.
        words = {tick: self.tick(tick, unit) if bare else self.money_tick(tick / rate, unit) for tick in found}
        labels = [{"value": tick / rate, "text": text} for tick, text in words.items()]
        return {"label": self.say(label), "scale": scale, "low": low, "high": high, "ticks": labels}


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, at most MOST_TICKS."""
    if high <= low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / MOST_TICKS))
    step = next(power * n for n in (1, 2, 5, 10, 20) if (high - low) / (power * n) <= MOST_TICKS - 1)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten from low to high, with 2 and 5 between them where there is room, at most MOST_TICKS."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = [float(f"{digit}e{power}") for power in powers for digit in digits]
        found = [tick for tick in found if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(found) <= MOST_TICKS:
            return found
    return found[:: math.ceil(len(found) / MOST_TICKS)]

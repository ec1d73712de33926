"""Numbers and sentences in the reader's language. The only place that formats a number, for pages, CLI and prose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

LANGUAGES = ("en", "ja")
# Powers of ten with a name: English goes by thousands, Japanese by ten-thousands.
LARGE = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M")),
    "ja": ((1e12, "兆"), (1e8, "億"), (1e4, "万")),
}
SIZES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True)
class Money:
    """The currency of the words. Values stay in US dollars; yen appear at the very end."""

    currency: str = "USD"
    jpy_per_usd: float = 1.0


DOLLARS = Money()


def in_currency(value: float, unit: str, money: Money) -> tuple[float, str]:
    """A dollar figure in the reader's currency: USD -> JPY, USD/Mtok -> JPY/Mtok. Other units stay."""
    if money.currency == "JPY" and unit.startswith("USD"):
        return value * money.jpy_per_usd, "JPY" + unit.removeprefix("USD")
    return value, unit


def sentence(strings: Mapping[str, Mapping[str, str]], message: str, lang: str, slots: Mapping[str, str]) -> str:
    """The string `message` in `lang` with its slots filled. Raises KeyError for an id or a slot that is missing."""
    return strings[message][lang].format(**slots)


def significant(value: float, digits: int = 3) -> str:
    """Rounded to `digits` significant digits, never in scientific notation below 10^15, thousands separated."""
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    # Rounding up may add a digit (9.996 -> 10.0): count the places again.
    places = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{places}f}"


def trimmed(value: float, digits: int = 12) -> str:
    """All digits that a stored figure has, without trailing zeros."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    short = f"{value:.{digits}g}"
    mantissa, _, exponent = short.partition("e-")
    if exponent:  # 1.2e-07 is no figure for a reader
        return f"{value:.{int(exponent) + len(mantissa.strip('-').replace('.', '')) - 1}f}"
    return f"{float(short):,}"


def large(value: float, lang: str) -> str:
    """744e9 -> 744B / 7,440億, to five digits."""
    for size, name in LARGE[lang]:
        if abs(value) >= size:
            return trimmed(value / size, 5) + name
    return trimmed(value)


def day(iso: str, lang: str) -> str:
    """2026-01-27 -> January 27, 2026 / 2026年1月27日; 2026-01 -> January 2026 / 2026年1月."""
    if len(iso) == len("2026-01"):
        year, month = (int(part) for part in iso.split("-"))
        return f"{MONTHS[month - 1]} {year}" if lang == "en" else f"{year}年{month}月"
    d = date.fromisoformat(iso)
    return f"{MONTHS[d.month - 1]} {d.day}, {d.year}" if lang == "en" else f"{d.year}年{d.month}月{d.day}日"


def number(value: float, unit: str, lang: str, exact: bool) -> str:
    """The digits of a value in its unit; `exact`: a stored figure, shown as stored."""
    digits = trimmed if exact else significant
    if unit == "bytes":
        # GB = 10^9 for everything, so that need and capacity compare.
        for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if abs(value) >= size:
                return f"{digits(value / size)} {name}"
        return f"{digits(value)} B"
    if unit == "requests":
        return f"{value:,.0f}"
    if unit == "tokens" and exact:
        return trimmed(value)
    if unit in ("JPY", "JPY/month", "JPY/year"):
        return large(float(f"{value:.3g}") if not exact and abs(value) >= 1e4 else round(value), lang)
    if unit in ("JPY/kWh", "JPY/h"):
        return significant(value)  # converted: its digits are not the source's
    if unit in ("parameters", "tokens"):
        return large(value if exact else float(f"{value:.3g}"), lang)
    if unit in ("share", "ratio"):
        if not exact and 0 < value < 0.005:
            return "<1%" if lang == "en" else "1%未満"  # little, not nothing
        return f"{value:.0%}" if not exact else f"{trimmed(value * 100)}%"
    if unit == "USD" and exact and abs(value) >= 100:
        return trimmed(round(value, 2))  # what was given in yen has no end
    if unit == "USD" and not exact:
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
    if unit == "USD/Mtok":
        return f"{value:,.2f}" if round(value, 2) == value or not exact else trimmed(value)
    if unit in ("sequences", "factor", "servers", "devices", "months") and value == int(value):
        return f"{int(value):,}"
    return digits(value)


def with_unit(
    value: float | str,
    unit: str,
    lang: str,
    strings: Mapping[str, Mapping[str, str]],
    *,
    exact: bool = False,
    money: Money = DOLLARS,
) -> str:
    """A value with its unit in words: strings `unit.<unit>` hold the patterns; a unit without one stands by itself."""
    if isinstance(value, str):
        return day(value, lang) if unit == "date" else value
    value, unit = in_currency(float(value), unit, money)
    pattern = strings.get(f"unit.{unit}")
    if value < 0 and unit.startswith(("USD", "JPY")):  # the sign stands before the currency's
        return "-" + with_unit(-value, unit, lang, strings, exact=exact)
    digits = number(float(value), unit, lang, exact)
    return pattern[lang].format(n=digits) if pattern else digits


def worded(value: float, lang: str) -> str:
    """5576000 -> 5.576 million / 557.6万: a large number as it reads in a sentence."""
    if lang == "ja":
        return large(value, "ja") if abs(value) >= 1e4 else trimmed(value)
    size, name = next((pair for pair in SIZES if abs(value) >= pair[0]), (1, ""))
    return f"{trimmed(value / size)} {name}".rstrip()


def prose(value: float | str, unit: str, lang: str, strings: Mapping[str, Mapping[str, str]]) -> str:
    """A stored figure inside a sentence: counts of things in words of their size, the sentence names the thing."""
    if isinstance(value, str):
        return day(value, lang) if unit == "date" else value
    if unit in ("tokens", "people", "count"):
        return worded(value, lang)
    if unit == "USD" and abs(value) >= 1e6:
        return strings["unit.USD"][lang].format(n=worded(value, lang))
    # Sizes are read, not copied: three digits are enough; the raw value stands beside.
    return with_unit(value, unit, lang, strings, exact=unit != "bytes")


def interval(
    low: float, high: float, unit: str, lang: str, strings: Mapping[str, Mapping[str, str]], money: Money = DOLLARS
) -> str:
    """low–high with the unit once."""
    if low < 0 and unit.startswith("USD"):  # each end with its sign and currency
        return " – ".join(with_unit(end, unit, lang, strings, money=money) for end in (low, high))
    (low, _), (high, unit) = in_currency(low, unit, money), in_currency(high, unit, money)
    pattern = strings.get(f"unit.{unit}")
    ends = f"{number(low, unit, lang, False)}–{number(high, unit, lang, False)}"
    return pattern[lang].format(n=ends) if pattern else ends


def result_text(
    result: Mapping[str, Any], lang: str, strings: Mapping[str, Mapping[str, str]], money: Money = DOLLARS
) -> str:
    """A result for reading: its value, or why there is none."""
    if result["value"] is None:
        return str(result["reason"])
    if result["unit"] == "verdict":
        return strings[f"verdict.{result['value']}"][lang]
    return with_unit(result["value"], result["unit"], lang, strings, money=money)

"""Puts what was measured into `data/facts/`."""

from __future__ import annotations

import re
from decimal import Decimal

from scripts.cached import ROOT

FACTS = ROOT / "data" / "facts"


def set_fact(name: str, today: str, **values: float | str) -> None:
    """Changes the date and these fields of a fact, and nothing else of it."""
    path = FACTS / f"{name}.yml"
    text = path.read_text(encoding="utf-8")
    for field, value in {**values, "date": today}.items():
        text = re.sub(rf"^{field}: .*$", f"{field}: {plain(value)}", text, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")


def plain(value: float | str) -> str:
    """As the data files write it: 13, not 13.0, and without an exponent, which YAML may take for text (1e-07)."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) else f"{Decimal(str(value)):f}"

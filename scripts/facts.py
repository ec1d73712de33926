"""Bound numbers: a value of `data/` with its words, for the prose macros and the pages made from data."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from calculators.data_files import Entity, read_all
from calculators.load import load_dataset
from calculators.text import day, prose

# Unit of a field that carries no unit of its own: it is in the field's name or in the schema.
UNIT_OF_FIELD = {
    "total_params": "parameters",
    "active_params": "parameters",
    "embedding_params": "parameters",
    "context_tokens": "tokens",
    "released": "date",
    "memory_gib": "GiB",
    "bandwidth_gbs": "GB/s",
    "power_w": "W",
    "price_usd": "USD",
    "rental_usd_per_hour": "USD",
    "bf16": "TFLOPS",
    "fp8": "TFLOPS",
    "fp4": "TFLOPS",
    "in": "USD/Mtok",
    "out": "USD/Mtok",
}


@lru_cache(maxsize=1)
def entities() -> dict[str, dict[str, Entity]]:
    """All of `data/` with sources and dates, read once until `refresh`. Raises BadData."""
    return read_all()


def refresh() -> None:
    """Forgets what was read: a warm builder calls it before each build."""
    entities.cache_clear()
    load_dataset.cache_clear()


def strings(area: str) -> Mapping[str, Mapping[str, str]]:
    """The strings of one area of `data/strings/`."""
    found: Mapping[str, Mapping[str, str]] = entities()["strings"][area].values
    return found


class NoSuchFact(LookupError):
    """A macro names what `data/` does not hold; str() is one sentence."""


def entity(name: str) -> Mapping[str, Any]:
    """`models/glm-5` -> its values. Raises NoSuchFact."""
    kind, _, entity_id = name.partition("/")
    if kind not in entities() or entity_id not in entities()[kind]:
        raise NoSuchFact(f"{name}: there is no file data/{name}.yml")
    values: Mapping[str, Any] = entities()[kind][entity_id].values
    return values


def fact(name: str, field: str = "") -> tuple[Mapping[str, Any], str]:
    """A fact value (value, source, date, verified?) and its unit. Raises NoSuchFact."""
    found = entity(name)
    if not field:
        if "value" not in found:
            raise NoSuchFact(f"{name}: holds several values; name a field, one of {', '.join(found)}")
        return found, str(found["unit"])
    for step in field.split("."):
        if not isinstance(found, Mapping) or step not in found:
            raise NoSuchFact(f"{name}: has no field {field}")
        found = found[step]
    return found, UNIT_OF_FIELD.get(field.split(".")[-1], "")


def fact_text(name: str, field: str, lang: str) -> str:
    """The value as it reads in a sentence."""
    value, unit = fact(name, field)
    return prose(value["value"], unit, lang, strings("units"))


def difference(minuend: str, subtrahend: str) -> float:
    """Of two numeric facts; rounded to the digits that they have."""
    return float(f"{numeric(minuend) - numeric(subtrahend):.10g}")


def days_between(first: str, last: str) -> int:
    """Days from one date to another, both counted."""
    ends = [date.fromisoformat(str(fact(name)[0]["value"])) for name in (first, last)]
    return (ends[1] - ends[0]).days + 1


def numeric(name: str) -> float:
    value = fact(name)[0]["value"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoSuchFact(f"{name}: {value} is not a number")
    return float(value)


def bound_html(reference: str, value: Mapping[str, Any], text: str, lang: str) -> str:
    """A value of `data/` as <data>, with its source and date in the title; what is unverified says so."""
    site = strings("site")
    source = entity(f"sources/{value['source']}")["title"]
    title = site["fact-title"][lang].format(source=source, date=day(str(value["date"]), lang))
    mark = ""
    if not value.get("verified", True):
        title += " " + site["fact-unverified"][lang]
        mark = ' class="unverified"'
    raw, title = html.escape(str(value["value"])), html.escape(title).replace("|", "&#124;")  # | would end a table cell
    return f'<data value="{raw}" data-fact="{reference}" title="{title}"{mark}>{html.escape(text)}</data>'


def source_link(key: str, root: str) -> str:
    """A Markdown link to a source's entry; `root`: path from the page to the language's root."""
    title = html.escape(str(entity(f"sources/{key}")["title"])).replace("|", "&#124;")
    return f"[{title}]({root}data/sources.md#{key})"

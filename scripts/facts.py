"""Bound numbers: a value of `data/` with its words, for the prose macros and the pages made from data."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from calculators.data_files import Entity, read_all
from calculators.load import load_dataset
from calculators.scores import Incomparable, Score, score_from
from calculators.scores import difference as score_difference
from calculators.text import day, prose, trimmed

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
    """A fact value (value, source, date, verified?) and its unit. Raises NoSuchFact.

    A score is named by its file and words that only its row has: `scores/swe-bench-verified#glm-5 openhands`.
    """
    if "#" in name:
        row, _ = score_row(name)
        unit = entity(name.partition("#")[0])["unit"]
        return row, {"%": "percent", "points": "index"}[unit]
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


def score_row(name: str) -> tuple[Mapping[str, Any], Score]:
    """The one row of a score file that has a model and all further words. Raises NoSuchFact for none or several."""
    file, _, query = name.partition("#")
    values = entity(file)
    model, *words = query.split()
    rows = [
        row
        for row in values.get("rows", ())
        if row["model"] == model
        and all(word in (*str(row.get("setting", "")).split(), row["harness"], row["date"]) for word in words)
    ]
    if len(rows) != 1:
        told = "; ".join(f"{r.get('setting', 'no setting')}, {r['harness']}, {r['date']}" for r in rows)
        raise NoSuchFact(f"{name}: {len(rows)} rows{f' ({told})' if told else ''}; allowed: words that one row has")
    return rows[0], score_from(file.partition("/")[2], values, rows[0])


def fact_text(name: str, field: str, lang: str) -> str:
    """The value as it reads in a sentence."""
    value, unit = fact(name, field)
    return prose(value["value"], unit, lang, strings("units"))


def difference(minuend: str, subtrahend: str, *, across: bool = False) -> tuple[float, float | None, float | None]:
    """Of two numeric facts, or of two scores with the ends of its interval; rounded to the digits that they have.

    `across`: the text says that the two harnesses differ. Raises NoSuchFact for scores that do not compare.
    """
    if "#" in minuend and "#" in subtrahend:
        try:
            gap = score_difference(score_row(minuend)[1], score_row(subtrahend)[1], across_harnesses=across)
        except Incomparable as bad:
            raise NoSuchFact(f"{minuend} and {subtrahend}: {bad}") from None
        return float(f"{gap[0]:.10g}"), gap[1], gap[2]
    return float(f"{numeric(minuend) - numeric(subtrahend):.10g}"), None, None


def days_between(first: str, last: str) -> int:
    """Days from one date to another, both counted."""
    ends = [date.fromisoformat(str(fact(name)[0]["value"])) for name in (first, last)]
    return (ends[1] - ends[0]).days + 1


def numeric(name: str) -> float:
    value = fact(name)[0]["value"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoSuchFact(f"{name}: {value} is not a number")
    return float(value)


def bound_html(reference: str, value: Mapping[str, Any], text: str, lang: str, *, ages: bool = False) -> str:
    """A value of `data/` as <data>, with its source and date in the title; what is unverified says so.

    `ages`: it changes with time (a price), so the browser marks it once its date is long past.
    """
    site = strings("site")
    source = entity(f"sources/{value['source']}")["title"]
    title = site["fact-title"][lang].format(source=source, date=day(str(value["date"]), lang))
    if value.get("low") is not None and value.get("high") is not None:
        title += site["fact-range"][lang].format(low=trimmed(value["low"]), high=trimmed(value["high"]))
    mark = ""
    if not value.get("verified", True):
        title += " " + site["fact-unverified"][lang]
        mark = ' class="unverified"'
    raw, title = html.escape(str(value["value"])), html.escape(title).replace("|", "&#124;")  # | would end a table cell
    mark += f' data-date="{value["date"]}"' + " data-ages" * ages
    return f'<data value="{raw}" data-fact="{reference}" title="{title}"{mark}>{html.escape(text)}</data>'


def source_link(key: str, root: str) -> str:
    """A Markdown link to a source's entry; `root`: path from the page to the language's root."""
    title = html.escape(str(entity(f"sources/{key}")["title"])).replace("|", "&#124;")
    return f"[{title}]({root}data/sources.md#{key})"

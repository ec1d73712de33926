"""Bound numbers as HTML: what `calculators/evidence.py` says, with its words, source and date for pages and tables."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from calculators.data_files import DATA, Entity, figure_at, measured_source, read_all
from calculators.evidence import UNIT_OF_FIELD, Evidence, NoSuchFact, Quantity
from calculators.load import load_dataset
from calculators.text import day, trimmed
from scripts.cached import files_under

__all__ = ["UNIT_OF_FIELD", "NoSuchFact"]

_seen: tuple[tuple[str, int, int], ...] = ()


@lru_cache(maxsize=1)
def entities() -> dict[str, dict[str, Entity]]:
    """All of `data/` with sources and dates, read once until `refresh`. Raises BadData."""
    return read_all()


@lru_cache(maxsize=4)
def evidence(lang: str, as_text: bool = False) -> Evidence:
    """The quantities of `data/` in a language; they stand in a page as bound numbers, or as plain text."""
    if as_text:
        return Evidence(entities(), lang)
    return evidence(lang, True).shown(lambda quantity: quantity_html(quantity, evidence(lang)))


def refresh() -> None:
    """Forgets what was read if `data/` has changed since: builders and checks call it before they begin."""
    global _seen
    now = tuple((str(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in files_under(DATA))
    if now == _seen:
        return
    _seen = now
    entities.cache_clear()
    evidence.cache_clear()
    load_dataset.cache_clear()


def strings(area: str) -> Mapping[str, Mapping[str, str]]:
    """The strings of one area of `data/strings/`."""
    found: Mapping[str, Mapping[str, str]] = entities()["strings"][area].values
    return found


def words(area: str, lang: str) -> dict[str, str]:
    """The strings of an area in one language."""
    return {i: pair[lang] for i, pair in strings(area).items()}


def word(area: str, string_id: str, lang: str, **slots: object) -> str:
    """One string of an area with its slots filled."""
    return strings(area)[string_id][lang].format(**slots)


def why_no_engine(lang: str) -> dict[str, str]:
    """Why an element has no engine: what `reasonOf` of docs/_theme/modules/engine-client.js says."""
    return {i: text for i, text in words("calculators", lang).items() if i.startswith("why-engine-")}


def entity(name: str) -> Mapping[str, Any]:
    """`models/glm-5` -> its values. Raises NoSuchFact."""
    return evidence("en").entity(name)


def fact_text(name: str, field: str, lang: str) -> str:
    """The value as it reads in a sentence."""
    return str(evidence(lang, True).v(name, field))


def quantity_html(quantity: Quantity, within: Evidence) -> str:
    """A quantity as <data>: its note, and what its marker needs (see docs/_theme/modules/figures.js)."""
    text, lang = within.text(quantity), within.lang
    behind = f' data-from="{html.escape(" ".join(r.replace(" ", "+") for r in quantity.rests_on))}"'
    if quantity.stored is not None:  # a price is named by what was asked, and stands in a file with a name of its own
        bound = bound_html(quantity.expression, quantity.stored, text, lang)
        return bound if quantity.rests_on == (quantity.expression,) else bound.replace("<data", f"<data{behind}", 1)
    site = strings("site")
    parts = dict.fromkeys(origin(reference, within) for reference in quantity.rests_on)
    title = site["fact-computed"][lang].format(parts=site["list-separator"][lang].join(p for p in parts if p))
    if quantity.ends is not None:
        title += site["fact-range"][lang].format(low=trimmed(quantity.ends[0], 3), high=trimmed(quantity.ends[1], 3))
    dates = [str(d) for r in quantity.rests_on if (d := stored_of(r, within).get("date"))]
    more = behind + f' data-date="{min(dates)}"' if dates else ""
    keys = dict.fromkeys(key for r in quantity.rests_on for key in sources_of(r, within))
    more += f' data-sources="{" ".join(keys)}"' if keys else ""
    if quantity.case is not None:
        command, query = quantity.case
        more += f' data-calculator="{html.escape(f"calculators/{command}/#?{query}")}"'
    raw = html.escape("" if quantity.value is None else f"{quantity.value}")
    fact = html.escape(quantity.expression)
    return f'<data value="{raw}" data-fact="{fact}" title="{in_markdown(title)}"{more}>{in_markdown(text)}</data>'


def stored_of(reference: str, within: Evidence) -> Mapping[str, Any]:
    """What `data/` holds of a reference that a quantity rests on; empty for a whole file (a preset)."""
    if reference.startswith("prices/"):
        offer, _, row = reference.partition("#")
        start = row.rpartition(".")[0]
        return next((r for r in within.entity(offer)["rows"] if r["from"] == start), {})
    if reference.startswith(("presets/", "parameters/")):
        return within.entity(reference)
    try:
        return within.stored(reference)[0]
    except NoSuchFact:
        return {}


def sources_of(reference: str, within: Evidence) -> list[str]:
    """Keys of the sources of what a quantity or a claim rests on: one of a figure, all of a whole file."""
    kind, _, rest = reference.partition("/")
    if kind == "sources":
        return [rest] if rest in within.found["sources"] else []
    if kind == "measurements":
        return [measured_source(rest.partition("#")[0])]
    stored = stored_of(reference, within)
    if "source" in stored:
        return [str(stored["source"])]
    if kind in ("presets", "parameters"):
        return sources_inside(with_figures(stored, within))
    with suppress(NoSuchFact):
        return sources_inside(within.entity(reference.partition("#")[0]))
    return []


def with_figures(value: Any, within: Evidence) -> Any:
    """A preset or a parameter with the figures that it names by `fact`."""
    if not isinstance(value, Mapping):
        return value
    figure = figure_at(within.found, value["fact"]) if isinstance(value.get("fact"), str) else None
    return figure or {key: with_figures(inner, within) for key, inner in value.items()}


def sources_inside(value: Any) -> list[str]:
    """Every `source` of a file, each once, in order."""
    if isinstance(value, list):
        return list(dict.fromkeys(key for inner in value for key in sources_inside(inner)))
    if not isinstance(value, Mapping):
        return []
    own = [value["source"]] if isinstance(value.get("source"), str) else []
    return list(dict.fromkeys([*own, *(key for inner in value.values() for key in sources_inside(inner))]))


SOURCES_NAMED = re.compile(r' data-sources?="([a-z0-9 -]+)"')


def with_sources(page: str) -> str:
    """A finished page with title and address of each source that its figures name, for figure-note.js."""
    keys = sorted({key for named in SOURCES_NAMED.findall(page) for key in named.split()} & {*entities()["sources"]})
    if not keys:
        return page
    told = {key: [values["title"], values.get("url", "")] for key in keys if (values := entity(f"sources/{key}"))}
    text = html.escape(json.dumps(told, ensure_ascii=False, separators=(",", ":")), quote=False)
    # A template, not a script: instant navigation runs every script of a new page, whatever its type.
    return page.replace("</article>", f"<template data-sources>{text}</template></article>", 1)


def origin(reference: str, within: Evidence) -> str:
    """Source and date of one reference, for a note."""
    stored = stored_of(reference, within)
    if stored.get("source") not in within.found["sources"]:
        return reference
    source = str(entity(f"sources/{stored['source']}")["title"])
    return strings("site")["fact-title"][within.lang].format(source=source, date=day(str(stored["date"]), within.lang))


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
    mark += f' data-date="{value["date"]}" data-source="{value["source"]}"' + " data-ages" * ages
    raw = html.escape(str(value["value"]))
    fact = html.escape(reference)
    return f'<data value="{raw}" data-fact="{fact}" title="{in_markdown(title)}"{mark}>{in_markdown(text)}</data>'


def page_root(where: str) -> str:
    """From a page's address to its language's root: `data/models.md` stands at `data/models/`."""
    depth = where.count("/") + (not where.endswith("index.md"))
    return "../" * depth


def in_markdown(text: str) -> str:
    """Words of `data/` for a page: what would begin a link, code, a cell or a tag in Markdown stays a letter.

    Safe in an attribute, too: Markdown takes links for links even there.
    """
    return re.sub(r"[\[\]`|]", lambda sign: f"&#{ord(sign.group())};", html.escape(text))


def source_link(key: str, root: str) -> str:
    """A Markdown link to a source's entry; `root`: path from the page to the language's root."""
    title = in_markdown(str(entity(f"sources/{key}")["title"]))
    return f"[{title}]({root}data/sources.md#{key})"


def license_of(values: Mapping[str, Any]) -> str:
    """A model's license as readers know it: SPDX, or the words of a name that SPDX does not have."""
    name = str(values["license"])
    own = name.removeprefix("LicenseRef-")
    return name if own == name else own.replace("-", " ")

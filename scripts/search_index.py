"""Turns MkDocs' search index into the small one that our search worker scans."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calculators.text import LANGUAGES
from scripts import facts
from scripts.data_tables import data_table

EMPTY = {"config": {"lang": ["en"], "separator": "[\\s]+", "pipeline": []}, "docs": []}


def plain_text(markup: str) -> str:
    """Text without tags, NFKC, one space between words."""
    # A break inside a word is for the eye alone; a tag between table cells or paragraphs ends a word.
    text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?(?:wbr|a|data|time|b|em|strong)\b[^>]*>", "", markup)))
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


# Tables whose rows are found by search: the page, the column of a row's name, those of its text.
ROWS = {
    "models": ("data/models/", "model", "lab"),
    "devices": ("data/devices/", "device"),
    "glossary": ("book/glossary/", "term", "definition", "also", "other-language"),
    "claims": ("book/claims/", "statement", "remark"),
    "parameters": ("calculators/method/", "parameter", "symbol"),
    "regulations": ("data/rules/", "regulation", "says"),
    "presets": ("data/rules/", "preset", "about"),
    "facts": ("data/facts/", "figure"),
}
# Tables of measurements: their rows repeat a few names, each of which is found on the page.
NAMES = {
    "prices": ("data/prices/", "provider"),
    "scores": ("data/scores/", "benchmark"),
    "measurements": ("data/measurements/", "device"),
}
# Looked up rather than read: what is found here comes after the book's own sections.
WEIGHTS = {
    "book/claims/": 0.25,
    "book/references/": 0.25,
    "calculators/": 0.7,
    "calculators/method/": 0.4,
    "contributing/": 0.3,
    "data/": 0.5,
    "data/devices/": 0.9,
    "data/facts/": 0.25,
    "data/models/": 0.9,
}


def weight(url: str) -> float:
    """What a match on a page counts: that of the longest beginning of its address in WEIGHTS."""
    return WEIGHTS.get(max((start for start in WEIGHTS if url.startswith(start)), key=len, default=""), 1)


def row_sections(lang: str) -> Iterator[tuple[str, list[str]]]:
    """(page, [anchor, name, text]) of each row that a reader would search for."""
    for of, (url, *columns) in ROWS.items():
        table = data_table(of, lang, "../../")
        places = [table.columns.index(column) for column in columns]
        for row in table.rows:
            name, *texts = (plain_text(row.cells[at].html).removeprefix("—") for at in places)
            yield url, [row.id, name, " · ".join(filter(None, texts))]
    for of, (url, column) in NAMES.items():
        table = data_table(of, lang, "../../")
        at = table.columns.index(column)
        yield url, ["", "", " · ".join(dict.fromkeys(plain_text(row.cells[at].html) for row in table.rows))]


def glossary_names(lang: str) -> list[list[list[str]]]:
    """[names in the language, names in the other] of each term; the reading in kana is among the Japanese ones."""

    def names(entry: dict[str, Any], of: str) -> list[str]:
        kana = [entry["reading"]] if of == "ja" and "reading" in entry else []
        found = [entry["term"][of], entry.get("abbreviation"), *entry.get("also", {}).get(of, []), *kana]
        return [name for name in dict.fromkeys(found) if name]

    terms = facts.entities()["glossary"].values()
    return [[names(term.values, of) for of in sorted(LANGUAGES, key=lambda of: of != lang)] for term in terms]


def write_search_index(site: Path, lang: str) -> None:
    """Writes search/docs.json and empties the theme's own index, which the theme fetches with every page.

    {pages: [[url, title, weight, [[anchor, heading, text], ...]], ...], terms: glossary_names(lang)}
    """
    path = site / "search" / "search_index.json"
    pages: dict[str, tuple[str, list[list[str]]]] = {}
    for doc in json.loads(path.read_text(encoding="utf-8"))["docs"]:
        url, _, anchor = doc["location"].partition("#")
        _, sections = pages.setdefault(url, (plain_text(doc["title"]), []))
        text = plain_text(doc["text"])
        if text or anchor:
            sections.append([anchor, plain_text(doc["title"]) if anchor else "", text])
    for url, section in row_sections(lang):
        if url in pages:
            pages[url][1].append(section)
    index = {
        "pages": [[url, title, weight(url), sections] for url, (title, sections) in pages.items()],
        "terms": glossary_names(lang),
    }
    (site / "search" / "docs.json").write_text(
        json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    path.write_text(json.dumps(EMPTY), encoding="utf-8")

"""Turns MkDocs' search index into the small one that our search worker scans."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from scripts.data_tables import data_table

EMPTY = {"config": {"lang": ["en"], "separator": "[\\s]+", "pipeline": []}, "docs": []}


def plain_text(markup: str) -> str:
    """Text without tags, NFKC, one space between words."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", markup))
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


# Tables whose rows are found by search, and the column of their text.
ROWS = {"models": ("data/models/", ""), "devices": ("data/devices/", ""), "glossary": ("book/glossary/", "definition"),
        "regulations": ("data/rules/", "says")}  # fmt: skip


def row_sections(lang: str) -> Iterator[tuple[str, list[str]]]:
    """(page, [anchor, name, text]) of each row that a reader would search for."""
    for of, (url, column) in ROWS.items():
        table = data_table(of, lang, "../../")
        for row in table.rows:
            text = plain_text(row.cells[table.columns.index(column)].html) if column else ""
            yield url, [row.id, plain_text(row.cells[0].html), text]


def write_search_index(site: Path, lang: str) -> None:
    """search/docs.json: [[url, title, [[anchor, heading, text], ...]], ...]; the theme's own index is emptied."""
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
    index = [[url, title, sections] for url, (title, sections) in pages.items()]
    (site / "search" / "docs.json").write_text(
        json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    path.write_text(json.dumps(EMPTY), encoding="utf-8")

"""Turns MkDocs' search index into the small one that our search worker scans."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from pathlib import Path

EMPTY = {"config": {"lang": ["en"], "separator": "[\\s]+", "pipeline": []}, "docs": []}


def plain_text(markup: str) -> str:
    """Text without tags, NFKC, one space between words."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", markup))
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def write_search_index(site: Path) -> None:
    """search/docs.json: [[url, title, [[anchor, heading, text], ...]], ...]; the theme's own index is emptied."""
    path = site / "search" / "search_index.json"
    pages: dict[str, tuple[str, list[list[str]]]] = {}
    for doc in json.loads(path.read_text(encoding="utf-8"))["docs"]:
        url, _, anchor = doc["location"].partition("#")
        _, sections = pages.setdefault(url, (plain_text(doc["title"]), []))
        text = plain_text(doc["text"])
        if text or anchor:
            sections.append([anchor, plain_text(doc["title"]) if anchor else "", text])
    index = [[url, title, sections] for url, (title, sections) in pages.items()]
    (site / "search" / "docs.json").write_text(
        json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    path.write_text(json.dumps(EMPTY), encoding="utf-8")

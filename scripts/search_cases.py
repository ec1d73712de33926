"""Queries for judging the search: written by hand, and drawn from the built text by rule.

The rule knows nothing of the ranking: words are taken in the order of their hash, so that a change of the text draws
others. Drawn are words that only one of the book's pages has in a heading, back halves and pairs of words that stand on
one page only, a third of them spelled otherwise, and chimeras of two words that stand nowhere.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.cached import ROOT

WRITTEN = ROOT / "scripts" / "search_queries.yml"
KATAKANA = r"[ァ-ヴ][ァ-ヴー]"
WORDS = {"ja": rf"{KATAKANA}{{3,}}|[一-龠]{{2,6}}", "en": r"\b[A-Za-z]{6,}\b"}
NUMBER = 15  # drawn of each kind
DRAW = "3"  # renewed after every change of the ranking, so that no change is judged by queries it was made for


@dataclass(frozen=True)
class Cases:
    """query -> page that must be found, and queries that must find nothing."""

    found: dict[str, str]
    absent: list[str]


def written(lang: str) -> Cases:
    """The queries of scripts/search_queries.yml."""
    of = yaml.safe_load(WRITTEN.read_text(encoding="utf-8"))[lang]
    return Cases(of["found"], of["absent"])


def plain(text: str) -> str:
    """Width, case and long vowels evened out: a coarser sieve than the search's own, so that "only here" is true."""
    return re.sub("[ー・]", "", unicodedata.normalize("NFKC", text).lower())


def in_hash_order(words: Iterable[str]) -> list[str]:
    return sorted(set(words), key=lambda word: hashlib.sha256((DRAW + word).encode()).digest())


def only_page(texts: dict[str, str], word: str) -> str | None:
    """The one page whose text holds the word, else None."""
    pages = [url for url, text in texts.items() if plain(word) in text]
    return pages[0] if len(pages) == 1 else None


def spelled_otherwise(lang: str) -> Callable[[str], str]:
    """Hiragana for katakana and full width for half in Japanese, capitals in English."""
    if lang == "en":
        return str.upper
    return lambda word: "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヴ" else c for c in word)


def drawn(docs: Path, lang: str) -> Cases:
    """Queries out of a built search/docs.json."""
    pages: list[Any] = json.loads(docs.read_text(encoding="utf-8"))["pages"]
    headings: dict[str, str] = defaultdict(str)
    bodies: dict[str, str] = defaultdict(str)
    everything = plain(docs.read_text(encoding="utf-8"))
    for url, title, _, sections in pages:
        own = [(heading, text) for _, heading, text in sections]
        headings[url] = plain("\n".join([title, *(heading for heading, _ in own)]))
        bodies[url] = headings[url] + plain("\n".join(text for _, text in own))
    read = {url: page for url, *page in pages if re.match(r"book/(part-|preface|conclusion)", url)}
    raw_heads = "\n".join("\n".join([page[0], *(heading for _, heading, _ in page[2])]) for page in read.values())
    raw_text = "\n".join(text for page in read.values() for *_, text in page[2])
    word = WORDS[lang]
    if lang == "ja":
        long = re.findall(rf"{KATAKANA}{{6,}}", raw_text)
        rare = [re.sub("^[ーァィゥェォッャュョヮ]+", "", run[len(run) // 2 :]) for run in long]
        rare = [half for half in rare if len(half) >= 3] + re.findall("[一-龠]{4,6}", raw_text)
    else:
        rare = re.findall(r"\b[a-z]{5,} [a-z]{5,}\b", raw_text)
    found: dict[str, str] = {}
    for texts, candidates in ((headings, re.findall(word, raw_heads)), (bodies, rare)):
        of = {w: page for w in in_hash_order(candidates) if (page := only_page(texts, w)) in read and page}
        found |= dict(list(of.items())[:NUMBER])
    other = spelled_otherwise(lang)
    # A word of kanji is spelled in one way; it stays as it is.
    found = {other(query) if i % 3 == 2 else query: page for i, (query, page) in enumerate(found.items())}
    parts = in_hash_order(re.findall(rf"{KATAKANA}{{3,}}" if lang == "ja" else r"\b[a-z]{6,}\b", raw_text))
    chimeras = [a[: (len(a) + 1) // 2] + b[len(b) // 2 :] for a, b in zip(parts, reversed(parts), strict=True)]
    return Cases(found, [word for word in chimeras if plain(word) not in everything][:NUMBER])

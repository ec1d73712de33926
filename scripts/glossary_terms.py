"""Glossary terms of the book's pages: the first use of each is bound by {{ term("id") }}, which gives its definition.

Looked for are a term and its abbreviation; `also` holds what people search for, words with other meanings among it. A
term with `everyday: true` needs no definition beside the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.page_text import FRONT_MATTER, blank, expressions, line_at, prose_of
from scripts.twins import term_of

HEADING_LINE = re.compile(r"^#+ .*$", re.MULTILINE)
LINK_TEXT = re.compile(r"\[[^\]\n]*\](?=\()")
KATAKANA = "ァ-ヴー"


def pattern(name: str, lang: str) -> str:
    """A term in running text: with its plural in English; Japanese katakana not inside a longer word."""
    if name.isascii():
        plural = "(?:s|es)?" if lang == "en" else ""
        case = "" if name.isupper() else "(?i:"
        return rf"(?<![A-Za-z0-9-]){case}{re.escape(name)}{')' if case else ''}{plural}(?![A-Za-z0-9])"
    before = f"(?<![{KATAKANA}])" if re.match(f"[{KATAKANA}]", name) else ""
    after = f"(?![{KATAKANA}])" if re.search(f"[{KATAKANA}]$", name) else ""
    return f"{before}{re.escape(name)}{after}"


def names_of(glossary: Mapping[str, Mapping[str, Any]], lang: str) -> list[tuple[str, str]]:
    """(name, id) of every term, the longest first, so that a part of a longer term is not taken for it."""
    found = []
    for term_id, entry in glossary.items():
        names = {str(entry["term"][lang]), str(entry.get("abbreviation", ""))} - {""}
        found += [(name, term_id) for name in names]
    return sorted(found, key=lambda pair: (-len(pair[0]), pair))


class FirstUses:
    """Looks for unbound first uses on the pages of a language."""

    def __init__(self, glossary: Mapping[str, Mapping[str, Any]], lang: str) -> None:
        self.names = [(name.casefold(), pattern(name, lang), term_id) for name, term_id in names_of(glossary, lang)]
        self.everyday = {term_id for term_id, entry in glossary.items() if entry.get("everyday")}

    def found(self, text: str) -> Iterator[tuple[re.Match[str], str]]:
        """(match, id) of each term in a page's prose, in order; headings and links left out."""
        matter = FRONT_MATTER.match(text)
        start = matter.end() if matter else 0
        prose = blank(text[:start]) + prose_of(text)[start:]
        for hidden in (HEADING_LINE, LINK_TEXT):
            prose = hidden.sub(lambda m: blank(m[0]), prose)
        # Only what stands on the page at all is looked for: trying every term at every letter took seconds.
        folded = prose.casefold()
        here = [(regex, term_id) for name, regex, term_id in self.names if name in folded]
        for match in re.finditer("|".join(f"({regex})" for regex, _ in here) or "(?!)", prose):
            yield match, here[(match.lastindex or 1) - 1][1]

    def first(self, text: str) -> dict[str, int]:
        """Term -> where it first stands in a page, bound or not."""
        places = [(match.start(), term_id) for match, term_id in self.found(text)]
        places += [(e.offset, term_id) for e in expressions(text) if (term_id := term_of(e.text))]
        return {term_id: offset for offset, term_id in sorted(places, reverse=True)}

    def unbound(self, text: str) -> Iterator[tuple[int, str, str]]:
        """(line, words, id) of each term that stands in a page's prose before it is bound there."""
        bound: dict[str, int] = {}
        macros = []
        for expression in expressions(text):
            macros.append((expression.offset, expression.offset + len(expression.text)))
            if term_id := term_of(expression.text):
                bound.setdefault(term_id, expression.offset)
        told = set(self.everyday)
        for match, term_id in self.found(text):
            own = any(start <= match.start() <= end for start, end in macros)
            if own or term_id in told or bound.get(term_id, len(text)) < match.start():
                continue
            told.add(term_id)
            yield line_at(text, match.start()), match[0], term_id

"""What of a Markdown page is prose: the same text with all else blanked, so that offsets and lines stay."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Stands where a macro's value will stand; no page holds it.
BOUND = "\ue000"
FRONT_MATTER = re.compile(r"\A---\n.*?^---$", re.DOTALL | re.MULTILINE)
READ_OF_FRONT_MATTER = re.compile(r"^(?:title|description):", re.MULTILINE)
FENCE = re.compile(r"^[ \t>]*(```+|~~~+).*?(?:^[ \t>]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
MACRO = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
CALL = re.compile(r"(?<![\w.\"'])[a-z_]+\(")
OWN_WORDS = re.compile(r"""\bterm\(\s*["'][^"']*["']\s*,\s*(?:shown\s*=\s*)?(?:"([^"]*)"|'([^']*)')""")
TAG = re.compile(r"</?[A-Za-z][^<>]*>")
READ_OF_TAG = re.compile(r"""\s(?:alt|title|aria-label|label|summary)=(?:"([^"]*)"|'([^']*)')""")
ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z]\w*);")
NOT_READ = re.compile(
    r"(?<=\])\((?:[^()\s]|\([^()\s]*\))*"  # the target of a link; its title is read
    r"|(?<=\])\[[^\]\n]*\]"  # the id of a link
    r"|^[ \t]*\[[^\]\n]+\]:[ \t]*\S+"  # what such an id stands for
    r"|\[\^[^\]\n]+\]"
    r"|https?://[^\s<>()、。」』）]+"
    r"|\{[:#.][^{}\n]*\}|(?<=\))\{[^{}\n]*\}"  # ids, classes and attributes
    r"|^[ \t>]*\d+[.)](?=[ \t])"  # the number of a list's item
    r"|(?<![\w:]):(?:material|octicons|fontawesome|simple)-[\w-]+:",
    re.MULTILINE,
)
HEADING = re.compile(r"^(#{2,3}) .*?\{#([a-z0-9-]+)\}[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Expression:
    """What stands between {{ and }}, and where."""

    offset: int
    text: str


def blank(text: str, fill: str = " ") -> str:
    return re.sub(r"[^\n]", fill, text)


def blank_but(text: str, kept: Iterator[tuple[int, int]], fill: str = " ") -> str:
    """Blanks a text except for some spans of it."""
    out = list(blank(text, fill))
    for start, end in kept:
        out[start:end] = text[start:end]
    return "".join(out)


def spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Where the groups of a pattern stand."""
    for match in pattern.finditer(text):
        yield from (match.span(i) for i in range(1, pattern.groups + 1) if match[i] is not None)


def without_code(text: str) -> str:
    """Front matter shrinks to what readers see of it, code goes."""
    text = FRONT_MATTER.sub(lambda m: front_matter(m[0]), text)
    return CODE_SPAN.sub(lambda m: blank(m[0]), FENCE.sub(lambda m: blank(m[0]), text))


def front_matter(text: str) -> str:
    lines = [line if READ_OF_FRONT_MATTER.match(line) else blank(line) for line in text.split("\n")]
    return "\n".join(READ_OF_FRONT_MATTER.sub(lambda m: blank(m[0]), line) for line in lines)


def prose_of(text: str) -> str:
    """What a reader reads of a page as words: no code, macros, targets of links, ids."""
    text = COMMENT.sub(lambda m: blank(m[0]), without_code(text))
    text = MACRO.sub(lambda m: macro_words(m[0]), text)
    text = TAG.sub(lambda m: blank_but(m[0], spans(READ_OF_TAG, m[0])), text)
    text = NOT_READ.sub(lambda m: blank(m[0]), text)
    return ENTITY.sub(lambda m: html.unescape(m[0]).ljust(len(m[0]))[: len(m[0])], text)


def macro_words(text: str) -> str:
    """Of a macro only words of the page's own are read; {{ 40 }} calls nothing, so it is no bound number."""
    return blank_but(text, spans(OWN_WORDS, text), BOUND) if CALL.search(text) else text


def expressions(text: str) -> list[Expression]:
    """Every {{ … }} of a page, outside of code."""
    return [Expression(m.start(), m[1].strip()) for m in MACRO.finditer(without_code(text))]


def sections(text: str) -> list[tuple[int, str, str]]:
    """(offset of its heading, id, text) of each h2 and h3 section; the page's start has the id ""."""
    starts = [(0, ""), *((m.start(), m[2]) for m in HEADING.finditer(without_code(text)))]
    ends = [*(start for start, _ in starts[1:]), len(text)]
    return [(start, anchor, text[start:end]) for (start, anchor), end in zip(starts, ends, strict=True)]


def line_at(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1

"""Twins: a page or a text of `data/` in two languages binds the same numbers and leads to the same places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from calculators.evidence import ENVIRONMENT
from scripts.page_text import expressions, line_at, sections, without_code

LINK = re.compile(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
# How often a name is said is the language's own affair, and a list of sections stands where the page puts it.
NOT_COMPARED = ("name", "sections")


@dataclass(frozen=True)
class Use:
    """What is compared, and how it reads on the page."""

    key: str
    shown: str


@lru_cache(maxsize=4096)
def call_of(expression: str) -> nodes.Call | None:
    """The expression if it is one call of a macro by name."""
    try:
        body = ENVIRONMENT.parse(f"{{{{ {expression} }}}}").body
    except TemplateSyntaxError:
        return None
    first = body[0].nodes[0] if len(body) == 1 and isinstance(body[0], nodes.Output) else None
    return first if isinstance(first, nodes.Call) and isinstance(first.node, nodes.Name) else None


@lru_cache(maxsize=4096)
def parsed(expression: str) -> str:
    """The expression without what its spelling adds: spaces, kinds of quotes."""
    try:
        return repr(ENVIRONMENT.parse(f"{{{{ {expression} }}}}"))
    except TemplateSyntaxError:  # the check of facts says so
        return expression


def macro_of(expression: str) -> str:
    call = call_of(expression)
    return str(call.node.name) if call and isinstance(call.node, nodes.Name) else ""


def term_of(expression: str) -> str:
    """The id of a glossary term that an expression binds, or nothing."""
    call = call_of(expression)
    if call and macro_of(expression) == "term" and call.args and isinstance(call.args[0], nodes.Const):
        return str(call.args[0].value)
    return ""


def bound(text: str) -> Iterator[Use]:
    """The quantities, claims and figures that a text binds."""
    for expression in expressions(text):
        if macro_of(expression.text) in (*NOT_COMPARED, "term"):
            continue
        yield Use(parsed(expression.text), f"{{{{ {expression.text} }}}}")


def links(text: str) -> Iterator[Use]:
    yield from (Use(target, target) for target in LINK.findall(without_code(text)))


def terms(text: str) -> Iterator[Use]:
    """Terms are compared as a set over the page: their first uses need not fall in the same section."""
    found = {term_of(expression.text) for expression in expressions(text)} - {""}
    yield from (Use(term, f'{{{{ term("{term}") }}}}') for term in sorted(found))


def lacking(one: str, other: str, uses: Callable[[str], Iterator[Use]]) -> list[tuple[str, int]]:
    """(what, how many times more) of what `other` holds and `one` lacks."""
    shown = {use.key: use.shown for use in uses(other)}
    missing = Counter(use.key for use in uses(other)) - Counter(use.key for use in uses(one))
    return [(shown[key], count) for key, count in missing.items()]


def unlike(pages: tuple[tuple[str, str], tuple[str, str]]) -> Iterator[str]:
    """Findings for two pages, each (path, text): at the heading of the section that lacks something."""
    for (path, text), (twin, twin_text) in (pages, pages[::-1]):
        there = {anchor: (offset, body) for offset, anchor, body in sections(twin_text)}
        for offset, anchor, body in sections(text):
            if anchor not in there:  # the comparison of headings says so
                continue
            at, twin_body = there[anchor]
            place = f"section {{#{anchor}}}" if anchor else "the page's start"
            for kind, uses in (("bound", bound), ("link", links)):
                for shown, count in lacking(body, twin_body, uses):
                    yield (
                        f"{path}:{line_at(text, offset)}: {place} lacks {kind} {shown}, which stands {count} time(s) "
                        f"more in its twin ({twin}:{line_at(twin_text, at)}); use it here, too"
                    )
        for shown, _ in lacking(text, twin_text, terms):
            yield f"{path}:1: lacks {shown}, which its twin {twin} binds; bind it at its first use here, too"

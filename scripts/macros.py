"""Macros of the Markdown pages: numbers bound to `data/`, sources, and lists made from data and the navigation plan.

MkDocs loads this through mkdocs-macros (see mkdocs.yml); the language is that of the build.
"""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any

import yaml

from calculators.text import prose
from scripts import facts
from scripts.tables import table_html

ROOT = Path(__file__).resolve().parent.parent


def bound(name: str, field: str, lang: str) -> str:
    """A value of `data/`, bound."""
    value, _ = facts.fact(name, field)
    reference = f"{name}#{field}" if field else name
    return facts.bound_html(reference, value, facts.fact_text(name, field, lang), lang)


def computed(value: float, expression: str) -> str:
    """A number derived from facts."""
    return f'<data value="{value:g}" data-fact="{html.escape(expression)}">{value:g}</data>'


def navigation_plan() -> list[dict[str, Any]]:
    """docs/nav.yml: the whole book, written or planned."""
    plan: list[dict[str, Any]] = yaml.safe_load((ROOT / "docs" / "nav.yml").read_text(encoding="utf-8"))
    return plan


def section_path(part: dict[str, Any], section: dict[str, Any]) -> str:
    """Path of a section's page below the language's tree, without .md."""
    return str(part.get("path") or f"book/{part['id']}/{section['slug']}")


def sections_markdown(which: str, lang: str, base: str) -> str:
    """The sections of a part, or of every part for `book`. What is not written yet is named without a link.

    `base`: path from the page to the language's root.
    """
    planned = facts.strings("site")["section-planned"][lang]
    lines: list[str] = []
    for part in navigation_plan():
        if which not in ("book", part["id"]):
            continue
        if which == "book":
            written = (ROOT / "docs" / lang / "book" / part["id"] / "index.md").exists()
            title = html.escape(part["title"][lang])
            if "path" not in part:
                number = part["id"].removeprefix("part-")
                title = facts.strings("site")["nav-part"][lang].format(number=number, title=title)
            head = f"[{title}]({base}book/{part['id']}/index.md)" if written else title
            lines += ["", f"**{head}**", "", part["question"][lang], ""]
        for section in part["sections"]:
            title = html.escape(section["title"][lang])
            number = f"{section['number']} " if "number" in section else ""
            if section["status"] == "written":
                lines.append(f"- {number}[{title}]({base}{section_path(part, section)}.md)")
            else:
                lines.append(f"- {number}{title} <small>({planned})</small>")
    return "\n".join(lines)


def define_env(env: Any) -> None:
    """Called by mkdocs-macros once a build."""
    lang = os.environ.get("BOOK_LANG", "en")  # the hooks have not run yet

    def root() -> str:
        """From the page being rendered to the language's root, as Markdown links need it."""
        return "../" * str(env.page.file.src_uri).count("/")

    @env.macro  # type: ignore[untyped-decorator]
    def v(name: str, field: str = "") -> str:
        """A value of data/, bound: {{ v("models/glm-5", "total_params") }}, {{ v("facts/<id>") }}."""
        return bound(name, field, lang)

    @env.macro  # type: ignore[untyped-decorator]
    def name(of: str) -> str:
        """The name of an entity."""
        return str(facts.entity(of)["name"])

    @env.macro  # type: ignore[untyped-decorator]
    def minus(one: str, other: str, across: bool = False) -> str:
        """The difference of two facts; `across=True` where the text says that two scores' harnesses differ."""
        return computed(facts.difference(one, other, across=across)[0], f"{one} - {other}")

    @env.macro  # type: ignore[untyped-decorator]
    def gap_end(one: str, other: str, end: str, across: bool = False) -> str:
        """The low or high end of the 95 % interval of a difference of scores, without its sign."""
        _, low, high = facts.difference(one, other, across=across)
        chosen = {"low": low, "high": high}[end]
        if chosen is None:
            raise facts.NoSuchFact(f"{one} - {other}: has no interval; allowed: scores whose file gives n or intervals")
        return computed(abs(round(chosen, 1)), f"{end} end of {one} - {other}")

    @env.macro  # type: ignore[untyped-decorator]
    def ratio(one: str, other: str) -> str:
        """One fact divided by another, one decimal."""
        return computed(round(facts.numeric(one) / facts.numeric(other), 1), f"{one} / {other}")

    @env.macro  # type: ignore[untyped-decorator]
    def days(first: str, last: str) -> str:
        """Days from one date to another, both counted."""
        return computed(facts.days_between(first, last), f"{first} .. {last}")

    @env.macro  # type: ignore[untyped-decorator]
    def src(key: str) -> str:
        """A link to a source's entry on the sources page."""
        return facts.source_link(key, root())

    @env.macro  # type: ignore[untyped-decorator]
    def default(parameter: str) -> str:
        """The default of a parameter, bound."""
        entry = facts.entity(f"parameters/{parameter}")
        text = prose(entry["value"], str(entry["unit"]), lang, facts.strings("units"))
        return f'<data value="{entry["value"]}" data-fact="parameters/{parameter}">{html.escape(text)}</data>'

    @env.macro  # type: ignore[untyped-decorator]
    def table(of: str, page: int = 1) -> str:
        """A table made from data/, see scripts/tables.py and scripts/data_tables.py."""
        return table_html(of, lang, root(), page)

    @env.macro  # type: ignore[untyped-decorator]
    def chart(of: str) -> str:
        """A chart made from data/: prices."""
        if of != "prices":
            raise facts.NoSuchFact(f"chart({of!r}): there is no such chart; allowed: prices")
        return "<price-chart></price-chart>"

    @env.macro  # type: ignore[untyped-decorator]
    def sections(which: str) -> str:
        """The sections of a part, or of the whole book."""
        return sections_markdown(which, lang, root())

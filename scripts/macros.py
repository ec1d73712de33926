"""Macros of the Markdown pages: numbers bound to `data/`, sources, and lists made from data and the navigation plan.

MkDocs loads this through mkdocs-macros (see mkdocs.yml); the language is that of the build.
"""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml

from calculators.evidence import query_of
from calculators.own_device import OWN
from scripts import edition, facts, references
from scripts.cached import ROOT
from scripts.claims_html import bar_html, claim_marker, count_of
from scripts.figures import figure_html, figure_text
from scripts.notebooks import list_markdown
from scripts.sentences_html import sentence_text
from scripts.settings import setting
from scripts.tables import table_html


def navigation_plan() -> list[dict[str, Any]]:
    """docs/nav.yml: the whole book, written or planned."""
    return plan_of((ROOT / "docs" / "nav.yml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def plan_of(text: str) -> list[dict[str, Any]]:
    """The plan in a text; read once, since every claim asks for it."""
    plan: list[dict[str, Any]] = yaml.safe_load(text)
    return plan


def section_path(part: dict[str, Any], section: dict[str, Any]) -> str:
    """Path of a section's page below the language's tree, without .md."""
    return str(part.get("path") or f"book/{part['id']}/{section['slug']}")


def sections_markdown(which: str, lang: str, base: str) -> str:
    """The sections of a part, or of every part for `book`; for `parts`, each part's question alone. What is not written
    yet is named without a link.

    `base`: path from the page to the language's root.
    """
    if which == "parts":
        return parts_markdown(lang, base)
    planned = facts.word("site", "section-planned", lang)
    lines: list[str] = []
    for part in navigation_plan():
        if which not in ("book", part["id"]):
            continue
        if which == "book":
            written = (ROOT / "docs" / lang / "book" / part["id"] / "index.md").exists()
            title = html.escape(part["title"][lang])
            if "path" not in part:
                number = part["id"].removeprefix("part-")
                title = facts.word("site", "nav-part", lang, number=number, title=title)
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


def parts_markdown(lang: str, base: str) -> str:
    """What each part asks, as cards that lead there."""
    cards = ['<div class="home-parts" markdown>']
    for part in navigation_plan():
        if "path" not in part:
            number = part["id"].removeprefix("part-")
            title = facts.word("site", "nav-part", lang, number=number, title=html.escape(part["title"][lang]))
            link = f"[{title}]({base}book/{part['id']}/index.md)"
            cards += ["<div markdown>", "", link, "", part["question"][lang], "", "</div>"]
    return "\n".join([*cards, "</div>"])


def page_functions(
    lang: str, where: Callable[[], str], *, as_text: bool = False, settings: edition.Settings = edition.UNSET
) -> dict[str, Callable[..., Any]]:
    """Every macro of a language. `where`: gives the page at hand, such as book/index.md; `as_text`: plain words, for
    checks, and for what is no HTML; `settings`: where site and repository are published."""

    def root() -> str:
        """From the page to the language's root, as Markdown links need it."""
        return "../" * where().count("/")

    def name(of: str) -> str:
        """The name of an entity."""
        text = str(facts.entity(of)["name"])
        return text if as_text else facts.in_markdown(text)

    def src(key: str) -> str:
        """A link to a source's entry on the sources page."""
        return facts.source_link(key, root())

    def try_it(command: str, presets: str = "", **given: Any) -> str:
        """A link that opens a case in its calculator."""
        facts.evidence(lang, True).calc(command, presets, **given)  # a case that cannot be answered is refused here
        shown = facts.word("site", "try-it", lang)
        # MkDocs would take the case for a heading's id.
        address = f"{facts.page_root(where())}calculators/{command}/#?{query_of(presets, given)}"
        return f'<a href="{html.escape(address)}">{shown}</a>'

    def term(term_id: str, shown: str = "") -> str:
        """A glossary term at its first use; its definition is a tooltip."""
        entry = facts.entity(f"glossary/{term_id}")
        if as_text:
            return shown or str(entry["term"][lang])
        text = shown or facts.in_markdown(str(entry["term"][lang]))
        definition = facts.in_markdown(str(entry["definition"][lang]))
        return f'[{text}]({root()}book/glossary.md#{term_id} "{definition}"){{.term}}'

    def claim(claim_id: str) -> str:
        """The status of a claim, beside the sentence that states or tests it."""
        return claim_marker(claim_id, lang, root(), as_text=as_text)

    def claims_count(status: str, part: str = "") -> str:
        """How many claims have a status, in the book or in a part."""
        return str(count_of(status, part, lang, as_text=as_text))

    def ledger() -> str:
        """All claims at a glance, by status."""
        return "" if as_text else bar_html(lang, facts.page_root(where()))

    def figure(of: str) -> str:
        """A figure of data/figures/."""
        return figure_text(of, lang) if as_text else figure_html(of)

    def sentence(of: str) -> str:
        """A sentence of data/sentences/ whose numbers the reader can change."""
        return sentence_text(of, lang) if as_text else f'<reactive-sentence of="{of}"></reactive-sentence>'

    def table(of: str, page: int = 1) -> str:
        """A table made from data/, see scripts/tables.py and scripts/data_tables.py."""
        return table_html(of, lang, root(), page)

    def measured_by(whom: str) -> str:
        """How many measured rows come from `visitors`, who measured their own device, or from a `lab`."""
        found = facts.entities()["measurements"].values()
        rows = [row for entity in found for row in entity.values["rows"]]
        own = sum(row["device"] == OWN for row in rows)
        return str({"visitors": own, "lab": len(rows) - own}[whom])

    def chart(of: str) -> str:
        """A chart made from data/: prices."""
        if of != "prices":
            raise facts.NoSuchFact(f"chart({of!r}): there is no such chart; allowed: prices")
        return "<price-chart></price-chart>"

    def sections(which: str) -> str:
        """The sections of a part, or of the whole book."""
        return sections_markdown(which, lang, root())

    def works() -> str:
        """The works that the original lists, and what this edition uses each for."""
        return references.works_markdown(lang, root(), found)

    def sources_by_section() -> str:
        """What each written section cites, under a heading of its own."""
        return references.by_section_text(lang) if as_text else references.by_section_markdown(lang, root())

    def sources_cited() -> str:
        """How many sources the written sections cite."""
        return references.count(lang, as_text=as_text)

    def built(what: str) -> str:
        """Of this edition: `day` of its last change, `data`, the version of its data."""
        return edition.built(what, lang)

    def bibtex() -> str:
        """Entries for a bibliography, as a block of code: this edition and the original."""
        return edition.bibtex_block(lang, settings)

    def notebooks() -> str:
        """The notebooks with what each is about."""
        return list_markdown(lang, root())

    own = (name, src, try_it, term, claim, claims_count, ledger, figure, sentence, table, measured_by, chart, sections)
    found = {
        function.__name__: function
        for function in (*own, notebooks, works, sources_by_section, sources_cited, built, bibtex)
    }
    for id_ in facts.evidence(lang, as_text).functions():
        # A warm builder reads data/ anew before each build.
        found[id_] = lambda *a, _id=id_, **k: facts.evidence(lang, as_text).functions()[_id](*a, **k)
    return found


def define_env(env: Any) -> None:
    """Called by mkdocs-macros once a build."""
    lang = os.environ.get("BOOK_LANG", "en")  # the hooks have not run yet

    settings = edition.settings_of(str(env.conf["site_url"] or ""), lang, setting("repository"))
    for name, function in page_functions(lang, lambda: str(env.page.file.src_uri), settings=settings).items():
        env.macro(function, name)

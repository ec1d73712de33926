"""What the book cites: the sources of each section, computed from what its page binds, and the works that the original
lists (`data/works/`). Nobody types a list of references."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from calculators.claims import recording
from calculators.data_files import BadData, Entity
from calculators.evidence import Evidence, NoSuchFact, evaluate
from calculators.text import day
from scripts import facts
from scripts.cached import ROOT
from scripts.claims_html import claims, sections
from scripts.figures import Figure
from scripts.glossary_terms import FirstUses
from scripts.page_text import expressions
from scripts.page_text import sections as sections_of

Macro = Callable[..., Any]
word = partial(facts.word, "references")


def cited(lang: str) -> Mapping[str, list[str]]:
    """Slug of a written section -> the sources that it cites, in the order of their first use."""
    return cited_with(facts.evidence(lang, True))


@lru_cache(maxsize=4)
def cited_with(evidence: Evidence) -> Mapping[str, list[str]]:
    """`cited` for one state of `data/`."""
    found = {}
    for slug, (_, path, section) in sections().items():
        page = ROOT / "docs" / evidence.lang / f"{path}.md"
        if section["status"] == "written" and page.exists():
            asked = references_in(page.read_text(encoding="utf-8"), evidence)
            keys = (key for reference in asked for key in facts.sources_of(reference, evidence))
            found[slug] = list(dict.fromkeys(keys))
    return found


def refresh() -> None:
    """Forgets what was read of pages: a warm builder calls it before each build, and before a page alone."""
    cited_with.cache_clear()
    first_uses.cache_clear()


@lru_cache(maxsize=64)  # the sections of both languages: where one is edited, the others stay as they were
def references_in(text: str, evidence: Evidence) -> tuple[str, ...]:
    """The references of `data/` that a page's macros rest on. What has no value is for the check of facts."""
    asked: dict[str, None] = {}
    names = noting(evidence, asked)
    for expression in expressions(text):
        with suppress(NoSuchFact, BadData):
            evaluate(expression.text, names)
    return tuple(asked)


def noting(evidence: Evidence, asked: dict[str, None]) -> dict[str, Macro]:
    """The macros of a page; what each rests on is noted in `asked`."""
    from scripts.macros import page_functions  # it imports this module
    from scripts.tables import BOOK_MODEL_FIELDS, BOOK_MODELS

    quantities = recording(evidence, asked)

    def src(key: str) -> str:
        asked[f"sources/{key}"] = None
        return ""

    def claim(claim_id: str) -> str:
        if claim_id in (known := claims(evidence.lang, True)):
            asked.update(dict.fromkeys(known[claim_id].references))
        return ""

    def figure(of: str) -> str:
        asked.update({f"sources/{key}": None for key in Figure(of, evidence.lang, as_text=True).sources()})
        return ""

    def sentence(of: str) -> str:
        told = evidence.entity(f"sentences/{of}")
        for more in ({}, *told.get("beside", {}).values()):
            quantities["calc"](told["calculator"], " ".join(told.get("presets", ())), **{**told.get("set", {}), **more})
        return ""

    def table(of: str, page: int = 1) -> str:
        for model in BOOK_MODELS if of == "book-models" else ():
            for field in BOOK_MODEL_FIELDS:
                quantities["v"](f"models/{model}", field)
        return ""

    others = page_functions(evidence.lang, lambda: "", as_text=True)
    silent = {name: lambda *_, **__: "" for name in others if name not in quantities}
    own = (src, claim, figure, sentence, table)
    return {**silent, "name": others["name"], **quantities, **{macro.__name__: macro for macro in own}}


# The glossary


@lru_cache(maxsize=4)
def first_uses(evidence: Evidence) -> Mapping[str, tuple[str, str]]:
    """Glossary term -> (slug, heading) of the section where it first stands, in the order of the book."""
    lang, found = evidence.lang, dict[str, tuple[str, str]]()
    uses = FirstUses({i: entity.values for i, entity in evidence.found["glossary"].items()}, lang)
    for slug, (_, path, section) in sections().items():
        page = ROOT / "docs" / lang / f"{path}.md"
        if section["status"] != "written" or not page.exists():
            continue
        text = page.read_text(encoding="utf-8")
        headings = [(offset, anchor) for offset, anchor, _ in sections_of(text)]
        for term_id, offset in uses.first(text).items():
            anchor = next(anchor for start, anchor in reversed(headings) if start <= offset)
            found.setdefault(term_id, (slug, anchor))
    return found


# The page


def sections_citing(keys: list[str], lang: str) -> list[str]:
    """Slugs of the sections that cite one of these sources."""
    return [slug for slug, cited_there in cited(lang).items() if not {*keys}.isdisjoint(cited_there)]


def section_link(slug: str, lang: str, root: str, *, whole: bool = False) -> str:
    """A section as a Markdown link; without `whole` by its number, if it has one."""
    _, path, section = sections()[slug]
    number, title = section.get("number", ""), html.escape(section["title"][lang])
    shown = f"{number} {title}".strip() if whole or not number else number
    return f"[{shown}]({root}{path}.md)"


def works() -> list[tuple[str, Entity]]:
    """The original's list, in its order."""
    return sorted(facts.entities()["works"].items(), key=lambda item: int(item[1].values["number"]))


def works_markdown(lang: str, root: str, names: Mapping[str, Macro]) -> str:
    """Each work, what this edition uses it for, our sources of it and the sections that cite them."""
    return "\n".join(work_line(work_id, entity.values, lang, root, names) for work_id, entity in works())


def work_line(work_id: str, values: Mapping[str, Any], lang: str, root: str, names: Mapping[str, Macro]) -> str:
    title = facts.in_markdown(values["title"])
    shown = f"[{title}]({values['url']})" if "url" in values else title
    dated = [day(values["published"], lang)] if "published" in values else []
    head = word("separator", lang).join([facts.in_markdown(values["author"]), shown, *dated])
    own = [facts.source_link(key, root) for key in values["sources"]]
    citing = [section_link(slug, lang, root) for slug in sections_citing(values["sources"], lang)]
    lines = [head, filled(values["use"][lang], names)]
    if citing:
        gap = " " if lang == "en" else ""
        lines[1] += gap + word("work-cited", lang, sections=word("separator", lang).join(citing))
    if own:
        lines.append(word("work-sources", lang, sources=word("title-separator", lang).join(own)))
    text = "  \n    ".join(lines)
    return f'{values["number"]}. <span id="{work_id}"></span>{text}'


def filled(text: str, names: Mapping[str, Macro]) -> str:
    """A text of `data/` with its macros filled."""
    for expression in expressions(text):
        text = text.replace(f"{{{{ {expression.text} }}}}", str(evaluate(expression.text, names)))
    return text


def by_section_markdown(lang: str, root: str) -> str:
    """A heading for each written section, the sources that it cites below it."""
    lines: list[str] = []
    for slug, keys in cited(lang).items():
        _, path, section = sections()[slug]
        title = f"{section.get('number', '')} {html.escape(section['title'][lang])}".strip()
        cites = "section-cites" if len(keys) != 1 else "section-cites-one"
        told = word(cites, lang, n=len(keys), link=f"{root}{path}.md")
        lines += [f"### {title} {{#{slug}}}", "", told, "", *(source_line(key, lang, root) for key in keys), ""]
    return "\n".join(lines)


def source_line(key: str, lang: str, root: str) -> str:
    """A source: to its row, and to where it was published."""
    values = facts.entity(f"sources/{key}")
    publisher = facts.in_markdown(values["publisher"])
    shown = f"[{publisher}]({values['url']})" if "url" in values else publisher
    dated = [day(values["published"], lang)] if "published" in values else []
    return "- " + word("separator", lang).join([facts.source_link(key, root), shown, *dated])


def by_section_text(lang: str) -> str:
    """The same in plain words."""
    lines = []
    for slug, keys in cited(lang).items():
        section = sections()[slug][2]
        titles = (str(facts.entity(f"sources/{key}")["title"]) for key in keys)
        lines += [f"{section.get('number', '')} {section['title'][lang]}".strip(), *titles]
    return "\n".join(lines)


def count(lang: str, *, as_text: bool = False) -> str:
    """How many sources the book cites."""
    n = len({key for keys in cited(lang).values() for key in keys})
    if as_text:
        return str(n)
    return f'<data value="{n}" data-fact="sources_cited()" title="{word("counted", lang)}">{n}</data>'


def section_sources_html(where: str, lang: str) -> str:
    """Below a section: the way to its sources, for those without scripts as well. Empty for other pages."""
    for slug, keys in cited(lang).items():
        if f"{sections()[slug][1]}.md" == where and keys:
            link = f"{facts.page_root(where)}book/references/#{slug}"
            shown = word("section-sources", lang, n=len(keys))
            return f'<p class="section-sources" data-search-exclude><a href="{link}">{shown}</a></p>'
    return ""

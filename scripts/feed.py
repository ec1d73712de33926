"""The Atom feed of a language: what changed in data and text, day by day, and which claims changed their status.

It is made from the commits and from data/releases/, so that two builds of one commit give the same feed.
"""

from __future__ import annotations

import html
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from xml.etree import ElementTree

from calculators.text import day
from scripts import facts
from scripts.cached import ROOT
from scripts.edition import Settings
from scripts.macros import navigation_plan, section_path

ATOM = "http://www.w3.org/2005/Atom"
NEWEST = 40  # entries
word = partial(facts.word, "machines")


@dataclass(frozen=True)
class Entry:
    """`key`: what makes it this entry and no other; `updated`: seconds since 1970; `body`: HTML."""

    key: str
    title: str
    updated: int
    body: str
    link: str = ""


def feed(lang: str, settings: Settings, epoch: str) -> str:
    """The feed's text. Links are relative where nobody has said the site's address."""
    ElementTree.register_namespace("", ATOM)
    site = facts.word("site", "site-name", lang)
    base = f"{settings.site_url}{lang}/" if settings.site_url else ""
    found = sorted([*days(lang, base), *releases(lang)], key=lambda e: (-e.updated, e.key))[:NEWEST]
    root = ElementTree.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": lang})
    put(root, "id", identity(f"feed {lang}"))
    put(root, "title", word("feed-title", lang, site=site))
    put(root, "subtitle", word("feed-about", lang))
    put(root, "updated", stamp(max([e.updated for e in found], default=int(epoch))))
    put(put(root, "author"), "name", facts.word("references", "bibtex-author", lang))
    put(root, "rights", "CC BY 4.0")
    put(root, "link", rel="alternate", href=base or "./", type="text/html")
    if base:
        put(root, "link", rel="self", href=f"{base}feed.xml", type="application/atom+xml")
    for one in found:
        entry = put(root, "entry")
        put(entry, "id", identity(f"{lang} {one.key}"))
        put(entry, "title", one.title)
        put(entry, "updated", stamp(one.updated))
        put(entry, "link", rel="alternate", href=(base + one.link) or "./")
        put(entry, "content", one.body, type="html")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def put(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    made.text = text or None
    return made


def identity(key: str) -> str:
    """An id that stays, wherever the site stands."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"edge-of-intelligence {key}").urn


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def items(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def commits(lang: str) -> Iterator[tuple[int, list[str]]]:
    """(time, files) of each commit that touched data or the language's pages, newest first; none outside of git."""
    command = ["git", "log", "--format=%x00%ct", "--name-only", "--no-renames", "-z", "--", "data", f"docs/{lang}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    fields = [field for field in done.stdout.split("\0") if field] if done.returncode == 0 else []
    files: list[str] = []
    when = 0
    for field in fields:
        if field.strip().isdigit():
            if files:
                yield when, files
            when, files = int(field), []
        else:
            files.append(field.strip("\n"))
    if files:
        yield when, files


def days(lang: str, base: str) -> Iterator[Entry]:
    """One entry a day (UTC): which pages, and how many files of each published kind of data. `base`: see `feed`."""
    by_day: dict[str, tuple[int, set[str]]] = {}
    for when, files in commits(lang):
        key = datetime.fromtimestamp(when, UTC).date().isoformat()
        latest, known = by_day.get(key, (0, set()))
        by_day[key] = max(latest, when), known | set(files)
    titles = page_titles(lang)
    for key, (when, changed) in by_day.items():
        paths = sorted(path.removeprefix(f"docs/{lang}/").removesuffix(".md") for path in changed)
        pages = [page_line(path, title, base) for path, title in titles.items() if path in paths]
        kinds = Counter(path.split("/")[1] for path in changed if path.startswith("data/"))
        names = {kind: facts.strings("site").get(f"kind-of-{kind}") for kind in sorted(kinds)}
        data = [word("feed-files", lang, kind=name[lang], n=str(kinds[kind])) for kind, name in names.items() if name]
        parts = {name: lines for name, lines in (("feed-text", pages), ("feed-data", data)) if lines}
        if parts:
            what = word("feed-both" if len(parts) > 1 else next(iter(parts)), lang)
            body = "".join(f"<h2>{word(name, lang)}</h2>{items(lines)}" for name, lines in parts.items())
            yield Entry(f"day {key}", word("feed-day", lang, what=what, day=day(key, lang)), when, body)


def page_line(path: str, title: str, base: str) -> str:
    """A page's title, linked where the site's address is known: in a feed reader, relative links lead nowhere."""
    address = f"{path}/" if not path.endswith("index") else path.removesuffix("index")
    shown = html.escape(title)
    return f'<a href="{base}{address}">{shown}</a>' if base else shown


def page_titles(lang: str) -> Mapping[str, str]:
    """Title of each page by its path without .md: from its own front matter, or the plan's for a section."""
    found = {}
    for path in sorted((ROOT / "docs" / lang).rglob("*.md")):
        first = path.read_text(encoding="utf-8").split("\n---", 1)[0]
        for line in first.splitlines():
            if line.startswith("title:"):
                key = str(path.relative_to(ROOT / "docs" / lang)).removesuffix(".md")
                found[key] = line.removeprefix("title:").strip().strip('"')
    for part in navigation_plan():
        for section in part["sections"]:
            number = f"{section['number']} " if "number" in section else ""
            found[section_path(part, section)] = f"{number}{section['title'][lang]}"
    return found


def releases(lang: str) -> Iterator[Entry]:
    """One entry a recorded version of the data: the claims whose status differs from the version before."""
    before: Mapping[str, str] | None = None
    for key, entity in sorted(facts.entities()["releases"].items()):
        now = {row["claim"]: row["status"] for row in entity.values["rows"]}
        when = int(datetime.fromisoformat(f"{key}T00:00:00+00:00").timestamp())
        title = word("feed-release", lang, version=entity.values["version"], day=day(key, lang))
        yield Entry(f"release {key}", title, when, release_body(before, now, lang), "book/claims/")
        before = now


def release_body(before: Mapping[str, str] | None, now: Mapping[str, str], lang: str) -> str:
    if before is None:
        return f"<p>{word('feed-first', lang, n=str(len(now)))}</p>"
    lines = []
    for claim, status in now.items():
        shown = {"claim": html.escape(statement(claim, lang)), "after": status_name(status, lang)}
        if claim not in before:
            lines.append(word("feed-new-claim", lang, **shown))
        elif before[claim] != status:
            lines.append(word("feed-status", lang, before=status_name(before[claim], lang), **shown))
    return items(lines) if lines else f"<p>{word('feed-unchanged', lang)}</p>"


def statement(claim: str, lang: str) -> str:
    """The claim in words; its id once it has gone from the ledger, or where its words carry macros."""
    entity = facts.entities()["claims"].get(claim)
    told = str(entity.values["statement"][lang]) if entity else ""
    return claim if not told or "{{" in told else told


def status_name(status: str, lang: str) -> str:
    return facts.word("claims", f"status-{status}", lang)

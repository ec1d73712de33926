"""How to cite this edition and the original: the day of the last change, the data version, BibTeX."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from calculators.evidence import NoSuchFact
from calculators.load import load_dataset
from calculators.text import day
from scripts import facts
from scripts.cached import ROOT

ORIGINAL = "sources/edge-of-intelligence"
LOCAL = ("127.0.0.1", "localhost", "")
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # BibTeX's own names, without quotes
# What BibTeX takes for markup.
SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "&%$#_"})


@dataclass(frozen=True)
class Settings:
    """Where the site and its repository are published; empty: nobody has said, and what needs it is left out."""

    site_url: str = ""
    repository: str = ""


UNSET = Settings()


def settings_of(site_url: str, lang: str, repository: str | None) -> Settings:
    """From MkDocs' configuration, whose address is that of a language; one of this machine is nobody else's."""
    own = site_url.removesuffix(f"{lang}/")
    return Settings("" if urlsplit(own).hostname in (*LOCAL, None) else own, repository or "")


def commit_epoch() -> str:
    """The commit's date as the build's date, so that two builds of one commit are alike."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "1767225600"


def commit_day() -> str:
    """The day of the last change, ISO."""
    return datetime.fromtimestamp(int(commit_epoch()), UTC).date().isoformat()


def built(what: str, lang: str) -> str:
    """Raises NoSuchFact."""
    known = {"day": lambda: day(commit_day(), lang), "data": lambda: str(load_dataset().version)}
    if what not in known:
        raise NoSuchFact(f"built({what!r}): there is no such; allowed: {', '.join(known)}")
    return known[what]()


def bibtex_block(lang: str, settings: Settings) -> str:
    """This edition and the original, as one block of code in Markdown, so that a reader copies both."""
    entries = [edition_fields(lang, settings), original_fields(lang)]
    return "\n".join(["```bibtex", "\n\n".join(entry(*one) for one in entries), "```"])


def entry(key: str, fields: Mapping[str, str]) -> str:
    """What has no value is left out."""
    lines = [f"  {name.ljust(9)} = {value}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def braced(text: str, *, name: bool = False) -> str:
    """A value; `name`: of a group, which has no first and last name."""
    return f"{{{{{text.translate(SPECIAL)}}}}}" if name else f"{{{text.translate(SPECIAL)}}}"


def edition_fields(lang: str, settings: Settings) -> tuple[str, Mapping[str, str]]:
    words = facts.words("references", lang)
    version = words["bibtex-version"].format(day=commit_day(), data=load_dataset().version)
    address = f"{settings.site_url}{lang}/" if settings.site_url else settings.repository
    fields = {
        "author": braced(words["bibtex-author"], name=True),
        "title": braced(words["bibtex-title"]),
        "year": braced(commit_day()[:4]),
        "month": MONTHS[int(commit_day()[5:7]) - 1],
        "note": braced((" " if lang == "en" else "").join([words["bibtex-note"].format(**original()), version])),
        "url": f"{{{address}}}" if address else "",
    }
    return f"edge-of-intelligence-independent-{lang}", fields


def original_fields(lang: str) -> tuple[str, Mapping[str, str]]:
    words, known = facts.strings("references"), original()
    note = words["bibtex-read"][lang].format(license=known["license"], day=known["published"])
    fields = {
        "author": braced(known["author"]),
        "title": braced(known["title"]),
        "publisher": braced(known["house"]),
        "year": braced(known["published"][:4]),
        "note": braced(note),
        "url": f"{{{known['url']}}}",
    }
    return "yamauchi-edge-of-intelligence", fields


def original() -> Mapping[str, str]:
    """The original as our source of it says."""
    values = facts.entity(ORIGINAL)
    author, _, house = str(values["publisher"]).partition(", ")
    license_ = str(values["license"]).replace("-", " ", 1).replace("-4", " 4")  # CC-BY-4.0 as its own text writes it
    told = {key: str(values[key]) for key in ("title", "url", "published")}
    return {**told, "license": license_, "author": author, "house": house}

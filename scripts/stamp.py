"""Records that a page was checked against its twin in the other language: one line a page in docs/stamps.yml.

Usage: python -m scripts.stamp [--all] [PAGE ...]     PAGE: docs/ja/demo.md (either language)
Without PAGE it lists the stale ones. A stamp holds a hash of each language; a change of either makes it stale.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from calculators.text import LANGUAGES
from scripts.cached import ROOT, files_under

DOCS = ROOT / "docs"
STAMPS = DOCS / "stamps.yml"
HEAD = """\
# Which state of each page was checked against its twin, by `make stamp PAGE=…`; never edited by hand. The first stamps
# record the state of the pages when stamps began, not a reading.
"""


def mark(path: Path) -> str:
    """10 hex digits over a page's text; spaces at the end of a line and blank lines do not count."""
    lines = (line.rstrip() for line in path.read_text(encoding="utf-8").splitlines())
    return hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()[:10]


def stamps() -> dict[str, dict[str, str]]:
    found = yaml.safe_load(STAMPS.read_text(encoding="utf-8")) if STAMPS.exists() else None
    return found or {}


def twins() -> list[str]:
    """Pages that exist in both languages, by their path below the language."""
    names = [{str(path.relative_to(DOCS / lang)) for path in files_under(DOCS / lang, "*.md")} for lang in LANGUAGES]
    return sorted(names[0] & names[1])


def now(name: str) -> dict[str, str]:
    return {lang: mark(DOCS / lang / name) for lang in LANGUAGES}


def check_stamps() -> list[str]:
    """Every page has been checked against its twin as both now stand."""
    known, pages, found = stamps(), twins(), []
    for name in pages:
        state, stamp = now(name), known.get(name)
        changed = [lang for lang in LANGUAGES if stamp and str(stamp.get(lang)) != state[lang]]
        if stamp is None:
            told = "was never checked against its twin"
        elif len(changed) == len(LANGUAGES):
            told = "has changed in both languages since the two were compared"
        elif changed:
            told = f"has changed since docs/{'ja' if changed[0] == 'en' else 'en'}/{name} was compared with it"
        else:
            continue
        page = f"docs/{changed[0] if changed else 'ja'}/{name}"
        found.append(f"{page}:1: {told}; read both, correct the other where needed, then `make stamp PAGE={page}`")
    lines = STAMPS.read_text(encoding="utf-8").splitlines() if STAMPS.exists() else []
    for name in sorted(set(known) - set(pages)):
        line = next((i for i, text in enumerate(lines, 1) if text.startswith(f"{name}:")), 1)
        found.append(f"docs/stamps.yml:{line}: {name} is no page in both languages; `make stamp` removes the line")
    return found


def renew(names: Sequence[str]) -> None:
    """Writes the stamps of some pages and drops those of pages that are gone."""
    kept = {name: stamp for name, stamp in stamps().items() if name in twins()} | {name: now(name) for name in names}
    lines = [f"{name}: {{en: '{stamp['en']}', ja: '{stamp['ja']}'}}\n" for name, stamp in sorted(kept.items())]
    STAMPS.write_text(HEAD + "".join(lines), encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.stamp", description=str(__doc__).splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every page, after the two languages were read side by side")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="docs/en/… or docs/ja/…")
    given = parser.parse_args(argv)
    names = []
    for page in given.pages:
        name = page.removeprefix("./").removeprefix("docs/").partition("/")[2]
        if name not in twins():
            text = f"{page} is no page in both languages; allowed: docs/en/… or docs/ja/… with a twin; correct the path"
            print(f"stamp: {text}", file=sys.stderr)
            return 2
        names.append(name)
    renew(twins() if given.all else names)
    for line in () if given.pages or given.all else check_stamps():
        print(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

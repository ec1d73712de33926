"""The fast checks before a pull request: data, facts, translations, prose, links, plan; with --all also code.

Usage: python -m scripts.check [--all] [NAME ...]
Each finding is one line `file:line: what is wrong`. A check is skipped when nothing that it reads has changed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from calculators.data_files import DATA, BadData, read_all
from calculators.text import LANGUAGES
from scripts import facts
from scripts.cached import ROOT, files_under, hash_of
from scripts.macros import navigation_plan, section_path

DOCS = ROOT / "docs"
DONE = ROOT / ".cache" / "checks"
HEADING = re.compile(r"^(#{2,6}) .*?(?:\{#([a-z0-9-]+)\})?\s*$")
MACRO = re.compile(r"\{\{.*?\}\}")
BOUND = re.compile(r"\{\{ *((?:v|minus|gap_end|ratio|days|default|table|chart|src)\(.*?\)) *\}\}")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Names hold digits: GPT-5.2, K2.5, v4.1, "Opus 4.5", "Part 1", "CC BY 4.0". Quantities stand by themselves.
NAME = re.compile(
    r"[A-Za-z][\w.-]*\d[\w.-]*|\d+[A-Za-z]+-\w+|(?:[A-Z][\w-]*) \d+(?:\.\d+)*(?: [A-Z]\w*)?|v\d[\d.]*|CC BY 4\.0|第\d部"
)
QUANTITY = re.compile(r"[0-9０-９]")


def pages(lang: str) -> list[Path]:
    return files_under(DOCS / lang, "*.md")


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of prose: without front matter and code blocks."""
    fence = matter = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line == "---" and (number == 1 or matter):
            matter = not matter
            continue
        if line.lstrip().startswith("```"):
            fence = not fence
            continue
        if not (fence or matter):
            yield number, line


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def check_data() -> list[str]:
    """Schema, references, what a schema cannot say."""
    try:
        read_all()
    except BadData as bad:
        return [str(problem) for problem in bad.problems]
    return []


def check_translations() -> list[str]:
    """Both trees hold the same pages; twins agree in headings, bound facts and links."""
    found: list[str] = []
    names = {lang: {path.relative_to(DOCS / lang) for path in pages(lang)} for lang in LANGUAGES}
    for lang, other in (("en", "ja"), ("ja", "en")):
        for name in sorted(names[lang] - names[other]):
            found.append(f"docs/{lang}/{name}:1: has no twin; write docs/{other}/{name}")
    for name in sorted(names["en"] & names["ja"]):
        twins = [DOCS / lang / name for lang in ("en", "ja")]
        heads = [list(headings(path)) for path in twins]
        for one, two in zip(*heads, strict=False):
            if one[1:] != two[1:]:
                here, there = (f"{'#' * level} {{#{anchor}}}" for _, level, anchor in (two, one))
                text = f"heading is {here}, but line {one[0]} of the twin has {there}; use the same ids in order"
                found.append(f"{shown(twins[1])}:{two[0]}: {text}")
                break
        else:
            if len(heads[0]) != len(heads[1]):
                found.append(f"{shown(twins[1])}:1: has {len(heads[1])} headings, its twin {len(heads[0])}")
        for kind, pattern in (("bound fact", BOUND), ("link", LINK)):
            uses = [Counter(x for _, line in lines_of(path) for x in pattern.findall(line)) for path in twins]
            for index, path in enumerate(twins):
                for item, count in (uses[1 - index] - uses[index]).items():
                    found.append(
                        f"{shown(path)}:1: {kind} {item} stands {count} time(s) more in its twin; use it here, too"
                    )
    return found


def headings(path: Path) -> Iterator[tuple[int, int, str]]:
    """(line, level, id) of each heading below the title."""
    for number, line in lines_of(path):
        match = HEADING.match(line)
        if match:
            yield number, len(match[1]), match[2] or ""


def check_prose() -> list[str]:
    """Headings carry ids; no number stands in the book without a source; Japanese punctuation is Japanese."""
    found: list[str] = []
    for lang in LANGUAGES:
        for path in pages(lang):
            for number, level, anchor in headings(path):
                if not anchor:
                    found.append(
                        f"{shown(path)}:{number}: heading of level {level} has no id; end it with {{#some-id}}"
                    )
            in_book = path.is_relative_to(DOCS / lang / "book")
            for number, line in lines_of(path):
                plain = re.sub(r"`[^`]*`|\]\([^)]*\)|\{#[^}]*\}", "", MACRO.sub("", line))
                if in_book and QUANTITY.search(NAME.sub("", re.sub(r"^\s*\d+\. ", "", plain))):
                    token = re.search(r"\S*[0-9０-９]\S*", NAME.sub("", plain))
                    found.append(
                        f'{shown(path)}:{number}: "{token[0] if token else ""}" is a number without a source; put '
                        'it into data/facts/ and write {{ v("facts/<id>") }}'
                    )
                if lang == "ja" and re.search(r"[ぁ-んァ-ヶ一-龠]\s*[,;!?](?:\s|$)|[ぁ-ん]\.(?:\s|$)", plain):
                    found.append(f"{shown(path)}:{number}: half-width punctuation after Japanese; use 、。！？")
    return found


def check_facts() -> list[str]:
    """What a page binds exists in data/: {{ v("facts/…") }}, {{ name("models/…") }}, {{ src("…") }} and the like."""
    found: list[str] = []
    facts.refresh()
    for lang in LANGUAGES:
        for path in pages(lang):
            for number, line in lines_of(path):
                for macro, arguments in re.findall(r"\{\{ *(\w+)\((.*?)\) *\}\}", re.sub(r"`[^`]*`", "", line)):
                    named = re.findall(r'"([^"]*)"', arguments)
                    try:
                        missing(macro, named)
                    except (facts.NoSuchFact, BadData) as bad:
                        found.append(f"{shown(path)}:{number}: {bad}")
    return found


def missing(macro: str, named: list[str]) -> None:
    """Raises NoSuchFact if a macro names what data/ does not hold."""
    if macro == "v":
        facts.fact(*named)
    elif macro in ("minus", "gap_end"):
        facts.difference(*named[:2], across=True)  # the build refuses two harnesses unless the text names both
    elif macro in ("ratio", "days"):
        for name in named:
            facts.fact(name)
    elif macro == "name":
        facts.entity(named[0])
    elif macro in ("src", "default"):
        facts.entity({"src": "sources/", "default": "parameters/"}[macro] + named[0])


def check_links() -> list[str]:
    """Relative links lead to pages and headings that exist."""
    found: list[str] = []
    for lang in LANGUAGES:
        for path in pages(lang):
            for number, line in lines_of(path):
                for target in LINK.findall(line):
                    if re.match(r"[a-z]+:", target):
                        continue
                    name, _, anchor = target.partition("#")
                    page = (path.parent / name).resolve() if name else path
                    if not page.exists():
                        found.append(f"{shown(path)}:{number}: link to {target}: there is no such file")
                    elif anchor and anchor not in anchors(page):
                        found.append(f"{shown(path)}:{number}: link to {target}: there is no heading {{#{anchor}}}")
    return found


def check_plan() -> list[str]:
    """docs/nav.yml: slugs are kebab-case and unique; a section is written in both languages or in neither."""
    found: list[str] = []
    seen: set[str] = set()
    lines = (DOCS / "nav.yml").read_text(encoding="utf-8").splitlines()
    for part in navigation_plan():
        for section in part["sections"]:
            slug, status = section["slug"], section["status"]
            where = next(n for n, line in enumerate(lines, 1) if f"slug: {slug}," in line)
            if slug in seen or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
                found.append(f"docs/nav.yml:{where}: slug {slug}: allowed: kebab-case, and no slug twice")
            seen.add(slug)
            path = f"{section_path(part, section)}.md"
            there = [lang for lang in LANGUAGES if (DOCS / lang / path).exists()]
            if status not in ("written", "planned") or bool(there) != (status == "written"):
                state = f"{path} exists in {', '.join(there)}" if there else f"there is no {path}"
                found.append(
                    f"docs/nav.yml:{where}: {slug}: status is {status}, but {state}; allowed: written, planned"
                )
    return found


def anchors(page: Path) -> set[str]:
    marked = re.findall(r'id="([^"]+)"', page.read_text(encoding="utf-8"))
    return {*(anchor for _, _, anchor in headings(page)), *marked}


def tool(*command: str) -> Callable[[], list[str]]:
    """A check that is somebody else's program: its output is the finding."""

    def check() -> list[str]:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines() if done.returncode else []

    return check


BIN = Path(sys.executable).parent
PYTHON_CODE = [ROOT / name for name in ("calculators", "scripts", "tests")]
CHECKS: dict[str, Callable[[], list[str]]] = {
    "data": check_data,
    "facts": check_facts,
    "translations": check_translations,
    "prose": check_prose,
    "links": check_links,
    "plan": check_plan,
}
CODE_CHECKS: dict[str, Callable[[], list[str]]] = {
    "ruff": tool(str(BIN / "ruff"), "check", "--quiet", "--output-format", "concise", *map(str, PYTHON_CODE)),
    "format": tool(str(BIN / "ruff"), "format", "--check", "--quiet", *map(str, PYTHON_CODE)),
    "mypy": tool(sys.executable, "-m", "mypy"),
    "tsc": tool(str(BIN / "node"), "node_modules/typescript/bin/tsc", "--noEmit"),
}


def inputs(name: str) -> list[Path]:
    """What a check reads."""
    own = [Path(__file__), ROOT / "pyproject.toml", ROOT / "tsconfig.json"]
    if name in CODE_CHECKS:
        code = [path for folder in PYTHON_CODE for path in files_under(folder, "*.py")]
        modules = [*files_under(DOCS / "_theme" / "modules"), *files_under(ROOT / "scripts", "*.mjs")]
        return [*own, *(modules if name == "tsc" else code)]
    if name in ("data", "facts"):
        prose = [path for lang in LANGUAGES for path in pages(lang)] if name == "facts" else []
        own += [*prose, ROOT / "scripts" / "facts.py"]
        return [*own, *files_under(DATA), *files_under(ROOT / "calculators", "data_files.py")]
    return [*own, DOCS / "nav.yml", *(path for lang in LANGUAGES for path in pages(lang))]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.check", description=str(__doc__).splitlines()[0])
    parser.add_argument("--all", action="store_true", help="also the checks of the code")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join([*CHECKS, *CODE_CHECKS])}")
    arguments = parser.parse_args(argv)
    every = CHECKS | CODE_CHECKS
    unknown = [name for name in arguments.names if name not in every]
    if unknown:
        print(f"check: there is no check {unknown[0]}; allowed: {', '.join(every)}", file=sys.stderr)
        return 2
    names = arguments.names or list(every if arguments.all else CHECKS)
    DONE.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in names:
        if failed and name == "facts" and "data" in names:
            # What reads data/ would repeat its problems page by page.
            print("check: facts: waits until data is fine", file=sys.stderr)
            continue
        mark = DONE / f"{name}-{hash_of(inputs(name))}"
        if mark.exists():
            print(f"check: {name}: nothing changed", file=sys.stderr)
            continue
        started = time.monotonic()
        found = every[name]()
        for line in found:
            print(line)
        if not found:
            for old in DONE.glob(f"{name}-*"):
                old.unlink()
            mark.touch()
        failed |= bool(found)
        result = f"{len(found)} finding(s)" if found else "fine"
        print(f"check: {name}: {result} ({time.monotonic() - started:.1f} s)", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())

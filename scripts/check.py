"""The fast checks before a pull request: data, pages, prose, links, plan; with --all also code.

Usage: python -m scripts.check [--all] [NAME ...]
Each finding is one line `file:line: what is wrong, what is allowed, what to do`; where GITHUB_ACTIONS is set also as an
annotation. A check is skipped when nothing that it reads has changed. Exit 0: fine; 1: findings; 2: bad input.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from calculators.data_files import DATA, BadData, parse, read_all, read_text
from calculators.evidence import evaluate
from calculators.text import LANGUAGES
from scripts import facts, house, twins
from scripts.book_texts import data_texts
from scripts.cached import ROOT, files_under, hash_of, write_at_once
from scripts.claims_check import check_claims
from scripts.figures import check_figures
from scripts.github import GITHUB, check_github
from scripts.glossary_terms import FirstUses
from scripts.impact import changed_since
from scripts.loose_numbers import allowed, bad_entries, loose_numbers, sentence_for
from scripts.macros import navigation_plan, page_functions, section_path
from scripts.notebooks_check import check_notebooks
from scripts.page_text import BOUND, blank, expressions, line_at, prose_of
from scripts.prose_style import check_style
from scripts.stamp import STAMPS, check_stamps

DOCS = ROOT / "docs"
DONE = ROOT / ".cache" / "checks"
HEADING = re.compile(r"^(#{2,6}) .*?(?:\{#([a-z0-9-]+)\})?\s*$")
HALF_WIDTH = re.compile(r"[ぁ-んァ-ヶ一-龠][ \t]*[,;!?](?:\s|$)|[ぁ-ん]\.(?:\s|$)", re.MULTILINE)
SLOT = re.compile(r"\{[a-z][\w.]*\}")  # of a reactive sentence
PLAN_IDS = re.compile(r"#.*|\b(?:id|slug|path|number|status): (?:\"[^\"]*\"|[\w/-]+)")
LINK = twins.LINK


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
    """Both trees hold the same pages; twins agree in headings, and each section in what it binds and links to."""
    found: list[str] = []
    names = {lang: {path.relative_to(DOCS / lang) for path in pages(lang)} for lang in LANGUAGES}
    for lang, other in (("en", "ja"), ("ja", "en")):
        for name in sorted(names[lang] - names[other]):
            found.append(f"docs/{lang}/{name}:1: has no twin; write docs/{other}/{name}")
    for name in sorted(names["en"] & names["ja"]):
        english, japanese = (DOCS / lang / name for lang in LANGUAGES)
        heads = [list(headings(path)) for path in (english, japanese)]
        for one, two in zip(*heads, strict=False):
            if one[1:] != two[1:]:
                here, there = (f"{'#' * level} {{#{anchor}}}" for _, level, anchor in (two, one))
                text = f"heading is {here}, but line {one[0]} of the twin has {there}; use the same ids in order"
                found.append(f"{shown(japanese)}:{two[0]}: {text}")
                break
        else:
            if len(heads[0]) != len(heads[1]):
                text = f"has {len(heads[1])} headings, its twin {len(heads[0])}; use the same ids in order"
                found.append(f"{shown(japanese)}:1: {text}")
        texts = [(shown(path), path.read_text(encoding="utf-8")) for path in (english, japanese)]
        found += twins.unlike((texts[0], texts[1]))
    for pair in data_texts():
        for said, twin in (pair, pair[::-1]):
            for macro, _ in twins.lacking(said.text, twin.text, twins.bound):
                found.append(f"{said.file}:{said.line}: {said.field} lacks bound {macro} of its twin; use it here, too")
    return found


def headings(path: Path) -> Iterator[tuple[int, int, str]]:
    """(line, level, id) of each heading below the title."""
    for number, line in lines_of(path):
        match = HEADING.match(line)
        if match:
            yield number, len(match[1]), match[2] or ""


def check_prose() -> list[str]:
    """Headings carry ids; no number stands in the book without a source; Japanese punctuation is Japanese."""
    found, but = list(bad_entries()), allowed()
    for lang in LANGUAGES:
        for path in pages(lang):
            for number, level, anchor in headings(path):
                if not anchor:
                    found.append(
                        f"{shown(path)}:{number}: heading of level {level} has no id; end it with {{#some-id}}"
                    )
            text = path.read_text(encoding="utf-8")
            prose = prose_of(text)
            if path.is_relative_to(DOCS / lang / "book"):
                found += loose(shown(path), 1, prose, but)
            for match in HALF_WIDTH.finditer(prose) if lang == "ja" else ():
                place = f"{shown(path)}:{line_at(text, match.start())}"
                found.append(f"{place}: half-width punctuation after Japanese; use 、。！？")
    found += loose("docs/nav.yml", 1, PLAN_IDS.sub(lambda m: blank(m[0]), (DOCS / "nav.yml").read_text("utf-8")), but)
    for pair in data_texts():
        for said in pair:
            found += loose(said.file, said.line, prose_of(SLOT.sub(BOUND, said.text)), but)
    return found


def loose(file: str, first: int, prose: str, but: re.Pattern[str]) -> list[str]:
    """A finding for each number in prose that nothing binds; `first`: the file's line where the prose begins."""
    return [
        f"{file}:{first - 1 + line_at(prose, offset)}: {sentence_for(token)}"
        for offset, token in loose_numbers(prose, but)
    ]


def check_facts() -> list[str]:
    """Every {{ … }} of a page or a text of the book has a value; each is tried once for a state of data and code."""
    found: list[str] = []
    facts.refresh()
    texts = [(shown(path), 1, lang, path.read_text(encoding="utf-8")) for lang in LANGUAGES for path in pages(lang)]
    texts += [(text.file, text.line, text.lang, text.text) for pair in data_texts() for text in pair]
    state, kept = hash_of([DOCS / "nav.yml", *files_under(DATA), *code_of_expressions()]), DONE / "facts.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    tried = {*before["fine"]} if before.get("state") == state else set()
    fine: set[str] = set()
    for lang in LANGUAGES:
        functions = page_functions(lang, lambda: "", as_text=True)
        for file, first, _, text in (entry for entry in texts if entry[2] == lang):
            for expression in expressions(text):
                key = f"{lang} {expression.text}"
                line = first - 1 + line_at(text, expression.offset)
                try:
                    if key not in tried:
                        str(evaluate(expression.text, functions))
                    fine.add(key)
                    tried.add(key)
                except (facts.NoSuchFact, BadData) as bad:
                    found.append(f"{file}:{line}: {bad}")
                except Exception as bad:  # whatever a macro raises, its author needs the place
                    found.append(f"{file}:{line}: {expression.text}: {type(bad).__name__}: {bad}")
    write_at_once(kept, json.dumps({"state": state, "fine": sorted(fine)}))
    return found


def check_terms() -> list[str]:
    """The first use of a glossary term on a page of the book gives its definition."""
    found: list[str] = []
    glossary = {
        path.stem: parse(read_text(path, shown(path)), shown(path)).values
        for path in files_under(DATA / "glossary", "*.yml")
    }
    for lang in LANGUAGES:
        uses = FirstUses(glossary, lang)
        for path in pages(lang):
            if path.is_relative_to(DOCS / lang / "book"):
                for line, words, term in uses.unbound(path.read_text(encoding="utf-8")):
                    text = f'"{words}" is a glossary term at its first use; write {{{{ term("{term}", "{words}") }}}}'
                    found.append(f"{shown(path)}:{line}: {text}")
    return found


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
                    place = f"{shown(path)}:{number}: link to {target}"
                    if not page.exists():
                        found.append(f"{place}: there is no such file; allowed: a path from this page; correct it")
                    elif anchor and anchor not in anchors(page):
                        told = f"there is no heading {{#{anchor}}}; allowed: an id of that page; correct it"
                        found.append(f"{place}: {told}")
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
PYTHON_CODE = [ROOT / name for name in ("calculators", "notebooks", "scripts", "tests")]
CHECKS: dict[str, Callable[[], list[str]]] = {
    "data": check_data,
    "facts": check_facts,
    "translations": check_translations,
    "prose": check_prose,
    "terms": check_terms,
    "links": check_links,
    "plan": check_plan,
    "claims": check_claims,
    "figures": check_figures,
    "style": check_style,
    "stamps": check_stamps,
    "hosts": house.check_hosts,
    "words": house.check_words,
    "markup": house.check_markup,
    "assets": house.check_assets,
    "licenses": house.check_licenses,
    "github": check_github,
    "notebooks": check_notebooks,
}
CODE_CHECKS: dict[str, Callable[[], list[str]]] = {
    "ruff": tool(str(BIN / "ruff"), "check", "--quiet", "--output-format", "concise", *map(str, PYTHON_CODE)),
    "format": tool(str(BIN / "ruff"), "format", "--check", "--quiet", *map(str, PYTHON_CODE)),
    "mypy": tool(sys.executable, "-m", "mypy"),
    "tsc": tool(str(BIN / "node"), "node_modules/typescript/bin/tsc", "--noEmit"),
}

# What mostly waits for a program of its own.
PROGRAMS = ("style", "github", *CODE_CHECKS)


def code_of_expressions() -> list[Path]:
    """An expression may call any part of the engine, a macro any script that writes pages."""
    return [path for folder in ("calculators", "scripts") for path in files_under(ROOT / folder, "*.py")]


def inputs(name: str) -> list[Path]:
    """What a check reads."""
    own = [Path(__file__), ROOT / "pyproject.toml", ROOT / "tsconfig.json"]
    if name == "github":
        recipe = [ROOT / "scripts" / file for file in ("github.py", "workflows.mjs")]
        return [*own, *recipe, *files_under(GITHUB), ROOT / "Makefile", ROOT / "mkdocs.yml"]
    if name in ("hosts", "words", "markup", "assets", "licenses"):
        top = [path for top in (*house.TOP, "NOTICE") if (path := ROOT / top).exists()]
        return [*own, *top, *(path for folder in house.TRACKED for path in files_under(ROOT / folder))]
    if name == "stamps":
        return [
            *own,
            ROOT / "scripts" / "stamp.py",
            *files_under(DOCS, STAMPS.name),
            *(path for lang in LANGUAGES for path in pages(lang)),
        ]
    if name in CODE_CHECKS:
        code = [path for folder in PYTHON_CODE for path in files_under(folder, "*.py")]
        modules = [*files_under(DOCS / "_theme" / "modules"), *files_under(ROOT / "scripts", "*.mjs")]
        return [*own, *(modules if name == "tsc" else code)]
    if name == "data":
        return [*own, *files_under(DATA), *files_under(ROOT / "calculators", "*.py")]
    own += [DOCS / "nav.yml", DOCS / "numbers-allowed.yml", *(path for lang in LANGUAGES for path in pages(lang))]
    own += [
        ROOT / "scripts" / f"{module}.py"
        for module in ("book_texts", "page_text", "loose_numbers", "twins", "glossary_terms")
    ]
    if name in ("facts", "claims", "figures"):
        own += code_of_expressions()
    if name == "notebooks":
        own += [
            *files_under(ROOT / "notebooks"),
            *(ROOT / "scripts" / name for name in ("notebooks.py", "notebooks_check.py")),
        ]
    if name == "style":
        own += [
            *files_under(DOCS / "_prose"),
            *files_under(ROOT / "scripts", "prose_style.*"),
            ROOT / "package-lock.json",
        ]
    return own if name in ("links", "plan") else [*own, *files_under(DATA)]


def run(name: str) -> list[str] | None:
    """The findings of a check; None if nothing that it reads has changed since it was fine."""
    mark = DONE / f"{name}-{hash_of(inputs(name))}"
    if mark.exists():
        return None
    found = (CHECKS | CODE_CHECKS)[name]()
    if not found:
        DONE.mkdir(parents=True, exist_ok=True)
        for old in DONE.glob(f"{name}-*"):
            old.unlink(missing_ok=True)
        mark.touch()
    return found


def annotation(finding: str, name: str) -> str:
    """A finding as GitHub shows it beside the line of a pull request."""
    place = re.match(r"(.+?):(\d+):(?:\d+:)? (.*)", finding.removeprefix(f"{ROOT}/"))
    file, line, text = place.groups() if place else ("", "", finding)
    # What a stranger wrote must not end the command.
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    file = file.replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
    where = f"file={file},line={line}," if file else ""
    return f"::error {where}title=check {name}::{text}"


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
    failed: set[str] = set()
    # Two at a time, as machines have two processors at least: ours here, programs of their own beside them.
    with ThreadPoolExecutor(1) as beside:
        begun = {name: beside.submit(timed, name) for name in names if name in PROGRAMS}
        moved = None
        for name in names:
            if "data" in failed and name in ("facts", "terms", "claims", "figures"):
                # What reads data/ would repeat its problems page by page.
                print(f"check: {name}: waits until data is fine", file=sys.stderr)
                continue
            found, seconds = begun[name].result() if name in begun else timed(name)
            if found:
                failed.add(name)
            told(name, found, seconds)
            if name == ("data" if "data" in names else names[-1]) and "claims" in names and "data" not in failed:
                moved = beside.submit(impact)
        if moved:
            print(moved.result(), end="", file=sys.stderr)
    return int(bool(failed))


def timed(name: str) -> tuple[list[str] | None, float]:
    """What `run` gives, and the seconds that it took."""
    started = time.monotonic()
    return run(name), time.monotonic() - started


def told(name: str, found: list[str] | None, seconds: float) -> None:
    """Prints what a check has found."""
    if found is None:
        print(f"check: {name}: nothing changed", file=sys.stderr)
        return
    for line in found:
        print(line)
        if os.environ.get("GITHUB_ACTIONS"):
            print(annotation(line, name))
    result = f"{len(found)} finding(s)" if found else "fine"
    print(f"check: {name}: {result} ({seconds:.1f} s)", file=sys.stderr)


def impact() -> str:
    """What a changed figure changes for readers: told, not judged. Empty if no data has changed."""
    if not changed_since("HEAD"):
        return ""
    done = subprocess.run([sys.executable, "-m", "scripts.impact"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout + done.stderr


if __name__ == "__main__":
    raise SystemExit(main())

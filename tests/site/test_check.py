"""`make check` names each mistake with its file and line. Real pages are spoiled in a copy."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check import CHECKS, inputs
from tests.site.copies import copy_of_repository

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_repository(tmp_path_factory.mktemp("repository"))


def check(home: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.check", *names]
    return subprocess.run(command, cwd=home, capture_output=True, text=True)


def test_the_real_tree_is_fine_and_a_second_run_skips_it(copy: Path) -> None:
    first, second = check(copy), check(copy)
    assert first.returncode == 0, first.stdout
    assert second.stderr.count("nothing changed") == len(CHECKS)


PAGE = "docs/ja/book/part-1/gap-vanished.md"


@pytest.mark.parametrize(
    ("name", "page", "old", "new", "sentence"),
    [
        ("translations", PAGE, "{#tie}", "{#draw}", "but line"),
        ("translations", "docs/ja/book/index.md", "](", "](index.md) [...](", "lacks link index.md"),
        (
            "facts",
            PAGE,
            "facts/aa-interval",
            "facts/aa-intervall",
            "there is no file data/facts/aa-intervall.yml",
        ),
        ("facts", PAGE, "v4.0#glm-5", "v4.0#glm-50", "0 rows"),
        ("facts", PAGE, 'src("edge-of-intelligence")', 'src("edge")', "there is no file data/sources/edge.yml"),
        ("prose", PAGE, "## ", "正答率は77.8%だった。\n\n## ", '"77.8%" is a number without a source'),
        ("prose", PAGE, "## ", "課題は５００件ある。\n\n## ", "is a number without a source"),
        ("prose", PAGE, "{#tie}", "", "has no id"),
        ("prose", PAGE, "## ", "そうだろうか?\n\n## ", "half-width punctuation"),
        ("prose", "data/claims/burst-count.yml", 'en: "', 'en: "Forty. ', '"Forty" is a number without a source'),
        ("prose", "docs/nav.yml", 'title: {en: "', 'title: {en: "Twelve ', '"Twelve" is a number without a source'),
        (
            "translations",
            "data/claims/burst-count.yml",
            'en: "',
            'en: "{{ v(\\"facts/aa-interval\\") }} ',
            "statement.ja lacks",
        ),
        (
            "facts",
            "data/claims/burst-count.yml",
            'en: "',
            'en: "{{ v(\\"facts/no\\") }} ',
            "there is no file data/facts/no.yml",
        ),
        ("facts", PAGE, "## ", '{{ calc("cost", model="glm").payback_month }}\n\n## ', "のことでしょうか"),
        ("facts", PAGE, "## ", "{{ v('facts/aa-interval' }}\n\n## ", "unexpected end of template"),
        (
            "terms",
            PAGE,
            "## ",
            "パレートフロントを見る。\n\n## ",
            'write {{ term("pareto-front", "パレートフロント") }}',
        ),
        ("links", "docs/en/index.md", "(demo.md)", "(demos.md)", "link to demos.md: there is no such file"),
        ("links", "docs/en/index.md", "(demo.md)", "(demo.md#gone)", "there is no heading {#gone}"),
        ("plan", "docs/nav.yml", "slug: evidence,", "slug: Evidence,", "kebab-case"),
        ("plan", "docs/nav.yml", "status: written}", "status: planned}", "status is planned, but book/part-1/"),
        ("plan", "docs/nav.yml", "slug: evidence,", "slug: no-such,", "status is written, but there is no"),
    ],
)
def test_a_mistake_is_told_with_its_place(copy: Path, name: str, page: str, old: str, new: str, sentence: str) -> None:
    file = copy / page
    good = file.read_text(encoding="utf-8")
    assert old in good
    file.write_text(good.replace(old, new, 1), encoding="utf-8")
    try:
        done = check(copy, name)
    finally:
        file.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    found = [line for line in done.stdout.splitlines() if sentence in line]
    assert found and re.match(r"(?:docs|data)/[\w/.-]+:\d+: ", found[0]), done.stdout


HEADING = re.compile(r"^##.*\{#([a-z0-9-]+)\}$", re.MULTILINE)
BOUND = re.compile(r"\{\{ v\(\"facts/[^\"]+\"\) \}\}")


def without(text: str, start: int, end: int) -> str:
    return text[:start] + text[end:]


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("what", ["dropped", "moved", "changed", "respelled"])
def test_a_section_that_binds_something_else_is_told_at_its_heading(copy: Path, lang: str, what: str) -> None:
    """The first bound fact after a heading is dropped, moved to the page's end, replaced, or only written otherwise."""
    file = copy / "docs" / lang / "book" / "part-1" / "gap-vanished.md"
    good = file.read_text(encoding="utf-8")
    heads = list(HEADING.finditer(good))
    macro = BOUND.search(good, heads[0].end())
    assert macro is not None
    here = [head for head in heads if head.start() < macro.start()][-1]
    other = (
        macro[0].replace("facts/", "facts/other-")
        if what == "changed"
        else macro[0].replace('"', "'").replace(" ", "  ")
    )
    bad = without(good, *macro.span())
    if what == "moved":
        bad += f"\n{macro[0]}\n"
    elif what in ("changed", "respelled"):
        bad = good[: macro.start()] + other + good[macro.end() :]
    file.write_text(bad, encoding="utf-8")
    try:
        found = check(copy, "translations").stdout.splitlines()
    finally:
        file.write_text(good, encoding="utf-8")
    mine = [line for line in found if "gap-vanished.md" in line]
    if what == "respelled":
        assert mine == []
        return
    page = f"docs/{lang}/book/part-1/gap-vanished.md"
    line = good.count("\n", 0, here.start()) + 1
    assert [x for x in mine if x.startswith(f"{page}:{line}: section {{#{here[1]}}} lacks bound {macro[0]}")], mine
    # What is there too much is missing in the twin.
    assert len(mine) == (1 if what == "dropped" else 2)


def test_a_term_of_the_twin_is_told(copy: Path) -> None:
    page = copy / "docs" / "en" / "book" / "index.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(f'{good}\n{{{{ term("roofline") }}}}\n', encoding="utf-8")
    try:
        done = check(copy, "translations")
    finally:
        page.write_text(good, encoding="utf-8")
    assert 'docs/ja/book/index.md:1: lacks {{ term("roofline") }}' in done.stdout


def test_a_page_without_a_twin_is_told(copy: Path) -> None:
    page = copy / "docs" / "en" / "lonely.md"
    page.write_text("---\ntitle: Lonely\n---\n\n# Lonely\n", encoding="utf-8")
    try:
        done = check(copy, "translations")
    finally:
        page.unlink()
    assert "docs/en/lonely.md:1: has no twin; write docs/ja/lonely.md" in done.stdout.splitlines()


def test_an_unknown_check_is_bad_input(copy: Path) -> None:
    done = check(copy, "spelling")
    assert done.returncode == 2 and "there is no check spelling; allowed: data," in done.stderr


def test_the_check_of_the_data_runs_again_when_what_it_checks_with_has_changed() -> None:
    read = inputs("data")
    for module in ("claim_checks", "figure_checks", "sentence_checks", "answer", "own_device"):
        assert ROOT / "calculators" / f"{module}.py" in read

"""`make check` names each mistake with its file and line. Real pages are spoiled in a copy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("repository")
    for name in ("calculators", "data", "docs", "scripts"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tsconfig.json"):
        shutil.copy(ROOT / name, home / name)
    return home


def check(home: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.check", *names]
    return subprocess.run(command, cwd=home, capture_output=True, text=True)


def test_the_real_tree_is_fine_and_a_second_run_skips_it(copy: Path) -> None:
    first, second = check(copy), check(copy)
    assert first.returncode == 0, first.stdout
    assert second.stderr.count("nothing changed") == 6


PAGE = "docs/ja/book/part-1/gap-vanished.md"


@pytest.mark.parametrize(
    ("name", "page", "old", "new", "sentence"),
    [
        ("translations", PAGE, "{#tie}", "{#draw}", "but line"),
        ("translations", PAGE, '{{ v("facts/aa-interval") }}', "同点", "bound fact"),
        (
            "facts",
            PAGE,
            "facts/aa-interval",
            "facts/aa-intervall",
            "there is no file data/facts/aa-intervall.yml",
        ),
        ("facts", PAGE, "v4.0#glm-5", "v4.0#glm-50", "0 rows"),
        ("facts", PAGE, 'src("edge-of-intelligence")', 'src("edge")', "there is no file data/sources/edge.yml"),
        ("prose", PAGE, "## ", "正答率は77.8%だった。\n\n## ", '"正答率は77.8%だった。" is a number without a source'),
        ("prose", PAGE, "## ", "課題は５００件ある。\n\n## ", "is a number without a source"),
        ("prose", PAGE, "{#tie}", "", "has no id"),
        ("prose", PAGE, "## ", "そうだろうか?\n\n## ", "half-width punctuation"),
        ("links", "docs/en/index.md", "(demo.md)", "(demos.md)", "link to demos.md: there is no such file"),
        ("links", "docs/en/index.md", "(demo.md)", "(demo.md#gone)", "there is no heading {#gone}"),
        ("plan", "docs/nav.yml", "slug: evidence,", "slug: Evidence,", "kebab-case"),
        ("plan", "docs/nav.yml", "status: planned", "status: written", "status is written, but there is no"),
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
    assert found and re.match(r"docs/[\w/.-]+:\d+: ", found[0]), done.stdout


def test_a_page_without_a_twin_is_told(copy: Path) -> None:
    page = copy / "docs" / "en" / "lonely.md"
    page.write_text("---\ntitle: Lonely\n---\n\n# Lonely\n", encoding="utf-8")
    try:
        done = check(copy, "translations")
    finally:
        page.unlink()
    assert done.stdout.strip() == "docs/en/lonely.md:1: has no twin; write docs/ja/lonely.md"


def test_an_unknown_check_is_bad_input(copy: Path) -> None:
    done = check(copy, "spelling")
    assert done.returncode == 2 and "there is no check spelling; allowed: data," in done.stderr

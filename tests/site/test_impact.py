"""One figure in one file moves sentences, figures and claims, and the report says which, in which language."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.impact_texts import of_page
from tests.site.copies import copy_of_repository

PRICE = "data/prices/glm-5.z-ai.yml"
CONDITION, TURNED = "holds: 'now == written'", "holds: 'now > written'"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = copy_of_repository(tmp_path_factory.mktemp("repository"))
    git(home, "init", "-q")
    commit(home)
    return home


def git(home: Path, *command: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *command], cwd=home, check=True)


def commit(home: Path) -> None:
    git(home, "add", "--", "calculators", "data", "docs", "scripts", "mkdocs.yml", "pyproject.toml")
    git(home, "commit", "-qm", "state")


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=home, capture_output=True, text=True)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file}: {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_one_commit_flips_one_claim_and_nothing_else(copy: Path) -> None:
    """The condition of a claim on which no other rests is turned round; both commits are evaluated."""
    edit(copy / "data/claims/burst-count.yml", CONDITION, TURNED)
    commit(copy)
    try:
        done = run(copy, "scripts/impact.py", "HEAD~1", "HEAD")
    finally:
        git(copy, "reset", "-q", "--hard", "HEAD~1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[2].startswith("**1 claim changes, 1 flips**; "), done.stdout
    assert lines[2].endswith(" Japanese), 1 value")
    flipped = [line for line in lines if line.startswith("- **flips** `data/claims/burst-count.yml:1`: `holds")]
    assert len(flipped) == 1 and "→ `overturned" in flipped[0]
    assert "reword it in both languages" in flipped[0]
    assert [line for line in lines if line.startswith("### ")] == ["### Claims", "### Sentences", "### Values"]
    # The sentences are those that count claims by status: one fewer holds, one more is overturned.
    counts = [line for line in lines if line.startswith("- `docs/")]
    assert counts and len([line for line in counts if "docs/en/" in line]) * 2 == len(counts)
    for line in counts:
        before, after = ([int(n) for n in re.findall(r"\d+", side)] for side in line.partition(": ")[2].split(" → "))
        moved = [after[i] - before[i] for i in range(len(before)) if after[i] != before[i]]
        assert moved == [-1, 1], line


def test_a_new_price_is_seen_wherever_it_counts_and_the_check_tells_it(copy: Path) -> None:
    edit(copy / PRICE, "out: 3.20", "out: 9.60")
    try:
        checked = run(copy, "-m", "scripts.check", "data", "claims")
    finally:
        git(copy, "checkout", "-q", "--", "data")
    # The claim's sentence was written for another status: the check fails, and tells what else has changed.
    assert checked.returncode == 1
    assert "data/claims/output-price-ratio.yml" in checked.stdout
    report = checked.stderr[checked.stderr.index("## What changes") :]
    assert re.search(r"^\*\*\d+ claims change, \d+ flips?\*\*; .*sentences \(\d+ English, \d+ Japanese\)", report, re.M)
    for lang in ("en", "ja"):
        page = f"docs/{lang}/book/part-1/what-closed-apis-sell.md"
        for heading in ("Sentences", "Figures"):
            part = report.split(f"### {heading}\n")[1].split("### ")[0]
            assert page in part, f"{heading} of {lang}"
    assert f"- `{PRICE}:" in report.split("### Values\n")[1]
    assert "`3.2` → `9.6`" in report


@pytest.mark.parametrize("revisions", [("nowhere",), ("HEAD", "nowhere"), ("--output=x",)])
def test_an_unknown_revision_is_one_sentence(copy: Path, revisions: tuple[str, ...]) -> None:
    done = run(copy, "-m", "scripts.impact", "--", *revisions)
    assert done.returncode == 2
    assert done.stderr.endswith("git does not know it; allowed: a branch, tag or commit of this repository\n")


def test_the_attributes_of_a_page_belong_to_no_case() -> None:
    page = '<fit-calculator preset="laptop" id="b" class="wide" isl="2000"></fit-calculator>\n'
    (shown,) = of_page(page, "a.md", "en", {})
    assert shown.kind == "recommendation" and shown.text

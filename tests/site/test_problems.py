"""Each kind of mistake is told with its place and what to do: tests/fixtures/problems/, a folder a kind.

A folder holds files to lay over the repository, or `edit.yml` with words to replace, and `expected.txt`: the findings.
A line number in a file that others edit, too, is written N there; a list that grows with data is cut with "…". All
mistakes are made at once in a copy, since a run tells all problems; those of the shape of `data/` (data-…) in
a second one, since the checks of pages wait for it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from tests.site.copies import copy_of_repository

PROBLEMS = Path(__file__).resolve().parents[1] / "fixtures" / "problems"
KINDS = sorted(path.name for path in PROBLEMS.iterdir())
# Written nowhere in the repository, not even here.
REGISTRY = ".".join(["registry", "npmjs", "org"])
FINDING = re.compile(r"[\w./ -]+:(?:\d+|N): .+")


@lru_cache
def expected(kind: str) -> list[str]:
    return (PROBLEMS / kind / "expected.txt").read_text(encoding="utf-8").splitlines()


def spoil(home: Path, kinds: list[str]) -> None:
    for kind in kinds:
        for path in (PROBLEMS / kind).rglob("*"):
            to = home / path.relative_to(PROBLEMS / kind)
            if path.is_file() and path.name not in ("edit.yml", "expected.txt"):
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_text(path.read_text(encoding="utf-8").replace("REGISTRY", REGISTRY), encoding="utf-8")
    # A page that was just written would be told for its stamp, too.
    laid = [
        path for kind in kinds if not kind.startswith("stamp") for path in (PROBLEMS / kind).glob("docs/en/**/*.md")
    ]
    pages = [f"docs/en/{str(path).partition('/docs/en/')[2]}" for path in laid]
    pages = [page for page in pages if (home / page.replace("/en/", "/ja/")).exists()]
    if pages:
        subprocess.run([sys.executable, "-m", "scripts.stamp", *pages], cwd=home, check=True)
    for kind in kinds:
        edits = PROBLEMS / kind / "edit.yml"
        for edit in yaml.safe_load(edits.read_text(encoding="utf-8")) if edits.exists() else ():
            file = home / edit["file"]
            text = file.read_text(encoding="utf-8")
            assert text.count(edit["old"]) == 1, f"{kind}: {edit['file']} no longer holds {edit['old']!r} once"
            file.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")


def findings(home: Path, kinds: list[str], *names: str) -> tuple[int, list[str]]:
    spoil(copy_of_repository(home), kinds)
    environment = {**os.environ, "GITHUB_ACTIONS": "true"}
    command = [sys.executable, "-m", "scripts.check", *names]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout.splitlines()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every line of both runs."""
    of_data = [kind for kind in KINDS if kind.startswith("data-")]
    lines = []
    for name, kinds, checks in (("pages", [k for k in KINDS if k not in of_data], ()), ("data", of_data, ("data",))):
        code, some = findings(tmp_path_factory.mktemp(name), kinds, *checks)
        assert code == 1
        lines += some
    if record := os.environ.get("RECORD_PROBLEMS"):
        Path(record).write_text("\n".join(lines), encoding="utf-8")
    return lines


def same(line: str, told: str) -> bool:
    if ":N:" in line:
        told = re.sub(r":\d+:", ":N:", told, count=1)
    return told.startswith(line[:-1]) if line.endswith("…") else line == told


def test_there_are_many_kinds() -> None:
    assert len(KINDS) >= 40


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_is_told_with_what_to_do(told: list[str], kind: str) -> None:
    lines = expected(kind)
    assert lines, f"{kind} expects nothing"
    for line in lines:
        assert FINDING.fullmatch(line), f"{kind}: {line} does not begin with file:line:"
        assert any(same(line, one) for one in told), f"{kind}: {line}\nwas not told"


def test_nothing_else_is_told(told: list[str]) -> None:
    wanted = [line for kind in KINDS for line in expected(kind)]
    others = [line for line in told if not line.startswith("::") and not any(same(one, line) for one in wanted)]
    assert others == []


def test_github_shows_each_at_its_line(told: list[str]) -> None:
    plain = [line for line in told if not line.startswith("::")]
    notes = [line for line in told if line.startswith("::error ")]
    assert len(notes) == len(plain)
    for line, note in zip(plain, notes, strict=True):
        file, number, text = line.split(":", 2)
        assert note.startswith(f"::error file={file},line={number},title=check "), note
        assert note.endswith(f"::{text.strip()}".replace("%", "%25")), note

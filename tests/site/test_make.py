"""What the Makefile asks its programs, and what the set-up remembers of the packages that it has installed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import bootstrap, house, propose

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {"requirements.lock", "requirements-books.lock", "requirements-notebook.lock", "package-lock.json"}


def asked(target: str, *variables: str) -> str:
    """The commands of a target, none of them run."""
    command = ["make", "--no-print-directory", "--dry-run", target, *variables]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("variables", "revisions"),
    [((), ""), (("BASE=a",), " a"), (("HEAD=b",), " HEAD b"), (("BASE=a", "HEAD=b"), " a b")],
)
def test_impact_compares_what_was_named(variables: Sequence[str], revisions: str) -> None:
    assert asked("impact", *variables).rstrip().endswith(f"scripts.impact{revisions}")


@pytest.mark.parametrize(("code", "fine"), [(0, True), (1, True), (2, False)])
def test_prices_may_be_refused_but_not_unread(code: int, fine: bool) -> None:
    command = ["make", "prices", "PYTHON=true", f'RUN=sh -c "exit {code}"']
    assert (subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0) is fine


def test_no_lock_is_forgotten() -> None:
    assert {*house.TOP} >= LOCKS
    assert {*propose.CHANGED} >= LOCKS
    audit = asked("audit")
    assert all(lock in audit for lock in LOCKS if lock.startswith("requirements"))


def test_an_older_lock_is_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []

    def run(command: Sequence[str | Path], **_: str) -> int:
        installed.append(Path(command[-1]).read_text())
        return 0

    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "run", run)
    main, books = tmp_path / "requirements.lock", tmp_path / "requirements-books.lock"
    books.write_text("books")
    bootstrap.python_packages(books)
    for lock in ("A", "B", "A", "A"):
        main.write_text(lock)
        bootstrap.python_packages(main)
    bootstrap.python_packages(books)
    assert installed == ["books", "A", "B", "A"]


def test_a_lock_that_could_not_be_installed_leaves_no_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    main = tmp_path / "requirements.lock"
    codes = iter([0, 1, 0])
    monkeypatch.setattr(bootstrap, "run", lambda command: next(codes))
    main.write_text("A")
    bootstrap.python_packages(main)
    main.write_text("B")
    with pytest.raises(bootstrap.Missing):
        bootstrap.python_packages(main)
    main.write_text("A")
    bootstrap.python_packages(main)
    assert list(codes) == [], "what was half installed is installed again"

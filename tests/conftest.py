"""What every test may use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from filelock import FileLock

from calculators import cli
from scripts.cached import BUILD

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]
# Built for one host, served by another: only the sitemap names it.
SITE_URL = "https://book.example/some/path/"
# Files that take minutes, the longest first: one that begins last keeps everybody waiting. The first builds the site,
# meanwhile those after it need none.
LONG = """browser/test_site site/test_check data/test_mutations engine/test_fuzz site/test_build browser/test_weight
    browser/test_figures browser/test_references browser/test_calculator_pages browser/test_accessibility
    browser/test_chat_loading engine/test_sentences model/test_conversion browser/test_offline""".split()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, since tests also wait: for a browser, a pause, a download."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, all others as they were found."""
    rank = {ROOT / "tests" / f"{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str, worker_id: str) -> Path:
    """The site as `make build` makes it, built for a sub-path: once a run, while the other processes wait."""
    from scripts.build import build  # takes as long to import as many a test to run

    out, own = BUILD / "test-site", tmp_path_factory.getbasetemp()
    done = (own if worker_id == "master" else own.parent) / f"built-{testrun_uid}"
    with FileLock(f"{done}.lock"):
        if not done.exists():
            build(out, SITE_URL)
            done.touch()
    return out


@pytest.fixture
def calculators() -> Run:
    """The command line without a process of its own, which costs half a second: calculators("fit", stdin="…")."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "stdin", StringIO(stdin)):
            try:
                code = cli.main(arguments)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def shell() -> Run:
    """The command line as a reader starts it, in a process of its own."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "calculators", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, input=stdin)

    return run

"""What every test may use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def calculators() -> Run:
    """The command line: calculators("fit", "--json", stdin="…")."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "calculators", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, input=stdin)

    return run

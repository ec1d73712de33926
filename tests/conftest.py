"""What every test may use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest

from calculators import cli

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


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

"""The device probe's kernel computes what it claims to time."""

from __future__ import annotations

import json
import subprocess

from scripts.cached import ROOT
from scripts.node import NODE


def test_the_kernel_multiplies_and_reads_everything() -> None:
    done = subprocess.run([NODE, "tests/model/probe_kernel.mjs"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"differing": 0, "read": True}

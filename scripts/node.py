"""Node.js of the virtual environment, and what a script that it runs answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.cached import ROOT

NODE = Path(sys.executable).parent / "node"


def node(script: str, text: str, *arguments: str | Path) -> str:
    """What a script of the repository prints for a text. Raises RuntimeError with what it says instead."""
    command = [str(part) for part in (NODE, script, *arguments)]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stderr}")
    return done.stdout


def node_json(script: str, text: str, *arguments: str | Path) -> Any:
    """The same for a script that answers in JSON."""
    return json.loads(node(script, text, *arguments))

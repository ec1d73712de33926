"""A copy of the repository that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("calculators", "data", "docs", "scripts", ".github")
FILES = """pyproject.toml tsconfig.json package.json package-lock.json mkdocs.yml Makefile NOTICE .gitignore"""


def copy_of_repository(home: Path) -> Path:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [*(ROOT / name for name in FILES.split()), *ROOT.glob("requirements*.lock")]:
        shutil.copy(path, home / path.name)
    (home / "node_modules").symlink_to(ROOT / "node_modules")
    # What has been read once is known by its text: the prose that the style check saw, the expressions that were tried.
    (home / ".cache" / "checks").mkdir(parents=True)
    for read in (ROOT / ".cache" / "checks").glob("*.json"):
        shutil.copy(read, home / ".cache" / "checks")
    return home

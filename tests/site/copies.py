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
    if (read := ROOT / ".cache" / "checks" / "style.json").exists():
        # What the style check has read once, it knows by its text.
        (home / ".cache" / "checks").mkdir(parents=True)
        shutil.copy(read, home / ".cache" / "checks" / "style.json")
    return home

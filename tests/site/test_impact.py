"""One price in one file changes sentences, figures, claims and calculators, and a script says which."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRICE = "data/prices/glm-5.z-ai.yml"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("repository")
    for name in ("calculators", "data", "docs", "scripts"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tsconfig.json"):
        shutil.copy(ROOT / name, home / name)
    for command in ("init -q", "add data", "-c user.name=a -c user.email=a@b commit -qm data"):
        subprocess.run(["git", *command.split()], cwd=home, check=True)
    return home


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=home, capture_output=True, text=True)


def test_an_unchanged_tree_has_no_impact(copy: Path) -> None:
    assert run(copy, "scripts.impact").stdout == "impact: no text differs from HEAD\n"


def test_a_new_price_is_seen_wherever_it_counts(copy: Path) -> None:
    file = copy / PRICE
    text = file.read_text(encoding="utf-8")
    assert text.count("out: 3.20") == 1
    file.write_text(text.replace("out: 3.20", "out: 9.60"), encoding="utf-8")
    try:
        lines = run(copy, "scripts.impact").stdout.splitlines()
        checked = run(copy, "scripts.check", "data", "claims")
    finally:
        file.write_text(text, encoding="utf-8")
    for lang in ("en", "ja"):
        page = f"docs/{lang}/book/part-1/what-closed-apis-sell.md"
        changed = [line for line in lines if line.startswith(page)]
        assert any('price("glm-5", "blended"' in line for line in changed), "a bound number"
        assert any('figure("price-score")' in line for line in changed), "a figure"
        assert any('calc("cost"' in line for line in changed), "a calculator's result"
    assert any(line.startswith("data/claims/output-price-ratio.yml: claim: holds (7.8) ->") for line in lines)
    # The claim's sentence was written for another status: the check fails, and tells what else has changed.
    assert checked.returncode == 1
    assert "output-price-ratio" in checked.stdout + checked.stderr
    assert "docs/ja/book/part-1/what-closed-apis-sell.md" in checked.stderr


def test_an_unknown_revision_is_one_sentence(copy: Path) -> None:
    done = run(copy, "scripts.impact", "--since", "nowhere")
    assert (done.returncode, done.stderr) == (
        2,
        "impact: nowhere: cannot be read by git; allowed: a revision of this repository\n",
    )

"""The notebooks: executed, in both languages, with the site's own figures, and no heavier than other pages."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from calculators.text import LANGUAGES
from scripts import notebooks, notebooks_check

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """# title: {en: "T", ja: "T"}
# description: {en: "D", ja: "D"}

# %% [markdown] en
# ## One {#one}

# %% [markdown] ja
# ## いち {#one}

# %%
"""


def cells(built: Path, lang: str, name: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((built / lang / "notebooks" / f"{name}.ipynb").read_text("utf-8"))[
        "cells"
    ]
    return found


@pytest.mark.parametrize("name", notebooks.ORDER)
def test_both_languages_run_the_same_code(built: Path, name: str) -> None:
    code = {
        lang: [(c["source"], len(c["outputs"])) for c in cells(built, lang, name) if c["cell_type"] == "code"]  # type: ignore[arg-type]
        for lang in LANGUAGES
    }
    english = [("".join(source).replace('Show("en")', 'Show("ja")'), n) for source, n in code["en"]]
    assert english == [("".join(source), n) for source, n in code["ja"]]
    assert sum(n for _, n in english) >= 3


def test_a_notebook_has_the_command_lines_figure(built: Path) -> None:
    command = [sys.executable, "-m", "calculators", "portfolio", "--preset", "four-workloads", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    text = json.loads(done.stdout)["results"]["portfolio_month_usd"]["text"]
    shown = json.dumps(cells(built, "en", "portfolio"), ensure_ascii=False)
    assert f"= {text}" in shown  # the cheapest plan, found by trying all
    page = (built / "en" / "notebooks" / "portfolio" / "index.html").read_text(encoding="utf-8")
    assert f"= {text}" in page


def test_notebook_pages_weigh_like_other_pages(built: Path) -> None:
    def weight(page: Path) -> int:
        return len(gzip.compress(page.read_bytes()))

    for lang in LANGUAGES:
        heaviest = max(weight(page) for page in (built / lang / "book").rglob("index.html"))
        for page in (built / lang / "notebooks").glob("*/index.html"):
            assert weight(page) <= heaviest, page


def test_a_download_leads_nowhere_within_the_site(built: Path) -> None:
    for file in built.glob("*/notebooks/*.ipynb"):
        assert 'href=\\"../' not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("price = 3.5", "notebooks/bad.py:11: 3.5 is a number of its own"),
        ("many = 250", "notebooks/bad.py:11: 250 is a number of its own"),
    ],
)
def test_a_number_of_its_own_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, sentence: str
) -> None:
    monkeypatch.setattr(notebooks_check, "HOME", tmp_path)
    (tmp_path / "bad.py").write_text(SOURCE + code + "\n", encoding="utf-8")
    assert [line[: len(sentence)] for line in notebooks_check.check_notebooks()] == [sentence]


def test_a_text_without_twin_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks_check, "HOME", tmp_path)
    (tmp_path / "bad.py").write_text(SOURCE.replace("{#one}", "{#uno}", 1), encoding="utf-8")
    assert "same heading ids" in notebooks_check.check_notebooks()[0]


def test_a_cell_that_fails_stops_the_build_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "HOME", tmp_path)
    (tmp_path / "bad.py").write_text(SOURCE + "assert [] == [0], 'the book says otherwise'\n", encoding="utf-8")
    with pytest.raises(notebooks.BadNotebook, match=r"(?s)notebooks/bad\.py \(ja\).*the book says otherwise"):
        notebooks.execute(notebooks.read(tmp_path / "bad.py"), "ja", tmp_path)

"""Data is not code: markup, scripts and formulas in `data/` reach a reader as text, or are refused where they stand."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.site.copies import copy_of_repository

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>[a](javascript:alert(3))"
# A file and a field of it that readers see; the field's text is put in quotes of YAML.
FIELDS = {
    "data/models/glm-5.yml": "name",
    "data/devices/dgx-spark.yml": "name",
    "data/prices/glm-5.z-ai.yml": "provider_name",
    "data/sources/models-dev.yml": "title",
    "data/facts/aa-interval.yml": "en",
    "data/claims/burst-count.yml": "en",
    "data/glossary/active-parameters.yml": "en",
    "data/figures/kv-cache.yml": "en",
}
# What the build calls for pages: tables, elements, macros of every page, sources below a section, notes of numbers.
RENDER = """
from markdown import markdown
from scripts import data_tables, facts
from scripts.elements import render_elements
from scripts.cached import ROOT, files_under
from scripts.macros import page_functions
from scripts.page_text import expressions
from scripts.references import section_sources_html
from calculators.evidence import evaluate
for lang in ("en", "ja"):
    for of in data_tables.TABLES:
        for page in range(1, data_tables.pages_of(of) + 1):
            print(facts.with_sources(data_tables.render(of, lang, "../", page)))
    for page in files_under(ROOT / "docs" / lang / "book", "part-1/*.md"):
        name = str(page.relative_to(ROOT / "docs" / lang))
        functions = page_functions(lang, lambda: name)
        values = [str(evaluate(e.text, functions)) for e in expressions(page.read_text("utf-8"))]
        made = markdown("\\n\\n".join(values), extensions=["attr_list", "md_in_html", "tables"])
        print(render_elements(facts.with_sources(made), lang, name))
        print(section_sources_html(name, lang))
    both = "<tier-calculator></tier-calculator><fit-calculator></fit-calculator>"
    print(render_elements(both, lang, "calculators/fit.md"))
"""


class Elements(HTMLParser):
    """What a browser would take for active."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []
        self.tags = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "vbscript:")):
                self.active.append(f"<{tag} {name}={value!r}>")
        if tag == "script" and not any(name == "type" and "json" in (value or "") for name, value in attrs):
            self.active.append("<script>")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copy_of_repository(tmp_path_factory.mktemp("hostile"))
    for name, field in FIELDS.items():
        file = copy / name
        text = file.read_text(encoding="utf-8")
        quoted = "'Evil " + EVIL.replace("'", "''") + "'"
        text, count = re.subn(rf"^(\s*{field}: ).*$", lambda m: m[1] + quoted, text, count=1, flags=re.MULTILINE)  # noqa: B023
        assert count == 1, name
        file.write_text(text, encoding="utf-8")
    return copy


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=home, capture_output=True, text=True)


def test_markup_in_data_is_shown_as_text(home: Path) -> None:
    done = run(home, "-c", RENDER)
    assert done.returncode == 0, done.stderr[-2000:]
    found = Elements()
    found.feed(done.stdout)
    assert found.tags > 10_000, "everything was rendered"
    assert "Evil" in done.stdout and "onerror" in done.stdout, "the hostile text is shown"
    assert found.active == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("data/sources/models-dev.yml", r"^url: .*$", "url: javascript:alert(1)"),
        ("data/sources/models-dev.yml", r"^url: .*$", 'url: "https://a.example/\\"onmouseover=alert(1)"'),
        ("data/sources/models-dev.yml", r"^url: .*$", "url: data:text/html,<script>alert(1)</script>"),
        ("data/works/ai-strategist.yml", r"^(\s*)url: .*$", r"\1url: JavaScript:alert(1)"),
    ],
)
def test_an_address_that_runs_is_refused_at_its_line(home: Path, file: str, old: str, new: str) -> None:
    path = home / file
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(old, new, text, count=1, flags=re.MULTILINE)
    assert count == 1
    path.write_text(changed, encoding="utf-8")
    try:
        done = run(home, "-m", "scripts.check", "data")
    finally:
        path.write_text(text, encoding="utf-8")
    line = changed.count("\n", 0, re.search("url: ", changed).start()) + 1  # type: ignore[union-attr]
    assert done.returncode == 1
    assert f"{path.relative_to(home)}:{line}: " in done.stdout, done.stdout


def test_a_formula_in_data_is_text_in_a_spreadsheet() -> None:
    from scripts.data_api import as_csv

    evil = ['=HYPERLINK("https://a.example")', "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "fine"]
    rows = list(csv.reader(io.StringIO(as_csv([{"name": text, "value": -1.5} for text in evil], ["name", "value"]))))
    assert [row[0] for row in rows[1:]] == [*(f"'{text}" for text in evil[:-1]), "fine"]
    assert {row[1] for row in rows[1:]} == {"-1.5"}, "a negative number stays a number"

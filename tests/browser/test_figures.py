"""The figures of the book as a reader sees them: one drawing, legible, nothing covered, the table within reach."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from scripts.cached import ROOT
from tests.browser.conftest import Watched
from tests.browser.test_accessibility import AXE, none_in_any_look

Open = Callable[..., Watched]
# Page -> the figures on it.
PAGES = {
    str(path.relative_to(ROOT / "docs" / "en").with_suffix("")) + "/": found
    for path in sorted((ROOT / "docs" / "en" / "book").rglob("*.md"))
    if (found := re.findall(r'^\{\{ figure\("([^"]+)"\) \}\}$', path.read_text(encoding="utf-8"), re.MULTILINE))
}
each_page = pytest.mark.parametrize("where", PAGES)
each_language = pytest.mark.parametrize("lang", ["en", "ja"])
# Letters hold less than a line's box: what counts as covered is the middle of it.
DRAWN = """(figure) => {
  const svgs = [...figure.querySelectorAll('.answer-chart-drawing svg')].filter((svg) => svg.checkVisibility());
  const box = (e) => ['left', 'top', 'right', 'bottom'].map((side) => e.getBoundingClientRect()[side]);
  const [svg] = svgs;
  const texts = [...svg.querySelectorAll('text')];
  return { n: svgs.length, svg: box(svg), scale: svg.getBoundingClientRect().width / svg.viewBox.baseVal.width,
    sizes: texts.map((e) => Number(e.getAttribute('font-size'))),
    texts: texts.map((e) => [e.textContent, box(e)]),
    marks: svg.querySelectorAll('.figure-mark').length };
}"""


def test_every_figure_stands_on_a_page() -> None:
    files = {path.stem for path in (ROOT / "data" / "figures").glob("*.yml")}
    assert sorted(figure for found in PAGES.values() for figure in found) == sorted(files)


def drawings(page: Page, where: str) -> list[dict[str, Any]]:
    found = []
    for figure_id in PAGES[where]:
        figure = page.locator(f"#figure-{figure_id}")
        expect(figure).to_be_visible()
        found.append({"id": figure_id, **figure.evaluate(DRAWN)})
    return found


@each_language
@each_page
def test_a_figure_is_legible_and_open_to_everyone(open_page: Open, where: str, lang: str) -> None:
    watched = open_page(f"{lang}/{where}")
    page = watched.page
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        legible(page, where, width)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate("document.querySelectorAll('.book-figure details').forEach((e) => { e.open = true; })")
    for figure_id in PAGES[where]:
        none_in_any_look(page, lang, f"#figure-{figure_id}")
    assert watched.errors == [] and watched.foreign == []


def legible(page: Page, where: str, width: int) -> None:
    """Drawings within the screen, their words within them, large enough and not one upon another."""
    for found in drawings(page, where):
        assert found["n"] == 1 and found["marks"] >= 2
        left, top, right, bottom = found["svg"]
        assert left >= 0 and right <= width and min(found["sizes"]) * found["scale"] >= 11
        for text, (x1, y1, x2, y2) in found["texts"]:
            assert x1 >= left - 2 and x2 <= right + 6 and y1 >= top - 3 and y2 <= bottom + 3, text
        for (a, one), (b, other) in combinations(found["texts"], 2):
            wide = min(one[2], other[2]) - max(one[0], other[0])
            high = min(one[3], other[3]) - max(one[1], other[1])
            assert wide <= 2 or high <= 5, (found["id"], a, b)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@each_language
def test_the_table_opens_and_its_numbers_tell_their_source(open_page: Open, lang: str) -> None:
    where = next(iter(PAGES))
    page = open_page(f"{lang}/{where}").page
    figure = page.locator(f"#figure-{PAGES[where][0]}")
    table = figure.locator("table").first
    expect(table).to_be_hidden()
    figure.locator("summary").click()
    expect(table).to_be_visible()
    assert table.locator("tbody tr").count() == drawings(page, where)[0]["marks"]
    assert all(table.locator("td data").evaluate_all("(all) => all.map((e) => (e.dataset.note ?? e.title) !== '')"))


@each_language
@each_page
def test_without_scripts_a_figure_is_the_same(open_page: Open, where: str, lang: str) -> None:
    page = open_page(f"{lang}/{where}", java_script_enabled=False).page
    for figure_id in PAGES[where]:
        figure = page.locator(f"#figure-{figure_id}")
        expect(figure.get_by_role("img")).to_have_count(1)
        expect(figure.get_by_role("img")).to_be_visible()
        expect(figure.locator("figcaption")).to_be_visible()

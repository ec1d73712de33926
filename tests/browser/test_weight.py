"""What a first visit fetches, and that the smaller copies of the theme's files look and work as the originals."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from scripts import theme
from scripts.cached import ROOT
from scripts.page_weight import SECTION_GOAL, SHELL_GOAL, Weight, weigh
from scripts.static_server import StaticServer
from scripts.theme import ThemeChanged, cut_classes, one_file, refuse_changed_theme, theme_folder
from tests.browser.conftest import Watched

Open = Callable[..., Watched]
# What shows in a page: if these agree for every element, the page looks the same.
PROPERTIES = """align-items background-color background-image border-bottom-color border-bottom-width bottom box-shadow
    clear color content display flex-grow float font-family font-size font-weight height left line-height
    list-style-type margin-bottom margin-left margin-top mask-image max-width opacity overflow padding-bottom
    padding-left padding-top
    position right text-align text-decoration-line top transform visibility width z-index""".split()
# Two frames for what starts a transition, then the end of each.
SETTLED = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(ending.map(({ finished }) => finished));
}"""
LOOKS = """(names) => [...document.body.querySelectorAll("*")].slice(0, 2500).flatMap((element) =>
  [undefined, "::before", "::after"].map((part) => {
    const style = getComputedStyle(element, part);
    return [element.className, part, ...names.map((name) => `${name}: ${style.getPropertyValue(name)}`)].join("; ");
  }))"""
# The theme's styles as they come, then ours, in place of the stylesheet that holds the trimmed ones; and back.
RESTORE = """(text) => {
  const link = document.querySelector("link[rel=stylesheet][href*='site.css']");
  const style = document.createElement("style");
  style.className = "restored";
  style.textContent = text;
  link.before(style);
  link.disabled = true;
}"""
TRIM = """() => {
  document.querySelector("style.restored").remove();
  document.querySelector("link[rel=stylesheet][href*='site.css']").disabled = false;
}"""


@pytest.fixture(scope="module")
def weights(browser: Browser, site: StaticServer) -> Iterator[list[Weight]]:
    yield list(weigh(browser, site))


def test_the_shell_of_every_page_stays_small(weights: list[Weight]) -> None:
    assert {(w.kind, w.lang): w.shell for w in weights if w.shell > SHELL_GOAL} == {}
    assert min(w.shell for w in weights) > 20_000  # the theme is in it


def test_a_section_of_usual_length_stays_small_in_all(weights: list[Weight]) -> None:
    sections = {(w.kind, w.lang): w.total for w in weights if w.kind in ("section", "sentence")}
    assert len(sections) == 4
    assert all(total <= SECTION_GOAL for total in sections.values()), sections


def test_a_page_has_one_stylesheet_beside_those_of_its_elements(built: Path) -> None:
    for lang in ("en", "ja"):
        page = (built / lang / "contributing" / "writing" / "index.html").read_text(encoding="utf-8")
        assert len(re.findall(r'<link rel="stylesheet"', page)) == 1
        tier = (built / lang / "calculators" / "tier" / "index.html").read_text(encoding="utf-8")
        names = re.findall(r'<link rel="stylesheet" href="[^"]*/([\w-]+)\.css">', tier)
        assert names == ["site", "charts", "calculator", "usage-import"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("path", ["en/", "ja/book/part-2/inference-efficiency/", "en/contributing/", "ja/book/about/"])
def test_what_was_cut_from_the_themes_styles_changes_nothing_on_a_page(
    open_page: Open, path: str, width: int, scheme: str
) -> None:
    page = open_page(path, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce").page
    page.wait_for_load_state("networkidle")
    styles = theme_folder() / "assets" / "stylesheets"
    files = [next(styles.glob(f"{name}.*.min.css")) for name in ("main", "palette")]
    own = ROOT / "docs" / "_theme" / "styles"
    files += [
        own / name for name in re.findall(r'@import "\./([^"]+)"', (own / "site.css").read_text(encoding="utf-8"))
    ]
    whole = "\n".join(file.read_text(encoding="utf-8") for file in files)
    found = page.locator(".md-search-result__meta")
    unused = found.inner_text()
    for opened in ("", "__search", "__drawer"):
        if opened:
            page.evaluate("(id) => document.querySelector(`[for=${id}]`).click()", opened)
            expect(found).not_to_have_text(unused)  # search starts as it opens
        page.evaluate(SETTLED)
        before: list[str] = page.evaluate(LOOKS, PROPERTIES)
        page.evaluate(RESTORE, whole)
        page.evaluate(SETTLED)
        after: list[str] = page.evaluate(LOOKS, PROPERTIES)
        page.evaluate(TRIM)
        differing = [(b, a) for b, a in zip(before, after, strict=True) if a != b]
        assert differing == [], opened


def test_styles_are_worked_out_once_while_a_page_starts(
    browser: Browser, open_page: Open, site: StaticServer, tmp_path: Path
) -> None:
    page = open_page("en/contributing/").page
    browser.start_tracing(page=page, path=tmp_path / "trace.json", categories=["blink", "devtools.timeline"])
    page.goto(f"{site.url}en/data/models/")
    page.wait_for_selector("data-table[data-state=ready]")
    page.wait_for_load_state("networkidle")
    browser.stop_tracing()
    events = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    elements = sum(event["args"].get("elementCount", 0) for event in events if event["name"] == "UpdateLayoutTree")
    there = page.locator("*").count()
    assert there < elements < 2 * there  # theme and table change some; before CHANGES of scripts/theme.py it was 5


def test_a_changed_theme_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = theme_folder()
    refuse_changed_theme()
    base = (original / "base.html").read_text(encoding="utf-8")
    (tmp_path / "base.html").write_text(base.replace("{% block scripts %}", "{% block scripts %}<script></script>"))
    monkeypatch.setattr(theme, "theme_folder", lambda: tmp_path)
    with pytest.raises(ThemeChanged, match="block scripts of its base"):
        refuse_changed_theme()
    with pytest.raises(ThemeChanged, match="names 0 files, one is expected"):
        one_file("assets/javascripts/bundle.*.min.js")
    (tmp_path / "base.html").write_text(base)
    partial = tmp_path / "partials" / "javascripts" / "palette.html"
    partial.parent.mkdir(parents=True)
    partial.write_text("<script></script>")
    with pytest.raises(ThemeChanged, match=r"palette.html changed; bring docs/_theme/overrides/partials"):
        refuse_changed_theme()
    shutil.copy(original / "partials" / "javascripts" / "palette.html", partial)
    (tmp_path / "assets" / "javascripts").mkdir(parents=True)
    (tmp_path / "assets" / "javascripts" / "bundle.1.min.js").write_text("t.set(r.innerHTML,r)")
    with pytest.raises(ThemeChanged, match="its script no longer holds"):
        refuse_changed_theme()


def test_a_page_whose_styles_were_cut_away_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<p class="admonition bug">', encoding="utf-8")
    (tmp_path / "good.html").write_text('<p class="admonition note">', encoding="utf-8")
    found = cut_classes(tmp_path, ["bug", "md-tag"])
    assert len(found) == 1 and found[0].startswith("page.html: the theme's styles for the class bug are cut away")

"""The search box as a reader uses it: what is found, what is not, what is fetched and when."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from scripts.search_cases import drawn, written
from scripts.static_server import StaticServer
from tests.browser.conftest import SITE_URL, Watched

Open = Callable[..., Watched]
RESULTS = ".md-search-result__list > .md-search-result__item > a.md-search-result__link"
META = ".md-search-result__meta"
ANSWERED = """([meta, results, idle, nothing]) => {
  const said = document.querySelector(meta).textContent.trim();
  return said !== idle && (said === nothing || document.querySelector(results));
}"""
INDEX = "search/docs.json"


def open_box(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.keyboard.press("/")


def put(page: Page, query: str) -> None:
    """Text as an input method puts it in: all at once, then a key goes up, which is what the theme listens to."""
    page.locator(".md-search__input").fill(query)
    page.keyboard.press("End")


def text_of(page: Page, name: str) -> str:
    """The theme's words."""
    config = page.locator("#__config").text_content() or ""
    return str(json.loads(config)["translations"][name])


def ask(page: Page, query: str) -> list[str]:
    """Paths of the pages that the box shows, below the language's root, in order."""
    idle, nothing = (text_of(page, f"search.result.{name}") for name in ("placeholder", "none"))
    put(page, "")
    expect(page.locator(META)).to_have_text(idle)
    put(page, query)
    page.wait_for_function(ANSWERED, arg=[META, RESULTS, idle, nothing])
    paths = page.locator(RESULTS).evaluate_all("all => all.map(a => new URL(a.href).pathname)")
    return list(dict.fromkeys(re.sub(r"^/some/path/\w\w/", "", path) for path in paths))  # a page, then its sections


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_right_page_is_among_the_first_three_and_what_is_nowhere_finds_nothing(
    open_page: Open, built: Path, lang: str
) -> None:
    by_hand, by_rule = written(lang), drawn(built / lang / INDEX, lang)
    assert len(by_hand.found) >= 20 and len(by_rule.found) >= 20
    assert len(by_hand.absent) >= 12 and len(by_rule.absent) >= 12
    watched = open_page(f"{lang}/")
    page = watched.page
    open_box(page)
    queries = by_hand.found | by_rule.found
    answers = {query: ask(page, query)[:3] for query in queries}
    missed = {query: answers[query] for query, wanted in queries.items() if wanted not in answers[query]}
    assert len(missed) <= 0.03 * len(queries), missed
    false_hits = {query: found for query in by_hand.absent + by_rule.absent if (found := ask(page, query))}
    assert false_hits == {}
    expect(page.locator(META)).to_have_text(text_of(page, "search.result.none"))
    assert watched.errors == []


@pytest.mark.parametrize(("lang", "query"), [("en", "inference"), ("ja", "推論")])
def test_a_definition_or_a_section_of_that_name_comes_first(open_page: Open, lang: str, query: str) -> None:
    page = open_page(f"{lang}/").page
    open_box(page)
    assert ask(page, query)[0] == "book/glossary/"
    # Titles before text: no page that has the word in its text alone stands above one that is named by it.
    assert "book/part-2/inference-efficiency/" in ask(page, query)[:3]


@pytest.mark.parametrize("way", ["key", "click", "icon", "address"])
def test_search_starts_with_the_first_thing_that_a_reader_does(open_page: Open, way: str) -> None:
    width = 390 if way == "icon" else 1280
    address = "en/book/?q=Quantization" if way == "address" else "en/book/"
    page = open_page(address, viewport={"width": width, "height": 800}, has_touch=way == "icon").page
    page.wait_for_load_state("networkidle")
    box = page.locator(".md-search__input")
    if way == "key":
        page.keyboard.press("/")
    if way == "click":
        box.click()
    if way == "icon":
        page.locator("header label[for=__search]").first.tap()
    expect(box).to_be_focused()
    if way != "address":
        page.keyboard.type("Quantization")
    expect(page.locator(RESULTS).first).to_have_attribute("href", re.compile("book/glossary/"))


def test_a_box_entered_before_the_theme_has_started_answers(open_page: Open, site: StaticServer) -> None:
    page = open_page("en/contributing/").page
    held: list[Route] = []
    page.route("**/theme.js", lambda route: held.append(route))
    page.goto(f"{site.url}en/book/", wait_until="commit")
    page.locator(".md-search__input").click()
    held[0].continue_()
    page.keyboard.type("Quantization")
    expect(page.locator(RESULTS).first).to_have_attribute("href", re.compile("book/glossary/"))


def test_results_show_where_the_words_stand(open_page: Open) -> None:
    page = open_page("ja/").page
    open_box(page)
    ask(page, "ｳｨﾝﾄﾞｳ")
    marks = page.locator(".md-search-result__article mark").all_text_contents()
    assert marks and set(marks) == {"ウィンドウ"}  # as the text spells it
    page.locator(".md-search-result__item a[href*='architecture']").first.click()
    expect(page).to_have_url(re.compile("ja/book/part-2/architecture/"))
    expect(page.locator("article mark").first).to_have_text("ウィンドウ")


def test_rows_of_the_data_are_found_and_lead_to_their_row(open_page: Open) -> None:
    page = open_page("en/").page
    open_box(page)
    ask(page, "raspberry pi 5 16gb")
    link = page.locator(".md-search-result__link[href*='#raspberry-pi-5-16gb']")
    link.first.evaluate("a => a.click()")
    expect(page.locator("data-table")).to_have_attribute("data-state", "ready")
    expect(page.locator("tr#raspberry-pi-5-16gb")).to_be_in_viewport(ratio=0.2)


def test_a_glossary_term_is_completed(open_page: Open) -> None:
    page = open_page("ja/").page
    open_box(page)
    put(page, "フライ")
    expect(page.locator(".md-search__suggest")).to_have_text("フライホイール")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".md-search__input")).to_have_value("フライホイール")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_text_is_fetched_with_the_first_key_once_and_then_serves_offline(
    built: Path, browser: Browser, lang: str
) -> None:
    server = StaticServer(built, path="/some/path/", site_url=SITE_URL)
    context = browser.new_context(service_workers="block")
    try:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(f"{server.url}{lang}/book/")
        open_box(page)
        assert not any(INDEX in url for url in asked)
        assert ask(page, "GLM-5")
        server.stop()
        assert ask(page, "quantization")
        assert sum(INDEX in url for url in asked) == 1
    finally:
        context.close()
        server.stop()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_text_stays_small(built: Path, lang: str) -> None:
    assert len(gzip.compress((built / lang / INDEX).read_bytes(), 9)) <= 300_000


def test_a_text_that_cannot_be_fetched_is_said_and_fetched_again(open_page: Open) -> None:
    page = open_page("ja/").page

    def refuse(route: Route) -> None:
        route.abort()

    page.context.route(f"**/{INDEX}?*", refuse)
    open_box(page)
    put(page, "推論")
    expect(page.locator(RESULTS).first).to_contain_text("検索用の本文を取得できませんでした")
    page.context.unroute(f"**/{INDEX}?*", refuse)
    put(page, "量子化")
    expect(page.locator(RESULTS).first).to_contain_text("用語集")

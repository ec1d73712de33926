"""Every page in both languages, as a reader meets it: no errors, no foreign hosts, one policy, search, languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from calculators.text import day
from scripts import facts
from scripts.build import build_assets
from scripts.hub import PAGE, connect_sources
from scripts.static_server import StaticServer
from tests.browser.conftest import ASK_FOREIGN, SITE_URL, Watched

Open = Callable[..., Watched]
# The sum of layout shifts; below 0.1 a browser calls a page steady.
SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => { for (const { value } of list.getEntries()) window.shifted += value; })
  .observe({ type: "layout-shift", buffered: true });"""
# How much wider a page is than the screen once what moves with the screen has moved.
OVERFLOW = """async () => {
  const found = () => document.documentElement.scrollWidth - innerWidth;
  for (let frame = 0; frame < 120 && found() > 0; frame++) await new Promise(requestAnimationFrame);
  return found();
}"""


def pages_of(folder: Path, lang: str) -> list[str]:
    """Paths of all pages of a language, as a reader's address bar shows them."""
    found = sorted(path.relative_to(folder) for path in (folder / lang).rglob("index.html"))
    return [re.sub(r"index\.html$", "", str(path)) for path in found]


def type_in(page: Page, text: str) -> None:
    """Text as an input method puts it in: all at once, then a key goes up, which is what the theme listens to."""
    page.keyboard.insert_text(text)
    page.keyboard.press("End")


def test_both_languages_hold_the_same_pages(built: Path) -> None:
    english, japanese = (pages_of(built, lang) for lang in ("en", "ja"))
    assert [path.removeprefix("en") for path in english] == [path.removeprefix("ja") for path in japanese]
    assert len(english) >= 12


# Each language is loaded for one screen and turned to the other.
@pytest.mark.parametrize(("lang", "widths"), [("en", (1280, 390)), ("ja", (390, 1280))])
def test_every_page_loads_without_errors_or_foreign_requests_and_fits_the_screen(
    open_page: Open, built: Path, site: StaticServer, lang: str, widths: tuple[int, int]
) -> None:
    watched = open_page(f"{lang}/")
    page = watched.page
    for path in pages_of(built, lang):
        page.set_viewport_size({"width": widths[0], "height": 844})
        reply = page.goto(site.url + path)
        assert reply and reply.status == 200, path
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == lang
        assert page.locator("h1").count() == 1, path
        for width in widths:
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(OVERFLOW) <= 0, (path, width)
        assert watched.errors == [], path
    assert watched.foreign == []


def test_a_missing_page_leads_back_to_the_book(open_page: Open, site: StaticServer) -> None:
    page = open_page("no/such/page", locale="fr-FR").page
    page.click("a[hreflang=ja]")
    expect(page).to_have_url(site.url + "ja/")


def test_every_page_has_a_policy_that_names_no_foreign_host(built: Path) -> None:
    for path in built.rglob("*.html"):
        head = path.read_text(encoding="utf-8")
        found = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', head)
        assert len(found) == 1, path
        hosts = " ".join(connect_sources()) if path.parent.as_posix().endswith(PAGE.rstrip("/")) else ""
        assert hosts in found[0], path
        policy = found[0].replace(hosts, "") if hosts else found[0]
        assert "http" not in policy and "'unsafe-eval'" not in policy and "*" not in policy, path
        assert "<script" not in head[: head.index("Content-Security-Policy")], path


@pytest.mark.parametrize("path", ["", "?choose", "en/", "ja/calculators/fit/", "en/demo/", "no/such/page"])
def test_no_page_can_reach_a_foreign_host(open_page: Open, path: str) -> None:
    page = open_page(path).page
    page.wait_for_load_state("networkidle")
    assert page.evaluate(ASK_FOREIGN) == "connect-src"


def test_no_worker_can_reach_a_foreign_host(open_page: Open) -> None:
    page = open_page("en/calculators/fit/").page
    page.select_option("select[name=device]", "dgx-spark")
    expect(page.locator("output[name=headline]")).to_contain_text("DGX Spark")
    page.locator("h1").click(
        position={"x": 2, "y": 2}
    )  # out of the form (its middle is a link), so that the key opens the search
    page.keyboard.press("/")
    page.keyboard.type("memory")
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    workers = page.workers
    assert len(workers) >= 2, [w.url for w in workers]  # the engine's and the search's
    for worker in workers:
        assert worker.url.startswith("blob:"), worker.url
        assert worker.evaluate(ASK_FOREIGN) == "connect-src"


def test_a_browser_that_stores_nothing_is_no_error_of_ours(open_page: Open) -> None:
    watched = open_page("en/contributing/writing/")
    stacks: list[str] = []
    watched.page.on("pageerror", lambda error: stacks.append(error.stack or ""))
    refusing = "get() { throw new DOMException('no', 'SecurityError'); }"
    watched.page.add_init_script(f"Object.defineProperty(window, 'localStorage', {{ {refusing} }})")
    watched.page.reload()
    watched.page.wait_for_load_state("networkidle")
    assert [stack for stack in stacks if "/main.js" in stack] == []  # the theme's own script throws


def test_an_address_that_is_none_is_no_missing_page(open_page: Open) -> None:
    watched = open_page("en/offline/?missing=http://[")
    expect(watched.page.locator("keep-book")).to_have_attribute("data-state", "ready")
    assert watched.errors == []


def test_the_language_switch_stays_on_the_page(open_page: Open, site: StaticServer) -> None:
    page = open_page("en/book/part-1/gap-vanished/").page
    page.hover("button[aria-label='Select language']")
    page.click("a[hreflang=ja]")
    expect(page).to_have_url(f"{site.url}ja/book/part-1/gap-vanished/")
    expect(page.locator("h1")).to_have_text(re.compile("性能差"))


def test_links_lead_where_they_say_while_the_next_page_is_on_its_way(open_page: Open, site: StaticServer) -> None:
    page = open_page("en/book/part-2/architecture/").page
    page.wait_for_load_state("networkidle")
    links = "() => [...document.querySelectorAll('main a[href], header a[href], main img')].map((e) => e.href ?? e.src)"
    before = page.evaluate(links)
    page.route("**/en/book/", lambda _: None)  # never answered
    page.locator("main a[href='../..'], .md-tabs a[href='../../']").first.click()
    page.wait_for_url("**/en/book/")
    assert page.evaluate(links) == before


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_reached_by_clicking_works_as_what_is_opened(open_page: Open, site: StaticServer, lang: str) -> None:
    watched = open_page(f"{lang}/")
    page = watched.page
    page.wait_for_load_state("networkidle")  # instant navigation begins once the theme has read the sitemap
    page.evaluate("window.sameDocument = true")
    page.click(".home-hero a[href$='calculators/tier/']")
    expect(page.locator("output[name=headline]").first).to_be_visible()
    page.click(".md-nav--primary a[href$='fit/']")
    expect(page.locator("select[name=device]")).to_be_enabled()
    page.select_option("select[name=device]", "raspberry-pi-5-16gb")
    expect(page.locator("output[name=fit_verdict]")).to_have_attribute("data-value", "no")
    page.click(".md-logo")
    page.click(".home-hero a[href$='demo/']")
    expect(page.locator("button[name=load]")).to_be_enabled()
    assert page.evaluate("window.sameDocument") is True
    # The header was made for the first page; its language switch must lead to this one.
    other = {"en": "ja", "ja": "en"}[lang]
    page.hover(".md-header button:has(+ .md-select__inner)")
    page.click(f"a[hreflang={other}]")
    expect(page).to_have_url(f"{site.url}{other}/demo/")
    assert watched.errors == []


def test_the_language_switch_takes_the_readers_case_along(open_page: Open, site: StaticServer) -> None:
    page = open_page("en/calculators/fit/#?device=raspberry-pi-5-16gb").page
    page.hover("button[aria-label='Select language']")
    page.click("a[hreflang=ja]")
    expect(page).to_have_url(f"{site.url}ja/calculators/fit/#?device=raspberry-pi-5-16gb")
    expect(page.locator("output[name=fit_verdict]")).to_have_text("収まらない")


@pytest.mark.parametrize(
    ("locale", "expected"), [("ja-JP", "ja/"), ("en-GB", "en/"), ("fr-FR", "")], ids=["ja", "en", "neither"]
)
def test_the_root_page_follows_the_browser(open_page: Open, site: StaticServer, locale: str, expected: str) -> None:
    page = open_page("", locale=locale).page
    page.wait_for_load_state("networkidle")
    expect(page).to_have_url(site.url + expected)


def test_the_root_page_remembers_the_choice_and_works_without_scripts(open_page: Open, site: StaticServer) -> None:
    page = open_page("", locale="fr-FR").page
    page.click("a[hreflang=ja]")
    page.wait_for_load_state("networkidle")  # the choice is stored once the page's module has run
    assert page.evaluate("localStorage.getItem('language')") == "ja"
    page.goto(site.url)
    expect(page).to_have_url(site.url + "ja/")
    plain = open_page("", locale="ja-JP", java_script_enabled=False).page
    plain.click("a[hreflang=en]")
    expect(plain).to_have_url(site.url + "en/")


@pytest.mark.parametrize(
    ("lang", "query", "page_title"),
    [
        ("en", "sliding windows", "What fits, and how fast"),
        ("en", "MiniMax", "A burst of open weights"),
        ("ja", "ウィンドウ", "何が載り、どれだけ速いか"),  # the back half of a katakana compound
        ("ja", "スライディングウインドウ", "何が載り、どれだけ速いか"),  # spelled otherwise
    ],
)
def test_search_finds_words_of_its_language(open_page: Open, lang: str, query: str, page_title: str) -> None:
    watched = open_page(f"{lang}/")
    watched.page.keyboard.press("/")
    type_in(watched.page, query)
    titles = watched.page.locator(".md-search-result__item h1")
    expect(titles.first).to_be_visible()
    assert page_title in titles.all_text_contents()
    links = watched.page.locator(".md-search-result__link").evaluate_all("(all) => all.map((a) => a.pathname)")
    assert links and all(f"/{lang}/" in link for link in links)
    assert watched.errors == []


def test_search_says_when_there_is_nothing(open_page: Open) -> None:
    page = open_page("ja/").page
    page.keyboard.press("/")
    type_in(page, "量子重力")
    expect(page.locator(".md-search-result__meta")).to_contain_text("見つかりませんでした")


def test_light_and_dark_follow_the_system_and_the_switch(open_page: Open) -> None:
    dark = open_page("en/", color_scheme="dark").page
    expect(dark.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    light = open_page("en/", color_scheme="light").page
    expect(light.locator("body")).to_have_attribute("data-md-color-scheme", "default")
    light.click("label[title='Switch to light mode']")
    light.click("label[title='Switch to dark mode']")
    expect(light.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    expect(light.locator("meta[name=color-scheme]")).to_have_attribute("content", "dark")
    light.reload()
    expect(light.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


def test_a_first_visit_in_the_dark_is_dark_before_the_theme_starts(open_page: Open, site: StaticServer) -> None:
    page = open_page("robots.txt", color_scheme="dark").page
    page.route("**/theme.js", lambda route: route.abort())
    page.goto(f"{site.url}ja/")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


def test_a_stylesheet_stays_from_page_to_page(open_page: Open, site: StaticServer) -> None:
    page = open_page("en/").page
    page.wait_for_load_state("networkidle")
    kept = page.locator("head > link[href$='/site.css']").element_handle()
    page.click("a.md-tabs__link[href$='book/']")
    page.wait_for_url("**/en/book/")
    page.wait_for_load_state("networkidle")
    assert page.locator("head > link[rel=stylesheet]").evaluate_all("(all, kept) => all.includes(kept)", kept)
    page.go_back()
    page.wait_for_url("**/en/")
    assert page.locator("head > link[rel=stylesheet]").evaluate_all("(all, kept) => all.includes(kept)", kept)


LIVE = ["", "calculators/fit/", "demo/", "data/models/", "data/prices/", "book/claims/", "offline/"]


@pytest.mark.parametrize("path", LIVE)
def test_what_is_read_does_not_move_when_scripts_make_it_live(open_page: Open, site: StaticServer, path: str) -> None:
    kept = {"service_workers": "allow" if path == "offline/" else "block"}
    page = open_page("en/contributing/writing/", viewport={"width": 390, "height": 844}, **kept).page
    page.add_init_script(SHIFTS)
    page.goto(f"{site.url}en/{path}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") < 0.02


@pytest.mark.parametrize("path", ["en/", "ja/", "en/book/part-4/subscription-fatigue/", "ja/book/conclusion/"])
def test_the_names_in_the_header_stay_within_it_on_a_small_screen(open_page: Open, path: str) -> None:
    page = open_page(path, viewport={"width": 390, "height": 844}).page
    header, *names = page.evaluate(
        """() => [".md-header", ".md-header__topic .md-ellipsis"].flatMap((s) => [...document.querySelectorAll(s)])
          .map((e) => e.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom])"""
    )
    assert len(names) == 2  # the book's, and the page's once it is scrolled
    assert all(header[0] <= top and bottom <= header[1] for top, bottom in names), (header, names)


def test_bound_numbers_name_their_source(open_page: Open) -> None:
    page: Page = open_page("ja/book/part-1/eight-weeks/").page
    number = page.locator("data[data-fact='models/glm-5#total_params']").first
    stored = facts.entity("models/glm-5")["total_params"]
    expect(number).to_have_text(facts.fact_text("models/glm-5", "total_params", "ja"))
    assert number.get_attribute("value") == str(stored["value"])
    assert f"{day(stored['date'], 'ja')}時点" in str(number.get_attribute("title"))


def test_the_sitemap_names_the_published_address(built: Path) -> None:
    for lang in ("en", "ja"):
        text = (built / lang / "sitemap.xml").read_text(encoding="utf-8")
        assert f"<loc>{SITE_URL}{lang}/calculators/fit/</loc>" in text
    assert f"{SITE_URL}ja/sitemap.xml" in (built / "sitemap.xml").read_text(encoding="utf-8")


def test_internal_addresses_are_relative(built: Path) -> None:
    for path in built.rglob("index.html"):
        page = path.read_text(encoding="utf-8")
        found = re.findall(r'(?:href|src)="([^"]+)"', page)
        absolute = [url for url in found if url.startswith(("/", SITE_URL)) and url not in canonical(page)]
        assert absolute == [], path


def canonical(page: str) -> list[str]:
    return re.findall(r'<link rel="canonical" href="([^"]+)"', page)


def test_folders_are_named_by_their_content() -> None:
    first, second = build_assets(), build_assets()
    assert first == second
    assert all(re.fullmatch(r"(assets|models)/[0-9a-f]{16}/|api/v1/", path) for path in first.folders)


def test_the_search_text_holds_no_markup(built: Path) -> None:
    for lang in ("en", "ja"):
        for *_, sections in json.loads((built / lang / "search" / "docs.json").read_text(encoding="utf-8"))["pages"]:
            assert not any("</" in text or "<data" in text for _, _, text in sections)

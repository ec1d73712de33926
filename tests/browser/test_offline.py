"""Reading without a network: the server is stopped, pages are loaded anew, and what is there must be of one edition."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.cached import link_tree
from scripts.offline import write_offline
from scripts.page_weight import middle_section
from scripts.static_server import StaticServer
from tests.browser.chat_page import QUESTION, Chat
from tests.browser.conftest import SITE_URL, SLOW_MS, until
from tests.browser.test_search import ask, open_box

FIT = "calculators/fit/"
QUIET_MS = 1_500
OTHER = "book/part-4/latency/"
KEPT = """async () => (await Promise.all((await caches.keys()).filter((name) => name.startsWith("edge-book:"))
  .map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()"""
EDITIONS = """async () => (await caches.keys()).filter((name) => name.startsWith("edge-book:"))"""
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
BUILD = "document.querySelector('meta[name=build]').content"


class Reader:
    """A fresh browser profile with the service worker, and a server that can go."""

    def __init__(self, browser: Browser, server: StaticServer, **options: Any) -> None:
        self.server = server
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(SLOW_MS)
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str) -> Page:
        self.page.goto(self.server.url + path)
        return self.page

    def visit(self, path: str) -> Page:
        """Opens a page and waits until it is kept, as by a reader who stays a while."""
        page = self.open(path)
        page.wait_for_function(CONTROLLED)
        self.until(lambda: self.server.url + path in self.kept())
        self.settle()
        return page

    def settle(self) -> None:
        """Waits until nothing more is kept."""
        known = 0
        while known < len(found := self.kept()) or not any(url.endswith("/offline.css") for url in found):
            known = len(found)
            self.page.wait_for_timeout(QUIET_MS)

    def kept(self) -> list[str]:
        found: list[str] = self.page.evaluate(KEPT)
        return found

    def editions(self) -> list[str]:
        found: list[str] = self.page.evaluate(EDITIONS)
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        until(self.page, holds, self.kept)

    def keep_book(self, lang: str = "en") -> Page:
        page = self.open(f"{lang}/offline/")
        page.locator("button[name=keep]").click()
        expect(page.locator("[data-status]")).to_contain_text("all of it works", timeout=SLOW_MS)
        return page


@pytest.fixture
def server(built: Path) -> Iterator[StaticServer]:
    started = StaticServer(built, path="/some/path/", site_url=SITE_URL)
    yield started
    started.stop()


@pytest.fixture
def reader(browser: Browser, server: StaticServer) -> Iterator[Reader]:
    found = Reader(browser, server)
    yield found
    found.context.close()


def answers(page: Page, device: str = "iphone-17-pro") -> None:
    """The calculator computes, here and now."""
    page.select_option("select[name=device]", device)
    expect(page.locator("fit-calculator")).to_have_attribute("data-state", "ready", timeout=SLOW_MS)
    name = "iPhone" if "iphone" in device else "5090"
    expect(page.locator("output[name=headline]")).to_contain_text(name, timeout=SLOW_MS)


def has_styles(page: Page) -> bool:
    family: str = page.evaluate("getComputedStyle(document.querySelector('.md-header__title')).fontFamily")
    return "serif" in family and "Times" not in family.split(",")[0]


def test_a_page_that_was_read_opens_again_with_its_calculator(reader: Reader) -> None:
    page = reader.visit(f"en/{FIT}")
    answers(page)
    reader.until(lambda: any(url.endswith("/heap.wasm") for url in reader.kept()))
    reader.server.stop()
    page.reload()
    assert has_styles(page)
    answers(page, "rtx-5090")
    assert reader.errors == []
    # The book's own place is all that was asked, by the page, its workers and the service worker.
    assert {url for url in reader.asked if not url.startswith((reader.server.url, "blob:", "data:"))} == set()


def test_a_sentence_that_was_not_reached_is_live_without_a_network(reader: Reader, built: Path) -> None:
    page = reader.visit(f"en/{middle_section(built, 'en', sentence=True)}")
    reader.server.stop()
    page.reload()
    sentence = page.locator("reactive-sentence").first
    sentence.scroll_into_view_if_needed()
    expect(sentence).to_have_attribute("data-state", "ready", timeout=SLOW_MS)
    assert reader.errors == []


def test_a_page_that_was_not_read_is_told_apart_and_those_that_were_are_listed(reader: Reader) -> None:
    reader.visit(f"ja/{FIT}")
    reader.server.stop()
    page = reader.open(f"ja/{OTHER}")
    assert page.url.startswith(f"{reader.server.url}ja/offline/")
    assert has_styles(page)
    expect(page.locator("[data-missing]")).to_contain_text(f"/some/path/ja/{OTHER}", timeout=SLOW_MS)
    page.locator("[data-pages] summary").click()
    page.locator("[data-pages] a", has_text="何が載り").first.click()
    expect(page.locator("fit-calculator")).to_be_attached(timeout=SLOW_MS)
    reader.server.start()
    page.go_back()
    page.locator("[data-missing-link]").click()
    page.wait_for_url(f"{reader.server.url}ja/{OTHER}")


def test_the_kept_book_works_whole_after_a_fresh_load(reader: Reader) -> None:
    page = reader.open("en/offline/")
    expect(page.locator("button[name=keep]")).to_contain_text("MB", timeout=SLOW_MS)
    for size in page.locator("[data-size]").all():
        expect(size).to_contain_text("MB", timeout=SLOW_MS)
    reader.keep_book()
    reader.server.stop()
    page.close()
    reader.page = page = reader.context.new_page()
    reader.open(f"en/{OTHER}")
    assert has_styles(page)
    open_box(page)
    assert ask(page, "quantization")
    reader.open(f"en/{FIT}")
    answers(page)
    # From page to page without a reload, as the theme does it.
    page.evaluate("window.here = true")
    page.locator("main a[href$='/cost/']:visible").first.click()
    page.wait_for_url("**/en/calculators/cost/")
    assert page.evaluate("window.here")
    page.goto(f"{reader.server.url}api/v1/models.json")
    assert json.loads(page.locator("body").inner_text())
    reader.open("en/offline/")
    expect(page.locator("[data-status]")).to_contain_text("all of it works", timeout=SLOW_MS)
    page.locator("button[name=remove]").click()
    expect(page.locator("[data-status]")).to_contain_text("Removed", timeout=SLOW_MS)
    reader.until(lambda: len(reader.kept()) < 40)


def test_a_keeping_that_breaks_off_is_one_sentence_and_goes_on_from_there(reader: Reader) -> None:
    page = reader.open("en/offline/")
    expect(page.locator("button[name=keep]")).to_be_visible(timeout=SLOW_MS)
    with reader.server.fail(f"{OTHER}", 503):
        page.locator("button[name=keep]").click()
        expect(page.locator("[data-error]")).to_contain_text("The connection broke off", timeout=SLOW_MS)
    before = set(reader.kept())
    assert len(before) > 20
    reader.server.requests.clear()
    page.locator("button[name=keep]").click()
    expect(page.locator("[data-status]")).to_contain_text("all of it works", timeout=SLOW_MS)
    assert page.locator("[data-error]").is_hidden()
    base = reader.server.url.removesuffix(reader.server.path)
    assert {base + path for path in reader.server.requests} & before <= {reader.server.url + "en/offline/"}


def test_a_keeping_can_be_stopped(reader: Reader) -> None:
    page = reader.open("ja/offline/")
    with reader.server.stall("heap.wasm"):
        page.locator("button[name=keep]").click()
        page.locator("button[name=cancel]").click()
    expect(page.locator("[data-status]")).to_contain_text("中止しました", timeout=SLOW_MS)
    expect(page.locator("button[name=keep]")).to_be_visible(timeout=SLOW_MS)


def test_a_full_storage_is_one_sentence(reader: Reader) -> None:
    page = reader.visit("en/offline/")
    reader.context.new_cdp_session(page).send(
        "Storage.overrideQuotaForOrigin", {"origin": page.evaluate("location.origin"), "quotaSize": 4_000_000}
    )
    page.locator("button[name=keep]").click()
    expect(page.locator("[data-error]")).to_contain_text("no more room", timeout=SLOW_MS)
    assert has_styles(page)


def changed(site: Path) -> str:
    """Another edition of a site, in its place: a page, the styles and the scripts' folder are new. Returns its id."""
    old = next(path.parent for path in (site / "assets").rglob("main.js"))
    new = old.with_name("0123456789abcdef")
    old.rename(new)
    for path in [*site.rglob("*.html")]:
        text = path.read_text(encoding="utf-8").replace(f"assets/{old.name}/", f"assets/{new.name}/")
        if path.parent.name in ("fit", "latency"):
            text = text.replace("</h1>", "</h1><p class='second'>The second edition.</p>", 1)
        path.unlink()
        path.write_text(text, encoding="utf-8")
    styles = new / "site.css"
    text = styles.read_text(encoding="utf-8")
    styles.unlink()
    styles.write_text(text + ".second{outline:7px solid}", encoding="utf-8")
    return write_offline(site, f"assets/{new.name}/")


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Iterator[StaticServer]:
    """A site that a test may change."""
    link_tree(built, tmp_path / "site")
    shutil.rmtree(tmp_path / "site" / "models")
    started = StaticServer(tmp_path / "site", path="/some/path/", site_url=SITE_URL)
    yield started
    started.stop()


def test_a_new_edition_is_announced_and_never_mixed(browser: Browser, own: StaticServer) -> None:
    reader = Reader(browser, own)
    page = reader.visit(f"en/{FIT}")
    first = page.evaluate(BUILD)
    other = reader.context.new_page()
    other.goto(f"{own.url}en/{OTHER}")
    reader.until(lambda: f"{own.url}en/{OTHER}" in reader.kept())
    second = changed(own.root)
    assert second != first

    # The browser looks for a new edition by itself as pages are loaded, and now and then.
    page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    notice = page.locator(".edition-notice")
    expect(notice).to_contain_text("A new edition of this site is ready.", timeout=SLOW_MS)
    assert len(reader.editions()) == 2

    # What is open goes on, and what it fetches is of its own edition.
    page.evaluate("window.here = true")
    answers(page)
    assert page.evaluate("here") and page.evaluate(BUILD) == first
    own.stop()
    page.reload()
    assert page.evaluate(BUILD) == first
    assert page.locator(".second").count() == 0
    assert has_styles(page)
    answers(page, "rtx-5090")
    own.start()

    # The reader accepts: every open tab changes, whole.
    expect(notice).to_be_visible(timeout=SLOW_MS)
    notice.locator("button[name=edition-change]").click()
    expect(page.locator(".second")).to_be_visible(timeout=SLOW_MS)
    expect(other.locator(".second")).to_be_visible(timeout=SLOW_MS)
    assert page.evaluate(BUILD) == second
    reader.until(lambda: [name[-16:] for name in reader.editions()] == [second])
    own.stop()
    for tab in (page, other):
        tab.reload()
        assert tab.evaluate(BUILD) == second
        assert tab.evaluate("getComputedStyle(document.querySelector('.second')).outlineWidth") == "7px"
    assert reader.errors == []
    reader.context.close()


def test_a_page_of_a_new_edition_is_loaded_whole_not_put_into_an_old_one(browser: Browser, own: StaticServer) -> None:
    reader = Reader(browser, own)
    page = reader.visit("en/calculators/cost/")
    second = changed(own.root)
    page.evaluate("window.here = true")
    page.locator("main a[href$='/fit/']:visible").first.click()
    expect(page.locator(".second")).to_be_visible(timeout=SLOW_MS)
    assert not page.evaluate("window.here")
    assert page.evaluate(BUILD) == second
    # The only tab is of the new edition, so nothing is left to ask the reader.
    reader.until(lambda: [name[-16:] for name in reader.editions()] == [second])
    assert page.locator(".edition-notice").count() == 0
    reader.context.close()


def test_what_is_not_the_books_is_not_kept(browser: Browser, own: StaticServer) -> None:
    reader = Reader(browser, own)
    reader.visit(f"en/{FIT}")
    page = own.root / "en" / OTHER / "index.html"
    text = page.read_text(encoding="utf-8")
    page.unlink()
    page.write_text(text.replace("</h1>", " (sign in to the hotel's network)</h1>"), encoding="utf-8")
    reader.open(f"en/{OTHER}")
    expect(reader.page.locator("h1").first).to_contain_text("hotel", timeout=SLOW_MS)
    reader.open(f"en/{FIT}")
    assert f"{own.url}en/{OTHER}" not in reader.kept()
    reader.context.close()


def test_turned_off_it_is_gone_and_on_again_it_is_back(reader: Reader) -> None:
    page = reader.visit("en/offline/")
    page.evaluate("caches.open('edge-demo-model-v1')")
    switch = page.locator("input[name=offline]")
    switch.click()
    expect(page.locator("[data-unable]")).to_contain_text("nothing is kept", timeout=SLOW_MS)
    assert page.evaluate("caches.keys()") == ["edge-demo-model-v1"]
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    reader.open(f"en/{FIT}")
    answers(page)
    assert reader.kept() == []
    assert not page.evaluate("navigator.serviceWorker.controller !== null")
    reader.open("en/offline/")
    switch.click()
    expect(page.locator("button[name=keep]")).to_be_visible(timeout=SLOW_MS)
    reader.until(lambda: f"{reader.server.url}en/offline/" in reader.kept())
    # Off and on without leaving the page.
    switch.click()
    expect(page.locator("[data-unable]")).to_be_visible(timeout=SLOW_MS)
    switch.click()
    expect(page.locator("button[name=keep]")).to_be_visible(timeout=SLOW_MS)
    reader.until(lambda: f"{reader.server.url}en/offline/" in reader.kept())
    assert reader.errors == []


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_without_the_interface_it_says_so_in_one_sentence(browser: Browser, server: StaticServer, lang: str) -> None:
    reader = Reader(browser, server)
    reader.context.add_init_script("delete Navigator.prototype.serviceWorker")
    page = reader.open(f"{lang}/offline/")
    words = {"en": "offers no storage", "ja": "オフライン用の保存機能を使えません"}
    expect(page.locator("[data-unable]")).to_contain_text(words[lang], timeout=SLOW_MS)
    assert page.locator("button[name=keep]").is_hidden()
    assert page.locator("input[name=offline]").is_hidden()
    reader.open(f"{lang}/{FIT}")
    answers(page)
    assert reader.errors == []
    reader.context.close()


def test_the_book_can_be_installed(reader: Reader) -> None:
    page = reader.visit("ja/")
    client = reader.context.new_cdp_session(page)
    found = client.send("Page.getAppManifest")
    assert found["url"] == f"{reader.server.url}app.webmanifest"
    assert found["errors"] == []
    errors = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A test's profile is a private window, where nothing is ever installed.
    assert [error["errorId"] for error in errors] in ([], ["in-incognito"])
    manifest = json.loads(found["data"])
    icon = page.request.get(f"{reader.server.url}{manifest['icons'][0]['src']}")
    assert icon.ok
    reader.server.stop()
    reader.open("")  # where the installed book opens
    page.wait_for_url(f"{reader.server.url}ja/")


@pytest.mark.parametrize("kind", ["read", "kept"])
def test_the_model_talks_after_a_reload_without_a_network(browser: Browser, server: StaticServer, kind: str) -> None:
    chat = Chat(browser, server, service_workers="allow")
    chat.page.wait_for_function(CONTROLLED)
    if kind == "kept":
        chat.page.goto(f"{server.url}en/offline/")
        chat.page.locator("button[name=keep]").click()
        expect(chat.page.locator("[data-status]")).to_contain_text("all of it works", timeout=SLOW_MS)
        chat.page.goto(chat.address)
    chat.load()
    chat.until(f"async () => (await ({KEPT})()).some((url) => url.endsWith('/chat-worker.js'))")
    server.stop()
    chat.page.goto("about:blank")
    chat.page.goto(chat.address)
    chat.load()
    assert "Paris" in chat.ask(QUESTION)
    assert chat.figure("requests_since_ready") == 0
    chat.close()

"""Larger models from a host: asked for first, checked, kept, and never on another page. The host is on this machine."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from scripts.hub import model_host
from scripts.static_server import StaticServer
from tests.browser.conftest import ASK_FOREIGN
from tests.browser.hub_host import GRAPH, make_host
from tests.browser.test_accessibility import AXE

MODEL = "smollm2-360m"  # the row whose model the test's own stands for
PAGE = "demo/models/"
LOAD_MS = 300_000
SETTINGS = re.compile(r"(<model-verdicts.*?<template data-settings>)(.*?)(</template>)", re.DOTALL)
CORS = {"access-control-allow-origin": "*"}
# As <device-probe> keeps it.
DEVICE = {
    "schema": 1, "date": "2026-11-30", "backend": "wasm", "adapter": "", "runs": 9, "settled": True,
    "memory_from": "browser", "bandwidth_gbs": {"value": 20, "low": 18, "high": 22},
    "tflops": {"value": 0.05, "low": 0.04, "high": 0.06},
}  # fmt: skip


@dataclass
class Host:
    server: StaticServer
    known: dict[str, Any]


@dataclass
class Visit:
    context: BrowserContext
    page: Page
    foreign: list[str] = field(default_factory=list)

    @property
    def button(self) -> Any:
        return self.page.locator(f"[data-model='{MODEL}'] button[name=load_hub]")

    @property
    def dialog(self) -> Any:
        return self.page.locator("dialog")

    def load(self) -> None:
        self.button.click()
        self.dialog.locator("button[name=agree]").click()

    def wait(self, state: str) -> None:
        either = f"on-device-chat:is([data-state={state}], [data-state=error])"
        self.page.wait_for_selector(either, timeout=LOAD_MS)
        assert self.page.locator("on-device-chat").get_attribute("data-state") == state, self.error()

    def error(self) -> str:
        return self.page.locator("on-device-chat [data-error]").inner_text()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("hub")
    known = make_host(folder)
    server = StaticServer(folder, headers=CORS)
    yield Host(server, known)
    server.stop()


@pytest.fixture
def visit(webgpu_browser: Browser, site: StaticServer, host: Host) -> Iterator[Callable[..., Visit]]:
    """visit("en", catalog={…}): the page, its host moved to this machine and one row's model replaced."""
    contexts = []
    origin = model_host()
    assert origin

    def open_(lang: str = "en", *, catalog: dict[str, Any] | None = None, **options: Any) -> Visit:
        context = webgpu_browser.new_context(**options)
        contexts.append(context)
        # Browsers ask the reader before a page reaches an address of this machine; a host on the network needs none.
        context.grant_permissions(["local-network-access"])

        def moved(route: Route) -> None:
            answer = route.fetch()
            text = answer.text().replace(origin["origin"], host.server.url.rstrip("/"))
            found = SETTINGS.search(text)
            assert found
            settings = json.loads(html.unescape(found[2]))
            for model in settings["offered"]:
                if model["id"] == MODEL:
                    model |= host.known | (catalog or {})
            text = text.replace(found[2], html.escape(json.dumps(settings)))
            route.fulfill(response=answer, body=text)

        context.route(re.compile(rf"/{PAGE}$"), moved)
        seen = Visit(context, context.new_page())
        context.on("request", lambda request: seen.foreign.append(request.url) if foreign(request.url) else None)
        seen.page.goto(f"{site.url}{lang}/{PAGE}")
        seen.page.wait_for_selector("model-verdicts[data-state=ready]")
        return seen

    def foreign(url: str) -> bool:
        return not url.startswith((site.url, "blob:", "data:"))

    yield open_
    for context in contexts:
        context.close()


def test_without_consent_nobody_is_asked(visit: Callable[..., Visit], host: Host) -> None:
    seen = visit()
    seen.button.click()
    dialog = seen.dialog
    expect(dialog).to_be_visible()
    where = host.server.url.removeprefix("http://").rstrip("/")
    text = dialog.inner_text()
    for told in (where, "390 MB", "Apache-2.0", "network address", "not learn what you write"):
        assert told in text
    assert "has not been measured" in text
    dialog.locator("button[name=decline]").click()
    expect(dialog).to_be_hidden()
    seen.button.click()
    expect(dialog).to_be_visible()
    seen.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(seen.button).to_be_focused()
    assert seen.page.locator("on-device-chat").get_attribute("data-state") == "static"
    assert not seen.foreign


def test_after_consent_it_is_loaded_answers_and_comes_from_the_store_the_next_time(
    visit: Callable[..., Visit], host: Host, site: StaticServer
) -> None:
    seen = visit()
    seen.page.locator("on-device-chat").evaluate("(chat) => chat.setAttribute('max-new-tokens', 2)")
    seen.load()
    seen.wait("ready")
    asked = [url.removeprefix(host.server.url) for url in seen.foreign]
    assert all(url.startswith(host.server.url) for url in seen.foreign)
    assert not [path for path in asked if "README" in path]
    assert sum("tree" in path for path in asked) == 1
    page = seen.page
    page.locator("textarea[name=prompt]").fill("Hi")
    page.locator("button[name=send]").click()
    page.wait_for_function("() => document.querySelector('output[name=reply]').textContent", timeout=LOAD_MS)
    seen.wait("ready")
    assert page.locator("output[name=requests_since_ready]").inner_text() == "0"

    before = len(seen.foreign)
    host.server.stop()
    try:
        page.reload()
        page.wait_for_selector("model-verdicts[data-state=ready]")
        expect(seen.button).to_contain_text("kept here")
        seen.button.click()
        expect(seen.dialog).to_be_hidden()
        seen.wait("ready")
    finally:
        host.server.start()
    assert len(seen.foreign) == before

    page.locator(".chat-settings summary").click()
    page.locator("button[name=delete]").click()
    expect(page.locator("[data-stored]")).to_contain_text("deleted", ignore_case=True)
    page.reload()
    page.wait_for_selector("model-verdicts[data-state=ready]")
    expect(seen.button).to_contain_text("Load (")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_the_device_cannot_hold_is_said_before_the_download(visit: Callable[..., Visit], lang: str) -> None:
    seen = visit(lang)
    device = json.dumps(DEVICE | {"memory_gib": 0.25})
    seen.page.evaluate("device => localStorage.setItem('this-device', device)", device)
    seen.page.reload()
    seen.page.wait_for_selector("model-verdicts[data-state=ready]")
    seen.button.click()
    words = {"en": "does not fit this device", "ja": "この端末に載りません"}
    expect(seen.dialog.locator("[data-fit]")).to_contain_text(words[lang], timeout=LOAD_MS)
    again = {"en": "all the same", "ja": "それでも"}
    expect(seen.dialog.locator("button[name=agree]")).to_contain_text(again[lang])
    assert not seen.foreign


def test_a_late_answer_about_another_model_is_not_shown(visit: Callable[..., Visit]) -> None:
    seen = visit()
    page, fit = seen.page, seen.dialog.locator("[data-fit]")
    page.evaluate("device => localStorage.setItem('this-device', device)", json.dumps(DEVICE | {"memory_gib": 64}))
    page.reload()
    page.wait_for_selector("model-verdicts[data-state=ready]")
    page.evaluate(
        """() => {
          const [title, fit] = ["title", "fit"].map((part) => document.querySelector(`dialog [data-${part}]`));
          window.told = [];
          const note = () => window.told.push([title.textContent, fit.textContent]);
          new MutationObserver(note).observe(fit, { childList: true });
        }"""
    )
    offered = json.loads(page.locator("model-verdicts template").evaluate("one => one.content.textContent"))["offered"]
    others = [one["id"] for one in offered if one["id"] != MODEL and one["precision"] != "fp16"]
    other = page.locator(f"[data-model='{others[0]}']")  # of the two, its answer comes later
    seen.button.click()
    expect(fit).to_contain_text("Asking the fit calculator")
    page.keyboard.press("Escape")
    other.locator("button").click()
    need = other.locator("td").nth(2).inner_text()  # after verdict and speed
    expect(fit).to_contain_text(f"It needs {need}", timeout=LOAD_MS)
    shown = seen.dialog.locator("[data-title]").inner_text()
    verdicts = {fit for title, fit in page.evaluate("window.told") if title == shown and "It needs" in fit}
    assert verdicts == {fit.inner_text()}


def test_two_quick_presses_ask_once(visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = seen.page
    page.evaluate(
        """() => {
          const { requestAdapter } = GPU.prototype;
          GPU.prototype.requestAdapter = async function (...asked) {
            await new Promise((wake) => setTimeout(wake, 500));
            return requestAdapter.apply(this, asked);
          };
          window.opened = 0;
          const { showModal } = HTMLDialogElement.prototype;
          HTMLDialogElement.prototype.showModal = function () {
            window.opened += 1;
            showModal.call(this);
          };
        }"""
    )
    seen.button.evaluate("(button) => { button.click(); button.click(); }")
    expect(seen.dialog).to_be_visible()
    page.wait_for_timeout(1500)
    assert page.evaluate("window.opened") == 1


def test_a_graphics_processor_without_16_bits_is_told_before_the_download(visit: Callable[..., Visit]) -> None:
    seen = visit(catalog={"precision": "fp16"})
    seen.button.click()
    expect(seen.dialog.locator("[data-fit]")).to_contain_text("does not compute in 16 bits")
    expect(seen.dialog.locator("button[name=agree]")).to_be_disabled()
    assert not seen.foreign


def refused(seen: Visit, words: str) -> None:
    seen.load()
    seen.wait("error")
    assert words in seen.error()
    seen.page.locator(".chat-settings summary").click()
    assert not [url for url in seen.foreign if "onnx_data" in url]


def test_another_file_than_the_known_one_is_refused(visit: Callable[..., Visit]) -> None:
    refused(visit(catalog={"sha256": {GRAPH: "0" * 64}}), "its hash differs")


def test_more_than_was_said_is_refused(visit: Callable[..., Visit], host: Host) -> None:
    refused(visit(catalog={"download_bytes": host.known["download_bytes"] / 2}), "nothing was downloaded")


def test_a_model_that_is_gone_is_one_sentence(visit: Callable[..., Visit]) -> None:
    refused(visit(catalog={"graph": "onnx/gone.onnx"}), "gone.onnx is missing")


def test_a_host_that_is_down_is_one_sentence_and_the_next_try_works(visit: Callable[..., Visit], host: Host) -> None:
    seen = visit()
    host.server.stop()
    try:
        refused(seen, "could not be reached")
    finally:
        host.server.start()
    expect(seen.button).to_be_enabled()


def test_a_damaged_file_is_never_used_or_kept(visit: Callable[..., Visit], host: Host) -> None:
    seen = visit()
    with host.server.corrupt("config.json"):
        seen.load()
        seen.wait("error")
    assert "config.json" in seen.error()
    assert "damaged" in seen.error()


def test_no_other_page_may_connect_to_a_host(built: Path) -> None:
    host = model_host()
    assert host
    allowed = []
    for page in built.rglob("*.html"):
        if (
            host["origin"]
            in page.read_text(encoding="utf-8").partition("</head>")[0].partition("Content-Security-Policy")[2]
        ):
            allowed.append(page.relative_to(built).as_posix())
    assert sorted(allowed) == [f"{lang}/{PAGE}index.html" for lang in ("en", "ja")]
    text = (built / "en" / PAGE / "index.html").read_text(encoding="utf-8")
    for origin in (host["origin"], *host["redirects"]):
        assert origin in text.partition("</head>")[0]


def test_the_ways_to_the_page_and_from_it_are_full_loads(webgpu_browser: Browser, site: StaticServer) -> None:
    context = webgpu_browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}en/demo/device/")
    page.evaluate("globalThis.same = true")
    page.locator(f"a[href$='{PAGE}'], a[href$='models/']").filter(has_text="Larger models").first.click()
    page.wait_for_url(f"**/{PAGE}")
    assert page.evaluate("globalThis.same") is None
    page.evaluate("globalThis.same = true")
    page.locator(".md-tabs a, .md-nav a").filter(has_text="Your device").first.click()
    page.wait_for_url("**/demo/device/")
    assert page.evaluate("globalThis.same") is None
    assert page.evaluate(ASK_FOREIGN.replace("https://example.com/", "https://huggingface.co/")) == "connect-src"
    context.close()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_dialog_is_accessible(visit: Callable[..., Visit], lang: str) -> None:
    seen = visit(lang)
    names = seen.page.locator("button[name=load_hub]").evaluate_all("all => all.map(({ ariaLabel }) => ariaLabel)")
    assert len(names) > 1 and None not in names and len({*names}) == len(names), names
    seen.button.click()
    seen.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = seen.page.evaluate(
        "axe.run('dialog').then(({ violations }) => violations.map(({ id, help }) => `${id}: ${help}`))"
    )
    assert found == []

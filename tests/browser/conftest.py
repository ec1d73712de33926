"""A real Chromium and the built site under a sub-path, as a reader's host would serve it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from scripts.browser import launch
from scripts.static_server import StaticServer
from tests.conftest import SITE_URL

SLOW_MS = 60_000  # two busy cores: generous, since no test is about speed
expect.set_options(timeout=SLOW_MS)


# In a page or a worker: what refuses a foreign host. The network would, too, so a failure alone tells nothing.
ASK_FOREIGN = """() => new Promise((resolve) => {
  self.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
  const later = () => setTimeout(() => resolve("failed for another reason"), 5000);
  fetch("https://example.com/").then(() => resolve("allowed"), later);
})"""


@pytest.fixture(scope="session")
def site(built: Path) -> Iterator[StaticServer]:
    """A server of the site under /some/path/."""
    server = StaticServer(built, path="/some/path/", site_url=SITE_URL)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = launch(playwright)
    yield started
    started.close()


@pytest.fixture(scope="session")
def webgpu_browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with WebGPU on its software adapter."""
    started = launch(playwright, "--enable-unsafe-webgpu")
    yield started
    started.close()


def until(page: Page, holds: Callable[[], bool], told: Callable[[], object]) -> None:
    """Waits for what no locator can tell, however slow the machine; `told`: what there is if it never comes."""
    end = time.monotonic() + SLOW_MS / 1000
    while not holds():
        assert time.monotonic() < end, told()
        page.wait_for_timeout(100)


class Watched:
    """A page that remembers what went wrong and who was asked."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(SLOW_MS)
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        # Requests of workers reach the context, not the page.
        page.context.on("request", lambda request: self.note(request.url, origin))

    def note(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "blob:", "data:")):
            self.foreign.append(url)


@pytest.fixture
def open_page(site: StaticServer, browser: Browser) -> Iterator[Callable[..., Watched]]:
    """open_page("en/demo/", **context options): a fresh reader on a page of the site.

    Without the service worker, which answers for the network: it and what it changes are tests/browser/test_offline.py.
    """
    contexts = []

    def open_(path: str, *, of: Browser | None = None, **options: object) -> Watched:
        context = (of or browser).new_context(**{"service_workers": "block", **options})  # type: ignore[arg-type]
        contexts.append(context)
        watched = Watched(context.new_page(), site.url)
        watched.page.goto(site.url + path)
        return watched

    yield open_
    for context in contexts:
        context.close()

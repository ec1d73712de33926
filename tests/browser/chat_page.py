"""The demo page as a reader uses it, for the tests of the chat."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import Browser, Locator, Page, Route

from scripts.static_server import StaticServer
from tests.browser.conftest import until

LOAD_MS = 120_000
REPLY_MS = 60_000
QUESTION = "What is the capital of France?"
LONG_TASK = "Write a long story about a fox who travels around the whole world."
# In the worker: the pauses between two tries pass a hundred times faster, and the seconds of silence ten times.
SHORT_PAUSES = "{ const after = self.setTimeout; self.setTimeout = (f, ms) => after(f, ms / 100); }"
SHORT_SILENCE = "{ const each = self.setInterval; self.setInterval = (f, ms) => each(f, ms / 10); }"


class Chat:
    """A fresh context with the page open.

    `worker`: script that runs in the worker before its own; `page`: the same in the page. They stand for a platform
    that lacks or breaks something; our code has no hooks for tests.
    """

    def __init__(
        self,
        browser: Browser,
        site: StaticServer,
        query: str = "backend=wasm",
        language: str = "en",
        *,
        worker: str = "",
        page: str = "",
        **options: Any,
    ) -> None:
        # Without the service worker, whose own test is test_offline.py, unless the options say so.
        self.context = browser.new_context(**{"service_workers": "block", **options})
        self.requested: list[str] = []
        self.context.on("request", lambda request: self.requested.append(request.url))
        if worker:
            self.context.route("**/chat-worker.js", lambda route: prefixed(route, worker))
        if page:
            self.context.add_init_script(page)
        self.address = f"{site.url}{language}/demo/?{query}"
        self.show(self.context.new_page())

    def show(self, page: Page) -> None:
        """Opens the address in a tab; what follows is about that tab."""
        self.page = page
        page.goto(self.address)
        self.element = page.locator("on-device-chat")
        self.reply = page.locator("output[name=reply]")
        self.prompt = page.locator("textarea[name=prompt]")
        self.error = page.locator("[data-error]")
        self.notices = page.locator("[data-notices]")
        self.status = page.locator(".chat-status")
        self.turns = page.locator("[data-conversation] .chat-text")

    def close(self) -> None:
        self.context.close()

    def button(self, name: str) -> Locator:
        return self.page.locator(f"button[name={name}]")

    def wait(self, state: str, timeout: int | None = None) -> None:
        either = f"on-device-chat:is([data-state={state}], [data-state=error])"
        self.page.wait_for_selector(either, timeout=timeout or LOAD_MS)
        assert self.element.get_attribute("data-state") == state, self.error.inner_text()

    def load(self, timeout: int | None = None) -> None:
        self.button("load").click()
        self.wait("ready", timeout)

    def fail_to_load(self) -> str:
        """Presses the button where loading must fail; what is said then."""
        self.button("load").click()
        self.wait("error")
        return one_sentence(self.error.inner_text())

    def start(self, question: str) -> None:
        """Asks and waits for the first words of the reply."""
        self.prompt.fill(question)
        self.prompt.press("Enter")
        self.page.wait_for_function(
            "() => document.querySelector('output[name=reply]').textContent.length > 1", timeout=REPLY_MS
        )

    def ask(self, question: str, timeout: int | None = None) -> str:
        self.prompt.fill(question)
        self.prompt.press("Enter")
        self.wait("ready", timeout or REPLY_MS)
        return self.reply.inner_text()

    def press_when(self, name: str, status: str) -> None:
        """Presses the button as soon as the status says so, before the next task of the page."""
        self.page.evaluate(
            """([name, status]) => {
              const [button, line] = [`button[name=${name}]`, ".chat-status"].map((s) => document.querySelector(s));
              const watch = new MutationObserver(() => {
                if (!line.textContent.startsWith(status) || button.disabled) return;
                watch.disconnect();
                button.click();
              });
              watch.observe(line.parentElement, { subtree: true, childList: true, attributes: true });
            }""",
            [name, status],
        )

    def until(self, script: str, arg: Any = None) -> None:
        """Waits until an asynchronous script returns something true; `wait_for_function` does not await it."""
        until(self.page, lambda: bool(self.page.evaluate(script, arg)), lambda: script)

    def until_worker(self, script: str, arg: Any = None) -> None:
        """The same for any of the page's workers."""
        until(self.page, lambda: any(worker.evaluate(script, arg) for worker in self.page.workers), lambda: script)

    def says(self, locator: Locator, text: str) -> None:
        """Waits until the text stands there."""
        locator.filter(has_text=text).wait_for(timeout=REPLY_MS)

    def figure(self, name: str) -> float | None:
        value = self.page.get_attribute(f"output[name={name}]", "data-value")
        return None if value is None else float(value)

    def is_foreign(self, url: str) -> bool:
        address = urlparse(url)
        return address.scheme in ("http", "https", "ws", "wss") and address.netloc != urlparse(self.page.url).netloc


def one_sentence(text: str) -> str:
    """The text, which must be one sentence."""
    assert len(re.findall(r"[.。](?:\s|$)", text)) == 1, text
    return text


def prefixed(route: Route, script: str) -> None:
    """Answers with the script before what the server sends."""
    route.fulfill(body=script + "\n" + route.fetch().text(), content_type="text/javascript")

"""The demo page in a real browser: the model loads, answers, stops, survives failures, and asks nobody anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, Route, expect

LOAD_MS = 120_000
REPLY_MS = 60_000
WEBGPU_MS = 170_000
QUESTION = "What is the capital of France?"
LONG_TASK = "Write a long story about a fox who travels around the whole world."


class Chat:
    """The demo page as a reader uses it."""

    def __init__(self, browser: Browser, site: Any, query: str = "backend=wasm", language: str = "en") -> None:
        self.context = browser.new_context()
        self.page: Page = self.context.new_page()
        self.requested: list[str] = []
        self.context.on("request", lambda request: self.requested.append(request.url))
        self.page.goto(f"{site.url}{language}/demo/?{query}")
        self.element = self.page.locator("on-device-chat")
        self.reply = self.page.locator("output[name=reply]")
        self.prompt = self.page.locator("textarea[name=prompt]")
        self.error = self.page.locator("[data-error]")
        self.notices = self.page.locator("[data-notices]")

    def button(self, name: str) -> Any:
        return self.page.locator(f"button[name={name}]")

    def wait(self, state: str, timeout: int = LOAD_MS) -> None:
        self.page.wait_for_selector(f"on-device-chat:is([data-state={state}], [data-state=error])", timeout=timeout)
        assert self.element.get_attribute("data-state") == state, self.error.inner_text()

    def load(self, timeout: int = LOAD_MS) -> None:
        self.button("load").click()
        self.wait("ready", timeout)

    def fail_to_load(self) -> None:
        """Presses the button where loading must fail, and waits until it has."""
        self.button("load").click()
        self.page.wait_for_selector("on-device-chat[data-state=error]", timeout=LOAD_MS)

    def ask(self, question: str, timeout: int = REPLY_MS) -> str:
        self.prompt.fill(question)
        self.prompt.press("Enter")
        self.wait("ready", timeout)
        return self.reply.inner_text()

    def figure(self, name: str) -> float | None:
        value = self.page.get_attribute(f"output[name={name}]", "data-value")
        return None if value is None else float(value)

    def is_foreign(self, url: str) -> bool:
        address = urlparse(url)
        return address.scheme in ("http", "https", "ws", "wss") and address.netloc != urlparse(self.page.url).netloc


@pytest.fixture(scope="module")
def loaded(browser: Browser, site: Any) -> Iterator[Chat]:
    """One page with the model loaded on WASM; each test clears the conversation first."""
    chat = Chat(browser, site)
    assert chat.prompt.is_disabled()
    chat.load()
    yield chat
    chat.context.close()


@pytest.fixture
def chat(loaded: Chat) -> Chat:
    if loaded.button("clear").is_enabled():
        loaded.button("clear").click()
    return loaded


def test_the_page_says_what_it_is_before_anything_runs(browser: Browser, site: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}en/demo/")
    text = page.locator("on-device-chat").inner_text()

    assert page.get_attribute("on-device-chat", "data-state") == "static"
    assert re.search(r"Load the model \(\d+(\.\d+)? MB\)", text)
    assert "English only" in text
    assert "Apache-2.0" in text
    assert "needs JavaScript" in text
    assert page.locator("on-device-chat :is(button, textarea):enabled").count() == 0
    context.close()


def test_it_answers_on_webassembly_and_measures_itself(chat: Chat) -> None:
    assert "Paris" in chat.ask(QUESTION)

    assert chat.page.get_attribute("output[name=backend]", "data-value") == "wasm"
    for name in ("bytes_downloaded", "load_ms", "ttft_ms", "decode_tokens_per_second"):
        assert (chat.figure(name) or 0) > 0, name
    named = re.search(r"\((\d+(?:\.\d+)?) MB\)", chat.button("load").text_content() or "")
    assert named and (chat.figure("bytes_downloaded") or 0) == pytest.approx(float(named[1]) * 1e6, rel=0.01)
    assert chat.figure("requests_since_ready") == 0


def test_an_unpredicted_speed_is_unknown_and_not_zero(chat: Chat) -> None:
    assert chat.figure("predicted_tokens_per_second") is None
    assert chat.page.inner_text("output[name=predicted_tokens_per_second]") == "not predicted"


def test_the_reply_streams_and_stops_on_request(chat: Chat) -> None:
    chat.prompt.fill(LONG_TASK)
    chat.button("send").click()
    expect(chat.reply).not_to_be_empty(timeout=REPLY_MS)
    early = chat.reply.inner_text()
    chat.page.wait_for_function(
        "shown => document.querySelector('output[name=reply]').textContent.length > shown", arg=len(early)
    )
    chat.button("stop").click()
    chat.wait("ready", REPLY_MS)

    stopped = chat.reply.inner_text()
    assert stopped.startswith(early.rstrip())
    assert "Stopped" in chat.page.inner_text("[data-status]")
    chat.page.wait_for_timeout(500)
    assert chat.reply.inner_text() == stopped


def test_a_second_question_keeps_the_context(chat: Chat) -> None:
    chat.ask(QUESTION)
    second = chat.ask("What is it famous for?")

    assert re.search("Paris|Eiffel|Louvre", second)
    turns = chat.page.locator("[data-conversation] li p").all_inner_texts()
    assert turns[0] == QUESTION
    assert "Paris" in turns[1]
    assert turns[2] == "What is it famous for?"


def test_the_context_kept_between_turns_changes_no_word(chat: Chat) -> None:
    """A second reply reuses the first one's keys and values; it must say what a fresh reading says."""
    first, second = QUESTION, "What is it famous for?"
    answer, reused = chat.ask(first), chat.ask(second)
    chat.button("clear").click()
    chat.ask("Hello.")  # now the worker remembers another conversation
    fresh = chat.page.workers[-1].evaluate(
        """(messages) => new Promise((resolve) => {
          const post = self.postMessage;
          self.postMessage = (message) => {
            if (message.type !== "done") return;
            self.postMessage = post;
            resolve(message.text);
          };
          const data = { type: "generate", id: -1, messages, maxNewTokens: 256 };
          self.dispatchEvent(new MessageEvent("message", { data }));
        })""",
        [
            {"role": "user", "content": first},
            {"role": "assistant", "content": answer},
            {"role": "user", "content": second},
        ],
    )

    assert reused == fresh


def test_clear_forgets_the_conversation_even_in_the_middle_of_a_reply(chat: Chat) -> None:
    chat.prompt.fill(LONG_TASK)
    chat.button("send").click()
    expect(chat.reply).not_to_be_empty(timeout=REPLY_MS)
    chat.button("clear").click()
    chat.wait("ready", REPLY_MS)

    expect(chat.reply).to_be_empty()
    assert chat.page.locator("[data-conversation] li").count() == 0
    assert "Paris" in chat.ask(QUESTION)


def test_enter_sends_but_not_with_shift_and_not_while_composing(chat: Chat) -> None:
    chat.prompt.fill("first line")
    chat.prompt.press("Shift+Enter")
    chat.prompt.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})

    assert chat.element.get_attribute("data-state") == "ready"
    assert chat.prompt.input_value() == "first line\n"
    chat.prompt.fill("")


def test_a_reply_is_shown_as_text_and_never_as_markup(chat: Chat) -> None:
    chat.ask('Repeat this: <b id="injected">bold</b>')
    chat.ask("Thanks.")

    assert chat.page.locator("#injected").count() == 0
    assert chat.page.locator("[data-conversation] li p").first.inner_text().endswith('<b id="injected">bold</b>')


def test_a_message_longer_than_the_models_memory_is_refused_and_handed_back(chat: Chat) -> None:
    long = "1 " * 3000
    chat.ask(long)

    assert re.search(r"Your message has \d+ tokens, more than the \d+", chat.error.inner_text())
    assert chat.prompt.input_value() == long.strip()
    assert "Paris" in chat.ask(QUESTION)
    assert chat.error.is_hidden()


def test_a_conversation_longer_than_the_models_memory_loses_its_oldest_part(chat: Chat) -> None:
    """With most of the context reserved for the reply, the third short question no longer fits behind the others."""
    chat.element.evaluate("chat => chat.setAttribute('max-new-tokens', '1975')")
    try:
        for question in (QUESTION, "What is the capital of Italy?", "What is the capital of Spain?"):
            chat.ask(question)
        assert "oldest exchanges were left out" in chat.notices.inner_text()
        assert "Madrid" in chat.reply.inner_text()
    finally:
        chat.element.evaluate("chat => chat.removeAttribute('max-new-tokens')")


def test_it_works_without_the_server_and_asks_nobody(chat: Chat, site: Any) -> None:
    before, counted = len(chat.requested), chat.figure("requests_since_ready")
    site.stop()
    try:
        assert "Paris" in chat.ask(QUESTION)
    finally:
        site.start()

    assert chat.requested[before:] == []
    assert chat.figure("requests_since_ready") == counted
    assert [url for url in chat.requested if chat.is_foreign(url)] == []


def test_a_request_made_after_ready_is_counted(browser: Browser, site: Any) -> None:
    """Seen to count at all, from the page and from the worker; in a page of its own, as the count stays."""
    own = Chat(browser, site)
    own.load()
    own.page.evaluate("() => fetch(location.href).then(() => null)")
    own.page.wait_for_function(
        "() => Number(document.querySelector('output[name=requests_since_ready]').dataset.value) === 1"
    )
    own.page.workers[-1].evaluate("address => fetch(address).then(() => null)", own.page.url)
    own.page.wait_for_function(
        "() => Number(document.querySelector('output[name=requests_since_ready]').dataset.value) === 2"
    )
    own.context.close()


def test_the_policy_refuses_a_foreign_host_from_inside_the_worker(chat: Chat) -> None:
    outcome = chat.page.workers[-1].evaluate(
        """() => new Promise((resolve) => {
          self.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          const later = () => setTimeout(() => resolve("failed for another reason"), 1000);
          fetch("https://example.com/").then(() => resolve("allowed"), later);
        })"""
    )

    assert outcome == "connect-src"


def test_a_second_visit_takes_the_model_from_the_browsers_own_storage(
    browser: Browser, site: Any, loaded: Chat
) -> None:
    page = loaded.context.new_page()
    asked: list[str] = []
    loaded.context.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}en/demo/?backend=wasm")
    page.click("button[name=load]")
    page.wait_for_selector("on-device-chat[data-state=ready]", timeout=LOAD_MS)

    assert [url for url in asked if "weights-" in url or url.endswith("tokenizer.json")] == []
    page.close()


def test_model_and_conversation_survive_a_walk_through_the_site(chat: Chat) -> None:
    """Instant navigation swaps the page's content; the tab keeps its one worker."""
    assert "Paris" in chat.ask(QUESTION)
    workers, requested = list(chat.page.workers), list(chat.requested)
    chat.page.locator("a[href$='calculators/fit/']").last.click()
    chat.page.wait_for_url("**/calculators/fit/")
    chat.page.wait_for_selector("on-device-chat", state="detached")
    chat.page.go_back()
    chat.wait("ready")

    assert chat.page.locator("[data-conversation] li p").all_inner_texts() == [QUESTION]
    assert "Paris" in chat.reply.inner_text()
    assert [worker for worker in workers if worker in chat.page.workers] == workers
    assert "Paris" in chat.ask(QUESTION)
    assert [url for url in chat.requested[len(requested) :] if "models/" in url] == []


def test_a_missing_file_is_one_sentence_and_loading_again_works(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)
    with site.fail("weights-1.bin", 404):
        chat.fail_to_load()
    sentence = chat.error.inner_text()

    assert "weights-1.bin is missing" in sentence
    assert sentence.count(".") - sentence.count(".bin") == 1
    assert chat.button("load").is_enabled()
    chat.load()
    assert chat.error.is_hidden()
    assert "Paris" in chat.ask(QUESTION)
    chat.context.close()


@pytest.mark.parametrize(("language", "words"), [("en", "The server answered 503"), ("ja", "503を返しました")])
def test_a_server_error_names_its_status(browser: Browser, site: Any, language: str, words: str) -> None:
    chat = Chat(browser, site, language=language)
    with site.fail("tokenizer.json", 503):
        chat.fail_to_load()

    assert words in chat.error.inner_text()
    assert "tokenizer.json" in chat.error.inner_text()
    chat.context.close()


def test_no_network_is_one_sentence(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)
    chat.context.route("**/manifest.json", lambda route: route.abort())
    chat.fail_to_load()

    assert "no connection to this site" in chat.error.inner_text()
    chat.context.close()


def test_a_download_that_falls_silent_is_given_up(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)

    def hurry(route: Route) -> None:
        body = """const wait = setTimeout;
          self.setTimeout = (f, ms) => wait(f, ms === 30000 ? 500 : Math.min(ms, 100));"""
        route.fulfill(body=body + route.fetch().text(), content_type="text/javascript")

    chat.context.route("**/chat-worker.js", hurry)
    chat.context.route("**/tokenizer.json", lambda route: None)  # never answered
    chat.fail_to_load()

    assert "tokenizer.json went silent for 30 seconds" in chat.error.inner_text()
    chat.context.close()


def test_a_corrupted_file_is_never_used(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)
    served: list[str] = []

    def corrupt(route: Route) -> None:
        served.append(route.request.url)
        body = bytearray(route.fetch().body())
        body[len(body) // 2] ^= 1
        route.fulfill(body=bytes(body), content_type="application/octet-stream")

    chat.context.route("**/onnx/wasm.onnx", corrupt)
    chat.fail_to_load()

    assert "onnx/wasm.onnx arrived damaged (its checksum is wrong)" in chat.error.inner_text()
    assert len(served) == 2  # once more, past any cache on the way
    chat.context.unroute("**/onnx/wasm.onnx")
    chat.load()
    assert "Paris" in chat.ask(QUESTION)
    chat.context.close()


def test_full_storage_is_said_and_does_no_harm(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)
    protocol = chat.context.new_cdp_session(chat.page)
    protocol.send("Storage.overrideQuotaForOrigin", {"origin": site.url.rstrip("/"), "quotaSize": 10_000_000})
    chat.load()

    assert "no room to keep the model" in chat.notices.inner_text()
    assert "Paris" in chat.ask(QUESTION)
    chat.context.close()


def test_blocked_webassembly_is_one_sentence(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)

    def without_wasm(route: Route) -> None:
        body = "WebAssembly.Module = function () { throw new WebAssembly.CompileError('refused'); };"
        route.fulfill(body=body + route.fetch().text(), content_type="text/javascript")

    chat.context.route("**/chat-worker.js", without_wasm)
    chat.fail_to_load()

    assert "does not allow WebAssembly" in chat.error.inner_text()
    chat.context.close()


def test_too_little_memory_is_one_sentence(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)

    def small(route: Route) -> None:
        body = """const Whole = Float32Array; self.Float32Array = class extends Whole {
          constructor(...given) {
            if (given[0] > 5e6) throw new RangeError("Array buffer allocation failed");
            super(...given);
          }
        };"""
        route.fulfill(body=body + route.fetch().text(), content_type="text/javascript")

    chat.context.route("**/chat-worker.js", small)
    chat.fail_to_load()

    assert "ran out of memory" in chat.error.inner_text()
    chat.context.unroute("**/chat-worker.js")
    chat.load()
    chat.context.close()


def test_a_worker_that_dies_is_one_sentence(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)
    dies = "postMessage({ type: 'phase', phase: 'downloading' }); setTimeout(() => { throw new Error('gone'); }, 50);"
    chat.context.route("**/chat-worker.js", lambda route: route.fulfill(body=dies, content_type="text/javascript"))
    chat.fail_to_load()

    assert "stopped unexpectedly" in chat.error.inner_text()
    chat.context.close()


def test_a_worker_that_cannot_start_is_one_sentence(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site)
    chat.context.route("**/chat-worker.js", lambda route: route.abort())
    chat.fail_to_load()

    assert "chat-worker.js could not be downloaded" in chat.error.inner_text()
    assert chat.button("load").is_enabled()
    chat.context.close()


def test_without_webgpu_it_says_so_and_goes_on_with_webassembly(browser: Browser, site: Any) -> None:
    chat = Chat(browser, site, query="backend=webgpu")
    chat.load()

    assert "offers no WebGPU" in chat.notices.inner_text()
    assert "WebAssembly instead" in chat.notices.inner_text()
    assert chat.page.get_attribute("output[name=backend]", "data-value") == "wasm"
    chat.context.close()


def test_a_software_adapter_is_not_chosen_by_itself(webgpu_browser: Browser, site: Any) -> None:
    chat = Chat(webgpu_browser, site, query="")
    chat.load()

    assert chat.page.get_attribute("output[name=backend]", "data-value") == "wasm"
    chat.context.close()


@pytest.fixture(scope="module")
def on_webgpu(webgpu_browser: Browser, site: Any) -> Iterator[Chat]:
    """The page on the software adapter, which takes seconds a token; its device stays reachable as `self.device`."""

    def keep_device(route: Route) -> None:
        keeper = """const request = GPUAdapter.prototype.requestDevice;
          GPUAdapter.prototype.requestDevice = async function (...options) {
            return (self.device = await request.apply(this, options));
          };"""
        route.fulfill(body=keeper + route.fetch().text(), content_type="text/javascript")

    chat = Chat(webgpu_browser, site, query="backend=webgpu")
    chat.context.route("**/chat-worker.js", keep_device)
    chat.page.eval_on_selector("on-device-chat", "chat => chat.setAttribute('max-new-tokens', '1')")
    chat.load(WEBGPU_MS)
    yield chat
    chat.context.close()


def test_webgpu_gives_a_correct_token(on_webgpu: Chat) -> None:
    backend = on_webgpu.page.get_attribute("output[name=backend]", "data-value")
    assert backend == "webgpu", on_webgpu.notices.inner_text()
    assert on_webgpu.ask(QUESTION, WEBGPU_MS) == "The"  # of "The capital of France is Paris."
    assert on_webgpu.figure("requests_since_ready") == 0
    assert [url for url in on_webgpu.requested if on_webgpu.is_foreign(url)] == []


def test_a_lost_webgpu_device_is_said_and_webassembly_takes_over(on_webgpu: Chat) -> None:
    on_webgpu.page.workers[-1].evaluate("() => self.device.destroy()")
    expect(on_webgpu.notices).to_contain_text("graphics processor was lost", timeout=REPLY_MS)
    on_webgpu.wait("ready")

    assert "WebAssembly instead" in on_webgpu.notices.inner_text()
    assert on_webgpu.page.get_attribute("output[name=backend]", "data-value") == "wasm"

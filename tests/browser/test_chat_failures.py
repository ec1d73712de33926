"""What breaks under the demo's model: the device, the worker, the tab. One sentence, nothing lost, a way on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from scripts.static_server import StaticServer
from tests.browser import chat_page
from tests.browser.chat_page import LONG_TASK, QUESTION, Chat, one_sentence

WEBGPU_MS = 170_000
NO_WASM = "WebAssembly.Module = function () { throw new WebAssembly.CompileError('refused'); };"
NO_GPU = "delete Object.getPrototypeOf(navigator).gpu;"
NO_ADAPTER = "GPU.prototype.requestAdapter = async () => null;"


def test_blocked_webassembly_is_one_sentence(browser: Browser, site: StaticServer) -> None:
    chat = Chat(browser, site, worker=NO_WASM)
    assert "does not allow WebAssembly" in chat.fail_to_load()
    expect(chat.button("load")).to_be_enabled()
    chat.close()


def test_a_worker_that_cannot_start_is_one_sentence(browser: Browser, site: StaticServer) -> None:
    chat = Chat(browser, site)
    chat.context.route("**/chat-worker.js", lambda route: route.abort())
    assert "chat-worker.js could not be downloaded" in chat.fail_to_load()
    chat.context.unroute("**/chat-worker.js")
    chat.load()
    chat.close()


def test_a_worker_that_dies_in_the_middle_of_a_reply_loses_nothing(browser: Browser, site: StaticServer) -> None:
    chat = Chat(browser, site)
    chat.load()
    chat.ask(QUESTION)
    chat.start(LONG_TASK)
    chat.prompt.fill("typed meanwhile")
    chat.page.workers[-1].evaluate("() => { setTimeout(() => { throw new Error('gone'); }); }")
    chat.page.wait_for_selector("on-device-chat[data-state=error]")
    assert "stopped unexpectedly" in one_sentence(chat.error.inner_text())

    turns = chat.turns.all_inner_texts()
    assert (turns[0], turns[2]) == (QUESTION, LONG_TASK)
    assert "Paris" in turns[1]
    assert chat.prompt.input_value() == "typed meanwhile"
    cut = chat.reply.inner_text()
    assert cut
    chat.load()
    expect(chat.button("retry")).to_be_enabled()
    chat.button("retry").click()
    chat.page.wait_for_function(
        "length => document.querySelector('output[name=reply]').textContent.length > length", arg=len(cut)
    )
    chat.button("stop").click()
    chat.wait("ready")
    assert chat.reply.inner_text().startswith(cut)
    chat.close()


def test_a_reply_goes_on_while_the_tab_is_hidden_and_frozen(browser: Browser, site: StaticServer) -> None:
    chat = Chat(browser, site)
    chat.load()
    chat.element.evaluate("chat => chat.setAttribute('max-new-tokens', '40')")
    chat.start(LONG_TASK)
    # A headless page is never in the background by itself.
    chat.page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    protocol = chat.context.new_cdp_session(chat.page)
    protocol.send("Page.setWebLifecycleState", {"state": "frozen"})
    protocol.send("Page.setWebLifecycleState", {"state": "active"})
    chat.wait("ready")

    assert "finished while this tab was in the background" in one_sentence(chat.notices.inner_text())
    assert len(chat.reply.inner_text().split()) > 20
    chat.page.evaluate("() => { delete document.hidden; }")
    chat.ask(QUESTION)
    assert chat.notices.is_hidden()
    chat.close()


@pytest.mark.parametrize(
    ("query", "broken", "words"),
    [
        ("", NO_GPU, "This browser offers no WebGPU, so the model runs on the processor."),
        ("", NO_ADAPTER, "WebGPU found no graphics processor to use, so the model runs on the processor."),
        ("backend=webgpu", NO_GPU, "This browser offers no WebGPU."),
        ("backend=webgpu", NO_ADAPTER, "WebGPU found no graphics processor to use."),
    ],
)
def test_without_a_graphics_processor_it_says_so_and_runs_on_webassembly(
    browser: Browser, site: StaticServer, query: str, broken: str, words: str
) -> None:
    chat = Chat(browser, site, query, worker=broken, page=broken)
    chat.load()

    said = chat.notices.inner_text()
    assert said == words if not query else said.splitlines() == [words, "Continuing with WebAssembly instead."]
    assert chat.page.get_attribute("output[name=backend]", "data-value") == "wasm"
    chat.close()


def test_a_software_adapter_is_not_chosen_by_itself(webgpu_browser: Browser, site: StaticServer) -> None:
    chat = Chat(webgpu_browser, site, query="")
    chat.load()

    assert chat.page.get_attribute("output[name=backend]", "data-value") == "wasm"
    chat.close()

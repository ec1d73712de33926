"""What breaks under the demo's model: the device, the worker, the tab. One sentence, nothing lost, a way on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from scripts.static_server import StaticServer
from tests.browser.chat_page import LONG_TASK, QUESTION, Chat, one_sentence

WEBGPU_MS = 170_000
NO_WASM = "WebAssembly.Module = function () { throw new WebAssembly.CompileError('refused'); };"
NO_GPU = "delete Object.getPrototypeOf(navigator).gpu;"
NO_ADAPTER = "GPU.prototype.requestAdapter = async () => null;"

SMALL_LIMITS = """{
  const { get } = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, "limits");
  const small = { get: (limits, name) => name === "maxBufferSize" ? 1048576 : limits[name] };
  Object.defineProperty(GPUAdapter.prototype, "limits", { get() { return new Proxy(get.call(this), small); } });
}"""
# The newest device stays reachable as `self.device`, so that the test can end it as a driver's crash would.
KEEP_DEVICE = """{
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    return (self.device = await request.apply(this, options));
  };
}"""


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


def test_a_reload_in_the_middle_of_everything_loses_neither_turns_nor_what_was_typed(
    browser: Browser, site: StaticServer
) -> None:
    chat = Chat(browser, site)
    chat.load()
    reply = chat.ask(QUESTION)
    chat.start(LONG_TASK)
    chat.prompt.fill("typed meanwhile")
    chat.page.reload()

    assert chat.turns.all_inner_texts() == [QUESTION, reply, LONG_TASK]
    assert chat.reply.inner_text()
    assert chat.prompt.input_value() == "typed meanwhile"
    chat.load()
    chat.button("clear").click()
    chat.prompt.fill("")
    chat.page.reload()
    assert chat.turns.count() == 0
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


def test_limits_that_are_too_small_are_named_and_webassembly_takes_over(
    webgpu_browser: Browser, site: StaticServer
) -> None:
    chat = Chat(webgpu_browser, site, "backend=webgpu", worker=SMALL_LIMITS)
    chat.load()

    limit, way_on = chat.notices.inner_text().splitlines()
    assert limit.startswith("The graphics processor’s limit maxBufferSize is 1,048,576, and the model needs ")
    assert way_on == "Continuing with WebAssembly instead."
    assert chat.page.get_attribute("output[name=backend]", "data-value") == "wasm"
    chat.close()


@pytest.mark.slow  # the software adapter takes seconds a token
def test_a_device_lost_in_the_middle_of_a_reply_is_replaced_once_then_webassembly_answers(
    webgpu_browser: Browser, site: StaticServer
) -> None:
    chat = Chat(webgpu_browser, site, "backend=webgpu", worker=KEEP_DEVICE)
    chat.load(WEBGPU_MS)
    assert chat.page.get_attribute("output[name=backend]", "data-value") == "webgpu", chat.notices.inner_text()
    grows = "length => document.querySelector('output[name=reply]').textContent.length > length"

    chat.prompt.fill(QUESTION)
    chat.button("send").click()
    chat.prompt.fill("typed meanwhile")
    chat.page.wait_for_function(grows, arg=0, timeout=WEBGPU_MS)
    before = chat.reply.inner_text()
    chat.page.workers[-1].evaluate("() => self.device.destroy()")
    chat.page.wait_for_function(grows, arg=len(before), timeout=WEBGPU_MS)
    assert chat.reply.inner_text().startswith(before)
    assert chat.page.get_attribute("output[name=backend]", "data-value") == "webgpu"

    chat.page.workers[-1].evaluate("() => self.device.destroy()")
    expect(chat.notices).to_contain_text("graphics processor was lost", timeout=WEBGPU_MS)
    assert chat.notices.inner_text().splitlines()[-1] == "Continuing with WebAssembly instead."
    chat.page.wait_for_selector("output[name=backend][data-value=wasm]", timeout=WEBGPU_MS)
    chat.wait("ready")
    assert "Paris" in chat.reply.inner_text()
    assert chat.turns.all_inner_texts() == [QUESTION]
    assert chat.prompt.input_value() == "typed meanwhile"
    chat.close()

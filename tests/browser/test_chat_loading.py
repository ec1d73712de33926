"""Loading the demo's model: what breaks a download, and how it goes on without a byte fetched twice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from scripts.static_server import StaticServer
from tests.browser.chat_page import QUESTION, SHORT_PAUSES, SHORT_SILENCE, Chat
from tests.browser.conftest import SITE_URL

CHUNK = "weights-1.bin"
# Bytes on the way that a browser throws away when the connection breaks; a tenth of the chunk is more.
IN_FLIGHT = 4_000_000
# A disk that takes a second for whatever is put into the browser's storage.
SLOW_PUT = """self.putting = [];
const put = Cache.prototype.put;
Cache.prototype.put = async function (url, response) {
  self.putting.push([url, Number(response.headers.get("content-length"))]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return put.call(this, url, response);
};
"""
# A clock at a hundredth of its speed: all that arrives in some seconds arrives within one pause between two reports.
SLOW_CLOCK = "{ const now = performance.now.bind(performance); performance.now = () => now() / 100; }"
PUTTING = "([kind, least]) => self.putting?.some(([url, bytes]) => url.includes(kind) && bytes > least)"
NO_CACHES = "Object.defineProperty(self, 'caches', { get() { throw new DOMException('', 'SecurityError'); } });"

SMALL_ESTIMATE = "StorageManager.prototype.estimate = async () => ({ quota: 10_000_000, usage: 0 });"

# Whether so many bytes of a begun download are kept, read back whole.
KEPT = """async ([hash, least]) => {
  if (!(await caches.has("edge-demo-model-v1"))) return false;
  const cache = await caches.open("edge-demo-model-v1");
  const begun = (await cache.keys()).filter(({ url }) => url.includes(`/begun/${hash}`));
  const pieces = await Promise.all(begun.map(async (key) => (await cache.match(key)).arrayBuffer()));
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) > least;
}"""


@pytest.fixture
def host(built: Path) -> Iterator[StaticServer]:
    """A server of its own: what it breaks and counts concerns one test."""
    server = StaticServer(built, path="/some/path/", site_url=SITE_URL)
    yield server
    server.stop()


def sent(host: StaticServer, suffix: str) -> int:
    """Bytes that the server gave of a file."""
    return sum(count for path, count in host.sent.items() if path.endswith(suffix))


def size(host: StaticServer, name: str) -> int:
    return next(host.root.glob(f"models/*/{name}")).stat().st_size


def hash_of(host: StaticServer, name: str) -> str:
    return hashlib.sha256(next(host.root.glob(f"models/*/{name}")).read_bytes()).hexdigest()


def megabytes(text: str | None) -> float:
    found = re.search(r"(\d+(?:\.\d+)?) MB", text or "")
    assert found, text
    return float(found[1])


@pytest.mark.parametrize(("share", "language"), [(0.1, "en"), (0.5, "ja"), (0.99, "en")])
def test_a_network_that_goes_away_is_one_sentence_and_it_goes_on_where_it_stopped(
    browser: Browser, host: StaticServer, share: float, language: str
) -> None:
    chat = Chat(browser, host, language=language, worker=SHORT_PAUSES)
    chat.prompt.fill("typed before")
    with host.cut(CHUNK, share, lasting=True):
        said = chat.fail_to_load()
    words = {"en": f"The connection broke off while {CHUNK}", "ja": f"{CHUNK}のダウンロード中に接続が切れました"}
    assert said.startswith(words[language])
    expect(chat.button("load")).to_have_text(re.compile("Continue the download|ダウンロードを続ける"))
    left = megabytes(chat.button("load").text_content())
    assert left == pytest.approx(size(host, CHUNK) * (1 - share) / 1e6, abs=60)

    chat.load()
    assert sent(host, CHUNK) < size(host, CHUNK) + IN_FLIGHT
    assert sent(host, "weights-0.bin") < size(host, "weights-0.bin") + 2 * IN_FLIGHT  # stopped as well, perhaps twice
    assert chat.prompt.input_value() == "typed before"
    chat.close()


def test_a_host_without_ranges_sends_the_whole_file_again(browser: Browser, host: StaticServer) -> None:
    host.ranges = False
    chat = Chat(browser, host, worker=SHORT_PAUSES)
    with host.cut(CHUNK, 0.5):
        chat.load()

    assert sent(host, CHUNK) == pytest.approx(1.5 * size(host, CHUNK), rel=0.01)
    chat.close()


def test_a_tab_closed_in_the_middle_goes_on_in_the_next_and_a_cut_is_retried(
    browser: Browser, host: StaticServer
) -> None:
    chat = Chat(browser, host)
    with host.cut(CHUNK, 0.5, hang=True):
        chat.button("load").click()
        chat.until(KEPT, [hash_of(host, CHUNK), 0.4 * size(host, CHUNK)])
        chat.page.close()
    chat.show(chat.context.new_page())
    with host.cut(CHUNK, 0.5):
        chat.load()

    assert sent(host, CHUNK) < size(host, CHUNK) + IN_FLIGHT
    chat.close()


def test_a_download_that_falls_silent_is_given_up(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host, worker=SHORT_PAUSES + SHORT_SILENCE)
    with host.stall("tokenizer.json"):
        assert "tokenizer.json went silent for 30 seconds" in chat.fail_to_load()
    expect(chat.button("load")).to_be_enabled()
    chat.close()


@pytest.mark.parametrize(("status", "words"), [(404, "tokenizer.json is missing"), (500, "The server answered 500")])
def test_an_error_of_the_server_is_one_sentence_and_loading_again_works(
    browser: Browser, host: StaticServer, status: int, words: str
) -> None:
    chat = Chat(browser, host, worker=SHORT_PAUSES)
    with host.fail("tokenizer.json", status):
        assert words in chat.fail_to_load()
    asked = host.requests.count(next(path for path in host.requests if path.endswith("tokenizer.json")))

    assert asked == (1 if status == 404 else 4)  # what is missing does not come back by asking again
    expect(chat.button("load")).to_be_enabled()
    chat.close()


def test_no_network_is_one_sentence(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host, worker=SHORT_PAUSES)
    chat.context.route("**/models/**", lambda route: route.abort())
    assert "no connection to this site" in chat.fail_to_load()
    chat.close()


def test_a_corrupted_chunk_is_fetched_once_more_and_never_used_or_kept(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host, worker=SHORT_PAUSES)
    with host.corrupt(CHUNK):
        assert f"{CHUNK} arrived damaged (its checksum is wrong)" in chat.fail_to_load()
    assert sent(host, CHUNK) == 2 * size(host, CHUNK)
    chat.load()

    assert sent(host, CHUNK) == 3 * size(host, CHUNK)
    assert "Paris" in chat.ask(QUESTION)
    chat.close()


def test_cancel_stops_at_every_phase_and_keeps_what_has_arrived(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host, worker=SLOW_CLOCK)
    chat.prompt.fill("typed before")
    with host.cut(CHUNK, 0.5, hang=True):
        chat.button("load").click()
        chat.says(chat.status, "Downloading: ")
        # All but the other half of this chunk, which is a quarter of the whole.
        chat.page.wait_for_function("() => document.querySelector('on-device-chat progress').value > 0.74")
        chat.button("cancel").click()
        chat.wait("static")
    assert "Stopped" in chat.status.inner_text()
    assert chat.prompt.input_value() == "typed before"
    expect(chat.button("load")).to_have_text(re.compile("Continue the download"))
    for phase in ("Checking", "Unpacking", "Warming up"):
        chat.press_when("cancel", phase)
        chat.button("load").click()
        chat.page.wait_for_selector("on-device-chat[data-state=loading]", state="detached")
        assert (phase, chat.element.get_attribute("data-state")) == (phase, "static")
    chat.load()

    assert sent(host, CHUNK) < size(host, CHUNK) + IN_FLIGHT
    chat.close()


def test_cancel_waits_for_what_is_being_put_aside(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host, worker=SLOW_PUT)
    with host.cut(CHUNK, 0.5, hang=True):
        chat.button("load").click()
        chat.says(chat.status, "Downloading: ")
        chat.until_worker(PUTTING, ["/begun/", 10_000_000])
        chat.button("cancel").click()
        chat.wait("static")
    chat.load()

    assert sent(host, CHUNK) < size(host, CHUNK) + IN_FLIGHT
    chat.close()


def test_a_tab_closed_while_a_whole_file_is_kept_loses_nothing_of_what_was_begun(
    browser: Browser, host: StaticServer
) -> None:
    chat = Chat(browser, host, worker=SLOW_PUT)
    with host.cut(CHUNK, 0.9, hang=True):
        chat.button("load").click()
        chat.until(KEPT, [hash_of(host, CHUNK), 0.85 * size(host, CHUNK)])
        chat.button("cancel").click()
        chat.wait("static")
    chat.button("load").click()
    chat.until_worker(PUTTING, [f"/sha256/{hash_of(host, CHUNK)}", 0])
    chat.page.close()
    chat.show(chat.context.new_page())
    chat.load()

    assert sent(host, CHUNK) < 1.1 * size(host, CHUNK) + 2 * IN_FLIGHT
    chat.close()


def test_a_second_tab_waits_for_the_first_ones_download(browser: Browser, host: StaticServer) -> None:
    first = Chat(browser, host)
    with host.cut(CHUNK, 0.5, hang=True):
        first.button("load").click()
        first.says(first.status, "Downloading: ")
        second = first.context.new_page()
        second.goto(first.address)
        second.click("button[name=load]")
        expect(second.locator(".chat-status")).to_contain_text("Another tab is downloading the model")
    first.wait("ready")
    second.wait_for_selector("on-device-chat[data-state=ready]")

    assert sent(host, CHUNK) < size(host, CHUNK) + IN_FLIGHT
    first.close()


def test_a_second_visit_asks_the_server_for_no_model_byte_until_it_is_deleted(
    browser: Browser, host: StaticServer
) -> None:
    chat = Chat(browser, host)
    chat.load()
    with host.fail(".bin", 500), host.fail(".json", 500), host.fail(".onnx", 500), host.fail(".wasm", 500):
        chat.show(chat.context.new_page())
        expect(chat.button("load")).to_have_text("Load the model (already on this device)")
        chat.load()
    assert chat.figure("bytes_downloaded") == 0
    assert "Paris" in chat.ask(QUESTION)

    chat.page.click(".chat-settings summary")
    stored = chat.page.locator("[data-stored]")
    assert megabytes(stored.inner_text()) > 90
    chat.button("persist").click()
    expect(stored).to_have_text(re.compile("will keep it|did not promise"))
    chat.button("delete").click()
    expect(stored).to_contain_text("Deleted")
    assert chat.page.evaluate("caches.keys()") == []
    assert "Paris" in chat.ask(QUESTION)
    chat.close()


def test_what_is_stored_of_another_version_is_removed_and_of_the_other_backend_kept(
    browser: Browser, host: StaticServer
) -> None:
    chat = Chat(browser, host)
    kept, old = hash_of(host, "webgpu-fp32.onnx"), "0" * 64
    chat.page.evaluate(
        """async (hashes) => {
          const cache = await caches.open("edge-demo-model-v1");
          for (const hash of hashes) await cache.put("/sha256/" + hash, new Response("bytes"));
        }""",
        [kept, old],
    )
    chat.load()
    keys = chat.page.evaluate(
        "async () => (await (await caches.open('edge-demo-model-v1')).keys()).map(({ url }) => url.split('/').pop())"
    )

    assert old not in keys
    assert kept in keys
    chat.close()


def test_too_little_room_is_said_first_and_it_runs_without_storing(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host, page=SMALL_ESTIMATE)
    assert re.search(r"store only 10 MB more, and the model needs \d+\.\d MB", chat.fail_to_load())
    assert not [path for path in host.requests if path.endswith(".bin")]
    chat.button("load_unstored").click()
    chat.wait("ready")

    assert chat.page.evaluate("caches.keys()") == []
    assert "Paris" in chat.ask(QUESTION)
    chat.close()


def test_a_quota_exceeded_in_spite_of_the_estimate_does_no_harm(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host)
    protocol = chat.context.new_cdp_session(chat.page)
    protocol.send("Storage.overrideQuotaForOrigin", {"origin": host.url.split("/some")[0], "quotaSize": 10_000_000})
    chat.load()

    assert "no room to keep the model" in chat.notices.inner_text()
    assert "Paris" in chat.ask(QUESTION)
    chat.close()


def test_a_private_window_that_stores_nothing_does_no_harm(browser: Browser, host: StaticServer) -> None:
    chat = Chat(browser, host, worker=NO_CACHES, page=NO_CACHES)
    chat.load()

    assert "stores nothing (it may be a private one)" in chat.notices.inner_text()
    assert "Paris" in chat.ask(QUESTION)
    chat.close()


def test_the_keyboard_goes_on_where_the_pressed_button_is_gone(browser: Browser, site: StaticServer) -> None:
    chat = Chat(browser, site)
    # Watched, since cancel is there for a moment only.
    chat.page.evaluate("{ window.held = []; addEventListener('focusin', ({ target }) => held.push(target.name)); }")
    expect(chat.button("load")).to_be_enabled()  # pressing a key waits for nothing
    chat.button("load").press("Enter")
    chat.wait("ready")
    expect(chat.prompt).to_be_focused()
    assert chat.page.evaluate("held") == ["load", "cancel", "prompt"]
    chat.close()

"""Each test of a failure fails without what handles it: the modules are bundled once more with one line taken out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError

from scripts.build import build_assets
from scripts.cached import ROOT, link_tree
from scripts.node import NODE
from scripts.static_server import StaticServer
from tests.browser import chat_page
from tests.browser import test_chat as talking
from tests.browser import test_chat_failures as failures
from tests.browser import test_chat_loading as loading
from tests.browser.chat_page import Chat
from tests.browser.conftest import SITE_URL

# Long enough for a load on a busy machine, short enough to wait for what never comes.
PATIENCE_MS = 30_000
Test = Callable[[Browser, StaticServer], None]


def loaded(test: Callable[[Chat], None]) -> Test:
    """A test that shares the loaded page with others, on a page of its own."""

    def run(browser: Browser, site: StaticServer) -> None:
        chat = Chat(browser, site)
        chat.load()
        test(chat)

    return run


def without_adapter(browser: Browser, site: StaticServer) -> None:
    words = "WebGPU found no graphics processor to use, so the model runs on the processor."
    failures.test_without_a_graphics_processor_it_says_so_and_runs_on_webassembly(
        browser, site, "", failures.NO_ADAPTER, words
    )


def without_webgpu(browser: Browser, site: StaticServer) -> None:
    words = "This browser offers no WebGPU, so the model runs on the processor."
    failures.test_without_a_graphics_processor_it_says_so_and_runs_on_webassembly(
        browser, site, "", failures.NO_GPU, words
    )


def network_goes_away(browser: Browser, site: StaticServer) -> None:
    loading.test_a_network_that_goes_away_is_one_sentence_and_it_goes_on_where_it_stopped(browser, site, 0.5, "en")


def answered(status: int, words: str) -> Test:
    test = loading.test_an_error_of_the_server_is_one_sentence_and_loading_again_works
    return lambda browser, site: test(browser, site, status, words)


# What fails: (module, what is taken out, what stands there instead, the test that must see it)
HANDLERS: dict[str, tuple[str, str, str, Test]] = {
    "network cut, said": (
        "model-download",
        'if (error instanceof TypeError) throw new DemoError(part.position ? "broke_off" : "no_network",',
        "if (false) throw new DemoError('',",
        network_goes_away,
    ),
    "network cut, resumed": (
        "model-download",
        "headers: part.position ? { range: `bytes=${part.position}-` } : {},",
        "",
        network_goes_away,
    ),
    "network cut, kept": ("model-download", "if (!this.cache || to === from) return;", "return;", network_goes_away),
    "no ranges": (
        "model-download",
        "if (part.position && !fits) await part.discard();",
        "",
        loading.test_a_host_without_ranges_sends_the_whole_file_again,
    ),
    "tab closed": (
        "model-download",
        "setInterval(() => void part.keep(), KEEP_EACH_MS)",
        "0",
        loading.test_a_tab_closed_in_the_middle_goes_on_in_the_next_and_a_cut_is_retried,
    ),
    "corrupted chunk": (
        "model-download",
        "if ((await sha256(part.bytes)) !== file.sha256)",
        "if (false)",
        loading.test_a_corrupted_chunk_is_fetched_once_more_and_never_used_or_kept,
    ),
    "404": (
        "model-download",
        'if (response.status === 404) throw new DemoError("missing_file", { file: file.name });',
        "",
        answered(404, "tokenizer.json is missing"),
    ),
    "500": (
        "model-download",
        "if (!response.ok || (response.status === 206 && !fits))",
        "if (false)",
        answered(500, "The server answered 500"),
    ),
    "500, tried again": (
        "model-download",
        "Number(slots.status) >= 500",
        "false",
        answered(500, "The server answered 500"),
    ),
    "stalled server": (
        "model-download",
        "if (this.#seconds >= SILENCE_S) this.#abort.abort();",
        "",
        loading.test_a_download_that_falls_silent_is_given_up,
    ),
    "quota exceeded": (
        "model-store",
        "return true;\n  } catch {\n    return false;",
        "return true;\n  } catch (error) {\n    throw error;",
        loading.test_a_quota_exceeded_in_spite_of_the_estimate_does_no_harm,
    ),
    "quota short": (
        "chat-session",
        "if (need_bytes > free_bytes)",
        "if (false)",
        loading.test_too_little_room_is_said_first_and_it_runs_without_storing,
    ),
    "private mode": (
        "model-files",
        'if (store && !cache) fetched.notices.push("storage_none");',
        "",
        loading.test_a_private_window_that_stores_nothing_does_no_harm,
    ),
    "two tabs": (
        "model-files",
        "if (!cache || !navigator.locks)",
        "if (true)",
        loading.test_a_second_tab_waits_for_the_first_ones_download,
    ),
    "stop while loading": (
        "chat-session",
        'if (!worker || !FETCHING.includes(this.status?.code ?? "")) return canceled();',
        "",
        loading.test_cancel_stops_at_every_phase_and_keeps_what_has_arrived,
    ),
    "stop while writing": (
        "chat-session",
        'this.#worker?.postMessage({ type: "interrupt" });',
        "",
        loaded(talking.test_the_reply_streams_and_stops_on_request),
    ),
    "4,000 tokens": (
        "chat-session",
        'if (code === "prompt_too_long") this.returned = this.turns.pop()?.content;',
        "",
        loaded(talking.test_a_prompt_of_4000_tokens_is_refused_and_handed_back_before_what_was_typed_since),
    ),
    "hostile Markdown": (
        "chat-turns",
        "target.append(...blocks.slice(same));",
        "target.innerHTML = text;",
        loaded(talking.test_markdown_of_a_reply_is_shown_and_hostile_markdown_is_text),
    ),
    "blocked WebAssembly": (
        "chat-loop",
        "  requireWebAssembly();\n",
        "",
        failures.test_blocked_webassembly_is_one_sentence,
    ),
    "worker dies": (
        "chat-session",
        'worker.addEventListener("error", died);',
        "",
        failures.test_a_worker_that_dies_in_the_middle_of_a_reply_loses_nothing,
    ),
    "tab hidden": (
        "chat-session",
        "if (document.hidden) session.hidden();",
        "",
        failures.test_a_reply_goes_on_while_the_tab_is_hidden_and_frozen,
    ),
    "no WebGPU": (
        "chat-device",
        'if (!navigator.gpu) return { backend: "wasm", reason: "on_processor_no_webgpu" };',
        "",
        without_webgpu,
    ),
    "adapter null": ("chat-device", ', reason: "on_processor_no_adapter"', "", without_adapter),
}
ON_WEBGPU: dict[str, tuple[str, str, str, Test]] = {
    "limits too small": (
        "webgpu-choice",
        "if (!(limits[limit] >= need)) throw",
        "if (false) throw",
        failures.test_limits_that_are_too_small_are_named_and_webassembly_takes_over,
    ),
    "device lost": (
        "chat-session",
        'this.#askOnReady = ask && this.turns.at(-1)?.role === "user";',
        "",
        failures.test_a_device_lost_in_the_middle_of_a_reply_is_replaced_once_then_webassembly_answers,
    ),
}


@pytest.fixture
def without(built: Path, tmp_path: Path) -> Iterator[Callable[[str, str, str], StaticServer]]:
    """without(module, old, new): a server of the site whose modules lack what was taken out."""
    servers: list[StaticServer] = []

    def serve(module: str, old: str, new: str) -> StaticServer:
        assets = build_assets()
        theme = tmp_path / "docs" / "_theme"
        shutil.copytree(ROOT / "docs" / "_theme", theme)
        (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
        source = theme / "modules" / f"{module}.js"
        text = source.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{module}.js holds this {text.count(old)} times: {old}"
        source.write_text(text.replace(old, new), encoding="utf-8")
        site = tmp_path / "site"
        link_tree(built, site)
        shutil.rmtree(site / assets.modules)
        command = [NODE, ROOT / "scripts" / "bundle.mjs", "--out", site / assets.modules, "--define", assets.define]
        subprocess.run([str(part) for part in command], cwd=tmp_path, check=True)
        server = StaticServer(site, path="/some/path/", site_url=SITE_URL)
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.stop()


def must_fail(test: Test, browser: Browser, site: StaticServer, patience: pytest.MonkeyPatch) -> None:
    patience.setattr(chat_page, "LOAD_MS", PATIENCE_MS)
    patience.setattr(chat_page, "REPLY_MS", PATIENCE_MS)
    Chat(browser, site).close()  # a page that never loads is no failure that a test has seen
    try:
        with pytest.raises((AssertionError, BrowserError)):
            test(browser, site)
    finally:
        for context in browser.contexts:
            context.close()


def test_what_is_taken_out_stands_once_in_its_module() -> None:
    for what, (module, old, _, _) in (HANDLERS | ON_WEBGPU).items():
        source = ROOT / "docs" / "_theme" / "modules" / f"{module}.js"
        assert source.read_text(encoding="utf-8").count(old) == 1, what


@pytest.mark.slow
@pytest.mark.parametrize("what", HANDLERS)
def test_without_its_handler_the_failure_is_seen(
    browser: Browser,
    without: Callable[[str, str, str], StaticServer],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    module, old, new, test = HANDLERS[what]
    must_fail(test, browser, without(module, old, new), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("what", ON_WEBGPU)
def test_without_its_handler_the_failure_is_seen_on_webgpu(
    webgpu_browser: Browser,
    without: Callable[[str, str, str], StaticServer],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    module, old, new, test = ON_WEBGPU[what]
    must_fail(test, webgpu_browser, without(module, old, new), monkeypatch)

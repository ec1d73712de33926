"""Measures the demo's decoder beside wllama (llama.cpp in WebAssembly): same weights, same browser, in turn.

Usage: python -m scripts.bench_demo [--rounds 5] [--threads 1] [--write]
A round is one visit with each, in a fresh browser with nothing stored: loading from this machine, then three questions
of 43 tokens to read, 64 tokens greedily. Prints medians and ratios; ours reads its system prompt while it loads, and
its questions are as long without it as wllama's are with its own. --write puts ratios of one thread into
`data/facts/site-chat-versus-*.yml`, of two into `site-chat-two-threads-versus-*.yml`.
"""

from __future__ import annotations

import argparse
import datetime
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from scripts import build_model
from scripts.bench import largest_renderer
from scripts.browser import launch
from scripts.build import build_assets
from scripts.cached import ROOT, link_tree
from scripts.measured import set_fact
from scripts.node import NODE
from scripts.static_server import StaticServer

ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
WLLAMA = ROOT / "node_modules" / "@wllama" / "wllama" / "esm"
TIMEOUT_MS = 600_000
FIGURES = ("load", "ttft", "decode", "memory")
Figures = dict[str, list[float]]


def bare_site(folder: Path, script: Path) -> None:
    """A page of this script and nothing else, with the site's modules and model where they lie in the site."""
    assets = build_assets()
    for path, source in assets.folders.items():
        link_tree(source, folder / path)
    bundle = [NODE, "scripts/bundle.mjs", "--out", folder / assets.modules, "--page", script]
    subprocess.run([str(part) for part in bundle], check=True, cwd=ROOT)
    page = (
        f'<!doctype html><meta charset="utf-8"><script type="module" src="/{assets.modules}{script.stem}.js"></script>'
    )
    (folder / "index.html").write_text(page, encoding="utf-8")


def add_wllama(folder: Path) -> None:
    """wllama and the model's GGUF file beside the page."""
    (folder / "wllama").mkdir()
    shutil.copyfile(WLLAMA / "index.js", folder / "wllama" / "index.js")
    shutil.copyfile(WLLAMA / "wasm" / "wllama.wasm", folder / "wllama" / "wllama.wasm")
    with tempfile.TemporaryDirectory() as scratch:
        gguf, _ = build_model.unpack(build_model.find_wheel(None, ROOT / ".cache"), Path(scratch))
        shutil.copyfile(gguf, folder / "model.gguf")


def visit(playwright: Playwright, url: str, who: str, threads: int) -> dict[str, float]:
    """One visit in a fresh browser: load ms, TTFT ms, tokens/s, bytes of the renderer."""
    browser = launch(playwright)
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(url)
    page.wait_for_function(f"typeof {who} === 'function'")
    found: dict[str, Any] = page.evaluate(f"threads => {who}(threads)", threads)
    memory = largest_renderer()
    browser.close()
    replies = found["replies"]
    if found["threads"] != threads or {reply["prompt_tokens"] for reply in replies} != {43}:
        raise SystemExit(f"bench_demo: {who} did not do what was asked: {found}")
    median = {key: statistics.median(r[key] for r in replies) for key in ("ttft_ms", "decode_tokens_per_second")}
    return {
        "load": found["load_ms"],
        "ttft": median["ttft_ms"],
        "decode": median["decode_tokens_per_second"],
        "memory": memory,
    }


def measure(rounds: int, threads: int) -> dict[str, Figures]:
    """Figures of `rounds` visits with each, in turn."""
    found: dict[str, Figures] = {who: {name: [] for name in FIGURES} for who in ("ours", "wllama")}
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        bare_site(Path(folder), ROOT / "scripts" / "bench_demo.mjs")
        add_wllama(Path(folder))
        site = StaticServer(Path(folder), headers=ISOLATED if threads > 1 else None)
        with sync_playwright() as playwright:
            for _ in range(rounds):
                for who, figures in found.items():
                    for name, value in visit(playwright, site.url, who, threads).items():
                        figures[name].append(value)
        site.stop()
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_demo", description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="visits with each (default: 5)")
    parser.add_argument("--threads", type=int, choices=(1, 2), default=1, help="default: 1")
    parser.add_argument("--write", action="store_true", help="put the ratios into data/facts")
    arguments = parser.parse_args(argv)
    found = measure(arguments.rounds, arguments.threads)
    medians = {who: {n: statistics.median(v) for n, v in figures.items()} for who, figures in found.items()}
    ratios = {name: medians["ours"][name] / medians["wllama"][name] for name in FIGURES}
    for name in FIGURES:
        shown = (
            f"{medians[who][name]:,.4g} ({min(found[who][name]):,.4g} to {max(found[who][name]):,.4g})" for who in found
        )
        print(f"{name:8} ours {next(shown):40} wllama {next(shown):40} ratio {ratios[name]:.3f}")
    if arguments.write:
        prefix = "site-chat-versus" if arguments.threads == 1 else "site-chat-two-threads-versus"
        for name, ratio in ratios.items():
            set_fact(f"{prefix}-{name}", datetime.date.today().isoformat(), value=float(f"{ratio:.3g}"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Measures the site on this machine: sizes, builds, checks, first answers, the chat. For orientation, never for a test.

Usage: python -m scripts.bench [--runs 3] [--write]
Prints the median of the runs with its spread, each in a fresh browser. --write puts the medians and today's date into
the facts `data/facts/site-*.yml`, from which the contributing page takes them.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, Playwright, sync_playwright

from scripts.browser import launch
from scripts.build import build, build_assets
from scripts.cached import BUILD, ROOT, files_under
from scripts.measured import FACTS, set_fact
from scripts.static_server import StaticServer

URL = "http://127.0.0.1:8000/"
QUESTION = "Why is the sky blue?"
TIMEOUT_MS = 180_000
Figures = dict[str, list[float]]


def size(folder: Path) -> float:
    return float(sum(path.stat().st_size for path in files_under(folder)))


def measure_build(found: Figures) -> Path:
    """Builds everything from nothing but the downloads, then again without changes."""
    out = BUILD / "bench-site"
    for name in ("api", "model", "modules", "notebooks", "onnxruntime", "pages", "python", "theme"):
        shutil.rmtree(BUILD / name, ignore_errors=True)
    for name in ("site-build-seconds", "site-rebuild-seconds"):
        started = time.monotonic()
        build(out, URL)
        found[name] = [time.monotonic() - started]
    assets = build_assets()
    found["site-bytes"] = [size(out)]
    found["site-model-bytes"] = [size(assets.model)]
    python = [size(folder) for path, folder in assets.folders.items() if folder.parent.parent.name == "python"]
    found["site-engine-bytes"] = [sum(python)]
    return out


def measure_check(found: Figures) -> None:
    """The fast checks after a change to one page, all the rest having been checked before."""
    page = ROOT / "docs" / "en" / "book" / "preface.md"
    text = page.read_text(encoding="utf-8")
    command = [sys.executable, "-m", "scripts.check"]
    try:
        for more in ("", "\nReaders may change this sentence.\n"):
            page.write_text(text + more, encoding="utf-8")
            started = time.monotonic()
            subprocess.run(command, cwd=ROOT, capture_output=True)  # its twin wants to be read again: a finding
            found["site-check-seconds"] = [time.monotonic() - started]
    finally:
        page.write_text(text, encoding="utf-8")


def measure_edit(found: Figures) -> None:
    """From saving a page to the server giving it with the new text, under `make serve`, five times."""
    page = ROOT / "docs" / "en" / "book" / "preface.md"
    text = page.read_text(encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "scripts.serve", "--port", port]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        for n in range(6):  # the first waits for the start
            words = f"Readers may change this sentence, {'again and ' * n}again."
            page.write_text(f"{text}\n{words}\n", encoding="utf-8")
            started = time.monotonic()
            while words not in answered(f"http://127.0.0.1:{port}/en/book/preface/"):
                time.sleep(0.02)
            if n:
                found.setdefault("site-edit-seconds", []).append(time.monotonic() - started)
    finally:
        page.write_text(text, encoding="utf-8")
        server.terminate()
        server.wait()


def answered(url: str) -> str:
    """The page; empty while nothing answers."""
    try:
        with urllib.request.urlopen(url) as reply:
            return str(reply.read().decode())
    except OSError:
        return ""


def measure_calculator(page: Page, url: str, found: Figures) -> None:
    """From a reader's first change to its answer, then a second change."""
    page.goto(f"{url}en/calculators/fit/")
    page.wait_for_load_state("networkidle")
    for name, device in (("site-first-answer-ms", "dgx-spark"), ("site-next-answer-ms", "rtx-5090")):
        before = page.text_content("output[name=headline]")
        started = time.monotonic()
        page.select_option("select[name=device]", device)
        while page.text_content("output[name=headline]") == before:
            time.sleep(0.002)
        found.setdefault(name, []).append((time.monotonic() - started) * 1e3)


def measure_chat(page: Page, url: str, found: Figures) -> None:
    """Load on WebAssembly, ask twice, read what the page measured of the second reply."""
    page.goto(f"{url}en/demo/?backend=wasm")
    page.click("button[name=load]")
    ready = "on-device-chat[data-state=ready]"
    page.wait_for_selector(ready, timeout=TIMEOUT_MS)
    for turn in range(2):
        if turn:
            page.click("button[name=clear]")
        page.fill("textarea[name=prompt]", QUESTION)
        page.press("textarea[name=prompt]", "Enter")
        page.wait_for_selector(ready, timeout=TIMEOUT_MS)
    for name in ("load_ms", "ttft_ms", "decode_tokens_per_second", "bytes_downloaded"):
        value = page.get_attribute(f"output[name={name}]", "data-value")
        found.setdefault("site-chat-" + name.replace("_", "-"), []).append(float(value or "nan"))
    memory = largest_renderer()
    if memory:
        found.setdefault("site-chat-memory-bytes", []).append(memory)


def largest_renderer() -> float:
    """Proportional set size of the largest renderer that this process started, bytes; 0 where /proc does not tell."""
    sizes = [0.0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes() and is_ours(process):
                rollup = (process / "smaps_rollup").read_text()
                sizes.append(float(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[0]) * 1024)
        except (OSError, IndexError):
            continue
    return max(sizes)


def is_ours(process: Path) -> bool:
    """Whether this process is among its ancestors: another benchmark's browser is not to be measured."""
    while process.name not in ("0", "1"):
        if process.name == str(os.getpid()):
            return True
        process = process.parent / (process / "stat").read_text().rpartition(")")[2].split()[1]
    return False


def measure_browser(playwright: Playwright, site: StaticServer, runs: int, found: Figures) -> None:
    for _ in range(runs):
        for measure in (measure_calculator, measure_chat):
            browser = launch(playwright)
            measure(browser.new_page(), site.url, found)
            browser.close()


def write(found: Figures) -> None:
    """Puts the medians into the facts; what has no fact is left out."""
    today = datetime.date.today().isoformat()
    for name, values in found.items():
        if (FACTS / f"{name}.yml").exists():
            set_fact(name, today, value=float(f"{statistics.median(values):.3g}"))  # more digits would be noise


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="visits in a fresh browser (default: 3)")
    parser.add_argument("--write", action="store_true", help="put the medians into data/facts/site-*.yml")
    arguments = parser.parse_args(argv)
    found: Figures = {}
    measure_check(found)
    site = StaticServer(measure_build(found), path="/", site_url=URL)
    with sync_playwright() as playwright:
        measure_browser(playwright, site, arguments.runs, found)
    site.stop()
    measure_edit(found)
    for name, values in found.items():
        print(f"{name:36} {statistics.median(values):>16,.1f}   ({min(values):,.1f} to {max(values):,.1f})")
    if arguments.write:
        write(found)
        print("bench: wrote data/facts/site-*.yml", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

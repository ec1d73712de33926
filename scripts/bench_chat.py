"""Measures the demo in Chromium on WebAssembly: load time, time to first token, tokens per second, bytes.

Usage: python -m scripts.bench_chat [--url URL] [--site DIR] [--runs N] [--json]
Prints the median of N runs, each in a fresh browser profile, with the spread. Figures depend on the machine and on
what else it does; they are for the contributing page, never for a test.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import statistics
import sys
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, sync_playwright

FIGURES = ("load_ms", "ttft_ms", "decode_tokens_per_second", "bytes_downloaded")
QUESTION = "Why is the sky blue?"
TIMEOUT_MS = 180_000


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass


def serve(site: Path) -> str:
    """Serves the built site on a free port, in the background; returns the demo's address."""
    handler = functools.partial(QuietHandler, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/en/demo/"


def measure(chromium: Any, url: str) -> dict[str, float]:
    """One visit: load, ask twice, and read what the page measured about the second reply."""
    browser = chromium.launch(executable_path="/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None)
    page = browser.new_page()
    page.goto(f"{url}?backend=wasm")
    page.click("button[name=load]")
    page.wait_for_selector("on-device-chat:is([data-state=ready], [data-state=error])", timeout=TIMEOUT_MS)
    for turn in range(2):
        if turn:
            page.click("button[name=clear]")
        page.fill("textarea[name=prompt]", QUESTION)
        page.press("textarea[name=prompt]", "Enter")
        page.wait_for_selector("on-device-chat[data-state=ready]", timeout=TIMEOUT_MS)
    found = {name: float(page.get_attribute(f"output[name={name}]", "data-value") or "nan") for name in FIGURES}
    browser.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="address of a served demo page; without it --site is served")
    parser.add_argument("--site", type=Path, default=Path("site"), metavar="DIR", help="the built site (default site/)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if not options.url and not (options.site / "en/demo/index.html").is_file():
        print(f"bench_chat: {options.site} holds no built site; run `make build` first.", file=sys.stderr)
        return 2
    url = options.url or serve(options.site)
    try:
        with sync_playwright() as playwright:
            runs = [measure(playwright.chromium, url) for _ in range(options.runs)]
    except Error as error:
        print(f"bench_chat: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    values = {name: [run[name] for run in runs] for name in FIGURES}
    rows = {n: {"median": statistics.median(v), "low": min(v), "high": max(v)} for n, v in values.items()}
    if options.json:
        print(json.dumps({"runs": options.runs, "backend": "wasm", **rows}))
    else:
        for name, row in rows.items():
            print(f"{name:26} {row['median']:>14,.1f}   ({row['low']:,.1f} to {row['high']:,.1f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

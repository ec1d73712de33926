"""Measures how build time and filtering grow with the data: the site with thousands of synthetic models.

Usage: python -m scripts.bench_data [--models 1000 3000 10000] [--write]
Prints for each count: reading and checking data/, building the pages of both languages, and in Chromium the time from a
typed filter to the drawn rows (median and slowest of the queries). For orientation, never for a test.
--write puts the figures of the largest count into data/facts/site-large-*.yml.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.bench import write
from scripts.browser import launch
from scripts.cached import ROOT
from scripts.static_server import StaticServer

COPIED = ("calculators", "data", "docs", "scripts")
FILES = ("mkdocs.yml", "NOTICE", "package.json", "package-lock.json", "requirements.lock", "pyproject.toml")
LINKED = ("node_modules", ".cache", ".venv")
QUERIES = ("glm", "llama 8b", "apache", "synthetic 42", "2026-04", "no such model")
READ = """import time
from calculators.data_files import read_all
started = time.monotonic()
read_all()
print(time.monotonic() - started)"""
# Types a query and waits until it is drawn.
FILTER = """async (query) => {
  const box = document.querySelector("data-table input[name=q]");
  const started = performance.now();
  box.value = query;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - started;
}"""


def copy_of_repository(home: Path) -> Path:
    """The sources, with what is installed linked."""
    for name in COPIED:
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, home / name)
    for name in LINKED:
        (home / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "build" / "model", home / "build" / "model")
    return home


def add_models(home: Path, count: int) -> None:
    """Copies of real models under other names until there are `count`."""
    folder = home / "data" / "models"
    real = sorted((ROOT / "data" / "models").glob("*.yml"))
    for i in range(count - len(real)):
        text = real[i % len(real)].read_text(encoding="utf-8")
        named = re.sub(r"^name: .*$", f"name: Synthetic {i}", text, flags=re.MULTILINE)
        (folder / f"synthetic-{i}.yml").write_text(named, encoding="utf-8")


def timed(home: Path, *command: str) -> float:
    started = time.monotonic()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    subprocess.run([sys.executable, *command], cwd=home, check=True, env=environment, capture_output=True)
    return time.monotonic() - started


def measure_filter(site: Path) -> list[float]:
    """Milliseconds of each query, after the first one has fetched the other static pages."""
    server = StaticServer(site, path="/", site_url="http://127.0.0.1:8000/")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        page.goto(f"{server.url}en/data/models/")
        page.wait_for_selector("data-table[data-state=ready]")
        page.fill("data-table input[name=q]", "x")
        while " of " not in (page.text_content("data-table output") or ""):
            time.sleep(0.05)
        found = [page.evaluate(FILTER, query) for _ in range(5) for query in QUERIES]
        browser.close()
    server.stop()
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_data", description=str(__doc__).splitlines()[0])
    parser.add_argument("--models", type=int, nargs="+", default=[1000, 3000, 10_000], help="counts of models to try")
    parser.add_argument("--write", action="store_true", help="put the last figures into data/facts/site-large-*.yml")
    arguments = parser.parse_args(argv)
    print(f"{'models':>8} {'read s':>8} {'build s':>8} {'ms a model':>11} {'filter ms':>10} {'slowest':>8}")
    for count in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            home = copy_of_repository(Path(folder))
            timed(home, "-m", "scripts.build")  # assets, and the pages of the real data
            add_models(home, count)
            read = float(subprocess.check_output([sys.executable, "-c", READ], cwd=home))
            build = timed(home, "-m", "scripts.build")
            spent = measure_filter(home / "site")
        median, slowest = statistics.median(spent), max(spent)
        print(
            f"{count:>8} {read:>8.1f} {build:>8.1f} {1000 * build / count:>11.1f} {median:>10.1f} {slowest:>8.1f}",
            flush=True,
        )
    if arguments.write:
        names = ("models", "read-seconds", "build-seconds", "filter-ms")
        write({f"site-large-{name}": [value] for name, value in zip(names, (count, read, build, median), strict=True)})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

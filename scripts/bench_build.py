"""Builds one language's pages with more and more sections: is the time a page constant up to a thousand pages?

Usage: python -m scripts.bench_build [--pages 125 250 500 1000]
Sections are copied under new names. Processor time stands beside the clock, as other work may share the machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.build import build_assets
from scripts.cached import ROOT
from scripts.edition import commit_epoch
from scripts.notebooks import build_notebooks
from scripts.pages import PageBuild, build_language

URL = "http://127.0.0.1:8000/"


def grown(docs: Path, pages: int) -> None:
    """Adds copies of sections until the tree has that many pages."""
    sections = sorted(docs.glob("book/part-*/[!i]*.md"))
    there = len(list(docs.rglob("*.md")))
    for n in range(max(0, pages - there)):
        original = sections[n % len(sections)]
        shutil.copyfile(original, original.with_name(f"copy-{n}-{original.name}"))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_build", description=str(__doc__).splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[125, 250, 500, 1000], help="pages to build")
    arguments = parser.parse_args(argv)
    assets = build_assets()
    shared = PageBuild(URL, assets.modules, assets.model, build_notebooks(fresh=False), commit_epoch())
    print("pages  seconds  processor seconds  of it a page")
    for pages in arguments.pages:
        with tempfile.TemporaryDirectory() as scratch:
            docs, out = Path(scratch) / "docs", Path(scratch) / "site"
            shutil.copytree(ROOT / "docs" / "en", docs)
            grown(docs, pages)
            started, spent = time.monotonic(), time.process_time()
            # Copies stand in no navigation, which a strict build refuses.
            build_language("en", out, shared, strict=False, docs=docs)
            seconds, processor = time.monotonic() - started, time.process_time() - spent
            made = len(list(out.rglob("index.html")))
        print(f"{made:5} {seconds:8.1f} {processor:18.1f} {processor / made:13.3f}", flush=True)
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())

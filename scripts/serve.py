"""Serves both languages with live reload on one port and rebuilds what a change touches.

An edited page is shown at once, by itself; changed data, with all pages. The checks and the rest of the site (search,
the engine in the browser) follow when the writer pauses.

Usage: python -m scripts.serve [--port 8000]
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from calculators.data_files import BadData
from calculators.load import load_dataset
from calculators.text import LANGUAGES
from scripts import facts
from scripts.build import BuildFailure, Made, build
from scripts.cached import BUILD, ROOT
from scripts.notebooks import BadNotebook
from scripts.pages import Builders
from scripts.static_server import StaticServer

WATCHED = ("docs", "data", "calculators", "mkdocs.yml", "scripts")
LOOK_EVERY_SECONDS = 0.4
# A whole build keeps a writer's next edit waiting, so it waits for a pause.
PAUSE_SECONDS = 20.0


def snapshot() -> dict[Path, int]:
    """Modification time of everything that a page may be made of."""
    found: dict[Path, int] = {}
    for name in WATCHED:
        top = ROOT / name
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found[path] = path.stat().st_mtime_ns
    return found


def rebuild(out: Path, url: str, builders: Builders, last: Made | None = None) -> Made | None:
    """Builds the site, or its pages alone with the rest of `last`. Where that fails, says why and leaves the last good
    one.
    """
    facts.refresh()
    load_dataset.cache_clear()
    try:
        # A draft may still hold a warning; `make build` and `make test` are strict.
        return build(out, url, builders, strict=False, last=last)
    except (BadData, BadNotebook, BuildFailure) as bad:
        print(f"{bad}\nserve: still showing the last good build", file=sys.stderr)
        return None


def edited_pages(changed: list[Path]) -> list[tuple[str, str]]:
    """Language and source of each page, if nothing but texts of pages has changed."""
    found = []
    for path in changed:
        top, lang, *rest = path.relative_to(ROOT).parts
        if top != "docs" or lang not in LANGUAGES or path.suffix != ".md":
            return []
        found.append((lang, "/".join(rest)))
    return found


def only_pages(changed: list[Path]) -> bool:
    """Whether pages alone, without the browser's modules, show the most of these changes: text and data."""
    return all(path.suffix in (".md", ".yml") and path.is_relative_to(ROOT / "docs") for path in changed) or all(
        path.is_relative_to(ROOT / "data") for path in changed
    )


def show(pages: list[tuple[str, str]], out: Path, builders: Builders) -> bool:
    """Puts these pages, made anew, into the served site; False if only a build of all pages can."""
    if not pages or any(lang not in builders.built for lang, _ in pages):
        return False
    for lang, source in pages:
        alone = out.with_name(f"{out.name}.page")
        error = builders.page(lang, source, alone / lang)
        if error:
            print(f"{error}\nserve: still showing the last good build", file=sys.stderr)
            continue
        for made in alone.rglob("*.html"):
            # Another file in its place: what is served is linked to what the build keeps.
            made.replace(out / made.relative_to(alone))
    return True


def warm(builders: Builders, last: Made, out: Path) -> None:
    """Lets the processes of languages that needed no build read the pages, so that the first edit shows at once."""
    scratch = out.with_name(f"{out.name}.page")
    cold = {lang: scratch / lang for lang in LANGUAGES if lang not in builders.built}
    if cold:
        builders.build(cold, last.shared, strict=False)
        shutil.rmtree(scratch, ignore_errors=True)


def main(argv: Sequence[str] | None = None) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl+C
    parser = argparse.ArgumentParser(prog="python -m scripts.serve", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
    arguments = parser.parse_args(argv)
    url = f"http://127.0.0.1:{arguments.port}/"
    out = BUILD / "serve" / str(arguments.port)
    builders = Builders(LANGUAGES)
    seen = snapshot()
    last = rebuild(out, url, builders)
    if not last and not out.exists():
        return 1
    try:
        server = StaticServer(out, port=arguments.port, live=True)
    except OSError:
        print(f"serve: port {arguments.port} is taken; give another: make serve PORT=8001", file=sys.stderr)
        return 2
    print(f"serve: {url} (stop with Ctrl+C)", file=sys.stderr, flush=True)
    if last:
        warm(builders, last, out)
    edited = 0.0  # when something was shown that no whole build has followed
    try:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            now = snapshot()
            if now == seen:
                if edited and time.monotonic() - edited > PAUSE_SECONDS:
                    edited = 0.0
                    if made := rebuild(out, url, builders):
                        last = made
                        server.reload()
                continue
            changed = [path for path in {**seen, **now} if now.get(path) != seen.get(path)]
            pages = edited_pages(changed) if now.keys() == seen.keys() else []
            names = ", ".join(str(path.relative_to(ROOT)) for path in changed[:3])
            print(f"serve: changed: {names}", file=sys.stderr, flush=True)
            seen = now
            if any(path.suffix == ".py" for path in changed):
                # Code is loaded once a process: start over. Open pages reload when the server is back.
                server.stop()
                builders.close()
                os.execv(sys.executable, [sys.executable, "-m", "scripts.serve", "--port", str(arguments.port)])
            if show(pages, out, builders):
                edited = time.monotonic()
                server.reload()
                continue
            alone = last if only_pages(changed) else None
            if made := rebuild(out, url, builders, alone):
                last, edited = made, time.monotonic() if alone else 0.0
                server.reload()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()
        builders.close()


if __name__ == "__main__":
    raise SystemExit(main())

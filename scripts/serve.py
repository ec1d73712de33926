"""Serves both languages with live reload on one port and rebuilds what a change touches.

An edited page is shown at once, by itself; the whole site follows when the writer pauses.

Usage: python -m scripts.serve [--port 8000]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from calculators.data_files import BadData
from calculators.load import load_dataset
from calculators.text import LANGUAGES
from scripts import facts
from scripts.build import BuildFailure, build
from scripts.cached import BUILD, ROOT
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


def rebuild(out: Path, url: str, builders: Builders) -> bool:
    """True if the site was built; else says why and leaves the last good one."""
    facts.refresh()
    load_dataset.cache_clear()
    try:
        # A draft may still hold a warning; `make build` and `make test` are strict.
        build(out, url, builders, strict=False)
    except (BadData, BuildFailure) as bad:
        print(f"{bad}\nserve: still showing the last good build", file=sys.stderr)
        return False
    return True


def edited_pages(before: dict[Path, int], now: dict[Path, int]) -> list[tuple[str, str]] | None:
    """Language and source of each page whose text has changed; None if anything else has."""
    if before.keys() != now.keys():
        return None
    found = []
    for path in (path for path in now if now[path] != before[path]):
        top, lang, *rest = path.relative_to(ROOT).parts
        if top != "docs" or lang not in LANGUAGES or path.suffix != ".md":
            return None
        found.append((lang, "/".join(rest)))
    return found


def show(pages: list[tuple[str, str]], out: Path, builders: Builders) -> bool:
    """Puts these pages, made anew, into the served site; False if only a whole build can."""
    if any(lang not in builders.built for lang, _ in pages):
        return False
    for lang, source in pages:
        alone = out.with_name(f"{out.name}.page")
        error = builders.page(lang, source, alone / lang)
        if error:
            print(f"{error}\nserve: still showing the last good page", file=sys.stderr)
            continue
        for made in alone.rglob("*.html"):
            # Another file in its place: what is served is linked to what the build keeps.
            made.replace(out / made.relative_to(alone))
    return True


def main(argv: Sequence[str] | None = None) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl+C
    parser = argparse.ArgumentParser(prog="python -m scripts.serve", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
    arguments = parser.parse_args(argv)
    url = f"http://127.0.0.1:{arguments.port}/"
    out = BUILD / "serve" / str(arguments.port)
    builders = Builders(LANGUAGES)
    seen = snapshot()
    built = rebuild(out, url, builders)
    if not built and not out.exists():
        return 1
    try:
        server = StaticServer(out, port=arguments.port, live=True)
    except OSError:
        print(f"serve: port {arguments.port} is taken; give another: make serve PORT=8001", file=sys.stderr)
        return 2
    print(f"serve: {url} (stop with Ctrl+C)", file=sys.stderr, flush=True)
    edited = 0.0  # when pages were shown that no whole build has followed
    try:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            now = snapshot()
            if now == seen:
                if edited and time.monotonic() - edited > PAUSE_SECONDS:
                    edited = 0.0
                    if rebuild(out, url, builders):
                        server.reload()
                continue
            pages = edited_pages(seen, now)
            changed = [str(path.relative_to(ROOT)) for path in now if now[path] != seen.get(path)]
            print(f"serve: changed: {', '.join(changed[:3]) or 'a file was removed'}", file=sys.stderr)
            seen = now
            if any(name.endswith(".py") for name in changed):
                # Code is loaded once a process: start over. Open pages reload when the server is back.
                server.stop()
                builders.close()
                os.execv(sys.executable, [sys.executable, "-m", "scripts.serve", "--port", str(arguments.port)])
            if pages and show(pages, out, builders):
                edited = time.monotonic()
                server.reload()
            elif rebuild(out, url, builders):
                edited = 0.0
                server.reload()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()
        builders.close()


if __name__ == "__main__":
    raise SystemExit(main())

"""Weighs the pages of a built site: what a first visit fetches, in bytes after gzip -9, from Chromium's own requests.

Usage: python -m scripts.page_weight [--site site] [--files] [--write]
The shell is what a page without any element fetches beside its HTML: theme, always-loaded script, icon, sitemap.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from calculators.text import LANGUAGES
from scripts.bench import write
from scripts.browser import launch
from scripts.cached import ROOT
from scripts.static_server import StaticServer

PLAIN = "contributing/writing/"  # a page of text alone
KINDS = {
    "home": "",
    "calculator": "calculators/tier/",
    "demo": "demo/",
    "data": "data/models/",
    "glossary": "book/glossary/",
    "claims": "book/claims/",
    "plain": PLAIN,
}
QUIET_MS = 1_500  # nothing is asked for in this time: the visit is over
SHELL_GOAL, SECTION_GOAL = 54_000, 75_000


@dataclass(frozen=True)
class Weight:
    """Bytes after gzip of one page's first visit; `rest`: what its elements load."""

    lang: str
    kind: str
    path: str
    html: int
    shell: int
    rest: int

    @property
    def total(self) -> int:
        return self.html + self.shell + self.rest


def middle_section(site: Path, lang: str, *, sentence: bool) -> str:
    """The section whose HTML is of the middle weight, of those that hold a reactive sentence or of the others."""
    pages = {path: path.read_bytes() for path in (site / lang / "book").glob("part-*/*/index.html")}
    chosen = [path for path, page in pages.items() if (b"<reactive-sentence" in page) == sentence]
    middle = sorted(chosen, key=lambda path: len(gzip.compress(pages[path], 9)))[len(chosen) // 2]
    return f"{middle.parent.relative_to(site / lang)}/"


def visit(browser: Browser, server: StaticServer, path: str, *, offline: bool = False) -> dict[str, int]:
    """Gzip size of each file that a first visit fetches, by its path below the site's root.

    `offline`: with what is kept for reading without a network, which comes after the page and may be turned off.
    """
    context = browser.new_context(service_workers="allow" if offline else "block")
    fetched: set[str] = set()
    context.on("request", lambda request: fetched.add(request.url.partition("#")[0].partition("?")[0]))
    page = context.new_page()
    page.goto(server.url + path, wait_until="load")
    known = -1
    while known < len(fetched):  # what scripts ask for after the page has loaded
        known = len(fetched)
        page.wait_for_timeout(QUIET_MS)
    context.close()
    sizes = {}
    for url in fetched:
        if url.startswith(server.url):
            name = url.removeprefix(server.url)
            file = server.root / (name + "index.html" if name.endswith("/") or not name else name)
            sizes[name] = len(gzip.compress(file.read_bytes(), 9)) if file.is_file() else 0
    return sizes


def weigh(browser: Browser, server: StaticServer) -> Iterator[Weight]:
    """Every kind of page in both languages."""
    for lang in LANGUAGES:
        plain = visit(browser, server, f"{lang}/{PLAIN}")
        shell = {name for name in plain if not name.endswith("/")}
        kinds = {
            "section": middle_section(server.root, lang, sentence=False),  # two thirds of all
            "sentence": middle_section(server.root, lang, sentence=True),
        }
        for kind, path in {**kinds, **KINDS}.items():
            found = visit(browser, server, f"{lang}/{path}")
            html = found.pop(f"{lang}/{path}")
            in_shell = sum(size for name, size in found.items() if name in shell)
            yield Weight(lang, kind, path, html, in_shell, sum(found.values()) - in_shell)


def plain_total(weights: Sequence[Weight]) -> int:
    return next(w.total for w in weights if (w.lang, w.kind) == ("en", "plain"))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.page_weight", description=str(__doc__).splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "site", help="the built site (default: site)")
    parser.add_argument("--write", action="store_true", help="put the figures into data/facts/site-*.yml")
    parser.add_argument("--files", action="store_true", help="also list the files of the shell")
    arguments = parser.parse_args(argv)
    server = StaticServer(arguments.site.resolve())
    with sync_playwright() as playwright:
        browser = launch(playwright)
        print("language kind         HTML   shell  elements   total  bytes after gzip -9")
        weights = list(weigh(browser, server))
        for w in weights:
            print(f"{w.lang:8} {w.kind:10} {w.html:>7,} {w.shell:>7,} {w.rest:>9,} {w.total:>7,}  {w.path}")
        late = sum(visit(browser, server, f"en/{PLAIN}", offline=True).values()) - plain_total(weights)
        print(f"{late:,} more after a first page, for reading without a network")
        if arguments.files:
            for name, size in sorted(visit(browser, server, f"en/{PLAIN}").items(), key=lambda pair: -pair[1]):
                print(f"{size:>7,} {name}")
        browser.close()
    server.stop()
    if arguments.write:
        found = {f"site-section-{w.lang}-bytes": [float(w.total)] for w in weights if w.kind == "section"}
        write({**found, "site-shell-bytes": [float(max(w.shell for w in weights))]})
    print(f"goals: shell <= {SHELL_GOAL:,} on every page, a section <= {SECTION_GOAL:,} in all")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

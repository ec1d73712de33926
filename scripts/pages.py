"""Builds the pages of one language with MkDocs and puts the Content-Security-Policy into each.

The work runs in a process of its own, since a build's language is a matter of the whole process.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import logging
import multiprocessing
import os
import re
import shutil
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.hub import PAGE, connect_sources

if TYPE_CHECKING:  # MkDocs takes a second that other users of this module need not wait
    from scripts.draft import Memory

ROOT = Path(__file__).resolve().parent.parent
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
CHARSET = '<meta charset="utf-8">'


@dataclass(frozen=True)
class PageBuild:
    """What the pages of a build share. `site_url` ends in "/"; `assets`: "assets/<hash>/"."""

    site_url: str
    assets: str
    model: Path
    notebooks: Path
    epoch: str


def policy(script_hashes: Iterable[str], connect: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of every page, and of every worker, since those start from blobs.

    `connect`: hosts besides the site itself, for the page of larger models alone.
    """
    scripts = " ".join(["'self'", "'wasm-unsafe-eval'", *sorted(set(script_hashes))])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            "worker-src 'self' blob:",
            " ".join(["connect-src 'self'", *connect]),
            # The theme sets a few style attributes; styles cannot send anything with these sources.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
        ]
    )


def inline_hashes(page: str) -> list[str]:
    """Hashes of the scripts inside a page; blocks of data are no scripts."""
    found = []
    for attributes, code in INLINE_SCRIPT.findall(page):
        if 'json"' in attributes:
            continue
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        found.append(f"'sha256-{digest}'")
    return found


def add_policy(site: Path) -> None:
    """One policy for every page below `site`: with all hashes, since instant navigation keeps the first page's."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    hashes = {h for page in pages.values() for h in inline_hashes(page)}
    usual, wider = (html.escape(policy(hashes, hosts), quote=False) for hosts in ((), connect_sources()))
    for path, page in pages.items():
        if page.count(CHARSET) != 1:
            raise ValueError(f"{path}: expected one {CHARSET} to put the policy after")
        content = wider if path == site / PAGE / "index.html" else usual
        meta = f'{CHARSET}<meta http-equiv="Content-Security-Policy" content="{content}">'
        path.write_text(page.replace(CHARSET, meta), encoding="utf-8")


def build_language(lang: str, out: Path, shared: PageBuild, *, strict: bool, docs: Path | None = None) -> Memory:
    """The pages of one language into `out`; `docs`: another tree than the book's. Raises what MkDocs raises.

    Returns what can make single pages of it anew.
    """
    os.environ.update(
        BOOK_LANG=lang,
        BOOK_ASSETS=shared.assets,
        BOOK_MODEL=str(shared.model),
        BOOK_NOTEBOOKS=str(shared.notebooks),
        SOURCE_DATE_EPOCH=shared.epoch,
        NO_MKDOCS_2_WARNING="1",
    )
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    from scripts.draft import Memory

    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    shutil.rmtree(out, ignore_errors=True)
    config = load_config(
        str(ROOT / "mkdocs.yml"),
        docs_dir=str(docs or ROOT / "docs" / lang),
        site_dir=str(out),
        site_url=f"{shared.site_url}{lang}/",
        strict=strict,
    )
    memory = config.plugins["memory"] = Memory()
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    add_policy(out)
    return memory


class MacroErrors(logging.Filter):
    """Turns the page of text that mkdocs-macros prints for a mistake into `file:line: what is wrong`."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.docs = ROOT / "docs" / lang

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if not re.search("_Macro (Rendering|Syntax) Error_", text):
            return True
        file = self.docs / (re.findall(r"_File_: `(.+?)`", text) or [""])[0]
        what = re.findall(r"^_\w+_: (?!`)(.+)$|\*\*(.+)\*\*$", text, re.MULTILINE) or [("a macro failed", "")]
        where = re.findall(r'(?:File "<template>", line|_Line) (\d+)', text)
        # The template begins below the front matter and the blank lines after it.
        page = file.read_text(encoding="utf-8") if file.is_file() else ""
        matter = re.match(r"---\n.*?\n---\n\s*", page, re.DOTALL)
        line = int(where[-1]) + (matter[0].count("\n") if matter else 0) if where else 1
        record.msg, record.args = f"{file.relative_to(ROOT)}:{line}: {''.join(what[0])}", ()
        return True


def _serve(lang: str, orders: Connection) -> None:
    """A builder that stays warm: takes (out, shared, strict), or (out, a page's source) for that page alone of the
    last build; answers None or the error's text."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger().handlers[0].addFilter(MacroErrors(lang))
    memory: Memory | None = None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's affair; the pipe's end tells us
    while True:
        try:
            order = orders.recv()
        except EOFError:
            return
        if order is None:
            return
        try:
            if len(order) == 3:
                out, shared, strict = order
                memory = build_language(lang, out, shared, strict=strict)
            else:
                out, source = order
                assert memory is not None, "no build yet"
                memory.page(source, out)
                add_policy(out)
            orders.send(None)
        except (Exception, SystemExit) as bad:
            # MkDocs and its plugins have said why on standard error before they exit with a number.
            reason = "the build stopped, see above" if isinstance(bad, SystemExit) else str(bad)
            orders.send(f"{lang}: {reason or type(bad).__name__}")


class Builders:
    """A warm MkDocs process a language."""

    def __init__(self, languages: Iterable[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes: dict[str, Connection] = {}
        self.built: set[str] = set()  # languages whose pages can be made anew one by one
        for lang in languages:
            ours, theirs = context.Pipe()
            context.Process(target=_serve, args=(lang, theirs), daemon=True).start()
            self.pipes[lang] = ours

    def build(self, outs: Mapping[str, Path], shared: PageBuild, *, strict: bool) -> list[str]:
        """Builds the languages of `outs` side by side. Returns the errors."""
        for lang, out in outs.items():
            self.pipes[lang].send((out, shared, strict))
        errors = {lang: self.pipes[lang].recv() for lang in outs}
        self.built |= {lang for lang, error in errors.items() if not error}
        return [error for error in errors.values() if error]

    def page(self, lang: str, source: str, out: Path) -> str | None:
        """One page of the last build anew, alone in `out`; `lang` must be in `built`. Returns the error."""
        self.pipes[lang].send((out, source))
        error: str | None = self.pipes[lang].recv()
        return error

    def close(self) -> None:
        for pipe in self.pipes.values():
            with contextlib.suppress(BrokenPipeError):
                pipe.send(None)

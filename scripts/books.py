"""The book as one file: PDF and EPUB of each language, and the social cards. Made from the built pages.

Usage: python -m scripts.books [--site-url URL] [--out DIR]
Builds the site first, then what is missing, then links it from the pages (scripts/build.py takes what fits them).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from calculators.data_files import BadData
from calculators.load import load_dataset
from calculators.text import LANGUAGES, day, number
from scripts import facts
from scripts.book_files import NAME, key
from scripts.book_fonts import NoFont, cut_fonts
from scripts.build import THEME, BuildFailure, assemble, configured_site_url, make_site
from scripts.cached import BUILD, ROOT, files_under
from scripts.cards import draw_cards
from scripts.edition import commit_day, commit_epoch, original, settings_of
from scripts.macros import navigation_plan, section_path
from scripts.node import node_json
from scripts.notebooks import BadNotebook
from scripts.progress import progress

HOME = THEME / "book"
FRONT, BACK = ("index", "preface"), ("claims", "references", "glossary", "about")
MARGINS: Any = {"top": "18mm", "bottom": "20mm", "left": "18mm", "right": "18mm"}
TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(HOME), autoescape=True, undefined=jinja2.StrictUndefined)


@dataclass(frozen=True)
class Chapter:
    """A page of the book. `path`: below the language, without .md; `level`: 2 for a section within a part."""

    path: str
    level: int
    number: str = ""

    @property
    def id(self) -> str:
        return self.path.removeprefix("book/").replace("/", "-")

    @property
    def url(self) -> str:
        return f"{self.path.removesuffix('index')}/".replace("//", "/")


def chapters(pages: Path) -> list[Chapter]:
    """The book in reading order, as far as it is written."""
    found = [Chapter(f"book/{name}", 1) for name in FRONT]
    for part in navigation_plan():
        if "path" not in part:
            found.append(Chapter(f"book/{part['id']}/index", 1))
        for section in part["sections"]:
            level = 1 if "path" in part else 2
            found.append(Chapter(section_path(part, section), level, section.get("number", "")))
    found += [Chapter(f"book/{name}", 1) for name in BACK]
    return [one for one in found if (pages / one.url / "index.html").exists()]


def long_page(pages: Path, address: str, *, files: bool) -> dict[str, Any]:
    """The body of all chapters as one, see scripts/book_page.mjs."""
    order = [
        {
            "file": str(pages / one.url / "index.html"),
            "url": one.url,
            "id": one.id,
            "level": one.level,
            "number": one.number,
        }
        for one in chapters(pages)
    ]
    given = json.dumps({"pages": order, "site": address, "files": files})
    try:
        found: dict[str, Any] = node_json("scripts/book_page.mjs", given)
    except RuntimeError as bad:
        raise BuildFailure(str(bad)) from bad
    return found


def front_matter(lang: str, address: str) -> dict[str, str]:
    """What the cover says."""
    site = facts.words("site", lang)
    words = facts.words("machines", lang)
    return {
        "lang": lang,
        "title": facts.word("references", "bibtex-title", lang),
        "subtitle": site["site-description"],
        "author": facts.word("references", "bibtex-author", lang),
        "basis": words["book-basis"].format(**original()),
        "edition": words["book-edition"].format(day=day(commit_day(), lang), data=load_dataset().version),
        "license": "CC BY 4.0",
        "contents": words["book-contents"],
        "address": address,
    }


def write_pdf(lang: str, pages: Path, address: str, out: Path) -> None:
    """The PDF, with an outline, tags and page numbers."""
    from playwright.sync_api import sync_playwright

    from scripts.browser import launch

    body = long_page(pages, address, files=False)["html"]
    told = front_matter(lang, address)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        fonts = cut_fonts(set(body) | set("".join(told.values())) | {chr(n) for n in range(32, 127)}, scratch)
        shutil.copy(HOME / "book.css", scratch / "book.css")
        page = TEMPLATES.get_template("book.html").render(**told, fonts=fonts, body=body, entries=entries(body))
        (scratch / "book.html").write_text(page, encoding="utf-8")
        footer = '<div style="width:100%;text-align:center;font:8px serif"><span class="pageNumber"></span></div>'
        with sync_playwright() as playwright:
            browser = launch(playwright)
            shown = browser.new_page()
            shown.goto((scratch / "book.html").as_uri())
            shown.evaluate("document.fonts.ready")
            shown.pdf(
                path=out, format="A4", margin=MARGINS, outline=True, tagged=True, print_background=True,
                display_header_footer=True, header_template="<span></span>", footer_template=footer,
            )  # fmt: skip
            browser.close()


def entries(body: str) -> list[dict[str, str]]:
    """Chapters for the list of contents: id, title, level."""
    found = re.findall(
        r'<section id="([^"]+)" class="book-page level-(\d)">.*?<h[12][^>]*>(.*?)</h[12]>', body, re.DOTALL
    )
    return [{"id": i, "level": level, "title": re.sub(r"<[^>]+>", "", title)} for i, level, title in found]


def write_epub(lang: str, pages: Path, address: str, out: Path) -> None:
    """The EPUB, by pandoc."""
    import pypandoc

    made = long_page(pages, address, files=True)
    told = front_matter(lang, address)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name, drawing in made["drawings"].items():
            (scratch / name).write_text(drawing, encoding="utf-8")
        source = f'<html lang="{lang}"><body>{made["html"]}</body></html>'
        (scratch / "book.html").write_text(source, encoding="utf-8")
        meta = {
            "title": told["title"],
            "subtitle": told["subtitle"],
            "author": told["author"],
            "lang": lang,
            "date": commit_day(),
            "rights": told["license"],
            "identifier": {"scheme": "UUID", "text": identifier(lang)},
            "description": told["basis"],
        }
        (scratch / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")
        extra = [
            "--metadata-file=meta.json", f"--css={HOME / 'epub.css'}", "--toc", "--toc-depth=2", "--split-level=2",
            f"--resource-path={scratch}",
        ]  # fmt: skip
        os.environ["SOURCE_DATE_EPOCH"] = commit_epoch()
        pypandoc.convert_file("book.html", "epub3", format="html", outputfile=out, extra_args=extra, cworkdir=scratch)


def identifier(lang: str) -> str:
    """The same for every edition: readers' shelves know an updated book by it."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"edge-of-intelligence epub {lang}").urn


def make(pages: Mapping[str, Path], site_url: str) -> Path:
    """The folder of all files, made only if the pages have changed. Raises BuildFailure, NoFont."""
    out = BUILD / "books" / key(pages)
    if out.is_dir():
        return out
    partial = out.with_name(f"part-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    for lang in LANGUAGES:
        (partial / lang).mkdir(parents=True)
        site = settings_of(f"{site_url}{lang}/", lang, None).site_url
        address = f"{site}{lang}/" if site else ""
        file = partial / lang / f"{NAME}-{lang}"
        with progress("books", f"PDF ({lang})"):
            write_pdf(lang, pages[lang], address, file.with_suffix(".pdf"))
        with progress("books", f"EPUB ({lang})"):
            write_epub(lang, pages[lang], address, file.with_suffix(".epub"))
    with progress("books", "cards"):
        draw_cards(pages, partial / "cards")
    for old in out.parent.iterdir():
        if old != partial:
            shutil.rmtree(old, ignore_errors=True)
    partial.rename(out)
    return out


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.books", description=str(__doc__).splitlines()[0])
    parser.add_argument("--site-url", help="where the site will stand, for instance https://host/some/path/")
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="folder of the site (default: site)")
    arguments = parser.parse_args(argv)
    try:
        if arguments.site_url:
            os.environ["SITE_URL"] = arguments.site_url
        address = configured_site_url()
        made = make_site(address)
        make(made.pages, address)
        assemble(arguments.out, made)
    except (BadData, BadNotebook, BuildFailure, NoFont) as bad:
        print(bad, file=sys.stderr)
        return 1
    for file in files_under(arguments.out, f"{NAME}-*"):
        print(f"books: {file} ({number(float(file.stat().st_size), 'bytes', 'en', False)})", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

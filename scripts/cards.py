"""Social cards: a picture of each page's title for those who share its address, drawn by Chromium."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import jinja2

from calculators.text import LANGUAGES
from scripts import facts
from scripts.book_files import HEIGHT, WIDTH
from scripts.browser import launch
from scripts.cached import ROOT, files_under

HOME = ROOT / "docs" / "_theme"
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HOME / "book"), autoescape=True, undefined=jinja2.StrictUndefined
)
TOLD = re.compile(r'<meta property="og:(title|description)" content="([^"]*)">')
FURTHER_PAGES = re.compile(r"/page-\d+/")  # of a table


def cards(pages: Path, lang: str) -> Iterator[tuple[str, str]]:
    """(path of the card without its ending, HTML) for each page of a language."""
    site = facts.words("site", lang)
    icon = (HOME / "root" / "icon.svg").read_text(encoding="utf-8")
    for page in files_under(pages, "index.html"):
        path = str(page.parent.relative_to(pages))
        if FURTHER_PAGES.search(f"/{path}/"):
            continue
        told = {name: html.unescape(text) for name, text in TOLD.findall(page.read_text(encoding="utf-8"))}
        if path == ".":
            path, told = "home", {"title": site["site-name"], "description": site["site-description"]}
        yield path, TEMPLATES.get_template("card.html").render(lang=lang, site=site["site-name"], icon=icon, **told)


def draw_cards(pages: Mapping[str, Path], out: Path) -> None:
    """Writes <lang>/<path>.png."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for lang in LANGUAGES:
            for path, card in cards(pages[lang], lang):
                file = out / lang / f"{path}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                shown.set_content(card)
                shown.screenshot(path=file)
        browser.close()

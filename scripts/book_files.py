"""PDF, EPUB and social cards in the site: which are made for its pages, and how those lead to them."""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping
from pathlib import Path

from calculators.text import LANGUAGES, number
from scripts import facts
from scripts.cached import BUILD, ROOT, files_under, hash_of, link_tree, write_anew
from scripts.edition import settings_of

NAME = "the-edge-of-intelligence"
PLACE = "<div data-books></div>"  # where a page names the files
WITH_PLACE = ("index.html", "book/index.html")
WIDTH, HEIGHT = 1200, 630  # of a card, as previews want it


def key(pages: Mapping[str, Path]) -> str:
    """What the files are made of: the pages of both languages, and the recipe."""
    names = ("books", "book_fonts", "book_files", "cards", "book_page")
    recipe = [path for name in names for path in (ROOT / "scripts").glob(f"{name}.*")]
    theme = files_under(ROOT / "docs" / "_theme" / "book")
    return hash_of([*sorted(recipe), *theme], *((pages[lang] / ".stamp").read_text() for lang in LANGUAGES))


def made_for(pages: Mapping[str, Path]) -> Path | None:
    """The folder of the files that `make books` made from these very pages."""
    home = BUILD / "books"
    if (found := home / key(pages)).is_dir():
        return found
    if home.is_dir() and any(home.iterdir()):
        print(
            "build: PDF, EPUB and cards are older than the pages, so left out; make books renews them", file=sys.stderr
        )
    return None


def publish(out: Path, folder: Path | None, site_url: str) -> None:
    """Puts the files into a site that is being assembled, and tells its pages of them."""
    if folder:
        link_tree(folder, out)
    for lang in LANGUAGES:
        for name in WITH_PLACE:
            page = out / lang / name
            links = links_html(out / lang, lang, "../" * name.count("/"))
            write_anew(page, page.read_text(encoding="utf-8").replace(PLACE, links))
        site = settings_of(f"{site_url}{lang}/", lang, None).site_url
        for card in files_under(out / "cards" / lang, "*.png") if site else ():
            path = card.relative_to(out / "cards" / lang).with_suffix("")
            page = out / lang / ("" if path.name == "home" else path) / "index.html"
            write_anew(
                page, page.read_text(encoding="utf-8").replace("</head>", tags(f"{site}cards/{lang}/{path}.png"), 1)
            )


def links_html(home: Path, lang: str, root: str) -> str:
    """Links to a language's files with their sizes; empty where there are none. `root`: from the page to `home`."""
    told = facts.words("machines", lang)
    found = []
    for ending in ("pdf", "epub"):
        file = home / f"{NAME}-{lang}.{ending}"
        if file.exists():
            size = number(float(file.stat().st_size), "bytes", lang, False)
            label = html.escape(told["book-file"].format(kind=ending.upper(), size=size))
            found.append(f'<a href="{root}{file.name}" download>{label}</a>')
    separator = facts.word("site", "list-separator", lang)
    return f'<p class="book-files">{told["book-files"].format(files=separator.join(found))}</p>' if found else ""


def tags(address: str) -> str:
    """The preview of a page, for those who share its address."""
    image = {"og:image": address, "og:image:width": str(WIDTH), "og:image:height": str(HEIGHT)}
    lines = [f'<meta property="{name}" content="{html.escape(value)}">' for name, value in image.items()]
    return "\n".join([*lines, '<meta name="twitter:card" content="summary_large_image">', "</head>"])

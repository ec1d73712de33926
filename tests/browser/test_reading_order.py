"""The book is read page by page in the order of docs/nav.yml, in both languages; a page says how long it takes."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from calculators.text import LANGUAGES
from scripts.hooks import REFERENCE_PAGES
from scripts.macros import navigation_plan, section_path
from scripts.reading_time import minutes


def planned() -> list[str]:
    """Addresses below the language's root."""
    pages = ["book/", "book/preface/"]
    for part in navigation_plan():
        written = [f"{section_path(part, s)}/" for s in part["sections"] if s["status"] == "written"]
        pages += written if "path" in part or not written else [f"book/{part['id']}/", *written]
    return [*pages, *(name.replace(".md", "/") for name in REFERENCE_PAGES)]


def html_of(built: Path, lang: str, address: str) -> str:
    return (built / lang / address / "index.html").read_text(encoding="utf-8")


def footer_link(html: str, which: str) -> str:
    found = re.search(rf'<a href="([^"]+)" class="md-footer__link md-footer__link--{which}"', html)
    return found[1] if found else ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_next_and_previous_go_through_the_book(built: Path, lang: str) -> None:
    pages = [page for page in planned() if (built / lang / page / "index.html").exists()]
    assert {p for p in planned() if p.startswith("book/part-")} <= {*pages}
    for page, following in pairwise(pages):
        here, there = built / lang / page, built / lang / following
        assert (here / footer_link(html_of(built, lang, page), "next")).resolve() == there.resolve()
        assert (there / footer_link(html_of(built, lang, following), "prev")).resolve() == here.resolve()


@pytest.mark.parametrize(("lang", "words"), [("en", r"About (\d+) minutes"), ("ja", r"約(\d+)分")])
def test_each_page_that_is_read_through_says_how_long_it_takes(built: Path, lang: str, words: str) -> None:
    looked_up = {name.replace(".md", "/") for name in REFERENCE_PAGES}
    for page in planned():
        if not (built / lang / page / "index.html").exists():
            continue
        said = re.findall(rf'<p class="reading-time"[^>]*>{words}</p>', html_of(built, lang, page))
        index = page == "book/" or re.fullmatch(r"book/part-\d/", page)
        assert len(said) == (0 if index or page in looked_up else 1), page
        assert all(2 <= int(n) <= 30 for n in said), page


def test_markup_takes_no_time_and_a_started_minute_counts() -> None:
    assert minutes("<p>" + "word " * 220 + "</p>", "en") == 1
    assert minutes("<p>" + "<b>word</b> " * 221 + "</p><svg>" + "word " * 999 + "</svg>", "en") == 2
    assert minutes("<p>" + "本を 読む。\n" * 100 + "</p>", "ja") == 1
    assert minutes("<p>" + "本を読む。" * 101 + "</p>", "ja") == 2

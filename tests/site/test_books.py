"""PDF, EPUB and cards, as `make books` makes them: Japanese words are found, the EPUB passes the checker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from calculators.text import LANGUAGES
from scripts.book_files import NAME
from scripts.cached import BUILD

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
SITE_URL = "https://book.example/some/path/"


@pytest.fixture(scope="module")
def site() -> Path:
    pytest.importorskip("pypandoc", reason="make books installs it (python3 -m scripts.bootstrap --with books)")
    out = BUILD / "test-books"
    done = subprocess.run(
        [sys.executable, "-m", "scripts.books", "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "SITE_URL": SITE_URL},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out


def text_of(site: Path, lang: str) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is missing (Debian: apt-get install poppler-utils)")
    command = ["pdftotext", str(site / lang / f"{NAME}-{lang}.pdf"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_japanese_words_are_found_in_the_pdf(site: Path) -> None:
    text = text_of(site, "ja")
    for word in ("推論", "金額", "月額", "日本", "用語集", "一つ"):
        assert word in text, word
    # Radicals and compatibility ideographs look alike and are never what a reader types.
    assert re.findall("[\u2e80-\u2fdf\uf900-\ufaff]", text) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_has_the_books_numbers_and_an_outline(site: Path, lang: str) -> None:
    text = "".join(text_of(site, lang).split())
    command = [sys.executable, "-m", "calculators", "claims", "--json"]
    claims = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert claims
    page = (site / lang / "book/part-1/eight-weeks/index.html").read_text(encoding="utf-8")
    # A figure's table is folded in on paper: the drawing shows it.
    shown = re.sub(r"<details.*?</details>", "", page.partition("<article")[2], flags=re.DOTALL)
    numbers = re.findall(r"<data value=[^>]*>([^<]*)</data>", shown)
    assert len(numbers) > 20
    assert [n for n in numbers if "".join(n.split()) not in text] == []
    raw = (site / lang / f"{NAME}-{lang}.pdf").read_bytes()
    assert raw.count(b"/Outlines") > 0
    assert b"/StructTreeRoot" in raw


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_epub_passes_epubcheck(site: Path, lang: str) -> None:
    checker = shutil.which("epubcheck")
    if not checker or not shutil.which("java"):
        pytest.skip("epubcheck or java is missing (Debian: apt-get install epubcheck)")
    # Debian's is a jar that only some kernels run by itself.
    command = ["java", "-jar", checker, "--json", "-", str(site / lang / f"{NAME}-{lang}.epub")]
    done = subprocess.run(command, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert [m["message"][:200] for m in found["messages"] if m["severity"] in ("ERROR", "FATAL", "WARNING")] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_epub_holds_every_section_in_order(site: Path, lang: str) -> None:
    with zipfile.ZipFile(site / lang / f"{NAME}-{lang}.epub") as book:
        contents = book.read("EPUB/nav.xhtml").decode()
    numbers = re.findall(r">(\d-\d)\u2002", contents)
    assert numbers == sorted(numbers)
    assert len(numbers) > 25


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_home_page_leads_to_the_files_and_each_page_to_its_card(site: Path, lang: str) -> None:
    for name in ("index.html", "book/index.html"):
        page = site / lang / name
        links = re.findall(r'<a href="([^"]+)" download>', page.read_text(encoding="utf-8"))
        assert [Path(link).suffix for link in links] == [".pdf", ".epub"]
        assert all((page.parent / link).exists() for link in links)
    cards = [*(site / "cards" / lang).rglob("*.png")]
    assert len(cards) > 50
    for page in (site / lang).rglob("index.html"):
        found = re.findall(r'<meta property="og:image" content="([^"]+)">', page.read_text(encoding="utf-8"))
        assert len(found) == ("/page-" not in str(page)), page
        for card in found:
            file = site / card.removeprefix(SITE_URL)
            assert file.read_bytes()[16:24] == (1200).to_bytes(4, "big") + (630).to_bytes(4, "big"), card

"""What the site tells programs: sitemap, JSON-LD, feed, Markdown copies, llms.txt; pages for what is missing."""

from __future__ import annotations

import html
import json
import posixpath
import re
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from calculators.text import LANGUAGES
from scripts.edition import UNSET
from scripts.feed import ATOM, feed, release_body
from scripts.page_head import head_html
from scripts.static_server import StaticServer
from tests.browser.conftest import SITE_URL

SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
BOUND = re.compile(r"<data value=[^>]*>(.*?)</data>")
LINK = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)")


def head_of(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("</head>")[0]


def article_of(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("<article")[2].partition("</article>")[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sitemap_names_each_page_and_its_twin(built: Path, lang: str) -> None:
    urls = ElementTree.parse(built / lang / "sitemap.xml").getroot().findall("s:url", SITEMAP)
    pages = {f"{SITE_URL}{page.parent.relative_to(built)}/" for page in (built / lang).rglob("index.html")}
    assert {str(url.findtext("s:loc", namespaces=SITEMAP)) for url in urls} == pages
    for url in urls:
        twins = {str(link.get("hreflang")): str(link.get("href")) for link in url.findall("x:link", SITEMAP)}
        assert set(twins) == {*LANGUAGES, "x-default"}
        assert twins[lang] == url.findtext("s:loc", namespaces=SITEMAP)
        for address in twins.values():
            assert (built / address.removeprefix(SITE_URL) / "index.html").exists(), address


def test_each_page_names_its_address_its_markdown_and_the_feed(built: Path) -> None:
    for lang in LANGUAGES:
        for page in (built / lang).rglob("index.html"):
            head, folder = head_of(page), page.parent
            assert f'<link rel="canonical" href="{SITE_URL}{folder.relative_to(built)}/">' in head, page
            linked = re.findall(r'<link rel="alternate " type="([^"]+)" href="([^"]+)"', head)
            assert [kind for kind, _ in linked] == ["text/markdown", "application/atom+xml"], page
            assert all((folder / href).exists() for _, href in linked), page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_book_and_the_data_describe_themselves(built: Path, lang: str) -> None:
    def thing(path: str) -> dict[str, object]:
        found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', head_of(built / lang / path))
        assert len(found) == 1, path
        told: dict[str, object] = json.loads(found[0])
        return told

    manifest = json.loads((built / "api/v1/manifest.json").read_text(encoding="utf-8"))
    book, data = thing("index.html"), thing("data/index.html")
    assert (book["@type"], data["@type"]) == ("Book", "Dataset")
    assert book["inLanguage"] == data["inLanguage"] == lang
    assert book["version"] == data["version"] == manifest["data_version"]
    files = [str(one["contentUrl"]) for one in data["distribution"]]  # type: ignore[attr-defined]
    assert len(files) > 20
    assert all((built / file.removeprefix(SITE_URL)).exists() for file in files)


def test_a_site_without_an_address_names_none(built: Path) -> None:
    meta = {"title": "Data", "description": "All data"}
    page = SimpleNamespace(
        meta=meta, title="Data", is_homepage=False, url="data/", file=SimpleNamespace(src_uri="data/index.md")
    )
    head = head_html(page, "en", "../", UNSET)
    ours = [word for word in re.findall(r"https?://[^\s\"<]+", head) if "schema.org" not in word]
    assert ours == ["https://creativecommons.org/licenses/by/4.0/"]
    assert '"contentUrl": "../../api/v1/models.json"' in head


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_markdown_copy_says_the_numbers_of_its_page(built: Path, lang: str) -> None:
    for path in ("book/part-1/evidence", "book/part-3/opex-to-capex", "calculators/method"):
        copy = (built / lang / path / "index.md").read_text(encoding="utf-8")
        shown = {
            html.unescape(re.sub(r"<[^>]+>", "", text))
            for text in BOUND.findall(article_of(built / lang / path / "index.html"))
        }
        assert len(shown) > 20
        assert [text for text in sorted(shown) if text not in copy] == [], path


def test_markdown_copies_hold_no_macro_and_no_markup_and_lead_to_files(built: Path) -> None:
    copies = [*built.glob("*/**/index.md"), *built.glob("*/llms.txt"), built / "llms.txt"]
    assert len(copies) > 100
    for copy in copies:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", copy.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"\{\{|\{%|</?(?:div|span|data|p|a|[a-z]+-[a-z-]+)[ >]", text), copy
        for target in LINK.findall(text):
            address = target.partition("#")[0].partition("?")[0]
            if address and not re.match(r"[a-z]+:", address):
                found = Path(posixpath.normpath(posixpath.join(copy.parent, address)))
                assert found.exists(), f"{copy}: {target}"


def test_llms_txt_lists_every_page_of_the_navigation(built: Path) -> None:
    text = (built / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# The Edge of Intelligence\n\n> ")
    for lang in LANGUAGES:
        for copy in (built / lang).rglob("index.md"):
            if not re.search(r"/page-\d+/", str(copy)):
                assert f"]({copy.relative_to(built)})" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_feed_is_atom_and_the_same_twice(built: Path, lang: str) -> None:
    text = (built / lang / "feed.xml").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text.encode())
    name = f"{{{ATOM}}}"
    entries = root.findall(f"{name}entry")
    stamps = [str(entry.findtext(f"{name}updated")) for entry in entries]
    assert stamps == sorted(stamps, reverse=True)
    assert root.findtext(f"{name}updated") == stamps[0]
    assert len({entry.findtext(f"{name}id") for entry in entries}) == len(entries) > 0
    assert feed(lang, UNSET, "0") == feed(lang, UNSET, "0")
    assert "://book.example" not in feed(lang, UNSET, "0")


def test_the_feed_tells_which_claims_changed_their_status() -> None:
    before, now = (
        {"lag-of-months": "holds", "gap-widest": "holds"},
        {"lag-of-months": "holds", "gap-widest": "weakened"},
    )
    told = release_body(before, now, "en")
    assert told.count("<li>") == 1
    assert "holds → weakened" in told
    assert release_body(now, now, "ja") == "<p>判定の変わった主張はありません。</p>"


@pytest.mark.parametrize(
    ("path", "words"), [("ja/no-such/", "ページが見つかりません"), ("en/x", "This page does not exist"), ("y", "404")]
)
def test_what_does_not_exist_is_said_in_the_language_of_the_address(site: StaticServer, path: str, words: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(site.url + path)
    page = missing.value.read().decode()
    assert missing.value.code == 404
    assert words in page
    for style in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page):
        address = posixpath.normpath(style)
        assert address.startswith("/some/path/"), style
        with urllib.request.urlopen(site.url.removesuffix("/some/path/") + address) as answer:
            assert answer.status == 200

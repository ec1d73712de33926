"""Who doubts a number is at its source in two clicks; what the references list is what the built pages name."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from calculators.claims import ledger
from calculators.data_files import read_all
from calculators.evidence import Evidence
from calculators.text import LANGUAGES
from scripts import facts
from scripts.claims_html import sections
from tests.browser.conftest import Watched
from tests.browser.test_accessibility import AXE, none_in_any_look

Open = Callable[..., Watched]
SOURCES = {key: entity.values for key, entity in read_all()["sources"].items()}
# Counted on this site: the ledger and the references are their source.
COUNTED = ("claims_count(", "sources_cited(")
# A stored figure, one computed from several, a price, a result of a calculator.
NUMBERS = [
    ("book/part-1/eight-weeks/", "article p data[data-source]"),
    ("book/part-1/evidence/", "article p data[data-sources*=' ']"),
    ("book/part-1/evidence/", "article p data[data-fact^='price(']"),
    ("book/part-3/opex-to-capex/", "article p data[data-calculator]"),
    ("book/about/", "article td data[data-source]"),
    ("data/prices/", "data-table td data[data-source]"),
]
each_language = pytest.mark.parametrize("lang", LANGUAGES)


@cache
def article(built: Path, lang: str, address: str) -> str:
    page = (built / lang / address / "index.html").read_text(encoding="utf-8")
    return page[page.index("<article") : page.index("</article>")]


def written(built: Path) -> Iterator[tuple[str, str]]:
    """Slug and address of each section that is built."""
    for slug, (_, path, _) in sections().items():
        if (built / "en" / path / "index.html").exists():
            yield slug, f"{path}/"


def named(text: str) -> set[str]:
    """Sources that a page's figures and links name."""
    keys = {key for some in re.findall(r' data-sources?="([^"]+)"', text) for key in some.split()}
    return keys | set(re.findall(r'href="[^"]*data/sources/#([a-z0-9-]+)"', text))


@each_language
def test_the_references_are_what_the_built_pages_name(built: Path, lang: str) -> None:
    evidence = Evidence(read_all(), lang)
    claims = {claim.id: claim for claim in ledger(evidence)}
    listed = article(built, lang, "book/references/")
    checked = 0
    for slug, address in written(built):
        text = article(built, lang, address)
        part = re.search(rf'<h3 id="{slug}".*?(?=<h3 |\Z)', listed, re.DOTALL)
        assert part, slug
        own = named(part[0])
        marked = re.findall(r'href="[^"]*book/claims/#([a-z0-9-]+)"|href="[^"]*claims/#([a-z0-9-]+)"', text)
        references = [r for one in marked for claim_id in one if claim_id for r in claims[claim_id].references]
        behind = {key for reference in references for key in facts.sources_of(reference, evidence)}
        assert named(text) | behind <= own, (slug, named(text) | behind - own)
        if "<reactive-sentence" not in text:  # its numbers are the calculator's own
            assert own == named(text) | behind, (slug, own ^ (named(text) | behind))
            checked += 1
    assert checked >= 5


@each_language
def test_every_number_of_the_book_has_a_source_and_the_way_to_it(built: Path, lang: str) -> None:
    rows = set(re.findall(r'<tr id="([a-z0-9-]+)"', article(built, lang, "data/sources/")))
    pages = [path.parent.relative_to(built / lang) for path in (built / lang / "book").rglob("index.html")]
    numbers = 0
    for address in map(str, pages):
        text = article(built, lang, address)
        found = re.search(r"<template data-sources>(.*?)</template>", text, re.DOTALL)
        told = json.loads(html.unescape(found[1])) if found else {}
        for tag in re.findall(r"<data [^>]*\bdata-fact=[^>]*>", text):
            expression = html.unescape(str(re.search(r'data-fact="([^"]*)"', tag)[1]))  # type: ignore[index]
            keys = named(tag)
            assert bool(keys) != expression.startswith(COUNTED), (address, expression)
            numbers += 1
            for key in keys:
                assert key in rows and told[key] == [SOURCES[key]["title"], SOURCES[key].get("url", "")], key
    assert numbers > 1000


def opened(page: Page, selector: str) -> list[str]:
    """Opens a number whose source has an address; the sources that it names. The first of two clicks."""
    page.wait_for_selector("article data[data-fact][role=button]")
    for figure in page.locator(selector).all():
        keys = sorted(
            named(f' data-sources="{figure.get_attribute("data-sources") or figure.get_attribute("data-source")}"')
        )
        if figure.is_visible() and "url" in SOURCES[keys[0]]:
            figure.click()
            expect(page.locator("#figure-note")).to_have_role("dialog")
            return keys
    raise AssertionError(f"no number for {selector}")


@each_language
@pytest.mark.parametrize(("address", "selector"), NUMBERS)
def test_two_clicks_lead_from_a_number_to_its_source(open_page: Open, lang: str, address: str, selector: str) -> None:
    page = open_page(f"{lang}/{address}").page
    page.context.route(
        lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.fulfill(body="<h1>Source</h1>")
    )
    keys = opened(page, selector)
    page.locator("#figure-note a.figure-original").first.click()
    expect(page.locator("h1")).to_have_text("Source")
    assert page.url.rstrip("/") in {SOURCES[key].get("url", "").rstrip("/") for key in keys}


@each_language
@pytest.mark.parametrize(("address", "selector"), NUMBERS)
def test_two_clicks_lead_from_a_number_to_what_we_say_of_its_source(
    open_page: Open, lang: str, address: str, selector: str
) -> None:
    page = open_page(f"{lang}/{address}").page
    keys = opened(page, selector)
    links = page.locator("#figure-note a[href*='data/sources/#']")
    assert sorted(str(link.get_attribute("href")).partition("#")[2] for link in links.all()) == keys
    links.first.click()
    page.wait_for_url(re.compile(rf"/{lang}/data/sources/#({'|'.join(keys)})$"))
    expect(page.locator(f"[id='{page.url.partition('#')[2]}']")).to_be_visible()


@each_language
def test_without_scripts_the_foot_of_a_section_leads_to_its_sources(open_page: Open, lang: str) -> None:
    page = open_page(f"{lang}/book/part-1/eight-weeks/", java_script_enabled=False).page
    page.locator(".section-sources a").click()
    page.wait_for_url(f"**/{lang}/book/references/#eight-weeks")
    expect(page.locator("h3#eight-weeks")).to_be_in_viewport()
    source = SOURCES["raschka-dream-of-spring"]["url"]
    expect(page.locator(f"h3#eight-weeks ~ ul a[href='{source}']").first).to_be_visible()


@each_language
def test_a_glossary_row_leads_to_the_first_use(open_page: Open, lang: str) -> None:
    page = open_page(f"{lang}/book/glossary/").page
    page.goto(page.locator("[id='kv-cache'] td a[href*='/part-']").evaluate("link => link.href"))
    expect(page.locator("article a.term[href$='#kv-cache']").first).to_be_visible()


@each_language
@pytest.mark.parametrize("name", ["references", "about", "glossary"])
def test_no_violation(open_page: Open, lang: str, name: str) -> None:
    page = open_page(f"{lang}/book/{name}/").page
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    none_in_any_look(page, lang)


@each_language
@pytest.mark.parametrize("name", ["references", "about"])
def test_a_narrow_screen_scrolls_in_one_direction(open_page: Open, lang: str, name: str) -> None:
    page = open_page(f"{lang}/book/{name}/", viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@each_language
def test_the_citation_names_the_published_address(built: Path, lang: str) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", "", article(built, lang, "book/about/")))
    assert f"{{https://book.example/some/path/{lang}/}}" in text
    assert "{https://github.com/Leading-AI-IO/edge-ai-intelligence}" in text

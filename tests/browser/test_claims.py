"""The claim ledger as readers meet it: markers lead to rows, filters keep what they say, and all without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from calculators.claims import counts, ledger, now_text, written_text
from calculators.data_files import read_all
from calculators.evidence import Evidence
from scripts import facts
from scripts.claims_html import claims, word
from tests.browser.conftest import Watched
from tests.browser.test_accessibility import AXE, none_in_any_look

Open = Callable[..., Watched]
CLAIMS = {claim.id: claim for claim in ledger(Evidence(read_all()))}
LEDGER = "book/claims/"
SECTION = "book/part-1/gap-vanished/"


def rows(page: Page) -> dict[str, str]:
    """Row -> status, of the rows that are shown."""
    found: dict[str, str] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('data-table tbody tr')].map((r) => [r.id, r.dataset.status]))"
    )
    return found


def ready(page: Page) -> None:
    expect(page.locator("data-table")).to_have_attribute("data-state", "ready")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_ledger_is_whole_without_scripts(open_page: Open, lang: str) -> None:
    page = open_page(f"{lang}/{LEDGER}", java_script_enabled=False).page
    assert page.locator("data-table tbody tr").count() == len(CLAIMS)
    row = page.locator('[id="gap-to-leader"]')
    shown = row.inner_text()
    evidence = facts.evidence(lang, True)
    gap = claims(lang, True)["gap-to-leader"]
    assert written_text(gap, evidence) in shown and now_text(gap, evidence) in shown
    assert row.locator(f'data[value="{gap.now.value}"]').first.get_attribute("title")
    expect(row.locator(".claim")).to_have_text(word(f"status-{gap.status}", lang))
    expect(page.locator(".table-form")).to_be_hidden()
    by_status = page.locator(".claims-by-status .claims-n").all_inner_texts()
    assert [int(text) for text in by_status] == list(counts(list(CLAIMS.values())).values())


def test_rows_carry_the_computed_status_and_the_filters_keep_what_they_say(open_page: Open) -> None:
    page = open_page(f"en/{LEDGER}").page
    ready(page)
    assert rows(page) == {claim.id: claim.status for claim in CLAIMS.values()}
    page.select_option("select[name=status]", "overturned")
    overturned = {claim.id for claim in CLAIMS.values() if claim.status == "overturned"}
    assert set(rows(page)) == overturned and "#?status=overturned" in page.url
    page.select_option("select[name=way]", "judgment")
    judged = {i for i in overturned if CLAIMS[i].values["kind"] == "judgment"}
    assert set(rows(page)) == judged
    page.click(".table-form button[type=reset]")
    expect(page.locator("data-table tbody tr")).to_have_count(len(CLAIMS))
    page.select_option("select[name=part]", "part-1")
    assert "gap-to-leader" in rows(page)
    page.click('.claims-by-status a[href$="#?status=weakened"]')
    expect(page.locator("select[name=status]")).to_have_value("weakened")
    assert set(rows(page).values()) == {"weakened"}


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_marker_of_a_section_leads_to_its_row(open_page: Open, lang: str) -> None:
    page = open_page(f"{lang}/{SECTION}").page
    marked = {link.get_attribute("href"): link.inner_text() for link in page.locator("article a.claim").all()}
    own = {claim.id for claim in CLAIMS.values() if claim.values["section"] == "gap-vanished"}
    assert own <= {str(href).partition("#")[2] for href in marked}
    name = f"{'Claim' if lang == 'en' else '主張'}{': ' if lang == 'en' else '：'}"
    label = page.locator('article a.claim[href$="#gap-to-leader"]').first.get_attribute("aria-label")
    assert label == name + ("overturned" if lang == "en" else "覆った")
    page.locator('article a.claim[href$="#gap-to-leader"]').first.click()
    expect(page.locator('[id="gap-to-leader"]')).to_be_in_viewport()
    ready(page)
    for href, status in marked.items():
        row = page.locator(f'[id="{str(href).partition("#")[2]}"]')
        expect(row.locator(".claim")).to_have_text(status)


@pytest.mark.parametrize("claim_id", ["gap-to-leader", "burst-count"])
def test_a_row_leads_to_the_heading_that_discusses_it(open_page: Open, claim_id: str) -> None:
    page = open_page(f"en/{LEDGER}").page
    ready(page)
    assert page.locator('data-table td[data-label="Discussed in"] a').count() == len(CLAIMS)
    # Opened as a bookmark: the theme's navigation may forget the heading when a click follows a scroll at once.
    page.goto(page.locator(f'[id="{claim_id}"] td[data-label="Discussed in"] a').evaluate("link => link.href"))
    expect(page.locator(f'h2[id="{CLAIMS[claim_id].values["anchor"]}"]')).to_be_in_viewport()


def test_a_narrow_screen_scrolls_in_one_direction(open_page: Open) -> None:
    page = open_page(f"ja/{LEDGER}", viewport={"width": 390, "height": 844}).page
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("path", [LEDGER, SECTION])
def test_no_violation(open_page: Open, lang: str, path: str) -> None:
    page = open_page(f"{lang}/{path}").page
    if path == LEDGER:
        ready(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    none_in_any_look(page, lang)

"""A number of the text opens a note that stays: by pointer, keyboard and touch, in both languages, on both screens."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_accessibility import AXE, none_in_any_look

Open = Callable[..., Watched]
BOOK = "book/part-1/eight-weeks/"
STORED = "article p data[data-source]"


def figures(open_page: Open, path: str = f"en/{BOOK}", **options: object) -> Page:
    page = open_page(path, **options).page
    page.wait_for_selector("article data[data-fact][role=button]")
    return page


def note_of(page: Page) -> Locator:
    return page.locator("#figure-note")


def test_a_click_opens_a_note_that_stays_until_escape_or_a_click_elsewhere(open_page: Open) -> None:
    page = figures(open_page)
    figure = page.locator(STORED).first
    figure.click()
    note = note_of(page)
    expect(note).to_have_role("dialog")
    expect(figure).to_have_attribute("aria-expanded", "true")
    page.mouse.move(5, 500)
    expect(note).to_be_visible()
    expect(note).to_contain_text(figure.inner_text())
    expect(note).to_contain_text(re.compile(r"as of .*\d{4}"))
    expect(note).to_contain_text(re.compile(r"\d+ days old"))
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    expect(figure).to_be_focused()
    expect(figure).to_have_attribute("aria-expanded", "false")
    figure.click()
    expect(note).to_be_visible()
    figure.click()
    expect(note).to_be_hidden()
    figure.click()
    page.locator("h1").click()
    expect(note).to_be_hidden()


def test_it_stands_beside_its_number_and_is_narrow(open_page: Open) -> None:
    page = figures(open_page)
    assert not page.locator("data-table").count()  # whose sheet once held the note's place and width
    root_px = float(page.evaluate("() => parseFloat(getComputedStyle(document.documentElement).fontSize)"))
    for figure in (page.locator(STORED).first, page.locator(STORED).last):
        figure.click()
        note, number = note_of(page).bounding_box(), figure.bounding_box()
        assert note and number and note["width"] <= 22 * root_px, (note, number)
        below, above = note["y"] - number["y"] - number["height"], number["y"] - note["y"] - note["height"]
        assert 0 <= below <= 12 or 0 <= above <= 12, (note, number)
        page.keyboard.press("Escape")


def test_the_keyboard_opens_it_walks_its_links_and_comes_back(open_page: Open) -> None:
    page = figures(open_page)
    figure = page.locator(STORED).first
    for key in ("Enter", "Space"):
        figure.focus()
        page.keyboard.press(key)
        expect(note_of(page)).to_be_focused()
        page.keyboard.press("Tab")
        expect(note_of(page).locator("a").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(figure).to_be_focused()
        expect(note_of(page)).to_be_hidden()


def test_its_source_is_the_entry_on_the_sources_page(open_page: Open) -> None:
    page = figures(open_page)
    figure = page.locator(STORED).first
    source = figure.get_attribute("data-source")
    figure.click()
    note_of(page).get_by_role("link", name="Read its source").click()
    page.wait_for_url(f"**/en/data/sources/#{source}")
    expect(page.locator(f"[id='{source}']")).to_be_visible()
    expect(note_of(page)).to_be_hidden()


def test_a_number_is_challenged_where_its_file_is_edited(open_page: Open) -> None:
    page = figures(open_page)
    figure = page.locator(f"{STORED}[data-fact^='facts/']").first
    file = f"data/{figure.get_attribute('data-fact')}.yml"
    figure.click()
    expect(note_of(page).locator("code")).to_have_text(file)  # no repository is set
    page.keyboard.press("Escape")
    page.evaluate("""() => document.head.append(Object.assign(document.createElement("meta"),
        { name: "repository", content: "https://code.example/book" }))""")
    figure.click()
    link = note_of(page).get_by_role("link", name="Challenge this number")
    expect(link).to_have_attribute("href", f"https://code.example/book/edit/main/{file}")


def test_a_computed_number_names_the_files_behind_it(open_page: Open) -> None:
    page = figures(open_page)
    figure = page.locator("article data[data-from*=' ']").first
    behind = {f"data/{name.split('#')[0]}.yml" for name in str(figure.get_attribute("data-from")).split(" ")}
    figure.click()
    note_of(page).locator("summary").click()
    assert {*note_of(page).locator("details code").all_inner_texts()} == behind


def test_a_calculated_number_opens_its_case(open_page: Open) -> None:
    page = figures(open_page, "en/book/part-1/what-closed-apis-sell/")
    figure = page.locator("article p data[data-calculator]:not([data-fact*='.given.'], [value=''])").first
    shown = str(figure.get_attribute("value"))
    figure.click()
    link = note_of(page).get_by_role("link", name="Open in the calculator")
    assert str(figure.get_attribute("data-calculator")) in str(link.get_attribute("href"))
    link.click()
    page.wait_for_selector("cost-calculator[data-state=ready]")
    values = page.eval_on_selector_all("output[data-value]", "found => found.map((e) => e.dataset.value)")
    assert any(
        value and abs(float(value) - float(shown)) <= 1e-9 * abs(float(shown)) for value in values if is_number(value)
    )


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text) is not None


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_on_a_phone_a_tap_opens_it_and_it_fits_the_screen(open_page: Open, lang: str) -> None:
    page = figures(open_page, f"{lang}/{BOOK}", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for index in range(0, page.locator(STORED).count(), 3):
        figure = page.locator(STORED).nth(index)
        figure.scroll_into_view_if_needed()
        figure.tap()
        expect(note_of(page)).to_have_role("dialog")
        box = note_of(page).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] >= 0, (index, box)
        assert box["y"] + box["height"] <= 844, (index, box)
        page.keyboard.press("Escape")
        expect(note_of(page)).to_be_hidden()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_term_tells_its_definition_and_leads_to_the_glossary(open_page: Open, lang: str) -> None:
    page = figures(open_page, f"{lang}/{BOOK}")
    term = page.locator("article a.term").first
    definition = str(term.get_attribute("title"))
    term.hover()
    expect(note_of(page)).to_have_role("tooltip")
    expect(note_of(page)).to_contain_text(definition)
    page.keyboard.press("Escape")
    expect(note_of(page)).to_be_hidden()
    term.focus()
    expect(note_of(page)).to_contain_text(definition)
    anchor = str(term.get_attribute("href")).partition("#")[2]
    term.click()
    page.wait_for_url(f"**/{lang}/book/glossary/#{anchor}")
    expect(page.locator(f"[id='{anchor}']")).to_be_visible()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_axe_finds_nothing_while_a_note_is_open(open_page: Open, lang: str) -> None:
    page = figures(open_page, f"{lang}/{BOOK}")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.locator(STORED).first.click()
    none_in_any_look(page, lang)
    expect(note_of(page)).to_be_visible()


def test_paper_has_no_note(open_page: Open) -> None:
    page = figures(open_page)
    page.locator(STORED).first.click()
    page.emulate_media(media="print")
    expect(note_of(page)).to_be_hidden()
    after = page.locator(STORED).first.evaluate("(figure) => getComputedStyle(figure, '::after').content")
    assert "as of" in after

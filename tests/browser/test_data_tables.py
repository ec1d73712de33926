"""The data pages: whole without scripts; with them sorted, filtered, compared, cited, figures with source and age."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from calculators.data_files import read_all
from calculators.load import load_dataset
from calculators.worker import reply
from scripts import facts
from scripts.data_tables import smallest_device
from tests.browser.conftest import Watched
from tests.browser.test_site import type_in

Open = Callable[..., Watched]
TABLES = {"models": "models", "devices": "devices", "facts": "facts", "sources": "sources", "rules": "regulations"}


def ready(open_page: Open, path: str, **options: object) -> Page:
    page = open_page(path, **options).page
    page.wait_for_selector("data-table[data-state=ready]")
    return page


def shown(page: Page) -> list[str]:
    return [str(row.get_attribute("id")) for row in page.query_selector_all("data-table tbody tr")]


def source_of_size() -> str:
    """Title of the source of GLM-5's size."""
    return str(facts.entity(f"sources/{facts.entity('models/glm-5')['total_params']['source']}")["title"])


def column(page: Page, name: str) -> list[float | None]:
    """Sort values of a column, None where unknown."""
    index = [str(head.get_attribute("data-column")) for head in page.query_selector_all("thead th")].index(name)
    cells = page.query_selector_all(f"tbody tr > :nth-child({index + 1})")
    return [float(value) if (value := cell.get_attribute("data-sort")) else None for cell in cells]


@pytest.mark.parametrize(("name", "kind"), TABLES.items())
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_entity_is_a_row_of_the_html(built: Path, lang: str, name: str, kind: str) -> None:
    html = (built / lang / "data" / name / "index.html").read_text(encoding="utf-8")
    ids = re.findall(r'<tr id="([^"]+)"', html)
    assert set(read_all()[kind]) <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_reader_without_scripts_has_all_rows_and_sources(open_page: Open) -> None:
    page = open_page("en/data/models/#glm-5", java_script_enabled=False).page
    row = page.locator("tr#glm-5")
    assert row.is_visible()
    assert facts.fact_text("models/glm-5", "total_params", "en") in row.inner_text()
    assert source_of_size() in str(row.locator("data").nth(0).get_attribute("title"))
    assert not page.locator(".table-form").is_visible()


def test_sorting_puts_the_unknown_last_both_ways(open_page: Open) -> None:
    page = ready(open_page, "en/data/models/")
    first = shown(page)
    head = page.locator("th[data-column=total] button")
    for order, descending in (("ascending", False), ("descending", True)):
        head.click()
        assert page.get_attribute("th[data-column=total]", "aria-sort") == order
        values = column(page, "total")
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=descending) and len(known) > 60
        assert values[len(known) :] == [None] * (len(values) - len(known)) and None in values
    head.click()
    assert shown(page) == first and page.get_attribute("th[data-column=total]", "aria-sort") is None


def test_filters_keep_exactly_the_rows_that_fit(open_page: Open) -> None:
    page = ready(open_page, "en/data/models/")
    page.select_option("select[name=language]", "ja")
    page.select_option("select[name=tier]", "3")
    models = read_all()["models"]
    expected = {
        model_id
        for model_id, entity in models.items()
        if "ja" in (entity.values.get("languages") or {}).get("value", []) and smallest_device(model_id, (3,))
    }
    assert expected and set(shown(page)) == expected
    assert f"{len(expected)} of {len(models)}" in page.inner_text("output[name=row_count]")
    page.click("data-table button[type=reset]")
    expect(page.locator("data-table tbody tr")).to_have_count(len(models))


def test_a_search_folds_width_and_case(open_page: Open) -> None:
    page = ready(open_page, "ja/data/models/")
    page.fill("data-table input[name=q]", "ＧＬＭ-5 mit")
    assert {"glm-5", "glm-5.1"} <= set(shown(page)) and "llama-3.3-70b" not in shown(page)
    page.fill("data-table input[name=q]", "no such model")
    assert shown(page) == []


def test_the_view_is_the_address(open_page: Open) -> None:
    page = ready(open_page, "en/data/models/")
    page.select_option("select[name=tier]", "3")
    page.click("th[data-column=total] button")
    page.check("tr[id='qwen3-0.6b'] input[name=compare]")
    address = page.url
    assert "tier=3" in address and "sort=total" in address and "compare=qwen3-0.6b" in address
    again = ready(open_page, address.split("/some/path/")[1])
    assert shown(again) == shown(page)
    assert again.is_checked("tr[id='qwen3-0.6b'] input[name=compare]")
    again.evaluate("location.hash = '#?tier=1'")
    again.wait_for_selector("tr[id='gpt-5.2']")
    assert again.input_value("select[name=tier]") == "1"


def test_a_comparison_keeps_the_order_of_its_address(open_page: Open) -> None:
    page = open_page("en/data/devices/#?compare=h100-sxm,rtx-5090").page
    page.wait_for_selector("data-table[data-state=ready]")
    assert page.url.endswith("#?compare=h100-sxm,rtx-5090")
    names = page.locator(".table-compare tr").first.locator("th[scope=col]").all_inner_texts()
    assert "H100" in names[0] and "5090" in names[1]


def test_four_are_compared_and_the_fifth_takes_the_place_of_the_first(open_page: Open) -> None:
    page = ready(open_page, "en/data/devices/")
    ids = ["h100-sxm", "h200-sxm", "rtx-4090", "iphone-17-pro", "dgx-spark"]
    for device_id in ids:
        page.check(f"tr#{device_id} input[name=compare]")
    names = page.locator(".table-compare tr").first.locator("th[scope=col]").all_inner_texts()
    assert [name.strip() for name in names] == [read_all()["devices"][i].values["name"] for i in ids[1:]]
    assert not page.is_checked("tr#h100-sxm input[name=compare]")
    # A compared row stays compared when the filter hides it.
    page.select_option("select[name=tier]", "3")
    assert page.locator(".table-compare tr").first.locator("th[scope=col]").count() == 4
    page.click(".table-compare button[name=clear]")
    assert not page.is_visible(".table-compare") and "compare" not in page.url
    assert page.evaluate("document.activeElement.closest('data-table') !== null")  # not lost with the button


def test_a_row_is_copied_as_a_citation(open_page: Open) -> None:
    page = ready(open_page, "en/data/prices/", permissions=["clipboard-read", "clipboard-write"])
    row = page.locator("tr[id^='glm-5.z-ai']").first
    row.locator("button[name=cite]").click()
    page.wait_for_selector("button[name=cite]:has-text('Copied')")
    expect(page.locator("data-table [role=status][data-said]")).to_have_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("GLM-5") and row.locator("data").first.inner_text() in text
    assert f"data version {load_dataset().version}" in text and f"#{row.get_attribute('id')}" in text
    assert facts.entity(f"sources/{row.locator('data').first.get_attribute('data-source')}")["title"] in text


def test_a_figure_tells_its_source_and_age_on_hover_and_focus(open_page: Open) -> None:
    page = ready(open_page, "en/data/models/")
    figure = page.locator("tr#glm-5 data").nth(0)
    figure.hover()
    note = page.locator("#figure-note")
    note.wait_for()
    assert str(facts.entity("models/glm-5")["total_params"]["value"]) in note.inner_text()
    assert source_of_size() in note.inner_text()
    assert re.search(r"\d+ days old", note.inner_text())
    page.keyboard.press("Escape")
    assert not note.is_visible()
    page.locator(".table-scroll").focus()
    page.keyboard.press("ArrowDown")  # the first row, a closed model: its first figure is the context
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.locator("#figure-note").wait_for()
    assert page.evaluate("document.activeElement.closest('tbody tr') !== null")


def test_a_number_of_the_text_is_reached_by_the_keyboard(open_page: Open) -> None:
    page = open_page("en/book/part-1/gap-vanished/").page
    page.wait_for_selector("data[data-fact][tabindex='0']")
    page.locator("article data[data-fact]").first.focus()
    page.locator("#figure-note").wait_for()


def test_a_price_not_checked_for_three_months_is_marked_and_a_past_one_is_not(open_page: Open) -> None:
    watched = open_page("en/data/prices/")
    page = watched.page
    page.clock.set_fixed_time("2026-11-23")
    page.reload()
    page.wait_for_selector("data-table[data-state=ready]")
    for row_id, old in (("glm-5.z-ai", True), ("gpt-5.6-luna.openai.2026-06-26", False)):
        row = page.locator(f"tr[id^='{row_id}']").first
        assert (row.locator("data[data-stale]").count() > 0) == old, row_id
    page.clock.set_fixed_time("2026-07-03")
    page.reload()
    page.wait_for_selector("data-table[data-state=ready]")
    assert page.locator("tr[id^='glm-5.z-ai'] data[data-stale]").count() == 0


def test_print_shows_source_and_date_beside_each_figure(open_page: Open) -> None:
    page = ready(open_page, "en/data/devices/")
    page.emulate_media(media="print")
    content = page.locator("tr#h100-sxm data").first.evaluate("figure => getComputedStyle(figure, '::after').content")
    assert "AIConfigurator" in content and "2026" in content
    assert not page.locator(".table-form").is_visible()


def test_the_smallest_device_is_what_the_calculator_answers() -> None:
    dataset = load_dataset()
    for model_id in ("glm-5", "gpt-oss-20b", "qwen3-0.6b", "llama-3.3-70b", "gemma-4-31b"):
        device = smallest_device(model_id)
        if device is None:
            continue
        answer = reply(dataset, "fit", {"model": model_id, "device": device}, "en")
        assert answer["results"]["fit_verdict"]["value"] in ("fits", "tight"), model_id
        capacity = answer["results"]["capacity_bytes"]["value"]
        for other in dataset.devices:
            result = reply(dataset, "fit", {"model": model_id, "device": other}, "en")["results"]
            if result["capacity_bytes"]["value"] < capacity:
                assert result["fit_verdict"]["value"] == "no", (model_id, other)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_row_is_found_by_search_and_reached(open_page: Open, lang: str) -> None:
    page = open_page(f"{lang}/").page
    page.keyboard.press("/")
    type_in(page, "gpt-oss-20b")
    # The theme folds further results of a page.
    link = page.locator(".md-search-result__link[href*='data/models/'][href$='#gpt-oss-20b']").first
    link.wait_for(state="attached")
    page.goto(str(link.evaluate("link => link.href")))
    assert page.locator("tr#gpt-oss-20b").is_visible()


FACTS = "en/data/facts/"


def of_two_pages(open_page: Open, built: Path, view: str = "") -> tuple[Watched, list[str], dict[str, int]]:
    """The table of facts as if one page held 210 rows; ids of all, and the second's status (0: no network)."""
    html = (built / FACTS / "index.html").read_text(encoding="utf-8")
    before, body, after = re.split(r"(?<=<tbody>)(.*)(?=</tbody>)", html, flags=re.DOTALL)
    rows = re.findall(r"<tr .*?</tr>", body, re.DOTALL)
    after = after.replace("&#34;pages&#34;: 1", "&#34;pages&#34;: 2").replace('"pages": 1', '"pages": 2')
    nav = '<nav class="table-pages"><span aria-current="page">1</span><a href="2/">2</a></nav>'
    pages = [before + "".join(part) + after for part in (rows[:210], rows[210:])]
    pages[0] = pages[0].replace("<template data-settings>", f"{nav}<template data-settings>")
    status = {"second": 200}

    def second(route: Route) -> None:
        if status["second"]:
            route.fulfill(body=pages[1], status=status["second"], content_type="text/html; charset=utf-8")
        else:
            route.abort()

    watched = open_page("en/contributing/writing/")
    page = watched.page
    page.route(f"**/{FACTS}", lambda route: route.fulfill(body=pages[0], content_type="text/html; charset=utf-8"))
    page.route(re.compile(f"/{FACTS}2/"), second)
    page.goto(page.url.replace("en/contributing/writing/", FACTS) + view)
    page.wait_for_selector("data-table[data-state=ready]")
    return watched, re.findall(r'<tr id="([^"]+)"', body), status


def test_rows_of_another_page_come_when_they_are_needed_with_all_that_their_figures_do(
    open_page: Open, built: Path
) -> None:
    watched, ids, _ = of_two_pages(open_page, built)
    page = watched.page
    page.fill("data-table input[name=q]", ids[-1].replace("-", " ").split()[0])
    row = page.locator(f"data-table tr[id='{ids[-1]}']")
    expect(row).to_be_visible()
    expect(row.locator("data[data-fact]").first).to_have_attribute("aria-haspopup", "dialog")
    page.fill("data-table input[name=q]", "")
    more = page.locator("data-table button[name=more]")
    page.click("data-table thead th button >> nth=0")
    expect(page.locator("data-table tbody tr")).to_have_count(200)
    more.focus()
    page.keyboard.press("Enter")
    expect(page.locator("data-table tbody tr")).to_have_count(400)
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("data-table tbody tr")).to_have_count(len(ids))
    expect(more).to_be_hidden()
    assert (
        page.evaluate(
            "[...document.querySelectorAll('data-table tbody tr')].indexOf(document.activeElement.closest('tr'))"
        )
        == 400
    )
    assert not watched.errors


@pytest.mark.parametrize("failing", [500, 0])
def test_a_page_of_rows_that_does_not_come_is_told_and_asked_for_again(
    open_page: Open, built: Path, failing: int
) -> None:
    watched, ids, status = of_two_pages(open_page, built)
    page = watched.page
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    status["second"] = failing
    page.click("data-table thead th button >> nth=0")
    count = page.locator("output[name=row_count]")
    expect(count).to_contain_text("could not be read")
    assert len(shown(page)) == 210 and page.locator(".table-pages").is_visible()
    status["second"] = 200
    page.click("data-table thead th button >> nth=0")
    expect(count).to_have_text(f"{len(ids)} rows")
    assert thrown == []


def test_an_address_with_a_lone_percent_sign_is_no_error(open_page: Open) -> None:
    watched = open_page("en/data/models/#100%")
    expect(watched.page.locator("data-table")).to_have_attribute("data-state", "ready")
    watched.page.fill("data-table input[name=q]", "no such model")
    expect(watched.page.locator("data-table tbody tr")).to_have_count(0)
    assert not watched.errors


def test_keys_that_the_browser_needs_pass_the_table(open_page: Open) -> None:
    page = ready(open_page, "en/data/models/")
    page.locator(".table-scroll").focus()
    page.keyboard.press("ArrowDown")
    here = page.evaluate_handle("document.activeElement")
    page.evaluate("addEventListener('keydown', (event) => (window.taken = event.defaultPrevented))")
    for key in ("Control", "Alt", "Meta"):
        page.evaluate(
            "([focused, key]) => focused.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true,"
            " cancelable: true, ctrlKey: key === 'Control', altKey: key === 'Alt', metaKey: key === 'Meta' }))",
            [here, key],
        )
        assert page.evaluate("window.taken") is False and here.evaluate("(e) => e === document.activeElement"), key

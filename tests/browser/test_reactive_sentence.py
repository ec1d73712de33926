"""Reactive sentences: read without scripts, changed by hand, keys and typing, told as the engine tells them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from calculators.load import load_dataset
from calculators.worker import reply
from scripts.elements import render_elements, sheets
from scripts.page_weight import middle_section
from scripts.sentences_html import sentence_text
from scripts.static_server import StaticServer
from tests.browser.conftest import Watched
from tests.browser.test_accessibility import AXE, none_in_any_look

# Any page of the book may carry a sentence; the test puts those it needs into this one.
PAGE = "book/part-1/gap-vanished/"
Open = Callable[..., Watched]
BOX = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
def sentences(open_page: Open, site: StaticServer) -> Iterator[Callable[..., Watched]]:
    """sentences("en", "payback", "moe-memory", hash="", **context options): a page with these sentences."""

    def open_(lang: str, *ids: str, hash: str = "", **options: object) -> Watched:
        tags = "".join(f'<p><reactive-sentence of="{of}"></reactive-sentence></p>' for of in ids)
        inner = render_elements(tags, lang, f"{PAGE.rstrip('/')}.md")

        def with_sentences(route: Route) -> None:
            page = route.fetch()
            # What the page itself has of them goes: one of a kind is enough.
            text = re.sub(r"<reactive-sentence.*?</reactive-sentence>", "", page.text(), flags=re.DOTALL)
            text = text.replace("</h1>", f"</h1>{inner}", 1)
            styles = re.search(r'href="([^"]+/)site.css"', text)
            assert styles
            links = "".join(f'<link rel="stylesheet" href="{styles[1]}{name}.css">' for name in sheets(inner))
            route.fulfill(response=page, body=text.replace("</head>", f"{links}</head>", 1))

        watched = open_page(f"{lang}/contributing/", **options)  # to have a page to set the route of
        watched.page.route(re.compile(rf".*/{lang}/{PAGE}$"), with_sentences)
        watched.page.goto(f"{site.url}{lang}/{PAGE}{hash}")
        return watched

    yield open_


def of(page: Page, sentence: str = "payback") -> Locator:
    return page.locator(f'reactive-sentence[of="{sentence}"]')


def ready(element: Locator) -> Locator:
    expect(element).to_have_attribute("data-state", "ready")
    return element


def read(element: Locator) -> str:
    """The sentence as it stands, its controls by what they show."""
    return str(
        element.locator(".reactive-text").evaluate(
            """(p) => [...p.children].map((child) => {
              const control = child.querySelector("input, select");
              return control ? control.selectedOptions?.[0].text ?? control.value : child.textContent;
            }).join("")"""
        )
    )


def expected(sentence: str, lang: str, **given: object) -> str:
    told = reply(load_dataset(), "sentence", given, lang, of=sentence)
    return "".join(part["text"] for part in told["sentence"])


def says(element: Locator, sentence: str, lang: str, **given: object) -> None:
    """It has come to rest and tells what the engine tells for this case."""
    ready(element)
    assert read(element) == expected(sentence, lang, **given)
    told: dict[str, Any] = reply(load_dataset(), "sentence", given, lang, of=sentence)
    for part in [*told["sentence"], *told["conclusion"]]:
        if "name" in part:
            output = element.locator(f'output[name="{part["name"]}"]').first
            assert float(str(output.get_attribute("data-value"))) == pytest.approx(part["value"], rel=1e-12)
    conclusion = "".join(part["text"] for part in told["conclusion"])
    expect(element.locator("[data-conclusion]")).to_have_text(conclusion)


def number(element: Locator) -> Locator:
    return element.locator(".reactive-text input")


def slider(element: Locator) -> Locator:
    return element.locator("input[type=range]")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_it_reads_well_without_scripts(sentences: Open, lang: str) -> None:
    page = sentences(lang, "payback", "moe-memory", java_script_enabled=False).page
    for sentence in ("payback", "moe-memory"):
        element = of(page, sentence)
        text = [str(element.locator(part).text_content()) for part in (".reactive-text", "[data-conclusion]")]
        assert (" " if lang == "en" else "").join(text) == sentence_text(sentence, lang)
        expect(element.locator("figure svg:visible")).to_have_count(1 + element.locator("figure li svg").count())
        for hidden in (".reactive-controls", "button", "progress", ".reactive-error"):
            expect(element.locator(hidden).first).to_be_hidden()


def test_its_module_waits_until_the_reader_comes_near_or_an_address_holds_values(open_page: Open, built: Path) -> None:
    path = f"en/{middle_section(built, 'en', sentence=True)}"
    page = open_page(path).page
    page.wait_for_load_state("networkidle")
    element = page.locator("reactive-sentence").first
    expect(element).to_have_attribute("data-state", "static")
    element.scroll_into_view_if_needed()
    ready(element)
    ready(open_page(f"{path}#?any.value=1").page.locator("reactive-sentence").first)


def test_nothing_is_loaded_before_the_first_touch(sentences: Open) -> None:
    watched = sentences("en", "payback")
    page, element = watched.page, of(watched.page)
    ready(element)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    element.locator(".reactive-text").hover()
    page.mouse.wheel(0, 400)
    says(element, "payback", "en")
    assert asked == []
    slider(element).focus()
    page.keyboard.press("ArrowRight")
    says(element, "payback", "en", tokens_per_month=1.1e10)
    assert any(url.endswith("heap.wasm") for url in asked)
    assert watched.errors == [] and watched.foreign == []


def test_dragging_the_number_tells_it_anew(sentences: Open, site: StaticServer) -> None:
    watched = sentences("en", "payback", viewport={"width": 1280, "height": 900})
    page, element = watched.page, ready(of(watched.page))
    chart = element.locator("figure svg[role=img]:visible").get_attribute("aria-labelledby")
    box = number(element).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for way in range(0, 61, 10):
        page.mouse.move(x + way, y)
    expect(number(element)).to_have_value("32 billion")  # at once, whatever the engine does
    page.mouse.up()
    says(element, "payback", "en", tokens_per_month=3.2e10)
    expect(page).to_have_url(f"{site.url}en/{PAGE}#?payback.tokens_per_month=32000000000")
    expect(element.locator("figure svg[role=img]")).to_have_count(1)
    assert element.locator("figure svg[role=img]").get_attribute("aria-labelledby") != chart
    expect(element.locator("figure")).to_contain_text("your volume: 32B tokens")
    # A click without a way to go is for typing.
    page.mouse.click(x, y)
    expect(number(element)).to_be_focused()
    assert watched.errors == []


def test_keys_move_the_number_and_its_slider_alike(sentences: Open) -> None:
    page = sentences("en", "payback").page
    element = ready(of(page))
    number(element).focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    says(element, "payback", "en", tokens_per_month=1.3e10)
    page.keyboard.press("PageDown")
    expect(slider(element)).to_have_value("32")
    expect(slider(element)).to_have_attribute("aria-valuetext", "4 billion")
    says(element, "payback", "en", tokens_per_month=4e9)
    slider(element).focus()
    page.keyboard.press("End")
    says(element, "payback", "en", tokens_per_month=1e12)


@pytest.mark.parametrize(
    ("lang", "typed", "value", "shown"),
    [("ja", "200億", 2e10, "200億"), ("ja", "3兆", None, "3兆"), ("en", "25B", 2.5e10, "25 billion")],
)
def test_a_number_may_be_typed(
    sentences: Open, lang: str, typed: str, value: float | None, shown: str, site: StaticServer
) -> None:
    page = sentences(lang, "payback").page
    element = ready(of(page))
    number(element).fill(typed)
    page.keyboard.press("Enter")
    if value is not None:
        expect(number(element)).to_have_value(shown)
        says(element, "payback", lang, tokens_per_month=value)
        assert page.url.endswith(f"payback.tokens_per_month={value:.0f}")
        return
    # Beyond the slider's end: one sentence, what was typed stays, the figures are those of before.
    expect(element).to_have_attribute("data-state", "error")
    expect(element.locator(".reactive-error")).to_have_text(re.compile("3兆は範囲外です"))
    expect(number(element)).to_have_value(shown)
    expect(number(element)).to_have_attribute("aria-invalid", "true")
    expect(element.locator("output[name=payback_month]")).to_have_text("18か月")
    assert page.url == f"{site.url}{lang}/{PAGE}"
    number(element).fill("300億")
    page.keyboard.press("Enter")
    says(element, "payback", lang, tokens_per_month=3e10)
    expect(element.locator(".reactive-error")).to_be_hidden()


def test_a_choice_tells_another_variant_and_reset_the_first(sentences: Open, site: StaticServer) -> None:
    page = sentences("en", "payback").page
    element = ready(of(page))
    first = read(element)
    element.locator("select").select_option("glm-5")
    says(element, "payback", "en", api_model="glm-5")
    assert "never pay" in read(element)
    reset = element.get_by_role("button", name="Reset")
    reset.click()
    ready(element)
    assert read(element) == first
    expect(page).to_have_url(f"{site.url}en/{PAGE}")
    expect(reset).to_be_disabled()


def test_a_link_opens_the_case_in_either_language_and_in_the_calculator(sentences: Open, site: StaticServer) -> None:
    given = "#?payback.tokens_per_month=50000000000&payback.api_model=glm-5&other=1"
    for lang in ("en", "ja"):
        page = sentences(lang, "payback", hash=given).page
        element = of(page)
        expect(element.locator("select")).to_have_value("glm-5")
        says(element, "payback", lang, tokens_per_month=5e10, api_model="glm-5")
        assert "other=1" in page.url
    month = str(element.locator("output[name=owned_month_usd]").first.text_content())
    element.locator("[data-open]").click()
    expect(page).to_have_url(re.compile(r"/ja/calculators/cost/#\?preset=own-glm-5&tokens_per_month=50000000000"))
    expect(page.locator("cost-calculator")).to_have_attribute("data-state", "ready")
    expect(page.locator("dd output[name=owned_month_usd]")).to_have_text(month)


def test_two_on_a_page_keep_their_own(sentences: Open) -> None:
    watched = sentences("en", "payback", "moe-memory")
    page = watched.page
    one, other = ready(of(page)), ready(of(page, "moe-memory"))
    number(one).fill("3B")
    page.keyboard.press("Enter")
    number(other).fill("8 bits")
    page.keyboard.press("Enter")
    says(one, "payback", "en", tokens_per_month=3e9)
    says(other, "moe-memory", "en", bits_per_weight=8)
    assert "payback.tokens_per_month=3000000000" in page.url and "moe-memory.bits_per_weight=8" in page.url
    ids = page.eval_on_selector_all("[id]", "(all) => all.map((e) => e.id)")
    assert len(ids) == len(set(ids))
    assert watched.errors == [] and watched.foreign == []


def test_it_goes_on_after_the_server_is_gone(sentences: Open, site: StaticServer) -> None:
    page = sentences("en", "payback").page
    element = ready(of(page))
    element.locator("select").select_option("glm-5")
    says(element, "payback", "en", api_model="glm-5")
    expect(element.locator("figure svg[role=img]")).to_have_count(1)  # what draws is there, too
    site.stop()
    try:
        number(element).fill("100 billion")
        page.keyboard.press("Enter")
        says(element, "payback", "en", api_model="glm-5", tokens_per_month=1e11)
        expect(element.locator("figure")).to_contain_text("your volume: 100B tokens")
    finally:
        site.start()


def test_without_an_engine_it_says_so_and_tries_again(sentences: Open) -> None:
    page = sentences("en", "payback").page
    element = ready(of(page))
    page.context.route("**/heap.wasm", lambda route: route.abort())
    page.context.route("**/pyodide.mjs", lambda route: route.abort())
    number(element).fill("20 billion")
    page.keyboard.press("Enter")
    expect(element).to_have_attribute("data-state", "error")
    expect(element.locator("[data-status]")).to_contain_text("could not be loaded")
    expect(number(element)).to_have_value("20 billion")
    page.context.unroute("**/pyodide.mjs")
    page.context.unroute("**/heap.wasm")
    element.get_by_role("button", name="Try again").click()
    says(element, "payback", "en", tokens_per_month=2e10)


def test_it_speaks_once_it_has_come_to_rest(sentences: Open) -> None:
    page = sentences("ja", "moe-memory").page
    element = ready(of(page, "moe-memory"))
    assert element.locator("output").evaluate_all("(all) => all.every((o) => o.ariaLive === 'off')")
    said = element.locator("[data-said]")
    expect(said).to_have_attribute("aria-live", "polite")
    slider(element).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    says(element, "moe-memory", "ja", bits_per_weight=5.5)
    expect(said).to_contain_text(expected("moe-memory", "ja", bits_per_weight=5.5))


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_it_fits_a_phone_and_a_thumb(sentences: Open, lang: str) -> None:
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = sentences(lang, "payback", "moe-memory", **options).page
    for sentence in ("payback", "moe-memory"):
        element = ready(of(page, sentence))
        for control in (number(element), slider(element), element.locator("select"), element.locator("[name=reset]")):
            box = control.bounding_box()
            assert box and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate(BOX) <= 0
    element.locator("select").select_option("h200-sxm-x8")
    says(element, "moe-memory", lang, device="h200-sxm-x8")
    assert page.evaluate(BOX) <= 0


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_axe_finds_no_violation_with_the_error_and_the_table_open(sentences: Open, lang: str) -> None:
    page = sentences(lang, "payback", "moe-memory").page
    for sentence in ("payback", "moe-memory"):
        element = ready(of(page, sentence))
        element.locator("select").select_option(index=1)
        ready(element)
        number(element).fill("-1")
        page.keyboard.press("Enter")
        expect(element.locator(".reactive-error")).to_be_visible()
        element.locator("details").evaluate("(e) => { e.open = true; }")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for sentence in ("payback", "moe-memory"):
        none_in_any_look(page, lang, f'reactive-sentence[of="{sentence}"]')

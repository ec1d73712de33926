"""The chart of API prices: there without scripts, the reader's choice in the address, legible in every setting."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from scripts.static_server import StaticServer
from tests.browser.conftest import Watched

Open = Callable[..., Watched]
PAGE = "data/prices/"
# The longest names, and more models than colors.
LONG = "#?models=trinity-large-thinking,qwen3.5-397b-a17b,qwen3-coder-next,gpt-oss-120b,gpt-4o,glm-4.7,glm-5.2,o1,o3"
BOXES = """() => {
  const box = ({ left, right, top, bottom }) => ({ left, right, top, bottom });
  const boxes = (svg, selector) => [...svg.querySelectorAll(selector)]
    .map((e) => ({ text: e.textContent, ...box(e.getBoundingClientRect()) }));
  return [...document.querySelectorAll('.chart-drawing svg')].filter((svg) => svg.checkVisibility())
    .map((svg) => ({ svg: box(svg.getBoundingClientRect()),
      names: boxes(svg, '.price-name'), all: boxes(svg, 'text') }));
}"""
CONTRASTS = """() => {
  const light = (color) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((n) => n / 255)
      .map((n) => (n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll('.price-name')].map((e) => light(getComputedStyle(e).fill))
    .map((name) => (Math.max(name, page) + 0.05) / (Math.min(name, page) + 0.05));
}"""


def ready(page: Page) -> Page:
    expect(page.locator("price-chart")).to_have_attribute("data-state", "ready")
    return page


def drawn(page: Page) -> None:
    """The reader's choice is drawn: one SVG stands in place of the two of the page."""
    expect(page.locator(".chart-drawing > svg")).to_be_visible()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_chart_is_there_without_scripts(open_page: Open, lang: str) -> None:
    page = open_page(f"{lang}/{PAGE}", java_script_enabled=False).page
    name = {"en": "API prices over time: output", "ja": "API料金の推移：出力"}[lang]
    chart = page.get_by_role("img", name=name)
    expect(chart).to_have_count(1)
    expect(chart).to_be_visible()
    expect(page.locator(".chart-form")).to_be_hidden()
    expect(page.locator(".chart-figure figcaption")).to_contain_text({"en": "table below", "ja": "下の表"}[lang])


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("view", ["", "#?price=blended", LONG])
def test_names_neither_overlap_nor_leave_the_chart(open_page: Open, lang: str, width: int, view: str) -> None:
    page = ready(open_page(f"{lang}/{PAGE}{view}", viewport={"width": width, "height": 900}).page)
    if view:
        drawn(page)
    charts = page.evaluate(BOXES)
    assert len(charts) == 1
    chart = charts[0]
    assert len(chart["names"]) >= 8
    for one, next_one in pairwise(chart["names"]):
        # Boxes of text hold the font's leading; letters are apart where lines are at least 12 px apart.
        assert next_one["top"] - one["top"] >= 12, (one["text"], next_one["text"])
    for box in chart["all"]:
        assert box["left"] >= chart["svg"]["left"] - 1 and box["right"] <= chart["svg"]["right"] + 1
        assert box["top"] >= chart["svg"]["top"] - 1 and box["bottom"] <= chart["svg"]["bottom"] + 1
    assert chart["svg"]["right"] <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_color_stands_out(open_page: Open, scheme: str) -> None:
    page = ready(open_page(f"en/{PAGE}", color_scheme=scheme).page)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) >= 16 and min(contrasts) >= 4.5


def test_what_draws_is_fetched_with_the_first_touch(open_page: Open) -> None:
    watched = open_page(f"en/{PAGE}")
    page = ready(watched.page)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("h1").click()
    expect(page.locator(".chart-drawing > svg")).to_have_count(0)
    assert asked == []
    page.select_option(".chart-form select[name=price]", "in")
    drawn(page)
    assert any("/assets/" in url and url.endswith(".js") for url in asked)
    assert watched.errors == [] and watched.foreign == []


def test_the_choice_stands_in_the_address(open_page: Open, site: StaticServer) -> None:
    page = ready(open_page(f"en/{PAGE}").page)
    page.select_option(".chart-form select[name=price]", "in")
    expect(page).to_have_url(f"{site.url}en/{PAGE}#?price=in")
    expect(page.get_by_role("img", name="API prices over time: input")).to_be_visible()
    page.fill(".chart-form input[name=add]", "gpt-4o mini")
    page.keyboard.press("Enter")
    expect(page.locator(".chart-chosen")).to_contain_text("GPT-4o mini")
    expect(page.locator(".price-name", has_text="GPT-4o mini")).to_be_visible()
    page.get_by_role("button", name="Remove o3", exact=True).click()
    expect(page.locator(".price-name", has_text="o3")).to_have_count(0)
    expect(page.locator("button[name=remove]:focus")).to_have_count(1)  # the keyboard is not lost
    address = page.url
    assert "price=in" in address and ",gpt-4o-mini" in address and "o3" not in address
    names = page.locator(".price-name").all_text_contents()
    page.reload()
    drawn(page)
    assert page.locator(".price-name").all_text_contents() == names
    assert page.locator(".chart-form select[name=price]").input_value() == "in"
    page.get_by_role("button", name="Default selection").click()
    expect(page).to_have_url(f"{site.url}en/{PAGE}")
    expect(page.get_by_role("img", name="API prices over time: output")).to_be_visible()


def test_chart_and_table_share_the_address(open_page: Open) -> None:
    page = ready(open_page(f"en/{PAGE}#?models=glm-5,o3&q=kimi&sort=input").page)
    drawn(page)
    rows = page.locator("data-table tbody tr")
    expect(rows.first).to_contain_text("Kimi")
    found = rows.count()
    page.select_option(".chart-form select[name=price]", "in")
    drawn(page)
    assert all(key in page.url for key in ("models=glm-5,o3", "q=kimi", "sort=input", "price=in"))
    page.fill("data-table input[name=q]", "glm")
    expect(rows.first).to_contain_text("GLM")
    assert found and all(key in page.url for key in ("models=glm-5,o3", "q=glm", "sort=input", "price=in"))
    page.get_by_role("button", name="Default selection").click()
    expect(page).to_have_url(re.compile(r"#\?(?=.*q=glm)(?!.*models=)(?!.*price=)"))
    expect(page.locator(".chart-form select[name=price]")).to_have_value("out")


def test_an_unknown_model_and_a_missing_price_are_said(open_page: Open) -> None:
    page = ready(open_page(f"ja/{PAGE}#?models=gpt-4,no-such&price=cache_read").page)
    status = page.locator(".chart-status")
    expect(status).to_contain_text("この種類の料金がわからないモデル：GPT-4")
    expect(page.locator(".chart-drawing svg")).to_contain_text("表示できる料金がありません")
    page.fill(".chart-form input[name=add]", "量子")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("「量子」という名前のモデル")


def test_a_chart_that_cannot_be_loaded_leaves_the_first_one(open_page: Open) -> None:
    page = ready(open_page(f"en/{PAGE}").page)
    page.context.set_offline(True)
    page.select_option(".chart-form select[name=price]", "in")
    expect(page.locator(".chart-status")).to_contain_text("could not be loaded")
    expect(page.get_by_role("img", name="API prices over time: output")).to_be_visible()


def test_the_chart_follows_the_width(open_page: Open) -> None:
    page = ready(open_page(f"en/{PAGE}#?price=in", viewport={"width": 1280, "height": 900}).page)
    drawn(page)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".chart-drawing > svg")).to_have_attribute("width", "358")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_on_paper_the_chart_is_dark_on_light_and_the_form_is_gone(open_page: Open) -> None:
    page = ready(open_page(f"en/{PAGE}", color_scheme="dark", viewport={"width": 1280, "height": 900}).page)
    page.emulate_media(media="print")
    expect(page.locator(".chart-form")).to_be_hidden()
    expect(page.locator(".chart-wide svg")).to_be_visible()
    assert page.locator(".chart-wide svg").evaluate("(e) => getComputedStyle(e).color") == "rgb(0, 0, 0)"
    assert (
        page.locator(".chart-wide .price-name").first.evaluate("(e) => getComputedStyle(e).fill") == "rgb(77, 77, 77)"
    )

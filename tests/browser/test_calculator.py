"""The fit calculator in a real browser: before scripts, with the engine in the tab, and when something fails."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.static_server import StaticServer
from tests.browser.conftest import SITE_URL, Watched
from tests.conftest import Run

Open = Callable[..., Watched]
PATH = "calculators/fit/"


def shown(page: Page) -> dict[str, tuple[str, str]]:
    """Every result on the page: name -> (raw value, words)."""
    return {
        str(output.get_attribute("name")): (str(output.get_attribute("data-value")), str(output.text_content()))
        for output in page.locator("dl output").all()
    }


def expected(calculators: Run, lang: str, *settings: str) -> dict[str, tuple[str, str]]:
    """The same from the command line."""
    assignments = [part for setting in settings for part in ("--set", setting)]
    reply = json.loads(calculators("fit", "--json", "--lang", lang, *assignments).stdout)
    return {name: (raw(r["value"]), r["text"]) for name, r in reply["results"].items()}


def raw(value: object) -> str:
    """A value as JavaScript writes it: 19.0 is 19 there."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def as_number(results: dict[str, tuple[str, str]]) -> dict[str, tuple[object, str]]:
    """Raw values as numbers where they are, so that 1e+21 and 1e21 are the same digits."""

    def number(text: str) -> object:
        return float(text) if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text) else text

    return {name: (number(value), words) for name, (value, words) in results.items()}


def ready(page: Page) -> None:
    expect(page.locator("fit-calculator")).to_have_attribute("data-state", "ready")
    expect(page.locator("fit-calculator [data-status]")).not_to_be_empty()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_default_answer_stands_there_without_scripts(open_page: Open, calculators: Run, lang: str) -> None:
    page = open_page(f"{lang}/{PATH}", java_script_enabled=False).page
    assert as_number(shown(page)) == as_number(expected(calculators, lang))
    expect(page.locator("output[name=headline]")).to_contain_text("Qwen3-30B-A3B")
    expect(page.locator("select[name=model]")).to_be_disabled()
    expect(page.locator("noscript")).to_have_count(1)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_says_what_the_command_line_prints_digit_for_digit(
    open_page: Open, calculators: Run, lang: str
) -> None:
    watched = open_page(f"{lang}/{PATH}")
    page = watched.page
    page.select_option("select[name=model]", "gpt-oss-120b")
    ready(page)
    page.select_option("select[name=device]", "h200-sxm-x8")
    expect(page.locator("input[name=n_devices]")).to_have_value("8")
    page.fill("input[name=context_tokens]", "131072")
    expect(page.locator("output[name=headline]")).to_contain_text("8 × NVIDIA H200")
    case = ["model=gpt-oss-120b", "device=h200-sxm-x8", "context_tokens=131072"]
    wanted = as_number(expected(calculators, lang, *case))
    expect(page.locator("output[name=kv_bytes]")).to_have_text(wanted["kv_bytes"][1])
    ready(page)
    assert as_number(shown(page)) == wanted
    # A device without a known compute rate: unknown, with the reason, on both sides.
    page.select_option("select[name=device]", "iphone-17-pro")
    page.select_option("select[name=model]", "qwen3-0.6b")
    case = ["model=qwen3-0.6b", "device=iphone-17-pro", "context_tokens=131072"]
    expect(page.locator("output[name=t_prefill_ms]")).to_have_attribute("data-value", "")
    ready(page)
    assert as_number(shown(page)) == as_number(expected(calculators, lang, *case))
    assert watched.foreign == []
    assert watched.errors == []


def test_changing_the_device_changes_the_verdict(open_page: Open) -> None:
    page = open_page(f"ja/{PATH}").page
    verdict = page.locator("output[name=fit_verdict]")
    expect(verdict).to_have_attribute("data-value", "fits")
    page.select_option("select[name=device]", "raspberry-pi-5-16gb")
    expect(verdict).to_have_attribute("data-value", "no")
    expect(verdict).to_have_text("収まらない")
    expect(page.locator("[data-warning=warning-does-not-fit]")).to_be_visible()


def test_it_goes_on_after_the_server_is_stopped(open_page: Open, site: StaticServer) -> None:
    page = open_page(f"en/{PATH}").page
    page.select_option("select[name=device]", "rtx-5090")
    ready(page)
    site.stop()
    try:
        page.select_option("select[name=device]", "iphone-17-pro")
        expect(page.locator("output[name=fit_verdict]")).to_have_attribute("data-value", "no")
    finally:
        site.start()


def test_bad_input_is_told_at_its_field_and_loses_nothing(open_page: Open) -> None:
    page = open_page(f"en/{PATH}").page
    page.fill("input[name=context_tokens]", "8192")
    ready(page)
    before = shown(page)
    page.fill("input[name=isl]", "many")
    note = page.locator("#fit-isl-error")
    expect(note).to_have_text(
        re.compile(r"^Input length: many is not a number; give one from 1 to \d+, such as 1500, 1\.5M or 40%\.$")
    )
    expect(page.locator("fit-calculator")).to_have_attribute("data-state", "error")
    expect(page.locator("input[name=isl]")).to_have_attribute("aria-invalid", "true")
    assert shown(page) == before
    assert page.input_value("input[name=isl]") == "many"
    page.fill("input[name=isl]", "2048")
    expect(note).to_be_hidden()
    ready(page)
    assert page.input_value("input[name=context_tokens]") == "8192"


def test_the_address_holds_the_case_and_opens_it_again(open_page: Open, site: StaticServer) -> None:
    page = open_page(f"en/{PATH}").page
    page.select_option("select[name=device]", "raspberry-pi-5-16gb")
    ready(page)
    assert page.url.endswith("#?device=raspberry-pi-5-16gb")
    again = open_page(f"en/{PATH}#?device=raspberry-pi-5-16gb&kv_bits=8").page
    expect(again.locator("output[name=fit_verdict]")).to_have_attribute("data-value", "no")
    assert again.input_value("select[name=kv_bits]") == "8"
    again.click("button[name=reset]")
    expect(again.locator("output[name=fit_verdict]")).to_have_attribute("data-value", "fits")
    assert "#?" not in again.url


def test_an_address_with_a_wrong_id_says_so(open_page: Open) -> None:
    page = open_page(f"en/{PATH}#?modle=glm-5").page
    expect(page.locator("[data-status]")).to_have_text("modle: there is no such parameter; did you mean model?")


def test_one_worker_serves_the_whole_tab(open_page: Open) -> None:
    page = open_page(f"en/{PATH}").page
    page.select_option("select[name=device]", "rtx-5090")
    ready(page)
    assert len(page.workers) >= 1
    engines = len([w for w in page.workers if w.url.startswith("blob:")])
    page.evaluate("window.sameDocument = true")
    page.click("nav.md-footer__inner a.md-footer__link--prev")
    expect(page.locator("h1")).to_have_text(re.compile("^What does a month cost"))
    page.fill("cost-calculator [name=isl]", "3000")  # another calculator, the same engine
    expect(page.locator("cost-calculator .calculator-status")).to_have_text("Computed in this tab.")
    page.go_back()
    page.locator("fit-calculator").wait_for()
    page.select_option("select[name=device]", "dgx-spark")
    expect(page.locator("output[name=headline]")).to_contain_text("DGX Spark")
    assert page.evaluate("window.sameDocument") is True
    assert len([w for w in page.workers if w.url.startswith("blob:")]) == engines


def test_without_webassembly_the_static_answer_stays(open_page: Open, built: Path, calculators: Run) -> None:
    # A host whose header forbids WebAssembly: both policies hold.
    header = {"content-security-policy": "script-src 'self' 'unsafe-inline' blob:"}
    strict = StaticServer(built, path="/some/path/", site_url=SITE_URL, headers=header)
    try:
        page = open_page("").page
        page.goto(f"{strict.url}en/{PATH}")
        page.select_option("select[name=device]", "iphone-17-pro")
        status = page.locator("[data-status]")
        expect(status).to_contain_text("This browser does not allow WebAssembly here")
        assert str(status.text_content()).count(".") == 1
        assert as_number(shown(page)) == as_number(expected(calculators, "en"))
        assert page.input_value("select[name=device]") == "rtx-4090"
        expect(page.locator("select[name=device]")).to_be_disabled()
    finally:
        strict.stop()


def test_a_missing_engine_file_is_one_sentence_and_can_be_tried_again(open_page: Open, site: StaticServer) -> None:
    page = open_page("").page
    with site.fail("/pyodide.mjs", 404):
        page.goto(f"{site.url}en/{PATH}")
        page.select_option("select[name=device]", "iphone-17-pro")
        status = page.locator("[data-status]")
        expect(status).to_contain_text("The calculator could not be loaded")
    expect(page.locator("output[name=fit_verdict]")).to_have_attribute("data-value", "fits")
    assert page.input_value("select[name=device]") == "iphone-17-pro"  # what was chosen stays
    page.click("button[name=retry]")
    ready(page)
    expect(page.locator("output[name=fit_verdict]")).to_have_attribute("data-value", "no")

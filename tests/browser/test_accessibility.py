"""axe finds nothing wrong with the calculators while everything that opens is open and an error is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from scripts.cached import ROOT
from tests.browser.conftest import Watched
from tests.browser.test_calculator_pages import COMMANDS, computed
from tests.browser.test_usage_import import element, give

Open = Callable[..., Watched]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES = {"light": "default", "dark": "slate"}
# Each language on both screens and in both schemes; the two together, whose markup is the same, in all four ways.
LOOKS = {"en": [(1280, "light"), (390, "dark")], "ja": [(1280, "dark"), (390, "light")]}
# From the top, since the bar at the edge covers what happens to lie behind it; colors once they have come to rest.
# Every rule of these kinds runs, none is left out.
RUN = """async (within) => {
  const frame = () => new Promise(requestAnimationFrame);
  const changing = () => document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity);
  scrollTo(0, 0);
  await frame().then(frame);
  while (changing().length) await Promise.allSettled(changing().map((a) => a.finished)).then(frame);
  const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await axe.run(within ?? document, { preload: false, runOnly: values });
  return violations.flatMap(({ id, nodes }) => nodes.map((n) => `${id}: ${n.target} ${n.failureSummary}`));
}"""
# The headline result of a link made in other times.
THEN = {"tier": "edge~12", "cost": "~12", "fit": "no~1e9", "portfolio": "~12"}
# Bad rows, and columns that nobody knows.
FAULTY = """generation_id;created_at;tokens_prompt;tokens_completion;tokens_cached;model_permaslug
a;2026-03-02T00:00:00Z;1000;100;0;m
b;2026-03-02T01:00:00Z;many;100;0;m
c;2026-03-04T01:00:00Z;2000;100;500;n
"""
UNKNOWN = "when|calls|in|out\n2026/03/01|20|30000|2000\n"


def violations(page: Page, within: str | None = None) -> list[str]:
    found: list[str] = page.evaluate(RUN, within)
    return found


def none_in_any_look(page: Page, lang: str, within: str | None = None) -> None:
    """No violation on a wide and on a small screen, light and dark."""
    for width, scheme in LOOKS[lang]:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", SCHEMES[scheme])
        assert violations(page, within) == [], (width, scheme)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_violation_with_everything_open(open_page: Open, lang: str, command: str) -> None:
    # An old link, so that "then and now" is there, too.
    page = open_page(f"{lang}/calculators/{command}/#?data=000000000000&then={THEN[command]}").page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    computed(page)
    expect(page.locator(".calculator-then")).to_be_visible()
    if command != "fit":
        usage = element(page)
        if command == "cost":  # the same everywhere
            give(usage, "own.psv", UNKNOWN)
            expect(usage.locator("[data-map]")).to_be_visible()
            assert violations(page, "usage-import") == []
        give(usage, "bad.csv", FAULTY)
        expect(usage.locator(".usage-faults")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    expect(page.locator(".calculator-formulas li").first).to_be_visible()
    computed(page)
    field = page.locator("article :is([name=isl], [data-key=isl])").last
    good = field.input_value()
    field.fill("many")
    expect(page.locator(".calculator-error >> visible=true")).to_have_count(1)
    assert page.locator("article figure table >> visible=true").count() > 0
    none_in_any_look(page, lang)
    field.fill(good)
    computed(page)
    page.click("button[name=memo]")
    expect(page.locator("[data-memo] table")).to_have_count(2)
    none_in_any_look(page, lang, "dialog")


def test_a_violation_would_be_found(open_page: Open) -> None:
    page = open_page("en/calculators/fit/").page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate("document.querySelector('label[for=fit-isl]').remove()")
    page.locator("output[name=headline]").evaluate("e => { e.style.color = '#aaa'; e.style.background = '#fff'; }")
    found = {violation.partition(":")[0] for violation in violations(page)}
    assert {"label", "color-contrast"} <= found

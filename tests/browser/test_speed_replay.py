"""The replay: only recorded times are replayed, a mean is drawn evenly and said to be one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW_MS, Watched

OpenPage = Callable[..., Watched]


def runs_of(page: Page) -> list[dict[str, Any]]:
    template = page.locator("speed-replay template[data-settings]").evaluate("one => one.content.textContent")
    found: list[dict[str, Any]] = json.loads(template)["runs"]
    return found


def play(page: Page, run: int) -> tuple[str, list[float]]:
    """Plays a run: what is said of it, and when each token came, ms after the press; watched from the start."""
    script = """(run) => new Promise((resolve) => {
        const place = document.querySelector("speed-replay [data-text]"), times = [];
        new MutationObserver((records) => {
            const added = records.flatMap(({ addedNodes }) => [...addedNodes]).filter(({ data }) => data);
            times.push(...added.map(() => performance.now()));
        }).observe(place, { childList: true });
        const pressed = performance.now();
        [...document.querySelectorAll("speed-replay [name=play]")].at(run).click();
        const said = document.querySelector("speed-replay [data-status]").textContent;
        const watch = setInterval(() => {
            if (document.querySelector("speed-replay").dataset.state !== "ready") return;
            clearInterval(watch);
            resolve([said, times.map((time) => time - pressed)]);
        }, 50);
    })"""
    said, times = page.evaluate(script, run)
    return said, times


def test_the_fastest_run_takes_as_long_as_its_mean_says(open_page: OpenPage) -> None:
    page = open_page("en/demo/device/").page
    expect(page.locator("speed-replay")).to_have_attribute("data-state", "ready")
    run = runs_of(page)[-1]
    assert "times" not in run
    said, times = play(page, -1)
    assert "evenly" in said
    # Frames are late on a busy machine, never early.
    assert times[-1] >= (len(times) - 1) * 1000 / run["speed"] - 60
    expect(page.locator("speed-replay [data-status]")).to_contain_text("Replayed", timeout=SLOW_MS)


def test_recorded_times_are_replayed_as_they_were(open_page: OpenPage) -> None:
    watched = open_page("en/demo/device/")
    page = watched.page
    recorded = [500, 520, 540, 1400, 1420]

    def with_times(route: Any) -> None:
        response = route.fetch()
        body = re.sub(r"(&#34;speed&#34;: [\d.]+)\}", rf"\1, &#34;times&#34;: {recorded}}}", response.text(), count=1)
        route.fulfill(response=response, body=body)

    page.route("**/en/demo/device/", with_times)
    page.reload()
    expect(page.locator("speed-replay")).to_have_attribute("data-state", "ready")
    assert runs_of(page)[0]["times"] == recorded
    said, times = play(page, 0)
    assert "recorded times" in said
    # Frames are late on a busy machine, never early: so late would no mean speed bring the fourth.
    for time, when in zip(times, recorded, strict=False):
        assert time >= when - recorded[0] - 60, times
    assert len(times) > len(recorded)
    page.locator("speed-replay [name=play]").first.click()
    page.locator("speed-replay [name=stop]").click()
    expect(page.locator("speed-replay [data-status]")).to_contain_text("Stopped")


def test_less_motion_means_no_motion(open_page: OpenPage) -> None:
    page = open_page("ja/demo/device/", reduced_motion="reduce").page
    expect(page.locator("speed-replay")).to_have_attribute("data-state", "ready")
    text = page.locator("speed-replay [data-text]")
    whole = text.inner_text()
    page.locator("speed-replay [name=play]").first.click()
    assert text.inner_text() == whole
    expect(page.locator("speed-replay [data-status]")).to_contain_text("動かしません")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_devices_speeds_and_sources_are_readable_without_scripts(open_page: OpenPage, lang: str) -> None:
    page = open_page(f"{lang}/demo/device/", java_script_enabled=False).page
    rows = page.locator("speed-replay .replay-runs li")
    assert rows.count() == 4
    for row in rows.all():
        assert re.search(r"\d", row.locator("strong").inner_text())
        assert row.locator("a[href*='data/sources/']").count() == 1
    expect(page.locator("speed-replay button:visible")).to_have_count(0)

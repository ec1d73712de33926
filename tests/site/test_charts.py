"""The drawing of prices over time, made by Node at build."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from calculators.text import LANGUAGES
from scripts import charts, facts
from scripts.node import NODE, node_json

SVG = "{http://www.w3.org/2000/svg}"
OFFER = {"model": "m", "name": "Model M", "provider": "p", "provider_name": "P", "first_party": True}


def words(lang: str = "en") -> dict[str, str]:
    return facts.words("charts", lang)


def draw(rows: list[dict[str, Any]], price: str = "out", width: int = 840, lang: str = "en") -> ElementTree.Element:
    chart = {"lang": lang, "rows": rows, "words": words(lang), "price": price, "width": width}
    return ElementTree.fromstring(node_json("scripts/charts.mjs", json.dumps([chart]))[0])


def named(svg: ElementTree.Element) -> list[ElementTree.Element]:
    """The names at the ends of the lines, from the top."""
    return [e for e in svg.iter(f"{SVG}text") if e.get("class") == "price-name"]


def paths(svg: ElementTree.Element) -> list[str]:
    groups = [e for e in svg.iter() if e.get("class") == "price-line"]
    return [str(path.get("d")) for group in groups for path in group.iter(f"{SVG}path")]


def row(start: str, seen: str, price: float, **more: Any) -> dict[str, Any]:
    return {**OFFER, "from": start, "date": seen, "in": price, "out": price * 4, **more}


def test_a_change_is_a_step_and_the_line_ends_where_the_price_was_last_seen() -> None:
    later = {**row("2025-01-01", "2026-01-01", 9), "model": "n", "name": "Model N"}
    svg = draw([row("2025-01-01", "2025-02-01", 4, to="2025-03-01"), row("2025-03-01", "2025-07-01", 1), later])
    first, other = paths(svg)
    points = [[float(n) for n in point.split(",")] for point in re.findall(r"[\d.]+,[\d.]+", first)]
    assert len(points) == 4 and points[1][0] == points[2][0]  # along, down, along
    assert points[0][1] == points[1][1] < points[2][1] == points[3][1]
    end = max(float(n.split(",")[0]) for n in re.findall(r"[\d.]+,[\d.]+", other))
    assert points[3][0] < end  # the price of a later day is not known
    titles = [e.text for e in svg.iter(f"{SVG}title")]
    assert "Model M, $16, January 1, 2025 to March 1, 2025" in titles
    assert "Model M, $4, March 1, 2025 to July 1, 2025" in titles


def test_a_time_without_a_price_is_a_gap() -> None:
    svg = draw([row("2025-01-01", "2025-02-01", 4, to="2025-02-01"), row("2025-05-01", "2025-07-01", 4)])
    assert paths(svg)[0].count("M") == 2


def test_blended_is_three_parts_input_and_one_part_output() -> None:
    for priced in charts.price_rows():
        assert priced["blended"] == pytest.approx((3 * priced["in"] + priced["out"]) / 4)
    label = named(draw([row("2025-01-01", "2025-02-01", 1, blended=1.75)], "blended"))[0]
    assert label.text == "Model M: $1.75"


def test_a_provider_is_named_unless_it_is_the_lab_and_doubt_is_marked() -> None:
    other = {**row("2025-01-01", "2025-02-01", 1), "provider": "q", "provider_name": "Q", "first_party": False}
    svg = draw([row("2025-01-01", "2025-02-01", 2), {**other, "verified": False}])
    assert [e.text for e in named(svg)] == ["Model M: $8", "Model M · Q ?: $4"]


def test_what_has_no_price_of_the_kind_has_no_line() -> None:
    svg = draw([row("2025-01-01", "2025-02-01", 1)], "cache_read", lang="ja")
    assert named(svg) == [] and paths(svg) == []
    assert any(e.text == "表示できる料金がありません" for e in svg.iter(f"{SVG}text"))


@pytest.mark.parametrize("width", charts.WIDTHS)
def test_names_of_equal_prices_stand_apart_and_inside(width: int) -> None:
    rows = [{**row("2025-01-01", "2026-01-01", 1), "model": f"m{i}", "name": f"Model {i}"} for i in range(40)]
    svg = draw(rows, width=width)
    heights = [float(str(e.get("y"))) for e in named(svg)]
    assert len(heights) == 40
    assert all(b - a >= 13 for a, b in pairwise(heights))
    assert heights[0] > 0 and heights[-1] < float(str(svg.get("height")))


def test_no_two_lines_of_a_page_look_alike() -> None:
    offers = [
        {
            **row("2025-01-01", "2026-01-01", 1 + i),
            "model": f"m{i}",
            "name": f"M {i}",
            "provider": p,
            "first_party": not p,
        }
        for i in range(16)
        for p in ("", "q", "r")
    ]
    groups = [e for e in draw(offers).iter() if e.get("class") == "price-line"]
    looks = {(e.get("stroke"), e.get("stroke-dasharray")) for e in groups}
    assert len(groups) == len(looks) == 48


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_element_is_alike_in_every_build_and_asks_nobody(lang: str) -> None:
    first = charts.price_chart_html(lang)
    charts.drawn.cache_clear()
    assert charts.price_chart_html(lang) == first
    ids = re.findall(r' id="([^"]+)"', first)
    assert len(ids) == len(set(ids)) == 5  # two of each drawing, and the list of names
    for drawing in re.findall(r"<svg.*?</svg>", first, re.DOTALL):
        assert not re.search(r"<script|<style|<image|<use|\son\w+=|href=|url\(", drawing)
        assert re.findall(r"https?://[^\"]+", drawing) == ["http://www.w3.org/2000/svg"]
        tree = ElementTree.fromstring(drawing)
        assert tree.get("role") == "img"
        for kind in ("title", "desc"):
            found = tree.find(f"{SVG}{kind}")
            assert found is not None and found.text and found.get("id") in drawing.split(">", 1)[0]
        # Without custom properties (e-books) the colors are there, too.
        for e in tree.iter():
            assert "var(" not in f"{e.get('fill')}{e.get('stroke')}"


def test_the_default_models_are_in_the_data_and_some_changed_their_price() -> None:
    rows = charts.price_rows()
    models = charts.default_models(rows)
    assert set(charts.BOOK) <= set(models) and len(models) == len(set(models)) == 8
    assert all(any(r["model"] == model for r in rows) for model in models)
    for model in models[: charts.CHANGED]:
        assert len({r["out"] for r in rows if r["model"] == model}) > 1


def test_help() -> None:
    done = subprocess.run([NODE, charts.DRAWING[0], "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "charts.json" in done.stdout

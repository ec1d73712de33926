"""The charts of an answer, drawn by Node as the build draws them, from hand-made charts kind and unkind."""

from __future__ import annotations

import json
import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from scripts.cached import ROOT
from scripts.node import NODE

SVG = "{http://www.w3.org/2000/svg}"
WIDTHS = (720, 340)
DRIVER = """
import { text } from "node:stream/consumers";
import { parseHTML } from "linkedom";
import { chartFigure } from "./docs/_theme/modules/answer-charts.js";
const { document } = parseHTML("<html><body></body></html>");
const { charts, ...options } = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(charts.map((chart) => chartFigure(document, chart, options)?.outerHTML ?? null)));
"""
Chart = dict[str, Any]


def axis(label: str, low: float, high: float, ticks: dict[float, str], scale: str = "linear") -> dict[str, Any]:
    marks = [{"value": value, "text": text} for value, text in ticks.items()]
    return {"label": label, "scale": scale, "low": low, "high": high, "ticks": marks}


def chart(kind: str, name: str, **more: Any) -> Chart:
    said = {"title": f"Title <{name}>", "summary": f"Summary & {name}.", "head": ["A", "Low end", "C", "High end", "E"]}
    return {"id": name, "kind": kind, **said, "rows": [["row", "1", "2", "3", "4"]], **more}


VOLUMES = {10.0**n: f"10の{n}乗トークン" for n in range(3, 13)}
MONEY = {1.0: "$1", 100.0: "$100", 10_000.0: "$10,000", 1_000_000.0: "1億5,800万円"}
OWNED = [9000.0 + 3000 * (i // 8) for i in range(31)]
GRID = [10 ** (3 + 0.3 * i) for i in range(31)]


def lines(name: str = "breakeven", **more: Any) -> Chart:
    given = {
        "x": axis("Tokens per month", 1e3, 1e12, VOLUMES, "log"),
        "y": axis("Cost of a month", 1, 1e6, MONEY, "log"),
        "lines": [
            {"id": "cloud", "label": "Cloud API", "x": GRID, "y": [x * 1e-6 + 2 for x in GRID]},
            {"id": "on_prem", "label": "自社で保有するサーバー", "x": GRID, "y": OWNED},
            {"id": "private_cloud", "label": "Rented", "x": GRID, "y": [*OWNED[:20], *[None] * 11]},
        ],
        "band": {"label": "P10–P90", "x": GRID, "low": [y * 0.8 for y in OWNED], "high": [y * 1.3 for y in OWNED]},
        "spans": [
            {"low": 9e9, "high": 1e10, "label": "cheap"},
            {"low": 2e10, "high": None, "label": "cheap from here"},
        ],
        "marks": [{"value": 1e8, "label": "Your volume: 100 million"}],
    }
    return chart("lines", name, **{**given, **more})


def bar(name: str, low: float | None, high: float | None, **more: str) -> dict[str, Any]:
    words = {"low_text": f"{low} there", "high_text": f"{high} there", "from_text": f"{name} 1", "to_text": f"{name} 9"}
    return {"id": name, "label": f"Input {name}", "low": low, "high": high, **words, **more}


def tornado(name: str = "tornado", bars: Sequence[dict[str, Any]] = (), **more: Any) -> Chart:
    rising, falling = bar("rising", -3.0, 5.0), bar("falling", 9.0, -6.0)
    given = {"x": axis("Value", -10, 10, {-10: "−10", 0: "0", 10: "10"}), "center": 1.0, "center_text": "one"}
    return chart("tornado", name, bars=list(bars) or [rising, falling], **{**given, **more})


def group(name: str, values: dict[str, float], **more: Any) -> dict[str, Any]:
    parts = [{"id": i, "value": value} for i, value in values.items()]
    total = sum(values.values())
    return {"id": name, "label": f"Group {name}", "parts": parts, "total": total, "total_text": f"sum {name}", **more}


def stack(name: str = "costs", parts: str = "abc", groups: Sequence[dict[str, Any]] = (), **more: Any) -> Chart:
    ruled_out = {**group("none", {}), "total": None, "total_text": "", "note": "Ruled out, since it does not fit."}
    bars = [group("one", {"a": 10, "b": 20, "c": 30}, chosen=True), group("two", {"a": 40, "c": 0}), ruled_out]
    named = [{"id": i, "label": f"Part {i}"} for i in parts]
    given = {"x": axis("Cost", 0, 60, {0: "0", 30: "30", 60: "60"}), "limit": None}
    return chart("stack", name, parts=named, groups=list(groups) or bars, **{**given, **more})


LONG = "とても長い名前なので折り返しが必要になり、それでも収まりきらないかもしれない項目のラベルである"
LONG_EN = "A label of so many words that it has to break, and may find no room in the lines that there are for it"
NO_AXIS = axis("", 0, 0, {})
HOSTILE = [
    lines("one-point", lines=[{"id": "a", "label": "Only", "x": [1e6], "y": [50]}], band=None, spans=[]),
    lines("nothing", lines=[{"id": "a", "label": "None", "x": [1e6], "y": [None]}], band=None, spans=[], marks=[]),
    lines("no-axis", x=NO_AXIS, y=NO_AXIS, lines=[], band=None, spans=[], marks=[]),
    lines("zero", lines=[{"id": "a", "label": "From zero", "x": [1e3, 1e6, 1e9], "y": [0, 0, 1e30]}]),
    lines("linear", x=axis("x", 0, 1e12, {0: "0", 1e12: "1e12"}), y=axis("y", -5, 5, {0: "0"})),
    lines("outside", marks=[{"value": 1e15, "label": LONG_EN}, {"value": 1e3, "label": LONG}]),
    lines("many", spans=[{"low": 2 * 10.0**n, "high": 4 * 10.0**n, "label": f"{LONG_EN} {n}"} for n in range(3, 11)]),
    lines("same", lines=[{"id": str(i), "label": f"{i} {LONG}", "x": GRID, "y": OWNED} for i in range(6)]),
    tornado("no-bars", x=NO_AXIS, center=0, bars=[bar("flat", 0.0, 0.0)]),
    tornado("one-side", bars=[bar("both", 4.0, 7.0), bar("under", -5.0, -2.0)]),
    tornado("never", bars=[bar("never", None, 5.0, low_text="never"), bar("ever", None, None)]),
    tornado("huge", bars=[bar("huge", -1e18, 1e18, from_text=LONG_EN, to_text=LONG, low_text=LONG, label=LONG)]),
    tornado("negative", center=-5.0, x=axis("NPV", -9, -1, {-9: "−9"}), bars=[bar("n", -8.0, -2.0, label=LONG_EN)]),
    stack("all-zero", groups=[group("nil", {"a": 0, "b": 0})], x=NO_AXIS),
    stack(
        "eight", parts="abcdefgh", groups=[group(LONG, dict.fromkeys("abcdefgh", 5)), group("t", {"a": 9, "h": 1e-9})]
    ),
    stack("below", groups=[group("mixed", {"a": -10, "b": 20, "c": -5}), group("minus", {"a": -30})]),
    stack("huge", groups=[group(LONG_EN, {"a": 1e15, "b": 1}, total_text=LONG)], limit={"value": 1e16, "label": LONG}),
    stack("note", groups=[{**group("n", {}), "total_text": "", "note": LONG * 3, "chosen": True}]),
]
EVERY = [lines(), tornado(), stack(limit={"value": 50, "label": "Limit 50"}), *HOSTILE]


@cache
def drawn(given: str) -> list[str | None]:
    command = [str(NODE), "--input-type=module", "-e", DRIVER]
    done = subprocess.run(command, input=given, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    figures: list[str | None] = json.loads(done.stdout)
    return figures


def request(charts: Sequence[Chart], width: int) -> str:
    return json.dumps({"charts": charts, "width": width, "lang": "en", "words": {"table": "The numbers"}})


def parsed(html: str | None) -> Element:
    assert html is not None
    return ElementTree.fromstring(html)


def figure(one: Chart, width: int = 720) -> Element:
    return parsed(drawn(request([one], width))[0])


def svg_of(drawing: Element) -> Element:
    found = drawing.find(f"div/{SVG}svg")
    assert found is not None
    return found


def said(element: Element) -> str:
    """The text of a label, whose lines break between words of English and anywhere in Japanese."""
    return re.sub(r"\s", "", "".join(element.itertext()))


def of_class(root: Element, name: str) -> list[Element]:
    return [e for e in root.iter() if e.get("class") == name]


def box(rect: Element) -> tuple[float, float, float, float]:
    x, y, width, height = (float(str(rect.get(name))) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def ems(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.5 for sign in text)


Point = tuple[float, float]


def extents(element: Element, at: Point = (0.0, 0.0), size: float = 12.0) -> Iterator[tuple[str, Point]]:
    """Corners of what is drawn; what Plot cuts off at the frame is left out, but for the frame itself."""
    if element.get("clip-path"):
        return
    moved = re.findall(r"-?[\d.]+", element.get("transform") or "")
    x, y = at[0] + float((*moved, 0)[0]), at[1] + float((*moved, 0, 0)[1])
    tag = element.tag.removeprefix(SVG)
    size = float(element.get("font-size") or size)

    def number(name: str) -> float:
        value = element.get(name) or "0"
        return float(value[:-2]) * size if value.endswith("em") else float(value)

    if tag == "rect":
        yield tag, (x + number("x"), y + number("y"))
        yield tag, (x + number("x") + number("width"), y + number("y") + number("height"))
    elif tag == "line":
        for end in "12":
            yield tag, (x + number(f"x{end}"), y + number(f"y{end}"))
    elif tag == "path" and not element.get("transform"):
        here = [0.0, 0.0]
        for command, numbers in re.findall(r"([MLHVml])(-?[\d.]+(?:,-?[\d.]+)?)", element.get("d") or ""):
            values = [float(n) for n in numbers.split(",")]
            if command in "ml":
                values = [here[0] + values[0], here[1] + values[1]]
            here = [values[0], here[1]] if command == "H" else [here[0], values[0]] if command == "V" else values
            yield tag, (x + here[0], y + here[1])
    elif tag in ("text", "tspan") and element.text and (tag == "tspan" or not len(element)):
        shift = {"start": 0.0, "middle": -0.5, "end": -1.0}[element.get("text-anchor") or "start"]
        wide = ems(element.text) * size
        for corner in (shift, shift + 1):
            yield element.text, (x + number("x") + corner * wide, y + number("y") - size * 0.8)
            yield element.text, (x + number("x") + corner * wide, y + number("y") + size * 0.25)
    for child in element:
        if tag == "text":
            child.set("text-anchor", element.get("text-anchor") or "start")
        elif child.tag == f"{SVG}g" or child.tag == f"{SVG}text":
            child.set("text-anchor", child.get("text-anchor") or element.get("text-anchor") or "start")
        yield from extents(child, (x, y), size)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("i", range(len(EVERY)), ids=[f"{c['kind']}-{c['id']}" for c in EVERY])
def test_a_figure_is_whole_and_inside_its_frame(i: int, width: int) -> None:
    one, html = EVERY[i], drawn(request(EVERY, width))[i]
    assert html is not None
    assert not re.search(r"NaN|undefined|Infinity|>null<|<style|<script|\son\w+=", html)
    root = parsed(html)
    assert (root.tag, root.get("data-chart"), root.get("lang")) == ("figure", one["id"], "en")
    assert root.findtext("figcaption") == one["title"] and root.findtext("p") == one["summary"]
    assert root.findtext("details/summary") == "The numbers"
    assert [e.text for e in root.iter("th") if e.get("scope") == "col"] == one["head"]
    assert [[cell.text for cell in row] for row in root.iterfind("details/div/table/tbody/tr")] == one["rows"]

    svg = svg_of(root)
    assert svg.get("role") == "img"
    for kind, attribute in (("title", "aria-labelledby"), ("desc", "aria-describedby")):
        found = svg.find(f"{SVG}{kind}")
        assert found is not None and found.get("id") == svg.get(attribute)
        assert found.text == one["title" if kind == "title" else "summary"]
    x, y, wide, high = (float(n) for n in str(svg.get("viewBox")).split())
    assert (x, y, wide) == (0, 0, width) and 60 < high < 2000
    for what, (left, top) in extents(svg):
        assert -1 <= left <= width + 1 and -1 <= top <= high + 1, what
    # Readers that know no custom properties (e-books) have the plain colors.
    assert not any("var(" in f"{e.get('fill')}{e.get('stroke')}" for e in svg.iter())


@pytest.mark.parametrize("width", WIDTHS)
def test_every_word_of_a_chart_is_drawn(width: int) -> None:
    for one in EVERY[:3]:
        words = {said(e) for e in svg_of(figure(one, width)).iter(f"{SVG}text")}
        axes = [one[a] for a in "xy" if a in one]
        wanted = [a["label"] for a in axes]
        wanted += [x["label"] for key in ("lines", "marks", "spans", "bars", "groups") for x in one.get(key, [])]
        wanted += [b[f"{end}_text"] for b in one.get("bars", []) for end in ("low", "high", "from", "to")]
        wanted += [g.get("note") or g["total_text"] for g in one.get("groups", [])]
        wanted += [one["limit"]["label"]] if one.get("limit") else []
        assert {re.sub(r"\s", "", text) for text in wanted} <= words
        assert all({re.sub(r"\s", "", t["text"]) for t in a["ticks"]} & words for a in axes)


def test_ticks_stand_at_their_values_round_or_not() -> None:
    """Round yen are no round dollars."""
    ticks = {63.29: "1万円", 632.9: "10万円", 6329.1: "100万円", 63291.1: "1,000万円"}
    svg = svg_of(figure(lines(y=axis("月額", 50, 1e5, ticks, "log"))))
    texts = of_class(svg, "chart-y-tick")
    assert [e.text for e in texts] == list(ticks.values())
    steps = [float(str(a.get("y"))) - float(str(b.get("y"))) for a, b in pairwise(texts)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2) and steps[0] > 20


def test_the_same_chart_gives_the_same_bytes_and_two_have_no_id_in_common() -> None:
    both = [lines(), lines(summary="Another case."), tornado(), stack()]
    first = drawn(request(both, 720))
    drawn.cache_clear()
    assert drawn(request(both, 720)) == first
    assert drawn(request(both[::-1], 720)) == first[::-1]  # Plot's own counters would differ
    page = "".join(map(str, [*first, *drawn(request(both, 340))]))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) >= 24  # caption, title and description of eight
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


def test_a_map_is_drawn_elsewhere() -> None:
    assert drawn(request([chart("map", "exposure")], 720)) == [None]


def test_names_at_ends_of_lines_stand_apart_and_a_gap_stays_a_gap() -> None:
    (same,) = (one for one in HOSTILE if one["id"] == "same")
    for width in WIDTHS:
        ends = of_class(svg_of(figure(same, width)), "chart-end")
        rows = [[float(str(e.get("y"))) for e in (end.iter() if len(end) else [end]) if e.get("y")] for end in ends]
        assert len(rows) == 6
        assert all(min(b) - max(a) > 13 for a, b in pairwise(rows))
    split = {"id": "a", "label": "Split", "x": [1e3, 1e4, 1e5, 1e6, 1e7], "y": [10, 20, None, 30, 40]}
    (path,) = [p for g in of_class(svg_of(figure(lines(lines=[split]))), "chart-line") for p in g.iter(f"{SVG}path")]
    assert str(path.get("d")).count("M") == 2


def test_lines_differ_without_color_and_the_legend_shows_how() -> None:
    root = figure(lines(spans=[]))
    drawing = [g.get("stroke-dasharray") for g in of_class(svg_of(root), "chart-line")]
    assert len(drawing) == len(set(drawing)) == 3
    legend = {str(item.findtext("span")): item for item in root.iterfind("ul/li")}
    assert list(legend) == ["Cloud API", "自社で保有するサーバー", "Rented", "P10–P90"]
    samples = [path.get("stroke-dasharray") for item in list(legend.values())[:3] for path in item.iter(f"{SVG}path")]
    assert [None if one == "none" else one for one in samples] == drawing


def test_what_is_about_owned_hardware_has_the_color_of_its_line() -> None:
    root = figure(lines())
    owned = of_class(svg_of(root), "chart-line")[1].get("stroke")
    assert [e.get("fill") for e in of_class(svg_of(root), "chart-span")] == [owned, owned]


def test_the_case_is_marked_on_every_line_that_has_a_value_there() -> None:
    falling = {"id": "a", "label": "A", "x": [1e3, 1e12], "y": [1e6, 1]}
    late = {"id": "b", "label": "B", "x": [1e9, 1e12], "y": [10, 10]}
    given = lines(lines=[falling, late], marks=[{"value": 10**7.5, "label": "middle"}], spans=[], band=None)
    svg = svg_of(figure(given))
    (circle,) = [e for e in svg.iter(f"{SVG}circle") if e.get("r") == "4"]
    (frame,) = svg.iter(f"{SVG}clipPath")
    _, top, _, bottom = box(frame[0])
    assert float(str(circle.get("cy"))) == pytest.approx((top + bottom) / 2, abs=0.2)  # half way on both logarithms


def test_ticks_that_have_no_room_are_left_out_evenly() -> None:
    for width, fewest in ((720, 4), (340, 2)):
        ticks = of_class(svg_of(figure(lines(), width)), "chart-tick")
        spots = [(float(str(e.get("x"))), ems(str(e.text)) * 11 / 2) for e in ticks]
        assert len(ticks) >= fewest
        assert all(b - a >= wide_a + wide_b for (a, wide_a), (b, wide_b) in pairwise(spots))
        powers = [int(re.findall(r"\d+", str(e.text))[1]) for e in ticks]
        assert len({b - a for a, b in pairwise(powers)}) == 1


def test_a_bar_tells_which_end_of_the_input_does_what() -> None:
    svg = svg_of(figure(tornado()))
    assert [said(e) for e in of_class(svg, "chart-label")] == ["Inputfalling", "Inputrising"]  # the wider one first
    low, high = ([box(e) for e in of_class(svg, f"chart-{end}")] for end in ("low", "high"))
    # They meet at the center, but for a tenth of a pixel that was rounded.
    assert high[0][2] == pytest.approx(low[0][0], abs=0.11) and low[1][2] == pytest.approx(high[1][0], abs=0.11)
    assert (low[0][2] - low[0][0]) / (high[0][2] - high[0][0]) == pytest.approx(8 / 7, abs=0.01)
    inputs = {
        end: [(e.text, e.get("text-anchor")) for e in of_class(svg, f"chart-{end}-input")] for end in ("low", "high")
    }
    assert inputs["low"] == [("falling 1", "start"), ("rising 1", "end")]
    assert inputs["high"] == [("falling 9", "end"), ("rising 9", "start")]
    assert [said(item) for item in figure(tornado()).iterfind("ul/li")] == ["Lowend", "Highend"]


def test_ends_on_one_side_share_the_height_and_an_end_without_result_has_no_bar() -> None:
    one_side, never = (next(one for one in HOSTILE if one["id"] == name) for name in ("one-side", "never"))
    svg = svg_of(figure(one_side))
    for low, high in zip(of_class(svg, "chart-low"), of_class(svg, "chart-high"), strict=True):
        assert box(low)[3] <= box(high)[1]
    svg = svg_of(figure(never))
    assert len(of_class(svg, "chart-low")) == 0 and len(of_class(svg, "chart-high")) == 1
    texts = {e.text: e.get("text-anchor") for e in of_class(svg, "chart-low-result")}
    assert texts["never"] == "end"  # at the free side


def test_zero_is_drawn_where_it_is_in_range() -> None:
    negative = next(one for one in HOSTILE if one["id"] == "negative")
    assert len(of_class(svg_of(figure(tornado())), "chart-zero")) == 1
    assert len(of_class(svg_of(figure(negative)), "chart-zero")) == 0


def test_a_stack_is_as_long_as_its_parts() -> None:
    svg = svg_of(figure(stack(limit={"value": 50, "label": "Limit 50"})))
    parts = [box(e) for e in of_class(svg, "chart-part")]
    wide = [right - left + 1 for left, _, right, _ in parts]  # a pixel of paper is between neighbors
    assert len(parts) == 4  # none for zero
    assert [w / wide[0] for w in wide] == pytest.approx([1, 2, 3, 4], abs=0.03)
    assert [round(b[0] - a[2]) for a, b in pairwise(parts[:3])] == [1, 1]
    assert len(of_class(svg, "chart-chosen")) == 1
    labels = {said(e): e.get("font-weight") for e in of_class(svg, "chart-label")}
    assert labels == {"Groupone": "700", "Grouptwo": None, "Groupnone": None}
    assert [said(e) for e in of_class(svg, "chart-note")] == ["Ruledout,sinceitdoesnotfit."]
    (rule,) = of_class(svg, "chart-limit-line")
    assert float(str(next(rule.iter(f"{SVG}line")).get("x1"))) == pytest.approx(parts[0][0] + 5 * wide[0], abs=1)


def test_nothing_is_a_bar_without_length() -> None:
    nil = next(one for one in HOSTILE if one["id"] == "all-zero")
    svg = svg_of(figure(nil))
    assert of_class(svg, "chart-part") == []
    (total,) = of_class(svg, "chart-total")
    assert total.text == "sum nil" and float(str(total.get("x"))) < 150


def test_what_is_below_zero_stands_left_of_it() -> None:
    below = next(one for one in HOSTILE if one["id"] == "below")
    svg = svg_of(figure(below))
    zero = float(re.findall(r"[\d.]+", str(of_class(svg, "chart-zero")[0].get("d")))[0])
    sides = [box(e)[0] >= zero - 0.1 for e in of_class(svg, "chart-part")]
    assert sides == [False, True, False, False]


def test_parts_differ_without_color_and_sixteen_differ_at_all() -> None:
    parts = "abcdefghijklmnop"
    root = figure(stack(parts=parts, groups=[group("g", dict.fromkeys(parts, 3))]))

    def look(item: Element) -> tuple[str, str]:
        texture = next((str(path.get("d")) for path in item.iter(f"{SVG}path")), "")
        return str(next(item.iter(f"{SVG}rect")).get("fill")), texture

    looks = [look(item) for item in root.iterfind("ul/li")]
    assert len(set(looks)) == 16
    assert len({texture for _, texture in looks[:8]}) == 8


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("paper", "of"), [("#ffffff", str.find), ("#1e2129", str.rfind)])
def test_colors_can_be_read_on_light_and_dark_paper(paper: str, of: Callable[[str, str], int]) -> None:
    """Names are written in the color of their line, and in the color of the paper on a part: 4.5:1."""
    styles = (ROOT / "docs/_theme/styles/chart-colors.css").read_text(encoding="utf-8").split("@media print")[0]
    for n in range(1, 9):
        at = of(styles, f"--chart-{n}: #")
        dark, light = sorted(map(luminance, (paper, styles[at + 11 : at + 18])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, n

"""The figures of the book: drawing and table say the same, follow the data, and say what is wrong with a file."""

from __future__ import annotations

import copy
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from calculators.data_files import DATA, BadData, read_all
from calculators.evidence import NoSuchFact
from calculators.text import LANGUAGES
from scripts import facts, figures
from scripts.figure_axes import log_ticks, months, nice_step, position
from scripts.figures import Figure, all_drawn, book_figure, check_figures, figure_text
from tests.site.test_answer_charts import SVG, extents, of_class, said

IDS = sorted(path.stem for path in (DATA / "figures").glob("*.yml"))
SIZES = {"wide": 720, "narrow": 340}
each_figure = pytest.mark.parametrize("figure_id", IDS)
each_language = pytest.mark.parametrize("lang", LANGUAGES)


@cache
def page(figure_id: str, lang: str) -> str:
    return book_figure(figure_id, lang, "../../../")


def parsed(html: str) -> Element:
    return ElementTree.fromstring(re.sub(r" (hidden|data-search-exclude|data-ages)(?=[ >])", r' \1=""', html))


def drawing(root: Element, size: str) -> Element:
    (box,) = of_class(root, f"chart-{size}")
    return box[0]


def marks(svg: Element) -> list[Element]:
    return of_class(svg, "figure-mark")


def rows(root: Element) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in root.iterfind(".//tbody/tr")]


@each_language
@each_figure
def test_a_figure_is_whole(figure_id: str, lang: str) -> None:
    html = page(figure_id, lang)
    assert "\n" not in html and not re.search(r"NaN|undefined|Infinity|>null<|<style|<script|\{\{|\son\w+=", html)
    root = parsed(html)
    assert root.get("id") == f"figure-{figure_id}" and root.find(f".//a[@href='#figure-{figure_id}']") is not None
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    plain = Figure(figure_id, lang, as_text=True)
    for size, width in SIZES.items():
        svg = drawing(root, size)
        assert svg.get("role") == "img"
        for tag, words, attribute in (("title", "title", "labelledby"), ("desc", "alt", "describedby")):
            found = svg.find(f"{SVG}{tag}")
            assert found is not None and found.get("id") == svg.get(f"aria-{attribute}")
            assert found.text == plain.words(words)
        x, y, wide, high = (float(n) for n in str(svg.get("viewBox")).split())
        assert (x, y, wide) == (0, 0, width) and 100 < high < 2000
        for what, (left, top) in extents(svg):
            assert -1 <= left <= width + 1 and -1 <= top <= high + 1, what
        assert min(float(str(e.get("font-size"))) for e in svg.iter(f"{SVG}text")) >= 11
    links = [str(a.get("href")) for a in root.iter("a") if "data/sources" in str(a.get("href"))]
    assert links == [f"../../../data/sources/#{key}" for key in plain.sources()] != []
    assert all(key in facts.entities()["sources"] for key in plain.sources())


@each_language
@each_figure
def test_drawing_table_and_legend_say_the_same(figure_id: str, lang: str) -> None:
    root, figure = parsed(page(figure_id, lang)), Figure(figure_id, lang, as_text=True)
    wanted = [mark for panel in figure.panels for mark in panel.marks]
    table = rows(root)
    assert len(table) == len(wanted) >= 2
    doubtful = [mark for mark in wanted if mark.unverified(figure.evidence)]
    bars = all(panel.values["chart"] == "bars" for panel in figure.panels)
    for mark, row in zip(wanted, table, strict=True):
        assert mark.name in row[0] and (row[0] != mark.name) == (mark in doubtful)
        assert all(str(quantity) in row for quantity in mark.quantities.values())
    # Every number of the table is bound.
    assert len(root.findall(".//tbody/tr/td/data")) >= sum(len(mark.quantities) for mark in wanted)
    for size in SIZES:
        svg = drawing(root, size)
        drawn = marks(svg)
        assert len(drawn) == len(wanted)
        assert sorted(e.findtext(f"{SVG}title", "").partition(": ")[0] for e in drawn) == sorted(m.name for m in wanted)
        hollow = [e for e in drawn if e.get("fill") == "#ffffff"]
        assert len(hollow) == len(doubtful)
        names = {said(e) for e in of_class(svg, "figure-name")}
        named = [m for m in wanted if m.named]
        assert names == {re.sub(r"\s", "", m.name) for m in named}
    legend = ["".join(item.itertext()) for item in root.findall(".//ul/li")]
    kinds = {list(figure.groups.values())[m.group][lang] for m in wanted if m.group >= 0}
    assert kinds <= set(legend)
    unverified = facts.strings("figures")["unverified"][lang]
    assert (unverified in legend) == bool(doubtful)
    assert (figure.interval_words(figure.panels) in legend) == any(
        q.ends for m in wanted for q in m.quantities.values()
    )
    assert bars or not set(legend) - kinds - {unverified, figure.interval_words(figure.panels), *stair(lang, figure)}


def stair(lang: str, figure: Figure) -> list[str]:
    joined = [panel for panel in figure.panels if panel.values.get("join") == "frontier"]
    return [facts.strings("figures")["frontier"][lang]] if joined else []


@each_figure
def test_all_colors_are_the_themes(figure_id: str) -> None:
    for svg in parsed(page(figure_id, "en")).iter(f"{SVG}svg"):
        for element in svg.iter():
            style = dict(part.split(":", 1) for part in (element.get("style") or "").split(";") if ":" in part)
            for name in ("fill", "stroke"):
                value = element.get(name)
                if value in (None, "none", "currentColor"):
                    continue
                # Readers that know no custom properties (e-books) have the plain color.
                assert re.fullmatch(r"#[0-9a-f]{6}", str(value)) and re.fullmatch(
                    rf"var\(--[\w-]+, {value}\)", style[name]
                ), ElementTree.tostring(element)


def boxes(svg: Element) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Names beside points, each with about the room that it takes."""
    for group in svg.iter(f"{SVG}g"):
        for text in group.findall(f"{SVG}text[@class='figure-name']"):
            lines = list(text) or [text]
            size = float(str(text.get("font-size")))
            wide = max(sum(1.0 if ord(s) > 0x2E7F else 0.5 for s in "".join(line.itertext())) for line in lines) * size
            left, first = float(str(lines[0].get("x"))), float(str(lines[0].get("y")))
            if text.get("text-anchor") == "start":
                high = size * 1.3 * (len(lines) - 1)
                yield said(text), (left, first - size * 0.8, left + wide, first + high + size * 0.1)


@each_language
@each_figure
def test_names_beside_points_cover_neither_each_other_nor_a_point(figure_id: str, lang: str) -> None:
    for size in SIZES:
        for panel in drawing(parsed(page(figure_id, lang)), size).findall(f"{SVG}g[@transform]"):
            taken = list(boxes(panel))
            for (a, one), (b, other) in combinations(taken, 2):
                apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
                assert apart, (size, a, b)
            for mark in marks(panel) if taken else []:
                numbers = [float(n) for n in re.findall(r"-?[\d.]+", str(mark.get("d")))[:2]]
                assert not any(x1 < numbers[0] + 2 < x2 and y1 < numbers[1] < y2 for _, (x1, y1, x2, y2) in taken), (
                    mark.findtext(f"{SVG}title")
                )


# What follows when data changes


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A copy of all entities, which a test may change before it draws."""
    changed = copy.deepcopy(facts.entities())
    monkeypatch.setattr(facts, "entities", lambda: changed)
    facts.evidence.cache_clear()
    yield changed
    facts.evidence.cache_clear()


def stored(found: dict[str, Any], reference: str) -> tuple[dict[str, Any], str]:
    """The record that a reference of a quantity names, and the key of its number."""
    name, _, rest = reference.partition("#")
    kind, _, entity_id = name.partition("/")
    values = found[kind][entity_id].values
    if kind == "prices":
        start, _, key = rest.rpartition(".")
        return next(row for row in values["rows"] if row["from"] == start), key
    if kind == "scores":
        words = set(rest.split()[1:])
        fit = [
            row
            for row in values["rows"]
            if row["model"] == rest.split()[0]
            and words <= {*row.get("setting", "").split(), row["harness"], str(row["date"])}
        ]
        return fit[0], "value"
    return (values[rest] if rest else values), "value"


def redrawn(figure_id: str) -> dict[str, Any]:
    """A figure's drawings from the data as it is now."""
    given = json.dumps([Figure(figure_id, "en").drawing()])
    found: dict[str, Any] = figures.drawn(given, ())[0]
    return found


@each_figure
def test_a_changed_figure_changes_drawing_and_table(figure_id: str, data: dict[str, Any]) -> None:
    before, table = redrawn(figure_id), Figure(figure_id, "en").tables()
    quantities = [q for panel in Figure(figure_id, "en").panels for m in panel.marks for q in m.quantities.values()]
    references = sorted({r for q in quantities if not isinstance(q.value, str) for r in q.rests_on})
    assert references
    # What a figure shows itself decides alone; of what a calculator rests on, some changes nothing here.
    scaled = [r for r in references if not r.startswith(("presets/", "parameters/"))]
    for reference in scaled if any(q.case for q in quantities) else scaled[:1]:
        record, key = stored(data, reference)
        if reference.endswith("#layer_groups"):  # a cache is sized by its layers
            for group in record[key]:
                group["layers"] *= 2
            continue
        record[key] *= 1.21
        for end in ("low", "high"):
            record.pop(end, None)
    facts.evidence.cache_clear()
    after = redrawn(figure_id)
    assert after["wide"] != before["wide"] and after["narrow"] != before["narrow"]
    assert Figure(figure_id, "en").tables() != table


def test_a_range_of_a_source_is_not_called_a_confidence_interval() -> None:
    (table,) = Figure("first-word", "en").tables()
    assert table["head"][-1] == "lowest to highest"
    assert "95%" in str(Figure("three-evidences", "en").tables()[0]["head"][-1])


def test_what_is_no_longer_verified_is_hollow_and_says_so(data: dict[str, Any]) -> None:
    def hollow() -> int:
        svg = ElementTree.fromstring(redrawn("open-sizes")["wide"])
        return len([e for e in marks(svg) if e.get("fill") == "#ffffff"])

    assert hollow() == 0 and "unverified" not in figure_text("open-sizes", "en")
    data["models"]["kimi-k2.5"].values["total_params"]["verified"] = False
    facts.evidence.cache_clear()
    assert hollow() == 1
    assert "Kimi K2.5 (unverified)" in figure_text("open-sizes", "en")
    legend = [entry["label"] for entry in redrawn("open-sizes")["legend"]]
    assert facts.strings("figures")["unverified"]["en"] in legend


def test_what_a_rule_finds_without_a_figure_is_left_out_and_named(data: dict[str, Any]) -> None:
    name = str(data["models"]["minimax-m2.1"].values["name"])
    assert name in figure_text("active-share", "en")
    del data["models"]["minimax-m2.1"].values["released"]["value"]
    facts.evidence.cache_clear()
    assert name not in figure_text("active-share", "en")
    assert any("Left out" in note and name in note for note in Figure("active-share", "en").notes())


def panel_of(data: dict[str, Any], figure_id: str) -> dict[str, Any]:
    found: dict[str, Any] = data["figures"][figure_id].values["panels"][0]
    return found


def wrong_call(panel: dict[str, Any]) -> None:
    panel["y"]["value"] = 'w("models/" ~ id)'


def wrong_model(panel: dict[str, Any]) -> None:
    panel["rows"][2]["y"] = 'v("models/nowhere", "total_params")'


def wrong_word(panel: dict[str, Any]) -> None:
    panel["x"]["value"] = 'v("models/" ~ id, "active_parms")'


def no_quantity(panel: dict[str, Any]) -> None:
    panel["y"]["value"] = "1 + 1"


@pytest.mark.parametrize(
    ("spoil", "field", "said_so"),
    [
        (wrong_call, "panels[0].y.value", "'w' is undefined"),
        (wrong_model, "panels[0].rows[2]", "there is no file data/models/nowhere.yml"),
        (wrong_word, "panels[0].x.value", "has no field active_parms"),
        (no_quantity, "panels[0].y.value", "1 + 1: gives 2; allowed: a quantity"),
    ],
)
def test_a_wrong_expression_is_told_at_its_line(
    data: dict[str, Any], spoil: Callable[[dict[str, Any]], None], field: str, said_so: str
) -> None:
    spoil(panel_of(data, "open-sizes"))
    facts.evidence.cache_clear()
    with pytest.raises(NoSuchFact) as refused:
        figure_text("open-sizes", "en")
    file, line, told = str(refused.value).split(":", 2)
    assert file == "data/figures/open-sizes.yml" and told.strip().startswith(field) and said_so in told
    text = Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert "value:" in text or "step-3.5-flash" in text


def test_a_caption_may_hold_figures_and_names_only(data: dict[str, Any]) -> None:
    data["figures"]["open-sizes"].values["caption"]["ja"] = '{{ src("gallery") }}'
    with pytest.raises(NoSuchFact, match=r"^data/figures/open-sizes\.yml:\d+: caption\.ja: 'src' is undefined"):
        figure_text("open-sizes", "ja")


def test_a_rule_that_finds_nothing_is_refused(data: dict[str, Any]) -> None:
    panel_of(data, "active-share")["each"]["where"] = 'id == "nowhere"'
    with pytest.raises(NoSuchFact, match=r"active-share\.yml:\d+: panels\[0\]: no row is selected; allowed"):
        figure_text("active-share", "en")


def test_the_figures_of_the_book_have_no_fault() -> None:
    assert check_figures() == []


@pytest.mark.parametrize(
    ("figure_id", "old", "new", "told"),
    [
        ("open-sizes", "id: glm-5,", "id: glm-55,", "rows[0].id: glm-55 does not exist; allowed"),
        ("open-sizes", "{id: glm-5, group: moe}", "{id: glm-5, group: moo}", "rows[0].group: moo is no group; allowed"),
        ("three-evidences", "of: scores/swe-bench-pro-public", "of: scores/swe-bench-con", "swe-bench-con does not ex"),
        ("gap-over-time", "    chart: bars", "    chart: pie", '"pie" is not allowed; allowed: dots, bars, intervals'),
        ("gap-over-time", "- id: before\n", "- id: before\n        against: since\n", "only where chart is cycle"),
        ("flywheel", "against: try", "against: bundles", "bundles is no row of the circle; allowed: fatigue, try,"),
        ("flywheel", "    rows:\n", "    sort: rising\n    rows:\n", "sort given; allowed: rows of a cycle one by one"),
        ("flywheel", 'about: {en: "rise', '# about: {en: "rise', "rows[8]: about missing; required: what x counts"),
        ("hallucination", "    chart: bars\n", "    chart: bars\n    join: group\n", "is not allowed"),
        ("gap-over-time", "x: 'v(\"facts/epoch-lag-months\")'", "label: {en: a, ja: b}", "given twice"),
        (
            "gap-over-time",
            "        x: 'v(\"facts/epoch-lag-months\")'\n",
            "",
            "rows[1]: x missing; required: x in the row",
        ),
    ],
)
def test_what_data_checks_refuse(tmp_path: Path, figure_id: str, old: str, new: str, told: str) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    path = tmp_path / "data" / "figures" / f"{figure_id}.yml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadData) as refused:
        read_all(tmp_path / "data")
    assert all(p.file == f"data/figures/{figure_id}.yml" for p in refused.value.problems)
    assert told in str(refused.value)


# The circle of a cycle


def rectangles(svg: Element) -> list[tuple[float, float, float, float]]:
    found = [[float(str(e.get(key))) for key in ("x", "y", "width", "height")] for e in of_class(svg, "figure-box")]
    return [(x, y, x + wide, y + high) for x, y, wide, high in found]


def corners(path: Element) -> list[float]:
    """The numbers of a path's first line, as written."""
    return [float(n) for n in re.findall(r"-?[\d.]+", str(path.get("d")).split("M")[1])]


@each_language
@pytest.mark.parametrize("size", SIZES)
def test_each_step_leads_to_the_next_and_each_force_to_its_step(lang: str, size: str) -> None:
    svg, (panel,) = drawing(parsed(page("flywheel", lang)), size), Figure("flywheel", lang, as_text=True).panels
    boxes = rectangles(svg)
    for one, other in combinations(boxes, 2):
        assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
    at = {said(name): box for name, box in zip(of_class(svg, "figure-name"), boxes, strict=True)}
    box_of = [at[re.sub(r"\s", "", mark.name)] for mark in panel.marks]
    steps = [box for box, mark in zip(box_of, panel.marks, strict=True) if mark.against < 0]
    *onward, back = (corners(arrow) for arrow in of_class(svg, "figure-arrow"))
    assert len(onward) == len(steps) - 1
    for (_, from_y, _, to_y), (above, below) in zip(onward, pairwise(steps), strict=True):
        assert (from_y, to_y) == pytest.approx((above[3], below[1]), abs=0.2)
    assert back[0] == back[-2] == steps[0][0]
    assert steps[-1][1] < back[1] < steps[-1][3] and steps[0][1] < back[-1] < steps[0][3]
    # M x,y H V H: from the force to the side of its step.
    lines = {tuple(corners(line)) for line in of_class(svg, "figure-against")}
    against = [(box_of[i], box_of[mark.against]) for i, mark in enumerate(panel.marks) if mark.against >= 0]
    assert len(lines) == len(against) > 0
    for own, step in against:
        (found,) = ([y, end] for x, start, _, y, end in lines if x == own[0] and own[1] < start < own[3])
        assert step[1] < found[0] < step[3] and step[2] < found[1] < own[0]


@each_language
def test_a_step_without_a_figure_says_so_in_drawing_and_table(lang: str) -> None:
    root, (panel,) = parsed(page("flywheel", lang)), Figure("flywheel", lang, as_text=True).panels
    none = facts.strings("figures")["none-found"][lang]
    unknown = [mark.name for mark in panel.marks if not mark.quantities]
    assert 0 < len(unknown) < len(panel.marks)
    assert [row[0] for row in rows(root) if none in row] == unknown
    for size in SIZES:
        told = [e.findtext(f"{SVG}title", "") for e in marks(drawing(root, size)) if e.get("fill") == "none"]
        assert len(told) == len(unknown) and all(none in words for words in told)
    # What is known stands with its month.
    assert all(re.search(r"20\d\d", row[-1]) for row in rows(root) if none not in row)


def test_a_circle_stands_without_forces_beside_it(data: dict[str, Any]) -> None:
    panel = panel_of(data, "flywheel")
    panel["rows"] = [row for row in panel["rows"] if "against" not in row][:2]
    facts.evidence.cache_clear()
    for size, width in SIZES.items():
        svg = ElementTree.fromstring(redrawn("flywheel")[size])
        assert len(of_class(svg, "figure-arrow")) == 2 and not of_class(svg, "figure-against")
        assert all(right == pytest.approx(width - 2) for _, _, right, _ in rectangles(svg))


# Axes and lines


def test_the_frontier_holds_what_nothing_cheaper_equals() -> None:
    for panel in Figure("price-score", "en").panels:
        at = {mark.name: (position(mark["x"]), position(mark["y"])) for mark in panel.marks}
        on = {
            mark.name for mark in figures.frontier(sorted(panel.marks, key=lambda m: (at[m.name][0], -at[m.name][1])))
        }
        for name, (x, y) in at.items():
            beaten = any(ox <= x and oy >= y and (ox, oy) != (x, y) for ox, oy in at.values())
            assert (name in on) == (not beaten), name


def test_scores_of_two_index_versions_are_not_joined() -> None:
    panel = Figure("gap-over-time", "en").panels[0]
    for line in figures.joins(panel):
        assert (
            len({mark.group for mark in panel.marks if (position(mark["x"]), position(mark["y"])) in line["points"]})
            == 1
        )


def test_ticks_are_round_and_within_the_axis() -> None:
    for low, high in ((2e9, 9e10), (0.02, 0.3), (1, 25)):
        ticks = log_ticks(low, high)
        assert len(ticks) >= 3 and all(low <= tick <= high for tick in ticks)
        assert all(round(tick / 10 ** math.floor(math.log10(tick) + 1e-9), 9) in (1, 2, 5) for tick in ticks)
    for span in (0.3, 1, 7, 13, 99, 1234):
        assert 4 <= span / nice_step(span) <= 10
    year = months(739_000, 739_400)
    assert 4 <= len(year) <= 8 and all(27 * 2 <= b - a <= 31 * 2 for a, b in pairwise(year))


def test_the_same_figures_give_the_same_bytes() -> None:
    first = all_drawn("ja")
    figures.all_drawn_of.cache_clear()
    figures.drawn.cache_clear()
    assert all_drawn("ja") == first

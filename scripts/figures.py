"""The figures of the book, made from `data/figures/`: `{{ figure("<id>") }}`.

A figure is drawn by Node (scripts/render_figures.mjs), wide and narrow; its words, ticks and the table of its data are
made here, from the same quantities.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from markupsafe import Markup

from calculators.data_files import Path_, dotted
from calculators.evidence import ENVIRONMENT, Evidence, NoSuchFact
from calculators.text import day
from scripts import facts
from scripts.cached import ROOT
from scripts.figure_axes import axis, position
from scripts.figure_marks import Mark, Panel, PanelFault
from scripts.node import node_json
from scripts.templates import TEMPLATES

MODULES = ROOT / "docs" / "_theme" / "modules"


def figure_html(figure_id: str) -> str:
    """What the macro leaves in Markdown; `book_figure` fills it once the page's address is known."""
    facts.entity(f"figures/{figure_id}")
    return f'<book-figure of="{figure_id}"></book-figure>'


def figure_text(figure_id: str, lang: str) -> str:
    """A figure in plain words: title, caption and the rows of its table. Raises NoSuchFact."""
    return text_of(figure_id, lang, facts.evidence(lang, True))


@lru_cache(maxsize=64)
def text_of(figure_id: str, lang: str, of: Evidence) -> str:
    """`of`: what the figure is made from; it is another object once `data/` has changed."""
    del of
    figure = Figure(figure_id, lang, as_text=True)
    lines = [figure.words("title"), figure.words("caption"), figure.words("alt")]
    for table in figure.tables():
        lines += [" | ".join(str(cell) for cell in row) for row in (table["head"], *table["rows"])]
    return "\n".join(line for line in lines if line)


def check_figures() -> list[str]:
    """Figures that cannot be made, a line each: whether or not a page shows them."""
    facts.refresh()
    problems = []
    for figure_id in facts.entities()["figures"]:
        for lang in ("en", "ja"):
            try:
                figure_text(figure_id, lang)
            except NoSuchFact as bad:
                problems.append(str(bad))
    return list(dict.fromkeys(problems))


def book_figure(figure_id: str, lang: str, root: str) -> str:
    """The `<figure>`. `root`: from the page's address to the language's root. Raises NoSuchFact."""
    (drawing,) = (one for one in all_drawn(lang) if one["id"] == figure_id)
    return figure_page(Figure(figure_id, lang), drawing, root)


def figure_page(figure: Figure, drawing: Mapping[str, Any], root: str) -> str:
    """The `<figure>` around a drawing."""
    figure_id, lang = figure.id, figure.lang
    words = facts.words("figures", lang)
    newest = day(figure.newest(), lang)
    title = figure.words("title")
    page = TEMPLATES.get_template("book-figure.html").render(
        id=figure_id,
        title=Markup(title),
        notes=figure.notes(),
        gap=" " if lang == "en" else "",
        wide=drawing["wide"],
        narrow=drawing["narrow"],
        legend=drawing["legend"],
        tables=figure.tables(),
        sources=[
            {"title": facts.entity(f"sources/{key}")["title"], "href": f"{root}data/sources/#{key}"}
            for key in figure.sources()
        ],
        s=lambda string_id, **slots: words[string_id].format(**slots),
        newest=newest,
        cite=words["cite"].format(title=Markup(title).striptags(), date=newest),
    )
    return " ".join(line.strip() for line in page.splitlines() if line.strip())


class Figure:
    """A figure in one language. Raises NoSuchFact with file and line for what cannot be made."""

    def __init__(self, figure_id: str, lang: str, *, as_text: bool = False) -> None:
        self.id, self.lang = figure_id, lang
        self.values = facts.entity(f"figures/{figure_id}")
        self.evidence = facts.evidence(lang, as_text)
        self.told = facts.words("figures", lang)
        self.groups: Mapping[str, Any] = self.values.get("groups", {})
        self.panels = [self.panel(i, values) for i, values in enumerate(self.values["panels"])]

    def panel(self, i: int, values: Mapping[str, Any]) -> Panel:
        try:
            return Panel(values, self.groups, self.evidence)
        except PanelFault as bad:
            raise self.refused(("panels", i, *bad.path), bad) from None

    def refused(self, path: Path_, bad: Exception) -> NoSuchFact:
        entity = facts.entities()["figures"][self.id]
        return NoSuchFact(f"{entity.file}:{entity.line(path)}: {dotted(path)}: {bad}")

    def words(self, field: str) -> str:
        """Title, caption or alt text with its numbers filled in."""
        names = {**self.evidence.functions(), "name": lambda of: str(facts.entity(of)["name"])}
        try:
            return ENVIRONMENT.from_string(self.values[field][self.lang]).render(names)
        except (NoSuchFact, TemplateError) as bad:
            raise self.refused((field, self.lang), bad) from None

    def label(self, panel: Panel) -> str:
        return str(panel.values["label"][self.lang]) if "label" in panel.values else ""

    # What it rests on

    def records(self) -> Iterator[Mapping[str, Any]]:
        for panel in self.panels:
            for mark in panel.marks:
                yield from mark.records(self.evidence)

    def sources(self) -> list[str]:
        return list(dict.fromkeys(str(record["source"]) for record in self.records()))

    def newest(self) -> str:
        return max(str(record["date"]) for record in self.records())

    def notes(self) -> list[Markup]:
        """The caption, and what is not to be seen."""
        found = [Markup(self.words("caption"))]
        if any("named" in panel.values for panel in self.panels):
            found.append(Markup(self.told["some-named"]))
        if left_out := [name for panel in self.panels for name in panel.left_out]:
            found.append(Markup(self.told["left-out"]).format(names=self.told["list-separator"].join(left_out)))
        return found

    # The table

    def tables(self) -> list[dict[str, Any]]:
        """A table a panel: one row a mark, its figures bound."""
        return [
            {"label": self.label(panel), "head": self.head(panel), "rows": [self.row(panel, m) for m in panel.marks]}
            for panel in self.panels
        ]

    def head(self, panel: Panel) -> list[str]:
        heads = ["", *([self.told["kind"]] if self.has_groups(panel) else [])]
        if panel.cycle:
            against, about, as_of = (self.told[key] for key in ("against", "about", "as-of"))
            return [*heads, against, about, panel.values["x"]["label"][self.lang], as_of]
        for name in panel.axes:
            heads.append(panel.values[name]["label"][self.lang])
            if self.has_ends(panel, name):
                heads.append(self.interval_words([panel]))
        return heads

    def row(self, panel: Panel, mark: Mark) -> list[str | Markup]:
        doubtful = self.told["doubtful"].format(name=mark.name)
        cells: list[str | Markup] = [doubtful if mark.unverified(self.evidence) else mark.name]
        if self.has_groups(panel):
            cells.append(list(self.groups.values())[mark.group][self.lang])
        if panel.cycle:
            against = panel.marks[mark.against].name if mark.against >= 0 else ""
            figure = Markup(str(mark["x"])) if "x" in mark.quantities else self.told["none-found"]
            return [*cells, against, mark.about, figure, self.as_of(mark)]
        for name in panel.axes:
            cells.append(Markup(str(mark[name])))
            if self.has_ends(panel, name):
                ends = mark[name].ends
                between = self.told["range"]
                found = (mark[name].low, mark[name].high) if ends else ()
                cells.append(Markup(between.format(low=found[0], high=found[1])) if found else "")
        return cells

    def as_of(self, mark: Mark) -> str:
        """The month of the newest record behind a mark; empty where there is none."""
        dates = [str(record["date"]) for record in mark.records(self.evidence)]
        return day(max(dates)[:7], self.lang) if dates else ""

    def has_groups(self, panel: Panel) -> bool:
        return any(mark.group >= 0 for mark in panel.marks)

    def has_ends(self, panel: Panel, name: str) -> bool:
        return any(mark[name].ends for mark in panel.marks if name in mark.quantities)

    def interval_words(self, panels: Sequence[Panel]) -> str:
        """What the ends of intervals are: a calculator has them from its inputs, a fact from its source."""
        ended = [q for panel in panels for mark in panel.marks for q in mark.quantities.values() if q.ends]
        if any(quantity.case for quantity in ended):
            return self.told["calculated-range"]
        if all(reference.startswith("facts/") for quantity in ended for reference in quantity.rests_on):
            return self.told["stated-range"]
        level = facts.evidence(self.lang, True).v("facts/interval-level")
        return self.told["interval"].format(level=level)

    # The drawing

    def drawing(self) -> dict[str, Any]:
        """What docs/_theme/modules/book-figure.js draws. Its words are plain."""
        words = {
            "unverified": self.told["unverified"],
            "interval": self.interval_words(self.panels),
            "step": self.told["frontier"],
        }
        groups = [label[self.lang] for label in self.groups.values()]
        plain = Figure(self.id, self.lang, as_text=True)
        told = {"id": self.id, "title": plain.words("title"), "alt": plain.words("alt")}
        return {**told, "groups": groups, "words": words, "panels": [plain.drawn(panel) for panel in plain.panels]}

    def drawn(self, panel: Panel) -> dict[str, Any]:
        units = self.evidence.units
        chart = panel.values["chart"]
        if panel.cycle:
            return {"chart": chart, "label": self.label(panel), "marks": [self.box(mark) for mark in panel.marks]}
        axes = {
            name: axis(panel.values[name], [m[name] for m in panel.marks], self.lang, units, chart=chart)
            for name in panel.axes
        }
        marks = [dot(mark, self.evidence) if "y" in axes else bar(mark, self.evidence) for mark in panel.marks]
        told = {"chart": chart, "label": self.label(panel), **axes, "marks": marks}
        if "y" in axes:
            told["joins"] = joins(panel)
            told["diagonal"] = panel.values["diagonal"][self.lang] if "diagonal" in panel.values else ""
        return told

    def box(self, mark: Mark) -> dict[str, Any]:
        """A mark of a cycle."""
        known = "x" in mark.quantities
        dated = self.told["dated"]
        text = dated.format(value=mark["x"], date=self.as_of(mark)) if known else self.told["none-found"]
        shared = common(mark, self.evidence, [text, mark.about] if mark.about else [text])
        return {**shared, "text": text, "known": known, "about": mark.about, "against": mark.against, "ends": None}


def bar(mark: Mark, evidence: Evidence) -> dict[str, Any]:
    """A mark of a row of its own."""
    value = str(mark["x"])
    shared = common(mark, evidence, [value])
    return {**shared, "value": mark["x"].figure, "text": value, "ends": mark["x"].ends}


def dot(mark: Mark, evidence: Evidence) -> dict[str, Any]:
    """A mark at a point."""
    shared = common(mark, evidence, [str(mark["x"]), str(mark["y"])])
    at = {"x": position(mark["x"]), "y": position(mark["y"])}
    return {**shared, **at, "x_ends": mark["x"].ends, "y_ends": mark["y"].ends, "name": mark.name if mark.named else ""}


def common(mark: Mark, evidence: Evidence, values: Sequence[str]) -> dict[str, Any]:
    told = f"{mark.name}: {', '.join(values)}"
    return {"name": mark.name, "group": mark.group, "unverified": mark.unverified(evidence), "told": told}


def joins(panel: Panel) -> list[dict[str, Any]]:
    """Lines between marks: through each group in order of x, or along the frontier."""
    how = panel.values.get("join")
    in_order = sorted(panel.marks, key=lambda mark: (position(mark["x"]), -position(mark["y"])))
    if how == "frontier":
        return [{"points": points(frontier(in_order)), "group": -1, "step": True}]
    groups = sorted({mark.group for mark in in_order}) if how == "group" else []
    of = {group: [mark for mark in in_order if mark.group == group] for group in groups}
    return [{"points": points(marks), "group": g, "step": False} for g, marks in of.items() if len(marks) > 1]


def frontier(in_order: Sequence[Mark]) -> list[Mark]:
    """The marks that no other one equals with a smaller x: those higher than all before them."""
    found: list[Mark] = []
    for mark in in_order:
        if not found or position(mark["y"]) > position(found[-1]["y"]):
            found.append(mark)
    return found


def points(marks: Sequence[Mark]) -> list[tuple[float, float]]:
    return [(position(mark["x"]), position(mark["y"])) for mark in marks]


def all_drawn(lang: str) -> list[dict[str, Any]]:
    """All figures of a language, drawn in one go: starting Node takes longer than drawing."""
    return all_drawn_of(facts.evidence(lang), tuple(path.read_bytes() for path in drawing_files()))


@lru_cache(maxsize=4)
def all_drawn_of(evidence: Evidence, drawing: tuple[bytes, ...]) -> list[dict[str, Any]]:
    """`all_drawn` for one state of `data/` and of what draws: each page with a figure asks for all."""
    ids = list(evidence.found["figures"])
    given = json.dumps([Figure(figure_id, evidence.lang).drawing() for figure_id in ids], ensure_ascii=False)
    return [{"id": i, **one} for i, one in zip(ids, drawn(given, drawing), strict=True)]


def drawing_files() -> list[Path]:
    """What draws the figures."""
    shared = (MODULES / "svg.js", MODULES / "answer-chart-axis.js")
    return [ROOT / "scripts" / "render_figures.mjs", *shared, *sorted(MODULES.glob("book-figure*.js"))]


@lru_cache(maxsize=8)
def drawn(figures: str, _drawing: tuple[bytes, ...]) -> list[dict[str, Any]]:
    """Drawings of a JSON list of figures. `_drawing`: what draws them, so that a change of it is seen."""
    found: list[dict[str, Any]] = node_json("scripts/render_figures.mjs", figures)
    return found

"""What the notebooks show: tables, figures and charts of answers, drawn as the site draws them.

show = Show("en")
show.data.v("models/glm-5", "total_params")       the quantities of data/ (calculators/evidence.py)
show.table(["column-model", …], rows)             a table; heads are ids of data/strings/notebooks.yml
show.plot("gap", "dots", marks, …)                a figure from quantities computed in the notebook
show.figure("price-score")                        a figure of the book
show.answer("cost", "own-glm-5", "breakeven")     a chart of a calculator's answer
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from calculators.evidence import Evidence, Quantity
from calculators.load import load_dataset
from calculators.text import LANGUAGES
from calculators.worker import reply
from scripts import facts
from scripts.calculator_html import drawing as drawing_of_answers
from scripts.calculator_html import rendered
from scripts.figure_marks import Mark
from scripts.figures import Figure, drawing_files, drawn, figure_page

__all__ = ["Mark", "Quantity", "Show"]
ROOT = "../../"  # from a notebook's page to its language's root
Cell = str | Quantity


class Shown:
    """HTML for a page and a notebook, plain text for everything else."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.markup, "text/plain": self.text}


class Made(Figure):
    """A figure of one panel, from marks made in a notebook instead of a file of data/figures/."""

    def __init__(self, figure_id: str, lang: str, values: Mapping[str, Any], marks: Sequence[Mark]) -> None:
        self.id, self.lang, self.values = figure_id, lang, values
        self.evidence, self.told = facts.evidence(lang, True), facts.words("figures", lang)
        self.groups = values["groups"]
        panel = values["panels"][0]
        axes = [name for name in ("x", "y") if name in panel]
        self.panels = [SimpleNamespace(values=panel, axes=axes, cycle=False, marks=list(marks), left_out=[])]  # type: ignore[list-item]

    def drawing(self) -> dict[str, Any]:
        words = {"unverified": self.told["unverified"], "step": self.told["frontier"]}
        words["interval"] = self.interval_words(self.panels)
        return {
            **{"id": self.id, "title": self.words("title"), "alt": self.words("alt"), "words": words},
            "groups": [label[self.lang] for label in self.groups.values()],
            "panels": [self.drawn(panel) for panel in self.panels],
        }


class Show:
    """One notebook in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.data: Evidence = facts.evidence(lang, True)
        self.dataset = load_dataset()

    def word(self, string_id: str, **slots: str) -> str:
        """A string of data/strings/notebooks.yml."""
        return facts.word("notebooks", string_id, self.lang, **slots)

    def has(self, string_id: str) -> bool:
        return string_id in facts.strings("notebooks")

    def place(self, tier: str) -> str:
        """The name of a place, such as on_prem."""
        return str(self.dataset.strings[f"place.{tier}"][self.lang])

    def number(self, value: float, unit: str) -> Quantity:
        """A computed number that is shown with its unit: "share", "percent", "USD", "times" and so on."""
        return Quantity(value, unit, "", show=self.data.text, exact=False)

    def name(self, entity: str) -> str:
        """The name of a model or a device, such as models/glm-5."""
        return str(self.data.entity(entity)["name"])

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Shown:
        """A table. `heads`: string ids; cells: words or quantities."""
        head = [self.word(of) for of in heads]
        lines = [[str(cell) for cell in row] for row in rows]

        def cells(tag: str, line: Sequence[str]) -> str:
            return "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in line)

        body = "".join(f"<tr>{cells('td', line)}</tr>" for line in lines)
        markup = f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"
        text = "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])
        return Shown(
            f'<div class="notebook-table" tabindex="0" role="region" aria-label="{head[0]}">{markup}</div>', text
        )

    def plot(
        self,
        of: str,
        chart: str,
        marks: Sequence[Mark],
        *,
        groups: Sequence[str] = (),
        scales: Mapping[str, str] | None = None,
        **panel: Any,
    ) -> Shown:
        """A figure of computed quantities.

        `of`: prefix of its strings: -title, -caption, -alt, -x, -y; `chart`: dots, bars or intervals; `groups`: string
        ids or names, a mark's group is an index of them; `scales`: of an axis, "log" or "date"; `panel`: what
        data/schema/figure.json allows for a panel, such as join="group".
        """

        def pair(string_id: str) -> Mapping[str, str]:
            return facts.strings("notebooks")[string_id]

        def group(name: str) -> Mapping[str, str]:
            return pair(name) if self.has(name) else dict.fromkeys(LANGUAGES, name)

        names = ("x", "y") if chart == "dots" else ("x",)
        axes = {name: {"label": pair(f"{of}-{name}"), "scale": (scales or {}).get(name, "linear")} for name in names}
        if "diagonal" in panel:
            panel["diagonal"] = pair(panel["diagonal"])
        values = {
            **{field: pair(f"{of}-{field}") for field in ("title", "caption", "alt")},
            "groups": {name: group(name) for name in groups},
            "panels": [{"chart": chart, **axes, **panel}],
        }
        return self.shown(Made(of, self.lang, values, marks))

    def made(self, of: str) -> Figure:
        """A figure of the book, from data/figures/, with its quantities."""
        return Figure(of, self.lang, as_text=True)

    def figure(self, of: str) -> Shown:
        """The same, drawn."""
        return self.shown(self.made(of))

    def shown(self, figure: Figure) -> Shown:
        given = json.dumps([figure.drawing()], ensure_ascii=False)
        (drawing,) = drawn(given, tuple(path.read_bytes() for path in drawing_files()))
        rows = [row for table in figure.tables() for row in (table["head"], *table["rows"])]
        text = "\n".join([figure.words("title"), *(" | ".join(str(cell) for cell in row) for row in rows)])
        return Shown(figure_page(figure, drawing, ROOT), text)

    def answer(self, command: str, presets: str, *charts: str, **given: Any) -> Shown:
        """The headline of a calculator's answer with some of its charts."""
        answer = reply(self.dataset, command, given, self.lang, presets=presets.split(), page=True)
        if "error" in answer:
            raise ValueError(answer["error"]["text"])
        chosen = [chart for chart in answer["charts"] if chart["id"] in charts]
        words = facts.words("calculators", self.lang)
        view = {"lang": self.lang, "uid": f"{command}-{presets.replace(' ', '-')}", "words": words, "names": {}}
        asking = {"reply": {**answer, "charts": chosen}, "view": view, "labels": {}, "choices": {}}
        drawing = rendered(json.dumps([asking], ensure_ascii=False), drawing_of_answers())[0]["charts"]
        tables = [" | ".join(row) for chart in chosen for row in (chart["head"], *chart["rows"])]
        text = "\n".join([answer["headline"], *tables])
        # The heading above the charts is that of a calculator.
        return Shown(f"<p>{html.escape(answer['headline'])}</p>{drawing.partition('</h2>')[2]}", text)

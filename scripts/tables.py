"""Small tables inside prose, as Markdown; those of the data pages are in scripts/data_tables.py."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from calculators.text import day, prose, trimmed
from scripts import facts
from scripts.claims_html import summary_html
from scripts.data_api import CSV_KINDS, PUBLISHED, rows_of
from scripts.data_tables import TABLES

# The six models of the book's table, in its order, and what the table says of each.
BOOK_MODELS = "glm-5 kimi-k2.5 step-3.5-flash qwen3-coder-next minimax-m2.5 nanbeige-4.1-3b".split()
BOOK_MODEL_FIELDS = ["released", "total_params", "active_params"]


class Cells:
    """Renders the cells of one language."""

    def __init__(self, lang: str, root: str) -> None:
        self.lang, self.root = lang, root
        self.site = facts.strings("site")
        self.units = facts.strings("units")

    def figure(self, kind: str, entity_id: str, values: Mapping[str, Any], field: str) -> str:
        """A fact value with source and date in its title."""
        value: Any = values
        for step in field.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if not isinstance(value, Mapping) or "value" not in value:
            return f'<span class="unknown">{self.site["unknown"][self.lang]}</span>'
        unit = facts.UNIT_OF_FIELD.get(field.split(".")[-1], "")
        # A column gives all digits, so that rows compare.
        text = trimmed(value["value"]) if unit == "tokens" else prose(value["value"], unit, self.lang, self.units)
        return facts.bound_html(f"{kind}/{entity_id}#{field}", value, text, self.lang)

    def source_link(self, key: str) -> str:
        return facts.source_link(key, self.root)


def table_html(of: str, lang: str, root: str, page: int = 1) -> str:
    """The Markdown of a table. Raises NoSuchFact for a table that does not exist."""
    cells = Cells(lang, root)
    makers = {
        "book-models": book_models,
        "site-figures": site_figures,
        "data-api": data_api,
    }
    if of == "claims":
        return f'{summary_html(lang)}\n\n<data-table of="claims" page="1"></data-table>'
    if of in TABLES:  # filled after Markdown, which would take long over thousands of rows
        return f'<data-table of="{of}" page="{page}"></data-table>'
    if of not in makers:
        raise facts.NoSuchFact(f"table({of!r}): there is no such table; allowed: {', '.join([*makers, *TABLES])}")
    return makers[of](cells)


def markdown(cells: Cells, heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table with translated heads."""
    titles = [cells.site[f"column-{head}"][cells.lang] for head in heads]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def license_text(cells: Cells, values: Mapping[str, Any]) -> str:
    return html.escape(facts.license_of(values) if values["open_weights"] else cells.site["not-open"][cells.lang])


def book_models(cells: Cells) -> str:
    """The models of the book's table."""
    rows = []
    keys: dict[str, None] = {}
    for model_id in BOOK_MODELS:
        values = facts.entity(f"models/{model_id}")
        keys[str(values["total_params"]["source"])] = None
        figures = [cells.figure("models", model_id, values, field) for field in BOOK_MODEL_FIELDS]
        names = [facts.in_markdown(values[field]) for field in ("name", "lab")]
        rows.append([*names, *figures, license_text(cells, values)])
    table = markdown(cells, ["model", "lab", "released", "total", "active", "license"], rows)
    links = cells.site["list-separator"][cells.lang].join(cells.source_link(key) for key in keys)
    return f"{table}\n\n{cells.site['sizes-from'][cells.lang].format(sources=links)}"


def site_figures(cells: Cells) -> str:
    """What was measured of this site: scripts/bench.py and its like write these facts."""
    rows = []
    for fact_id, entity in facts.entities()["facts"].items():
        if entity.values["source"] == "own-bench":
            text = facts.fact_text(f"facts/{fact_id}", "", cells.lang)
            figure = facts.bound_html(f"facts/{fact_id}", entity.values, text, cells.lang)
            date = day(str(entity.values["date"]), cells.lang)
            rows.append([facts.in_markdown(entity.values["label"][cells.lang]), figure, date])
    return markdown(cells, ["figure", "value", "measured"], rows)


def data_api(cells: Cells) -> str:
    """The files of the data API, with what each holds."""
    rows = []
    for kind in PUBLISHED:
        links = [f"{kind}.json", f"{kind}.csv" if kind in CSV_KINDS else "", f"schema/{kind}.json"]
        shown = [f'<a href="{cells.root}../api/v1/{link}">{link}</a>' if link else "—" for link in links]
        rows.append(
            [cells.site[f"kind-of-{kind}"][cells.lang], f"{len(list(rows_of(kind, facts.entities()))):,}", *shown]
        )
    return markdown(cells, ["content", "rows", "json", "csv", "schema"], rows)

"""The chart of API prices over time: `{{ chart("prices") }}` leaves `<price-chart>`, this fills it.

The drawing is in the HTML, wide and narrow (scripts/charts.mjs makes it); docs/_theme/modules/price-chart.js lets the
reader choose the models and the kind of price.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from calculators.dataset import blended
from scripts import facts
from scripts.cached import ROOT
from scripts.data_api import rows_of
from scripts.node import node_json
from scripts.templates import TEMPLATES

MODULES = ROOT / "docs" / "_theme" / "modules"
DRAWING = (ROOT / "scripts" / "charts.mjs", MODULES / "price-figure.js", MODULES / "svg.js")
PRICES = ("in", "out", "cache_read", "blended")
PRICE = "out"
WIDTHS = (840, 358)
# Shown at first: the three open models of the book's first part, what they are compared with there, and the models
# whose list price changed most.
BOOK = ("glm-5", "kimi-k2.5", "minimax-m2.5", "gpt-5.2", "claude-opus-4.6")
CHANGED = 3  # with the others as many as there are colors

Row = dict[str, Any]


def price_rows() -> list[Row]:
    """What the chart needs of each list price; tiers for long prompts are left out."""
    keys = "model provider provider_name first_party from to date in out cache_read".split()
    found = []
    for row in rows_of("prices", facts.entities()):
        if not row["above_prompt_tokens"]:
            name = str(facts.entity(f"models/{row['model']}")["name"])
            doubt = {} if row.get("verified", True) else {"verified": False}
            mixed = {"blended": blended(row["in"], row["out"])}
            found.append({"name": name, **{key: row[key] for key in keys if key in row}, **mixed, **doubt})
    return found


def default_models(rows: Sequence[Row]) -> list[str]:
    """Ids of the models shown at first, those of the book last."""
    offers: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        offers.setdefault((row["model"], row["provider"]), []).append(row)
    change: dict[str, float] = {}
    for (model, _), offer in offers.items():
        prices = [float(row[PRICE]) for row in offer if row[PRICE] > 0]
        if prices and any("to" in row for row in offer):
            change[model] = max(change.get(model, 1), max(prices) / min(prices))
    changed = sorted((model for model in change if change[model] > 1), key=lambda model: (-change[model], model))
    listed = {row["model"] for row in rows}
    book = [model for model in BOOK if model in listed]
    return [*[model for model in changed if model not in book][:CHANGED], *book]


@lru_cache(maxsize=8)
def drawn(charts: str, _drawing: tuple[bytes, ...]) -> tuple[str, ...]:
    """SVG texts of a JSON list of charts. `_drawing`: what draws them, so that a change of it is seen."""
    return tuple(node_json("scripts/charts.mjs", charts))


def in_order(rows: Sequence[Row], models: Sequence[str]) -> list[Row]:
    """The rows of the chosen models, in the order of the choice (it gives the colors)."""
    return [row for model in models for row in rows if row["model"] == model]


def figures(rows: Sequence[Row], models: Sequence[str], words: Mapping[str, str], lang: str) -> tuple[str, ...]:
    """The chart's first drawing in each of WIDTHS."""
    shared = {"lang": lang, "rows": in_order(rows, models), "words": words, "price": PRICE}
    charts = json.dumps([{**shared, "width": width} for width in WIDTHS], ensure_ascii=False)
    return drawn(charts, tuple(path.read_bytes() for path in DRAWING))


def price_chart_html(lang: str) -> str:
    """The inner HTML of `<price-chart>`."""
    rows = price_rows()
    models = default_models(rows)
    words = facts.words("charts", lang)
    names = {row["model"]: row["name"] for row in rows}
    wide, narrow = figures(rows, models, words, lang)
    return TEMPLATES.get_template("price-chart.html").render(
        wide=wide,
        narrow=narrow,
        prices=PRICES,
        price=PRICE,
        names=sorted(names.values(), key=str.casefold),
        chosen=[(model, names[model]) for model in models],
        s=lambda string_id, **slots: words[string_id].format(**slots),
        settings=json.dumps({"price": PRICE, "models": models, "words": words}, ensure_ascii=False),
        rows=json.dumps(rows, ensure_ascii=False, separators=(",", ":")),
    )

"""What a JSON Schema cannot say about figures. CPython only; the expressions are tried in scripts/figures.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # data_checks imports this module
    from .data_checks import Checks


def check_figure(check: Checks, figure_id: str, values: Mapping[str, Any]) -> None:
    groups = values.get("groups", {})
    for i, panel in enumerate(values["panels"]):
        here = ("panels", i)
        if len(values["panels"]) > 1 and "label" not in panel:
            check.refuse(here, "label missing; required: one a panel where there are several")
        if "each" in panel:
            kind, _, file = panel["each"]["of"].partition("/")
            if file:
                check.refer((*here, "each", "of"), kind, file)
            check_axes(check, here, panel, {})
        for k, row in enumerate(panel.get("rows", ())):
            if "label" not in row:
                check.refer((*here, "rows", k, "id"), "models", row["id"])
            if "group" in row and row["group"] not in groups:
                told = f"{row['group']} is no group; allowed: {', '.join(groups) or 'none'}; add it to groups"
                check.refuse((*here, "rows", k, "group"), told)
            if panel["chart"] != "cycle":
                check_axes(check, (*here, "rows", k), panel, row)
        check_cycle(check, here, panel)


def check_axes(check: Checks, path: tuple[str | int, ...], panel: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    for axis in ("x", "y"):
        if axis in panel and "value" not in panel[axis] and axis not in row:
            check.refuse(path, f"{axis} missing; required: {axis} in the row, or a value of the panel's axis {axis}")


def check_cycle(check: Checks, path: tuple[str | int, ...], panel: Mapping[str, Any]) -> None:
    """Only a cycle has rows that say what they count and what they work against; it has no axis and no rule."""
    rows = panel.get("rows", ())
    steps = [row["id"] for row in rows if "against" not in row]
    if panel["chart"] != "cycle":
        for k, row in enumerate(rows):
            for key in {"about", "against"} & set(row):
                check.refuse((*path, "rows", k, key), f"{key} given; allowed: only where chart is cycle")
        return
    for key in {"each", "sort"} & set(panel):
        check.refuse((*path, key), f"{key} given; allowed: rows of a cycle one by one, in their order")
    if len(steps) < 2:
        check.refuse(path, f"{len(steps)} rows in the circle; allowed: at least 2 without against")
    for k, row in enumerate(rows):
        if "x" in row and "about" not in row:
            check.refuse((*path, "rows", k), "about missing; required: what x counts")
        if "against" in row and row["against"] not in steps:
            told = f"{row['against']} is no row of the circle; allowed: {', '.join(steps)}"
            check.refuse((*path, "rows", k, "against"), told)

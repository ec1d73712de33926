"""What a JSON Schema cannot say about claims and releases. CPython only; the expressions are tried in `claims`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .data_files import KINDS

if TYPE_CHECKING:  # data_checks imports this module
    from .data_checks import Checks

# Units of a written value that have no words in data/strings/units.yml.
PLAIN_UNITS = ("", "date", "times", "share", "parameters", "bytes", "index", "days", "count", "people")


def check_claim(check: Checks, claim_id: str, values: Mapping[str, Any]) -> None:
    written, status = values.get("as_written"), values["status"]
    if written is not None:
        if (written["unit"] == "date") != isinstance(written["value"], str):
            told = f"{written['value']} with unit {written['unit']!r}; allowed: a date with unit date, else a number"
            check.refuse(("as_written", "value"), told)
        units = check.found["strings"].get("units")
        if units and written["unit"] not in PLAIN_UNITS and f"unit.{written['unit']}" not in units.values:
            known = ", ".join([*PLAIN_UNITS[1:], *(i.removeprefix("unit.") for i in units.values)])
            check.refuse(("as_written", "unit"), f"{written['unit']} is not allowed; allowed: {known}")
    if values["kind"] != "judgment":
        possible = [*status, "overturned", "not-verifiable"]
        if values["text_says"] not in possible:
            told = f"{values['text_says']} has no condition; allowed: {', '.join(possible)}; add one to status"
            check.refuse(("text_says",), told)
    if "within-assumptions" in (status if isinstance(status, Mapping) else [status]) and "assumptions" not in values:
        check.refuse(
            ("status",), "within-assumptions without assumptions; allowed: with them; add assumptions: {en, ja}"
        )
    for i, reference in enumerate(values.get("references", ())):
        kind, _, entity_id = reference.partition("/")
        if kind not in KINDS:
            check.refuse(("references", i), f"{kind} is no folder of data/; allowed: {', '.join(KINDS)}")
        else:
            check.refer(("references", i), kind, entity_id)


def check_release(check: Checks, release_id: str, values: Mapping[str, Any]) -> None:
    if release_id != values["date"]:
        check.refuse(("date",), f"{values['date']} in {release_id}.yml; allowed: the day of the file's name")
    seen: set[str] = set()
    for i, row in enumerate(values["rows"]):
        if row["claim"] in seen:
            check.refuse(("rows", i, "claim"), f"{row['claim']} given twice; allowed: one row a claim")
        seen.add(row["claim"])

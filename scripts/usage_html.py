"""Fills `<usage-import>`: "bring your own bill", which docs/_theme/modules/usage-import.js makes live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from calculators.owned import HOURS_PER_MONTH
from calculators.text import day
from scripts import facts
from scripts.templates import TEMPLATES

# What a bill can tell of a calculator's parameters.
PARAMETERS = (
    "requests_per_month tokens_per_month isl osl reasoning_tokens cache_hit_share cache_write_share peak_to_average"
).split()
MOST_BYTES = 100 * 10**6


def usage_html(lang: str, root: str) -> str:
    """What the element says before any script. `root`: from the page to the language's root."""
    words = facts.words("usage", lang)
    formats = {i: entity.values for i, entity in facts.entities()["usage-formats"].items()}
    settings = {
        "words": words,
        "labels": {name: facts.entity(f"parameters/{name}")["label"][lang] for name in PARAMETERS},
        "formats": [for_the_script(format_id, values, lang) for format_id, values in formats.items()],
        "monthDays": HOURS_PER_MONTH / 24,
        "mostBytes": MOST_BYTES,
    }
    return TEMPLATES.get_template("usage-import.html").render(
        most=f"{MOST_BYTES // 10**6} MB",
        formats=[for_the_reader(values, lang, root) for values in formats.values()],
        s=lambda string_id, **slots: words[string_id].format(**slots),
        settings=json.dumps(settings, ensure_ascii=False, separators=(",", ":")),
    )


def for_the_script(format_id: str, values: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What usage-sum.js needs of a format."""
    told = {key: values[key] for key in ("files", "signature", "row", "roles")}
    rest = {key: values.get(key, []) for key in ("lists", "added", "includes")}
    return {"id": format_id, "name": values["name"][lang], **told, **rest}


def for_the_reader(values: Mapping[str, Any], lang: str, root: str) -> dict[str, Any]:
    """A line of the list of formats."""
    return {
        "name": values["name"][lang],
        "files": ", ".join(name.upper() for name in values["files"]),
        "how": values["how"][lang],
        "note": values["note"][lang] if "note" in values else "",
        "verified": values["verified"],
        "sources": [
            {"title": facts.entity(f"sources/{key}")["title"], "href": f"{root}data/sources/#{key}"}
            for key in (values["source"], *(other["source"] for other in values.get("also", ())))
        ],
        "date": day(str(values["date"]), lang),
    }

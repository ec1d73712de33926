"""Fills `<speed-replay>`: runs of data/measurements at four speeds, for browsers that can run no model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from calculators.own_device import OWN
from scripts import facts
from scripts.data_api import rows_of
from scripts.templates import TEMPLATES

# Slower than reading, reading, faster than reading, at a glance; tokens/s.
SPEEDS = (3, 15, 60, 150)


def chosen() -> list[Mapping[str, Any]]:
    """For each speed the run of a single user nearest to it, on a device of its own; one with recorded times first."""
    rows = [
        row
        for row in rows_of("measurements", facts.entities())
        if row["batch"] == 1 and row.get("decode_tokens_per_second") and row["device"] != OWN
    ]
    found: list[Mapping[str, Any]] = []
    for speed in SPEEDS:
        free = [row for row in rows if row["device"] not in {one["device"] for one in found}]
        near = [row for row in free if abs(math.log(row["decode_tokens_per_second"] / speed)) < math.log(1.15)]
        found.append(
            min(
                near or free,
                key=lambda row: (
                    "token_times_ms" not in row,
                    not row.get("verified", True),
                    abs(math.log(row["decode_tokens_per_second"] / speed)),
                ),
            )
        )
    return found


def replay_html(lang: str, root: str) -> str:
    """What the element says before any script. `root`: from the page to its language's root."""
    words = facts.words("replay", lang)
    tokens = words.pop("text").split("|")
    runs, shown = [], []
    for row in chosen():
        device, speed = str(facts.entity(f"devices/{row['device']}")["name"]), row["decode_tokens_per_second"]
        times = row.get("token_times_ms")
        runs.append({"device": device, "speed": speed, **({"times": times} if times else {})})
        title = facts.entity(f"sources/{row['source']}")["title"]
        link = f'<a href="{root}data/sources/#{row["source"]}">{title}</a>'
        shown.append(
            {
                "device": device,
                "model": facts.entity(f"models/{row['model']}")["name"],
                "engine": f"{row['engine']} {row.get('build', '')}".strip(),
                "speed": words["speed"].format(n=f"{speed:.3g}"),
                "how": words["recorded" if times else "even"]
                + ("" if row.get("verified", True) else f" · {words['unverified']}"),
                "source": f"{link}, <time>{row['date']}</time>",
            }
        )
    settings = {"lang": lang, "words": words, "tokens": tokens, "runs": runs}
    return TEMPLATES.get_template("speed-replay.html").render(
        runs=shown,
        text="".join(tokens),
        s=lambda string_id, **slots: words[string_id].format(**slots),
        settings=json.dumps(settings, ensure_ascii=False),
    )

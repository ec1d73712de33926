"""Who sees the prompt: the hops it passes at each place, with operator, jurisdiction, retention and key holder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .dataset import Dataset, offer_of
from .text import day, sentence
from .tier import PLACES

COLUMNS = ("operator", "jurisdiction", "retention", "key_holder")
Json = dict[str, Any]


def exposure_chart(dataset: Dataset, values: Mapping[str, Any], lang: str, chosen: str | None) -> Json:
    """The map of a tier answer: a group of hops for each place; the API is that of `values["api_model"]`."""
    groups = [group(dataset, place, place, values, lang) for place in PLACES]
    for one in groups:
        one["chosen"] = one["id"] == chosen
    return chart(dataset, groups, "exposure.place", lang)


def exposure_chart_portfolio(
    dataset: Dataset, assignments: Sequence[tuple[str, str, Mapping[str, Any]]], lang: str
) -> Json:
    """The map of a portfolio: a group for each workload with the hops of its place.

    `assignments`: id, place, values.
    """
    groups = []
    for workload, place, values in assignments:
        one = group(dataset, workload, place, values, lang)
        slots = {"workload": workload, "place": one["label"]}
        groups.append({**one, "label": sentence(dataset.strings, "exposure.of-workload", lang, slots)})
    return chart(dataset, groups, "exposure.workload", lang)


def group(dataset: Dataset, group_id: str, place: str, values: Mapping[str, Any], lang: str) -> Json:
    """The hops of one place in words."""
    offer = offer_of(dataset, values["api_model"])
    provider = str(offer["provider_name"])
    own = f"{place}.{offer['provider']}"
    path = dataset.paths[own if own in dataset.paths else place]
    hops = [
        {
            "label": dataset.strings[f"exposure.hop.{hop['hop']}"][lang],
            "exposed": hop["exposed"],
            "cells": [cell(dataset, column, hop[column], provider, lang) for column in COLUMNS],
        }
        for hop in path
    ]
    label = sentence(dataset.strings, f"exposure.at.{place}", lang, {"provider": provider})
    return {"id": group_id, "label": label, "chosen": False, "hops": hops}


def cell(dataset: Dataset, column: str, stated: Mapping[str, Any], provider: str, lang: str) -> Json:
    """What is known of one column of a hop, and from where; else that it is unknown, and why."""
    strings = dataset.strings
    label = strings[f"exposure.{column}"][lang]
    if "unknown" in stated:
        text = sentence(strings, "exposure.unknown", lang, {"reason": stated["unknown"][lang]})
        return {"label": label, "text": text, "source_text": "", "known": False, "verified": False}
    verified = stated.get("verified", True)
    if "title" in stated:
        slots = {"title": stated["title"], "date": day(stated["date"], lang)}
        source = sentence(strings, "exposure.source" if verified else "exposure.source-unverified", lang, slots)
    else:
        source = strings["exposure.by-definition"][lang]
    # No template: the words of a data file may hold any brace.
    text = stated[lang].replace("{provider}", provider)
    return {"label": label, "text": text, "source_text": source, "known": True, "verified": verified}


def chart(dataset: Dataset, groups: Sequence[Json], first: str, lang: str) -> Json:
    """The groups with their title, the sentence that sums them up, and the table that says the same."""

    def say(message: str, **slots: str) -> str:
        return sentence(dataset.strings, message, lang, slots)

    separator = say("exposure.separator")
    rows, counts = [], []
    for one in groups:
        exposed = sum(hop["exposed"] for hop in one["hops"])
        counts.append(say("exposure.count", place=one["label"], hops=str(exposed)))
        for hop in one["hops"]:
            sources = dict.fromkeys(cell["source_text"] for cell in hop["cells"] if cell["source_text"])
            texts = [cell["text"] for cell in hop["cells"]]
            rows.append([one["label"], hop["label"], *texts, "; ".join(sources)])
    cells = [cell for one in groups for hop in one["hops"] for cell in hop["cells"]]
    unknown = sum(not cell["known"] for cell in cells)
    doubtful = sum(cell["known"] and not cell["verified"] for cell in cells)
    numbers = {"cells": str(len(cells)), "unknown": str(unknown), "unverified": str(doubtful)}
    columns = [first, "exposure.hop", *(f"exposure.{column}" for column in COLUMNS), "exposure.sources"]
    return {
        "id": "exposure",
        "kind": "map",
        "title": say("exposure.title"),
        "summary": say("exposure.summary", counts=separator.join(counts), **numbers),
        "head": [say(column) for column in columns],
        "rows": rows,
        "groups": list(groups),
    }

"""Fills `<model-verdicts>`: the small open models of data/, which docs/_theme/modules/model-verdicts.js judges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from calculators.load import load_dataset
from calculators.scenario import fitting_models
from calculators.text import number, prose
from calculators.worker import reply
from scripts import facts, hub
from scripts.templates import TEMPLATES

# What a browser can be expected to hold one day: larger models do not fit the 4 GB that WebAssembly addresses.
MOST_PARAMS = 2e9
SETUP: dict[str, Any] = {"quantization": "q4-k-m", "context_tokens": 4096, "isl": 500, "osl": 300}


def small_models() -> list[str]:
    """Ids of the open models of at most MOST_PARAMS parameters whose layout is known, smallest first."""
    models = load_dataset().models
    sizes = {i: float(models[i]["total_params"]) for i in fitting_models(load_dataset()) if models[i]["open_weights"]}
    return sorted((i for i in sizes if sizes[i] <= MOST_PARAMS), key=sizes.__getitem__)


def offer(
    row: Mapping[str, str], lies: Mapping[str, Any], host: Mapping[str, Any], lang: str, words: Mapping[str, str]
) -> dict[str, Any]:
    """What the button of a row loads: `Offered` of docs/_theme/modules/hub-dialog.js."""
    size = lies["download_bytes"]
    shown = number(float(size["value"]), "bytes", lang, False)
    kept = {key: lies[key] for key in ("repository", "revision", "graph", "precision")}
    return {
        **{key: row[key] for key in ("id", "name", "license")},
        "origin": host["origin"],
        **kept,
        "download_bytes": size["value"],
        "sha256": lies.get("sha256", {}),
        "size": shown if size.get("verified", True) else words["hub-about"].format(size=shown),
    }


def verdicts_html(lang: str, root: str) -> str:
    """What the element says before any script. `root`: from the page to its language's root."""
    words = facts.words("verdicts", lang) | facts.why_no_engine(lang)
    dataset, rows = load_dataset(), []
    host, offers = hub.model_host(), []
    ready = hub.offered() if host else {}
    for model_id in small_models():
        values = facts.entity(f"models/{model_id}")
        answer = reply(dataset, "fit", {**SETUP, "model": model_id}, lang)
        rows.append(
            {
                "id": model_id,
                "name": values["name"],
                "params": prose(dataset.models[model_id]["total_params"], "parameters", lang, facts.strings("units")),
                "license": facts.license_of(values),
                "languages": ", ".join(values.get("languages", ())) or "—",
                "need": answer["results"]["need_bytes"]["text"],
                "size": "",
            }
        )
        if host and (lies := ready.get(model_id)):
            offers.append(offer(rows[-1], lies, host, lang, words))
            rows[-1]["size"] = offers[-1]["size"]
    settings = {"lang": lang, "words": words, "setup": SETUP, "host": host, "offered": offers}
    return TEMPLATES.get_template("model-verdicts.html").render(
        root=root,
        models=rows,
        host=host,
        s=lambda string_id, **slots: words[string_id].format(**slots),
        settings=json.dumps(settings, ensure_ascii=False),
    )

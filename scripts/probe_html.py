"""Fills `<device-probe>` and `<device-run>`, which modules of these names in docs/_theme/modules make live."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from calculators.text import trimmed
from scripts import facts
from scripts.templates import TEMPLATES

# A short question and a short answer.
REQUEST = {"isl": 50, "osl": 100}
# The model that the site serves, as data/ knows it; its files keep the weights at about these bits.
MODEL, QUANTIZATION = "smollm2-135m", "q4-0"


def served() -> dict[str, Any]:
    """The demo model for the engine. BOOK_MODEL names its folder."""
    manifest = json.loads((Path(os.environ["BOOK_MODEL"]) / "manifest.json").read_text(encoding="utf-8"))
    weights = sum(file["bytes"] for file in manifest["files"] if file["path"].startswith("weights"))
    return {"model": MODEL, "quantization": QUANTIZATION, "weights_bytes": weights}


def probe_html(lang: str, root: str) -> str:
    """What the element says before any script. `root`: from the page to its language's root."""
    words = facts.words("probe", lang) | facts.why_no_engine(lang)
    power, memory = (facts.entity(f"facts/own-device-{name}") for name in ("power", "memory"))
    settings = {
        "lang": lang,
        "words": words,
        "memory_gib": memory["value"],
        "request": REQUEST,
        "served": served(),
    }
    return TEMPLATES.get_template("device-probe.html").render(
        uid="probe",
        root=root,
        model_name=facts.entity(f"models/{MODEL}")["name"],
        request=REQUEST,
        watts={key: trimmed(power[key]) for key in ("value", "low", "high")},
        s=lambda string_id, **slots: words[string_id].format(**slots),
        settings=json.dumps(settings, ensure_ascii=False),
    )


def run_html(lang: str, root: str) -> str:
    """What `<device-run>` says before any script. `root`: from the page to its language's root."""
    words = facts.words("run", lang) | facts.why_no_engine(lang)
    power = facts.entity("facts/own-device-power")
    watts = {key: power[key] for key in ("value", "low", "high")}
    settings = {"lang": lang, "words": words, "request": REQUEST, "served": served(), "watts": watts}
    return TEMPLATES.get_template("device-run.html").render(
        root=root,
        model_name=facts.entity(f"models/{MODEL}")["name"],
        s=lambda string_id, **slots: words[string_id].format(**slots),
        settings=json.dumps(settings, ensure_ascii=False),
    )

"""Compiles `data/` into one JSON for the engine, and keeps the result by content hash. CPython only."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .data_files import DATA, ENGINE_STRINGS, ROOT, Entity, figure_at, read_all
from .dataset import Dataset, dataset_from_json

CACHE = ROOT / ".cache" / "data"


def data_hash(data: Path = DATA) -> str:
    """Content hash of every file under `data/`, and of this module, which says what is published of them.

    Releases are left out: each records a hash, and would change it.
    """
    files = sorted(p for p in data.rglob("*") if p.is_file() and p.suffix in (".yml", ".json"))
    files = [p for p in files if p.parent != data / "releases"]
    return hash_of(data, [*files, Path(__file__)])


def code_hash() -> str:
    """Content hash of the code: any of it may check or compile what `data/` holds."""
    here = Path(__file__).parent
    return hash_of(here, sorted(here.glob("*.py")))


def hash_of(top: Path, files: Iterable[Path]) -> str:
    """12 hex digits over names, below `top` where they are, and contents."""
    digest = hashlib.sha256()
    for path in files:
        name = path.relative_to(top) if path.is_relative_to(top) else path.name
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


# What the engine and its controls need of an entity; the rest (sources, notes, dates) stays for the pages.
MODEL_FIELDS = """name lab open_weights license total_params active_params n_experts experts_per_token embedding_params
    attention_heads layers layer_groups context_tokens"""
DEVICE_FIELDS = """name device_class speed_group tier memory_gib usable_share bandwidth_gbs tflops power_w price_usd
    rental_usd_per_hour battery_wh"""
SERVER_FIELDS = "name device n_devices price_usd server_kw"
QUANTIZATION_FIELDS = "name bits_per_weight computed_in"
PARAMETER_FIELDS = """kind unit value low high min max exclusive_min choices status group calculators label
    help symbol"""
NOT_VALUES = {"source", "date", "note", "verified"}


def plain_values(entity: Any) -> Any:
    """{value, source, date} -> value, all the way down; what is unknown is left out."""
    if isinstance(entity, Mapping):
        if "value" in entity and "source" in entity:
            return plain_values(entity["value"])
        known = {k: v for k, v in entity.items() if not (isinstance(v, Mapping) and "unknown" in v)}
        return {key: plain_values(value) for key, value in known.items() if key not in NOT_VALUES}
    return [plain_values(value) for value in entity] if isinstance(entity, list) else entity


def with_fact(parameter: Mapping[str, Any], found: Mapping[str, Mapping[str, Entity]]) -> dict[str, Any]:
    """A parameter with its default: its own, or that of the fact it names."""
    if "fact" not in parameter:
        return dict(parameter)
    fact = figure_at(found, parameter["fact"]) or {}
    own = {key: value for key, value in parameter.items() if key != "fact"}
    return own | {key: fact[key] for key in ("value", "low", "high", "source", "date", "verified") if key in fact}


def picked(entity: Mapping[str, Any], fields: str) -> dict[str, Any]:
    return {key: entity[key] for key in fields.split() if key in entity}


def comparable(scores: Mapping[str, Any]) -> bool:
    """Whether a quality floor can count in a file's points: one harness for all rows, and more is better."""
    return len({row["harness"] for row in scores["rows"]}) == 1 and bool(scores["higher_is_better"])


def by_model(scores: Mapping[str, Any]) -> dict[str, float]:
    """The best result of each model over its modes."""
    best: dict[str, float] = {}
    for row in scores["rows"]:
        best[row["model"]] = max(best.get(row["model"], row["value"]), row["value"])
    return best


def preset(values: Mapping[str, Any], found: Mapping[str, Mapping[str, Entity]]) -> dict[str, Any]:
    """A preset's words and values. Yen become dollars at the dataset's rate: the engine counts in dollars."""
    rate = found["facts"]["fx-jpy-per-usd"].values["value"]
    settings = {}
    for name, value in values["set"].items():
        figure = figure_at(found, value["fact"]) if isinstance(value, Mapping) and "fact" in value else None
        if figure is None:
            settings[name] = value
        else:
            yen = str(figure.get("unit", "")).startswith("JPY")
            settings[name] = figure["value"] / rate if yen else figure["value"]
    return {**picked(values, "label kind jurisdiction about because"), "set": settings}


def stated(cell: Mapping[str, Any], sources: Mapping[str, Entity]) -> dict[str, Any]:
    """A cell of a prompt path with what is shown of its source; what follows from the place itself names none."""
    if "unknown" in cell:
        return {"unknown": cell["unknown"]}
    source, doubt = sources[cell["source"]].values, {} if cell.get("verified", True) else {"verified": False}
    shown = {} if source["kind"] == "assumption" else {"title": source["title"], "date": cell["date"], **doubt}
    return {"en": cell["en"], "ja": cell["ja"], **shown}


def prompt_path(path: Mapping[str, Any], found: Mapping[str, Mapping[str, Entity]]) -> list[dict[str, Any]]:
    """All hops of a path, those of its parts included."""
    parts = [found["prompt-paths"][path[key]].values["rows"] if key in path else [] for key in ("before", "after")]
    return [
        {key: stated(value, found["sources"]) if isinstance(value, Mapping) else value for key, value in row.items()}
        for row in [*parts[0], *path["rows"], *parts[1]]
    ]


def origins(found: Mapping[str, Mapping[str, Entity]]) -> dict[str, dict[str, Any]]:
    """Where parameters, current prices and those of servers and devices come from: title, date, whether verified."""
    figures = {f"parameters/{i}": with_fact(e.values, found) for i, e in found["parameters"].items()}
    for offer, entity in found["prices"].items():
        current = [row for row in entity.values["rows"] if "to" not in row]
        figures[f"prices/{offer}"] = current[0] if current else {}
    for kind in ("servers", "devices"):
        figures |= {f"{kind}/{i}": e.values.get("price_usd", {}) for i, e in found[kind].items()}
    return {
        i: {
            **picked(figure, "source date verified"),
            "title": found["sources"][figure["source"]].values["title"],
        }
        for i, figure in figures.items()
        if "source" in figure
    }


def compile_data(found: Mapping[str, Mapping[str, Entity]], version: str) -> dict[str, Any]:
    """The compiled dataset: what `dataset.Dataset` holds, plain values only."""

    def plain(kind: str) -> dict[str, Any]:
        return {i: plain_values(entity.values) for i, entity in found[kind].items()}

    models = {}
    for model_id, model in plain("models").items():
        models[model_id] = picked(model, MODEL_FIELDS)
        # The first file of a quantization stands for it.
        files = {f["quantization"]: f["bytes"] for f in reversed(model.get("weights_files", ()))}
        if files:
            models[model_id]["weights_files"] = files
    return {
        "version": version,
        "models": models,
        "devices": {i: picked(d, DEVICE_FIELDS) for i, d in plain("devices").items()},
        "servers": {i: picked(s, SERVER_FIELDS) for i, s in plain("servers").items()},
        "quantizations": {i: picked(q, QUANTIZATION_FIELDS) for i, q in plain("quantizations").items()},
        "profiles": plain("speed-profiles"),
        "prices": plain("prices"),
        "parameters": {i: picked(with_fact(e.values, found), PARAMETER_FIELDS) for i, e in found["parameters"].items()},
        "scores": {i: by_model(e.values) for i, e in found["scores"].items() if comparable(e.values)},
        "origins": origins(found),
        "presets": {i: preset(e.values, found) for i, e in found["presets"].items()},
        "paths": {
            ".".join(e.values[key] for key in ("place", "provider") if key in e.values): prompt_path(e.values, found)
            for e in found["prompt-paths"].values()
            if "place" in e.values
        },
        "sentences": {i: e.values for i, e in found["sentences"].items()},
        "strings": {k: v for area in ENGINE_STRINGS for k, v in found["strings"][area].values.items()},
    }


def compiled_json(data: Path = DATA) -> str:
    """The compiled dataset as JSON text; compiled anew only when `data/` or the code changed. Raises BadData."""
    version = data_hash(data)
    cached = CACHE / f"{version}-{code_hash()}.json"
    if cached.exists():
        return cached.read_text(encoding="utf-8")
    text = json.dumps(compile_data(read_all(data), version), ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = cached.with_suffix(f".{os.getpid()}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(cached)
    return text


@lru_cache(maxsize=1)
def load_dataset() -> Dataset:
    """The dataset of this repository. Raises BadData."""
    return dataset_from_json(json.loads(compiled_json()))

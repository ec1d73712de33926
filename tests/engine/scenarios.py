"""Random scenarios, sensible and absurd, over every parameter: for the fuzz test here and the one in the browser.

`r` is a `random.Random`, or Hypothesis' own, which then shrinks what it finds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from calculators.dataset import Dataset
from calculators.scenario import GROUP_OF_CLASS, SMALLEST, allowed_values
from calculators.tier import CRITERIA, PLACES

COMMANDS = ("fit", "speed", "cost", "tier", "portfolio")
JUDGED = ("control", "ops", "resilience")
# No test waits for a hundred thousand draws.
MOST_SAMPLES = 200
WILD: list[Any] = [
    None, True, False, 0, -1, -0.0, 0.5, 1e15, 1e24, 1e308, -1e308, 5e-324, 1e-300, math.nan, math.inf, -math.inf,
    10**400, 10**5000, "", " ", "0", "-1", "nan", "inf", "-Infinity", "1e400", "1e-320", "1_000", "1,000", "1,00",
    "0x10", "１２", "b'12'", "twelve", "3:2:1", "1:2:3", "1:2", "1:2:3:4", "nan:1:2", "1::3", "::", [], {}, [[[]]],
    [None], [0], ["", ""], {"a": {"b": [1]}}, {"value": 1}, {"low": 1, "value": 2, "high": 3},
    {"low": 3, "value": 2, "high": 1}, {"low": 0, "value": [], "high": "x"}, {"id": "a"}, "[", "{", '{"a":', "[1,]",
    "{}", "[]", "[" * 9_000, '{"a":' * 9_000, "glm-6", "rtx-4091", "cloud", "cloud,on_prem", "JP,EU", "JP,,EU", "true",
    "True", "{field}", "{0}", "{", "line\nbreak", "null\0byte", "\ud800", "\x1b[31m", "𝟙" * 70, "x" * 100_000,
]  # fmt: skip
NAMES: list[Any] = ["", "modle", "id", "isl ", "ISL", "{field}", "\ud800", "a\nb", "x" * 10_000, "__class__"]
SIZES = [1, 2, 8, 64, 1000, 1e6, 1e9, 1e12, 1e15]
GROUPS = {
    "full": ("kv_heads", "head_dim"),
    "sliding": ("kv_heads", "head_dim", "window"),
    "mla": ("kv_lora_rank", "qk_rope_head_dim", "head_dim"),
    "linear": ("state_bytes",),
    "published": ("bytes_per_token", "head_dim"),
}


def numeric(r: Random, name: str, entry: Mapping[str, Any]) -> Any:
    """A number at or between the parameter's bounds, as a number, as text or as a range."""
    low, high = float(entry.get("min", 0)), float(entry.get("max", 1e6))
    if name == "samples":
        high = MOST_SAMPLES
    if entry.get("choices"):
        return r.choice(entry["choices"])
    whole = entry["kind"] == "integer"
    if entry.get("exclusive_min"):
        low = low or min(1e-9, high)
    between = low + (high - low) * r.choice([1e-9, 1e-6, 1e-3, 0.01, 0.1, 0.5, 0.9])
    found: list[float] = [low, high, float(entry.get("value", between)), between]
    if "low" in entry:
        found += [entry["low"], entry["high"]]
    found = sorted(min(high, max(low, float(math.ceil(v) if whole else v))) for v in found)
    form = r.randrange(8)
    if form == 0:
        return ":".join(map(repr, found[1:4]))
    if form == 1:
        return dict(zip(("low", "value", "high"), found[:3], strict=True))
    value = r.choice(found)
    return repr(value) if form == 2 else int(value) if whole and form == 3 else value


def subset(r: Random, choices: Any) -> list[Any]:
    return [choice for choice in choices if r.random() < 0.5]


def layer_group(r: Random) -> dict[str, Any]:
    kind = r.choice(list(GROUPS))
    return {"kind": kind, "layers": r.choice([1, 48, 1000]), **{key: r.choice(SIZES[:6]) for key in GROUPS[kind]}}


def inline_model(r: Random) -> dict[str, Any]:
    """A model written into the scenario; its counts may contradict each other."""
    found: dict[str, Any] = {"total_params": r.choice(SIZES), "layer_groups": [layer_group(r)]}
    if r.random() < 0.3:
        found["layer_groups"].append(layer_group(r))
    if r.random() < 0.5:  # counts that agree
        experts = {"active_params": found["total_params"] * 0.5, "n_experts": 64, "experts_per_token": 8}
        return {**found, "attention_heads": 64, **(experts if r.random() < 0.5 else {})}
    for key in ("active_params", "embedding_params", "n_experts", "experts_per_token", "layers", "attention_heads"):
        if r.random() < 0.4:
            found[key] = r.choice(SIZES if key.endswith("params") else SIZES[:5])
    return found


def inline_device(r: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"memory_gib": r.choice([1e-6, 8, 80, 1e6]), "bandwidth_gbs": r.choice([1e-6, 100, 4800])}
    found["device_class"] = r.choice(list(GROUP_OF_CLASS))
    if r.random() < 0.5:
        found["tflops"] = r.choice([1979, 1e-6, "165.2", {"bf16": 989, "fp8": "1979"}, {}])
    if r.random() < 0.5:
        found["usable_share"] = r.choice([1e-6, 0.5, 1])
    return found


def ratings(r: Random, criteria: tuple[str, ...]) -> dict[str, Any]:
    places = subset(r, PLACES) or list(PLACES)
    return {place: {name: r.choice([0, 0.35, 1, 1.0]) for name in criteria} for place in places}


def workloads(r: Random, dataset: Dataset, wild: float) -> list[Any]:
    """0 to 9 workloads, most often few; `wild`: the share of bad members."""
    count = r.choice([1, 1, 2, 3] if r.random() > wild else [0, 8, 9])
    names = [name for name in dataset.parameters if name != "workloads"]
    found: list[Any] = []
    for i in range(count):
        if r.random() < wild / 2:
            found.append(r.choice([None, 1, "a", [], {}, {"id": 1}, {"id": ""}, {"id": "0"}, {"id": "\ud800"}]))
            continue
        own = {name: value(r, dataset, name, wild) for name in (r.choice(names) for _ in range(r.randrange(3)))}
        found.append({"id": str(i), **own})
    return found


def sensible(r: Random, dataset: Dataset, name: str, wild: float) -> Any:
    """A value that the parameter takes."""
    entry = dataset.parameters[name]
    if name == "model" and r.random() < 0.4:
        return damaged(r, inline_model(r), wild)
    if name == "device" and r.random() < 0.4:
        return damaged(r, inline_device(r), wild)
    if name == "workloads":
        return workloads(r, dataset, wild)
    if name in ("utilities", "tier_judgments"):
        return damaged(r, ratings(r, CRITERIA if name == "utilities" else JUDGED), wild)
    if entry["kind"] in ("number", "integer"):
        return numeric(r, name, entry)
    if entry["kind"] == "boolean":
        return r.choice([True, False, "true", "false"])
    if entry["kind"] == "list":
        return subset(r, entry.get("choices", ["mit", "apache-2.0"])[:5])
    return r.choice(allowed_values(dataset, name))


def damaged(r: Random, found: dict[str, Any], wild: float) -> dict[str, Any]:
    """The object as it is, or with one key, at any depth, missing, added or absurd."""
    if r.random() >= wild:
        return found
    key = r.choice(list(found))
    inner = found[key][0] if isinstance(found[key], list) and found[key] else found[key]
    if isinstance(inner, dict) and inner and r.random() < 0.6:
        damaged(r, inner, 1)
        return found
    form = r.randrange(3)
    if form == 0:
        del found[key]
    elif form == 1:
        found[key] = r.choice(WILD)
    else:
        found[r.choice(NAMES)] = r.choice(WILD)
    return found


def value(r: Random, dataset: Dataset, name: str, wild: float) -> Any:
    """A value for a parameter, absurd in a share `wild` of the cases."""
    return r.choice(WILD) if r.random() < wild else sensible(r, dataset, name, wild)


def scenario(r: Random, dataset: Dataset, wild: float) -> dict[Any, Any]:
    """Up to eight parameters, some of which may be no parameters at all."""
    names = list(dataset.parameters)
    found = {name: value(r, dataset, name, wild) for name in (r.choice(names) for _ in range(r.randrange(9)))}
    if r.random() < wild / 4:
        found[r.choice(NAMES)] = 1
    if "samples" not in found:
        found["samples"] = MOST_SAMPLES
    return found


def extreme(r: Random, dataset: Dataset) -> dict[str, Any]:
    """Most numbers at one of their bounds at once, around a model and a device of any size."""
    found: dict[str, Any] = {"samples": 100, "model": inline_model(r), "device": inline_device(r)}
    for name, entry in dataset.parameters.items():
        skipped = name in found or name == "requests_per_month" or "choices" in entry
        if skipped or entry["kind"] not in ("number", "integer") or r.random() < 0.3:
            continue
        low, high = entry.get("min", 0), entry.get("max", 1e24)
        found[name] = r.choice([SMALLEST if entry.get("exclusive_min") and not low else low, high])
    if found.get("cache_hit_share") and "cache_write_share" in found:
        del found["cache_write_share"]
    return found

"""The reader's own device, measured in the browser: one more device of the dataset, under the id `this-device`.

Its measured numbers may be `{value, low, high}`; the ends widen every interval that depends on it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .dataset import Dataset
from .scenario import LARGEST, BadInput, inline, parse_number, shown

OWN = "this-device"
REQUIRED = ["memory_gib", "bandwidth_gbs", "tflops"]
KEYS = [*REQUIRED, "engine", "power_w", "bandwidth_efficiency", "compute_efficiency", "decode_compute_efficiency"]
ENDS = ("low", "high")


def with_own_device(dataset: Dataset, given: Any, lang: str) -> Dataset:
    """The dataset with the reader's device; `given`: an object with keys of KEYS, or its JSON. Raises BadInput."""
    if isinstance(given, str):  # as --set and an address give it
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise BadInput("bad-json", "this_device", {"given": shown(given)}) from None
    if not isinstance(given, Mapping):
        raise BadInput("bad-object", "this_device", {"given": shown(given)})
    try:
        text = json.dumps(given, sort_keys=True, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise BadInput("bad-value", "this_device", {"given": shown(given)}) from None
    return _with(_Same(dataset), text, lang)


@dataclasses.dataclass(frozen=True, eq=False)
class _Same:
    """A dataset as a cache's key: it is compared by identity, for it is never changed."""

    dataset: Dataset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.dataset is self.dataset

    def __hash__(self) -> int:
        return id(self.dataset)


@lru_cache(maxsize=4)
def _with(same: _Same, text: str, lang: str) -> Dataset:
    dataset, raw = same.dataset, json.loads(text)
    inline("this_device", raw, KEYS, REQUIRED)
    engines = sorted({p["engine"] for p in dataset.profiles.values() if p["group"] == "browser"})
    engine = raw.get("engine", engines[0])
    if engine not in engines:
        raise BadInput("bad-choice", "this_device.engine", {"given": shown(engine), "allowed": ", ".join(engines)})
    entries: dict[str, dict[str, Any]] = {}
    for end in ("value", *ENDS):
        found = {name: one_end(name, raw[name], end) for name in KEYS if name in raw and name != "engine"}
        constants = {name: found.pop(name) for name in list(found) if name.endswith("_efficiency")}
        entries[end] = {
            **found,
            "name": dataset.strings["this-device"][lang],
            "device_class": "browser",
            "speed_group": "browser",
            "tflops": {"any": found["tflops"]},
            "engine": engine,
            "constants": constants,
            "tier": 3,
        }
    own: dict[str, Any] = entries["value"]
    if entries["low"] != own or entries["high"] != own:
        own["ends"] = [entries["low"], entries["high"]]
    return dataclasses.replace(dataset, devices={**dataset.devices, OWN: own})


def one_end(name: str, raw: Any, end: str) -> float:
    """A positive number, or that end of `{value, low, high}`."""
    bounds = {"kind": "number", "min": 0, "exclusive_min": True, "max": LARGEST}
    value, span = parse_number(f"this_device.{name}", raw, bounds)
    return span[ENDS.index(end)] if span and end in ENDS else value


def ends_of(dataset: Dataset, values: Mapping[str, Any]) -> list[Dataset]:
    """The dataset at the low and the high end of what was measured of the reader's device, where a scenario uses it."""
    used = {getattr(values.get("device"), "id", None), values.get("edge_device")}
    ends = dataset.devices.get(OWN, {}).get("ends", ()) if OWN in used else ()
    return [dataclasses.replace(dataset, devices={**dataset.devices, OWN: end}) for end in ends]

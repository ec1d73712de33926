"""A reader's inputs: parsed, checked, completed with defaults. All messages about bad input start here."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .dataset import Dataset, Device, Model, device_from, model_from, offer_of, price_row_on
from .graph import Unknown
from .memory import GIB, kv_bytes_at
from .tier import CRITERIA, PLACES

# Which speed profiles stand in for a device that names no group of its own.
GROUP_OF_CLASS = {
    "datacenter": "datacenter",
    "rtx": "geforce",
    "apple": "apple",
    "unified": "strix-halo",
    "jetson": "jetson",
    "phone": "phone-gpu",
    "browser": "browser",
    "cpu": "cpu",
}
MODEL_KEYS = [
    "total_params",
    "active_params",
    "n_experts",
    "experts_per_token",
    "embedding_params",
    "layers",
    "attention_heads",
    "layer_groups",
]
DEVICE_KEYS = ["memory_gib", "usable_share", "bandwidth_gbs", "tflops", "device_class"]
GROUP_KEYS = {
    "full": {"kv_heads", "head_dim"},
    "sliding": {"kv_heads", "head_dim", "window"},
    "mla": {"kv_lora_rank", "qk_rope_head_dim"},
    "linear": {"state_bytes"},
    "published": {"bytes_per_token"},
}
OPTIONAL_GROUP_KEYS = {"mla": {"head_dim"}, "published": {"head_dim"}}
# Not given, they ask nothing.
OPTIONAL = """slo_ttft_ms slo_tpot_ms quality_floor frontier_gap_tolerated capex_cap_usd license_allowed
    residency cloud_regions utilities acceptance_edge acceptance_on_prem acceptance_cloud n_servers_given
    utilization_given offload_bandwidth_gbs""".split()
# Either gives the other: a default of one must not stand beside a value given for the other.
SAME_LOAD = {"tokens_per_month": "requests_per_month", "requests_per_month": "tokens_per_month"}
# As people and the pages write numbers: 6,510,417; 40%; 1.3B; 13億; 5,600万円.
WRITTEN = re.compile(r"(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?) ?(%|[kKMBT]|[万億兆])?(円)?")
SIZES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "万": 1e4, "億": 1e8, "兆": 1e12}
LARGEST = 1e24  # beyond it products overflow; nothing real is near
SMALLEST = 1e-12  # closer to 0 quotients overflow
MOST_SEQUENCES = 1e15  # beyond it floats cannot count one by one
PRECISIONS = ["bf16", "fp8", "fp4", "int8"]
NOT_POSITIVE = {"layer_groups", "embedding_params"}
WHOLE_KEYS = {"n_experts", "experts_per_token", "attention_heads", "layers", "kv_heads", "window", "kv_lora_rank"}
# What a rating of the places must say of each: criteria, and the sentence if it does not.
RATINGS = {
    "utilities": (CRITERIA, "bad-utilities"),
    "tier_judgments": (("control", "ops", "resilience"), "bad-judgments"),
}


@dataclass
class BadInput(Exception):
    """One sentence about one field: `message` is an id in data/strings/engine.yml."""

    message: str
    field: str
    slots: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """A sentence by id with slots, to be put into words in the reader's language."""

    message: str
    slots: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass
class Scenario:
    """What the graph is given. `values`: every id; `given`: ids that the reader set; `ranges`: id -> (low, high).

    `jpy_per_usd`: at which rate sums that are written in yen become dollars.
    """

    values: dict[str, Any]
    given: set[str]
    ranges: dict[str, tuple[float, float]]
    jpy_per_usd: float


def nearest(word: Any, words: Iterable[str]) -> str:
    """The closest of `words`, else the empty string."""
    return next(iter(difflib.get_close_matches(str(word)[:60], list(words), n=1, cutoff=0.4)), "")


def shown(value: Any) -> str:
    """What was given, short enough for a sentence and all of it printable."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):  # a number of 5,000 digits, a key that is no text, a circle
        text = type(value).__name__
    text = text if len(text) <= 60 else text[:57] + "..."
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def check_plain(name: str, value: Any) -> None:
    """Refuses what JSON and UTF-8 cannot hold: an answer could not repeat it. Numbers have a sentence of their own."""
    if isinstance(value, float):
        return
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError):
        raise BadInput("bad-value", shown(name), {"given": shown(value)}) from None


def fitting_models(dataset: Dataset) -> list[str]:
    """Ids of the models whose weights can be had and whose layout is known, in the dataset's order."""
    return [i for i, m in dataset.models.items() if m.get("total_params") and m.get("layer_groups")]


def priced_models(dataset: Dataset) -> list[str]:
    """Ids that `api_model` takes: a model (its lab's own price, else the first listed) or model.provider."""
    return sorted({*dataset.prices, *(p["model"] for p in dataset.prices.values())})


def parse_number(name: str, raw: Any, entry: Mapping[str, Any]) -> tuple[float, tuple[float, float] | None]:
    """A number, `{value, low, high}` or the text `low:value:high`. Returns the value and its range, if one is given."""
    if isinstance(raw, str) and raw.count(":") == 2:
        raw = dict(zip(("low", "value", "high"), raw.split(":"), strict=True))
    if isinstance(raw, Mapping):
        if set(raw) != {"low", "value", "high"}:
            raise BadInput("bad-range", name, {"given": shown(raw)})
        low, value, high = (one_number(name, raw[key], entry) for key in ("low", "value", "high"))
        if not low <= value <= high:
            raise BadInput("bad-range", name, {"given": shown(raw)})
        return value, (low, high)
    return one_number(name, raw, entry), None


def one_number(name: str, raw: Any, entry: Mapping[str, Any]) -> float:
    """A finite number inside the parameter's bounds."""
    bound = LARGEST
    low, high = float(entry.get("min", -bound)), float(entry.get("max", bound))
    slots = {"given": shown(raw), "low": plain(low), "high": plain(high)}
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise BadInput("bad-number", name, slots)
    try:
        value = float(as_written(raw, entry) if isinstance(raw, str) else raw)
    except (ValueError, OverflowError):
        raise BadInput("bad-number", name, slots) from None
    if not math.isfinite(value) or (isinstance(raw, str) and "_" in raw):
        raise BadInput("bad-number", name, slots)
    if entry.get("exclusive_min") and value == low:
        raise BadInput("not-above", name, slots)
    if not low <= value <= high:
        raise BadInput("out-of-range", name, slots)
    if 0 < abs(value) < SMALLEST:
        raise BadInput("too-small", name, {**slots, "low": plain(SMALLEST)})
    if entry["kind"] == "integer" and value != int(value):
        raise BadInput("not-whole", name, slots)
    return value


def as_written(text: str, entry: Mapping[str, Any]) -> str | float:
    """Text as `float` reads it: percent for shares, sizes by name, separators, yen at the exchange rate of `entry`."""
    found = WRITTEN.fullmatch(unicodedata.normalize("NFKC", text.strip()))
    if not found:
        return text
    digits, size, yen = found.groups()
    share, rate = entry.get("unit") in ("share", "ratio"), entry.get("jpy_per_usd")
    if (size == "%") != (size == "%" and share and not yen) or (yen and not rate):
        return text
    value = float(digits.replace(",", "")) * SIZES.get(size or "", 1.0)
    value = value / 100 if size == "%" else value
    return value / rate if yen and rate else value


def plain(number: float) -> str:
    """A bound as a reader would type it."""
    return str(int(number)) if number == int(number) and abs(number) <= 1e15 else repr(number)


def inline(name: str, raw: Mapping[str, Any], keys: list[str], required: list[str]) -> None:
    """Refuses unknown and missing keys of an inline object."""
    for key in raw:
        if key not in keys:
            raise BadInput("unknown-key", f"{name}.{shown(key)}", {"allowed": ", ".join(keys)})
    for key in required:
        if key not in raw:
            raise BadInput("missing-key", f"{name}.{key}", {"allowed": ", ".join(required)})


def positive(name: str, raw: Any) -> float:
    """A number above 0; a whole one where the key (the last part of `name`) counts things."""
    kind = "integer" if name.rpartition(".")[2] in WHOLE_KEYS else "number"
    value = one_number(name, raw, {"kind": kind, "min": 0, "exclusive_min": True, "max": LARGEST})
    return int(value) if kind == "integer" else value


def inline_model(raw: Mapping[str, Any]) -> Model:
    """A model written into the scenario."""
    inline("model", raw, MODEL_KEYS, ["total_params", "layer_groups"])
    found: dict[str, Any] = {key: positive(f"model.{key}", raw[key]) for key in raw if key not in NOT_POSITIVE}
    if "embedding_params" in raw:
        size = {"kind": "number", "min": 0, "max": LARGEST}
        found["embedding_params"] = one_number("model.embedding_params", raw["embedding_params"], size)
    check_parameters(found)
    groups = raw["layer_groups"]
    if not isinstance(groups, list) or not groups:
        raise BadInput("bad-layer-groups", "model.layer_groups", {"given": shown(groups)})
    found["layer_groups"] = [inline_group(f"model.layer_groups[{i}]", group) for i, group in enumerate(groups)]
    return model_from(found, "inline")


def check_parameters(found: Mapping[str, Any]) -> None:
    """Refuses parameter counts that contradict each other."""
    total, embedding = found["total_params"], found.get("embedding_params", 0.0)
    active, used, experts = (found.get(key) for key in ("active_params", "experts_per_token", "n_experts"))
    active = total if active is None else active
    if active > total:
        raise BadInput("active-above-total", "model.active_params", {"given": plain(active), "high": plain(total)})
    if embedding >= total:
        raise BadInput("embedding-above-total", "model.embedding_params", {"given": plain(embedding)})
    if (
        (used is None) != (experts is None)
        or (used or 0) > (experts or 0)
        or (used and used == experts and active < total)
    ):
        raise BadInput("experts-do-not-match", "model.experts_per_token", {"given": shown(used)})
    if used and experts and used < experts:
        # The experts used are active, and something besides them.
        least = total - (total - embedding) * (1 - used / experts)
        if active <= least * (1 + 1e-9):
            slots = {"given": plain(active), "low": f"{least:.6g}"}
            raise BadInput("active-below-experts", "model.active_params", slots)


def inline_group(where: str, raw: Any) -> dict[str, Any]:
    """One layer group of an inline model."""
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if not isinstance(kind, str) or kind not in GROUP_KEYS:
        raise BadInput("bad-layer-groups", where, {"given": shown(raw)})
    needed = {"kind", "layers", *GROUP_KEYS[kind]}
    inline(where, raw, sorted(needed | OPTIONAL_GROUP_KEYS.get(kind, set())), sorted(needed))
    return {key: value if key == "kind" else positive(f"{where}.{key}", value) for key, value in raw.items()}


def inline_device(raw: Mapping[str, Any]) -> Device:
    """A device written into the scenario."""
    inline("device", raw, DEVICE_KEYS, ["memory_gib", "bandwidth_gbs", "device_class"])
    chosen, rate = raw["device_class"], raw.get("tflops", {})
    if not isinstance(chosen, str) or chosen not in GROUP_OF_CLASS:
        raise bad_choice("device.device_class", chosen, list(GROUP_OF_CLASS))
    found: dict[str, Any] = {"device_class": chosen}
    for key in ("memory_gib", "bandwidth_gbs"):
        found[key] = positive(f"device.{key}", raw[key])
    if "usable_share" in raw:
        share = {"kind": "number", "min": 0, "exclusive_min": True, "max": 1}
        found["usable_share"] = one_number("device.usable_share", raw["usable_share"], share)
    if isinstance(rate, Mapping):
        inline("device.tflops", rate, PRECISIONS, [])
        found["tflops"] = {key: positive(f"device.tflops.{key}", value) for key, value in rate.items()}
    else:
        found["tflops"] = positive("device.tflops", rate)
    return device_from(found, "inline")


def check_sequences(values: Mapping[str, Any]) -> None:
    """Refuses an inline model and device of which more sequences fit at once than can be counted."""
    model, device = values["model"], values["device"]
    one = kv_bytes_at(model.layer_groups, values["kv_bits"], 1.0)
    if one and values["n_devices"] * device.memory_gib * GIB > one * MOST_SEQUENCES:
        raise BadInput("too-many-sequences", "device.memory_gib", {"given": plain(device.memory_gib)})


def ratings(name: str, raw: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """For some places a share from 0 to 1 in each criterion. Raises BadInput."""
    criteria, message = RATINGS[name]
    inline(name, raw, list(PLACES), [])
    found: dict[str, dict[str, float]] = {}
    for place, rated in raw.items():
        if not isinstance(rated, Mapping) or set(rated) != set(criteria):
            raise BadInput(message, f"{name}.{place}", {"given": shown(rated)})
        found[place] = {}
        for criterion in criteria:
            try:
                found[place][criterion] = one_number(name, rated[criterion], {"kind": "number", "min": 0, "max": 1})
            except BadInput:
                where = f"{name}.{place}.{criterion}"
                raise BadInput(message, where, {"given": shown(rated[criterion])}) from None
    if not found:
        raise BadInput(message, name, {"given": shown(raw)})
    return found


def bad_choice(name: str, raw: Any, allowed: list[str]) -> BadInput:
    given = shown(raw)
    # A long list helps nobody: the nearest id is named, the data pages list them all.
    listed = ", ".join(allowed) if len(allowed) <= 40 else ", ".join(allowed[:40]) + ", ..."
    near = nearest(given, allowed)
    slots = {"given": given, "allowed": listed, "nearest": near}
    return BadInput("bad-choice-nearest" if near else "bad-choice", name, slots)


def with_presets(dataset: Dataset, presets: Iterable[Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario on top of presets, later ones first in rank. Raises BadInput for one that there is not."""
    found: dict[str, Any] = {}
    for name in presets:
        if not isinstance(name, str) or name not in dataset.presets:
            raise bad_choice("preset", name, sorted(dataset.presets))
        found |= dataset.presets[name]["set"]
    for name, other in SAME_LOAD.items():
        if name in raw and other not in raw:  # a load of the reader's own replaces the preset's, in either form
            found.pop(other, None)
    return found | dict(raw)


def resolve(dataset: Dataset, raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> Scenario:
    """Checks a scenario and completes it.

    `raw`: parameter id -> value as given (text, number, object). `defaults`: what this calculator takes where the
    reader gives nothing. Raises BadInput.
    """
    parameters = dataset.parameters
    rate = raw.get("fx_jpy_per_usd", dataset.constant("fx_jpy_per_usd"))
    scenario = Scenario({}, set(), {}, parse_number("fx_jpy_per_usd", rate, parameters["fx_jpy_per_usd"])[0])
    values = scenario.values
    for name, value in raw.items():
        if name not in parameters:
            near = nearest(name, parameters)
            raise BadInput("unknown-parameter-nearest" if near else "unknown-parameter", shown(name), {"nearest": near})
        check_plain(name, value)
        values[name] = parse(dataset, name, value, scenario)
        scenario.given.add(name)
    if all(name in raw for name in SAME_LOAD):
        raise BadInput("give-one-of", "tokens_per_month", {"other": "requests_per_month"})

    for name, value in defaults.items():
        values.setdefault(name, value)
    for name, value in parsed_defaults(dataset).items():
        if SAME_LOAD.get(name) not in scenario.given:
            values.setdefault(name, value)

    use_hardware(dataset, values, scenario.given)
    model, device = values["model"], values["device"]
    values["model"] = model_from(dataset.models[model], model) if isinstance(model, str) else model
    values["device"] = device_from(dataset.devices[device], device) if isinstance(device, str) else device
    if "inline" in (values["model"].id, values["device"].id):
        check_sequences(values)
    use_quantization(dataset, values)
    use_profile(dataset, values)
    use_price(dataset, values, scenario.given)
    if values["cache_hit_share"] + values["cache_write_share"] > 1:
        raise BadInput("shares-above-one", "cache_write_share", {"given": plain(values["cache_write_share"])})
    # .9 + .1 is 1, but 1 - .9 - .1 is below 0, and so would be the money.
    values["cache_write_share"] = min(values["cache_write_share"], 1 - values["cache_hit_share"])
    for name in ("n_servers", "utilization"):  # given, they replace what follows from the load
        values[f"{name}_given"] = values.get(name)
    for optional in OPTIONAL:
        values.setdefault(optional, None)
    return scenario


_parsed: tuple[Mapping[str, Any], dict[str, Any]] | None = None


def parsed_defaults(dataset: Dataset) -> dict[str, Any]:
    """Defaults of all parameters that have one; parsed once, since a portfolio asks for them many times."""
    global _parsed
    if _parsed is None or _parsed[0] is not dataset.parameters:
        found = {
            i: parse(dataset, i, entry["value"], None) for i, entry in dataset.parameters.items() if "value" in entry
        }
        _parsed = dataset.parameters, found
    return _parsed[1]


def parse(dataset: Dataset, name: str, raw: Any, scenario: Scenario | None) -> Any:
    """One parameter's value by its kind. Entities stay ids; inline objects become dataclasses."""
    entry = dataset.parameters[name]
    if name in ("model", "device"):
        if isinstance(raw, str) and raw.lstrip().startswith("{"):
            try:
                raw = json.loads(raw)
            except (ValueError, RecursionError):
                raise BadInput("bad-json", name, {"given": shown(raw)}) from None
        if isinstance(raw, Mapping):
            return inline_model(raw) if name == "model" else inline_device(raw)
    if entry["kind"] in ("number", "integer"):
        if scenario is not None and entry["unit"].startswith("USD"):
            entry = {**entry, "jpy_per_usd": scenario.jpy_per_usd}
        value, span = parse_number(name, raw, entry)
        if span and scenario is not None:
            scenario.ranges[name] = span
        return value
    if entry["kind"] in ("boolean", "list", "object"):
        return parse_other(name, raw, entry)
    allowed = allowed_values(dataset, name)
    if not isinstance(raw, str) or raw not in allowed:
        if raw == "this-device" and name in ("device", "edge_device"):
            raise BadInput("this-device-not-measured", name)
        if name in ("model", "edge_model") and isinstance(raw, str) and raw in dataset.models:
            raise BadInput("model-not-published", name, {"given": str(raw), "allowed": ", ".join(allowed)})
        raise bad_choice(name, raw, allowed)
    return raw


def parse_other(name: str, raw: Any, entry: Mapping[str, Any]) -> Any:
    """A truth value, a list or an object, as such or as text: `true`, `JP,EU`, JSON. Raises BadInput."""
    kind = entry["kind"]
    text = raw.strip() if isinstance(raw, str) else ""
    if kind == "boolean":
        value = {"true": True, "false": False}.get(text, raw)
        if not isinstance(value, bool):
            raise BadInput("bad-choice", name, {"given": shown(raw), "allowed": "true, false"})
        return value
    if text.startswith(("[", "{")):
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError):
            raise BadInput("bad-json", name, {"given": shown(raw)}) from None
    elif kind == "list" and isinstance(raw, str):
        raw = [part.strip() for part in text.split(",")] if text else []
    if not isinstance(raw, list if kind == "list" else Mapping):
        raise BadInput(f"bad-{kind}", name, {"given": shown(raw)})
    choices = [str(choice) for choice in entry.get("choices", ())]
    for one in raw if kind == "list" and name != "workloads" else ():
        if not isinstance(one, str) or (choices and one not in choices):
            raise bad_choice(name, one, choices or ["text"])
    return ratings(name, raw) if name in RATINGS and isinstance(raw, Mapping) else raw


def allowed_values(dataset: Dataset, name: str) -> list[str]:
    """The ids or choices that a parameter takes."""
    if name in ("model", "edge_model"):
        return fitting_models(dataset)
    if name == "device":
        return [*dataset.devices, *dataset.servers]
    if name == "edge_device":
        return list(dataset.devices)
    if name in ("quantization", "edge_quantization"):
        return list(dataset.quantizations)
    if name == "api_model":
        return priced_models(dataset)
    if name == "engine":
        return sorted({profile["engine"] for profile in dataset.profiles.values()})
    return [str(choice) for choice in dataset.parameters[name].get("choices", ())]


def use_hardware(dataset: Dataset, values: dict[str, Any], given: set[str]) -> None:
    """Choosing a server sets its device, count, price and power; a device alone, what is sold with it. Given stays."""

    def use(name: str, value: Any, otherwise: str) -> None:
        if name not in given:
            values[name] = Unknown(otherwise) if value is None else float(value)

    chosen = values["device"]
    server = dataset.servers.get(chosen) if isinstance(chosen, str) else None
    if server:
        values["device"] = server["device"]
        if "n_devices" not in given:
            values["n_devices"] = float(server["n_devices"])
    device = dataset.devices.get(values["device"], {}) if isinstance(values["device"], str) else {}
    # A graphics card needs a server around it: that of the dataset with the same device, if there is one.
    card = device.get("device_class") in ("datacenter", "rtx", None)
    held = server or next((s for s in dataset.servers.values() if card and s["device"] == values["device"]), None)
    if held:
        use("devices_per_server", held["n_devices"], "")
        use("server_price_usd", held["price_usd"], "")
        use("server_kw", held["server_kw"], "")
    else:
        watts = None if card else device.get("power_w")
        use("devices_per_server", 1.0, "")
        use("server_price_usd", None if card else device.get("price_usd"), "unknown-server-price")
        use("server_kw", None if watts is None else watts / 1000, "unknown-server-power")
    use("gpu_hour_usd", device.get("rental_usd_per_hour"), "unknown-rental")
    edge = dataset.devices.get(values["edge_device"], {})
    use("device_watts", edge.get("power_w"), "unknown-device-power")
    use("battery_wh", edge.get("battery_wh"), "unknown-battery")
    use("device_price_usd", edge.get("price_usd"), "unknown-device-price")


def use_quantization(dataset: Dataset, values: dict[str, Any]) -> None:
    entry = dataset.quantizations[values["quantization"]]
    values["quantization_id"] = values["quantization"]
    values["quantization_bits"] = float(entry["bits_per_weight"])
    values["compute_precision"] = entry["computed_in"]


def use_profile(dataset: Dataset, values: dict[str, Any]) -> None:
    """Speed constants of the device's group and engine, for those that are not given."""
    device: Device = values["device"]
    group = device.speed_group or GROUP_OF_CLASS[device.device_class]
    profiles = {p["engine"]: p for p in dataset.profiles.values() if p["group"] == group}
    engine = values.get("engine") or device.engine or next(e for e, p in profiles.items() if p.get("default"))
    if engine not in profiles:
        raise bad_choice("engine", engine, sorted(profiles))
    profile = profiles[engine]
    values["engine"] = engine
    constants = profile["parameters"]
    for name in constants:
        if name != "shared_bits_per_weight":
            values.setdefault(name, device.constants.get(name, constants[name]))
    values.setdefault("parallelism", profile["parallelism"])
    values.setdefault("prefill_attention", profile["prefill_attention"])
    values["file_shared_bits"] = constants.get("shared_bits_per_weight")
    values["compute_cap_tflops"] = profile.get("compute_cap_tflops")
    values["embedding_left_out"] = profile["leaves_out_embedding"]
    values["profile_decode_interval"] = profile["decode_interval"]
    values["profile_prefill_interval"] = profile["prefill_interval"]
    values["usable_share_of_class"] = values[f"usable_share_{device.device_class}"]


def use_price(dataset: Dataset, values: dict[str, Any], given: set[str]) -> None:
    """The current price row of `api_model`. A model id means its lab's own offer, else the first one listed."""
    wanted = values["api_model"]
    row = price_row_on(offer_of(dataset, wanted)["rows"], None)
    if row is not None and given & {"api_price_in", "api_price_out"}:
        # A price of one's own has no business with another model's cache prices and tiers.
        row = {key: row[key] for key in ("in", "out", "batch_discount") if key in row}
    values["api_price_row"] = Unknown("unknown-price-today") if row is None else row
    if row is not None and "batch_discount" in row and "batch_discount" not in given:
        values["batch_discount"] = float(row["batch_discount"])

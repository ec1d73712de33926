"""Validation: published measurements against the speed function that the calculators use. CPython only.

`measured_rows` reads data/measurements, `measurement_file` somebody else's file; both become `Row`s, `predict` puts
each through `speed.Serving` with the constants of its speed profile, `summarize` says how far off the predictions are.
"""

from __future__ import annotations

import dataclasses
import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from . import memory, speed
from .data_files import Entity, measured_source, read_all
from .dataset import Dataset
from .graph import Graph, Quantity, Unknown
from .own_device import KEYS, OWN, with_own_device
from .scenario import GROUP_OF_CLASS, resolve
from .speed import Serving
from .uncertainty import quantile

GRAPH = Graph((memory, speed))
# Tokens where a source states neither prompt nor depth, and where it does not state the generated length.
ASSUMED_PROMPT, ASSUMED_GENERATED = 64, 128
# A prompt that goes in no faster than this times the decode speed goes in token by token: no prefill was measured.
ONE_AT_A_TIME = 1.1
# Engines of measurements without a speed profile of their own, and the profile that stands in.
STANDS_IN = {"mlc": "tensorrt-llm", "tensorrt-edge-llm": "tensorrt-llm", "sglang": "vllm"}
CLASS_OF_GROUP = {
    "datacenter": "datacenter",
    "geforce": "nvidia",
    "gb10": "gb10",
    "strix-halo": "amd",
    "phone-gpu": "phone",
    "phone-cpu": "phone",
    "jetson": "jetson",
    "cpu": "cpu",
    "browser": "browser",
}
CLASSES = {
    "datacenter": "data-center cards",
    "nvidia": "consumer and workstation NVIDIA",
    "gb10": "GB10",
    "amd": "AMD",
    "apple-llama-cpp": "Apple, llama.cpp and Ollama",
    "apple-mlx": "Apple, MLX and Core AI",
    "phone": "phones",
    "jetson": "Jetson",
    "cpu": "PC and board CPUs",
    "browser": "browser back end (native run)",
    "dense": "dense models",
    "moe": "mixtures of experts",
    "bits-5": "up to 5 bits",
    "bits-12": "5 to 12 bits",
    "bits-16": "16 bits",
    "batch-1": "batch 1",
    "batch-many": "batch above 1",
}
GPU_CORES = re.compile(r"\b(\d{1,2})[- ](?:core )?GPU\b")
SPEEDS = ("decode", "prefill")
# Errors that the committed constants have on data/measurements, as shares; worse by more than the tolerance is a
# regression. After scripts/calibrate.py: what `python -m calculators validation` prints.
GUARDS = {
    "decode": {"median": 0.051, "p90": 0.175, "bias": 0.007},
    "prefill": {"median": 0.089, "p90": 0.217, "bias": 0.002},
}
GUARD_TOLERANCE = 0.01


@dataclass(frozen=True)
class Row:
    """One measurement. Speeds in tokens/s over all streams, None where not measured; `scenario` by parameter id."""

    source: str
    model: str
    device: str
    label: str  # quantization as its source writes it
    engine: str  # of the speed profile
    group: str  # of the speed profile
    scenario: Mapping[str, Any]
    batch: float
    context: float  # tokens in the cache of a stream, average while generating
    prompt: float  # tokens of the timed prefill
    depth: float  # tokens in the cache before
    decode: float | None
    prefill: float | None
    counts: bool = True  # False: listed, not in the statistics
    guessed: tuple[str, ...] = ()  # what data/ lacks: model, device
    gpu_cores: int | None = None  # of the chip that was measured, where its source says so
    own: Mapping[str, Any] | None = None  # a reader's device, which data/ does not know: measured by its own browser


@dataclass(frozen=True)
class Checked:
    """A row with its predictions, tokens/s; an interval is a factor w: value/w to value x w."""

    row: Row
    moe: bool
    bits: float
    decode: float
    decode_interval: float
    prefill: float | Unknown | None  # None: no prefill was measured
    prefill_interval: float

    def pair(self, kind: str) -> tuple[float, float, float] | None:
        """(measured, predicted, interval) of decode or prefill; None where one of the two is missing."""
        measured, predicted = getattr(self.row, kind), getattr(self, kind)
        if measured is None or not isinstance(predicted, float):
            return None
        return measured, predicted, getattr(self, f"{kind}_interval")

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Kind of device and engine, dense or MoE, bits, batch."""
        by_bits = "bits-5" if self.bits <= 5 else "bits-12" if self.bits <= 12 else "bits-16"
        batch = "batch-1" if self.row.batch == 1 else "batch-many"
        return class_of(self.row), "moe" if self.moe else "dense", by_bits, batch


def class_of(row: Row) -> str:
    """The kind of device and engine that a row belongs to."""
    if row.group == "apple":
        return "apple-mlx" if row.engine in ("mlx", "core-ai") else "apple-llama-cpp"
    if row.device.startswith(("rx-", "mi3")):
        return "amd"
    return CLASS_OF_GROUP[row.group]


@dataclass(frozen=True)
class Summary:
    """Errors of predictions as shares of the measured speed: |predicted/measured - 1|; `bias` is the geometric mean."""

    n: int
    median: float
    p90: float
    bias: float
    inside: float  # share inside the shown interval
    width: float  # median half-width of the intervals, a factor


# ---------------------------------------------------------------- predictions


def profile_engine(dataset: Dataset, group: str, engine: str, year: int | None) -> str:
    """The engine of a group's speed profile that stands for what ran; the group's default where none does."""
    profiles = {p["engine"]: p for p in dataset.profiles.values() if p["group"] == group}
    if engine == "llama-cpp" and year is not None and year <= 2024 and "llama-cpp-2024" in profiles:
        return "llama-cpp-2024"
    for name in (engine, STANDS_IN.get(engine)):
        if name in profiles:
            return str(name)
    if engine == "ollama" and "llama-cpp" in profiles:
        return "llama-cpp"
    return str(next(e for e, p in profiles.items() if p["default"]))


def with_cores(entry: Mapping[str, Any], cores: int | None) -> dict[str, Any]:
    """A device with the compute rates of as many GPU cores as were measured; its name says how many it has."""
    own = GPU_CORES.search(str(entry["name"]))
    if cores is None or own is None or "tflops" not in entry:
        return dict(entry)
    return {**entry, "tflops": {p: rate * cores / int(own[1]) for p, rate in entry["tflops"].items()}}


def inputs_of(dataset: Dataset, row: Row) -> dict[str, Any]:
    """What the graph is given for a row: the scenario as the calculators complete it."""
    if row.own is not None:
        dataset = with_own_device(dataset, row.own, "en")
    device = {**with_cores(dataset.devices[row.device], row.gpu_cores), "speed_group": row.group}
    own = dataclasses.replace(dataset, devices={**dataset.devices, row.device: device})
    raw = {
        **row.scenario,
        "model": row.model,
        "device": row.device,
        "engine": row.engine,
        "batch": row.batch,
        "isl": max(1, round(row.depth + row.prompt)),
    }
    return resolve(own, raw, {}).values


WANTED = ("serving", "decode_interval", "prefill_interval", "bits_per_weight", "weights_bytes")


@lru_cache(maxsize=64)
def plan_for(given: frozenset[str]) -> tuple[Quantity, ...]:
    """What to compute beside what is given."""
    return GRAPH.plan(WANTED, given)


def run(values: Mapping[str, Any]) -> dict[str, Any]:
    """The quantities that a prediction needs."""
    return GRAPH.run(plan_for(frozenset(values)), values)


def decode_speed(serving: Serving, row: Row) -> float:
    """Tokens/s of all streams of a row."""
    return row.batch / serving.step(row.batch, row.context)


def prefill_speed(serving: Serving, row: Row) -> float | Unknown:
    """Tokens/s of the timed prompt, after what the cache held before."""
    timed = dataclasses.replace(serving, isl=row.depth + row.prompt, cached_tokens=row.depth)
    seconds = timed.prefill()
    return seconds if isinstance(seconds, Unknown) else row.prompt / seconds


def token_by_token(row: Row) -> bool:
    """Whether the prompt went in no faster than text comes out."""
    return bool(row.prefill and row.decode and row.prefill <= ONE_AT_A_TIME * row.decode / row.batch)


def predict(dataset: Dataset, row: Row) -> Checked:
    """A row with its predictions."""
    values = run(inputs_of(dataset, row))
    serving, model = values["serving"], values["model"]
    prefill = None if row.prefill is None or token_by_token(row) else prefill_speed(serving, row)
    return Checked(
        row=row,
        moe=model.experts_share is not None,
        bits=8 * values["weights_bytes"] / model.total_params,
        decode=decode_speed(serving, row),
        decode_interval=values["decode_interval"],
        prefill=prefill,
        prefill_interval=values["prefill_interval"],
    )


# ---------------------------------------------------------------- statistics


def summarize(pairs: Sequence[tuple[float, float, float]]) -> Summary | None:
    """Errors of (measured, predicted, interval); None where there is none."""
    if not pairs:
        return None
    errors = sorted(abs(predicted / measured - 1) for measured, predicted, _ in pairs)
    logs = [math.log(predicted / measured) for measured, predicted, _ in pairs]
    inside = sum(abs(error) <= math.log(pair[2]) for error, pair in zip(logs, pairs, strict=True))
    return Summary(
        n=len(pairs),
        median=quantile(errors, 0.5),
        p90=quantile(errors, 0.9),
        bias=math.exp(math.fsum(logs) / len(logs)) - 1,
        inside=inside / len(pairs),
        width=statistics.median(width for _, _, width in pairs),
    )


def pairs_of(checked: Iterable[Checked], kind: str, class_id: str = "") -> list[tuple[float, float, float]]:
    """(measured, predicted, interval) of the rows that count, of one class or of all."""
    chosen = (c.pair(kind) for c in checked if c.row.counts and (not class_id or class_id in c.classes))
    return [pair for pair in chosen if pair is not None]


def summaries(checked: Sequence[Checked]) -> dict[str, dict[str, Summary | None]]:
    """Speed -> class -> errors. `all`: every row whose model and device are in data/; `guessed`: the others."""
    visitors = [c for c in checked if c.row.own is not None]
    known = [c for c in checked if not c.row.guessed and c.row.own is None]
    guessed = [c for c in checked if c.row.guessed]
    found: dict[str, dict[str, Summary | None]] = {}
    for kind in SPEEDS:
        found[kind] = {"all": summarize(pairs_of(known, kind))}
        found[kind] |= {name: summarize(pairs_of(known, kind, name)) for name in CLASSES}
        found[kind]["visitors"] = summarize(pairs_of(visitors, kind))
        if guessed:
            found[kind]["guessed"] = summarize(pairs_of(guessed, kind))
    return found


def broken_guards(found: Mapping[str, Mapping[str, Summary | None]]) -> list[str]:
    """One sentence for each error that is worse than committed."""
    told = []
    for kind, limits in GUARDS.items():
        summary = found[kind]["all"]
        for name, limit in limits.items():
            value = abs(getattr(summary, name)) if summary else math.inf
            if value > limit + GUARD_TOLERANCE:
                told.append(f"{kind}: {name} error is {value:.1%}, committed {limit:.1%}; see scripts/calibrate.py")
    return told


# ---------------------------------------------------------------- data/measurements


def context_tokens(depth: float | None, prompt: float | None, generated: float | None, follows: bool) -> float:
    """Average tokens in the cache of a stream while it generates."""
    text = (ASSUMED_GENERATED if generated is None else generated) / 2
    if prompt is None and depth is None:
        return ASSUMED_PROMPT + text
    before = (ASSUMED_PROMPT if prompt is None else prompt) if follows else 0
    return (depth or 0) + before + text


def cores_in(text: str) -> int | None:
    """GPU cores that a text names: 30 GPU, 30-core GPU, 30 GPU cores."""
    found = GPU_CORES.search(text)
    return int(found[1]) if found else None


def measured_row(dataset: Dataset, source: str, raw: Mapping[str, Any], own: Mapping[str, Any] | None = None) -> Row:
    """A row of data/measurements. `own`: the device of a reader who measured it."""
    if own is not None:
        own = {name: value for name, value in own.items() if name in KEYS}
        dataset = with_own_device(dataset, own, "en")
    device = dataset.devices[raw["device"]]
    webgpu = raw["engine"] == "webgpu" or "webgpu" in str(raw.get("backend", "")).casefold()
    group = "browser" if webgpu else str(device.get("speed_group") or GROUP_OF_CLASS[device["device_class"]])
    scenario: dict[str, Any] = {"quantization": raw["quantization"], "n_devices": raw.get("n_devices", 1)}
    if "parallelism" in raw:
        scenario["parallelism"] = raw["parallelism"]
    if "weights_bytes" in raw and raw.get("weights_bytes_kind") != "memory_in_use":
        scenario["weights_bytes"] = raw["weights_bytes"]
    depth, prompt, generated = (raw.get(f"{name}_tokens") for name in ("depth", "prompt", "generated"))
    return Row(
        source=source,
        model=raw["model"],
        device=raw["device"],
        label=str(raw.get("quantization_label", raw["quantization"])),
        engine=profile_engine(dataset, group, "webgpu" if webgpu else raw["engine"], raw.get("build_year")),
        group=group,
        scenario=scenario,
        batch=float(raw["batch"]),
        context=context_tokens(depth, prompt, generated, bool(raw.get("follows_prompt"))),
        prompt=float(ASSUMED_PROMPT if prompt is None else prompt),
        depth=float(depth or 0),
        decode=raw.get("decode_tokens_per_second"),
        prefill=raw.get("prefill_tokens_per_second"),
        counts=raw.get("calibrates", True),
        gpu_cores=raw.get("gpu_cores"),
        own=own if raw["device"] == OWN else None,
    )


def measured_rows(dataset: Dataset, found: Mapping[str, Mapping[str, Entity]] | None = None) -> list[Row]:
    """All rows of data/measurements, in the order of sources and rows. Raises BadData."""
    entities = (found or read_all())["measurements"]
    return [
        measured_row(dataset, measured_source(name), raw, entity.values.get("this_device"))
        for name, entity in sorted(entities.items())
        for raw in entity.values["rows"]
    ]


def check_data(dataset: Dataset, found: Mapping[str, Mapping[str, Entity]] | None = None) -> list[Checked]:
    """Every row of data/measurements with its predictions. Raises BadData."""
    return [predict(dataset, row) for row in measured_rows(dataset, found)]


def not_predicted(checked: Checked) -> str:
    """Why a measured prefill has no prediction: a message id of data/strings/engine.yml, or the prompt's way in."""
    return checked.prefill.message if isinstance(checked.prefill, Unknown) else "prompt-one-token-at-a-time"

"""The compiled dataset as frozen dataclasses. One JSON crosses from `data/` to here; nothing else does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LayerGroup:
    """Layers that keep the same kind of cache. See calculation model 2a."""

    kind: str  # full | sliding | mla | linear | published
    layers: int
    kv_heads: int | None = None
    head_dim: float | None = None
    window: int | None = None
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    state_bytes: float | None = None  # of the whole group, per sequence
    bytes_per_token: float | None = None  # of the whole group at 16 bits, where its maker publishes no more
    shared_kv: bool = False  # keys and values are the same vectors, kept once


@dataclass(frozen=True)
class Model:
    """A model's architecture. Parameter counts are numbers of weights, not billions."""

    id: str
    total_params: float
    active_params: float
    layers: int
    layer_groups: tuple[LayerGroup, ...]
    attention_heads: int | None = None
    n_experts: int | None = None
    experts_per_token: int | None = None
    embedding_params: float = 0.0
    context_tokens: int | None = None
    weights_files: Mapping[str, float] = field(default_factory=dict)  # quantization id -> bytes

    @property
    def experts_share(self) -> float | None:
        """k/E of a mixture of experts; None for a dense model, also for one that uses all its experts."""
        if not self.n_experts or not self.experts_per_token or self.experts_per_token >= self.n_experts:
            return None
        return self.experts_per_token / self.n_experts


@dataclass(frozen=True)
class Device:
    """One accelerator or system on a chip. `tflops`: precision -> 10^12 FLOP/s, dense."""

    id: str
    memory_gib: float
    bandwidth_gbs: float
    device_class: str
    tflops: Mapping[str, float]
    usable_share: float | None = None
    speed_group: str | None = None
    engine: str | None = None  # what its figures were measured with, where it is the reader's own
    constants: Mapping[str, float] = field(default_factory=dict)  # speed constants that were measured on it


@dataclass(frozen=True)
class Dataset:
    """Plain values of `data/`, compiled. `version` is the hash of what it was compiled from."""

    version: str
    models: Mapping[str, Mapping[str, Any]]
    devices: Mapping[str, Mapping[str, Any]]
    servers: Mapping[str, Mapping[str, Any]]
    quantizations: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, Mapping[str, Any]]
    prices: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Mapping[str, Any]]
    scores: Mapping[str, Mapping[str, float]]  # benchmark and version -> model -> best result
    origins: Mapping[str, Mapping[str, Any]]  # of parameters/…, prices/…, servers/…, devices/…: source, title, date
    presets: Mapping[str, Mapping[str, Any]]
    paths: Mapping[str, Sequence[Mapping[str, Any]]]  # place, or cloud.provider -> hops of a prompt
    sentences: Mapping[str, Mapping[str, Any]]
    strings: Mapping[str, Mapping[str, str]]

    def constant(self, parameter: str) -> Any:
        """The default of a parameter that every calculation uses."""
        return self.parameters[parameter]["value"]


def dataset_from_json(compiled: Mapping[str, Any]) -> Dataset:
    """Reads what `load.compile_data` wrote."""
    return Dataset(**{name: compiled[name] for name in Dataset.__dataclass_fields__})


def model_from(entry: Mapping[str, Any], model_id: str) -> Model:
    """A model from a data file's values or a scenario's inline object (keys of the site contract)."""
    groups = tuple(LayerGroup(**group) for group in entry["layer_groups"])
    total = float(entry["total_params"])
    return Model(
        id=model_id,
        total_params=total,
        active_params=float(entry.get("active_params", total)),
        layers=int(entry.get("layers") or sum(group.layers for group in groups)),
        layer_groups=groups,
        attention_heads=entry.get("attention_heads"),
        n_experts=entry.get("n_experts"),
        experts_per_token=entry.get("experts_per_token"),
        embedding_params=float(entry.get("embedding_params") or 0.0),
        context_tokens=entry.get("context_tokens"),
        weights_files=dict(entry.get("weights_files") or {}),
    )


def device_from(entry: Mapping[str, Any], device_id: str) -> Device:
    """A device from a data file's values or a scenario's inline object.

    An inline `tflops` may be one number: the rate of the precision computed in.
    """
    rate = entry.get("tflops") or {}
    return Device(
        id=device_id,
        memory_gib=float(entry["memory_gib"]),
        bandwidth_gbs=float(entry["bandwidth_gbs"]),
        device_class=entry["device_class"],
        tflops=dict(rate) if isinstance(rate, Mapping) else {"any": float(rate)},
        usable_share=entry.get("usable_share"),
        speed_group=entry.get("speed_group"),
        engine=entry.get("engine"),
        constants=dict(entry.get("constants") or {}),
    )


def offer_of(dataset: Dataset, wanted: str) -> Mapping[str, Any]:
    """The price file that `api_model` means: that very one, or the model's own lab's, else the first listed."""
    offers = [p for i, p in dataset.prices.items() if i == wanted or p["model"] == wanted]
    return next((p for p in offers if p.get("first_party")), offers[0])


def blended(price_in: float, price_out: float) -> float:
    """USD per 1M tokens of a mix of three parts input and one part output, the convention of price comparisons."""
    return (3 * price_in + price_out) / 4


def price_row_on(rows: list[Mapping[str, Any]], day: str | None) -> Mapping[str, Any] | None:
    """The price row in force on a day (ISO date); without a day the current one, which has no end. None: no row is."""
    for row in rows:
        if day is None and "to" not in row:
            return row
        if day is not None and row["from"] <= day and ("to" not in row or day < row["to"]):
            return row
    return None

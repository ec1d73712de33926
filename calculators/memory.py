"""Memory: weights, KV cache by layer group, overhead, verdict. Calculation model 2a. All sizes in bytes."""

from __future__ import annotations

import math

from .dataset import Device, LayerGroup, Model
from .graph import Unknown, quantity

GIB = 2**30


def kv_bytes_at(groups: tuple[LayerGroup, ...], kv_bits: float, tokens: float) -> float:
    """Bytes one sequence of `tokens` keeps in the cache, summed over layer groups.

    full: layers x 2 x kv_heads x head_dim x bytes x tokens (1 x where keys and values are the same vectors); sliding:
    the same with min(tokens, window); MLA: layers x (kv_lora_rank + qk_rope_head_dim) x bytes x tokens, one latent for
    keys and values; linear: a constant; published: the published bytes at 16 bits x bytes / 2 x tokens.
    """
    width = kv_bits / 8
    parts = []
    for g in groups:
        if g.kind == "mla":
            parts.append(g.layers * ((g.kv_lora_rank or 0) + (g.qk_rope_head_dim or 0)) * width * tokens)
        elif g.kind == "linear":
            parts.append(g.state_bytes or 0.0)
        elif g.kind == "published":
            parts.append((g.bytes_per_token or 0.0) * width / 2 * tokens)
        else:
            kept = min(tokens, g.window) if g.kind == "sliding" and g.window else tokens
            vectors = 1 if g.shared_kv else 2
            parts.append(g.layers * vectors * (g.kv_heads or 0) * (g.head_dim or 0) * width * kept)
    return math.fsum(parts)


def kv_bytes_per_token(groups: tuple[LayerGroup, ...]) -> float:
    """Bytes that one more token adds at 16 bits while no window is full: the figure that labs publish."""
    growing = tuple(group for group in groups if group.kind != "linear")
    return kv_bytes_at(growing, 16, 1)


@quantity("bits")
def bits_per_weight(model: Model, quantization_bits: float, quantization_id: str) -> float:
    """Average bits of a weight: from the published file of this quantization where there is one, else nominal."""
    file_bytes = model.weights_files.get(quantization_id)
    return 8 * file_bytes / model.total_params if file_bytes else quantization_bits


@quantity("bytes")
def weights_bytes(model: Model, bits_per_weight: float) -> float:
    """W = total_params x bits_per_weight / 8: all experts count, active or not."""
    return model.total_params * bits_per_weight / 8


@quantity("tokens")
def context_tokens(isl: float, reasoning_tokens: float, osl: float) -> float:
    """S, the length reserved for a sequence; not given, it is the request: ISL + reasoning + OSL."""
    return isl + reasoning_tokens + osl


@quantity("bytes")
def kv_bytes_per_sequence(model: Model, kv_bits: float, context_tokens: float) -> float:
    """KV cache of one sequence at the reserved length S."""
    return kv_bytes_at(model.layer_groups, kv_bits, context_tokens)


@quantity("bytes")
def kv_bytes(kv_bytes_per_sequence: float, batch: float) -> float:
    """KV cache of all sequences served at once."""
    return kv_bytes_per_sequence * batch


@quantity("bytes")
def overhead_bytes(weights_bytes: float, kv_bytes: float, overhead_fixed_bytes: float, overhead_share: float) -> float:
    """O = fixed + share x (W + KV): the runtime's context and its buffers."""
    return overhead_fixed_bytes + overhead_share * (weights_bytes + kv_bytes)


@quantity("bytes")
def need_bytes(weights_bytes: float, kv_bytes: float, overhead_bytes: float) -> float:
    """W + KV + O."""
    return math.fsum((weights_bytes, kv_bytes, overhead_bytes))


@quantity("share")
def usable_share(device: Device, usable_share_of_class: float) -> float:
    """u, the share of memory a model may take: the device's own, else its class's."""
    return device.usable_share if device.usable_share is not None else usable_share_of_class


@quantity("bytes")
def capacity_bytes(device: Device, n_devices: float, usable_share: float) -> float:
    """N x memory_gib x 2^30 x u. A vendor's "80 GB" is 80 GiB."""
    return n_devices * device.memory_gib * GIB * usable_share


@quantity("ratio")
def fit_ratio(need_bytes: float, capacity_bytes: float) -> float:
    """r = need / capacity."""
    return need_bytes / capacity_bytes


@quantity("verdict")
def fit_verdict(fit_ratio: float, fit_limit: float, tight_limit: float) -> str:
    """fits up to the first limit, tight up to the second, else no."""
    if fit_ratio <= fit_limit:
        return "fits"
    return "tight" if fit_ratio <= tight_limit else "no"


@quantity("sequences")
def max_batch(
    capacity_bytes: float,
    weights_bytes: float,
    kv_bytes_per_sequence: float,
    overhead_fixed_bytes: float,
    overhead_share: float,
) -> float | Unknown:
    """B_max = floor(((capacity - fixed) / (1 + share) - W) / KV(S)), at least 0: tight counts."""
    if kv_bytes_per_sequence <= 0:
        return Unknown("unknown-cache-does-not-grow")
    left = (capacity_bytes - overhead_fixed_bytes) / (1 + overhead_share) - weights_bytes
    return float(max(0, math.floor(left / kv_bytes_per_sequence)))

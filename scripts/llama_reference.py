"""The demo model computed from its GGUF file without any of our converter: NumPy, float32, no cache.

Weights come from the gguf package's own dequantizer. Rotary embedding is llama.cpp's for the llama architecture:
it turns neighbouring elements (0, 1), (2, 3), …, which is the row order that GGUF files hold, so nothing is undone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader
from gguf.quants import dequantize

F32 = npt.NDArray[np.float32]


class Llama:
    def __init__(self, path: Path) -> None:
        reader = GGUFReader(path)
        self.fields: dict[str, Any] = {key: field.contents() for key, field in reader.fields.items()}
        self.weights: dict[str, F32] = {
            t.name: dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors
        }
        self.layers = self.fields["llama.block_count"]
        self.heads = self.fields["llama.attention.head_count"]
        self.kv_heads = self.fields["llama.attention.head_count_kv"]
        self.epsilon = np.float32(self.fields["llama.attention.layer_norm_rms_epsilon"])
        self.theta = self.fields["llama.rope.freq_base"]

    def logits(self, ids: list[int]) -> F32:
        """Scores of the next token after each position, [len(ids), vocabulary]."""
        w = self.weights
        x = w["token_embd.weight"][ids]
        for layer in range(self.layers):
            block = f"blk.{layer}."
            h = self._norm(x, w[block + "attn_norm.weight"])
            q, k, v = (h @ w[f"{block}attn_{part}.weight"].T for part in "qkv")
            x = x + self._attention(q, k, v) @ w[block + "attn_output.weight"].T
            h = self._norm(x, w[block + "ffn_norm.weight"])
            gate = h @ w[block + "ffn_gate.weight"].T
            up = h @ w[block + "ffn_up.weight"].T
            x = x + (gate / (1 + np.exp(-gate)) * up) @ w[block + "ffn_down.weight"].T
        return self._norm(x, w["output_norm.weight"]) @ w["token_embd.weight"].T

    def _norm(self, x: F32, gain: F32) -> F32:
        return np.asarray(x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.epsilon) * gain)

    def _attention(self, q: F32, k: F32, v: F32) -> F32:
        """Causal grouped-query attention: q [S, width], k and v [S, kv width] to [S, width]."""
        length = len(q)
        q = self._rotate(q.reshape(length, self.heads, -1))
        k = self._rotate(k.reshape(length, self.kv_heads, -1))
        v = v.reshape(length, self.kv_heads, -1)
        group = self.heads // self.kv_heads
        k, v = (np.repeat(a, group, axis=1) for a in (k, v))
        scores = np.einsum("shd,thd->hst", q, k) / np.float32(np.sqrt(q.shape[-1]))
        scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return np.asarray(np.einsum("hst,thd->shd", weights, v).reshape(length, -1), np.float32)

    def _rotate(self, x: F32) -> F32:
        """Turns each neighbouring pair of [S, heads, head width] by position * theta^(-2i/d)."""
        half = x.shape[-1] // 2
        angle = np.outer(np.arange(len(x)), self.theta ** (-np.arange(half) / half))[:, None, :]
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        even, odd = x[..., 0::2], x[..., 1::2]
        out = np.empty_like(x)
        out[..., 0::2] = even * cos - odd * sin
        out[..., 1::2] = even * sin + odd * cos
        return out


def log_softmax(x: F32) -> np.ndarray[Any, np.dtype[np.float64]]:
    y = x.astype(np.float64)
    y -= y.max(axis=-1, keepdims=True)
    return np.asarray(y - np.log(np.exp(y).sum(axis=-1, keepdims=True)))


def compare(expected: list[F32], found: list[F32]) -> tuple[float, float, int]:
    """(mean KL divergence, share of equal top tokens, positions)."""
    kl, same = [], []
    for p, q in zip(expected, found, strict=True):
        lp, lq = log_softmax(p), log_softmax(q)
        kl.append((np.exp(lp) * (lp - lq)).sum(axis=-1))
        same.append(p.argmax(axis=-1) == q.argmax(axis=-1))
    return float(np.concatenate(kl).mean()), float(np.concatenate(same).mean()), len(np.concatenate(kl))

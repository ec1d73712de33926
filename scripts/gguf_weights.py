"""Reads the demo model's GGUF file and repacks its weights, bit for bit, for the browser.

The linears are Q4_1: a block of 32 weights is d * q + m with q in 0..15. Both backends read the same bytes: q as
nibbles in the order of ONNX Runtime's MatMulNBits, d and m as the file's own 16-bit floats. The tied embedding is
Q8_0: d * q with q in -128..127, stored as q + 128.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader

BLOCK = 32
U8 = npt.NDArray[np.uint8]
F16 = npt.NDArray[np.float16]
F32 = npt.NDArray[np.float32]


class ModelError(Exception):
    """The input is not the model this converter is for; the message is one sentence for a person."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a llama-architecture decoder, under the names of its GGUF keys."""

    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int
    norm_epsilon: float
    rope_theta: float
    trained_context: int

    @property
    def head_width(self) -> int:
        return self.width // self.heads


@dataclass(frozen=True)
class Packed4:
    """Weights of a linear of N outputs and K inputs: nibbles [N, K/32, 16], scales and minima [N, K/32]."""

    nibbles: U8
    scales: F16
    minima: F16

    @property
    def outputs(self) -> int:
        return int(self.nibbles.shape[0])

    @property
    def inputs(self) -> int:
        return int(self.nibbles.shape[1]) * BLOCK


@dataclass(frozen=True)
class Packed8:
    """A table of V rows of width D: bytes [V, D/32, 32], which are q + 128, and scales [V, D/32]."""

    values: U8
    scales: F16


class GgufModel:
    """A checked GGUF file of the llama architecture with Q4_1 linears and a tied Q8_0 embedding."""

    def __init__(self, path: Path) -> None:
        try:
            reader = GGUFReader(path)
            self.fields: dict[str, Any] = {key: field.contents() for key, field in reader.fields.items()}
            self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        except (ValueError, IndexError, KeyError, OSError) as error:
            raise ModelError(f"{path} is not a whole GGUF file ({error}).") from error
        architecture = self.fields.get("general.architecture")
        if architecture != "llama":
            raise ModelError(f"{path} holds the architecture {architecture!r}; only 'llama' can be converted.")
        self.shape = Shape(
            layers=self.fields["llama.block_count"],
            width=self.fields["llama.embedding_length"],
            feed_forward=self.fields["llama.feed_forward_length"],
            heads=self.fields["llama.attention.head_count"],
            kv_heads=self.fields["llama.attention.head_count_kv"],
            vocabulary=self.fields["llama.vocab_size"],
            norm_epsilon=self.fields["llama.attention.layer_norm_rms_epsilon"],
            rope_theta=self.fields["llama.rope.freq_base"],
            trained_context=self.fields["llama.context_length"],
        )

    def norm(self, name: str) -> F32:
        """The gain of a norm, [width]."""
        return np.asarray(self._tensor(name, "F32").data, dtype=np.float32)

    def linear(self, names: Sequence[str], rotary_heads: Sequence[int] = ()) -> Packed4:
        """Several linears of the same input stacked into one, rows in the order of `names`.

        `rotary_heads` gives the number of heads of each leading tensor whose rows llama.cpp has permuted for its
        interleaved rotary embedding; their order is restored.
        """
        parts = []
        for index, name in enumerate(names):
            heads = rotary_heads[index] if index < len(rotary_heads) else 0
            parts.append(self._q4_1(name, heads))
        stacked = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        q, d, m = stacked
        return Packed4(nibbles=q[..., 0::2] | (q[..., 1::2] << 4), scales=d, minima=m)

    def embedding(self) -> Packed8:
        """The token embedding, which is also the output head."""
        blocks = self._blocks(self._tensor("token_embd.weight", "Q8_0"), bytes_per_block=34)
        scales = np.ascontiguousarray(blocks[..., :2]).view(np.float16)[..., 0]
        return Packed8(values=blocks[..., 2:] ^ np.uint8(128), scales=scales)

    def _tensor(self, name: str, kind: str) -> Any:
        if name not in self._tensors:
            raise ModelError(f"The GGUF file has no tensor {name!r}.")
        tensor = self._tensors[name]
        if tensor.tensor_type.name != kind:
            raise ModelError(f"The tensor {name!r} is {tensor.tensor_type.name}; this converter reads {kind} there.")
        return tensor

    @staticmethod
    def _blocks(tensor: Any, bytes_per_block: int) -> U8:
        """Raw blocks, [rows, blocks per row, bytes per block]."""
        columns, rows = (int(size) for size in tensor.shape)
        raw = np.asarray(tensor.data).view(np.uint8)
        return raw.reshape(rows, columns // BLOCK, bytes_per_block)

    def _q4_1(self, name: str, rotary_heads: int) -> tuple[U8, F16, F16]:
        """q in 0..15 [N, K/32, 32], d and m [N, K/32]."""
        blocks = self._blocks(self._tensor(name, "Q4_1"), bytes_per_block=20)
        d = np.ascontiguousarray(blocks[..., 0:2]).view(np.float16)[..., 0]
        m = np.ascontiguousarray(blocks[..., 2:4]).view(np.float16)[..., 0]
        low_then_high = blocks[..., 4:]
        q = np.concatenate([low_then_high & 15, low_then_high >> 4], axis=-1)
        if rotary_heads:
            order = rotary_row_order(q.shape[0], rotary_heads)
            q, d, m = q[order], d[order], m[order]
        return q, d, m


def rotary_row_order(rows: int, heads: int) -> npt.NDArray[np.int64]:
    """Which row of llama.cpp's interleaved order stands at each row of the half-split order."""
    pairs = np.arange(rows).reshape(heads, rows // heads // 2, 2)
    return pairs.swapaxes(1, 2).reshape(rows)

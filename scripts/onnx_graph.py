"""Writes the demo model's packed weights, and the ONNX graph that reads them on WebGPU.

The nibbles stay packed. MatMulNBits computes sum d * (q - 8) * x; a weight is d * q + m, so m + 8d times the sum of x
in the block is added. That is exact up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from scripts.gguf_weights import BLOCK, GgufModel, Packed4, Packed8, Shape

Precision = Literal["fp32", "fp16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16")
MICROSOFT = "com.microsoft"
ALIGNMENT = 64


@dataclass(frozen=True)
class Place:
    """Where an array lies in the packed weight files."""

    file: str
    offset: int
    length: int

    def to_json(self) -> list[Any]:
        return [self.file, self.offset, self.length]


class WeightFiles:
    """Writes arrays one after another into weights-0.bin, weights-1.bin, … of at most `limit` bytes each."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._handles: list[Any] = []
        self._sizes: list[int] = []
        self.places: dict[str, Place] = {}

    def add(self, name: str, array: npt.NDArray[Any]) -> None:
        raw = np.ascontiguousarray(array).tobytes()
        if not self._handles or self._sizes[-1] + ALIGNMENT + len(raw) > self._limit:
            self._handles.append((self._folder / f"weights-{len(self._handles)}.bin").open("wb"))
            self._sizes.append(0)
        padding = -self._sizes[-1] % ALIGNMENT
        self._handles[-1].write(bytes(padding) + raw)
        offset = self._sizes[-1] + padding
        self._sizes[-1] = offset + len(raw)
        self.places[name] = Place(f"weights-{len(self._handles) - 1}.bin", offset, len(raw))

    def close(self) -> list[str]:
        for handle in self._handles:
            handle.close()
        return [Path(handle.name).name for handle in self._handles]


@dataclass(frozen=True)
class Weights:
    """All arrays of the model, by the names the graphs use."""

    linears: dict[str, Packed4]
    embedding: Packed8
    norms: dict[str, npt.NDArray[np.float32]]
    rotary: dict[str, npt.NDArray[np.float32]]


def read_weights(model: GgufModel, context: int) -> Weights:
    """Linears [N, K], fused where they share an input; norms [width]; rotary cos and sin [context, head width / 2]."""
    shape = model.shape
    linears, norms = {}, {"final_norm": model.norm("output_norm.weight")}
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        attention = [f"{block}attn_{part}.weight" for part in ("q", "k", "v")]
        linears[f"{layer}.qkv"] = model.linear(attention, rotary_heads=(shape.heads, shape.kv_heads))
        linears[f"{layer}.attention_output"] = model.linear([f"{block}attn_output.weight"])
        linears[f"{layer}.gate_up"] = model.linear([f"{block}ffn_gate.weight", f"{block}ffn_up.weight"])
        linears[f"{layer}.down"] = model.linear([f"{block}ffn_down.weight"])
        norms[f"{layer}.attention_norm"] = model.norm(f"{block}attn_norm.weight")
        norms[f"{layer}.feed_forward_norm"] = model.norm(f"{block}ffn_norm.weight")
    frequencies = shape.rope_theta ** (-np.arange(0, shape.head_width, 2, dtype=np.float64) / shape.head_width)
    angles = np.outer(np.arange(context), frequencies)
    rotary = {"rotary_cos": np.cos(angles).astype(np.float32), "rotary_sin": np.sin(angles).astype(np.float32)}
    return Weights(linears, model.embedding(), norms, rotary)


def write_weights(weights: Weights, files: WeightFiles) -> None:
    """Puts every array into the packed files, in the order in which the graphs need them."""
    files.add("embedding.q", weights.embedding.values)
    files.add("embedding.d", weights.embedding.scales)
    for name, array in (weights.rotary | weights.norms).items():
        files.add(name, array)
    for name, linear in weights.linears.items():
        files.add(f"{name}.q", linear.nibbles)
        files.add(f"{name}.d", linear.scales)
        files.add(f"{name}.m", linear.minima)


class GraphBuilder:
    """Collects nodes and initializers; every method returns the name of the value it made."""

    def __init__(self, places: dict[str, Place], precision: Precision) -> None:
        self.places = places
        self.kind = {"fp32": TensorProto.FLOAT, "fp16": TensorProto.FLOAT16}[precision]
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def node(self, op: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        return self.node_many(op, inputs, [output], domain, **attributes)[0]

    def node_many(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **attributes: Any
    ) -> Sequence[str]:
        named = next(name for name in outputs if name)
        self.nodes.append(helper.make_node(op, inputs, outputs, name=f"{named}/{op}", domain=domain, **attributes))
        return outputs

    def constant(self, name: str, value: Any, kind: int = TensorProto.INT64) -> str:
        if name not in self.initializers:
            array = np.array(value, dtype=helper.tensor_dtype_to_np_dtype(kind))
            self.initializers[name] = helper.make_tensor(name, kind, array.shape, array.tobytes(), raw=True)
        return name

    def stored(self, name: str, kind: int, dims: Sequence[int]) -> str:
        """An initializer whose bytes lie in the packed weight files."""
        if name not in self.initializers:
            place = self.places[name]
            tensor = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
            for key, value in (("location", place.file), ("offset", place.offset), ("length", place.length)):
                tensor.external_data.add(key=key, value=str(value))
            self.initializers[name] = tensor
        return name

    def numbers(self, name: str, kind: int, dims: Sequence[int]) -> str:
        """Stored floats in the graph's own precision; the runtime folds the cast once, at load."""
        if kind == self.kind:
            return self.stored(name, kind, dims)
        if name not in self.initializers:
            self.node("Cast", [self.stored(name, kind, dims)], f"{name}.cast", to=self.kind)
        return f"{name}.cast"


class Products:
    """Products with the packed weights of a model."""

    def __init__(self, graph: GraphBuilder, model: GgufModel) -> None:
        self.graph = graph
        self.vocabulary, self.width = model.shape.vocabulary, model.shape.width

    def linear(self, value: str, name: str, weights: Packed4) -> str:
        """[B, S, K] to [B, S, N]."""
        graph, n, k = self.graph, weights.outputs, weights.inputs
        nibbles = graph.stored(f"{name}.q", TensorProto.UINT8, [n, k // BLOCK, BLOCK // 2])
        scales, minima = (graph.numbers(f"{name}.{part}", TensorProto.FLOAT16, [n, k // BLOCK]) for part in "dm")
        # accuracy_level 0 (the default) keeps the input's precision; level 4 would round it to 8 bits.
        around_8 = graph.node(
            "MatMulNBits", [value, nibbles, scales], f"{name}.around_8", MICROSOFT, K=k, N=n, bits=4, block_size=BLOCK
        )
        eight = graph.node("Mul", [scales, graph.constant("eight", 8, graph.kind)], f"{name}.eight")
        centers = graph.node("Add", [eight, minima], f"{name}.centers")
        columns = graph.node("Transpose", [centers], f"{name}.columns", perm=[1, 0])
        split = graph.constant(f"blocks_of_{k}", [0, 0, k // BLOCK, BLOCK])
        blocked = graph.node("Reshape", [value, split], f"{name}.blocks")
        sums = graph.node("ReduceSum", [blocked, graph.constant("last_axis", [-1])], f"{name}.sums", keepdims=0)
        center = graph.node("MatMul", [sums, columns], f"{name}.center")
        return graph.node("Add", [around_8, center], f"{name}.out")

    def _table(self) -> tuple[str, str]:
        blocks = self.width // BLOCK
        q = self.graph.stored("embedding.q", TensorProto.UINT8, [self.vocabulary, blocks, BLOCK])
        return q, self.graph.numbers("embedding.d", TensorProto.FLOAT16, [self.vocabulary, blocks])

    def embed(self, ids: str) -> str:
        """Ids [B, S] to [B, S, width]."""
        q, scales = self._table()
        table_shape = self.graph.constant("table_shape", [self.vocabulary, self.width])
        rows = self.graph.node("Reshape", [q, table_shape], "embedding.rows")
        return self.graph.node(
            "GatherBlockQuantized", [rows, ids, scales], "embedded", MICROSOFT,
            bits=8, block_size=BLOCK, gather_axis=0, quantize_axis=1,
        )  # fmt: skip

    def head(self, value: str) -> str:
        """[B, S, width] to logits [B, S, vocabulary]."""
        return self.graph.node(
            "MatMulNBits", [value, *self._table()], "scores", MICROSOFT,
            K=self.width, N=self.vocabulary, bits=8, block_size=BLOCK,
        )  # fmt: skip


def build_graph(
    model: GgufModel, weights: Weights, places: dict[str, Place], precision: Precision, layers: int | None = None
) -> onnx.ModelProto:
    """The decoder, or its first `layers` layers only.

    In: ids [1, S]; `last_position` [1], the position of the last of them, and `total_length`, one more (both int32);
    `wanted` [n], which of the S to score; keys and values so far. Out: logits [1, n, vocabulary] in float32; the cache.
    """
    graph = GraphBuilder(places, precision)
    products = Products(graph, model)
    shape = replace(model.shape, layers=layers or model.shape.layers)
    rotary = [graph.numbers(name, TensorProto.FLOAT, array.shape) for name, array in weights.rotary.items()]

    def norm_gain(name: str) -> str:
        return graph.numbers(name, TensorProto.FLOAT, [shape.width])

    residual = products.embed("input_ids")
    normed = graph.node(
        "SimplifiedLayerNormalization", [residual, norm_gain("0.attention_norm")], "0.normed",
        axis=-1, epsilon=shape.norm_epsilon, stash_type=1,
    )  # fmt: skip
    for layer in range(shape.layers):

        def linear(value: str, part: str, layer: int = layer) -> str:
            return products.linear(value, f"{layer}.{part}", weights.linears[f"{layer}.{part}"])

        cache = [f"past.{layer}.key", f"past.{layer}.value"]
        attended, _, _ = graph.node_many(
            "GroupQueryAttention",
            [linear(normed, "qkv"), "", "", *cache, "last_position", "total_length", *rotary],
            [f"{layer}.attended", f"present.{layer}.key", f"present.{layer}.value"],
            MICROSOFT,
            num_heads=shape.heads, kv_num_heads=shape.kv_heads, scale=shape.head_width**-0.5,
            do_rotary=1, rotary_interleaved=0,
        )  # fmt: skip
        normed, residual = _add_and_norm(
            graph, residual, linear(attended, "attention_output"), norm_gain(f"{layer}.feed_forward_norm"),
            f"{layer}.middle", shape.norm_epsilon,
        )  # fmt: skip
        halves = graph.constant("gate_up_sizes", [shape.feed_forward, shape.feed_forward])
        gate, up = graph.node_many(
            "Split", [linear(normed, "gate_up"), halves], [f"{layer}.gate", f"{layer}.up"], axis=-1
        )
        # QuickGelu with alpha 1 is x * sigmoid(x), that is SiLU.
        activated = graph.node("QuickGelu", [gate], f"{layer}.silu", MICROSOFT, alpha=1.0)
        hidden = graph.node("Mul", [activated, up], f"{layer}.hidden")
        last = layer == shape.layers - 1
        normed, residual = _add_and_norm(
            graph, residual, linear(hidden, "down"),
            norm_gain("final_norm" if last else f"{layer + 1}.attention_norm"),
            f"{layer}.after", shape.norm_epsilon, keep_sum=not last,
        )  # fmt: skip
    kept = graph.node("Gather", [normed, "wanted"], "kept", axis=1)
    graph.node("Cast", [products.head(kept)], "logits", to=TensorProto.FLOAT)
    return _finish(graph, shape)


def _add_and_norm(
    graph: GraphBuilder, residual: str, value: str, gain: str, name: str, epsilon: float, keep_sum: bool = True
) -> tuple[str, str]:
    """Residual connection and the norm after it: (normed, sum)."""
    outputs = [f"{name}_normed", "", "", f"{name}_sum"] if keep_sum else [f"{name}_normed"]
    made = graph.node_many(
        "SkipSimplifiedLayerNormalization", [residual, value, gain], outputs, MICROSOFT, epsilon=epsilon
    )
    return made[0], made[-1]


def _finish(graph: GraphBuilder, shape: Shape) -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    inputs = [
        info("input_ids", TensorProto.INT64, [1, "length"]),
        info("last_position", TensorProto.INT32, [1]),
        info("total_length", TensorProto.INT32, [1]),
        info("wanted", TensorProto.INT64, ["wanted_count"]),
    ]
    outputs = [info("logits", TensorProto.FLOAT, [1, "wanted_count", shape.vocabulary])]
    for layer in range(shape.layers):
        for part in ("key", "value"):
            for values, prefix, length in ((inputs, "past", "past_length"), (outputs, "present", "present_length")):
                dims: list[str | int | None] = [1, shape.kv_heads, length, shape.head_width]
                values.append(info(f"{prefix}.{layer}.{part}", graph.kind, dims))
    made = helper.make_graph(graph.nodes, "decoder", inputs, outputs, list(graph.initializers.values()))
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="edge-of-intelligence")

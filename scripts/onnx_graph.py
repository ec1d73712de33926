"""Builds the demo model's two ONNX graphs over one set of packed weight files.

`wasm`: plain float32 products. The worker (docs/_theme/modules/expand-weights.js) expands each packed weight when
the runtime asks for it, because ONNX Runtime's WebAssembly build has no fast kernel for 4-bit weights.
`webgpu`: the nibbles stay packed. MatMulNBits computes sum d * (q - 8) * x; the centers c add c * (sum of x in the
block). Both are the same weights d * (q - 8) + c, so both are exact up to float32 rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from scripts.gguf_weights import BLOCK, GgufModel, Packed4, Packed8

Backend = Literal["wasm", "webgpu"]
BACKENDS: tuple[Backend, ...] = ("wasm", "webgpu")
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
        files.add(f"{name}.c", linear.centers)


class GraphBuilder:
    """Collects nodes and initializers; every method returns the name of the value it made."""

    def __init__(self, places: dict[str, Place]) -> None:
        self.places = places
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

    def constant(self, name: str, value: Any, dtype: type[np.generic] = np.int64) -> str:
        if name not in self.initializers:
            array = np.array(value, dtype=dtype)
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            tensor = helper.make_tensor(name, kind, array.shape, array.tobytes(), raw=True)
            self.initializers[name] = tensor
        return name

    def external(self, name: str, kind: int, dims: Sequence[int], place: Place | None = None) -> str:
        """An initializer whose bytes lie in a file beside the graph; without `place` in a file of its own name."""
        if name in self.initializers:
            return name
        if place is None:
            size = int(np.prod(dims)) * np.dtype(helper.tensor_dtype_to_np_dtype(kind)).itemsize
            place = Place(name, 0, size)
        tensor = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", place.file), ("offset", place.offset), ("length", place.length)):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers[name] = tensor
        return name

    def float32(self, name: str, dims: Sequence[int]) -> str:
        return self.external(name, TensorProto.FLOAT, dims, self.places[name])

    def half_as_float32(self, name: str, dims: Sequence[int]) -> str:
        """A 16-bit array widened in the graph; the runtime folds the cast once, at load."""
        wide = f"{name}.f32"
        if name not in self.initializers:
            self.external(name, TensorProto.FLOAT16, dims, self.places[name])
            self.node("Cast", [name], wide, to=TensorProto.FLOAT)
        return wide


@dataclass(frozen=True)
class Products:
    """How a backend computes the products with packed weights; everything else in the graph is shared."""

    linear: Callable[[str, str, Packed4], str]  # (input [B, S, K], name, weights) -> [B, S, N]
    embed: Callable[[str], str]  # ids [B, S] -> [B, S, width]
    head: Callable[[str, str], str]  # (input [B, S, width], output name) -> [B, S, vocabulary]


def expanded_products(graph: GraphBuilder, model: GgufModel) -> Products:
    """Products of the wasm graph: float32 weights that the worker expands."""
    table_shape = [model.shape.vocabulary, model.shape.width]

    def linear(value: str, name: str, weights: Packed4) -> str:
        expanded = graph.external(f"{name}.w", TensorProto.FLOAT, [weights.outputs, weights.inputs])
        return graph.node("FusedMatMul", [value, expanded], f"{name}.out", MICROSOFT, transB=1)

    def embed(ids: str) -> str:
        table = graph.external("embedding.w", TensorProto.FLOAT, table_shape)
        return graph.node("Gather", [table, ids], "embedded", axis=0)

    def head(value: str, output: str) -> str:
        return graph.node("FusedMatMul", [value, "embedding.w"], output, MICROSOFT, transB=1)

    return Products(linear, embed, head)


def packed_products(graph: GraphBuilder, model: GgufModel) -> Products:
    """Products of the webgpu graph: packed weights, with the block sums of the input for the centers."""
    shape = model.shape
    blocks = shape.width // BLOCK

    def block_sums(value: str, inputs: int) -> str:
        """Sums of 32 neighbours, [B, S, K/32]."""
        split = graph.constant(f"blocks_of_{inputs}", [0, 0, inputs // BLOCK, BLOCK])
        blocked = graph.node("Reshape", [value, split], f"{value}.blocks")
        return graph.node("ReduceSum", [blocked, graph.constant("last_axis", [-1])], f"{value}.block_sums", keepdims=0)

    def linear(value: str, name: str, weights: Packed4) -> str:
        n, k = weights.outputs, weights.inputs
        nibbles = graph.external(f"{name}.q", TensorProto.UINT8, [n, k // BLOCK, BLOCK // 2], graph.places[f"{name}.q"])
        scales = graph.half_as_float32(f"{name}.d", [n, k // BLOCK])
        centers = graph.half_as_float32(f"{name}.c", [n, k // BLOCK])
        # accuracy_level 0 (the default) keeps the input in float32; level 4 would round it to 8 bits.
        around_8 = graph.node(
            "MatMulNBits", [value, nibbles, scales], f"{name}.around_8", MICROSOFT, K=k, N=n, bits=4, block_size=BLOCK
        )
        columns = graph.node("Transpose", [centers], f"{name}.c.columns", perm=[1, 0])
        center = graph.node("MatMul", [block_sums(value, k), columns], f"{name}.center")
        return graph.node("Add", [around_8, center], f"{name}.out")

    def table() -> tuple[str, str]:
        q = graph.external(
            "embedding.q", TensorProto.UINT8, [shape.vocabulary, blocks, BLOCK], graph.places["embedding.q"]
        )
        return q, graph.half_as_float32("embedding.d", [shape.vocabulary, blocks])

    def embed(ids: str) -> str:
        q, scales = table()
        rows = graph.node(
            "Reshape", [q, graph.constant("table_shape", [shape.vocabulary, shape.width])], "embedding.rows"
        )
        return graph.node(
            "GatherBlockQuantized", [rows, ids, scales], "embedded", MICROSOFT,
            bits=8, block_size=BLOCK, gather_axis=0, quantize_axis=1,
        )  # fmt: skip

    def head(value: str, output: str) -> str:
        q, scales = table()
        return graph.node(
            "MatMulNBits", [value, q, scales], output, MICROSOFT,
            K=shape.width, N=shape.vocabulary, bits=8, block_size=BLOCK,
        )  # fmt: skip

    return Products(linear, embed, head)


def build_graph(model: GgufModel, weights: Weights, places: dict[str, Place], backend: Backend) -> onnx.ModelProto:
    """The decoder: ids, mask and the keys and values so far in; logits of the last positions and the cache out."""
    graph = GraphBuilder(places)
    products = {"wasm": expanded_products, "webgpu": packed_products}[backend](graph, model)
    shape = model.shape
    rotary = [graph.float32(name, array.shape) for name, array in weights.rotary.items()]
    lengths = _sequence_lengths(graph)

    def norm_gain(name: str) -> str:
        return graph.float32(name, [shape.width])

    residual = products.embed("input_ids")
    normed = graph.node(
        "SimplifiedLayerNormalization", [residual, norm_gain("0.attention_norm")], "0.normed",
        axis=-1, epsilon=shape.norm_epsilon, stash_type=1,
    )  # fmt: skip
    for layer in range(shape.layers):

        def linear(value: str, part: str, layer: int = layer) -> str:
            return products.linear(value, f"{layer}.{part}", weights.linears[f"{layer}.{part}"])

        qkv = linear(normed, "qkv")
        cache = [f"past_key_values.{layer}.key", f"past_key_values.{layer}.value"]
        attended, _, _ = graph.node_many(
            "GroupQueryAttention",
            [qkv, "", "", *cache, *lengths, *rotary],
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
    products.head(_last_positions(graph, normed), "logits")
    return _finish(graph, model)


def _add_and_norm(
    graph: GraphBuilder, residual: str, value: str, gain: str, name: str, epsilon: float, keep_sum: bool = True
) -> tuple[str, str]:
    """Residual connection and the norm after it: (normed, sum)."""
    outputs = [f"{name}_normed", "", "", f"{name}_sum"] if keep_sum else [f"{name}_normed"]
    made = graph.node_many(
        "SkipSimplifiedLayerNormalization", [residual, value, gain], outputs, MICROSOFT, epsilon=epsilon
    )
    return made[0], made[-1]


def _sequence_lengths(graph: GraphBuilder) -> list[str]:
    """What GroupQueryAttention wants to know: last valid position of each row, and the total length."""
    count = graph.node("ReduceSum", ["attention_mask", graph.constant("axis_1", [1])], "mask_sum", keepdims=1)
    last = graph.node("Sub", [count, graph.constant("one", [1])], "last_position")
    mask_shape = graph.node("Shape", ["attention_mask"], "mask_shape")
    total = graph.node("Gather", [mask_shape, graph.constant("index_1", 1)], "total_length", axis=0)
    return [
        graph.node("Cast", [last], "last_position.i32", to=TensorProto.INT32),
        graph.node("Cast", [total], "total_length.i32", to=TensorProto.INT32),
    ]


def _last_positions(graph: GraphBuilder, value: str) -> str:
    """The last `num_logits_to_keep` positions of `value`; 0 keeps all (a slice from -0 is a slice from 0)."""
    keep = graph.node("Reshape", ["num_logits_to_keep", graph.constant("one", [1])], "keep")
    start = graph.node("Neg", [keep], "keep_from")
    end = graph.constant("no_end", [1 << 62])
    return graph.node("Slice", [value, start, end, graph.constant("axis_1", [1])], "kept")


def _finish(graph: GraphBuilder, model: GgufModel) -> onnx.ModelProto:
    shape = model.shape
    info = helper.make_tensor_value_info
    inputs = [
        info("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"]),
        info("attention_mask", TensorProto.INT64, ["batch_size", "total_sequence_length"]),
        info("num_logits_to_keep", TensorProto.INT64, []),
    ]
    outputs = [info("logits", TensorProto.FLOAT, ["batch_size", "kept_length", shape.vocabulary])]
    # transformers.js fills in `batch_size` in the cache's shape by this very name.
    for layer in range(shape.layers):
        for part in ("key", "value"):
            for values, prefix, length in (
                (inputs, "past_key_values", "past_sequence_length"),
                (outputs, "present", "total_sequence_length"),
            ):
                dims: list[str | int | None] = ["batch_size", shape.kv_heads, length, shape.head_width]
                values.append(info(f"{prefix}.{layer}.{part}", TensorProto.FLOAT, dims))
    made = helper.make_graph(graph.nodes, "decoder", inputs, outputs, list(graph.initializers.values()))
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="edge-of-intelligence")


def expansion_map(weights: Weights, places: dict[str, Place], backend: Backend) -> list[dict[str, Any]]:
    """What the worker has to expand for a backend: name, shape, kind, and where q, d (and c) lie."""
    if backend != "wasm":
        return []
    vocabulary, blocks, block = weights.embedding.values.shape

    def entry(name: str, kind: str, shape: Sequence[int], parts: str) -> dict[str, Any]:
        return {"name": f"{name}.w", "kind": kind, "shape": shape} | {
            part: places[f"{name}.{part}"].to_json() for part in parts
        }

    return [entry("embedding", "q8_0", [vocabulary, blocks * block], "qd")] + [
        entry(name, "q4_1", [linear.outputs, linear.inputs], "qdc") for name, linear in weights.linears.items()
    ]

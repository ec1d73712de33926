"""Scores the demo's kernels against the GGUF file's weights in float32, on prompts that chose nothing.

Usage: python -m scripts.score_demo [--write]
The kernels run in Node.js, on the same WebAssembly as in the browser; the reference is NumPy. Each of the
prompts in scripts/score_prompts.yml goes on with the kernels' own greedy reply; every position of both is compared.
--write puts mean KL divergence and top-1 agreement into `data/facts/site-chat-score-*.yml`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from scripts import build_model
from scripts.cached import ROOT
from scripts.llama_reference import Llama, compare
from scripts.measured import set_fact
from scripts.node import node, node_json

NEW_TOKENS = 32


def score(folder: Path, gguf: Path, prompts: list[str]) -> tuple[float, float, int]:
    """(mean KL in nats, share of equal top tokens, positions)."""
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    found: dict[str, Any] = node_json("scripts/tokenize.mjs", json.dumps({"chats": chats}), folder)
    asked = json.dumps(found["chats"])
    replies = node_json("scripts/decoder_node.mjs", asked, folder, "--greedy", str(NEW_TOKENS))
    sequences = [ids + reply for ids, reply in zip(found["chats"], replies, strict=True)]
    file = folder.parent / "scores"
    node("scripts/decoder_node.mjs", json.dumps(sequences), folder, "--scores", file)
    rows = np.memmap(file, np.float32, "r").reshape(sum(map(len, sequences)), -1)
    by_prompt = np.split(rows, np.cumsum([len(ids) for ids in sequences])[:-1])
    reference = Llama(gguf)
    return compare([reference.logits(ids) for ids in sequences], by_prompt)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.score_demo", description=str(__doc__).splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the scores into data/facts")
    arguments = parser.parse_args(argv)
    prompts = yaml.safe_load((ROOT / "scripts" / "score_prompts.yml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as scratch:
        wheel = build_model.find_wheel(None, ROOT / ".cache")
        build_model.build(wheel, Path(scratch) / "model")
        gguf, _ = build_model.unpack(wheel, Path(scratch))
        kl, top1, positions = score(Path(scratch) / "model", gguf, prompts)
    print(f"{len(prompts)} prompts, {positions} positions: mean KL {kl:.2e} nats, top-1 {top1:.2%}")
    if arguments.write:
        today = datetime.date.today().isoformat()
        set_fact("site-chat-score-kl", today, value=float(f"{kl:.2g}"))
        set_fact("site-chat-score-top-1", today, value=float(f"{100 * top1:.4g}"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

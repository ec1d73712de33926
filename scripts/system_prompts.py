"""Tries system prompts for the demo's model: which one makes its short answers right most often.

Usage: python -m scripts.system_prompts MODEL_DIR [--write]
Candidates and questions are in scripts/system_prompts.yml; replies are greedy, by the page's own kernels in Node.js.
--write records the counts in scripts/system_prompts_result.yml.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from scripts.cached import ROOT
from scripts.node import node_json

NEW_TOKENS = 40
END = 2  # <|im_end|>


def replies(folder: Path, system: str, questions: list[str]) -> list[str]:
    """What the model answers to each question."""
    before = [{"role": "system", "content": system}] if system else []
    chats = [[*before, {"role": "user", "content": question}] for question in questions]
    prompts = node_json("scripts/tokenize.mjs", json.dumps({"chats": chats}), folder)["chats"]
    found = node_json("scripts/decoder_node.mjs", json.dumps(prompts), folder, "--greedy", str(NEW_TOKENS))
    ids = [reply[: reply.index(END)] if END in reply else reply for reply in found]
    texts: list[str] = node_json("scripts/tokenize.mjs", json.dumps({"ids": ids}), folder)["decoded"]
    return texts


def count_right(folder: Path, system: str, questions: list[dict[str, str]]) -> int:
    found = replies(folder, system, [question["ask"] for question in questions])
    return sum(bool(re.search(q["right"], reply, re.IGNORECASE)) for q, reply in zip(questions, found, strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.system_prompts", description=str(__doc__).splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL_DIR", help="what scripts.build_model wrote")
    parser.add_argument("--write", action="store_true", help="record the result")
    arguments = parser.parse_args(argv)
    given: dict[str, Any] = yaml.safe_load((ROOT / "scripts" / "system_prompts.yml").read_text(encoding="utf-8"))
    result = []
    for system in given["candidates"]:
        counts = {group: count_right(arguments.model, system, given[group]) for group in ("choose", "fresh")}
        result.append({"system": system, **counts})
        shown = ", ".join(f"{group} {counts[group]}/{len(given[group])}" for group in counts)
        print(f"{shown}  {system!r}", flush=True)
    if arguments.write:
        of = {group: len(given[group]) for group in ("choose", "fresh")}
        content = {"date": datetime.date.today().isoformat(), "questions": of, "right": result}
        head = "# Written by `python -m scripts.system_prompts MODEL_DIR --write`.\n"
        text = head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (ROOT / "scripts" / "system_prompts_result.yml").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

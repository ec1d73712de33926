"""What a change of data/ changes for readers: sentences, figures, claims and the calculators' first answers.

Usage: python -m scripts.impact [--since REVISION]
Compares data/ as it is with data/ at a revision (default: HEAD) and prints a line for each text that differs. Pages and
code are those of the working tree in both cases. Exit 0: compared; 2: the revision cannot be read.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from calculators.claims import ledger
from calculators.data_files import DATA, BadData
from calculators.evidence import NoSuchFact, evaluate
from calculators.text import LANGUAGES
from calculators.worker import reply
from scripts import facts
from scripts.cached import ROOT, files_under
from scripts.elements import ATTRIBUTE, ELEMENT
from scripts.macros import page_functions
from scripts.page_text import expressions, line_at

# Macros that name or list things; what they give follows from other lines.
NO_QUANTITY = """src( name( table( chart( sections( term( claim( try_it( works( sources_by_section( built( bibtex("""

LONGEST = 160


def texts() -> dict[str, str]:
    """Every text that follows from data/, by where it stands."""
    found: dict[str, str] = {}
    for lang in LANGUAGES:
        evidence = facts.evidence(lang, True)
        functions = page_functions(lang, lambda: "", as_text=True)
        for page in files_under(ROOT / "docs" / lang, "*.md"):
            text, shown = page.read_text(encoding="utf-8"), page.relative_to(ROOT)
            for number, expression in enumerate(expressions(text)):
                if not expression.text.startswith(tuple(NO_QUANTITY.split())):
                    key = f"{shown}:{line_at(text, expression.offset)}: {expression.text}\t{number}"
                    try:
                        found[key] = str(evaluate(expression.text, functions))
                    except NoSuchFact:
                        continue  # the other state of data/ does not hold it: nothing to compare
            for element in ELEMENT.finditer(text):
                command, hyphen, _ = element[1].partition("-calculator")
                if hyphen:
                    own = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(element[2])}
                    presets = own.pop("preset", "").split()
                    own.pop("id", None)
                    answer = reply(evidence.dataset, command, own, lang, presets=presets)
                    found[f"{shown}:{line_at(text, element.start())}: {command} calculator"] = str(answer["headline"])
    try:
        for claim in ledger(facts.evidence("en", True)):
            now = "" if claim.now is None or claim.now.value is None else f" ({claim.now})"
            found[f"{claim.file}: claim"] = claim.status + now
    except BadData as bad:
        print(bad, file=sys.stderr)
    return found


def texts_of(data: Path) -> dict[str, str]:
    """`texts` with another folder as data/; in a process of its own, since data/ is read in many places."""
    command = [sys.executable, "-m", "scripts.impact", "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "DATA_DIR": str(data)})
    if done.returncode:
        raise ValueError((done.stderr.strip().splitlines() or ["no reason was given"])[-1])
    found: dict[str, str] = json.loads(done.stdout)
    return found


def data_at(revision: str, out: Path) -> Path:
    """data/ at a revision, with the schemas and words of today. Raises ValueError."""
    done = subprocess.run(["git", "archive", revision, "data"], cwd=ROOT, capture_output=True)
    if done.returncode:
        raise ValueError(f"{revision}: cannot be read by git; allowed: a revision of this repository")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(out, filter="data")
    for same in ("schema", "strings"):
        shutil.copytree(DATA / same, out / "data" / same, dirs_exist_ok=True)
    return out / "data"


def changed_since(revision: str) -> bool:
    """Whether data/ differs from that of a revision; no where git cannot say."""
    commands = [
        ["git", "diff", "--quiet", revision, "--", "data"],
        ["git", "ls-files", "-o", "--exclude-standard", "data"],
    ]
    differs, new = (subprocess.run(command, cwd=ROOT, capture_output=True, text=True) for command in commands)
    return differs.returncode == 1 or bool(new.stdout)


def impact(revision: str) -> list[str]:
    """A line for each text that is not what it was with data/ at a revision. Raises ValueError."""
    with tempfile.TemporaryDirectory() as scratch:
        before = texts_of(data_at(revision, Path(scratch)))
    after = texts()

    def told(text: str) -> str:
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

    lines = []
    for key, text in after.items():
        old = before.get(key)
        if old is not None and old != text:
            one, other = difference(old, text)
            lines.append(f"{key.partition(chr(9))[0]}: {told(one)} -> {told(other)}")
    return lines


def difference(old: str, new: str) -> tuple[str, str]:
    """Of two long texts (a figure with its table) the first lines that differ."""
    for one, other in zip(old.splitlines(), new.splitlines(), strict=False):
        if one != other:
            return one, other
    return old, new


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.impact", description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--since", default="HEAD", metavar="REVISION", help="compare with data/ of this (default: HEAD)"
    )
    parser.add_argument("--list", action="store_true", help="print every text as JSON instead")
    arguments = parser.parse_args(argv)
    if arguments.list:
        print(json.dumps(texts(), ensure_ascii=False))
        return 0
    try:
        lines = impact(arguments.since)
    except ValueError as bad:
        print(f"impact: {bad}", file=sys.stderr)
        return 2
    print("\n".join(lines) if lines else f"impact: no text differs from {arguments.since}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Everything in this tree that follows from data/, as JSON: what scripts/impact.py compares between two commits.

Usage: python -m scripts.impact_texts
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from calculators.claims import ledger
from calculators.data_files import DATA, BadData, parse, read_text
from calculators.evidence import NoSuchFact, evaluate
from calculators.text import LANGUAGES
from calculators.worker import reply
from scripts import facts
from scripts.book_texts import data_texts
from scripts.cached import ROOT, files_under
from scripts.calculator_html import case_of
from scripts.elements import ATTRIBUTE, ELEMENT
from scripts.macros import page_functions
from scripts.page_text import MACRO, blank, expressions, line_at, without_code
from scripts.twins import macro_of

# What a macro gives besides quantities is words, or follows from other entries.
WORDS = ("src", "name", "term", "try_it")
LISTS = ("claim", "table", "chart", "sections", "works", "sources_by_section", "built", "bibtex")
WHOLE = {"figure": "figure", "sentence": "recommendation"}
SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]*[ \n]+|(?<=[。！？])[」』）]*|\n+")


@dataclass(frozen=True)
class Entry:
    """One thing that a reader sees. `kind`: value, sentence, figure, recommendation or claim; `id`: the same in every
    commit, wherever its line moves; `status`: of a claim."""

    kind: str
    id: str
    lang: str
    place: str
    text: str
    status: str = ""
    text_says: str = ""


def entries() -> Iterator[Entry]:
    """All of them. Raises BadData."""
    yield from values()
    for lang in LANGUAGES:
        functions = page_functions(lang, lambda: "", as_text=True)
        for page in files_under(ROOT / "docs" / lang, "*.md"):
            text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
            yield from of_page(text, name, lang, functions)
        for pair in data_texts():
            for said in pair:
                if said.lang == lang and MACRO.search(said.text):
                    filled = fill(said.text, functions)
                    yield Entry("sentence", f"{said.file} {said.field}", lang, f"{said.file}:{said.line}", filled)
    for claim in ledger(facts.evidence("en", True)):
        now = "" if claim.now is None or claim.now.value is None else f" ({claim.now})"
        says = str(claim.values.get("text_says", ""))
        yield Entry("claim", claim.id, "", f"{claim.file}:1", claim.status + now, claim.status, says)


def values() -> Iterator[Entry]:
    """Every value of data/: `data/prices/glm-5.z-ai.yml rows.0.out`."""
    for path in files_under(DATA, "*.yml"):
        name = str(path.relative_to(DATA.parent))
        entity = parse(read_text(path, name), name)
        for where, value in leaves(entity.values, ()):
            field = ".".join(map(str, where))
            yield Entry("value", f"{name} {field}", "", f"{name}:{entity.line(where)}", str(value))


def leaves(value: Any, where: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, (*where, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*where, index))
    else:
        yield where, value


def of_page(text: str, name: str, lang: str, functions: Mapping[str, Any]) -> Iterator[Entry]:
    seen: Counter[str] = Counter()

    def entry(kind: str, id_: str, offset: int, said: str) -> Entry:
        seen[id_] += 1
        return Entry(kind, f"{name} {id_} {seen[id_]}", lang, f"{name}:{line_at(text, offset)}", said)

    for expression in expressions(text):
        kind = WHOLE.get(macro_of(expression.text))
        if kind:
            yield entry(kind, expression.text, expression.offset, fill(f"{{{{ {expression.text} }}}}", functions))
    for start, end in sentences(text):
        sentence = text[start:end].strip()
        macros = {macro_of(expression.text) for expression in expressions(sentence)}
        if macros - {*WORDS, *LISTS, *WHOLE}:
            yield entry("sentence", sentence, start, fill(sentence, functions))
    for element in ELEMENT.finditer(text):
        command, hyphen, _ = element[1].partition("-calculator")
        if hyphen:
            presets, own = case_of({key: html.unescape(value) for key, value in ATTRIBUTE.findall(element[2])})
            answer = reply(facts.evidence(lang, True).dataset, command, own, lang, presets=presets)
            yield entry("recommendation", element[0], element.start(), str(answer["headline"]))


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence, item or row of a table stands; what is within {{ }} ends none."""
    plain = MACRO.sub(lambda m: blank(m[0], "x"), without_code(text))
    start = 0
    for end in [*(match.end() for match in SENTENCE_END.finditer(plain)), len(plain)]:
        if "{{" in text[start:end]:
            yield start, end
        start = end


def fill(text: str, functions: Mapping[str, Any]) -> str:
    """A text with its macros filled, lists and markers left out; what has no value stands as it is written."""

    def value(match: re.Match[str]) -> str:
        if macro_of(match[1].strip()) in LISTS:
            return ""
        try:
            return str(evaluate(match[1].strip(), functions))
        except NoSuchFact:
            return match[0]

    return MACRO.sub(value, text)


def listed(tree: Path, command: Sequence[str]) -> list[Entry]:
    """The entries that this module prints in another tree, with that tree's own code. Raises ValueError."""
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    if done.returncode:
        raise ValueError((done.stderr.strip().splitlines() or ["no reason was given"])[-1])
    return [Entry(**entry) for entry in json.loads(done.stdout)]


def main() -> int:
    try:
        print(json.dumps([asdict(entry) for entry in entries()], ensure_ascii=False))
    except BadData as bad:
        print(bad, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

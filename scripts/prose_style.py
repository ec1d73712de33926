"""Style and spelling of the prose: textlint for Japanese, textlint and a spell check for English (docs/_prose/).

Usage: python -m scripts.prose_style [FILE ...]
Pages and the sentences of data/ are read as a reader reads them: a word stands in place of each macro, markup is gone,
lines stay where they are. What was read once is remembered by its text.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from calculators.data_files import DATA
from calculators.text import LANGUAGES
from scripts.cached import ROOT, files_under, hash_of, write_at_once
from scripts.node import node_json

DOCS = ROOT / "docs"
RULES = DOCS / "_prose"
CACHE = ROOT / ".cache" / "checks" / "style.json"
KINDS = ("claims", "figures", "glossary", "sentences", "works")  # whose texts are prose

MACRO = re.compile(r"\{\{\W*(\w+)(.*?)\}\}", re.S)
SLOT = re.compile(r"\{[a-z][\w.]*\}")  # of a sentence whose numbers the reader changes
TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>|<https?:[^>]*>", re.S)
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\](?:\([^)]*\)|\[[^\]]*\])")
BOX = re.compile(r'^(?:!!!|\?\?\?\+?) +[\w-]+(?: +"(.*)")? *$')
BLOCKS = {"claim", "figure", "sentence", "table", "chart", "sections", "works", "sources_by_section", "bibtex"}
NUMBER = "12"
# A word for each macro that renders words: {language: those taken in turn, so that none follows itself}.
WORDS: dict[str, dict[str, list[str]]] = {
    "name": {"en": ["Alder", "Birch", "Cedar"], "ja": ["GLM", "Qwen", "Kimi"]},
    "src": {"en": ["Alder", "Birch", "Cedar"], "ja": ["資料", "記事", "文書"]},
    "term": {"en": ["term", "word"], "ja": ["用語", "単語"]},
    "try_it": {"en": ["case"], "ja": ["試算"]},
    "noise": {"en": ["within the noise"], "ja": ["誤差の範囲内"]},
    "code": {"en": ["Alder", "Birch", "Cedar"], "ja": ["GLM", "Qwen", "Kimi"]},
}


@dataclass(frozen=True)
class Text:
    """Prose that belongs together. `manner`: how Japanese sentences end in it."""

    file: str
    line: int  # of the file, where the text begins
    lang: str
    manner: str
    text: str


def without(match: re.Match[str]) -> str:
    """Nothing but the lines that it had."""
    return "\n" * match[0].count("\n")


def plain(text: str, lang: str) -> str:
    """Markdown without macros and markup, line for line."""
    turns = {kind: cycle(words[lang]) for kind, words in WORDS.items()}

    def word(match: re.Match[str]) -> str:
        kind, rest = match[1], match[2]
        lines = without(match)
        before, after = match.string[: match.start()], match.string[match.end() :]
        alone = not before.rpartition("\n")[2].strip() and not after.partition("\n")[0].strip()
        if kind in BLOCKS or (kind == "try_it" and alone):
            return lines
        shown = re.match(r'\( *"[^"]*" *, *"([^"]*)"', rest) if kind == "term" else None
        if shown:
            return shown[1] + lines
        if kind in turns:
            return next(turns[kind]) + lines
        return NUMBER + "%" * rest.rstrip().endswith(".percent") + lines

    text = re.sub(r"`[^`\n]+`", lambda _: next(turns["code"]), text)
    text = re.sub(r"\{%.*?%\}|\{##.*?##\}", without, MACRO.sub(word, text), flags=re.S)
    text = TAG.sub(without, LINK.sub(lambda match: match[1] + without(match), text))
    text = re.sub(r"\[\^[\w-]+\]:?", "", text)
    return re.sub(r" *\{:? *[#.][^}\n]*\}", "", text)


def body(page: str) -> str:
    """A page without front matter and code; boxes (!!!, ???) become a heading and paragraphs."""
    lines: list[str] = []
    fence = matter = box = False
    for number, line in enumerate(page.splitlines()):
        if line == "---" and (number == 0 or matter):
            matter, line = not matter, ""
        if line.lstrip().startswith("```"):
            fence, line = not fence, ""
        opened = BOX.match(line)
        if opened:
            box, line = True, f"### {opened[1]}" if opened[1] else ""
        elif line and not line.startswith("    "):
            box = False
        lines.append("" if fence or matter else line.removeprefix("    ") if box else line)
    return "\n".join(lines)


def texts_of_page(path: Path) -> Iterator[Text]:
    lang = path.relative_to(DOCS).parts[0]
    page = path.read_text(encoding="utf-8")
    manner = "である" if "book" in path.parts else ""
    shown = str(path.relative_to(DOCS.parent))
    for number, line in enumerate(page.splitlines(), 1):
        if number > 1 and line == "---":
            break
        read = re.match(r"(?:title|description): +(.*)", line)
        if read:
            yield Text(shown, number, lang, manner, plain("# " * line.startswith("title") + read[1].strip("\"'"), lang))
    yield Text(shown, 1, lang, manner, plain(body(page), lang))


def texts_of_data(path: Path) -> Iterator[Text]:
    """Each `{en: …, ja: …}` of a data file."""

    def walk(node: yaml.Node | None) -> Iterator[Text]:
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from walk(item)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value in LANGUAGES and isinstance(value, yaml.ScalarNode):
                    text = SLOT.sub(NUMBER, plain(value.value, key.value))
                    sentence = re.search(r"。|\.(\s|$)", text)  # else a label
                    line = value.start_mark.line + 1 + (value.style in ("|", ">"))
                    yield Text(shown, line, key.value, "である", text if sentence else f"# {text}")
                else:
                    yield from walk(value)

    shown = str(path.relative_to(DOCS.parent))
    try:
        yield from walk(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return  # the check of the data says it better


def names() -> list[str]:
    """Words of the names in data/, which no dictionary holds."""
    found: set[str] = set()
    for path in files_under(DATA, "*.yml"):
        for line in re.findall(
            r"^(?:name|publisher|provider_name|\w*lab|developer): *(.*)", path.read_text("utf-8"), re.M
        ):
            found.update(re.findall(r"[A-Za-zÀ-ž]{3,}", line))
    return sorted(found)


def own_words() -> list[str]:
    lines = (RULES / "words.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def findings(texts: list[Text], words: list[str]) -> list[list[dict[str, Any]]]:
    """What the linters say about each text."""
    if not (ROOT / "node_modules" / "@textlint").exists():
        raise SystemExit("check: style: node_modules lacks textlint; run `make setup`")
    given = json.dumps({"words": words, "texts": [asdict(text) for text in texts]})
    try:
        answer: list[list[dict[str, Any]]] = node_json("scripts/prose_style.mjs", given)
    except RuntimeError as bad:
        raise SystemExit(f"check: style: {bad}") from bad
    return answer


def all_paths() -> list[Path]:
    """Every file whose prose is checked."""
    pages = [path for lang in LANGUAGES for path in files_under(DOCS / lang, "*.md")]
    return [*pages, *(path for kind in KINDS for path in files_under(DATA / kind, "*.yml"))]


def check_style(paths: Sequence[Path] | None = None) -> list[str]:
    """`file:line: message` for each finding in these files, or in all."""
    chosen = all_paths() if paths is None else list(paths)
    texts = [t for p in chosen for t in (texts_of_page(p) if p.suffix == ".md" else texts_of_data(p)) if t.text.strip()]
    words = [*own_words(), *names()]
    rules = hash_of([*files_under(RULES), ROOT / "package-lock.json", ROOT / "scripts" / "prose_style.mjs"])
    keys = [hash_of([], rules, t.lang, t.manner, t.text, *(words if t.lang == "en" else ())) for t in texts]
    known: dict[str, list[dict[str, Any]]] = json.loads(CACHE.read_text("utf-8")) if CACHE.exists() else {}
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        known |= dict(zip(new, findings(list(new.values()), words), strict=True))
        kept = {key: known[key] for key in (keys if paths is None else known)}  # all were read: forget the others
        write_at_once(CACHE, json.dumps(kept))
    return [
        f"{text.file}:{text.line + found['line'] - 1}: {found['message']}"
        + ("; reword it" * (";" not in found["message"]))
        for key, text in zip(keys, texts, strict=True)
        for found in known[key]
    ]


def main(argv: Sequence[str] | None = None) -> int:
    named = list(sys.argv[1:] if argv is None else argv)
    if {"-h", "--help"} & {*named}:
        print(__doc__)
        return 0
    found = check_style([Path(name).resolve() for name in named] or None)
    print("\n".join(found) or "style: fine")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())

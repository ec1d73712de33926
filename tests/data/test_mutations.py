"""Machine-made corruptions of the real files: each is refused where it stands, or changes nothing that is published.

A kind of corruption is a function: a file -> changes of it, each with the field or line that the refusal must name.
Which files and places are hit follows from hashes of names: the same on every Python, and a new data file moves few.
A wrong number that could as well be right is no kind: only its source tells.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from calculators.data_files import DATA, KINDS, BadData, DatesAsText, Entity, Path_, dotted, fields_of, read_all
from calculators.load import compile_data
from scripts.data_api import PUBLISHED, rows_of

SEED = "2026-11-23"
AT_LEAST = 300
LARGEST_SHARE = 0.10
LARGEST_HARMLESS_SHARE = 0.15
ONE_LINE = re.compile(r"data/[^\n]+:[1-9]\d*: [^\n]+; [^\n]+")


@dataclass(frozen=True)
class Place:
    """A value in a file."""

    path: Path_
    key: yaml.ScalarNode | None
    node: yaml.Node

    @property
    def name(self) -> str:
        return dotted(self.path)

    @property
    def last(self) -> str:
        return str(self.path[-1])

    def is_a(self, *tags: str) -> bool:
        return self.node.tag.removeprefix("tag:yaml.org,2002:") in tags


@dataclass(frozen=True)
class Change:
    """A corrupted file: what it holds, and the field or the lines one of which a refusal must name."""

    content: bytes
    field: str
    lines: range
    word: str = ""  # what the refusal must say besides
    name: str = ""  # the file's new name
    link: bool = False  # a link or a folder stands in the file's place
    about: str = ""


def is_block(node: yaml.Node) -> bool:
    """A mapping or list without braces or brackets."""
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


@dataclass
class File:
    """A real file, with the places of its values."""

    kind: str
    name: str
    text: str

    @property
    def shown(self) -> str:
        return f"data/{self.kind}/{self.name}"

    @cached_property
    def root(self) -> yaml.MappingNode:
        node = yaml.compose(self.text, Loader=DatesAsText)
        assert isinstance(node, yaml.MappingNode)
        return node

    @cached_property
    def values(self) -> Any:
        return yaml.load(self.text, Loader=DatesAsText)

    @cached_property
    def places(self) -> list[Place]:
        return [Place(*found) for found in fields_of(self.root, (), set())]

    @cached_property
    def at(self) -> dict[str, Place]:
        return {place.name: place for place in self.places}

    def of(self, *tags: str) -> list[Place]:
        return [place for place in self.places if place.is_a(*tags)]

    def raw(self, node: yaml.Node) -> str:
        """A node as written; a block ends only where the next key begins."""
        text = self.text[node.start_mark.index : node.end_mark.index]
        return text.rstrip() if is_block(node) else text

    def whole(self, content: str | bytes, about: str = "", **more: Any) -> Change:
        """Another content that is refused as a whole."""
        data = content.encode() if isinstance(content, str) else content
        return Change(data, "", range(1, 2), about=about, **more)

    def cut(self, start: int, end: int, new: str, name: str, **more: Any) -> Change:
        """Characters replaced; `name`: the field that a refusal must name, or the line of the first of them."""
        text = self.text[:start] + new + self.text[end:]
        line = text.count("\n", 0, start) + 1
        shown = f"{self.text[start:end][:60]!r} -> {new[:60]!r} at {name or 'the top'}, line {line}"
        return replace(Change(text.encode(), name, range(line, line + 1), about=shown), **more)

    def put(self, place: Place, new: str, name: str = "", **more: Any) -> Change:
        """A value replaced."""
        start = place.node.start_mark.index
        return self.cut(start, start + len(self.raw(place.node)), new, name or place.name, **more)

    def without(self, place: Place, name: str, **more: Any) -> Change:
        """A key of a flow mapping or of the top level left out."""
        assert place.key is not None
        start, end = place.key.start_mark.index, place.node.end_mark.index
        if len(place.path) == 1:
            end = self.text.find("\n", end - 1) + 1
        elif self.text[end : end + 1] == ",":
            end += len(self.text[end:]) - len(self.text[end + 1 :].lstrip())
        else:
            start = len(re.sub(r",?\s*$", "", self.text[:start]))
        return self.cut(start, end, "", name, **more)

    def appended(self, line: str, name: str, **more: Any) -> Change:
        """A line more at the end."""
        return self.cut(len(self.text), len(self.text), f"{line}\n", name, **more)


Corrupt = Callable[[File], Iterator[Change]]


@dataclass(frozen=True)
class Kind:
    """A kind of corruption: how it is made, how often, and what must follow."""

    make: Corrupt
    data_kinds: int  # hit at most so many data kinds
    each: int  # so often each
    harmless: bool
    elsewhere: bool  # other files refer to what is gone


CORRUPTIONS: dict[str, Kind] = {}


def corruption(
    data_kinds: int = 8, each: int = 1, harmless: bool = False, elsewhere: bool = False
) -> Callable[[Corrupt], Corrupt]:
    """Enters a kind of corruption under the name of its function."""

    def enter(make: Corrupt) -> Corrupt:
        name = getattr(make, "__name__", "").replace("_", " ")
        CORRUPTIONS[name] = Kind(make, data_kinds, each, harmless, elsewhere)
        return make

    return enter


# --- YAML and its traps


@corruption()
def duplicate_key(file: File) -> Iterator[Change]:
    for place in file.of("str", "int", "float", "bool"):
        if len(place.path) == 1:
            yield file.appended(f"{place.last}: {file.raw(place.node)}", place.name, word="twice")
    for place in file.of("map"):
        inner = file.raw(place.node)
        if inner.startswith("{") and place.node.value:
            first, value = place.node.value[0]
            end = place.node.end_mark.index - 1
            again = f", {first.value}: {file.raw(value)}"
            yield file.cut(end, end, again, f"{place.name}.{first.value}", word="twice")


@corruption()
def tab_indentation(file: File) -> Iterator[Change]:
    for key, value in file.root.value:
        yield file.cut(key.start_mark.index, key.start_mark.index, "\t", "?", word="YAML")
        if is_block(value):
            start = value.start_mark.index
            yield file.cut(start - value.start_mark.column, start, "\t", "?", word="YAML")


@corruption()
def alias_to_nowhere(file: File) -> Iterator[Change]:
    for place in file.of("str", "int", "float", "bool", "seq"):
        if not is_block(place.node):
            yield file.put(place, "*nowhere", word="alias")


@corruption()
def alias_to_an_anchor(file: File) -> Iterator[Change]:
    """The same value through an alias: as true as before, but the reader of a line no longer sees the value."""
    for one, two in itertools.combinations(file.of("str", "int", "float", "bool"), 2):
        start, end = one.node.start_mark.index, two.node.start_mark.index
        if file.raw(one.node) == file.raw(two.node):
            between = "&same " + file.text[start:end] + "*same"
            line = two.node.start_mark.line + 1
            changed = file.cut(start, two.node.end_mark.index, between, two.name, word="alias")
            yield replace(changed, lines=range(line, line + 1))


@corruption()
def merge_key(file: File) -> Iterator[Change]:
    for place in file.of("map"):
        if file.raw(place.node).startswith("{"):
            start = place.node.start_mark.index + 1
            yield file.cut(start, start, "<<: {note: merged}, ", f"{place.name}.<<", word="merge")
    yield file.appended("<<: {note: merged}", "<<", word="merge")


@corruption()
def not_a_number(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        for new in (".nan", ".inf", "-.inf", ".NAN"):
            yield file.put(place, new)


@corruption()
def huge_number(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        for new in ("1e30", "1.0e+30", "9" * 5000, "-1.0e+30", "1" + "0" * 19):
            yield file.put(place, new)


@corruption()
def number_in_another_notation(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        for new in ("017", "0o17", "0x1F", "0b11", "1_000", "12:30", "1:30.5", "+5", ".5", "5."):
            yield file.put(place, new)


@corruption()
def number_with_a_comma_or_a_unit(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        plain = place.node.value
        for new in (f"{plain},000", f"{plain} GB", f"${plain}", f"{plain}%", f"~{plain}", "１２", f"{plain}億"):
            name = place.name if "," not in new else dotted(place.path[:-1])
            yield file.put(place, new, name)


@corruption()
def tag(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        for new in ("!!str", "!!binary", "!!python/name:os.system", "!mine", "!!timestamp"):
            yield file.put(place, f"{new} {file.raw(place.node)}")
    for place in file.of("str"):
        yield file.put(place, f"!!binary {file.raw(place.node)}")
        yield file.put(place, f"!!python/object/apply:os.system [{file.raw(place.node)}]")
    for place in file.of("seq"):
        yield file.put(place, "!!omap [a: 1]")
        yield file.put(place, "!!set {a, b}")


@corruption()
def key_that_is_no_text(file: File) -> Iterator[Change]:
    for key in ("2026", "on", "null", "1.5", "[a, b]", "{a: b}", '"a\\nb"', "~", '""'):
        yield file.appended(f"{key}: {{en: a, ja: b}}", "?")
    for place in file.of("map"):
        if file.raw(place.node).startswith("{"):
            start = place.node.start_mark.index + 1
            yield file.cut(start, start, "7: x, no: x, ", "?")


@corruption()
def deep_nesting(file: File) -> Iterator[Change]:
    for opened, closed in (("[", "]"), ("{a: ", "}"), ("[", ""), ("- ", "")):
        for depth in (30, 900, 50_000):
            start = "\n" if opened == "- " else ""
            changed = file.appended(f"deep: {start}{opened * depth}1{closed * depth}", "?", word="nested")
            yield replace(changed, lines=range(changed.lines[0], changed.lines[0] + 2))


@corruption(6)
def second_document(file: File) -> Iterator[Change]:
    for key, _ in file.root.value[1:]:
        yield file.cut(key.start_mark.index, key.start_mark.index, "---\n", "?", word="YAML")


@corruption(6)
def conflict_marker(file: File) -> Iterator[Change]:
    for key, _ in file.root.value:
        start = key.start_mark.index
        for mark in ("<<<<<<< HEAD\n", "=======\n", ">>>>>>> main\n"):
            changed = file.cut(start, start, mark, "?", word="YAML")
            yield replace(changed, lines=range(changed.lines[0], changed.lines[0] + 2))


@corruption()
def truncated(file: File) -> Iterator[Change]:
    """The rest of the file is gone, from the middle of a mapping in braces, a list in brackets or a text in quotes."""
    for place in file.places:
        raw = file.raw(place.node)
        if raw[:1] in tuple("{[\"'") and len(raw) > 2:
            middle = place.node.start_mark.index + len(raw) // 2
            changed = file.cut(middle, len(file.text), "", place.name, word="YAML")
            first = place.node.start_mark.line + 1
            yield replace(changed, lines=range(first, changed.lines[0] + 2))


@corruption()
def quote_lost(file: File) -> Iterator[Change]:
    for place in file.of("str"):
        if file.raw(place.node).startswith('"'):
            end, first = place.node.end_mark.index, place.node.start_mark.line + 1
            changed = file.cut(end - 1, end, "", place.name, word="YAML")
            yield replace(changed, lines=range(first, file.text.count("\n") + 2))


# --- Bytes and files


STRAY_BYTES = (
    (b"\xe9", "latin-1"),
    (b"\x95\x5c", "shift_jis"),
    (b"\x80", "utf-8"),
    (b"\xed\xa0\x80", "utf-8"),
)


@corruption()
def other_encoding(file: File) -> Iterator[Change]:
    for place in file.of("str"):
        start = place.node.start_mark.index + 1
        for stray, encoding in STRAY_BYTES:
            before, after = (text.encode(encoding, "replace") for text in (file.text[:start], file.text[start:]))
            first = min((i for i, byte in enumerate(before) if byte > 127 and encoding != "utf-8"), default=len(before))
            line = before.count(b"\n", 0, first) + 1
            about = f"{encoding} at {place.name}"
            yield Change(before + stray + after, "?", range(line, line + 1), word="UTF-8", about=about)


@corruption(6)
def utf_16(file: File) -> Iterator[Change]:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield file.whole(file.text.encode(encoding), encoding, word="UTF-8")


@corruption()
def control_or_invisible_character(file: File) -> Iterator[Change]:
    for place in file.of("str"):
        start = place.node.start_mark.index + 1
        for letter in "\0\a\b\x1b\x7f\x85\u00ad\u200b\u200f\u2028\u202e\u2060\ufeff\ufffd\ufffe":
            yield file.cut(start, start, letter, place.name)
        if file.raw(place.node).startswith('"'):
            for letter in (r"\0", r"\e[0m", r"\n", r"\u200b", r"\t"):
                yield file.cut(start, start, letter, place.name)


@corruption(6)
def empty_file(file: File) -> Iterator[Change]:
    for text in ("", "\n\n", "# to do\n", "---\n", "{}\n", "null\n", "[]\n"):
        yield file.whole(text, repr(text))


@corruption(6)
def no_plain_file(file: File) -> Iterator[Change]:
    yield file.whole(file.text, "link", link=True, word="symbolic link")
    yield file.whole("", "folder", link=True, word="not a file")


@corruption(4)
def ten_megabytes(file: File) -> Iterator[Change]:
    yield file.whole(file.text + "# padding\n" * 1_000_000, "10 MB of comment", word="bytes")


@corruption(elsewhere=True)
def bad_name(file: File) -> Iterator[Change]:
    stem = file.name.removesuffix(".yml")
    for name in (
        f"{stem.capitalize() if stem[0].isalpha() else 'X' + stem}.yml",
        f"{stem} 2.yml",
        f"{stem}.yaml",
        f"{stem}.yml.bak",
        f"{stem}.YML",
        f"{stem}-.yml",
        f"機器-{stem}.yml",
        f"{stem}\n.yml",
    ):
        yield file.whole(file.text, f"renamed to {name!r}", name=name)


@corruption()
def file_of_another_kind(file: File) -> Iterator[Change]:
    for other in FOLDERS:
        if other != file.kind:
            content = files_of(other)[0]
            # Which of its fields is told first is open.
            yield replace(file.whole(content.text, f"the content of {content.shown}"), lines=range(1, 1000))


# --- Keys and types


def typos(word: str) -> list[str]:
    return [f"{word}s", word[:-1] or "q", f"{word[0]}{word}", word.upper(), f"{word} "]


@corruption(each=2)
def unknown_key(file: File) -> Iterator[Change]:
    for place in file.places:
        # What a table of texts calls its lines is its own affair.
        if place.key is None or (file.kind == "strings" and len(place.path) == 1) or inside_free_value(file, place):
            continue
        key = place.key
        for typo in typos(key.value):
            name = dotted((*place.path[:-1], typo.strip()))
            if typo.strip() != key.value:
                yield file.cut(key.start_mark.index, key.end_mark.index, typo, name)


def inside_free_value(file: File, place: Place) -> bool:
    """Inside of a parameter's own mapping or list, whose form the calculator knows."""
    return file.kind == "parameters" and place.path[0] == "value" and len(place.path) > 1


@cache
def required_of(kind: str) -> dict[str, list[str]]:
    """Required keys of the top level, and of the rows."""
    schema = json.loads((DATA / "schema" / f"{KINDS[kind]}.json").read_text(encoding="utf-8"))
    rows = schema["properties"].get("rows", {}).get("items", {})
    return {"": schema["required"], "rows": rows.get("required", [])}


@corruption(each=2)
def required_key_dropped(file: File) -> Iterator[Change]:
    for place in file.places:
        *around, key = place.path
        parent = dotted(tuple(around))
        level = "rows" if re.fullmatch(r"rows\[\d+\]", parent) else parent
        sourced = {"value", "source"} <= set(dict_at(file, tuple(around)))
        flow = file.raw(file.at[parent].node).startswith("{") if around else len(file.values) > 1
        if flow and (
            key in required_of(file.kind).get(level, ())
            or (sourced and around and key in ("value", "source", "date"))
            or (around and key in ("en", "ja") and "also" not in around)
        ):
            yield file.without(place, parent, word=str(key))


def dict_at(file: File, path: Path_) -> Mapping[str, Any]:
    values = file.values
    for step in path:
        values = values[step]
    return values if isinstance(values, Mapping) else {}


@corruption()
def number_made_text(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        if not inside_free_value(file, place) and place.path[0] != "choices":
            yield file.put(place, f'"{place.node.value}"')
            yield file.put(place, "unknown")


@corruption(elsewhere=True)
def text_made_number(file: File) -> Iterator[Change]:
    for place in file.of("str"):
        if not inside_free_value(file, place):
            yield file.put(place, "5")
            yield file.put(place, "0.5")


@corruption()
def wrong_shape(file: File) -> Iterator[Change]:
    for place in file.of("seq", "map"):
        if inside_free_value(file, place):
            continue
        for new in ("[1]", "{zzz: 1}", "text", "true"):
            if not (place.is_a("seq") and new == "[1]"):
                yield file.put(place, new)


@corruption(elsewhere=True)
def empty_value(file: File) -> Iterator[Change]:
    for place in file.of("str", "seq", "int", "float", "bool"):
        # No unit, no reason and an empty list in a preset are answers, too.
        answer = place.last in ("unit", "because") or (place.path[0] == "set" and place.is_a("seq"))
        if not answer and not inside_free_value(file, place):
            yield file.put(place, '""' if place.is_a("str") else "[]")


@corruption()
def null(file: File) -> Iterator[Change]:
    for place in file.places:
        if place.key is not None and not is_block(place.node):
            for new in ("null", "~", "", "Null"):
                yield file.put(place, new, word="nothing given")


@corruption()
def boolean_in_other_words(file: File) -> Iterator[Change]:
    for place in file.of("bool"):
        for new in ("yes", "no", "on", "Off", "True", "y", "1", '"true"'):
            yield file.put(place, new)
    for place in file.of("str"):
        yield file.put(place, "no")
        yield file.put(place, "true")


ENUMS = {
    "models": "modality|native_quantization|layer_groups.value.*kind",
    "devices": "device_class|tier|speed_group",
    "quantizations": "file_family|computed_in",
    "prices": "currency",
    "sources": "kind",
    "facts": "topic",
    "speed-profiles": "group|engine|parallelism|prefill_attention|status",
    "parameters": "kind|status|group|calculators.*|control|entity",
    "scores": "unit|interval",
    "measurements": "rows.*(engine|parallelism|measured_by|weights_bytes_kind)",
    "regulations": "jurisdiction|kind|status",
    "prompt-paths": r"place|rows\[\d+\]\.hop",
    "usage-formats": r"files.*|row|added.*|includes.*",
    "browser-models": "precision",
    "claims": "by|kind|text_says",
    "releases": r"rows\[\d+\]\.status",
    "sentences": r"calculator|chart|inputs\.\w+\.scale",
    "figures": r"panels\[\d+\]\.(chart|sort|join|[xy]\.scale)",
    "presets": r"kind|jurisdiction|set\.(data_class|residency|currency|allowed_tiers.*|cloud_regions.*)",
}


@corruption(12)
def wrong_choice(file: File) -> Iterator[Change]:
    for place in file.of("str", "int"):
        if re.fullmatch(ENUMS.get(file.kind, "-"), place.name):
            for new in (f"{place.node.value}x", "other", place.node.value.swapcase()):
                if new != place.node.value:
                    yield file.put(place, new)


# --- References


@corruption(12)
def source_that_does_not_exist(file: File) -> Iterator[Change]:
    for place in file.of("str"):
        if place.last == "source":
            for new in (f"{place.node.value}-x", place.node.value[:-1], place.node.value.upper()):
                yield file.put(place, new)


REFERENCES = {
    "models": r"weights_files\[\d+\].quantization|native_quantization",
    "devices": "speed_group",
    "servers": "device",
    "prices": "model|provider",
    "scores": r"rows\[\d+\].model|benchmark",
    "measurements": r"rows\[\d+\].(model|device|quantization)",
    "parameters": "fact|value|entity|derived_from",
    "presets": r"because\[\d+\]|set\..*(fact|model|device|quantization|region|residency)",
    "glossary": r"see\[\d+\]",
    "prompt-paths": "provider|before|after",
    "speed-profiles": "group|engine",
    "quantizations": "computed_in",
    "works": r"sources\[\d+\]",
    "claims": r"references\[\d+\]",
    "sentences": r"presets\[\d+\]|set\.(model|device)|inputs\.\w+\.choices\[\d+\]|beside\.\w+\.\w+",
    "figures": r"panels\[\d+\]\.rows\[\d+\]\.group",
}


@corruption(11, each=2)
def reference_to_nothing(file: File) -> Iterator[Change]:
    for place in file.of("str"):
        if re.fullmatch(REFERENCES.get(file.kind, "-"), place.name):
            for new in (f"{place.node.value}-x", f"{place.node.value}0", place.node.value[:-1]):
                yield file.put(place, new)
    if file.kind == "presets":
        for place in file.places:
            if place.key is not None and len(place.path) == 2 and place.path[0] == "set":
                mark = place.key
                for typo in (f"{place.last}s", place.last[:-1]):
                    name = dotted(("set", typo))
                    yield file.cut(mark.start_mark.index, mark.end_mark.index, typo, name)


# --- Dates

DATES = re.compile(r"\d{4}-\d\d(-\d\d)?")


def dates(file: File) -> list[Place]:
    return [p for p in file.of("str") if DATES.fullmatch(p.node.value) and p.last != "version"]


@corruption(10)
def impossible_date(file: File) -> Iterator[Change]:
    for place in dates(file):
        for new in ("2026-02-31", "2025-02-29", "2026-13-01", "2026-00-10", "2026-06-31", "0000-01-01"):
            yield file.put(place, new)


@corruption(10)
def date_in_the_future(file: File) -> Iterator[Change]:
    for place in dates(file):
        if place.last not in ("to", "in_force_from"):
            yield file.put(place, "2999-01-01")
            yield file.put(place, "9999-12-31")


@corruption(10)
def date_in_another_form(file: File) -> Iterator[Change]:
    for place in dates(file):
        for new in (
            "11/23/2026",
            "23.11.2026",
            "2026-2-3",
            "20260203",
            "2026年2月3日",
            '"2026-02-03T00:00:00Z"',
            "2026",
        ):
            yield file.put(place, new)


# --- Numbers

SIZES = r"(value|low|high)"
POSITIVE = {
    "models": rf"(total_params|active_params|n_experts|experts_per_token|embedding_params|attention_heads|layers"
    rf"|context_tokens|kv_kib_per_token)\.{SIZES}|weights_files\[\d+\]\.bytes"
    r"|layer_groups\.value\[\d+\]\.(layers|kv_heads|head_dim|window|kv_lora_rank|qk_rope_head_dim)",
    "devices": rf"(\w+|tflops(_sparse)?\.\w+)\.{SIZES}|tier",
    "servers": rf"\w+\.{SIZES}|n_devices",
    "quantizations": rf"bits_per_weight\.{SIZES}",
    "speed-profiles": rf"parameters\.\w+_(efficiency|factor|exponent)\.{SIZES}|\w+_interval\.{SIZES}",
    "measurements": r"rows\[\d+\]\.(\w+_per_second|weights_bytes|batch|(prompt|generated)_tokens|n_devices|power_w)",
    "prices": r"rows\[\d+\]\.tiers\[\d+\]\.above_prompt_tokens",
    "scores": r"n\.value|rows\[\d+\]\.n",
    "parameters": "step",
    "sentences": r"inputs\.\w+\.(low|steps)|set\.bits_per_weight",
}
NOT_NEGATIVE = POSITIVE | {
    "prices": r"rows.*(in|out|cache_\w+|above_prompt_tokens|batch_discount)",
    "speed-profiles": rf".*\.{SIZES}",
    "measurements": r"rows\[\d+\]\.\w+",
    "facts": f"{SIZES}|n",
    "parameters": f"{SIZES}|step",
    "presets": r"set\.\w+",
}


def numbers(file: File, which: Mapping[str, str]) -> list[Place]:
    return [p for p in file.of("int", "float") if re.fullmatch(which.get(file.kind, "-"), p.name)]


@corruption(12)
def negative_number(file: File) -> Iterator[Change]:
    signed = file.kind == "facts" and file.values["unit"] in ("percent", "points", "factor", "")
    for place in numbers(file, NOT_NEGATIVE):
        if not signed and float(place.node.value) and file.values.get("min", 0) >= 0:
            yield file.put(place, f"-{place.node.value}")


@corruption(12)
def zero(file: File) -> Iterator[Change]:
    for place in numbers(file, POSITIVE):
        yield file.put(place, "0")


@corruption(10, each=2)
def ends_swapped(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        pair = {"low": "high", "min": "max"}.get(place.last)
        told = "max" if pair == "max" else "value"
        other = file.at.get(dotted((*place.path[:-1], pair))) if pair else None
        if other is not None and other.node.value != place.node.value:
            (a, b) = sorted((place.node, other.node), key=lambda n: n.start_mark.index)
            start, end = a.start_mark.index, b.end_mark.index
            between = file.text[a.end_mark.index : b.start_mark.index]
            changed = file.cut(start, end, file.raw(b) + between + file.raw(a), dotted((*place.path[:-1], told)))
            yield replace(changed, lines=range(changed.lines[0], changed.lines[0] + 1 + between.count("\n")))


@corruption(10, each=2, elsewhere=True)
def value_outside_of_its_range(file: File) -> Iterator[Change]:
    for place in file.of("int", "float"):
        around = dict_at(file, place.path[:-1])
        if place.last == "value" and "low" in around and "high" in around:
            for new in (around["high"] * 2 + 1, around["low"] / 2 - 1, around["high"] + 1):
                yield file.put(place, f"{new:.6f}", dotted(place.path[:-1]))
                yield file.put(place, f"{new:.6f}")


@corruption(each=4)
def active_over_total(file: File) -> Iterator[Change]:
    """Dropped, added or swapped digits of one of the two."""
    if file.kind == "models" and {"total_params.value", "active_params.value"} <= set(file.at):
        total, active = file.at["total_params.value"], file.at["active_params.value"]
        yield file.put(active, f"{file.values['total_params']['value'] + 1}", "active_params")
        yield file.put(active, f"{active.node.value}000", "active_params")
        below = file.values["active_params"]["value"] - 1
        yield replace(file.put(total, f"{below}", "active_params"))


@corruption(each=4)
def more_experts_used_than_there_are(file: File) -> Iterator[Change]:
    if "n_experts.value" in file.at:
        experts, used = file.at["n_experts.value"], file.at["experts_per_token.value"]
        yield file.put(used, f"{file.values['n_experts']['value'] + 1}", "experts_per_token")
        if file.values["experts_per_token"]["value"] > 2:
            yield file.put(experts, f"{file.values['experts_per_token']['value'] - 1}", "experts_per_token")


@corruption(each=6)
def prices_overlap(file: File) -> Iterator[Change]:
    if file.kind != "prices":
        return
    rows = file.values["rows"]
    for i, (_, later) in enumerate(itertools.pairwise(rows)):
        to = file.at.get(f"rows[{i}].to")
        if to is not None:
            yield file.without(to, f"rows[{i}]", word="overlap")
            year, rest = int(later["from"][:4]), later["from"][4:]
            yield file.put(to, f"{year + 1}{rest}", f"rows[{i}]", word="overlap")
    last = file.at[f"rows[{len(rows) - 1}]"]
    again = file.raw(last.node).rstrip()
    yield file.appended(f"  - {again}", f"rows[{len(rows) - 1}]", word="overlap")


@corruption(each=5)
def price_ends_before_it_begins(file: File) -> Iterator[Change]:
    if file.kind != "prices":
        return
    for i, row in enumerate(file.values["rows"]):
        end = file.at[f"rows[{i}].from"].node.end_mark.index
        to = file.at.get(f"rows[{i}].to")
        for new in (row["from"], "2019-12-31"):
            name = f"rows[{i}].to"
            yield file.put(to, new, name) if to else file.cut(end, end, f", to: {new}", name)


@corruption(each=6)
def sparse_rate(file: File) -> Iterator[Change]:
    """A data sheet's figure with sparsity is twice the dense one; told where another precision stands beside it.

    Not where chips differ by as much: INT8 and FP4 of RTX cards, and what a B300 has left of INT8.
    """
    rates = file.values.get("tflops", {}) if file.kind == "devices" else {}
    free = ("int8", "fp4") if file.values.get("device_class") == "rtx" else ()
    for precision, rate in rates.items():
        if len(rates) > 1 and precision not in free and rate["value"] >= rates["bf16"]["value"]:
            yield file.put(file.at[f"tflops.{precision}.value"], f"{rate['value'] * 2:g}", "tflops")


@corruption(each=5)
def memory_in_the_wrong_unit(file: File) -> Iterator[Change]:
    if file.kind == "devices":
        size = file.values["memory_gib"]["value"]
        for factor in (1e9 / 2**30, 2**30 / 1e9):
            yield file.put(file.at["memory_gib.value"], f"{size * factor:.2f}")
            yield file.put(file.at["memory_gib.value"], f"{size * factor:.1f}")


# Every weight in the same number of bits: what the file holds is known beforehand.
UNIFORM = ("bf16", "q8-0", "q4-0", "fp8")


@corruption(each=5)
def gib_for_gb(file: File) -> Iterator[Change]:
    for i, weights in enumerate(file.values.get("weights_files", ()) if file.kind == "models" else ()):
        if weights["quantization"] in UNIFORM:
            smaller = round(weights["bytes"] * 1e9 / 2**30)
            yield file.put(file.at[f"weights_files[{i}].bytes"], f"{smaller}", word="GiB")


@corruption(each=5)
def cache_heads_doubled(file: File) -> Iterator[Change]:
    if file.kind != "models" or "kv_kib_per_token" not in file.values:
        return
    for i, group in enumerate(file.values["layer_groups"]["value"]):
        for key in ("kv_heads", "kv_lora_rank"):
            if key in group:
                place = file.at[f"layer_groups.value[{i}].{key}"]
                yield file.put(place, f"{group[key] * 2}", "kv_kib_per_token", word="published")
                if group[key] > 1:
                    yield file.put(place, f"{group[key] // 2}", "kv_kib_per_token", word="published")


@corruption(each=6)
def row_given_twice(file: File) -> Iterator[Change]:
    if file.kind in ("scores", "measurements"):
        rows = file.values["rows"]
        for i in range(len(rows)):
            again = file.raw(file.at[f"rows[{i}]"].node).rstrip()
            yield file.appended(f"  - {again}", f"rows[{len(rows)}]")


# --- Words


@corruption(each=7)
def slot_lost(file: File) -> Iterator[Change]:
    if file.kind == "strings":
        for place in file.of("str"):
            for slot in re.finditer(r"\{\w+\}", file.raw(place.node)):
                start = place.node.start_mark.index + slot.start()
                for new in ("", slot[0].replace("}", "s}"), slot[0][1:-1]):
                    name = dotted((*place.path[:-1], "ja"))
                    changed = file.cut(start, start + len(slot[0]), new, name, word="slots")
                    yield changed


@corruption(12)
def doubt_without_its_note(file: File) -> Iterator[Change]:
    for place in file.of("bool"):
        *around, key = place.path
        note = file.at.get(dotted((*around, "note")))
        if key == "verified" and place.node.value == "false" and note is not None:
            yield file.without(note, dotted(tuple(around)), word="note")


@corruption(each=8)
def term_given_twice(file: File) -> Iterator[Change]:
    if file.kind == "glossary":
        other = files_of("glossary")[0]
        for lang in ("en", "ja"):
            if other is not file:
                yield file.put(file.at[f"term.{lang}"], other.raw(other.at[f"term.{lang}"].node), word="also the term")


# --- What changes nothing


@corruption(15, harmless=True)
def comment_and_trailing_space(file: File) -> Iterator[Change]:
    for key, value in file.root.value:
        if not is_block(value):
            end = value.end_mark.index
            yield file.cut(end, end, "   # a remark  ", "")
        yield file.cut(key.start_mark.index, key.start_mark.index, "# a remark\n\n", "")


@corruption(15, harmless=True)
def order_of_keys(file: File) -> Iterator[Change]:
    """The first key of the top level goes to the end."""
    (first, _), (second, _) = (*file.root.value, *file.root.value)[:2]
    start, end = first.start_mark.index, second.start_mark.index
    if start < end:
        text = file.text[:start] + file.text[end:].rstrip("\n") + "\n" + file.text[start:end]
        yield Change(text.encode(), "", range(1, 2), about=f"{first.value} moved to the end")


@corruption(15, harmless=True)
def line_ends_of_windows(file: File) -> Iterator[Change]:
    yield Change(file.text.replace("\n", "\r\n").encode(), "", range(1, 2), about="CRLF")
    yield Change(file.text.rstrip("\n").encode(), "", range(1, 2), about="no line end at the end")


# --- The choice of corruptions

FOLDERS = list(KINDS)


def rank(*words: object) -> str:
    """A place in an order that looks random and is the same everywhere."""
    return hashlib.sha256("\0".join(map(str, (SEED, *words))).encode()).hexdigest()


@cache
def files_of(kind: str) -> list[File]:
    paths = sorted(path for path in (DATA / kind).iterdir() if path.suffix == ".yml")
    return [File(kind, path.name, path.read_text(encoding="utf-8")) for path in paths]


def copied(data: Path) -> Path:
    """A copy of data/ to spoil."""
    shutil.copytree(DATA / "schema", data / "schema")
    for kind in FOLDERS:
        (data / kind).mkdir()
        for file in files_of(kind):
            (data / kind / file.name).write_text(file.text, encoding="utf-8")
    return data


def changes_of(name: str, file: File) -> list[Change]:
    """All changes of a kind in a file, in the order of their ranks."""
    found = [c for c in CORRUPTIONS[name].make(file) if c.content != file.text.encode() or c.name or c.link]
    order = {id(change): rank(name, file.name, i) for i, change in enumerate(found)}
    return sorted(found, key=lambda change: order[id(change)])


def picked(name: str, kind: str) -> list[tuple[File, Change]]:
    """The corruptions of a kind in a data kind: one in each of a few files, more in one only where files are few."""
    files = sorted(files_of(kind), key=lambda file: rank(name, kind, file.name))
    each = CORRUPTIONS[name].each
    first = list(itertools.islice(((f, made) for f in files if (made := changes_of(name, f))), each))
    rounds = itertools.zip_longest(*([(file, change) for change in made] for file, made in first))
    return [one for one in itertools.chain(*rounds) if one is not None][:each]


def chosen() -> list[tuple[str, File, Change]]:
    """All corruptions of this test; a kind that fits many data kinds takes those that had the fewest so far."""
    found: list[tuple[str, File, Change]] = []
    hits: Counter[str] = Counter()
    for name, corrupt in reversed(CORRUPTIONS.items()):
        folders = sorted(FOLDERS, key=lambda kind: (hits[kind], rank(name, kind)))
        made = itertools.islice((some for kind in folders if (some := picked(name, kind))), corrupt.data_kinds)
        new = [(name, file, change) for some in list(made) for file, change in some]
        hits.update(file.kind for _, file, _ in new)
        found += new
    return found


# --- The test


def as_published(found: Mapping[str, Mapping[str, Entity]]) -> str:
    """All that leaves data/: what the engine takes, the rows of the data API, the words of pages. Keys in any order."""
    whole = {
        "engine": compile_data(found, "same"),
        "api": {kind: list(rows_of(kind, found)) for kind in PUBLISHED},
        "feeds": {i: e.values.get("feed") for i, e in found["prices"].items()},
        "words": {area: e.values for area, e in found["strings"].items()},
        "figures": {i: e.values for i, e in found["figures"].items()},
        "works": {i: e.values for i, e in found["works"].items()},
    }
    return json.dumps(whole, ensure_ascii=False, sort_keys=True)


@dataclass
class Verdicts:
    """What became of the corruptions."""

    kinds: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    harmless: Counter[str] = field(default_factory=Counter)
    data_kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.data_kinds.total()

    def table(self) -> str:
        rows = [f"{name:40}{self.refused[name]:8}{self.harmless[name]:9}" for name in self.kinds]
        by_folder = ", ".join(f"{kind} {n}" for kind, n in sorted(self.data_kinds.items()))
        sums = f"{self.total} corruptions, {self.harmless.total()} harmless; {by_folder}"
        return "\n".join([f"{'kind':40} refused harmless", *rows, sums, *self.faults])


def apply(change: Change, path: Path, elsewhere: Path) -> Path:
    """Puts a change in a file's place; returns where it stands."""
    path.unlink()
    target = path.with_name(change.name or path.name)
    if change.link and change.content:
        elsewhere.write_bytes(change.content)
        target.symlink_to(elsewhere)
    elif change.link:
        target.mkdir()
    else:
        target.write_bytes(change.content)
    return target


def undo(target: Path, path: Path, before: str) -> None:
    target.rmdir() if target.is_dir() and not target.is_symlink() else target.unlink()
    path.write_text(before, encoding="utf-8")


def outcome(data: Path) -> str | BadData:
    """What is published, or the refusal; any other error is the test's own failure."""
    try:
        return as_published(read_all(data))
    except BadData as refused:
        return refused


def fault_of(refused: BadData, change: Change, shown: str, corrupt: Kind) -> str | None:
    """What is wrong with a refusal; None if it says what is wrong and where."""
    lines = str(refused).splitlines()
    if len(lines) != len(refused.problems) or not all(ONE_LINE.fullmatch(line) for line in lines):
        return "refused, but not as one line a problem of the form file:line: field: problem; allowed"
    if corrupt.harmless:
        return "refused, but it changes nothing"
    others = {p.file for p in refused.problems if p.file != shown}
    if others and not corrupt.elsewhere:
        return f"refused, but {', '.join(sorted(others))} blamed, too"
    for problem in refused.problems:
        told = problem.line in change.lines or re.match(re.escape(change.field) + r"($|[.\[])", problem.field)
        if problem.file == shown and told and change.word in str(problem):
            return None
    return f"refused, but not for {change.field or 'the file'} or line {change.lines[0]} {change.word!r}"


def judge(name: str, file: File, change: Change, copy: Path, untouched: str, verdicts: Verdicts) -> None:
    """Corrupts the copy, notes what follows, restores the copy."""
    path = copy / file.kind / file.name
    target = apply(change, path, copy.parent / "linked.yml")
    try:
        result: str | BadData | Exception = outcome(copy)
    except Exception as error:  # that it is another error is the finding
        result = error
    finally:
        undo(target, path, file.text)
    verdicts.kinds[name] += 1
    verdicts.data_kinds[file.kind] += 1
    shown = f"data/{file.kind}/{target.name}"
    fault: str | None = None
    if isinstance(result, BadData):
        verdicts.refused[name] += 1
        shown = next((p.file for p in result.problems if p.file.startswith(shown)), shown)
        fault = fault_of(result, change, shown, CORRUPTIONS[name])
    elif isinstance(result, Exception):
        fault = f"stopped with {type(result).__name__}: {result}"
    elif result == untouched:
        verdicts.harmless[name] += 1
        fault = None if CORRUPTIONS[name].harmless else "neither refused nor published"
    else:
        fault = "SLIPPED THROUGH: not refused, and what is published changed"
    if fault:
        told = f"\n    {result!s:.300}" if isinstance(result, BadData) else ""
        verdicts.faults.append(f"{file.shown}: {name}: {change.about}: {fault}{told}")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    copy = copied(tmp_path_factory.mktemp("mutations") / "data")
    untouched, found = outcome(copy), Verdicts()
    assert isinstance(untouched, str), untouched
    for name, file, change in chosen():
        judge(name, file, change, copy, untouched, found)
    assert outcome(copy) == untouched, "the copy was not restored"
    return found


def test_every_corruption_is_refused_where_it_stands_or_changes_nothing(verdicts: Verdicts) -> None:
    if verdicts.faults:
        pytest.fail(verdicts.table(), pytrace=False)


def test_the_corruptions_are_many_and_of_many_kinds(verdicts: Verdicts) -> None:
    total, kinds = verdicts.total, verdicts.kinds
    assert total >= AT_LEAST and set(kinds) == set(CORRUPTIONS) and len(kinds) >= 15, verdicts.table()
    assert set(verdicts.data_kinds) == set(KINDS), verdicts.table()
    assert max(kinds.values()) <= LARGEST_SHARE * total, verdicts.table()
    assert max(verdicts.data_kinds.values()) <= LARGEST_SHARE * total, verdicts.table()


def test_few_corruptions_are_harmless(verdicts: Verdicts) -> None:
    assert verdicts.harmless.total() <= LARGEST_HARMLESS_SHARE * verdicts.total, verdicts.table()

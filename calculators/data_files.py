"""Reads `data/`: YAML with line numbers and JSON Schema; `data_checks` adds what a schema cannot say. CPython only.

Every problem is one line: `file:line: field: what was given, what is allowed`.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
# Folder -> schema; the folder is the kind of entity.
KINDS = {
    "models": "model",
    "devices": "device",
    "servers": "server",
    "quantizations": "quantization",
    "prices": "price",
    "sources": "source",
    "facts": "fact",
    "speed-profiles": "speed-profile",
    "parameters": "parameter",
    "scores": "score",
    "measurements": "measurement",
    "regulations": "regulation",
    "prompt-paths": "prompt-path",
    "presets": "preset",
    "usage-formats": "usage-format",
    "browser-models": "browser-model",
    "model-hosts": "model-host",
    "glossary": "term",
    "works": "work",
    "claims": "claim",
    "releases": "release",
    "figures": "figure",
    "sentences": "sentence",
    "strings": "strings",
}
# The areas of data/strings/ that the engine says; pages carry the others.
ENGINE_STRINGS = ("engine", "units", "results", "answers", "exposure")
# A data file is read by people; a larger one is a mistake.
LARGEST_FILE = 500_000
# Kebab-case, with a dot where a version or a second part has one; parameters are named as in a scenario.
FILE_NAME = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
PARAMETER_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# YAML 1.1 also takes 0x1f, 010 (= 8), 1_000, 12:30 (= 750), .nan; nobody means those here.
PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
# More is a slip of the keyboard, and no longer an exact number in a browser.
LARGEST_NUMBER = 10**18
# Data files and scenarios nest five deep; libyaml ends the whole process where a file nests tens of thousands deep.
DEEPEST = 20
# Control characters, what turns or hides text, and the sign for a letter that was lost: nobody sees them in a review.
UNSEEN = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
NOT_TEXT = re.compile(f"[{UNSEEN}\ud800-\udfff]")
NOT_ONE_LINE = re.compile(f"[{UNSEEN}\t\n\r]")
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


class DatesAsText(yaml.CSafeLoader):
    """A date stays the text that was written: JSON has no dates, and the schema checks the form."""


DatesAsText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def measured_source(measurements: str) -> str:
    """Key of the source of a file of data/measurements: what stands before the first dot of its name."""
    return measurements.partition(".")[0]


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place."""

    file: str
    line: int
    field: str
    text: str

    def __str__(self) -> str:
        told = f"{self.file}:{self.line}: {f'{self.field}: ' if self.field else ''}{self.text}"
        # What was given may hold line ends.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in told)


class BadData(Exception):
    """Problems found in `data/`; str() gives a line each."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


Path_ = tuple[str | int, ...]


@dataclass
class Entity:
    """One file: its values and the line of each field."""

    file: str
    values: dict[str, Any]
    lines: dict[Path_, int]

    def line(self, path: Path_) -> int:
        """The line of a field, or of the nearest field around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_text(path: Path, shown_as: str) -> str:
    """A data file's text. Raises BadData for what is no plain, small file of UTF-8."""

    def refuse(text: str) -> BadData:
        return BadData([Problem(shown_as, 1, "", text)])

    if path.is_symlink():
        raise refuse("is a symbolic link; allowed: a plain file; put the values here")
    if not path.is_file():
        raise refuse("is not a file; allowed: a YAML file")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise refuse(f"holds {size:,} bytes; allowed: at most {LARGEST_FILE:,}; split it, one entity a file")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as bad:
        line = bad.object.count(b"\n", 0, bad.start) + 1
        text = f"is not UTF-8 at byte {bad.start}; allowed: UTF-8; save the file as UTF-8"
        raise BadData([Problem(shown_as, line, "", text)]) from None
    except OSError as bad:
        raise refuse(f"cannot be read: {bad.strerror}; allowed: a readable file") from None
    if not text.strip():
        raise refuse("is empty; allowed: a mapping of fields to values; delete the file or fill it")
    return text


def parse(text: str, shown_as: str) -> Entity:
    """The values and lines of a file's text. Raises BadData for what YAML refuses, and for its traps."""

    def refuse(line: int, what: str, field: str = "") -> BadData:
        return BadData([Problem(shown_as, line, field, what)])

    if unseen := NOT_TEXT.search(text):
        where_unseen = text.count("\n", 0, unseen.start()) + 1
        raise refuse(where_unseen, f"holds {unseen[0]!a}, which nobody sees; allowed: printable UTF-8; delete it")
    loader = DatesAsText(text)
    try:
        if (deep := too_deep(text)) is not None:
            raise refuse(deep, "is nested too deeply; allowed: the fields of the schema")
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise refuse(1, "holds no fields; allowed: a mapping of fields to values")
        lines: dict[Path_, int] = {}
        for where, key, value in fields_of(node, (), set()):
            line = (key or value).start_mark.line + 1
            if where in lines:
                raise refuse(
                    line, f"key given twice, first in line {lines[where]}; allowed: once; keep one", dotted(where)
                )
            lines[where] = line
            if key is not None and key.tag == "tag:yaml.org,2002:merge":
                raise refuse(line, "merge key given; allowed: plain keys; write the values out", dotted(where))
            if key is not None and (key.tag != "tag:yaml.org,2002:str" or NOT_ONE_LINE.search(key.value)):
                text = f"{key.value} is no name of a field; allowed: plain text; quote it if it is meant"
                raise refuse(line, text, dotted(where))
            if (fault := node_fault(value)) is not None:
                raise refuse(value.start_mark.line + 1, fault, dotted(where))
        values = loader.construct_document(node)
    except AliasGiven as bad:
        raise refuse(bad.line, "alias given; allowed: plain values; write the values out", dotted(bad.path)) from None
    except yaml.MarkedYAMLError as bad:
        mark = bad.problem_mark or bad.context_mark
        line, problem = mark.line + 1 if mark else 1, str(bad.problem)
        if any(row.startswith("\t") for row in text.splitlines()[line - 1 : line]):
            raise refuse(line, "is not valid YAML: begins with a tab; allowed: spaces, two a level") from None
        raise refuse(line, f"is not valid YAML: {problem}; allowed: YAML as in the neighbors") from None
    finally:
        loader.dispose()
    return Entity(shown_as, values, lines)


def too_deep(text: str) -> int | None:
    """The line where a text nests deeper than any data file or scenario; None if nowhere. Raises what YAML refuses."""
    depth = 0
    for event in yaml.parse(text, Loader=DatesAsText):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


class AliasGiven(Exception):
    """A node stands in two places."""

    def __init__(self, path: Path_, line: int) -> None:
        self.path, self.line = path, line


def fields_of(
    node: yaml.Node, path: Path_, seen: set[int]
) -> Iterator[tuple[Path_, yaml.ScalarNode | None, yaml.Node]]:
    """Every field of a node: its path, its key (None in a list) and its value. Raises AliasGiven."""
    if id(node) in seen:
        raise AliasGiven(path, node.start_mark.line + 1)
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = (*path, key.value if isinstance(key, yaml.ScalarNode) else "?")
            yield where, key, value
            yield from fields_of(value, where, seen)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield (*path, i), None, value
            yield from fields_of(value, (*path, i), seen)


def node_fault(node: yaml.Node) -> str | None:
    """What is wrong with how a value is written; None if nothing."""
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if not isinstance(node, yaml.ScalarNode):
        return None if kind in ("map", "seq") else f"tag {kind} given; allowed: plain mappings and lists; delete it"
    given = node.value if len(node.value) <= 40 else node.value[:37] + "..."
    if kind in ("int", "float") and not PLAIN_NUMBER.fullmatch(node.value):
        return (
            f"{given} is not allowed; allowed: a plain number such as 12, 0.5 or 744000000000; quote it if it is text"
        )
    if kind in ("int", "float") and abs(float(node.value)) > LARGEST_NUMBER:
        return f"{given} is not allowed; allowed: at most {LARGEST_NUMBER:.0e}; check the zeros"
    if kind == "str" and (unseen := NOT_ONE_LINE.search(node.value)):
        return f"holds {unseen[0]!a}, which nobody sees; allowed: one line of printable text; delete it"
    if kind == "bool" and node.value not in ("true", "false"):
        return f"{given} means true or false in YAML; allowed: true, false; quote it if it is text"
    if kind == "null":
        return "nothing given; allowed: a value; leave the key out if the value is unknown"
    return (
        None if kind in ("int", "float", "bool", "str") else f"{given} is not allowed; allowed: plain text or numbers"
    )


def dotted(path: Path_) -> str:
    """('rows', 0, 'in') -> rows[0].in"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


@lru_cache(maxsize=64)
def validator_of(schema_text: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema_text))


@lru_cache(maxsize=20_000)
def checked(text: str, schema_text: str, shown_as: str) -> tuple[Entity | None, tuple[Problem, ...]]:
    """A file's entity and its problems; None if it has any. Kept, so that a second run reads only what changed."""
    try:
        entity = parse(text, shown_as)
    except BadData as bad:
        return None, tuple(bad.problems)
    problems = tuple(schema_problem(entity, error) for error in validator_of(schema_text).iter_errors(entity.values))
    return (None if problems else entity), problems


def read_all(data: Path = DATA) -> dict[str, dict[str, Entity]]:
    """Every entity by kind and id, checked. Raises BadData with all problems of one run."""
    from .data_checks import cross_problems

    problems: list[Problem] = []
    found: dict[str, dict[str, Entity]] = {}
    broken: dict[str, set[str]] = {}
    for kind, schema_name in KINDS.items():
        schema_text = (data / "schema" / f"{schema_name}.json").read_text(encoding="utf-8")
        found[kind], broken[kind] = {}, set()
        for path in sorted((data / kind).iterdir()) if (data / kind).is_dir() else ():
            if path.name.startswith("."):
                continue
            shown = f"data/{kind}/{path.name}"
            if (fault := name_fault(kind, path)) is not None:
                problems.append(Problem(shown, 1, "", fault))
                continue
            try:
                text = read_text(path, shown)
            except BadData as bad:
                entity, own = None, tuple(bad.problems)
            else:
                entity, own = checked(text, schema_text, shown)
            problems += own
            if entity:
                found[kind][path.stem] = entity
            else:
                broken[kind].add(path.stem)
    problems += cross_problems(found, broken)
    if problems:
        raise BadData(sorted(set(problems), key=lambda p: (p.file, p.line, p.field, p.text)))
    return found


def figure_at(found: Mapping[str, Mapping[str, Entity]], reference: str) -> Mapping[str, Any] | None:
    """What `fact:` names: a fact's id, or `servers/h200-sxm-x8#price_usd`. None if there is no such figure."""
    kind, _, rest = reference.partition("/") if "#" in reference else ("facts", "", reference)
    entity_id, _, field = rest.partition("#")
    entity = found.get(kind, {}).get(entity_id)
    value: Any = entity.values if entity else None
    for step in field.split(".") if field else ():
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) and "value" in value else None


def name_fault(kind: str, path: Path) -> str | None:
    """What is wrong with a file's name; None if nothing."""
    if path.suffix != ".yml":
        return f"{path.name} is not allowed here; allowed: files named <id>.yml; rename or move it"
    if kind == "parameters":
        form, words, example = PARAMETER_NAME, "lower case with underscores", "context_tokens"
    else:
        form, words, example = FILE_NAME, "lower case with hyphens", "glm-5"
    if not form.fullmatch(path.stem):
        return f"{path.stem} is not allowed as an id; allowed: {words}, such as {example}; rename the file"
    return None


def schema_problem(entity: Entity, error: jsonschema.ValidationError) -> Problem:
    """A schema error in our words."""
    while error.context:  # anyOf: the branch that came furthest says most
        error = max(error.context, key=lambda e: len(e.absolute_path))
    path: Path_ = tuple(error.absolute_path)
    instance: Any = error.instance
    given = json.dumps(instance, ensure_ascii=False, default=str)
    given = given if len(given) <= 60 else given[:57] + "..."
    rule: Any = error.validator_value
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        allowed = sorted(schema.get("properties") or schema.get("patternProperties", {}))
        extra = sorted(k for k in instance if k not in allowed)
        path = (*path, extra[0])
        near = difflib.get_close_matches(str(extra[0]), allowed, n=1)
        text = f"unknown key; {f'did you mean {near[0]}? ' if near else ''}allowed: {', '.join(allowed)}"
    elif error.validator == "required":
        missing = [k for k in rule if k not in instance]
        text = f"{', '.join(missing)} missing; required: {', '.join(rule)}"
    elif error.validator == "enum":
        text = f"{given} is not allowed; allowed: {', '.join(map(str, rule))}"
    elif error.validator == "type":
        kinds = rule if isinstance(rule, str) else " or ".join(rule)
        # Most often somebody wrote a bare value where its source and date belong, too.
        keys = f" such as {{{', '.join(k + ': …' for k in schema['required'])}}}" if schema.get("required") else ""
        text = f"{given} is not allowed; allowed: {kinds}{keys}"
    elif error.validator in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
        text = f"{given} is not allowed; allowed: {BOUNDS[error.validator]} {rule}"
    elif error.validator == "pattern":
        text = f"{given} is not allowed; allowed: {schema.get('description') or 'text that matches ' + str(rule)}"
    else:
        text = f"{given} is not allowed; allowed: {error.validator} {json.dumps(rule, ensure_ascii=False)[:80]}"
    return Problem(entity.file, entity.line(path), dotted(path), text)

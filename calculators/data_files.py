"""Reads `data/`: YAML with line numbers, JSON Schema, references between files. CPython only.

Every problem is one line: `file:line: field: what is wrong, what is allowed`.
"""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    "strings": "strings",
}


# The areas of data/strings/ that the engine says; pages carry the others.
ENGINE_STRINGS = ("engine", "units", "results")
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


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place."""

    file: str
    line: int
    field: str
    text: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.field}: {self.text}"
            if self.field
            else f"{self.file}:{self.line}: {self.text}"
        )


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


def read_entity(path: Path, shown_as: str) -> Entity:
    """Raises BadData for what YAML itself refuses: encoding, syntax, duplicate keys, no mapping."""

    def refuse(line: int, text: str, field: str = "") -> BadData:
        return BadData([Problem(shown_as, line, field, text)])

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as bad:
        raise refuse(1, f"is not UTF-8 at byte {bad.start}; save the file as UTF-8") from None
    loader = DatesAsText(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise refuse(1, "holds no fields; allowed: a mapping of fields to values")
        lines: dict[Path_, int] = {}
        for where, key, line in keys_of(node, ()):
            if where in lines:
                raise refuse(line, f"key given twice, first in line {lines[where]}; keep one", dotted(where))
            lines[where] = line
            if key is not None and key.tag == "tag:yaml.org,2002:merge":
                raise refuse(line, "merge keys are not allowed; write the values out", dotted(where))
        values = loader.construct_document(node)
    except yaml.MarkedYAMLError as bad:
        mark = bad.problem_mark or bad.context_mark
        raise refuse(mark.line + 1 if mark else 1, f"is not valid YAML: {bad.problem}") from None
    finally:
        loader.dispose()
    return Entity(shown_as, values, lines)


def keys_of(node: yaml.Node, path: Path_) -> Iterator[tuple[Path_, yaml.ScalarNode | None, int]]:
    """Every field of a node with its path and line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = (*path, key.value)
            yield where, key, key.start_mark.line + 1
            yield from keys_of(value, where)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            where = (*path, i)
            yield where, None, value.start_mark.line + 1
            yield from keys_of(value, where)


def dotted(path: Path_) -> str:
    """('rows', 0, 'in') -> rows[0].in"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_all(data: Path = DATA) -> dict[str, dict[str, Entity]]:
    """Every entity by kind and id, checked. Raises BadData with all problems of one run."""
    problems: list[Problem] = []
    found: dict[str, dict[str, Entity]] = {}
    for kind, schema_name in KINDS.items():
        schema = json.loads((data / "schema" / f"{schema_name}.json").read_text(encoding="utf-8"))
        validator = jsonschema.Draft202012Validator(schema)
        found[kind] = {}
        for path in sorted((data / kind).glob("*.yml")):
            shown = f"data/{kind}/{path.name}"
            try:
                entity = read_entity(path, shown)
            except BadData as bad:
                problems += bad.problems
                continue
            # `best_match` per branch keeps a wrong type from also being reported as a wrong choice.
            problems += [schema_problem(entity, error) for error in validator.iter_errors(entity.values)]
            found[kind][path.stem] = entity
    if not problems:
        problems += reference_problems(found)
    if problems:
        raise BadData(sorted(problems, key=lambda p: (p.file, p.line)))
    return found


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
        side = {
            "minimum": "at least",
            "exclusiveMinimum": "more than",
            "maximum": "at most",
            "exclusiveMaximum": "less than",
        }
        text = f"{given} is not allowed; allowed: {side[error.validator]} {rule}"
    elif error.validator == "pattern":
        text = f"{given} is not allowed; allowed: {schema.get('description') or 'text that matches ' + str(rule)}"
    else:
        text = f"{given} is not allowed; allowed: {error.validator} {json.dumps(rule, ensure_ascii=False)[:80]}"
    return Problem(entity.file, entity.line(path), dotted(path), text)


def walk(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every value with its path."""
    yield path, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from walk(inner, (*path, i))


def reference_problems(found: Mapping[str, Mapping[str, Entity]]) -> list[Problem]:
    """What a schema cannot say: named entities exist, active <= total, layers add up, file names match."""
    problems: list[Problem] = []

    def refuse(entity: Entity, path: Path_, text: str) -> None:
        problems.append(Problem(entity.file, entity.line(path), dotted(path), text))

    def refer(entity: Entity, path: Path_, kind: str, name: str) -> None:
        if name not in found[kind]:
            refuse(entity, path, f"{name} does not exist; allowed: a file name of data/{kind}/ without .yml")

    for kind, entities in found.items():
        if kind == "strings":
            continue
        for entity in entities.values():
            for path, value in walk(entity.values):
                if path and path[-1] == "source" and isinstance(value, str):
                    refer(entity, path, "sources", value)
    for entity_id, entity in found["models"].items():
        v = {k: e["value"] for k, e in entity.values.items() if isinstance(e, Mapping) and "value" in e}
        if v.get("active_params", 0) > v.get("total_params", float("inf")):
            refuse(
                entity,
                ("active_params",),
                f"{v['active_params']} is more than total_params; allowed: at most {v['total_params']}",
            )
        if "layers" in v and "layer_groups" in v:
            counted = sum(g["layers"] for g in v["layer_groups"])
            if counted > v["layers"]:
                refuse(
                    entity, ("layer_groups",), f"groups hold {counted} layers; allowed: at most {v['layers']} (layers)"
                )
        for i, weights in enumerate(entity.values.get("weights_files", ())):
            refer(entity, ("weights_files", i, "quantization"), "quantizations", weights["quantization"])
        if entity.values["open_weights"] and "weights_id" not in entity.values:
            refuse(entity, (), f"weights_id missing: {entity_id} is open_weights; give the id where its weights lie")
    for entity in found["servers"].values():
        refer(entity, ("device",), "devices", entity.values["device"])
    for entity_id, entity in found["prices"].items():
        refer(entity, ("model",), "models", entity.values["model"])
        expected = f"{entity.values['model']}.{entity.values['provider']}"
        if entity_id != expected:
            refuse(entity, ("provider",), f"file name is {entity_id}; allowed: {expected}.yml")
        rows = sorted(entity.values["rows"], key=lambda r: r["from"])
        for i, (one, two) in enumerate(itertools.pairwise(rows)):
            if one.get("to", "9999") > two["from"]:
                refuse(entity, ("rows", i), f"overlaps the row from {two['from']}; allowed: to at most {two['from']}")
    groups = {e.values["group"] for e in found["speed-profiles"].values()}
    for entity in found["devices"].values():
        if entity.values["speed_group"] not in groups:
            refuse(
                entity,
                ("speed_group",),
                f"{entity.values['speed_group']} has no speed profile; allowed: {', '.join(sorted(groups))}",
            )
    for group in sorted(groups):
        members = [e for e in found["speed-profiles"].values() if e.values["group"] == group]
        if sum(bool(e.values.get("default")) for e in members) != 1:
            refuse(members[0], ("default",), f"group {group} needs exactly one profile with default: true")
    seen: dict[str, Entity] = {}
    for area in ENGINE_STRINGS:  # compiled into one table
        for string_id in found["strings"][area].values:
            if string_id in seen:
                refuse(
                    found["strings"][area],
                    (string_id,),
                    f"string given twice, first in {seen[string_id].file}; keep one",
                )
            seen[string_id] = found["strings"][area]
    return problems

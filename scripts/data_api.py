"""Writes the data API: flat rows of every kind as JSON and CSV, a JSON Schema each, and a manifest.

Usage: python -m scripts.data_api --out DIR
DIR receives models.json, … , schema/<kind>.json, models.csv, … and manifest.json. The same commit gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from calculators import ENGINE_VERSION
from calculators.claims import CONDITIONS, STATUSES, TEXTS, computed_columns, ledger, said
from calculators.data_files import DATA, KINDS, BadData, Entity, measured_source, read_all
from calculators.dataset import LayerGroup
from calculators.evidence import Evidence
from calculators.load import data_hash, with_fact
from calculators.memory import kv_bytes_per_token
from calculators.own_device import OWN
from calculators.scores import score_from
from calculators.text import LANGUAGES

Row = dict[str, Any]
# Keys whose object has no columns of its own: a preset's settings, a default that is an object, files' hashes.
FREE = ("set", "value", "sha256")
# Strings, sentences and remarks on works are words of the site, figures drawings of data: none of them is data.
PUBLISHED = [kind for kind in KINDS if kind not in ("strings", "sentences", "figures", "works")]
NO_CSV = ("glossary", "presets", "regulations", "prompt-paths", "claims", "releases", "browser-models", "model-hosts")
CSV_KINDS = [kind for kind in PUBLISHED if kind not in NO_CSV]
# Columns that are computed here, with their schema.
COMPUTED: dict[str, Row] = {
    "models": {
        "kv_bytes_per_token": {
            "type": "number",
            "description": "Computed from layer_groups: bytes one more token adds to the cache at 16 bits.",
        }
    },
    "scores": {
        "interval_low": {"type": "number", "description": "Low end of the 95 % interval, in unit."},
        "interval_high": {"type": "number", "description": "High end of the 95 % interval, in unit."},
        "interval_method": {"enum": ["binomial", "published"], "description": "From n (Wilson), or published."},
    },
    "prices": {
        "above_prompt_tokens": {
            "type": "integer",
            "description": "The row holds for longer prompts; 0: for all others.",
        },
        "unit": {"const": "USD per 1M tokens", "description": "Unit of all prices."},
    },
    "claims": {
        "status": {"enum": list(STATUSES), "description": "Computed from the conditions; a judgment's own."},
        "now": {"type": ["number", "string", "null"], "description": "Value of now_expression; null: there is none."},
        "now_unit": {"type": "string", "description": 'Unit of now; "times" for a ratio, "share" for one of 1.'},
        "now_low": {"type": "number", "description": "Low end of its interval."},
        "now_high": {"type": "number", "description": "High end of its interval."},
        "now_expression": {"type": "string", "description": "What now is computed from."},
        "unverifiable_because": {
            "type": "string",
            "description": "Why it is not verifiable, where a value is missing.",
        },
        **{f"condition_{word}": {"type": "string", "description": f"When it is {word}."} for word in CONDITIONS},
    },
}
# Kinds whose rows are one figure each: they say whether it is verified.
FIGURES = ("prices", "scores", "measurements", "facts", "parameters", "regulations")
# Kinds whose files hold a list of rows.
LISTS = ("prices", "scores", "measurements", "prompt-paths", "releases")


def flat(values: Mapping[str, Any], prefix: str = "") -> Row:
    """Nested values as one level: `{value, source, …}` -> key, key_source, …; `{en, ja}` -> key_en, key_ja."""
    row: Row = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and isinstance(value.get("unknown"), str):
            row[name], row[f"{name}_unknown"] = None, value["unknown"]
        elif isinstance(value, dict) and "value" in value and "source" in value:
            row[name] = value["value"]
            rest = {"verified": True, **{k: v for k, v in value.items() if k != "value"}}
            row |= {f"{name}_{k}": v for k, v in rest.items()}
        elif isinstance(value, dict) and key not in FREE:
            row |= flat({"verified": True, **value} if "source" in value else value, f"{name}_")
        else:
            row[name] = value
    return row


def rows_of(kind: str, found: Mapping[str, Mapping[str, Entity]]) -> Iterator[Row]:
    """Flat rows of a kind, in the order of their ids."""
    for entity_id, entity in sorted(found[kind].items()):
        values = entity.values
        if kind == "prices":
            yield from price_rows(entity_id, values)
        elif kind == "scores":
            shared = {k: v for k, v in values.items() if k != "rows"}
            for row_id, row in identified(entity_id, values["rows"], "model setting harness date"):
                margin = found["facts"][values["margin"]].values["value"] if "margin" in values else None
                score = score_from(entity_id, values, row, margin)
                own = {"interval_low": score.low, "interval_high": score.high, "interval_method": score.method}
                own = {k: v for k, v in own.items() if v is not None}
                # The row's own source and n stand for the score.
                yield {
                    "id": row_id,
                    **flat({**shared, **row}),
                    **({"n": score.n} if score.n else {}),
                    **own,
                }
        elif kind == "measurements":
            keys = "model device quantization_label quantization batch"
            for row_id, row in identified(entity_id, values["rows"], keys):
                own = {"this_device": values["this_device"]} if row["device"] == OWN else {}
                yield {"id": row_id, "source": measured_source(entity_id), **flat(row), **flat(own)}
        elif kind == "releases":
            shared = {k: v for k, v in values.items() if k != "rows"}
            for row_id, row in identified(entity_id, values["rows"], "claim"):
                yield {"id": row_id, **shared, **row}
        elif kind == "claims":
            yield {"id": entity_id, **flat(as_conditions(values))}
        elif kind == "prompt-paths":
            shared = {k: v for k, v in values.items() if k != "rows"}
            for row_id, row in identified(entity_id, values["rows"], "hop"):
                yield {"id": row_id, **shared, **flat(row)}
        else:
            own = with_fact(values, found) if kind == "parameters" else values
            row = {"id": entity_id, **flat(own)}
            if kind == "models" and (groups := row.get("layer_groups")):
                growing = kv_bytes_per_token(tuple(LayerGroup(**group) for group in groups))
                row["kv_bytes_per_token"] = growing
            yield row


def identified(file_id: str, rows: Sequence[Mapping[str, Any]], keys: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows with an id made of what tells them apart, so that a row keeps its id when others are added before it."""
    seen: Counter[str] = Counter()
    for row in rows:
        words = "-".join(str(row[key]) for key in keys.split() if key in row)
        row_id = f"{file_id}#{re.sub('[^a-z0-9.]+', '-', words.lower()).strip('-')}"
        seen[row_id] += 1
        yield (row_id if seen[row_id] == 1 else f"{row_id}-{seen[row_id]}"), row


def as_conditions(claim: Mapping[str, Any]) -> Row:
    """A claim whose expressions leave the names `now` and `status` to what is computed from them."""
    renamed = {"now": "now_expression", "status": "condition" if claim["kind"] != "judgment" else "status"}
    return {renamed.get(key, key): value for key, value in claim.items()}


def claim_rows(found: Mapping[str, Mapping[str, Entity]]) -> Iterator[Row]:
    """The rows of `rows_of` with what is computed, and with the texts as they read. Raises BadData."""
    evidence = {lang: Evidence(found, lang) for lang in LANGUAGES}
    claims = {claim.id: claim for claim in ledger(evidence["en"])}
    for row in rows_of("claims", found):
        entity = found["claims"][row["id"]]
        texts = [field for field in TEXTS if field in entity.values]
        filled = {f"{f}_{lang}": said(entity, f, evidence[lang]) for f in texts for lang in LANGUAGES}
        yield row | filled | computed_columns(claims[row["id"]])


def price_rows(price_id: str, values: Mapping[str, Any]) -> Iterator[Row]:
    """A row is model x provider x interval x context tier."""
    shared = {k: v for k, v in values.items() if k not in ("rows", "feed")}
    for row in values["rows"]:
        plain = {k: v for k, v in row.items() if k != "tiers"}
        for tier in ({}, *row.get("tiers", ())):
            above = tier.get("above_prompt_tokens", 0)
            own = plain if not tier else {k: v for k, v in plain.items() if not k.startswith("cache_")} | dict(tier)
            price = {**shared, **own, "above_prompt_tokens": above, "unit": "USD per 1M tokens"}
            yield {"id": f"{price_id}#{row['from']}#{above}", **flat(price)}


@cache
def schema_of(kind: str) -> Row:
    """The JSON Schema of the published rows, derived from the schema of the files."""
    schema: Row = json.loads((DATA / "schema" / f"{KINDS[kind]}.json").read_text(encoding="utf-8"))

    def resolved(node: Row) -> Row:
        """A property with its $ref and its known branch merged in."""
        if "$ref" in node:
            named = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
            node = {**named, **node, "properties": deep(named.get("properties", {}), node.get("properties", {}))}
        if "else" in node:  # {unknown: reason}, or the value
            inner = resolved(node["else"])
            node = {**inner, **{k: v for k, v in node.items() if k in ("description", "x-unit")}, "nullable": True}
        return node

    def columns(properties: Row, prefix: str = "") -> Row:
        found: Row = {}
        for key, raw in properties.items():
            node, name = resolved(raw), f"{prefix}{key}"
            inner = {k: resolved(v) for k, v in node.get("properties", {}).items()}
            if {"value", "source"} <= set(inner):
                about = {k: node[k] for k in ("description", "x-unit") if k in node}
                found[name] = {k: v for k, v in inner["value"].items() if k in ("type", "enum", "items")} | about
                if found[name].get("type") == "array":
                    found[name] = {"type": "array", **about}
                if node.get("nullable"):
                    found[name]["type"] = [found[name].get("type", "number"), "null"]
                    found[f"{name}_unknown"] = {"type": "string", "description": "Why it is not known."}
                for k in (key for key in inner if key != "value"):
                    found[f"{name}_{k}"] = simple(inner[k])
            elif inner and key not in FREE:
                found |= columns(node["properties"], f"{name}_")
            elif key not in ("rows", "feed", "fact", "tiers"):
                found[name] = simple(node)
        return found

    def simple(node: Row) -> Row:
        kept = {k: v for k, v in node.items() if k in ("type", "enum", "const", "description", "x-unit", "pattern")}
        return kept

    properties: Row = {"id": {"type": "string", "description": "Key of the row."}}
    properties |= columns(schema["properties"])
    if kind in LISTS:
        own = {"source": {"type": "string", "description": "Key in sources.json."}} if kind == "measurements" else {}
        properties |= own | columns(schema["properties"]["rows"]["items"]["properties"])
    if kind == "parameters":  # a default may be a fact's, with its mark
        properties["verified"] = {"type": "boolean", "description": "false: not verified."}
    properties |= COMPUTED.get(kind, {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Rows of {kind}.json",
        "description": schema["description"],
        "type": "array",
        "items": {"type": "object", "required": ["id"], "additionalProperties": False, "properties": properties},
    }


def deep(one: Row, other: Row) -> Row:
    """Properties of both, those that stand in both merged."""
    return {**one, **{key: {**one.get(key, {}), **value} for key, value in other.items()}}


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


# A spreadsheet would run a text that begins so.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Columns in the schema's order, those without any value left out; a list is its items, or JSON for objects."""

    def cell(value: Any) -> Any:
        if isinstance(value, list):
            return as_json(value).strip() if any(isinstance(v, Mapping) for v in value) else ";".join(map(str, value))
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str) and value.startswith(FORMULA):
            return f"'{value}"
        return "" if value is None else value

    used = [name for name in columns if any(row.get(name) is not None for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(used)
    writer.writerows([cell(row.get(name)) for name in used] for row in rows)
    return text.getvalue()


def write_api(out: Path, epoch: str) -> None:
    """Everything below `out`. `epoch`: the commit's date, seconds. Raises BadData."""
    found = read_all()
    files: Row = {}

    def write(name: str, text: str, **more: Any) -> None:
        content = text.encode()
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        files[name] = {**more, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    for kind in PUBLISHED:
        given = claim_rows(found) if kind == "claims" else rows_of(kind, found)
        rows = [{**row, "verified": row.get("verified", True)} if kind in FIGURES else row for row in given]
        write(f"{kind}.json", as_json(rows), rows=len(rows))
        schema = schema_of(kind)
        write(f"schema/{kind}.json", json.dumps(schema, ensure_ascii=False, indent=1) + "\n")
        if kind in CSV_KINDS:
            write(f"{kind}.csv", as_csv(rows, list(schema["items"]["properties"])), rows=len(rows))
    manifest = {
        "data_version": data_hash(),
        "commit_date": datetime.fromtimestamp(int(epoch), UTC).isoformat(),
        "engine_version": ENGINE_VERSION,
        "license": "CC-BY-4.0",
        "files": files,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.data_api", description=str(__doc__).splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args(argv)
    try:
        write_api(arguments.out, os.environ.get("SOURCE_DATE_EPOCH", "1767225600"))
    except BadData as bad:
        print(bad, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The data API: flat rows of every kind, valid against their published schemas, the same bytes twice."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from calculators.data_files import read_all
from calculators.load import compiled_json
from scripts.data_api import CSV_KINDS, FREE, PUBLISHED

ROOT = Path(__file__).resolve().parents[2]
# What the site contract names.
CONTRACT = "models devices prices scores parameters sources facts measurements claims".split()
ONE_JSON_BYTES = 150_000


def written(out: Path, **environment: str) -> Path:
    """The API as the build writes it."""
    command = [sys.executable, "-m", "scripts.data_api", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600", **environment})
    return out


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("api"))


def rows(api: Path, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((api / f"{kind}.json").read_text(encoding="utf-8"))
    return found


def test_every_kind_of_the_contract_is_published(api: Path) -> None:
    assert set(CONTRACT) <= set(PUBLISHED)
    for kind in PUBLISHED:
        assert rows(api, kind), kind


@pytest.mark.parametrize("kind", PUBLISHED)
def test_rows_are_flat_and_valid_against_their_schema(api: Path, kind: str) -> None:
    schema = json.loads((api / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
    found = rows(api, kind)
    jsonschema.Draft202012Validator(schema).validate(found)
    ids = [row["id"] for row in found]
    assert len(ids) == len(set(ids))
    for row in found:
        nested = [key for key, value in row.items() if isinstance(value, dict) and key not in FREE]
        assert not nested, (row["id"], nested)


@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_schema_refuses_what_it_does_not_name(api: Path, kind: str) -> None:
    schema = json.loads((api / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{**rows(api, kind)[0], "no_such_column": 1}], schema)


def test_every_figure_carries_its_date_and_source(api: Path) -> None:
    sources = {row["id"] for row in rows(api, "sources")}
    glm = next(row for row in rows(api, "models") if row["id"] == "glm-5")
    stored = read_all()["models"]["glm-5"].values["total_params"]
    assert glm["total_params"] == stored["value"] and glm["total_params_source"] in sources
    assert glm["total_params_date"] == stored["date"] and glm["total_params_verified"] is True
    for kind in ("prices", "scores", "measurements", "facts"):
        for row in rows(api, kind):
            assert row["source"] in sources and row["date"] and isinstance(row["verified"], bool), row["id"]


def test_what_is_unknown_is_null_with_its_reason(api: Path) -> None:
    closed = next(row for row in rows(api, "models") if row["id"] == "claude-opus-4.6")
    assert closed["layer_groups"] is None and closed["layer_groups_unknown"]
    assert "kv_bytes_per_token" not in closed and "total_params" not in closed


def test_the_cache_per_token_is_computed_from_the_layer_groups(api: Path) -> None:
    found = {row["id"]: row for row in rows(api, "models")}
    assert found["glm-5"]["kv_bytes_per_token"] == 78 * (512 + 64) * 2
    assert found["llama-3.3-70b"]["kv_bytes_per_token"] == 80 * 2 * 8 * 128 * 2


def test_a_price_row_is_model_provider_interval_and_context_tier(api: Path) -> None:
    found = [row for row in rows(api, "prices") if row["model"] == "gpt-5.4" and row["provider"] == "openai"]
    assert [row["above_prompt_tokens"] for row in found][:2] == [0, 272_000]
    assert found[1]["in"] > found[0]["in"]
    assert {row["unit"] for row in found} == {"USD per 1M tokens"}


def test_a_claim_carries_its_computed_status_beside_its_conditions(api: Path) -> None:
    found = {row["id"]: row for row in rows(api, "claims")}
    gap = found["gap-to-leader"]
    assert gap["as_written_value"] == 7 and gap["now"] == 13 and gap["status"] == gap["text_says"] == "overturned"
    assert gap["condition_weakened"] and "minus(" in gap["now_expression"]
    assert "scores/artificial-analysis-v4.3.2#claude-opus-5.5" in gap["references"]
    assert not [row for row in found.values() if "{{" in row["statement_en"] + row["statement_ja"]]


def test_csv_holds_the_rows_of_the_json(api: Path) -> None:
    for kind in CSV_KINDS:
        with (api / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        assert [row["id"] for row in found] == [row["id"] for row in rows(api, kind)]
    devices = {row["id"]: row for row in rows(api, "devices")}
    with (api / "devices.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert float(row["memory_gib"]) == devices[row["id"]]["memory_gib"]


def test_the_manifest_names_every_file_with_its_hash(api: Path) -> None:
    manifest = json.loads((api / "manifest.json").read_text(encoding="utf-8"))
    files = {str(path.relative_to(api)) for path in api.rglob("*") if path.is_file()} - {"manifest.json"}
    assert set(manifest["files"]) == files
    for name, entry in manifest["files"].items():
        content = (api / name).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest() and entry["bytes"] == len(content)
    assert manifest["data_version"] == json.loads(compiled_json())["version"]


def test_two_builds_of_one_commit_give_the_same_bytes(api: Path, tmp_path: Path) -> None:
    again = written(tmp_path, PYTHONHASHSEED="7", TZ="Asia/Tokyo", LC_ALL="C")
    for path in sorted(api.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(api)).read_bytes(), path.name


def test_the_browser_takes_one_small_json() -> None:
    assert len(gzip.compress(compiled_json().encode(), 6)) < ONE_JSON_BYTES

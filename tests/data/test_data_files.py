"""Bad data is refused with file, line, field, what is wrong and what is allowed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from calculators.data_files import DATA, BadData, read_all
from calculators.load import compile_data, compiled_json


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of data/ to spoil."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def spoil(file: Path, old: str, new: str) -> int:
    """Replaces text in a file; returns the line where it stands."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problems(data: Path) -> list[str]:
    with pytest.raises(BadData) as refused:
        read_all(data)
    return str(refused.value).splitlines()


def test_the_real_data_is_valid() -> None:
    found = read_all()
    assert len(found["models"]) >= 69 and len(found["devices"]) >= 60


@pytest.mark.parametrize(
    ("file", "old", "new", "field", "text"),
    [
        ("models/glm-5.yml", "lab: Z.ai", "labb: Z.ai", "labb", "unknown key; did you mean lab? allowed: "),
        (
            "models/glm-5.yml",
            "context_tokens: {value: ",
            "context_tokens: 202752 #",
            "context_tokens",
            "{value: …",
        ),
        (
            "models/glm-5.yml",
            "total_params: {value: ",
            "total_params: {value: lots, low: ",
            "total_params.value",
            '"lots" is not allowed',
        ),
        (
            "models/glm-5.yml",
            "total_params: {value: ",
            "total_params: {value: 7440000000, low: ",
            "active_params",
            "is more than total_params",
        ),
        ("models/glm-5.yml", "open_weights: true", "open_weights: maybe", "open_weights", "allowed: boolean"),
        ("models/glm-5.yml", "source: gallery", "source: galery", "source", "galery does not exist"),
        (
            "devices/rtx-4090.yml",
            "device_class: rtx",
            "device_class: gamer",
            "device_class",
            "allowed: datacenter, rtx",
        ),
        (
            "devices/rtx-4090.yml",
            "bandwidth_gbs: {value: ",
            "bandwidth_gbs: {value: -1008, low: ",
            "bandwidth_gbs.value",
            "-1008 is not allowed",
        ),
        ("servers/h200-sxm-x8.yml", "device: h200-sxm", "device: h2000", "device", "h2000 does not exist"),
        ("prices/glm-5.z-ai.yml", "provider: z-ai", "provider: zai", "provider", "allowed: glm-5.zai.yml"),
        ("parameters/isl.yml", "kind: integer", "kind: int", "kind", "allowed: number, integer"),
        ("facts/openrouter-developers.yml", "unit:", "units:", "units", "unknown key"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(copy: Path, file: str, old: str, new: str, field: str, text: str) -> None:
    line = spoil(copy / file, old, new)
    found = [p for p in problems(copy) if text in p]
    assert found and found[0].startswith(f"data/{file}:"), problems(copy)
    where = found[0].split(": ")
    assert field in where[1]
    # A rule between two fields is told at the second one.
    assert int(where[0].rsplit(":", 1)[1]) in (line, line + 1)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"name: A\nname: B\n", ":2: name: key given twice, first in line 1; allowed: once; keep one"),
        (b"name: [\n", "is not valid YAML"),
        (b"\tname: A\n", "begins with a tab; allowed: spaces"),
        (b"", "is empty; allowed: a mapping"),
        (b"- 1\n", "holds no fields"),
        (b"name: \xff\n", "is not UTF-8 at byte 6"),
    ],
)
def test_a_file_that_is_no_entity_is_refused_in_one_line(copy: Path, content: bytes, text: str) -> None:
    (copy / "models" / "broken.yml").write_bytes(content)
    found = problems(copy)
    assert len(found) == 1
    assert found[0].startswith("data/models/broken.yml:") and text in found[0]


def test_all_problems_of_one_run_are_told(copy: Path) -> None:
    spoil(copy / "models/glm-5.yml", "lab: Z.ai", "labb: Z.ai")
    spoil(copy / "devices/rtx-4090.yml", "device_class: rtx", "device_class: gamer")
    files = {p.split(":")[0] for p in problems(copy)}
    assert files >= {"data/models/glm-5.yml", "data/devices/rtx-4090.yml"}


def test_price_rows_may_not_overlap(copy: Path) -> None:
    row = "  - {from: 2026-03-01, in: 1, out: 2, source: models-dev, date: 2026-07-02}\n"
    with (copy / "prices/glm-5.z-ai.yml").open("a", encoding="utf-8") as file:
        file.write(row)
    assert any("overlaps the row from" in p for p in problems(copy))


def test_a_day_may_be_tomorrow_for_it_is_so_in_japan_and_no_later(copy: Path) -> None:
    file, given = copy / "sources/gallery.yml", r"accessed: \d{4}-\d\d-\d\d"
    text = file.read_text(encoding="utf-8")
    for days, refused in ((1, False), (2, True)):
        day = (date.today() + timedelta(days=days)).isoformat()
        file.write_text(re.sub(given, f"accessed: {day}", text), encoding="utf-8")
        if refused:
            (told,) = problems(copy)
            assert f"{day} lies in the future; allowed: up to today, {date.today().isoformat()}" in told
        else:
            read_all(copy)


def test_what_is_compiled_holds_plain_values_and_leaves_out_the_unknown() -> None:
    compiled = json.loads(compiled_json())
    assert compiled["models"]["glm-5"]["total_params"] == 744_000_000_000
    assert "layer_groups" not in compiled["models"]["claude-opus-4.6"]
    assert "bf16" not in compiled["devices"]["iphone-17-pro"]["tflops"]
    assert compiled == compile_data(read_all(), compiled["version"])


def test_a_comment_in_the_checks_compiles_anew_and_changes_no_version(tmp_path: Path) -> None:
    for name in ("calculators", "data"):
        shutil.copytree(DATA.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    def compiled() -> tuple[str, set[str]]:
        """The data's version, and the files that are kept."""
        code = "from calculators.load import compiled_json, data_hash; compiled_json(); print(data_hash())"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip(), {path.name for path in (tmp_path / ".cache" / "data").iterdir()}

    version, kept = compiled()
    assert compiled() == (version, kept)
    with (tmp_path / "calculators" / "claim_checks.py").open("a", encoding="utf-8") as file:
        file.write("\n# A comment.\n")
    again, more = compiled()
    assert again == version and len(more) == len(kept) + 1
    with (tmp_path / "calculators" / "load.py").open("a", encoding="utf-8") as file:
        file.write("\n# What is compiled may differ now.\n")
    assert compiled()[0] != version

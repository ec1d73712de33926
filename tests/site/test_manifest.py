"""A copy of the site is compared with its manifest; two builds of one commit are alike."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from calculators.load import compiled_json
from scripts.manifest import NAME, write_manifest
from scripts.node import NODE
from scripts.static_server import StaticServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    for path, text in {"index.html": "<p>a</p>", "en/index.html": "<p>b</p>", ".nojekyll": "", "a/b.bin": "c"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    write_manifest(folder, "1700000000")
    return folder


def verify(*arguments: str | Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "scripts.manifest", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_an_untouched_copy_is_the_same(site: Path) -> None:
    assert verify(site) == (0, "verify: 4 files are as the manifest says\n")


def test_what_was_changed_lost_or_added_is_named(site: Path) -> None:
    (site / "en/index.html").write_text("<p>B</p>", encoding="utf-8")
    (site / "a/b.bin").unlink()
    (site / "added.js").write_text("", encoding="utf-8")
    code, text = verify(site)
    assert code == 1
    lines = text.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["a/b.bin", "en/index.html", "added.js"]
    assert "is missing" in lines[0] and "differs" in lines[1] and "not in the manifest" in lines[2]


def test_a_published_copy_is_compared_with_a_build_of_ones_own(site: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    shutil.copy(site / NAME, own)
    (site / "index.html").write_text("<p>another</p>", encoding="utf-8")
    write_manifest(site, "1700000000")  # whoever changes a site changes its manifest, too
    server = StaticServer(site, path="/book/")
    try:
        assert verify(server.url)[0] == 0
        code, text = verify(server.url, "--against", own)
    finally:
        server.stop()
    assert code == 1 and text.splitlines()[0].startswith("index.html: differs")


@pytest.mark.parametrize("content", [None, "[]", "{}", "no JSON", '{"files": 3}'])
def test_what_is_no_built_site_is_one_sentence(site: Path, content: str | None) -> None:
    (site / NAME).unlink()
    if content is not None:
        (site / NAME).write_text(content, encoding="utf-8")
    code, text = verify(site)
    assert code == 2 and text.startswith("verify: ") and text.count("\n") == 1 and "make build" in text


def test_the_engines_memory_knows_nothing_of_who_built_it(tmp_path: Path) -> None:
    """Python reads time zone and language as it starts, and its whole memory is kept."""
    (tmp_path / "dataset.json").write_text(compiled_json(), encoding="utf-8")
    (tmp_path / "cases.json").write_text("[]", encoding="utf-8")
    made = set()
    for where in ({"TZ": "UTC", "LC_ALL": "en_US.UTF-8"}, {"TZ": "Asia/Tokyo", "LC_ALL": "ja_JP.UTF-8"}):
        out = tmp_path / where["TZ"]
        places = ["--runtime", out / "runtime", "--engine", out / "engine"]
        given = ["--dataset", tmp_path / "dataset.json", "--cases", tmp_path / "cases.json"]
        command = [NODE, "scripts/build_runtime.mjs", *places, *given]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **where}, check=True)
        made.add(hashlib.sha256((out / "engine" / "heap.wasm").read_bytes()).hexdigest())
    assert len(made) == 1


@pytest.mark.slow
def test_two_clean_builds_of_one_commit_are_alike(tmp_path: Path) -> None:
    """Clones in folders of different names and ages, built one after the other, by builders in different places."""
    manifests = []
    for name, zone, language, seed in (("one", "UTC", "C", "1"), ("another-folder", "Asia/Tokyo", "ja_JP.UTF-8", "2")):
        home = tmp_path / name
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, home], check=True)
        (home / "node_modules").symlink_to(ROOT / "node_modules")
        for kept in (ROOT / ".cache").glob("*.whl"):
            (home / ".cache").mkdir(exist_ok=True)
            shutil.copy(kept, home / ".cache")
        place = {"TZ": zone, "LC_ALL": language, "PYTHONHASHSEED": seed}
        environment = {**os.environ, **place, "SITE_URL": "https://example.org/book/"}
        environment.pop("SOURCE_DATE_EPOCH", None)
        subprocess.run([sys.executable, "-m", "scripts.build"], cwd=home, env=environment, check=True)
        manifests.append(json.loads((home / "site" / NAME).read_text(encoding="utf-8")))
    one, other = (manifest["files"] for manifest in manifests)
    assert {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)} == set()
    assert manifests[0] == manifests[1]

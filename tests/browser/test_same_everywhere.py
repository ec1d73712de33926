"""The engine gives the same bytes on this Python and in Pyodide in a real browser: random scenarios, all commands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser

from calculators import worker
from calculators.dataset import Dataset, dataset_from_json
from calculators.load import load_dataset
from scripts.build import build_assets
from scripts.static_server import StaticServer
from tests.browser.conftest import SITE_URL
from tests.conftest import Run
from tests.engine.scenarios import COMMANDS, extreme, scenario

SCENARIOS, BATCH = 500, 50
# The runtime as the engine's worker starts it; nothing but the site's own files.
START = """async ([runtime, engine]) => {
  const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
  const info = await (await fetch(`${runtime}build.json`)).json();
  const { loadPyodide } = await import(`${runtime}pyodide.mjs`);
  const options = { indexURL: runtime, stdLibURL: `${runtime}stdlib.zip`, packageBaseUrl: runtime };
  const py = await loadPyodide({ ...options, lockFileContents: { info, packages: {} } });
  py.FS.writeFile("/engine.zip", await bytes(`${engine}engine.zip`));
  py.FS.writeFile("/dataset.json", await bytes(`${engine}dataset.json`));
  window.python = py;
  return py.runPython("import sys; sys.path.insert(0, '/engine.zip'); sys.version");
}"""
# What `--json` prints and what the worker posts, for each request of a batch.
ANSWER = """
import json
from calculators import worker

def printed(dataset, asked):
    found = worker.reply(dataset, asked["command"], asked["scenario"], asked["lang"])
    return json.dumps(found, ensure_ascii=False, indent=2)

def both(dataset, requests):
    asked = [json.loads(request) for request in requests]
    return json.dumps([[printed(dataset, one), worker.ask(json.dumps(one))] for one in asked])
"""
OPEN = """
with open("/dataset.json", encoding="utf-8") as file:
    worker.open_dataset(file.read())
both_of = lambda text: both(worker._dataset, json.loads(text))
"""


def requests(dataset: Dataset) -> list[str]:
    """Seeded: the same on every run. JSON, so that both sides start from the same characters."""
    found = []
    for seed in range(SCENARIOS):
        r = Random(seed)
        command = COMMANDS[seed % len(COMMANDS)]
        case = extreme(r, dataset) if seed % 10 == 9 else scenario(r, dataset, 0.02)
        # A number of 5,000 digits cannot be written down at all.
        plain = {name: value for name, value in case.items() if len(repr_of(value)) < 4000}
        found.append(json.dumps({"command": command, "scenario": plain, "lang": r.choice(["en", "ja"])}))
    return found


def repr_of(value: object) -> str:
    try:
        return repr(value)
    except ValueError:
        return " " * 5000


@pytest.fixture
def engine_site(built: Path, tmp_path: Path) -> Iterator[StaticServer]:
    """A server of nothing but an empty page, the runtime and the engine, as the site has them."""
    for folder in build_assets().folders.values():
        for name, marker in (("runtime", "pyodide.mjs"), ("engine", "engine.zip")):
            if (folder / marker).exists():
                shutil.copytree(folder, tmp_path / name)
    (tmp_path / "index.html").write_text("<!doctype html><title>engine</title>", encoding="utf-8")
    server = StaticServer(tmp_path, path="/some/path/", site_url=SITE_URL)
    yield server
    server.stop()


def test_the_same_bytes_in_cpython_and_in_the_browser(
    engine_site: StaticServer, browser: Browser, tmp_path: Path
) -> None:
    compiled = (tmp_path / "engine" / "dataset.json").read_text(encoding="utf-8")
    dataset = dataset_from_json(json.loads(compiled))
    here: dict[str, Any] = {}
    exec(ANSWER, here)
    worker.open_dataset(compiled)
    page = browser.new_page()
    page.goto(engine_site.url)
    version = page.evaluate(START, [f"{engine_site.url}runtime/", f"{engine_site.url}engine/"])
    page.evaluate("(source) => { window.python.runPython(source); }", ANSWER + OPEN)
    asked, answered, differing = requests(dataset), 0, []
    for start in range(0, SCENARIOS, BATCH):
        batch = asked[start : start + BATCH]
        ours = json.loads(here["both"](dataset, batch))
        theirs = json.loads(page.evaluate("(text) => window.python.globals.get('both_of')(text)", json.dumps(batch)))
        answered += sum('"results"' in printed for printed, _ in ours)
        differing += [first_difference(*pair) for pair in zip(batch, ours, theirs, strict=True) if pair[1] != pair[2]]
    assert not differing, (version, len(differing), differing[:3])
    assert answered > SCENARIOS / 2
    page.close()


def first_difference(request: str, ours: list[str], theirs: list[str]) -> str:
    for mine, other in zip(ours, theirs, strict=True):
        at = next((i for i, pair in enumerate(zip(mine, other, strict=False)) if pair[0] != pair[1]), None)
        if at is not None:
            return f"{request[:300]}: {mine[max(0, at - 120) : at + 30]!r} but {other[max(0, at - 20) : at + 30]!r}"
    return f"{request[:300]}: one is longer"


def test_that_is_what_the_command_line_prints(shell: Run) -> None:
    here: dict[str, Any] = {}
    exec(ANSWER, here)
    for command in COMMANDS:
        asked = {"command": command, "scenario": {"isl": 3000, "samples": 100}, "lang": "ja"}
        text = json.dumps(asked["scenario"])
        printed = shell(command, "--json", "--lang", "ja", "--scenario", "-", stdin=text).stdout
        assert printed == here["printed"](load_dataset(), asked) + "\n"

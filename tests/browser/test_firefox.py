"""The calculators run in Firefox, too: skipped where there is none, since the set-up does not install it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from calculators.load import load_dataset
from calculators.worker import reply
from scripts.cached import ROOT
from scripts.static_server import StaticServer
from tests.browser.test_calculator_pages import presets_of

NODE = ROOT / ".venv" / "bin" / "node"
FIREFOX = os.environ.get("FIREFOX_PATH") or shutil.which("firefox-esr") or shutil.which("firefox")


def outputs(command: str, lang: str, presets: list[str], scenario: dict[str, str]) -> dict[str, list[Any]]:
    """What the page's outputs have to say: value and text by result id."""
    answer = reply(load_dataset(), command, scenario, lang, presets=presets)
    found = {name: [result["value"], result["text"]] for name, result in answer["results"].items()}
    return found | {"headline": [None, answer["headline"]]}


@pytest.mark.skipif(not FIREFOX, reason="no Firefox here (Debian: apt-get install firefox-esr; or set FIREFOX_PATH)")
@pytest.mark.parametrize(
    ("lang", "command", "typed"),
    [("en", "cost", {"isl": "3000", "osl": "900"}), ("ja", "fit", {"context_tokens": "3万"})],
)
def test_an_answer_stands_there_and_follows_a_change(
    site: StaticServer, built: Path, tmp_path: Path, lang: str, command: str, typed: dict[str, str]
) -> None:
    done = subprocess.run(
        [NODE, Path(__file__).with_name("firefox.mjs"), FIREFOX, f"{site.url}{lang}/calculators/{command}/"],
        env={**os.environ, "HOME": str(tmp_path)},  # what it writes there goes with the test
        input=json.dumps(typed),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    for moment, scenario in (("before", {}), ("after", typed)):
        wanted = outputs(command, lang, presets_of(built, command, lang), scenario)
        assert seen[moment].keys() == wanted.keys()
        for name, (value, text) in wanted.items():
            raw, shown = seen[moment][name]
            assert shown == text, (moment, name)
            if name != "headline":
                assert raw == value if isinstance(value, str) else (json.loads(raw) if raw else None) == value, name
    assert seen["before"] != seen["after"]
    assert seen["errors"] == [] and seen["hosts"] == []
    assert seen["refused"] and seen["noted"]

"""The weekly jobs: dead links are reported and fail nothing; what changed becomes a pull request that says so."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.cached import LOCKS
from tests.site.copies import copy_of_repository

ROOT = Path(__file__).resolve().parents[2]


class World(BaseHTTPRequestHandler):
    """Answers as hosts do."""

    def do_GET(self) -> None:
        code = {"/gone": 404, "/for-people": 403, "/broken": 500}.get(self.path, 200)
        self.send_response(302 if self.path == "/moved" else code)
        if self.path == "/moved":
            self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def world() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), World)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_dead_links_are_reported_and_fail_nothing(world: str) -> None:
    nobody = "http://127.0.0.1:9/x"
    asked = [f"{world}/{path}" for path in ("there", "gone", "for-people", "broken", "moved")]
    command = [sys.executable, "-m", "scripts.external_links", "--timeout", "20", *asked, nobody]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "4 of 6 addresses want a look." in done.stdout
    told = {
        line.partition("<")[2].partition(">")[0]: line for line in done.stdout.splitlines() if line.startswith("- ")
    }
    assert set(told) == {f"{world}/gone", f"{world}/broken", f"{world}/moved", nobody}
    assert told[f"{world}/gone"].endswith("answers 404")
    assert "which is a front page" in told[f"{world}/moved"]
    assert "no answer" in told[nobody]


def test_the_addresses_of_data_and_pages_are_found_with_their_places() -> None:
    from scripts.external_links import addresses

    found = addresses()
    assert len(found) > 300
    assert (
        found["https://github.com/Leading-AI-IO/edge-ai-intelligence"].partition(":")[0].startswith(("data/", "docs/"))
    )
    assert not [address for address in found if "127.0.0.1" in address or "`" in address]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copy_of_repository(tmp_path_factory.mktemp("weekly"))
    git(copy, "init", "-q", "-b", "main")
    git(copy, "add", *"calculators data docs scripts mkdocs.yml pyproject.toml".split(), *(lock.name for lock in LOCKS))
    git(copy, "commit", "-qm", "state")
    bare = tmp_path_factory.mktemp("origin") / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", bare], check=True)
    git(copy, "remote", "add", "origin", str(bare))
    return copy


def git(home: Path, *command: str) -> str:
    done = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *command]
    return subprocess.run(done, cwd=home, check=True, capture_output=True, text=True).stdout


def propose(home: Path, tools: Path, open_requests: str) -> list[str]:
    """What GitHub's program was asked, by a stand-in that writes it down."""
    log = tools / "asked"
    log.unlink(missing_ok=True)
    gh = tools / "gh"
    gh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "--" >> {log}\ncase "$2" in list) echo {open_requests};; esac\n')
    gh.chmod(0o755)
    options = [
        "--branch",
        "weekly/prices",
        "--title",
        "Prices of this week",
        "--label",
        "prices",
        "--checks",
        "failure",
    ]
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "scripts.propose", *options]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return log.read_text().split("\n--\n") if log.exists() else []


def test_a_new_price_becomes_a_pull_request_that_tells_its_impact(home: Path, tmp_path: Path) -> None:
    assert propose(home, tmp_path, "0") == [], "nothing has changed, so nobody is asked"
    file = home / "data/prices/glm-5.z-ai.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("out: 3.20", "out: 3.30"), encoding="utf-8")
    asked = propose(home, tmp_path, "0")
    assert git(home, "ls-remote", "origin", "weekly/prices").endswith("refs/heads/weekly/prices\n")
    assert git(home, "show", "--stat", "--format=%s", "HEAD").startswith(
        "Prices of this week\n\n data/prices/glm-5.z-ai.yml"
    )
    create = next(one for one in asked if one.startswith("pr\ncreate\n"))
    assert "\n--label\nprices\n" in create
    assert "The checks are **not fine**" in create
    assert "## What changes for readers" in create and "`3.2` → `3.3`" in create

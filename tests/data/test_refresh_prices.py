"""Prices follow the feeds, history stays, and what is doubtful or broken is refused in one sentence."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from calculators.data_files import DATA
from tests.conftest import ROOT

HEAD = """# yaml-language-server: $schema=../schema/price.json
# Kept by hand: the head   of the file.
model: {model}
provider: 'lab'   # quoted once

provider_name: "Lab"
first_party: true
currency: USD
"""
LONG = "A note of many words that no writer of YAML may wrap, 日本語 too. " * 5
GLM = (
    HEAD.format(model="glm")
    + f"""feed: {{models_dev: lab/org/glm, litellm: lab/glm}}  # tied
rows:
  # before the first row
  - {{from: 2025-01-01, to: 2025-06-01, in: 2.00, out: 8.00, source: models-dev, date: 2025-05-31, note: "{LONG}"}}  # x
  # between

  - {{from: 2025-06-01, in: 1.00, out: 4.00, cache_read: 0.10, batch_discount: 0.5, source: other, date: 2025-07-02}}
  # after the last row
"""
)
BLOCK = (
    HEAD.format(model="block")
    + """feed:
  models_dev: lab/block
rows:
- from: 2025-06-01   # the first day
  in: 1.50
  out: 5
  tiers:
  - above_prompt_tokens: 200000
    in: 3.00
    out: 10
  source: models-dev

  # last seen
  date: 2025-07-02
"""
)
FREE = (
    HEAD.format(model="free")
    + """rows:
  - {from: 2025-06-01, in: 0.20, out: 0.40, source: models-dev, date: 2025-07-02}
"""
)
Feed = dict[str, Any]
Refresh = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small data folder: one price in flow style, one in block style, one that is not tied to the feed."""
    folder = tmp_path / "data"
    for name in ("schema", "sources", "prices"):
        (folder / name).mkdir(parents=True)
    shutil.copy(DATA / "schema" / "price.json", folder / "schema")
    shutil.copy(DATA / "sources" / "models-dev.yml", folder / "sources")
    for name, text in (("glm", GLM), ("block", BLOCK), ("free", FREE)):
        (folder / "prices" / f"{name}.lab.yml").write_bytes(text.encode())
    return folder


@pytest.fixture
def feed() -> Feed:
    """A feed in which every price is as in the folder."""
    over = {"input": 3, "output": 10}
    models = {
        "org/glm": {
            "id": "org/glm",
            "name": "GLM",
            "cost": {"input": 1, "output": 4, "cache_read": 0.1, "reasoning": 9},
        },
        "block": {"id": "block", "name": "Block", "cost": {"input": 1.5, "output": 5, "context_over_200k": over}},
    }
    return {"lab": {"id": "lab", "name": "Lab", "models": models}}


@pytest.fixture
def refresh(data: Path, tmp_path: Path) -> Refresh:
    """The command line: refresh(feed, "--write", litellm=…). A feed is an object, the text of one, or an address."""

    def place(name: str, given: Any) -> str:
        if isinstance(given, str) and given.startswith("http"):
            return given
        (tmp_path / name).write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
        return str(tmp_path / name)

    def run(given: Any, *more: str, on: str = "2025-09-01", litellm: Any = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scripts.refresh_prices", "--data", str(data), "--on", on, *more]
        command += ["--from", place("api.json", given)]
        command += [] if litellm is None else ["--litellm", place("litellm.json", litellm)]
        quiet = {**os.environ, "NO_PROXY": "*", "no_proxy": "*", "PYTHONUTF8": "1"}
        return subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=60)

    return run


def texts(data: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in sorted((data / "prices").iterdir())}


def changed(old: str, new: str) -> list[str]:
    """The lines that differ, with - or +; all others are the same bytes in the same order."""
    lines = difflib.ndiff(old.splitlines(keepends=True), new.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def cost(feed: Feed, model: str = "org/glm") -> Feed:
    found: Feed = feed["lab"]["models"][model]["cost"]
    return found


def entry(**more: Any) -> Feed:
    return {
        "lab/glm": {"litellm_provider": "lab", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06, **more}
    }


def refused_whole(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Bad input: one sentence on standard error, no traceback, exit code 2."""
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("refresh_prices: "), done.stderr
    assert all(word in done.stderr for word in (*words, "nothing was written")), done.stderr


def test_a_new_price_closes_the_row_and_adds_one(data: Path, feed: Feed, refresh: Refresh) -> None:
    cost(feed).update(input=1.2, output=0.5, cache_write=1.25)
    before = texts(data)
    dry = refresh(feed)
    assert dry.returncode == 0 and texts(data) == before
    assert "in 1.00 -> 1.20 (+20.0%)" in dry.stdout and "out 4.00 -> 0.50 (-87.5%)" in dry.stdout
    assert "cache_write none -> 1.25" in dry.stdout and "free.lab: not tied to the feed" in dry.stdout
    done = refresh(feed, "--write")
    assert done.returncode == 0 and done.stdout == dry.stdout
    old = GLM.splitlines(keepends=True)[-2]
    row = "in: 1.20, out: 0.50, cache_read: 0.10, cache_write: 1.25, batch_discount: 0.5, source: models-dev"
    note = '"Batch discount kept from the row of 2025-06-01; models.dev gives none."'
    assert changed(GLM, texts(data)["glm.lab.yml"]) == [
        f"- {old}",
        "+ " + old.replace("{from: 2025-06-01, ", "{from: 2025-06-01, to: 2025-09-01, "),
        f"+   - {{from: 2025-09-01, {row}, date: 2025-09-01, note: {note}}}\n",
    ]
    assert texts(data)["free.lab.yml"] == FREE


def test_the_same_price_moves_only_the_date_and_only_forward(data: Path, feed: Feed, refresh: Refresh) -> None:
    assert refresh(feed, "--write", on="2025-07-01").returncode == 0
    assert texts(data) == {"block.lab.yml": BLOCK, "free.lab.yml": FREE, "glm.lab.yml": GLM}
    assert refresh(feed, "--write").returncode == 0
    moved = {
        name: text.replace("date: 2025-07-02", "date: 2025-09-01") for name, text in (("glm", GLM), ("block", BLOCK))
    }
    assert texts(data) == {"block.lab.yml": moved["block"], "free.lab.yml": FREE, "glm.lab.yml": moved["glm"]}


def test_a_row_in_block_style_and_its_tier(data: Path, feed: Feed, refresh: Refresh) -> None:
    cost(feed, "block").update(
        input=2, tiers=[{"input": 4, "output": 12.5, "tier": {"type": "context", "size": 200000}}]
    )
    assert refresh(feed, "--write").returncode == 0
    assert changed(BLOCK, texts(data)["block.lab.yml"]) == [
        "+   to: 2025-09-01\n",
        "+ - from: 2025-09-01\n",
        "+   in: 2.00\n",
        "+   out: 5.00\n",
        "+   tiers: [{above_prompt_tokens: 200000, in: 4.00, out: 12.50}]\n",
        "+   source: models-dev\n",
        "+   date: 2025-09-01\n",
    ]


def test_writing_twice_is_writing_once(data: Path, feed: Feed, refresh: Refresh) -> None:
    cost(feed)["input"] = 1.2
    cost(feed, "block")["context_over_200k"]["output"] = 0.0000125 * 1e6
    assert refresh(feed, "--write").returncode == 0
    once = texts(data)
    assert once["glm.lab.yml"].count("from: ") == 3 and once["block.lab.yml"].count("from: ") == 2
    again = refresh(feed, "--write")
    assert again.returncode == 0 and texts(data) == once and "0 file(s)" in again.stderr


def test_the_real_price_files_keep_every_other_byte(data: Path, feed: Feed, refresh: Refresh) -> None:
    """Each real file with a current row differs, after a new price, in that row alone."""
    before = {}
    for path in (DATA / "prices").glob("*.yml"):
        text = path.read_bytes().decode()
        *_, row = yaml.safe_load(text)["rows"]
        if "to" not in row and row["from"] < date.today():
            before[path.name] = re.sub(
                r"(?m)^feed:.*\n|(?=^rows:)", f"feed: {{models_dev: lab/{path.stem}}}\n", text, count=1
            )
            (data / "prices" / path.name).write_bytes(before[path.name].encode())
            fields = {"in": "input", "out": "output", "cache_read": "cache_read", "cache_write": "cache_write"}
            prices = {theirs: row[ours] * 1.5 for ours, theirs in fields.items() if ours in row}
            feed["lab"]["models"][path.stem] = {"cost": prices}
    assert len(before) > 10
    day = date.today().isoformat()
    done = refresh(feed, "--write", "--accept", *(name.removesuffix(".yml") for name in before), on=day)
    assert done.returncode == 0, done.stdout
    for name, old in before.items():
        last = old.splitlines(keepends=True)[-1]
        minus, *plus = changed(old, texts(data)[name])
        assert minus[2:] == last and len(plus) == 2
        assert plus[0][2:] == last.replace(", in:", f", to: {day}, in:", 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"input": 10.5}, "in 1.00 -> 10.50: allowed: a change of at most 10 times"),
        ({"output": 0.39, "input": 0.2}, "out 4.00 -> 0.39: allowed: a change of at most 10 times"),
        ({"cache_read": 0}, "cache_read 0.10 -> 0.00: to or from 0"),
        ({"cache_write": 0}, "cache_write none -> 0.00: to or from 0"),
        ({"cache_read": ...}, "cache_read 0.10 -> none: the feed no longer gives it"),
    ],
)
def test_a_jump_waits_for_accept(data: Path, feed: Feed, refresh: Refresh, change: Feed, words: str) -> None:
    prices = cost(feed) | change
    feed["lab"]["models"]["org/glm"]["cost"] = {key: value for key, value in prices.items() if value is not ...}
    cost(feed, "block")["output"] = 6
    done = refresh(feed, "--write")
    assert done.returncode == 1 and f"doubtful: glm.lab: {words}" in done.stdout
    assert "refused: glm.lab: " in done.stdout and "--accept glm.lab" in done.stdout
    assert texts(data)["glm.lab.yml"] == GLM and "out: 6.00" in texts(data)["block.lab.yml"]
    accepted = refresh(feed, "--write", "--accept", "glm.lab")
    assert accepted.returncode == 0 and "refused" not in accepted.stdout
    assert texts(data)["glm.lab.yml"].count("from: ") == 3


def test_ten_times_is_no_jump(data: Path, feed: Feed, refresh: Refresh) -> None:
    cost(feed)["output"] = 40
    assert refresh(feed, "--write").returncode == 0
    assert "out: 40.00" in texts(data)["glm.lab.yml"]


def test_litellm_agrees_within_one_percent(data: Path, feed: Feed, refresh: Refresh) -> None:
    cost(feed)["input"] = 1.2
    near = entry(
        input_cost_per_token=1.2e-06, cache_read_input_token_cost=1.009e-07, input_cost_per_token_priority=9e-06
    )
    done = refresh(feed, "--write", litellm={"sample_spec": {}, **near})
    assert done.returncode == 0 and "disagrees" not in done.stdout
    assert "in: 1.20" in texts(data)["glm.lab.yml"]


@pytest.mark.parametrize("price", [1.2, 1])
def test_litellm_disagrees(data: Path, feed: Feed, refresh: Refresh, price: float) -> None:
    cost(feed)["input"] = price
    done = refresh(feed, "--write", litellm=entry(input_cost_per_token=price * 1.02e-6))
    given = f"models.dev gives {price:.2f}, LiteLLM {price * 1.02:.4g} USD per 1M tokens"
    assert done.returncode == 1 and f"disagrees: glm.lab: in: {given}" in done.stdout
    assert texts(data)["glm.lab.yml"] == GLM and "2025-09-01" in texts(data)["block.lab.yml"]
    assert refresh(feed, "--write", "--accept", "glm.lab", litellm=entry(input_cost_per_token=2e-6)).returncode == 0
    assert "2025-09-01" in texts(data)["glm.lab.yml"]


def test_litellm_tiers_are_compared_and_its_batch_discount_is_taken(data: Path, feed: Feed, refresh: Refresh) -> None:
    cost(feed)["context_over_200k"] = {"input": 2, "output": 6}
    wrong = refresh(feed, litellm=entry(input_cost_per_token_above_200k_tokens=2.5e-6))
    assert wrong.returncode == 1 and "disagrees: glm.lab: in above 200000 tokens: " in wrong.stdout
    batches = {"input_cost_per_token_batches": 6e-07, "output_cost_per_token_batches": 2.4e-06}
    done = refresh(feed, "--write", litellm=entry(input_cost_per_token_above_200k_tokens=2e-6, **batches))
    assert done.returncode == 0 and "batch_discount 0.50 -> 0.40 (-20.0%)" in done.stdout
    new = changed(GLM, texts(data)["glm.lab.yml"])[-1]
    assert "batch_discount: 0.4, tiers: [{above_prompt_tokens: 200000, in: 2.00, out: 6.00}], source: models-dev" in new
    assert 'note: "Batch discount by LiteLLM' in new


NO_PRICES = ["NaN", "Infinity", "1e999", "-1", '"1.2"', "true", "null", "[1]", "1" + "0" * 400]
PLACES = ["input", "cache_read", "over", "litellm"]


@pytest.mark.parametrize(
    ("given", "where"),
    [*itertools.product(NO_PRICES, PLACES), (None, "input"), (None, "over")],  # None: left out
    ids=lambda value: str(value)[:10],
)
def test_what_is_no_price_is_one_sentence(
    data: Path, feed: Feed, refresh: Refresh, given: str | None, where: str
) -> None:
    cost(feed, "block")["output"] = 6
    mark, litellm = "PRICE", entry()
    if where == "over":
        cost(feed)["context_over_200k"] = {"input": mark, "output": 6}
    elif where == "litellm":
        litellm = entry(cache_read_input_token_cost=mark)
    else:
        cost(feed)[where] = mark
    drop = f'"{"input" if where == "over" else where}": "{mark}", '
    spoiled = [
        text.replace(drop, "") if given is None else text.replace(f'"{mark}"', given)
        for text in map(json.dumps, (feed, litellm))
    ]
    done = refresh(spoiled[0], "--write", litellm=spoiled[1])
    lines = [line for line in done.stdout.splitlines() if "glm.lab" in line]
    names = {
        "over": "models.dev lab/org/glm: cost.context_over_200k.input",
        "litellm": "LiteLLM lab/glm: cache_read_input",
    }
    assert done.returncode == 1 and len(lines) == 1 and "Traceback" not in done.stderr, done
    assert lines[0].startswith(f"refused: glm.lab: {names.get(where, f'models.dev lab/org/glm: cost.{where}')}")
    assert ("is missing" if given is None else "is not allowed") in lines[0] and "a number of at least 0" in lines[0]
    assert texts(data)["glm.lab.yml"] == GLM and "out: 6.00" in texts(data)["block.lab.yml"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda feed: feed["lab"]["models"].pop("org/glm"), "models.dev lab/org/glm: cost is missing"),
        (lambda feed: feed["lab"]["models"].update({"org/glm": []}), "models.dev lab/org/glm: cost is missing"),
        (lambda feed: feed["lab"]["models"]["org/glm"].update(cost=3), "models.dev lab/org/glm: cost is missing"),
        (lambda feed: cost(feed).update(tiers={}), "cost.tiers: {} is not allowed"),
        (lambda feed: cost(feed).update(tiers=[{"input": 2, "output": 6}]), "cost.tiers: "),
        (lambda feed: cost(feed).update(cache_read=1.5), "cache_read: 1.50 is not allowed; allowed: at most its input"),
    ],
)
def test_a_model_that_is_not_there_or_odd(
    data: Path, feed: Feed, refresh: Refresh, spoil: Callable[[Feed], None], words: str
) -> None:
    spoil(feed)
    done = refresh(feed, "--write", "--accept", "glm.lab")
    assert done.returncode == 1 and words in done.stdout and "refused: glm.lab: " in done.stdout
    assert texts(data)["glm.lab.yml"] == GLM and "2025-09-01" in texts(data)["block.lab.yml"]


def test_litellm_lacks_the_key(data: Path, feed: Feed, refresh: Refresh) -> None:
    done = refresh(feed, "--write", litellm={"other": {"litellm_provider": "lab"}})
    assert done.returncode == 1 and "refused: glm.lab: LiteLLM lab/glm: is missing" in done.stdout
    assert texts(data)["glm.lab.yml"] == GLM


def test_an_old_feed_is_refused(data: Path, feed: Feed, refresh: Refresh) -> None:
    before = texts(data)
    done = refresh(feed, "--write", on="2025-05-31")
    assert done.returncode == 1 and "refused: glm.lab: --on 2025-05-31 is before the current row" in done.stdout
    cost(feed)["input"] = 1.2
    for day in ("2025-06-01", "2025-07-01"):  # the row's own first day; a day before the old price was last seen
        done = refresh(feed, "--write", on=day)
        assert done.returncode == 1 and "the old ones were seen on 2025-07-02" in done.stdout
    assert texts(data) == before


def test_closed_history_is_not_reopened(data: Path, feed: Feed, refresh: Refresh) -> None:
    closed = GLM.replace("{from: 2025-06-01, in", "{from: 2025-06-01, to: 2025-08-01, in")
    (data / "prices" / "glm.lab.yml").write_bytes(closed.encode())
    cost(feed)["input"] = 1.2
    done = refresh(feed, "--write", "--accept", "glm.lab")
    assert done.returncode == 1 and "refused: glm.lab: there is no current row" in done.stdout
    assert texts(data)["glm.lab.yml"] == closed


def test_a_layout_that_would_be_rewritten_is_refused(data: Path, feed: Feed, refresh: Refresh) -> None:
    odd = GLM.replace("currency: USD", "currency:    USD")
    (data / "prices" / "glm.lab.yml").write_bytes(odd.encode())
    (data / "prices" / "block.lab.yml").write_bytes(BLOCK.replace("\n", "\r\n").encode())
    done = refresh(feed, "--write")
    assert done.returncode == 1 and done.stdout.count("an edit would touch other lines") == 2
    assert texts(data)["glm.lab.yml"] == odd and texts(data)["block.lab.yml"] == BLOCK.replace("\n", "\r\n")


def test_nothing_is_written_if_one_file_would_not_be_valid(data: Path, feed: Feed, refresh: Refresh) -> None:
    before = texts(data)
    cost(feed)["output"] = 200_000  # more than the schema allows, and accepted
    cost(feed, "block")["output"] = 6
    for mode in ("--write", "--accept"):  # the dry run says so, too
        done = refresh(feed, mode, "--accept", "glm.lab") if mode == "--write" else refresh(feed, mode, "glm.lab")
        refused_whole(done, "data/prices/glm.lab.yml:", "rows[2].out", "at most 100000")
    assert texts(data) == before


def test_a_price_file_that_is_not_valid_stops_the_run(data: Path, feed: Feed, refresh: Refresh) -> None:
    (data / "prices" / "free.lab.yml").write_text(FREE.replace("out: 0.40", "out: cheap"), encoding="utf-8")
    before = texts(data)
    refused_whole(refresh(feed, "--write"), "data/prices/free.lab.yml:10: rows[0].out")
    assert texts(data) == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"lab": ', "is not valid JSON"),
        ("", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("[]", "is not the feed"),
        ("3", "is not the feed"),
        ("{}", "is not the feed"),
        ('{"lab": {"name": "Lab"}}', "is not the feed"),
    ],
)
def test_a_broken_feed_stops_the_run(data: Path, feed: Feed, refresh: Refresh, given: str, words: str) -> None:
    before = texts(data)
    refused_whole(refresh(given, "--write"), words, "api.json")
    refused_whole(refresh(feed, "--write", litellm=given), words, "litellm.json")
    assert texts(data) == before


def test_arguments_that_are_not_allowed(data: Path, feed: Feed, refresh: Refresh) -> None:
    before = texts(data)
    for more in (
        ["--on", "2999-01-01"],
        ["--on", "20250901"],
        ["--on", "2025-02-31"],
        ["--timeout", "0"],
        ["--timeout", "nan"],
    ):
        done = refresh(feed, "--write", *more)
        assert done.returncode == 2 and more[1] in done.stderr and "Traceback" not in done.stderr
    refused_whole(refresh(feed, "--write", "--accept", "nope"), "--accept nope", "allowed: ")
    for place, words in (
        ("ftp://x/api.json", "ftp is not allowed"),
        ("nowhere.json", "cannot be read"),
        ("http://", ""),
    ):
        refused_whole(refresh(feed, "--write", "--litellm", place), place, words)
    assert texts(data) == before


@pytest.fixture
def served(feed: Feed) -> Iterator[str]:
    """A server on loopback whose paths each fail in their own way; all but /feed.json and /moved."""
    over = threading.Event()
    cost(feed)["input"] = 1.2

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(feed).encode()
            status = {"/404": 404, "/500": 500, "/moved": 302, "/foreign": 302}.get(self.path, 200)
            if self.path == "/silent":
                over.wait(60)
            self.send_response(status)
            if status == 302:
                host = "localhost" if self.path == "/foreign" else "127.0.0.1"
                self.send_header("Location", f"http://{host}:{self.headers['Host'].split(':')[1]}/feed.json")
            if self.path == "/drip-head":
                self.drip(b"X-Slow: " + b"x" * 10_000)
            self.end_headers()
            if self.path == "/drip":
                self.drip(body * 100)
            elif self.path == "/large":
                for _ in range(51):
                    self.wfile.write(b" " * 1_000_000)
            else:
                self.wfile.write(body if status == 200 else b"")

        def drip(self, content: bytes) -> None:
            """A byte every 0.2 s, until the test is over."""
            self.wfile.flush()
            self.flush_headers()
            for i in range(len(content)):
                self.wfile.write(content[i : i + 1])
                if over.wait(0.2):
                    return

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client has gone, as it should
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/feed.json", "/moved"])
def test_a_served_feed_is_read(data: Path, refresh: Refresh, served: str, path: str) -> None:
    assert refresh(served + path, "--write").returncode == 0
    assert "in: 1.20" in texts(data)["glm.lab.yml"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/404", "the server answered 404"),
        ("/500", "the server answered 500"),
        ("/foreign", "redirects to http://localhost"),
        ("/large", "more than 50 MB"),
        ("/silent", "not read within 1 s"),
        ("/drip", "not read within 1 s"),
        ("/drip-head", "not read within 1 s"),
    ],
)
def test_a_served_feed_that_fails_stops_the_run(
    data: Path, refresh: Refresh, served: str, path: str, words: str
) -> None:
    before = texts(data)
    refused_whole(
        refresh(served + path, "--write", "--timeout", "20" if path == "/large" else "1"), served + path, words
    )
    assert texts(data) == before

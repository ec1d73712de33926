"""The build and the development server, run as a contributor runs them, in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.build import page_inputs
from scripts.notebooks import notebook_inputs

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 900


@pytest.fixture(scope="module")
def copy(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository without what is installed; that, the downloads and what took long to make are linked."""
    home = tmp_path_factory.mktemp("repository")
    for name in ("calculators", "data", "docs", "scripts"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    own = "mkdocs.yml NOTICE package.json package-lock.json requirements.lock pyproject.toml tsconfig.json"
    for name in own.split():
        shutil.copy(ROOT / name, home / name)
    for name in ("node_modules", ".cache"):
        (home / name).symlink_to(ROOT / name)
    for made in ("model", "python", "onnxruntime", "notebooks"):  # by hash of what they are made of; never changed
        shutil.copytree(ROOT / "build" / made, home / "build" / made, copy_function=os.link)
    return home


def build(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.build"]
    return subprocess.run(command, cwd=home, env={**os.environ, **environment}, capture_output=True, text=True)


def test_bad_data_stops_the_build_with_file_line_and_field(copy: Path) -> None:
    file = copy / "data" / "models" / "glm-5.yml"
    good = file.read_text(encoding="utf-8")
    line = good[: good.index("lab:")].count("\n") + 1
    file.write_text(good.replace("lab:", "labb:", 1), encoding="utf-8")
    try:
        done = build(copy)
    finally:
        file.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    assert f"data/models/glm-5.yml:{line}: labb: unknown key; did you mean lab? allowed: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_site_address_is_one_sentence(copy: Path) -> None:
    done = build(copy, SITE_URL="ftp://x")
    assert done.returncode == 1
    assert done.stderr.strip() == "SITE_URL: ftp://x is not allowed; give https://host/ or https://host/some/path/"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{{ v("facts/no-such-fact") }}', "facts/no-such-fact: there is no file data/facts/no-such-fact.yml"),
        ('{{ v("models/glm-5", "colour") }}', "models/glm-5: has no field colour"),
        ('<fit-calculator model="glm5"></fit-calculator>', "model: glm5 is not allowed; did you mean glm-5?"),
        ("[gone](gone.md)", "gone.md"),
    ],
)
def test_a_mistake_on_a_page_stops_the_build_and_names_it(copy: Path, text: str, sentence: str) -> None:
    page = copy / "docs" / "en" / "data" / "index.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(f"{good}\n{text}\n", encoding="utf-8")
    try:
        done = build(copy)
    finally:
        page.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    assert sentence in done.stderr


def test_a_loose_number_and_an_unequal_twin_stop_the_build(copy: Path) -> None:
    page = copy / "docs" / "en" / "book" / "part-1" / "gap-vanished.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(f'{good}\nForty models, at {{{{ v("facts/aa-interval") }}}}.\n', encoding="utf-8")
    try:
        done = build(copy)
    finally:
        page.write_text(good, encoding="utf-8")
    line = good.count("\n") + 2
    assert done.returncode == 1
    assert f'docs/en/book/part-1/gap-vanished.md:{line}: "Forty" is a number without a source' in done.stderr
    assert 'lacks bound {{ v("facts/aa-interval") }}' in done.stderr
    assert not (copy / "site").exists()


def test_two_builds_of_the_same_tree_are_alike_and_the_second_does_nothing(copy: Path) -> None:
    def tree() -> dict[str, bytes]:
        site = copy / "site"
        return {str(p.relative_to(site)): p.read_bytes() for p in site.rglob("*") if p.is_file()}

    first = build(copy)
    assert first.returncode == 0, first.stderr
    before = tree()
    second = build(copy)
    assert "…" not in second.stderr  # no step was run
    [pages] = (copy / "build" / "pages").glob("*/ja")
    shutil.rmtree(pages)
    shutil.rmtree(copy / "build" / "modules")
    third = build(copy)
    assert "build: modules …" in third.stderr and "build: pages (ja) …" in third.stderr
    after = tree()
    assert before.keys() == after.keys()
    different = [name for name in before if before[name] != after[name]]
    assert [name for name in different if not name.endswith(".gz")] == []


@pytest.fixture
def served(copy: Path) -> Iterator[tuple[str, Path]]:
    """`make serve` on a free port: its address and its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = copy / "serve.log"
    command = [sys.executable, "-m", "scripts.serve", "--port", str(port)]
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=copy, stderr=file)
        try:
            until(lambda: "serve: http" in log.read_text(), process)
            yield f"http://127.0.0.1:{port}/", log
        finally:
            process.terminate()
            process.wait()


def until(condition: object, process: subprocess.Popen[bytes] | None = None) -> None:
    """Waits for something that will happen, however slow the machine; fails only if it never does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "never happened"
        assert process is None or process.poll() is None, "the server ended"
        time.sleep(0.1)


def text_of(url: str) -> str:
    with urllib.request.urlopen(url) as reply:
        return str(reply.read().decode())


def sources_told(url: str) -> int:
    """How many sources a section says that it cites."""
    told = re.search(r'class="section-sources"[^>]*><a [^>]*>(.*?)</a>', text_of(url))
    assert told
    return int(re.findall(r"\d+", told[1])[0])


def test_the_server_rebuilds_what_a_change_touches_and_survives_mistakes(served: tuple[str, Path], copy: Path) -> None:
    url, log = served
    page = copy / "docs" / "en" / "data" / "index.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(good + "\nA sentence that was just written.\n", encoding="utf-8")
    until(lambda: "just written" in text_of(url + "en/data/"))
    assert "build: pages (en) …" not in log.read_text()  # the page was made by itself
    until(lambda: "build: pages (en) …" in log.read_text())  # after a pause; the other language was left alone
    assert "just written" in text_of(url + "en/data/")
    page.write_text(good + '\n{{ v("facts/gone") }}\n', encoding="utf-8")
    until(lambda: "still showing the last good build" in log.read_text())
    assert "just written" in text_of(url + "en/data/")
    page.write_text(good, encoding="utf-8")
    until(lambda: "just written" not in text_of(url + "en/data/"))
    section = copy / "docs" / "en" / "book" / "part-1" / "gap-vanished.md"
    address = url + "en/book/part-1/gap-vanished/"
    before = sources_told(address)
    text = section.read_text(encoding="utf-8")
    assert "a19-leak" not in text
    section.write_text(f'{text}\nSee {{{{ src("a19-leak") }}}}.\n', encoding="utf-8")
    until(lambda: "data/sources/#a19-leak" in text_of(address))
    assert sources_told(address) == before + 1  # what was known of the section's sources is forgotten
    section.write_text(text, encoding="utf-8")
    price = copy / "data" / "prices" / "glm-5.z-ai.yml"
    text = re.sub(r"cache_read: [\d.]+", "cache_read: 0.72", price.read_text(encoding="utf-8"))
    price.write_text(text, encoding="utf-8")
    until(lambda: "$0.72" in text_of(url + "en/data/prices/"))
    taken = [sys.executable, "-m", "scripts.serve", "--port", url.rsplit(":", 1)[1].strip("/")]
    second = subprocess.run(taken, cwd=copy, capture_output=True, text=True)
    assert second.returncode == 2
    assert "is taken; give another: make serve PORT=" in second.stderr


@pytest.mark.parametrize(
    ("imported", "read"),
    [
        ("hooks, macros, pages", lambda: page_inputs("en")),
        ("notebooks, notebook_show, macros, markdown_copies", notebook_inputs),
    ],
)
def test_what_a_page_or_a_notebook_is_made_with_counts_for_it(imported: str, read: Callable[[], list[Path]]) -> None:
    code = (
        f"from scripts import {imported}; import sys; [print(getattr(m, '__file__', '')) for m in sys.modules.values()]"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    makers = {Path(line) for line in done.stdout.split() if Path(line).is_relative_to(ROOT / "scripts")}
    assert len(makers) > 5 and makers - {*read()} == set()

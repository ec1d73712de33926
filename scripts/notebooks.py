"""The notebooks: one source with cells of text in both languages becomes two .ipynb, executed, and two pages.

A source is `notebooks/<id>.py` in the percent format: a YAML head, `# %% [markdown] en` and `# %% [markdown] ja` one
after the other, `# %%` for code that both share. `Show("en")` becomes the language at hand.

Usage: python -m scripts.notebooks [--open]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from calculators.text import LANGUAGES
from scripts import facts
from scripts.cached import BUILD, ROOT, files_under, step
from scripts.calculator_html import view_files
from scripts.figures import drawing_files

HOME = ROOT / "notebooks"
ORDER = "convergence prices speed portfolio".split()
MARKER = re.compile(r"^# %%(?: \[markdown\] (en|ja))?[ \t]*$", re.MULTILINE)
HEADING_ID = re.compile(r"[ \t]*\{#[a-z0-9-]+\}[ \t]*$", re.MULTILINE)
OUTPUT = re.compile(r'(?:<p>)?<div data-output="(\d+)"></div>(?:</p>)?')
SITE_LINK = re.compile(r'<a href="\.\./[^"]*">(.*?)</a>', re.DOTALL)
PATIENCE_SECONDS = 600
word = partial(facts.word, "notebooks")


@dataclass(frozen=True)
class Cell:
    """`lang`: of a text; empty for code. `line`: where it begins in the source."""

    lang: str
    text: str
    line: int


@dataclass(frozen=True)
class Source:
    """A notebook's source."""

    id: str
    title: dict[str, str]
    description: dict[str, str]
    cells: list[Cell]

    def of(self, lang: str) -> list[Cell]:
        """The cells of a language, in order."""
        return [cell for cell in self.cells if cell.lang in ("", lang)]


class BadNotebook(Exception):
    """str() says file, line and what is allowed."""


def read(path: Path) -> Source:
    """A source. Raises BadNotebook."""
    text = path.read_text(encoding="utf-8")
    marks = list(MARKER.finditer(text))
    head = yaml.safe_load(re.sub(r"^# ?", "", text[: marks[0].start()] if marks else "", flags=re.MULTILINE))
    if not isinstance(head, dict) or {"title", "description"} - set(head):
        raise BadNotebook(f"notebooks/{path.name}:1: the head lacks title or description; give both as {{en, ja}}")
    cells = []
    for mark, end in zip(marks, [*(mark.start() for mark in marks[1:]), len(text)], strict=True):
        body = text[mark.end() : end].strip("\n")
        if mark[1]:
            body = re.sub(r"^# ?", "", body, flags=re.MULTILINE).strip()
        cells.append(Cell(mark[1] or "", body, text.count("\n", 0, mark.end()) + 2))
    return Source(path.stem, head["title"], head["description"], cells)


def sources() -> list[Source]:
    """All notebooks in the order of the list; those that it does not name come last."""
    found = {path.stem: path for path in files_under(HOME, "*.py")}
    return [read(found[name]) for name in sorted(found, key=lambda n: (ORDER.index(n) if n in ORDER else 99, n))]


def code_of(cell: Cell, lang: str) -> str:
    return cell.text.replace('Show("en")', f'Show("{lang}")')


def filled(text: str, lang: str) -> str:
    """A text cell as a notebook shows it: numbers in place, no ids, no links that lead nowhere from there."""
    from scripts.macros import page_functions
    from scripts.markdown_copies import ENVIRONMENT  # it imports the macros

    known = page_functions(lang, lambda: "notebooks/x.md", as_text=True)
    text = ENVIRONMENT.from_string(HEADING_ID.sub("", text)).render(known)
    return re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


def notebook(source: Source, lang: str) -> Any:
    """The notebook of a language, not yet executed."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    head = f"# {source.title[lang]}\n\n{source.description[lang]}\n\n{word('how-to-run', lang)}"
    cells = [new_markdown_cell(head)]
    for cell in source.of(lang):
        cells.append(new_markdown_cell(filled(cell.text, lang)) if cell.lang else new_code_cell(code_of(cell, lang)))
    for number, made in enumerate(cells):
        made["id"] = f"{source.id}-{number}"  # else a random one
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=kernel)


def execute(source: Source, lang: str, out: Path) -> None:
    """Runs a notebook and writes it. Raises BadNotebook with the cell's own error."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config

    made = notebook(source, lang)
    with tempfile.TemporaryDirectory() as sockets:
        # Sockets that are files: nothing listens on the network.
        config = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        where = {"metadata": {"path": ROOT}}
        client = NotebookClient(made, timeout=PATIENCE_SECONDS, record_timing=False, resources=where, config=config)
        try:
            client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"})
        except CellExecutionError as bad:
            raise BadNotebook(f"notebooks/{source.id}.py ({lang}): {bad}") from None
    made["metadata"].pop("language_info", None)  # names the Python that ran it
    for cell in made["cells"]:
        cell["metadata"] = {}
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output["output_type"] in ("execute_result", "display_data"):
                output["metadata"] = {}
    path = out / lang / f"{source.id}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def build_notebooks(*, fresh: bool = True) -> Path:
    """The folder <lang>/<id>.ipynb, made only where code or data changed. Raises BadNotebook.

    Without `fresh`, an older run will do: for a preview that is not to wait.
    """
    older = sorted((BUILD / "notebooks").glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)
    if older and not fresh:
        print("notebooks: shown as they last ran; make build runs them anew", file=sys.stderr)
        return older[-1]

    def make(out: Path) -> None:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            runs = [pool.submit(execute, source, lang, out) for source in sources() for lang in LANGUAGES]
            for run in runs:
                run.result()

    return step("notebooks", notebook_inputs(), make)


def notebook_inputs() -> list[Path]:
    """Everything that the notebooks are made of."""
    return [
        *files_under(HOME),
        *files_under(ROOT / "calculators", "*.py"),
        *files_under(ROOT / "data", "*.yml"),
        *files_under(ROOT / "scripts", "*.py"),
        *drawing_files(),
        *view_files(),
        ROOT / "requirements.lock",
    ]


# Pages


def page(source: Source, lang: str) -> str:
    """The page's Markdown; `with_outputs` fills in what its cells showed."""
    quoted = {name: json.dumps(getattr(source, name)[lang], ensure_ascii=False) for name in ("title", "description")}
    parts = [f"---\ntitle: {quoted['title']}\ndescription: {quoted['description']}\n---", f"# {source.title[lang]}"]
    parts += [source.description[lang], word("download", lang, file=f"[{source.id}.ipynb]({source.id}.ipynb)")]
    for number, cell in enumerate(source.of(lang), 1):
        if cell.lang:
            parts.append(cell.text)
        else:
            parts.append(f"{{% raw %}}\n```python\n{code_of(cell, lang)}\n```\n{{% endraw %}}")
            parts.append(f'<div data-output="{number}"></div>')
    return "\n\n".join(parts) + "\n"


def outputs(made: Path, number: int, kind: str) -> list[str]:
    """What a cell showed, as "text/html" or "text/plain"; HTML falls back to plain text."""
    found = []
    for output in json.loads(made.read_text(encoding="utf-8"))["cells"][number].get("outputs", ()):
        data = output.get("data", {"text/plain": output.get("text", "")})
        shown = data.get(kind)
        if shown is None:
            plain = "".join(data["text/plain"])
            shown = f"<pre>{plain.replace('&', '&amp;').replace('<', '&lt;')}</pre>"
        found.append("".join(shown))
    return found


def download(made: Path) -> str:
    """The notebook as readers get it: outside of the site, links within it lead nowhere."""
    found = json.loads(made.read_text(encoding="utf-8"))
    for cell in found["cells"]:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", {}):
                output["data"]["text/html"] = SITE_LINK.sub(r"\1", "".join(output["data"]["text/html"]))
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def with_outputs(content: str, made: Path) -> str:
    """A page's HTML with the outputs of its cells."""

    def fill(found: re.Match[str]) -> str:
        shown = "".join(outputs(made, int(found[1]), "text/html"))
        return f'<div class="notebook-output">{shown}</div>' if shown else ""

    return OUTPUT.sub(fill, content)


def with_texts(text: str, made: Path) -> str:
    """A page's Markdown with the outputs of its cells as text."""
    return OUTPUT.sub(lambda m: "\n\n".join(f"```\n{one}\n```" for one in outputs(made, int(m[1]), "text/plain")), text)


def list_markdown(lang: str, root: str) -> str:
    """All notebooks with what each is about."""
    return "\n".join(f"- [{s.title[lang]}]({root}notebooks/{s.id}.md)<br>{s.description[lang]}" for s in sources())


def open_notebooks(made: Path) -> int:
    """Opens copies, so that what a reader changes stays apart from what the site shows. Returns the exit code."""
    own = BUILD / "own-notebooks"
    for file in files_under(made, "*.ipynb"):
        copy = own / file.relative_to(made)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    lab = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={own}", "--ServerApp.ip=127.0.0.1"]
    # It would ask its makers for news, updates and extensions.
    lab += ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    lab += ["--LabApp.extension_manager=readonly", *(["--allow-root"] if os.geteuid() == 0 else [])]
    return subprocess.run(lab, env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.notebooks", description=str(__doc__).splitlines()[0])
    parser.add_argument("--open", action="store_true", help="open copies in JupyterLab, to change and run")
    arguments = parser.parse_args(argv)
    try:
        made = build_notebooks()
    except BadNotebook as bad:
        print(bad, file=sys.stderr)
        return 1
    if arguments.open:
        return open_notebooks(made)
    print(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

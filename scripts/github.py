"""What stands in .github: checked against the Makefile, the labels and the settings.

Usage: python -m scripts.github owners   writes .github/CODEOWNERS from `code_owners`, or removes it where that is unset
       python -m scripts.github labels   makes the repository's labels those of .github/labels.yml (needs gh)
"""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterator, Sequence

import yaml

from scripts.cached import ROOT, files_under
from scripts.node import NODE
from scripts.settings import setting

GITHUB = ROOT / ".github"
OWNERS = GITHUB / "CODEOWNERS"
USES = re.compile(r"^\s*(?:- )?uses: (?P<what>\S+)(?P<comment>.*)$")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
RUN = re.compile(r"^\s*(?:- )?run: (?P<command>.*)$")
TARGET = re.compile(r"^([a-z][a-z -]*):", re.MULTILINE)
LABELS = re.compile(r"^\s*(?:- )?labels: \[(?P<names>.*)\]$")
ASKED = re.compile(r"LABEL=(?P<name>\S+)")


def check_github() -> list[str]:
    """Workflows are sound, pinned, and call the Makefile; labels exist; CODEOWNERS follows from the setting."""
    files = {path: path.read_text(encoding="utf-8") for path in files_under(GITHUB, "*.yml")}
    workflows = [path for path in files if path.parent.name == "workflows"]
    command = [str(NODE), "scripts/workflows.mjs", *(str(path.relative_to(ROOT)) for path in workflows)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True) if workflows else None
    found = (done.stdout + done.stderr).strip().splitlines() if done and done.returncode else []
    known = set(yaml.safe_load(files.get(GITHUB / "labels.yml", "")) or {})
    for path, text in files.items():
        place = path.relative_to(ROOT)
        found += [f"{place}:{line}: {what}" for line, what in wrong_labels(text, known)]
        if path in workflows:
            found += [f"{place}:{line}: {what}" for line, what in wrong_steps(text)]
    if (OWNERS.read_text(encoding="utf-8") if OWNERS.exists() else "") != owners_file():
        found.append(".github/CODEOWNERS:1: does not follow from `code_owners` of mkdocs.yml; run `make owners`")
    return found


def wrong_steps(workflow: str) -> Iterator[tuple[int, str]]:
    """(line, what) for each step that is not pinned or does what no Makefile target does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {target for line in TARGET.findall(makefile) for target in line.split()}
    for number, line in enumerate(workflow.splitlines(), 1):
        if "pull_request_target" in line:
            yield number, "pull_request_target runs a stranger's code with the project's rights; use pull_request"
        uses, run = USES.match(line), RUN.match(line)
        if uses and not uses["what"].startswith("./"):
            if not PINNED.fullmatch(uses["what"]):
                yield number, f"{uses['what']} can change under its name; allowed: owner/action@40 hex digits # version"
            elif not re.match(r" # v\d", uses["comment"]):
                yield number, f"{uses['what']} does not tell its version; add it as a comment: # v1.2.3"
        if run:
            words = [word for word in run["command"].split() if not word.startswith("-")]
            if words[:1] != ["make"] or len(words) < 2 or words[1] not in targets:
                yield (
                    number,
                    f"`{run['command']}` is no target of the Makefile; add one, so that everybody can run it",
                )


def wrong_labels(text: str, known: set[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        listed, asked = LABELS.match(line), ASKED.search(line)
        names = [name.strip() for name in listed["names"].split(",")] if listed else []
        for name in [*names, *([asked["name"]] if asked else [])]:
            if name not in known:
                yield number, f"there is no label {name}; allowed: {', '.join(sorted(known))}; or add it to labels.yml"


def owners_file() -> str:
    """What .github/CODEOWNERS must hold; empty: it must not exist."""
    owners = setting("code_owners")
    return f"# From `code_owners` of mkdocs.yml by `make owners`.\n* {owners}\n" if owners else ""


def write_owners() -> None:
    if owners_file():
        OWNERS.write_text(owners_file(), encoding="utf-8")
    else:
        OWNERS.unlink(missing_ok=True)


def make_labels() -> int:
    """Exit code of the first `gh` that fails, or 0."""
    labels = yaml.safe_load((GITHUB / "labels.yml").read_text(encoding="utf-8"))
    for name, (color, about) in labels.items():
        options = ["--force", "--color", str(color), "--description", about]
        if code := subprocess.run(["gh", "label", "create", name, *options], cwd=ROOT).returncode:
            return code
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.github", description=str(__doc__).splitlines()[0])
    parser.add_argument("what", choices=["owners", "labels"])
    if parser.parse_args(argv).what == "labels":
        return make_labels()
    write_owners()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

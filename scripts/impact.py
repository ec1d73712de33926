"""What a change changes for readers: values, sentences, figures, claims and recommendations, as Markdown.

Usage: python -m scripts.impact [BASE [HEAD]]   (or python scripts/impact.py)
BASE: a revision (default: HEAD, the last commit); HEAD: another (default: the working tree). Each is evaluated with its
own data, pages and code. Exit 0: compared; 2: one of them cannot be read.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

if not __package__:  # started by its file name
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from scripts.cached import ROOT
from scripts.impact_texts import Entry, listed

KEPT = ROOT / ".cache" / "impact"
LONGEST, MOST = 200, 60
KINDS = ("claim", "recommendation", "figure", "sentence", "value")
LANGUAGE_NAMES = {"en": "English", "ja": "Japanese", "": ""}
Change = tuple[Entry, Entry]


def git(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True)


def changed_since(revision: str) -> bool:
    """Whether data/ differs from that of a revision; no where git cannot say."""
    differs = git("diff", "--quiet", revision, "--", "data")
    return differs.returncode == 1 or bool(git("ls-files", "-o", "--exclude-standard", "data").stdout)


def commit_of(revision: str) -> str:
    """The commit's full name. Raises ValueError."""
    done = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.returncode:
        raise ValueError(f"{revision}: git does not know it; allowed: a branch, tag or commit of this repository")
    return done.stdout.decode().strip().splitlines()[-1]


def entries_at(commit: str) -> list[Entry]:
    """What a commit says, by its own code. Kept by commit, since it cannot change. Raises ValueError."""
    kept = KEPT / f"{commit}.json"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as scratch:
            tree = Path(scratch)
            with tarfile.open(fileobj=io.BytesIO(git("archive", commit).stdout)) as archive:
                archive.extractall(tree, filter="data")
            (tree / "node_modules").symlink_to(ROOT / "node_modules")
            reader = tree / "scripts" / "impact_texts.py"
            if not reader.exists():  # a commit older than this report
                shutil.copy(ROOT / "scripts" / "impact_texts.py", reader)
            try:
                found = list_of(tree)
            except ValueError as bad:
                raise ValueError(
                    f"{commit[:12]}: its own code cannot evaluate it: {bad}; compare commits that build"
                ) from bad
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([asdict(entry) for entry in found], ensure_ascii=False), encoding="utf-8")
        for old in sorted(KEPT.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-4]:
            old.unlink(missing_ok=True)
    return [Entry(**entry) for entry in json.loads(kept.read_text(encoding="utf-8"))]


def list_of(tree: Path) -> list[Entry]:
    return listed(tree, [sys.executable, "-m", "scripts.impact_texts"])


def report(before: Sequence[Entry], after: Sequence[Entry]) -> str:
    """The comparison as Markdown."""
    old, new = ({(entry.kind, entry.lang, entry.id): entry for entry in state} for state in (before, after))
    moved = [(old[key], entry) for key, entry in new.items() if key in old and old[key].text != entry.text]
    appeared = [entry for key, entry in new.items() if key not in old]
    gone = [entry for key, entry in old.items() if key not in new]
    lines = ["## What changes for readers", "", headline(moved), ""]
    for kind in KINDS:
        lines += section(kind, [change for change in moved if change[1].kind == kind])
    for title, some in (("New, or worded anew", appeared), ("Gone, or worded anew", gone)):
        if some:
            lines += [f"{title}: {counted(Counter(entry.kind for entry in some))}.", ""]
    return "\n".join(lines)


def headline(moved: Sequence[Change]) -> str:
    """`3 claims change, 1 flips; 2 values, 4 sentences (2 English, 2 Japanese)`, or that nothing moves."""
    if not moved:
        return "**Nothing that a reader sees moves.**"
    claims = [change for change in moved if change[1].kind == "claim"]
    flips = sum(one.status != other.status for one, other in claims)
    first = f"**{plural(len(claims), 'claim')} {'changes' if len(claims) == 1 else 'change'}, "
    first += f"{flips} {'flips' if flips == 1 else 'flip'}**"
    rest = []
    for kind in KINDS[1:]:
        some = Counter(LANGUAGE_NAMES[new.lang] for _, new in moved if new.kind == kind)
        if some:
            languages = ", ".join(f"{count} {name}" for name, count in sorted(some.items()) if name)
            rest.append(plural(some.total(), kind) + (f" ({languages})" if languages else ""))
    return "; ".join([first, *([", ".join(rest)] if rest else [])])


def section(kind: str, moved: Sequence[Change]) -> Iterator[str]:
    if not moved:
        return
    yield from (f"### {kind.capitalize()}s", "")
    flips = [change for change in moved if change[0].status != change[1].status]
    ordered = [*flips, *(change for change in moved if change not in flips)]
    for old, new in ordered[:MOST]:
        one, other = differing(old.text, new.text)
        line = f"- {'**flips** ' if old.status != new.status else ''}`{new.place}`: {code(one)} → {code(other)}"
        if new.text_says and new.text_says != new.status:
            line += f"; its sentence was written for {code(new.text_says)}: reword it in both languages"
        yield line
    if len(ordered) > MOST:
        yield f"- … and {len(ordered) - MOST} more"
    yield ""


def differing(old: str, new: str) -> tuple[str, str]:
    """Of two texts the first lines that differ; of long lines the part around the difference."""
    lines = zip(old.splitlines(), new.splitlines(), strict=False)
    one, other = next(((a, b) for a, b in lines if a != b), (old, new))
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, same - LONGEST // 2) if max(len(one), len(other)) > LONGEST else 0

    def part(text: str) -> str:
        end = start + LONGEST
        return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")

    return part(one), part(other)


def code(text: str) -> str:
    """A text of the change as a code span: nobody is mentioned and nothing is linked by what a stranger wrote."""
    return f"`{' '.join(text.replace('`', 'ʼ').split()) or ' '}`"


def counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(plural(kinds[kind], kind) for kind in KINDS if kind in kinds)


def plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.impact", description=str(__doc__).splitlines()[0])
    parser.add_argument("base", nargs="?", default="HEAD", metavar="BASE", help="a revision (default: HEAD)")
    parser.add_argument("head", nargs="?", metavar="HEAD", help="a revision (default: the working tree)")
    given = parser.parse_args(argv)
    try:
        base_commit, head_commit = commit_of(given.base), commit_of(given.head) if given.head else ""
        with ThreadPoolExecutor() as pool:
            base = pool.submit(entries_at, base_commit)
            head = pool.submit(entries_at, head_commit) if head_commit else pool.submit(list_of, ROOT)
            print(report(base.result(), head.result()))
    except ValueError as bad:
        print(f"impact: {bad}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

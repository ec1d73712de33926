"""Runs a build step only when its inputs changed, and names its output by content."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from scripts.progress import progress

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
# All that pins packages: `make lock` writes each of them.
LOCKS = [*sorted(ROOT.glob("requirements*.lock")), ROOT / "package-lock.json"]


def files_under(path: Path, *patterns: str) -> list[Path]:
    """All files below a folder, sorted; generated Python caches left out."""
    found = {p for pattern in (patterns or ("*",)) for p in path.rglob(pattern) if p.is_file()}
    return sorted(p for p in found if "__pycache__" not in p.parts)


def hash_of(files: Iterable[Path], *texts: str) -> str:
    """16 hex digits over names and contents; a file outside the repository counts by its name alone."""
    digest = hashlib.sha256("\0".join(texts).encode())
    for path in files:
        name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def content_hash(folder: Path) -> str:
    """16 hex digits over the files of a folder, wherever it lies."""
    digest = hashlib.sha256()
    for path in files_under(folder):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def step(name: str, inputs: Iterable[Path], make: Callable[[Path], None], *texts: str) -> Path:
    """The folder that `make` filled for these inputs, made now if there is none. Prints what takes time.

    The newest output of a step is kept, older ones are removed.
    """
    home = BUILD / name
    out = home / hash_of(inputs, *texts)
    if out.is_dir():
        return out
    home.mkdir(parents=True, exist_ok=True)
    partial = home / f"part-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    with progress("build", name):
        make(partial)
    for old in home.iterdir():
        if old not in (partial, out) and not old.name.startswith("part-"):
            shutil.rmtree(old, ignore_errors=True)
    try:
        partial.rename(out)
    except OSError:  # another process has made the same meanwhile
        shutil.rmtree(partial)
    return out


def link_tree(source: Path, target: Path) -> None:
    """Copies a folder; hard links where the file system allows, since built files are never changed in place."""
    for path in files_under(source):
        to = target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.unlink(missing_ok=True)
        try:
            os.link(path, to)
        except OSError:
            shutil.copyfile(path, to)


def write_at_once(path: Path, text: str) -> None:
    """Replaces a cache's file in one step: another process may be reading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_anew(path: Path, text: str) -> None:
    """Writes a file anew: it may be linked from the cache, where it must stay as it is."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")

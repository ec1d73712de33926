"""Installs what the project needs into .venv and node_modules; does nothing when all is there.

Usage: python3 -m scripts.bootstrap [--browser] [--with books|notebook]
Runs with any Python >= 3.11 and its standard library. Whatever cannot be had is said in one line.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.progress import progress

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
CACHE = ROOT / ".cache"
# A browser of the machine comes first; `chromium` is Debian's.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


class Missing(Exception):
    """Something that cannot be installed here; str() is the one line to show."""


def run(command: Sequence[str | Path], **environment: str) -> int:
    """Exit code of a command in the repository's root; its output is shown."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}).returncode


def apt(*packages: str) -> bool:
    """Installs Debian packages; False where that is not possible. What apt says is shown only if it fails."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    return done.returncode == 0


def virtual_environment() -> None:
    """Makes .venv. Raises Missing."""
    if (BIN / "python").exists() and (BIN / "pip").exists():
        return
    make: list[str | Path] = [sys.executable, "-m", "venv", VENV]
    with progress("set-up", "virtual environment"):
        # Debian splits venv off; without it the module is there but cannot install pip.
        if subprocess.run([str(part) for part in make], capture_output=True).returncode == 0:
            return
        shutil.rmtree(VENV, ignore_errors=True)
        package = f"python3.{sys.version_info.minor}-venv"
        if not (apt(package) or apt("python3-venv")) or run(make):
            raise Missing(f"Python's venv module is missing; install it (Debian: apt-get install {package})")


def stamp(folder: Path, lock: Path, *more: Path) -> Path:
    """A file whose name changes when the lock or what goes with it does."""
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in (lock, *more))).hexdigest()[:16]
    return folder / f".installed-{lock.stem}-{digest}"


def python_packages(lock: Path) -> None:
    """Installs the Python packages that a lock file pins. Raises Missing."""
    mark = stamp(VENV, lock)
    if mark.exists():
        return
    # What was installed from another state of this lock will no longer be there as it was.
    for old in VENV.glob(f".installed-{lock.stem}-{'?' * 16}"):
        old.unlink()
    pip: list[str | Path] = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    with progress("set-up", f"Python packages ({lock.name})"):
        if run([*pip, "--require-hashes", "-r", lock]):
            raise Missing(f"the packages of {lock.name} could not be installed; pip says why above")
    mark.touch()


def node_packages() -> None:
    """Installs the pinned npm packages with the Node.js of the virtual environment. Raises Missing."""
    mark = stamp(ROOT / "node_modules", ROOT / "package-lock.json", ROOT / ".npmrc")
    if mark.exists():
        return
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    with progress("set-up", "npm packages"):
        if run([BIN / "npm", "ci", "--no-progress", "--silent"], PATH=path):
            raise Missing("the packages of package-lock.json could not be installed; run `.venv/bin/npm ci` to see why")
    mark.touch()


def browser() -> None:
    """Finds or installs the browser for tests; its path goes to .cache/browser, empty for Playwright's own."""
    note = CACHE / "browser"
    if note.exists() and (not note.read_text() or Path(note.read_text()).exists()):
        return
    CACHE.mkdir(exist_ok=True)
    found = find_browser()
    if not found:
        with progress("set-up", "browser"):
            if apt("chromium"):
                found = find_browser()
            elif run([BIN / "playwright", "install", "chromium"]):
                raise Missing("no browser for the tests; install Chromium (Debian: apt-get install chromium)")
    note.write_text(found)


def find_browser() -> str:
    """Path of a Chromium on this machine, else the empty string."""
    on_path = next((path for name in BROWSERS if (path := shutil.which(name))), "")
    return on_path or next((path for path in MAC_BROWSERS if Path(path).exists()), "")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m scripts.bootstrap", description=str(__doc__).splitlines()[0])
    parser.add_argument("--browser", action="store_true", help="also a browser for the tests")
    more = ("books", "notebook")
    parser.add_argument("--with", choices=more, dest="more", help="also what `make books` or `make notebook` needs")
    arguments = parser.parse_args(argv)
    if sys.version_info < (3, 11):  # noqa: UP036 (the machine's own Python runs this)
        print(f"set-up: Python {sys.version.split()[0]} is too old; install Python 3.11 or newer", file=sys.stderr)
        return 2
    try:
        virtual_environment()
        python_packages(ROOT / "requirements.lock")
        if arguments.more:
            python_packages(ROOT / f"requirements-{arguments.more}.lock")
        node_packages()
        if arguments.browser:
            browser()
    except Missing as missing:
        print(f"set-up: {missing}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""build-manifest.json: the hash of every file of a built site. Compares a folder or a published site with it.

Usage: python -m scripts.manifest DIR|https://host/path/ [--against FILE]
Without --against the site's own manifest is taken: that finds damage. To find out whether a site is what a commit says,
build that commit with the same SITE_URL and REPOSITORY, and give its manifest.
Exit 0: the same; 1: it differs; 2: bad input.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.cached import files_under

NAME = "build-manifest.json"
TIMEOUT_SECONDS = 60
Read = Callable[[str], bytes]


def hashes(site: Path) -> dict[str, str]:
    """SHA-256 of each file but the manifest, by its path below `site`."""
    paths = [path for path in files_under(site) if path.relative_to(site).as_posix() != NAME]
    return {p.relative_to(site).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def write_manifest(site: Path, epoch: str) -> None:
    """`epoch`: seconds of the commit's date, which is the build's date."""
    content = {"source_date_epoch": int(epoch), "files": dict(sorted(hashes(site).items()))}
    (site / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def reader(place: str) -> Read:
    """Gives the bytes of a file by its path. It raises OSError for what is not there."""
    if place.startswith(("https://", "http://")):
        base = place if place.endswith("/") else f"{place}/"

        def fetch(path: str) -> bytes:
            with urllib.request.urlopen(base + path, timeout=TIMEOUT_SECONDS) as reply:
                return bytes(reply.read())

        return fetch
    return lambda path: (Path(place) / path).read_bytes()


def files_of(text: bytes, place: str) -> dict[str, str]:
    """The files of a manifest. Raises ValueError."""
    try:
        files: dict[str, str] = json.loads(text)["files"]
        return {str(path): str(digest) for path, digest in files.items()}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ValueError(f"{place}: is no manifest; allowed: the {NAME} of a build; run `make build`") from None


def differences(place: str, wanted: dict[str, str]) -> list[str]:
    """A line for each file that is missing, differs, or is too much (in a folder; a host lists none)."""
    read, remote = reader(place), place.startswith(("https://", "http://"))

    def compare(path: str) -> str:
        try:
            found = hashlib.sha256(read(path)).hexdigest()
        except OSError as bad:
            return f"{path}: is missing ({getattr(bad, 'reason', None) or type(bad).__name__})"
        return "" if found == wanted[path] else f"{path}: differs: SHA-256 {found[:12]}…, expected {wanted[path][:12]}…"

    # A host may keep names that begin with a dot to itself, and no page asks for them.
    asked = [path for path in wanted if not (remote and Path(path).name.startswith("."))]
    with ThreadPoolExecutor(8 if remote else 1) as pool:
        found = [line for line in pool.map(compare, asked) if line]
    extra = [] if remote else sorted(set(hashes(Path(place))) - set(wanted))
    return found + [f"{path}: is not in the manifest" for path in extra]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.manifest", description=str(__doc__).splitlines()[0])
    parser.add_argument("place", metavar="DIR|URL", help="a built folder, or where it is published")
    parser.add_argument("--against", type=Path, metavar="FILE", help="the manifest of a build of one's own")
    given = parser.parse_args(argv)
    try:
        text = given.against.read_bytes() if given.against else reader(given.place)(NAME)
        wanted = files_of(text, str(given.against or given.place))
    except OSError as bad:
        text = f"{given.place}: there is no {NAME} to read ({type(bad).__name__})"
        print(f"verify: {text}; allowed: a folder or an address of a built site; run `make build`", file=sys.stderr)
        return 2
    except ValueError as bad:
        print(f"verify: {bad}", file=sys.stderr)
        return 2
    found = differences(given.place, wanted)
    print("\n".join(found) if found else f"verify: {len(wanted)} files are as the manifest says")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())

"""Asks every address that sources and pages name, and reports in Markdown which no longer answer. Fails nothing.

Usage: python -m scripts.external_links [--timeout SECONDS] [ADDRESS ...]
An answer that asks for a person (401, 403, 405, 429, 503) is no broken link. Exit 0, whatever was found.
"""

from __future__ import annotations

import argparse
import re
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from calculators.data_files import DATA
from calculators.text import LANGUAGES
from scripts.cached import ROOT, files_under
from scripts.page_text import line_at, without_code

ADDRESS = re.compile(r"https?://[^\s\"'<>()\[\]{}、。]+[^\s\"'<>()\[\]{}、。.,;:]")
FOR_PEOPLE = (401, 403, 405, 429, 503)
AT_ONCE = 8


def addresses() -> dict[str, str]:
    """Each address and where it stands first, `file:line`."""
    found: dict[str, str] = {}
    files = files_under(DATA, "*.yml") + [p for lang in LANGUAGES for p in files_under(ROOT / "docs" / lang, "*.md")]
    for path in files:
        text = path.read_text(encoding="utf-8")
        for match in ADDRESS.finditer(without_code(text) if path.suffix == ".md" else text):
            host = urlsplit(match[0]).hostname or ""
            if host not in ("127.0.0.1", "localhost") and not host.startswith("example."):
                found.setdefault(match[0].partition("#")[0], f"{path.relative_to(ROOT)}:{line_at(text, match.start())}")
    return found


def answer(address: str, timeout: float) -> str:
    """What is wrong with an address; empty if nothing."""
    request = urllib.request.Request(address, headers={"User-Agent": "edge-of-intelligence link check"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            there = reply.url
    except urllib.error.HTTPError as bad:
        return "" if bad.code in FOR_PEOPLE else f"answers {bad.code}"
    except Exception as bad:  # whatever the world does, it is told and fails nothing
        return f"no answer: {getattr(bad, 'reason', bad) or type(bad).__name__}"
    home = urlsplit(there).path in ("", "/") and urlsplit(address).path not in ("", "/")
    return f"leads to {there}, which is a front page" if home else ""


def ask_all(places: Iterable[str], timeout: float) -> dict[str, str]:
    """What is wrong, by address. A host is asked by one of us at a time."""
    hosts: Mapping[str, list[str]] = defaultdict(list)
    for place in places:
        hosts[urlsplit(place).netloc].append(place)

    def ask(group: list[str]) -> list[tuple[str, str]]:
        return [(place, answer(place, timeout)) for place in group]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {place: what for group in pool.map(ask, hosts.values()) for place, what in group if what}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.external_links", description=str(__doc__).splitlines()[0])
    parser.add_argument("--timeout", type=float, default=20, metavar="SECONDS", help="for each address (default: 20)")
    parser.add_argument("addresses", nargs="*", metavar="ADDRESS", help="only these")
    given = parser.parse_args(argv)
    known = dict.fromkeys(given.addresses, "command line") or addresses()
    print(f"links: {len(known)} addresses are asked", file=sys.stderr)
    found = ask_all(known, given.timeout)
    print(f"## Links that lead out\n\n{len(found)} of {len(known)} addresses want a look.\n")
    for place in sorted(found, key=lambda one: known[one]):
        print(f"- `{known[place]}`: <{place}> {found[place]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

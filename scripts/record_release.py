"""Records the status and value of every claim beside the data version, for "what changed" in the ledger.

Usage: python -m scripts.record_release [--date YYYY-MM-DD]
Run it when a version of data/ goes online, and commit the file that it writes, data/releases/<date>.yml. The ledger
then tells its readers what later versions change. A second run on one day replaces the first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

from calculators.claims import Claim, complaints, ledger
from calculators.data_files import DATA, BadData, read_all
from calculators.evidence import Evidence
from calculators.load import data_hash

HEAD = "# yaml-language-server: $schema=../schema/release.json\n# Written by scripts.record_release.\n"


def row(claim: Claim) -> dict[str, Any]:
    """What is kept of a claim: its status, and its value where that is a number."""
    value = claim.now.value if claim.now else None
    return {"claim": claim.id, "status": claim.status} | ({"value": value} if isinstance(value, int | float) else {})


def release_text(claims: Sequence[Claim], day: str, version: str) -> str:
    """The file's text."""
    rows = [f"  - {{{', '.join(f'{key}: {plain(value)}' for key, value in row(claim).items())}}}" for claim in claims]
    return "\n".join([f"{HEAD}date: {day}", f'version: "{version}"', "rows:", *rows, ""])


def plain(value: Any) -> str:
    """A word or a number as the data files write them: 13, not 13.0, and without an exponent."""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else f"{value:.10f}".rstrip("0")
    return str(value)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.record_release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--date", type=date.fromisoformat, default=date.today(), help="the day (default: today)")
    arguments = parser.parse_args(argv)
    try:
        claims = ledger(Evidence(read_all()))
    except BadData as bad:
        print(bad, file=sys.stderr)
        return 1
    if stale := complaints(claims):  # what readers would be told is not what our text says
        print("\n".join(stale), file=sys.stderr)
        return 1
    path = DATA / "releases" / f"{arguments.date}.yml"
    path.write_text(release_text(claims, arguments.date.isoformat(), data_hash()), encoding="utf-8")
    print(f"record_release: wrote data/releases/{path.name} ({len(claims)} claims)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Opens or renews a pull request with what a weekly job has changed, its impact on readers as text. Needs git and gh.

Usage: python -m scripts.propose --branch NAME --title TEXT --label NAME --checks success|failure
Exit 0: proposed, or nothing has changed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from scripts.cached import LOCKS, ROOT

AUTHOR = ["-c", "user.name=weekly job", "-c", "user.email=41898282+github-actions[bot]@users.noreply.github.com"]
CHANGED = ["data", *(lock.name for lock in LOCKS)]


def run(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT).returncode


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.propose", description=str(__doc__).splitlines()[0])
    for name in ("branch", "title", "label", "checks"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args(argv)
    if run("git", "diff", "--quiet", "--", *CHANGED) == 0:
        print("propose: nothing has changed", file=sys.stderr)
        return 0
    impact = subprocess.run([sys.executable, "-m", "scripts.impact"], cwd=ROOT, capture_output=True, text=True)
    fine = "fine" if given.checks == "success" else "**not fine**; a person must see why before this is merged"
    body = f"The checks are {fine}. Nobody has read this yet.\n\n{impact.stdout or impact.stderr}"[:60_000]
    # git asks gh for the token, so that it stands in no file.
    commands = [
        ["gh", "auth", "setup-git"],
        ["git", "checkout", "-q", "-B", given.branch],
        ["git", "add", *CHANGED],
        ["git", *AUTHOR, "commit", "-qm", given.title],
        ["git", "push", "--force", "origin", given.branch],
    ]
    for command in commands:
        if code := run(*command):
            return code
    texts = ["--title", given.title, "--body", body]
    asked = ["gh", "pr", "list", "--head", given.branch, "--state", "open", "--json", "number", "--jq", "length"]
    if subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout.strip() not in ("", "0"):
        return run("gh", "pr", "edit", given.branch, *texts)
    return run("gh", "pr", "create", "--head", given.branch, "--label", given.label, *texts)


if __name__ == "__main__":
    raise SystemExit(main())

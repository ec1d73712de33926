"""What nobody but the publisher can know: one place in mkdocs.yml's `extra`, or the environment, which wins."""

from __future__ import annotations

import os
import re
from typing import Any

import yaml

from scripts.cached import ROOT


def setting(name: str) -> str:
    """`site_url`, `repository`, `code_owners` or `model_host`; from the environment in capitals. Empty if unset."""
    given = os.environ.get(name.upper())
    if given:
        return given
    return str(section("extra").get(name) or "")


def section(name: str) -> dict[str, Any]:
    """A top section of mkdocs.yml with plain values; the file's Python tags, in other sections, are for MkDocs."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\n(?: .*\n|\n)*", text, re.MULTILINE)
    read: dict[str, Any] = yaml.safe_load(found[0])[name] if found else {}
    return read

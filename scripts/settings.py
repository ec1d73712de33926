"""What nobody but the publisher can know: one place in mkdocs.yml's `extra`, or the environment, which wins."""

from __future__ import annotations

import os

import yaml

from scripts.cached import ROOT


def setting(name: str) -> str:
    """`site_url`, `repository`, `code_owners` or `model_host`; from the environment in capitals. Empty if unset."""
    given = os.environ.get(name.upper())
    if given:
        return given
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    # Only plain settings are wanted; the file's Python tags are for MkDocs.
    extra = yaml.safe_load(text[text.index("\nextra:") + 1 :])["extra"]
    return str(extra.get(name) or "")

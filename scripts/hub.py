"""The hosts that larger models may be loaded from: data/model-hosts/, or the publisher's own mirror of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from calculators.data_files import BadData, Problem
from scripts import facts
from scripts.settings import setting

# The page that may ask a host, below each language; its policy and links differ from the others'.
PAGE = "demo/models/"
NONE = "none"


def model_host() -> dict[str, Any] | None:
    """The one host in use: name, origin, redirects, privacy; None where the setting `model_host` is `none`.

    `model_host` names the origin of a mirror with the host's own paths. Raises BadData for what is no origin.
    """
    (entity,) = facts.entities()["model-hosts"].values()
    host = {key: entity.values[key] for key in ("name", "origin", "redirects", "privacy")}
    mirror = setting("model_host")
    if mirror == NONE:
        return None
    if mirror:
        parts = urlsplit(mirror)
        here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
        if mirror != f"{parts.scheme}://{parts.netloc}" or not (parts.scheme == "https" or here):
            told = f"{mirror} was given; allowed: an origin such as https://models.example.com, or {NONE}"
            raise BadData([Problem("mkdocs.yml", 1, "model_host", told)])
        host |= {"name": parts.hostname, "origin": mirror, "redirects": [], "privacy": mirror}
    return host


def offered() -> dict[str, dict[str, Any]]:
    """Models that lie on the host in a form for browsers, by id."""
    return {i: dict(entity.values) for i, entity in facts.entities()["browser-models"].items()}


def connect_sources() -> list[str]:
    """What the page of larger models may connect to besides this site."""
    host = model_host()
    return [host["origin"], *host["redirects"]] if host else []

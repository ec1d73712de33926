"""The host of larger models is a setting of the build: the hub's own, a mirror, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from calculators.data_files import BadData
from calculators.text import LANGUAGES
from scripts.build import page_stamp
from scripts.hub import connect_sources, model_host, offered
from scripts.pages import PageBuild, policy
from scripts.verdicts_html import small_models, verdicts_html

MIRROR = "https://models.example.com"


def test_unset_it_is_the_host_of_the_data_with_all_it_sends_on_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL_HOST", raising=False)
    host = model_host()
    assert host
    assert connect_sources() == [host["origin"], *host["redirects"]]
    assert f"connect-src 'self' {' '.join(connect_sources())};" in policy([], connect_sources())
    assert host["privacy"] in verdicts_html("en", "../../")


def test_a_mirror_takes_its_place_in_policy_and_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_HOST", MIRROR)
    assert connect_sources() == [MIRROR]
    page = verdicts_html("en", "../../")
    assert "models.example.com" in page
    assert "huggingface" not in page.casefold()


def test_none_leaves_the_verdicts_and_takes_the_buttons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_HOST", "none")
    page = verdicts_html("ja", "../../")
    assert connect_sources() == []
    assert policy([], connect_sources()) == policy([])
    assert "data-verdict" in page
    assert "<dialog" not in page
    assert "load_hub" not in page


@pytest.mark.parametrize(
    "given", ["http://models.example.com", "https://models.example.com/path", "huggingface.co", "None"]
)
def test_another_thing_is_refused_with_what_is_allowed(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MODEL_HOST", given)
    with pytest.raises(BadData, match=rf"model_host: {given} was given; allowed: an origin such as"):
        model_host()


def test_another_host_makes_the_pages_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = PageBuild("https://book.example/", "assets/0/", Path("model"), Path("notebooks"), "0")
    stamps: dict[str, list[str]] = {host: [] for host in ("", MIRROR, "none")}
    for host, found in stamps.items():
        monkeypatch.setenv("MODEL_HOST", host)
        found += [page_stamp(lang, shared) for lang in LANGUAGES]
    assert len({stamp for found in stamps.values() for stamp in found}) == 6


def test_every_offered_model_has_a_row() -> None:
    assert set(offered()) <= set(small_models())

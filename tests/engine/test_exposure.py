"""The map of who sees the prompt: each cell has its source or says that it is unknown; the API decides the path."""

from __future__ import annotations

from typing import Any

import pytest

from calculators.dataset import offer_of, price_row_on
from calculators.exposure import COLUMNS, exposure_chart, exposure_chart_portfolio
from calculators.graph import Unknown
from calculators.load import load_dataset
from calculators.scenario import priced_models, resolve
from calculators.text import LANGUAGES
from calculators.tier import PLACES

DATASET = load_dataset()


def chart(api_model: str = "claude-opus-4.6", lang: str = "en", chosen: str | None = None) -> dict[str, Any]:
    return exposure_chart(DATASET, {"api_model": api_model}, lang, chosen)


def cloud(api_model: str) -> dict[str, Any]:
    group: dict[str, Any] = chart(api_model)["groups"][0]
    return group


def texts(group: dict[str, Any]) -> list[str]:
    return [cell["text"] for hop in group["hops"] for cell in hop["cells"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_cell_has_its_source_or_says_that_it_is_unknown(lang: str) -> None:
    unknown = DATASET.strings["exposure.unknown"][lang].format(reason="")
    for api_model in priced_models(DATASET):
        found = chart(api_model, lang)
        assert [group["id"] for group in found["groups"]] == list(PLACES)
        for group in found["groups"]:
            for hop in group["hops"]:
                assert hop["label"] and len(hop["cells"]) == len(COLUMNS)
                for cell in hop["cells"]:
                    assert cell["text"] and "{" not in cell["text"], (api_model, hop["label"])
                    assert cell["known"] == bool(cell["source_text"]), cell
                    assert cell["text"].startswith(unknown) != cell["known"], cell


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_and_the_sentence_say_what_the_groups_say(lang: str) -> None:
    found = chart("gpt-5.2", lang)
    hops = [hop for group in found["groups"] for hop in group["hops"]]
    assert len(found["rows"]) == len(hops) and {len(row) for row in found["rows"]} == {len(found["head"])}
    for row, hop in zip(found["rows"], hops, strict=True):
        assert row[1] == hop["label"] and row[2:-1] == [cell["text"] for cell in hop["cells"]]
    cells = [cell for hop in hops for cell in hop["cells"]]
    unknown = [cell for cell in cells if not cell["known"]]
    doubtful = [cell for cell in cells if cell["known"] and not cell["verified"]]
    assert unknown and doubtful
    words = {"en": "Of {} entries, {} are unknown and {} are not", "ja": "{}項目のうち、{}項目は不明、{}項目は未検証"}
    assert words[lang].format(len(cells), len(unknown), len(doubtful)) in found["summary"]


def test_the_model_behind_the_api_decides_the_provider() -> None:
    assert "Anthropic" in cloud("claude-opus-4.6")["label"] and "OpenAI" in cloud("gpt-5.2")["label"]
    assert texts(cloud("claude-opus-4.6")) != texts(cloud("gpt-5.2"))
    # A model is served by its lab unless an offer is named.
    assert "Z.ai" in cloud("glm-5")["label"]
    routed = cloud("glm-5.openrouter")
    assert "OpenRouter" in routed["label"] and "Router" in [hop["label"] for hop in routed["hops"]]
    assert chart("gpt-5.2")["groups"][1:] == chart("claude-opus-4.6")["groups"][1:]


def test_a_provider_that_nobody_looked_up_is_named_and_otherwise_unknown() -> None:
    assert "cloud.minimax" not in DATASET.paths
    operator, *rest = cloud("minimax-m2.5")["hops"][2]["cells"]
    assert operator["text"] == "MiniMax" and not any(cell["known"] for cell in rest)


def test_the_offer_is_the_one_whose_price_is_used() -> None:
    for api_model in priced_models(DATASET):
        priced = resolve(DATASET, {"api_model": api_model}, {}).values["api_price_row"]
        row = price_row_on(offer_of(DATASET, api_model)["rows"], None)
        assert priced == (Unknown("unknown-price-today") if row is None else row), api_model


def test_what_is_not_verified_says_so_with_its_day() -> None:
    retention = cloud("gpt-oss-120b.cerebras")["hops"][2]["cells"][2]
    assert retention["source_text"] == "Does Cerebras retain my data?, July 11, 2025, not verified"
    assert retention["known"] and not retention["verified"]


def test_nobody_else_reads_along_on_ones_own_machines() -> None:
    exposed = {group["id"]: sum(hop["exposed"] for hop in group["hops"]) for group in chart("gpt-5.2")["groups"]}
    assert exposed["on_prem"] == exposed["edge"] == 0 < exposed["private_cloud"] < exposed["cloud"]


def test_the_place_chosen_is_marked() -> None:
    assert [group["id"] for group in chart(chosen="on_prem")["groups"] if group["chosen"]] == ["on_prem"]
    assert not any(group["chosen"] for group in chart()["groups"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_portfolio_shows_each_workload_on_its_way(lang: str) -> None:
    plan = [
        ("contracts", "on_prem", {"api_model": "glm-5"}),
        ("chat", "cloud", {"api_model": "gpt-5.2"}),
        ("mail", "cloud", {"api_model": "deepseek-v4-pro"}),
    ]
    found = exposure_chart_portfolio(DATASET, plan, lang)
    assert [group["id"] for group in found["groups"]] == ["contracts", "chat", "mail"]
    places = chart("gpt-5.2", lang)["groups"]
    assert [group["hops"] for group in found["groups"][:2]] == [places[2]["hops"], places[0]["hops"]]
    assert "DeepSeek" in found["groups"][2]["label"] and "mail" in found["groups"][2]["label"]
    assert found["head"][0] == DATASET.strings["exposure.workload"][lang]

"""References are computed from what pages bind; works, citations and first uses say what the data say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calculators.evidence import NoSuchFact
from calculators.text import LANGUAGES
from scripts import edition, facts, references
from scripts.edition import UNSET, Settings, bibtex_block, settings_of
from scripts.macros import page_functions
from scripts.references import cited, first_uses, references_in, sections_citing, works

ROOT = Path(__file__).resolve().parents[2]
VECTARA = "scores/vectara-hallucination-hhem-2.3-2026-03"
each_language = pytest.mark.parametrize("lang", LANGUAGES)


def page(lang: str, name: str) -> str:
    return (ROOT / "docs" / lang / "book" / f"{name}.md").read_text(encoding="utf-8")


def sources_in(text: str) -> set[str]:
    evidence = facts.evidence("en", True)
    return {key for reference in references_in(text, evidence) for key in facts.sources_of(reference, evidence)}


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ('{{ src("gallery") }}', {"gallery"}),
        ('{{ v("models/glm-5", "total_params") }}', {"gallery"}),
        ('{{ ratio("facts/openrouter-week-chinese", "facts/openrouter-week-us") }}', {"national-business-daily"}),
        (f'{{{{ minus("{VECTARA}#gpt-5.2 high", "{VECTARA}#glm-5") }}}}', {"vectara-2026-03"}),
        (f'{{{{ noise("{VECTARA}#gpt-5.2 high", "{VECTARA}#glm-5") }}}}', {"vectara-2026-03"}),
        ('{{ claim("openrouter-users") }}', {"national-business-daily"}),
        ('{{ table("book-models") }}', {"gallery"}),
        ('{{ name("models/glm-5") }} {{ term("kv-cache") }} {{ sections("part-1") }}', set()),
        ('{{ v("facts/no-such-fact") }} {{ src("gallery") }}', {"gallery"}),
        ('`{{ src("gallery") }}`', set()),
    ],
)
def test_what_a_macro_rests_on_is_cited(text: str, sources: set[str]) -> None:
    assert sources_in(text) == sources


def test_figures_sentences_and_calculations_bring_the_sources_behind_them() -> None:
    assert sources_in('{{ figure("hallucination") }}') >= {"vectara-2026-01"}
    assert sources_in('{{ sentence("step-speed") }}') >= {"gallery"}
    calculated = sources_in('{{ calc("cost", "own-glm-5 jp", api_model="glm-5").owned_month_usd }}')
    assert calculated >= {"gallery", facts.entity("facts/electricity-jp-business")["source"]}  # a preset names the fact


def test_both_languages_cite_the_same() -> None:
    english, japanese = (cited(lang) for lang in LANGUAGES)
    assert {slug: {*keys} for slug, keys in english.items()} == {slug: {*keys} for slug, keys in japanese.items()}
    assert all(english.values())


@each_language
def test_no_reference_is_typed(lang: str) -> None:
    text = page(lang, "references")
    assert "src(" not in text and "sources.md#" not in text and "http" not in text


@each_language
def test_every_cited_source_stands_below_its_section_with_its_row_and_its_address(lang: str) -> None:
    shown = references.by_section_markdown(lang, "../")
    parts = dict(re.findall(r"^### .*?\{#([a-z0-9-]+)\}\n(.*?)(?=^### |\Z)", shown, re.MULTILINE | re.DOTALL))
    for slug, keys in cited(lang).items():
        assert re.findall(r"^- .*?\(\.\./data/sources\.md#([a-z0-9-]+)\)", parts[slug], re.MULTILINE) == keys
        for key in keys:
            assert f"({facts.entity(f'sources/{key}').get('url', '')})" in parts[slug] + "()"
    assert str(len({key for keys in cited(lang).values() for key in keys})) == references.count(lang, as_text=True)


@each_language
def test_the_works_stand_in_the_order_of_the_book_with_their_use_and_the_sections(lang: str) -> None:
    found = works()
    assert [work.values["number"] for _, work in found] == list(range(1, len(found) + 1)) and len(found) == 19
    shown = references.works_markdown(lang, "../", page_functions(lang, lambda: "", as_text=True))
    entries = re.findall(r"^(\d+)\. <span id=\"([a-z0-9-]+)\">(.*?)(?=^\d+\. |\Z)", shown, re.MULTILINE | re.DOTALL)
    assert [(int(number), work_id) for number, work_id, _ in entries] == [(w.values["number"], i) for i, w in found]
    for (_, _, entry), (_, work) in zip(entries, found, strict=True):
        assert work.values["use"][lang] in entry and work.values.get("url", "") in entry
        for slug in sections_citing(work.values["sources"], lang):
            assert f"/{slug}.md)" in entry


def test_the_original_is_cited_as_its_license_asks() -> None:
    entry = bibtex_block("en", UNSET).partition("\n\n")[2]
    for part in ("Satoshi Yamauchi", "{The Edge of Intelligence}", "Leading AI", "CC BY 4.0"):
        assert part in entry
    assert "url       = {https://github.com/Leading-AI-IO/edge-ai-intelligence}" in entry


def of_edition(lang: str, settings: Settings) -> str:
    return bibtex_block(lang, settings).partition("\n\n")[0]


@each_language
def test_this_edition_is_cited_with_day_version_and_an_address_if_there_is_one(
    lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1782864000")
    unset = of_edition(lang, UNSET)
    assert "year      = {2026}" in unset and "month     = jul" in unset and "2026-07-01" in unset
    assert edition.built("data", lang) in unset and "Satoshi Yamauchi" in unset and "url " not in unset
    site = of_edition(lang, Settings("https://book.example/", "https://code.example/book"))
    assert f"url       = {{https://book.example/{lang}/}}" in site
    assert "url       = {https://code.example/book}" in of_edition(lang, Settings("", "https://code.example/book"))
    assert all(text.count("{") == text.count("}") for text in (unset, site))


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://book.example/some/path/en/", "https://book.example/some/path/"),
        ("http://127.0.0.1:8000/en/", ""),
        ("http://localhost:8000/en/", ""),
        ("", ""),
    ],
)
def test_an_address_of_this_machine_is_none(address: str, found: str) -> None:
    assert settings_of(address, "en", None) == Settings(found, "")


def test_what_bibtex_takes_for_markup_is_escaped() -> None:
    assert edition.braced("R&D, 100 % of #1_a") == "{R\\&D, 100 \\% of \\#1\\_a}"


def test_what_does_not_exist_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(NoSuchFact, match="allowed: day, data"):
        edition.built("hour", "en")


@each_language
def test_a_term_is_first_used_where_no_earlier_section_has_it(lang: str) -> None:
    uses = first_uses(facts.evidence(lang, True))
    assert uses["open-weight"] == ("eight-weeks", "claim")
    bound = set()
    for path in (ROOT / "docs" / lang / "book").rglob("part-*/*.md"):
        bound |= set(re.findall(r'\{\{ term\("([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
    assert bound <= {*uses} <= {*facts.entities()["glossary"]}


@each_language
def test_every_correction_leads_to_the_section_that_treats_it(lang: str) -> None:
    table = page(lang, "about").partition("{#corrections}")[2].partition("{#cite}")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "](" in line]
    assert len(rows) == 8
    for row in rows:
        assert re.search(r"\]\(part-\d/[a-z-]+\.md#[a-z-]+\)", row.split(" | ")[0]), row
        assert len(row.strip("| ").split(" | ")) == 3

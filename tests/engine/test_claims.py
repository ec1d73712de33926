"""The claim ledger: each status can be reached, each computed claim flips with its data, stale texts are told."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from calculators import cli
from calculators.claims import STATUSES, Claim, counts, ledger, now_text, said, weighed, written_text
from calculators.data_files import BadData, Entity, read_all
from calculators.evidence import Evidence, NoSuchFact
from scripts import facts, macros
from scripts.claims_check import misplaced, strangers
from scripts.claims_html import changes, claim_marker, count_of
from scripts.record_release import release_text

Found = dict[str, dict[str, Entity]]
FOUND = read_all()
SAMPLES = FOUND["parameters"]["samples"]
# A few random draws show as well as all of them that a claim flips; its status before must be the real one.
FEW_DRAWS = {**FOUND["parameters"], "samples": Entity(SAMPLES.file, {**SAMPLES.values, "value": 100}, SAMPLES.lines)}
COMPUTED = [i for i, entity in FOUND["claims"].items() if entity.values["kind"] != "judgment"]
# By so much a figure is changed until a status changes; a date moves by as many years.
FACTORS = (0.9, 1.1, 0.5, 2, 0.1, 10, 0.001, 1000)
SCORE = "scores/artificial-analysis-v4.0#glm-5"


def claim(**fields: Any) -> Entity:
    """A claim in memory."""
    values = {"statement": {"en": "s", "ja": "s"}, "kind": "computed", "text_says": "holds", **fields}
    return Entity("data/claims/made.yml", values, {("now",): 7, ("status", "holds"): 9})


def outcome(entity: Entity, found: Found = FOUND) -> Claim:
    return weighed(Evidence(found), "made", entity)


@pytest.mark.parametrize(
    ("status", "conditions"),
    [
        ("holds", {"holds": "now > 0", "weakened": "now > 0"}),
        ("within-assumptions", {"holds": "now < 0", "within-assumptions": "now == written", "weakened": "now > 0"}),
        ("weakened", {"holds": "now < 0", "weakened": f'now <= v("{SCORE}")'}),
        ("overturned", {"holds": "now < written"}),
        ("not-verifiable", {"holds": 'v("models/claude-opus-4.6", "layer_groups") > now'}),
    ],
)
def test_every_status_can_be_reached(status: str, conditions: dict[str, str]) -> None:
    value = FOUND["scores"]["artificial-analysis-v4.0"].values["rows"]
    written = next(row["value"] for row in value if row["model"] == "glm-5")
    found = outcome(claim(now=f'v("{SCORE}")', as_written={"value": written, "unit": "points"}, status=conditions))
    assert found.status == status and found.stale == (status != "holds")
    assert bool(found.why) == (status == "not-verifiable")
    assert SCORE in found.references


def test_the_real_ledger_says_more_than_one_thing() -> None:
    claims = ledger(Evidence(FOUND))
    assert len(claims) == len(FOUND["claims"]) >= 15
    assert sum(n > 0 for n in counts(claims).values()) >= 4 and set(counts(claims)) == set(STATUSES)
    assert not [c.id for c in claims if c.stale]


def test_a_value_that_never_comes_is_not_verifiable_unless_the_condition_asks() -> None:
    # A price far below the cost of the electricity: owning never pays back.
    never = 'calc("cost", model="glm-5", device="h200-sxm-x8", tokens_per_month=1000000).payback_month'
    assert outcome(claim(now=never, status={"holds": "now <= 24"})).status == "not-verifiable"
    assert outcome(claim(now=never, status={"holds": "not now.never"})).status == "overturned"


# --- Each computed claim flips


def moved(value: Any, factor: float) -> Any:
    if isinstance(value, str):
        return (date.fromisoformat(value) + timedelta(days=round(365 * (factor - 1)))).isoformat()
    return value * factor


def figures(found: Found, reference: str) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """The mappings of `data/` that hold a referenced figure, with the keys of its value and the ends of its range."""
    kind, _, rest = reference.partition("/")
    entity_id, _, inside = rest.partition("#")
    values = found[kind][entity_id].values
    if kind == "prices":
        start, _, key = inside.rpartition(".")
        yield from ((row, [key]) for row in values["rows"] if row["from"] == start)
    elif kind == "presets":
        yield values["set"], [inside]
    elif kind == "measurements":
        row, key = Evidence(found).measured_row(reference)
        yield dict_of(row), [key]
    else:
        holder = Evidence(found).stored(reference)[0] if "value" not in values else values
        yield dict_of(holder), ["value", "low", "high"]


def dict_of(holder: Mapping[str, Any]) -> dict[str, Any]:
    assert isinstance(holder, dict)
    return holder


def changed(reference: str, factor: float) -> Found:
    """All entities, one figure of one of them changed."""
    kind, _, rest = reference.partition("/")
    entity_id = rest.partition("#")[0]
    entity = FOUND[kind][entity_id]
    own = Entity(entity.file, copy.deepcopy(entity.values), entity.lines)
    base = {**FOUND, "parameters": FEW_DRAWS}
    found = {**base, kind: {**base[kind], entity_id: own}}
    for holder, keys in figures(found, reference):
        for key in keys:
            if isinstance(holder.get(key), int | float | str) and not isinstance(holder.get(key), bool):
                holder[key] = moved(holder[key], factor)
    return found


def one_by_one(reference: str) -> list[str]:
    """A reference; of a preset, each of its numbers, since it names them all."""
    kind, _, entity_id = reference.partition("/")
    if kind != "presets":
        return [reference]
    settings = FOUND[kind][entity_id].values["set"]
    return [f"{reference}#{key}" for key, value in settings.items() if isinstance(value, int | float)]


def flips(claim_id: str) -> Iterator[tuple[str, float, str]]:
    """(reference, factor, new status) of each change that gives a claim another status."""
    entity = FOUND["claims"][claim_id]
    before = weighed(Evidence(FOUND), claim_id, entity)
    assert weighed(Evidence({**FOUND, "parameters": FEW_DRAWS}), claim_id, entity).status == before.status
    for reference in itertools.chain(*map(one_by_one, before.references)):
        for factor in FACTORS:
            try:
                after = weighed(Evidence(changed(reference, factor)), claim_id, entity).status
            except (BadData, NoSuchFact, ValueError):  # a value that no calculator takes
                continue
            if after not in (before.status, "not-verifiable"):
                yield reference, factor, after


@pytest.mark.parametrize("claim_id", COMPUTED)
def test_a_computed_claim_flips_with_its_data(claim_id: str) -> None:
    assert next(flips(claim_id), None), f"{claim_id}: no change of a figure that it rests on changes its status"


def test_a_claim_that_cannot_flip_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = claim(now=f'v("{SCORE}")', status={"holds": "now == now"})
    monkeypatch.setitem(FOUND["claims"], "made", fixed)
    assert next(flips("made"), None) is None


# --- Mistakes


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"now": 'v("facts/no-such")', "status": {"holds": "now > 1"}}, "made.yml:7: now: facts/no-such: there is no"),
        ({"now": "1 +", "status": {"holds": "now > 1"}}, "made.yml:7: now: 1 +:"),
        ({"now": "True", "status": {"holds": "now > 1"}}, "made.yml:7: now: True: gives True; allowed: a quantity"),
        ({"now": f'v("{SCORE}")', "status": {"holds": "now > written"}}, "made.yml:9: status.holds: now > written:"),
        ({"now": f'v("{SCORE}")', "status": {"holds": "now"}}, "made.yml:9: status.holds: now: gives"),
    ],
)
def test_a_wrong_expression_is_told_at_its_line(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(BadData) as bad:
        ledger(Evidence({**FOUND, "claims": {"made": claim(**fields)}}))
    assert str(bad.value).startswith(f"data/claims/{told}") and "\n" not in str(bad.value)


def test_texts_are_filled_and_a_wrong_macro_is_told() -> None:
    text = {"en": 'GLM-5 has {{ v("models/glm-5", "total_params") }}.', "ja": "{{ v(1) }}"}
    entity = claim(statement=text)
    size = str(Evidence(FOUND).v("models/glm-5", "total_params"))
    assert said(entity, "statement", Evidence(FOUND), str.upper) == f"GLM-5 HAS {size}."
    with pytest.raises(BadData, match=r"made\.yml:1: statement\.ja: "):
        said(entity, "statement", Evidence(FOUND, "ja"))


# --- The command line


def with_text(says: str) -> Found:
    """The data with one claim whose text says something."""
    entity = FOUND["claims"]["gap-to-leader"]
    own = Entity(entity.file, {**entity.values, "text_says": says}, entity.lines)
    return {**FOUND, "claims": {**FOUND["claims"], "gap-to-leader": own}}


def test_a_text_that_no_longer_matches_exits_1(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(cli, "read_all", lambda: with_text("holds"))
    assert cli.main(["claims"]) == 1
    (complaint,) = capsys.readouterr().err.splitlines()
    told = r"data/claims/gap-to-leader\.yml:\d+: the text says holds, data/ now gives \w+; "
    assert re.match(told, complaint), complaint


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_command_prints_every_claim(capsys: Any, lang: str) -> None:
    assert cli.main(["claims", "--lang", lang]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {claim_id}: " in shown for claim_id in FOUND["claims"]) and "{{" not in shown
    evidence = Evidence(FOUND, lang)
    gap = next(claim for claim in ledger(evidence) if claim.id == "gap-to-leader")
    assert f"{written_text(gap, evidence)} -> {now_text(gap, evidence)}" in shown


def test_json_holds_every_claim_with_its_references(capsys: Any) -> None:
    assert cli.main(["claims", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    rows = {row["id"]: row for row in answer["claims"]}
    assert set(rows) == set(FOUND["claims"]) and sum(answer["counts"].values()) == len(rows)
    assert rows["gap-to-leader"]["now"] == 13 and rows["gap-to-leader"]["as_written"]["value"] == 7
    assert all(rows[claim_id]["references"] for claim_id in COMPUTED)


# --- Pages


def test_the_marker_says_the_status_and_leads_to_the_row() -> None:
    marker = claim_marker("gap-to-leader", "en", "../../")
    assert marker.startswith("[overturned](../../book/claims.md#gap-to-leader){.claim .claim-overturned")
    assert 'aria-label="Claim: overturned"' in marker
    assert claim_marker("gap-to-leader", "ja", "", as_text=True) == "（覆った）"
    with pytest.raises(NoSuchFact, match="no-such"):
        claim_marker("no-such", "en", "")


def test_counts_follow_the_part() -> None:
    in_all = sum(int(count_of(status, "", "en", as_text=True)) for status in STATUSES)
    in_parts = [int(count_of(s, f"part-{n}", "en", as_text=True)) for s in STATUSES for n in range(1, 5)]
    assert in_all == len(FOUND["claims"]) and sum(in_parts) <= in_all and int(in_parts[0]) > 0
    for wrong in (("hold", ""), ("holds", "part-9")):
        with pytest.raises(NoSuchFact, match="allowed"):
            count_of(*wrong, "en")


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda values: values.update(section="no-such"), "section: no-such is no written section"),
        (lambda values: values.update(section="why-all-at-once"), "section: why-all-at-once is no written"),
        (lambda values: values.update(anchor="no-such"), "anchor: docs/{lang}/book/part-1/gap-vanished.md has no head"),
    ],
)
def test_a_misplaced_claim_is_told(edit: Edit, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = copy.deepcopy(macros.navigation_plan())
    (section,) = (s for part in plan for s in part["sections"] if s["slug"] == "why-all-at-once")
    section["status"] = "planned"
    monkeypatch.setattr(macros, "navigation_plan", lambda: plan)
    entity = FOUND["claims"]["gap-to-leader"]
    assert not list(misplaced("gap-to-leader", entity))
    values = dict(entity.values)
    edit(values)
    problems = [str(problem) for problem in misplaced("gap-to-leader", replace(entity, values=values))]
    langs = ("en", "ja") if "{lang}" in told else ("en",)
    assert len(problems) == len(langs)
    assert all(told.format(lang=lang) in problem for lang, problem in zip(langs, problems, strict=True))


def test_a_claim_without_its_marker_and_a_marker_without_its_claim_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    unmarked = list(misplaced("not-marked-anywhere", FOUND["claims"]["gap-to-leader"]))
    assert [str(p).partition(": section: ")[2][:8] for p in unmarked] == ["docs/en/", "docs/ja/"]
    assert not list(strangers())
    without = {i: entity for i, entity in FOUND["claims"].items() if i != "gap-to-leader"}
    monkeypatch.setattr(facts, "entities", lambda: {**FOUND, "claims": without})
    found = list(strangers())
    assert len(found) >= 2 and all('claim("gap-to-leader"): there is no data/claims/' in line for line in found)


# --- Releases


def test_a_release_is_a_data_file_and_tells_what_changed() -> None:
    claims = ledger(Evidence(FOUND))
    written = yaml.safe_load(release_text(claims, "2026-11-24", "0123456789ab"))
    before = {row["claim"]: row for row in written["rows"]}
    assert set(before) == set(FOUND["claims"]) and not list(changes(before, "en"))
    before["gap-to-leader"]["status"] = "holds"
    before["gap-widest"]["value"] -= 4
    was = f"{before['gap-widest']['value']:g} points"
    before["old"] = before.pop("glm-5-tie")
    told = dict(changes(before, "en"))
    widest = next(claim for claim in claims if claim.id == "gap-widest")
    assert list(told) == ["status", "value", "new", "gone"]
    assert "gap-to-leader" in told["status"] and told["status"].index("holds") < told["status"].index("overturned")
    assert (
        "gap-widest" in told["value"]
        and f"{was} → {now_text(widest, Evidence(FOUND))} (status unchanged" in told["value"]
    )
    assert "glm-5-tie" in told["new"] and told["gone"] == "No longer in the ledger: old"

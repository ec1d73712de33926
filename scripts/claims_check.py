"""The claims against the pages: every claim is marked where it is discussed, and no text says what no longer holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from calculators.claims import TEXTS, complaints, ledger, said
from calculators.data_files import BadData, Entity, Problem, dotted
from calculators.text import LANGUAGES
from scripts import facts
from scripts.cached import ROOT, files_under
from scripts.claims_html import sections

MARK = re.compile(r'\{\{\s*claim\(\s*"([^"]*)"\s*\)\s*\}\}')
CODE = re.compile(r"^\s*```.*?^\s*```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def check_claims() -> list[str]:
    """Expressions and texts of claims, the status that the text says, markers, sections and headings."""
    facts.refresh()
    try:
        found = ledger(facts.evidence("en", True))
        wrong = list(wrong_texts(facts.entities()["claims"]))
    except BadData as bad:
        return [str(problem) for problem in bad.problems]
    places = [problem for entity in facts.entities()["claims"].items() for problem in misplaced(*entity)]
    return [*map(str, wrong), *complaints(found), *map(str, places), *strangers()]


def wrong_texts(claims: dict[str, Entity]) -> Iterator[Problem]:
    """Macros in statements, assumptions and notes that cannot be filled."""
    for entity in claims.values():
        for field in (field for field in TEXTS if field in entity.values):
            for lang in LANGUAGES:
                try:
                    said(entity, field, facts.evidence(lang, True))
                except BadData as bad:
                    yield from bad.problems


def marks(page: Path) -> Iterator[tuple[int, str]]:
    """(line, claim) of each marker of a page, those in code left out."""
    text = CODE.sub(lambda code: "\n" * code[0].count("\n"), page.read_text(encoding="utf-8"))
    for mark in MARK.finditer(text):
        yield text.count("\n", 0, mark.start()) + 1, mark[1]


def misplaced(claim_id: str, entity: Entity) -> Iterator[Problem]:
    """A claim whose section or heading does not exist, or that is not marked there in both languages."""

    def problem(field: str, text: str) -> Problem:
        return Problem(entity.file, entity.line((field,)), dotted((field,)), text)

    plan, slug, anchor = sections(), entity.values["section"], entity.values["anchor"]
    if slug not in plan or plan[slug][2]["status"] != "written":
        written = ", ".join(name for name, (_, _, section) in plan.items() if section["status"] == "written")
        yield problem("section", f"{slug} is no written section of docs/nav.yml; allowed: {written}")
        return
    for lang in LANGUAGES:
        page = ROOT / "docs" / lang / f"{plan[slug][1]}.md"
        shown = page.relative_to(ROOT)
        if not page.exists():
            yield problem("section", f"there is no {shown}; allowed: a page in both languages; write it")
            continue
        if f"{{#{anchor}}}" not in page.read_text(encoding="utf-8"):
            yield problem("anchor", f"{shown} has no heading {{#{anchor}}}; allowed: an id of that page's headings")
        if claim_id not in (marked for _, marked in marks(page)):
            mark = f'{{{{ claim("{claim_id}") }}}}'
            yield problem("section", f"{shown} has no {mark}; allowed: one there; put it after the sentence")


def strangers() -> Iterator[str]:
    """Markers of claims that do not exist."""
    known = facts.entities()["claims"]
    for lang in LANGUAGES:
        for page in files_under(ROOT / "docs" / lang, "*.md"):
            for line, claim_id in marks(page):
                if claim_id not in known:
                    told = f"there is no data/claims/{claim_id}.yml; allowed: the name of a file there; correct it"
                    yield f'{page.relative_to(ROOT)}:{line}: claim("{claim_id}"): {told}'

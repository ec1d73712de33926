"""The claim ledger in pages: the marker beside a sentence, the counts, the rows of the ledger, and what has changed."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from calculators.claims import STATUSES, Claim, counts, ledger, now_text, said, written_text
from calculators.evidence import Evidence
from calculators.load import load_dataset
from calculators.text import day
from scripts import facts
from scripts.settings import setting

if TYPE_CHECKING:  # data_tables imports this module
    from scripts.data_tables import Cells, Row

# Pages on which a reference of data/ has a row of its own, or at least stands.
ROWS = {"facts": "facts", "models": "models", "devices": "devices", "sources": "sources", "presets": "rules"}
PAGES = {"scores": "scores", "prices": "prices"}
# What may have changed, the weightiest first.
CHANGES = ("status", "value", "new", "gone")
word = partial(facts.word, "claims")


@lru_cache(maxsize=4)
def computed(evidence: Evidence) -> Mapping[str, Claim]:
    """The ledger of one state of `data/`, by id. Raises BadData."""
    return {claim.id: claim for claim in ledger(evidence)}


def claims(lang: str, as_text: bool = False) -> Mapping[str, Claim]:
    return computed(facts.evidence(lang, as_text))


def claim_marker(claim_id: str, lang: str, root: str, *, as_text: bool = False) -> str:
    """The status of a claim beside its sentence, as a Markdown link to its row. Raises NoSuchFact, BadData."""
    claim = claims(lang, True).get(claim_id)
    if claim is None:
        raise facts.NoSuchFact(
            f"claim({claim_id!r}): there is no file data/claims/{claim_id}.yml; allowed: the name of a file there"
        )
    status = word(f"status-{claim.status}", lang)
    if as_text:
        return word("claim-text", lang, status=status)
    label = html.escape(word("claim-marker", lang, status=status))
    return f'[{status}]({root}book/claims.md#{claim_id}){{.claim .claim-{claim.status} aria-label="{label}"}}'


def sections() -> dict[str, tuple[str, str, Mapping[str, Any]]]:
    """Slug -> part, path of the page without .md, entry of docs/nav.yml; in the order of the book."""
    from scripts.macros import navigation_plan, section_path  # macros imports this module

    return {
        section["slug"]: (part["id"], section_path(part, section), section)
        for part in navigation_plan()
        for section in part["sections"]
    }


def count_of(status: str, part: str, lang: str, *, as_text: bool = False) -> str:
    """How many claims have a status, in the book or in a part. Raises NoSuchFact for what does not exist."""
    plan = sections()
    parts = {part_id for part_id, _, _ in plan.values()}
    if status not in STATUSES or (part and part not in parts):
        allowed = f"a status ({', '.join(STATUSES)}) and a part ({', '.join(sorted(parts))})"
        raise facts.NoSuchFact(f"claims_count({status!r}, {part!r}): there is no such; allowed: {allowed}")
    chosen = [c for c in claims(lang, True).values() if not part or plan[c.values["section"]][0] == part]
    count = counts(chosen)[status]
    if as_text:
        return str(count)
    expression = html.escape(f'claims_count("{status}", "{part}")')
    return f'<data value="{count}" data-fact="{expression}" title="{word("claims-counted", lang)}">{count}</data>'


def chip(status: str, lang: str) -> str:
    return f'<span class="claim claim-{status}">{word(f"status-{status}", lang)}</span>'


def claim_rows(cells: Cells) -> Iterator[Row]:
    """The rows of the ledger, in the order of the book."""
    from scripts.data_tables import Cell, Row

    lang, shown, plan = cells.lang, facts.evidence(cells.lang), sections()
    found, repository = claims(lang), setting("repository")
    for claim in sorted(found.values(), key=lambda c: list(plan).index(c.values["section"])):
        values = claim.values
        part, path, section = plan[values["section"]]
        number = f"{section['number']} " if "number" in section else ""
        title = f"{number}{html.escape(section['title'][lang])}"
        written = html.escape(written_text(claim, shown))
        if written:
            date = day(str(values["as_written"]["date"]), lang)
            written = word("claim-on", lang, value=written, date=date)
        stale = word("claim-stale", lang, status=word(f"status-{values['text_says']}", lang)) if claim.stale else ""
        yield Row(
            claim.id,
            [
                Cell(said_html(claim, "statement", shown)),
                Cell(chip(claim.status, lang) + (f' <strong class="claim-stale">{stale}</strong>' if stale else "")),
                Cell(f'<a href="{cells.root}{path}/#{values["anchor"]}">{title}</a>'),
                Cell(word(f"by-{values['by']}", lang)),
                Cell(word(f"way-{values['kind']}", lang)),
                Cell(written),
                Cell(now_text(claim, shown)),
                Cell(f"{remark(claim, shown)}<br>{challenge(claim, shown, repository)}"),
                Cell(references(claim, cells)),
            ],
            {"part": [part], "status": [claim.status], "way": [values["kind"]]},
        )


def said_html(claim: Claim, field: str, evidence: Evidence) -> str:
    return said(evidence.found["claims"][claim.id], field, evidence, html.escape)


def remark(claim: Claim, evidence: Evidence) -> str:
    """Assumptions, note, day of a judgment, and why something cannot be computed."""
    lang, values = evidence.lang, claim.values
    parts = []
    if "assumptions" in values:
        parts.append(word("claim-assumes", lang, text=said_html(claim, "assumptions", evidence)))
    if claim.why:
        parts.append(html.escape(word("claim-unverifiable", lang, reason=claim.why)))
    if "note" in values:
        parts.append(said_html(claim, "note", evidence))
    if "judged" in values:
        parts.append(word("claim-judged", lang, date=day(str(values["judged"]), lang)))
    return "<br>".join(parts)


def challenge(claim: Claim, evidence: Evidence, repository: str) -> str:
    """Where a reader finds what the status follows from: the line in the repository, or the file's name."""
    name = f"<code>{html.escape(claim.file)}</code>"
    if repository:
        line = evidence.found["claims"][claim.id].line(("status",))
        name = f'<a href="{html.escape(repository)}/blob/main/{html.escape(claim.file)}#L{line}">{name}</a>'
    return word("claim-challenge", evidence.lang, file=name)


def references(claim: Claim, cells: Cells) -> str:
    """What the status rests on: each entity once, with a link to its row or page."""
    found = {}
    for reference in claim.references:
        kind, _, rest = reference.partition("/")
        entity_id, _, inside = rest.partition("#")
        model = inside.split(" ")[0]
        label = name_of(kind, entity_id, cells.lang)
        if kind == "scores" and model in facts.entities()["models"]:  # else a figure of the whole benchmark
            label += f" ({name_of('models', model, cells.lang)})"
        if kind in ROWS:
            found[label] = f'<a href="{cells.root}data/{ROWS[kind]}/#{entity_id}">{html.escape(label)}</a>'
        elif kind in PAGES:
            found[label] = f'<a href="{cells.root}data/{PAGES[kind]}/">{html.escape(label)}</a>'
        else:
            found[label] = html.escape(label)
    return cells.word("list-separator").join(found.values())


def name_of(kind: str, entity_id: str, lang: str) -> str:
    """How an entity is called on its page."""
    values = facts.entity(f"{kind}/{entity_id}")
    if kind == "prices":
        return f"{facts.entity('models/' + values['model'])['name']}, {values['provider']}"
    if kind == "scores":
        name, version = str(values["name"]), str(values["version"])
        return name if name.endswith(version) else f"{name} {version}"
    label = values.get("label") or values.get("name") or values.get("title") or entity_id
    return str(label[lang] if isinstance(label, Mapping) else label)


def summary_html(lang: str) -> str:
    """Above the ledger: claims by status, and what changed since the last data version."""
    found = list(claims(lang, True).values())
    items = [
        f'<li><a href="#?status={status}">{chip(status, lang)}</a> <span class="claims-n">{n}</span></li>'
        for status, n in counts(found).items()
    ]
    total = word("claims-total", lang, n=len(found))
    by_status = f'<p>{total}</p><ul class="claims-by-status" aria-label="{word("claims-summary", lang)}">'
    return f'<div class="claims-summary">{by_status}{"".join(items)}</ul>{changes_html(lang)}</div>'


def bar_html(lang: str, root: str) -> str:
    """The ledger at a glance: one bar whose parts are the statuses, and a list that says how many have each."""
    by_status = {status: n for status, n in counts(list(claims(lang, True).values())).items() if n}
    total, left, parts = sum(by_status.values()), 0, []
    for status, n in by_status.items():
        parts.append(f'<rect class="claim-{status}" x="{left}" y="0" width="{n}" height="1"/>')
        left += n
    items = [
        f'<li><a href="{root}book/claims/#?status={status}">{chip(status, lang)}</a> {count_of(status, "", lang)}</li>'
        for status in by_status
    ]
    drawing = f'<svg viewBox="0 0 {total} 1" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'
    label = f"<p>{word('claims-total', lang, n=total)}</p>"
    listed = f'<ul class="claims-by-status" aria-label="{word("claims-summary", lang)}">{"".join(items)}</ul>'
    return f'<div class="ledger-bar">{drawing}{label}{listed}</div>'


def changes_html(lang: str) -> str:
    """What differs from the newest recorded version of the data that is not this one."""
    others = [e.values for e in facts.entities()["releases"].values() if e.values["version"] != load_dataset().version]
    if not others:
        return f"<p>{word('changes-first', lang)}</p>"
    last = max(others, key=lambda release: str(release["date"]))
    head = word("changes-title", lang, date=day(str(last["date"]), lang))
    lines = sorted(changes({row["claim"]: row for row in last["rows"]}, lang), key=lambda one: CHANGES.index(one[0]))
    told = "".join(f"<li>{line}</li>" for _, line in lines)
    body = f"<ul>{told}</ul>" if lines else f"<p>{word('changes-none', lang)}</p>"
    moved = any(kind in ("status", "value") for kind, _ in lines)
    return f"<details{' open' * moved}><summary>{head}</summary>{body}</details>"


def changes(before: Mapping[str, Mapping[str, Any]], lang: str) -> Iterator[tuple[str, str]]:
    """(kind, line) for each claim that has another status or value, is new, or is gone."""
    shown, now = facts.evidence(lang, True), claims(lang, True)
    for claim in now.values():
        old = before.get(claim.id)
        statement = f'<a href="#{claim.id}">{said_html(claim, "statement", shown)}</a>'
        status = word(f"status-{claim.status}", lang)
        if old is None:
            yield "new", word("change-new", lang, statement=statement, after=chip(claim.status, lang))
        elif old["status"] != claim.status:
            after, then = chip(claim.status, lang), chip(old["status"], lang)
            yield "status", word("change-status", lang, statement=statement, before=then, after=after)
        elif claim.now is not None and "value" in old:
            # Both from the bare number: a calculator's own words are those of today.
            own = replace(claim.now, ends=None, words="" if claim.now.case else claim.now.words)
            two = (replace(own, value=old["value"]), own)
            then, after = (html.escape(now_text(replace(claim, now=one), shown)) for one in two)
            if then != after:  # in the digits that a reader sees
                line = word("change-value", lang, statement=statement, before=then, after=after, status=status)
                yield "value", line
    yield from (("gone", word("change-gone", lang, claim=claim_id)) for claim_id in sorted(set(before) - set(now)))

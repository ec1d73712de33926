"""The claim ledger: what the book says, and the status that `data/` gives it today. CPython only.

A datum or a computed claim carries conditions, tried in the order of CONDITIONS; the first true one is its status. A
judgment is a person's, with a note.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .data_files import BadData, Entity, Path_, Problem, dotted
from .evidence import Case, Evidence, NoSuchFact, NoValue, Quantity, evaluate
from .text import prose

STATUSES = ("holds", "within-assumptions", "weakened", "overturned", "not-verifiable")
CONDITIONS = STATUSES[:3]
TEXTS = ("statement", "assumptions", "note")
MACRO = re.compile(r"\{\{(.*?)\}\}")
# Units that a computed quantity leaves to the sentence around it -> the unit whose words a ledger puts there.
WORDLESS = {"index": "points", "percent": "points", "days": "days", "count": "", "": ""}
SHORT = 72


@dataclass(frozen=True)
class Claim:
    """A claim with what was computed. `now`: None if it has no expression; `why`: why its status cannot be verified."""

    id: str
    file: str
    values: Mapping[str, Any]
    status: str
    now: Quantity | None
    references: tuple[str, ...]
    why: str = ""
    line: int = 1  # of `text_says`

    @property
    def stale(self) -> bool:
        """Whether our sentences were written for another status."""
        return bool(self.values.get("text_says", self.status) != self.status)


def ledger(evidence: Evidence) -> list[Claim]:
    """Every claim with its status, in the order of their ids. Raises BadData for expressions that are wrong."""
    problems: list[Problem] = []
    claims: list[Claim] = []
    for claim_id, entity in sorted(evidence.found["claims"].items()):
        try:
            claims.append(weighed(evidence, claim_id, entity))
        except BadData as bad:
            problems += bad.problems
    if problems:
        raise BadData(problems)
    return claims


def weighed(evidence: Evidence, claim_id: str, entity: Entity) -> Claim:
    """One claim. Raises BadData."""
    values, asked = entity.values, dict.fromkeys(entity.values.get("references", ()))
    functions = recording(evidence, asked)
    status, now, why = values["status"], None, ""
    where: Path_ = ("now",)
    try:
        now = quantity(values["now"], functions) if "now" in values else None
        if isinstance(status, Mapping):
            names = {**functions, "now": now}
            if "as_written" in values:
                names["written"] = values["as_written"]["value"]
            found = "overturned"
            for word in CONDITIONS:
                where = ("status", word)
                if word in status and condition(status[word], names):
                    found = word
                    break
            status = found
    except NoValue as bad:
        status, why = "not-verifiable", str(bad)
    except NoSuchFact as bad:
        raise wrong(entity, where, bad) from None
    return Claim(claim_id, entity.file, values, status, now, tuple(asked), why, entity.line(("text_says",)))


def wrong(entity: Entity, where: Path_, bad: NoSuchFact) -> BadData:
    """What an expression lacks, as a problem of its line."""
    return BadData([Problem(entity.file, entity.line(where), dotted(where), str(bad))])


def recording(evidence: Evidence, asked: dict[str, None]) -> dict[str, Callable[..., Any]]:
    """The functions of the evidence; what their answers rest on is noted in `asked`."""

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            answer = function(*given, **named)
            if isinstance(answer, Quantity | Case):
                asked.update(dict.fromkeys(answer.rests_on))
            else:  # a yes or no, or words, about references that were given
                asked.update(dict.fromkeys(one for one in given if isinstance(one, str) and "/" in one))
            return answer

        return call

    return {name: noting(function) for name, function in evidence.functions().items()}


def quantity(expression: str, names: Mapping[str, Any]) -> Quantity:
    """What stands beside the written value. Raises NoSuchFact."""
    found = evaluate(expression, names)
    if not isinstance(found, Quantity):
        raise NoSuchFact(f"{expression}: gives {found!s:.60}; allowed: a quantity, such as minus(…) or v(…)")
    return found


def condition(expression: str, names: Mapping[str, Any]) -> bool:
    """Whether a condition is met. Raises NoSuchFact."""
    found = evaluate(expression, names)
    if not isinstance(found, bool):
        raise NoSuchFact(f"{expression}: gives {found!s:.60}; allowed: a condition, such as now <= written")
    return found


def said(entity: Entity, field: str, evidence: Evidence, plain: Callable[[str], str] = str) -> str:
    """A text of a claim with its {{ macros }} filled; `plain` makes the words around them safe. Raises BadData."""
    names = {**evidence.functions(), "name": lambda of: plain(str(evidence.entity(of)["name"]))}
    pieces = MACRO.split(entity.values[field][evidence.lang])
    try:
        return "".join(str(evaluate(piece.strip(), names)) if i % 2 else plain(piece) for i, piece in enumerate(pieces))
    except NoSuchFact as bad:
        raise wrong(entity, (field, evidence.lang), bad) from None


def patterns(evidence: Evidence) -> dict[str, Mapping[str, str]]:
    """The words of units, with those that only the ledger needs."""
    return {**evidence.units, **evidence.found["strings"]["claims"].values}


def worded(shown: str, unit: str, value: Any, evidence: Evidence) -> str:
    """A number with the words of its unit; one point is no "points"."""
    known = patterns(evidence)
    pattern = (known.get(f"unit.{unit}.one") if value == 1 else None) or known.get(f"unit.{unit}")
    return pattern[evidence.lang].format(n=shown) if pattern else shown


def written_text(claim: Claim, evidence: Evidence) -> str:
    """What the text said then, with its unit; empty if that is not recorded."""
    written = claim.values.get("as_written")
    if written is None:
        return ""
    value, unit = written["value"], written["unit"]
    return worded("1", unit, 1, evidence) if value == 1 else prose(value, unit, evidence.lang, patterns(evidence))


def now_text(claim: Claim, evidence: Evidence) -> str:
    """The value today as `evidence` shows it, with the words that a sentence would have around it."""
    now = claim.now
    if now is None:
        return ""
    stored_with_words = now.stored is not None and now.unit == "percent"
    if now.unit not in WORDLESS or now.value is None or stored_with_words:
        return str(now)
    written = claim.values.get("as_written", {}).get("unit")
    return worded(str(now), written or WORDLESS[now.unit], now.value, evidence)


def counts(claims: list[Claim]) -> dict[str, int]:
    """How many claims have each status."""
    found = Counter(claim.status for claim in claims)
    return {status: found[status] for status in STATUSES}


def complaints(claims: list[Claim]) -> list[str]:
    """One line for each claim whose text was written for another status."""
    return [
        f"{claim.file}:{claim.line}: the text says {claim.values['text_says']}, data/ now gives {claim.status}; reword "
        f'the sentences marked {{{{ claim("{claim.id}") }}}} in both languages, then set text_says'
        for claim in claims
        if claim.stale
    ]


def computed_columns(claim: Claim) -> dict[str, Any]:
    """What the data API says of a claim besides its file."""
    now = claim.now
    found: dict[str, Any] = {"status": claim.status, "references": list(claim.references)}
    if now is not None:
        found |= {"now": now.value, "now_unit": now.unit}
        if now.ends is not None:
            found |= {"now_low": now.ends[0], "now_high": now.ends[1]}
    return found | ({"unverifiable_because": claim.why} if claim.why else {})


def plain_row(claim: Claim, evidence: Evidence) -> dict[str, Any]:
    """A claim as the command line prints it with --json."""
    own = {
        key: claim.values[key] for key in ("section", "by", "kind", "as_written", "text_says") if key in claim.values
    }
    statement = said(evidence.found["claims"][claim.id], "statement", evidence)
    return {"id": claim.id, "statement": statement, **own, **computed_columns(claim), "stale": claim.stale}


def lines(claims: list[Claim], evidence: Evidence) -> Iterator[str]:
    """The ledger for a terminal, by section."""
    words = evidence.found["strings"]["claims"].values
    section = None
    for claim in sorted(claims, key=lambda c: (c.values["section"], c.id)):
        if claim.values["section"] != section:
            section = claim.values["section"]
            yield f"{section}"
        statement = said(evidence.found["claims"][claim.id], "statement", evidence)
        shown = statement if len(statement) <= SHORT else statement[: SHORT - 1] + "…"
        yield f"  {claim.id}: {shown}"
        values = " -> ".join(text for text in (written_text(claim, evidence), now_text(claim, evidence)) if text)
        yield f"    {words[f'status-{claim.status}'][evidence.lang]}{f' ({values})' if values else ''}"
    yield ""
    for status, count in counts(claims).items():
        yield f"{count:4} {words[f'status-{status}'][evidence.lang]}"

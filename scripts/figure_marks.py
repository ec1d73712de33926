"""The marks of a figure: what `data/figures/<id>.yml` asks of `data/`, one mark a row, as quantities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from calculators.data_files import Path_
from calculators.evidence import SCORE_UNITS, Evidence, NoSuchFact, Quantity, evaluate
from calculators.scores import score_from
from scripts import facts


class PanelFault(NoSuchFact):
    """What is wrong with a panel, and in which field of it."""

    def __init__(self, path: Path_, text: str) -> None:
        super().__init__(text)
        self.path = path


@dataclass(frozen=True)
class Mark:
    """A row of a panel. `quantities`: by axis; `group`: index, -1 for none; `named`: its name stands in the drawing.

    In a cycle, x may be missing: no figure was found. `about`: what it counts; `against`: index of the row that this
    one works against, -1 for none.
    """

    name: str
    group: int
    quantities: Mapping[str, Quantity]
    named: bool
    about: str = ""
    against: int = -1

    def __getitem__(self, axis: str) -> Quantity:
        return self.quantities[axis]

    def records(self, evidence: Evidence) -> list[Mapping[str, Any]]:
        """What `data/` holds of everything the mark rests on."""
        found = [
            quantity.stored or facts.stored_of(reference, evidence)
            for quantity in self.quantities.values()
            for reference in quantity.rests_on
        ]
        return [record for record in found if "source" in record]

    def unverified(self, evidence: Evidence) -> bool:
        return any(not record.get("verified", True) for record in self.records(evidence))


@dataclass(frozen=True)
class Wanted:
    """A row before its quantities are known. `names`: what its expressions may use."""

    id: str
    name: str
    group: str
    names: Mapping[str, Any]
    own: Mapping[str, Any] = field(
        default_factory=dict
    )  # the row as written: its expressions replace those of the axes
    path: Path_ = ("each",)


class Panel:
    """One panel of a figure in one language."""

    def __init__(self, values: Mapping[str, Any], groups: Mapping[str, Any], evidence: Evidence) -> None:
        self.values, self.groups, self.evidence = values, list(groups), evidence
        self.axes = [axis for axis in ("x", "y") if axis in values]
        self.cycle = values["chart"] == "cycle"
        self.ids = [row["id"] for row in values.get("rows", ())]
        self.functions = evidence.functions()
        self.marks: list[Mark] = []
        self.left_out: list[str] = []  # names of rows that have no value
        why: PanelFault | None = None
        for wanted in self.wanted():
            axes = [axis for axis in self.axes if not self.cycle or axis in wanted.own or "value" in values[axis]]
            try:
                quantities = {axis: self.quantity(axis, wanted) for axis in axes}
            except PanelFault as bad:
                if "rows" in values:  # an author named it
                    raise
                why, quantities = why or bad, {}
            if (axes and not quantities) or any(quantity.never for quantity in quantities.values()):
                self.left_out.append(wanted.name)
                continue
            named = wanted.id in values.get("named", [wanted.id])
            about = wanted.own.get("about", {}).get(evidence.lang, "")
            against = self.ids.index(wanted.own["against"]) if "against" in wanted.own else -1
            self.marks.append(Mark(wanted.name, self.group_of(wanted), quantities, named, about, against))
        if not self.marks:
            raise why or PanelFault((), "no row is selected; allowed: at least one")
        if "sort" in values:
            self.marks.sort(key=lambda mark: mark["x"].figure, reverse=values["sort"] == "falling")

    def evaluated(self, expression: str, names: Mapping[str, Any], path: Path_) -> Any:
        try:
            return evaluate(expression, {**self.functions, **names})
        except NoSuchFact as bad:
            raise PanelFault(path, str(bad)) from None

    def quantity(self, axis: str, wanted: Wanted) -> Quantity:
        own = wanted.own.get(axis)
        path = (*wanted.path, axis) if own else (axis, "value")
        expression = own or self.values[axis]["value"]
        found = self.evaluated(expression, wanted.names, path)
        if not isinstance(found, Quantity):
            raise PanelFault(path, f"{expression}: gives {found!s:.40}; allowed: a quantity, such as v(…) gives")
        return found

    def group_of(self, wanted: Wanted) -> int:
        if not wanted.group:
            return -1
        if wanted.group not in self.groups:
            told = f"{wanted.group} is no group; allowed: {', '.join(self.groups) or 'none'}"
            raise PanelFault((*wanted.path, "group"), told)
        return self.groups.index(wanted.group)

    def wanted(self) -> Iterator[Wanted]:
        for k, row in enumerate(self.values.get("rows", ())):
            label = row.get("label", {}).get(self.evidence.lang)
            name = label or str(self.evidence.entity(f"models/{row['id']}")["name"])
            names = {"id": row["id"]}
            rule = "" if "group" in row else self.values.get("group", "")
            group = self.evaluated(rule, names, ("group",)) if rule else row.get("group", "")
            yield Wanted(row["id"], name, str(group), names, row, ("rows", k))
        if "each" in self.values:
            rule = self.values["each"]
            for found in self.models() if rule["of"] == "models" else self.scores(rule["of"]):
                if "where" not in rule or self.evaluated(rule["where"], found.names, ("each", "where")):
                    group = self.evaluated(rule["group"], found.names, ("each", "group")) if "group" in rule else ""
                    yield replace(found, group=str(group))

    def models(self) -> Iterator[Wanted]:
        for model_id, entity in sorted(self.evidence.found["models"].items()):
            yield Wanted(model_id, str(entity.values["name"]), "", {"id": model_id, "model": entity.values})

    def scores(self, file: str) -> Iterator[Wanted]:
        """The rows of a score file; `score`: the row's own score. A setting is named where a model has several rows."""
        values = self.evidence.entity(file)
        rows = values["rows"]
        pattern = facts.strings("figures")["setting"][self.evidence.lang]
        for row in rows:
            model = self.evidence.entity(f"models/{row['model']}")
            words = (row["model"], row.get("setting", ""), row["harness"], row["date"])
            found = score_from(file.partition("/")[2], values, row, self.evidence.margin_of(values))
            ends = (found.low, found.high) if found.low is not None and found.high is not None else None
            reference = f"{file}#{' '.join(word for word in words if word)}"
            unit = SCORE_UNITS[values["unit"]]
            score = Quantity(row["value"], unit, reference, (reference,), ends, stored=row, show=self.evidence.show)
            alone = sum(other["model"] == row["model"] for other in rows) == 1
            name = str(model["name"])
            if "setting" in row and not alone:
                name = pattern.format(name=name, setting=row["setting"])
            yield Wanted(row["model"], name, "", {"id": row["model"], "model": model, "row": row, "score": score}, {})

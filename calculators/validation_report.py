"""What `python -m calculators validation` prints. CPython only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .dataset import Dataset
from .measurement_file import csv_rows
from .validation import CLASSES, SPEEDS, Checked, Summary, broken_guards, check_data, not_predicted, summaries


def as_data(checked: Checked) -> dict[str, Any]:
    """A row as plain data; speeds in tokens/s, errors as shares."""
    row = checked.row
    found: dict[str, Any] = {
        "model": row.model,
        "device": row.device,
        "engine": row.engine,
        "quantization": row.label,
        "batch": row.batch,
        "classes": list(checked.classes),
        "counts": row.counts,
        "guessed": list(row.guessed),
        "source": row.source,
    }
    for kind in SPEEDS:
        pair = checked.pair(kind)
        measured = getattr(row, kind)
        if pair is None:
            reason = None if measured is None else not_predicted(checked)
            found[kind] = {"measured": measured, "predicted": None, "reason": reason}
            continue
        _, predicted, width = pair
        found[kind] = {
            "measured": measured,
            "predicted": float(f"{predicted:.6g}"),
            "low": float(f"{predicted / width:.6g}"),
            "high": float(f"{predicted * width:.6g}"),
            "error": round(predicted / measured - 1, 4),
        }
    return found


def report(found: Mapping[str, Mapping[str, Summary | None]]) -> list[str]:
    """The table of errors as lines."""
    lines = []
    for kind, by_class in found.items():
        lines.append(f"{kind:32} {'n':>4} {'median':>8} {'p90':>8} {'bias':>8} {'inside':>8} {'interval':>9}")
        for name, one in by_class.items():
            words = {"all": "all", "visitors": "readers' own devices", "guessed": "model or device not in data/"}.get(
                name
            ) or CLASSES[name]
            if one is None:
                lines.append(f"  {words:30} no measurement")
                continue
            shares = "".join(f" {share:>8.1%}" for share in (one.median, one.p90))
            lines.append(f"  {words:30} {one.n:>4}{shares} {one.bias:>+8.1%} {one.inside:>8.0%}    x/÷{one.width:.2f}")
        lines.append("")
    return lines


def listed_apart(checked: Sequence[Checked]) -> list[str]:
    """What is in the measurements and not in the statistics, with the reason."""
    lines = []
    for one in checked:
        name = f"{one.row.model} on {one.row.device}"
        if not one.row.counts:
            lines.append(f"not in the statistics: {name}, batch {one.row.batch:g}: cannot test a formula, see its note")
        elif one.row.prefill is not None and one.pair("prefill") is None:
            lines.append(f"prefill not predicted: {name}: {not_predicted(one)}")
    return lines


def validate(dataset: Dataset, file: Path | None) -> tuple[dict[str, Any], list[str], list[str]]:
    """The answer as plain data, its lines, and what is wrong. Raises BadData, BadHeader."""
    checked, wrong = (check_data(dataset), []) if file is None else csv_rows(dataset, file)
    found = summaries(checked)
    if file is None:
        wrong = broken_guards(found)
    shown = {
        kind: {name: one and dataclasses.asdict(one) for name, one in by_class.items()}
        for kind, by_class in found.items()
    }
    answer = {"inputs": {"measurements": str(file) if file else "data/measurements"}, "results": shown}
    answer |= {"rows": [as_data(one) for one in checked], "warnings": wrong, "versions": {"data": dataset.version}}
    return answer, [*report(found), *listed_apart(checked)], wrong

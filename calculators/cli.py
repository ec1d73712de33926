"""The command line, `python -m calculators COMMAND`; `--help` lists the commands. CPython only.

Exit 0: answered; 1: a check found something; 2: bad input, one line on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from .answer import CALCULATORS
from .data_files import KINDS, BadData, DatesAsText, read_all, too_deep
from .dataset import Dataset
from .load import load_dataset
from .scenario import nearest
from .text import LANGUAGES
from .worker import reply


class OneLine(argparse.ArgumentParser):
    """Says what is wrong in one line and exits with 2."""

    def error(self, message: str) -> Any:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    main = OneLine(prog="python -m calculators", description="Where a model fits, how fast it runs, what it costs.")
    commands = main.add_subparsers(
        dest="command", required=True, metavar="|".join((*CALCULATORS, "claims", "data", "parameters", "validation"))
    )
    help_of = {
        "fit": "does a model fit on a device, and how fast is it",
        "speed": "decode and prefill speed of a set-up under load",
        "cost": "what a month costs in the cloud, on owned or rented hardware and at the edge; when owning pays",
        "tier": "which tier suits a workload, and what would change the answer",
        "portfolio": "where several workloads go together, when they share hardware",
    }
    for name in CALCULATORS:
        ids = (
            "`python -m calculators parameters` lists the ids; for instance --set model=glm-5 --set device=h200-sxm-x8"
        )
        one = commands.add_parser(name, help=help_of[name], description=f"Answers: {help_of[name]}?", epilog=ids)
        one.add_argument("--scenario", metavar="FILE", help="YAML or JSON of parameter ids; - reads standard input")
        one.add_argument(
            "--set",
            metavar="ID=VALUE",
            nargs="+",
            action="extend",
            default=[],
            help="one parameter; low:value:high gives a range",
        )
        one.add_argument("--preset", metavar="ID", action="append", default=[], help="parameters that go together")
        one.add_argument("--currency", choices=("USD", "JPY"), help="currency of the words (values stay in USD)")
        one.add_argument("--samples", metavar="N", help="random draws behind ranges")
        one.add_argument("--seed", metavar="N", help="the same seed gives the same draws")
        one.add_argument("--explain", action="store_true", help="print each formula with its numbers in place")
        one.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the words (default: en)")
        one.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    data = commands.add_parser("data", help="check data/ and count what is in it")
    data.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    claims = commands.add_parser("claims", help="the book's claims with the status that data/ gives them")
    claims.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the words (default: en)")
    claims.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    commands.add_parser("parameters", help="list the parameter ids with their defaults and bounds")
    validation = commands.add_parser("validation", help="predict measured speeds and say how far off that is")
    validation.add_argument("--measurements", metavar="FILE.csv", help="your own rows instead of data/measurements")
    validation.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return main


def fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


def read_scenario(name: str) -> dict[str, Any]:
    """A scenario file or standard input. Raises ValueError with one line."""
    shown = "standard input" if name == "-" else name
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        reason = bad.strerror if isinstance(bad, OSError) else "is not UTF-8"
        raise ValueError(f"{shown}: cannot be read: {reason}; give a YAML or JSON file") from None
    try:
        if (deep := too_deep(text)) is not None:
            raise ValueError(f"{shown}:{deep}: is nested too deeply; allowed: a mapping of parameter ids to values")
        found = yaml.load(text, Loader=DatesAsText)
    except yaml.MarkedYAMLError as bad:
        line = bad.problem_mark.line + 1 if bad.problem_mark else 1
        raise ValueError(f"{shown}:{line}: is not valid YAML or JSON: {bad.problem}") from None
    except yaml.YAMLError:
        raise ValueError(f"{shown}: is not valid YAML or JSON: it holds characters that are not text") from None
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ValueError(f"{shown}: holds a {type(found).__name__}; allowed: a mapping of parameter ids to values")
    return found


def calculate(arguments: argparse.Namespace, dataset: Dataset) -> int:
    try:
        scenario = read_scenario(arguments.scenario) if arguments.scenario else {}
    except ValueError as bad:
        return fail(str(bad))
    for assignment in arguments.set:
        name, equals, value = assignment.partition("=")
        if not equals:
            near = nearest(name, dataset.parameters)
            return fail(
                f"--set {assignment}: has no value; write ID=VALUE" + (f", for instance {near}=…" if near else "")
            )
        scenario[name] = value
    for name in ("currency", "samples", "seed"):
        if (value := getattr(arguments, name)) is not None:
            scenario[name] = value
    more = {"presets": arguments.preset, "explain": arguments.explain}
    answer = reply(dataset, arguments.command, scenario, arguments.lang, **more)
    if "error" in answer:
        return fail(answer["error"]["text"])
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return 0
    if "headline" in answer:
        print(answer["headline"] + "\n")
    labels = {i: p["label"][arguments.lang] for i, p in dataset.parameters.items()}
    rows = [(labels[i], v["text"], "" if v["given"] else "·") for i, v in answer["inputs"].items()]
    table(rows)
    print()
    names = {i: dataset.strings[f"result.{i}"][arguments.lang] for i in answer["results"]}
    table(
        [
            (names[i], r["text"], f"({r['range_text']})" if "range_text" in r else "")
            for i, r in answer["results"].items()
        ]
    )
    for warning in answer["warnings"]:
        print(f"! {warning['text']}")
    for line in answer.get("formulas", ()):
        print(f"\n{line['id']} = {line['text']}\n    {line['formula']}")
        if line["inputs"]:
            print("    " + ", ".join(f"{name} = {text}" for name, text in line["inputs"].items()))
    return 0


def table(rows: list[tuple[str, str, str]]) -> None:
    """Label, value, remark in columns; full-width characters count twice."""

    def width(text: str) -> int:
        return sum(2 if ord(c) > 0x2E7F else 1 for c in text)

    widest = max(width(label) for label, _, _ in rows)
    for label, value, remark in rows:
        print(f"{label}{' ' * (widest - width(label))}  {value} {remark}".rstrip())


def list_parameters(dataset: Dataset) -> int:
    for name, entry in dataset.parameters.items():
        default = entry.get("value", "derived" if entry["status"] == "derived" else "none")
        bounds = f"{entry.get('min', '')}..{entry.get('max', '')}" if "min" in entry or "max" in entry else ""
        print(f"{name:32} {default!s:20} {entry['unit']:12} {bounds}".rstrip())
    return 0


def count_data(as_json: bool) -> int:
    """Counts by kind and the share of values that are verified."""
    found = read_all()
    counts: dict[str, Any] = {kind: len(found[kind]) for kind in KINDS}
    counts["models with architecture"] = sum("value" in e.values["layer_groups"] for e in found["models"].values())
    for kind in ("prices", "scores", "measurements"):
        counts[f"rows of {kind}"] = sum(len(e.values["rows"]) for e in found[kind].values())
    tiers = (row.get("tiers", ()) for e in found["prices"].values() for row in e.values["rows"])
    counts["rows of prices"] += sum(map(len, tiers))  # a context tier is a row of its own
    values = [v for kind in KINDS if kind != "strings" for e in found[kind].values() for v in sourced(e.values)]
    counts["sourced values"] = len(values)
    counts["verified share"] = round(sum(v.get("verified", True) for v in values) / len(values), 3)
    if as_json:
        print(json.dumps(counts))
    else:
        table([(kind, str(count), "") for kind, count in counts.items()])
    return 0


def list_claims(lang: str, as_json: bool) -> int:
    """The ledger; a line on standard error for each claim whose text no longer matches. Returns the exit code."""
    from .claims import complaints, counts, ledger, lines, plain_row
    from .evidence import Evidence

    evidence = Evidence(read_all(), lang)
    claims = ledger(evidence)
    if as_json:
        rows = [plain_row(claim, evidence) for claim in claims]
        print(json.dumps({"claims": rows, "counts": counts(claims)}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines(claims, evidence)))
    stale = complaints(claims)
    for complaint in stale:
        print(complaint, file=sys.stderr)
    return 1 if stale else 0


def sourced(value: Any) -> list[dict[str, Any]]:
    """Every mapping that names its source."""
    if isinstance(value, dict):
        own = [value] if "source" in value else []
        return own + [v for inner in value.values() for v in sourced(inner)]
    return [v for inner in value for v in sourced(inner)] if isinstance(value, list) else []


def main(argv: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    arguments = parser().parse_args(argv)
    try:
        return run(arguments)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(arguments: argparse.Namespace) -> int:
    """One command. Returns the exit code."""
    try:
        if arguments.command == "claims":
            return list_claims(arguments.lang, arguments.json)
        if arguments.command == "data":
            return count_data(arguments.json)
        dataset = load_dataset()
    except BadData as bad:
        print(bad, file=sys.stderr)
        return 1
    if arguments.command == "parameters":
        return list_parameters(dataset)
    if arguments.command == "validation":
        return check_speeds(arguments.measurements, arguments.json, dataset)
    return calculate(arguments, dataset)


def check_speeds(file: str | None, as_json: bool, dataset: Dataset) -> int:
    """Predictions against measurements. Returns the exit code."""
    from .measurement_file import BadHeader
    from .validation_report import validate

    try:
        answer, lines, wrong = validate(dataset, Path(file) if file else None)
    except BadHeader as bad:
        return fail(str(bad))
    print(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0

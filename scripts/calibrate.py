"""Fits the constants of the speed model to data/measurements and says how well it predicts what it was not fitted on.

Usage: python -m scripts.calibrate [--write]
Prints the constants, the errors of the fit and with each source, model, device or class left out, and the intervals.
--write puts rounded constants and intervals into data/speed-profiles/ and the left-out errors into data/facts/.
The same data gives the same answer. Takes a few minutes.

Decode first, then prefill with the decode constants: errors are logarithms of predicted/measured, their loss is
soft-L1, a source with n rows weighs n^-0.3 a row, and every constant has a weak log-normal prior.
"""

from __future__ import annotations

import argparse
import datetime
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calculators import speed, validation
from calculators.data_files import DATA
from calculators.load import load_dataset
from calculators.validation import SPEEDS, Checked, Row, Summary, class_of, summarize
from scripts.measured import set_fact

SOURCE = "own-calibration"
SOURCE_WEIGHT = -0.3
SCALE = {"decode": 0.10, "prefill": 0.15}  # log error from which soft-L1 is linear
CUDA = ("geforce", "datacenter", "gb10", "jetson")
SERVING_ENGINES = ("vllm", "tensorrt-llm")
# Interval: factor on the root mean square, rows that the pool counts for, narrowest half-width, step of rounding.
NORMAL_90, POOL_WEIGHT, NARROWEST, STEP = 1.64, 4, 1.15, 0.05
FEW = 3  # a group with fewer rows never gets a narrower interval than it has


@dataclass(frozen=True)
class Constant:
    """A constant to fit: log-normal prior (`spread` as a factor), bounds of the schema, digits to keep."""

    prior: float
    spread: float
    low: float
    high: float
    step: float


ETA = Constant(0.82, 1.2, 0.05, 1.0, 0.01)
TAU = Constant(80, 2.0, 1.0, 1000, 5)
DECODE = {
    "eta-geforce": ETA,
    "eta-unified": ETA,
    "eta-datacenter": ETA,
    "eta-cpu": ETA,
    "tau-metal": TAU,
    "tau-mlx": TAU,
    "tau-cuda-2024": TAU,
    "tau-cuda": TAU,
    "tau-other": TAU,
    "mu": Constant(1.7, 1.4, 1.0, 20, 0.1),
    "gamma": Constant(0.8, 1.15, 0.1, 1.0, 0.05),
}


def compute(prior: float) -> Constant:
    """Compute efficiency; the prior's center is the class's row of the calculation model, 0.40 where it has none."""
    return Constant(prior, 2.0, 0.02, 1.0, 0.01)


PREFILL = {
    "c-apple": compute(0.55),
    "mlx": Constant(1.0, 1.2, 0.2, 5.0, 0.01),  # the same chips: a factor on c-apple
    "c-gb10": compute(0.40),
    "c-strix": compute(0.40),
    "c-jetson": compute(0.40),
    "c-geforce": compute(0.60),
    "c-datacenter": compute(0.30),
    "cap": Constant(150, 2.0, 20, 2000, 1),
    "phi": Constant(1.7, 1.4, 1.0, 20, 0.05),
    "phi-mlx": Constant(1.7, 1.4, 1.0, 20, 0.05),
    "rho": Constant(0.7, 1.4, 0.05, 2.0, 0.05),
    "rho-strix": Constant(0.7, 1.4, 0.05, 2.0, 0.05),
}
CONSTANTS = {"decode": DECODE, "prefill": PREFILL}
Values = dict[str, float]


def eta_of(group: str) -> str:
    """Name of the bandwidth efficiency of a speed group."""
    own = {"geforce": "geforce", "datacenter": "datacenter", "cpu": "cpu", "phone-cpu": "cpu"}
    return f"eta-{own.get(group, 'unified')}"


def tau_of(group: str, engine: str) -> str:
    """Name of the layer overhead of a profile: it belongs to the engine and its build."""
    if group == "apple":
        return "tau-mlx" if engine in ("mlx", "core-ai") else "tau-metal"
    if group in CUDA:
        return "tau-cuda-2024" if engine == "llama-cpp-2024" else "tau-cuda"
    return "tau-other"


def compute_of(group: str, engine: str) -> str | None:
    """Name of the compute efficiency of a profile; None where nothing with a known peak rate is measured."""
    if group == "apple":
        return "c-mlx" if engine in ("mlx", "core-ai") else "c-apple"
    return {
        "gb10": "c-gb10",
        "strix-halo": "c-strix",
        "jetson": "c-jetson",
        "geforce": "c-geforce",
        "datacenter": "c-datacenter",
    }.get(group)


def names_of(group: str, engine: str) -> dict[str, str]:
    """Parameter id -> name of the fitted constant that a profile takes."""
    found = {
        "bandwidth_efficiency": eta_of(group),
        "layer_overhead_us": tau_of(group, engine),
        "coverage_exponent": "gamma",
        "prefill_moe_factor": "phi-mlx" if engine == "mlx" else "phi",
        "attention_efficiency": "rho-strix" if group == "strix-halo" else "rho",
    }
    if group not in CUDA:
        found["moe_overhead_factor"] = "mu"
    if efficiency := compute_of(group, engine):
        found["compute_efficiency"] = efficiency
    if group in ("geforce", "datacenter"):
        found["compute_cap_tflops"] = "cap"
    return found


# ---------------------------------------------------------------- the fit


@dataclass(frozen=True)
class Case:
    """One measured speed: what the speed function is given but for the fitted constants."""

    kind: str
    row: Row
    checked: Checked
    measured: float
    arguments: Mapping[str, Any]
    names: Mapping[str, str]

    def predicted(self, constants: Values) -> float:
        """Tokens/s with some constants; those not among them are the profile's."""
        fitted = {i: constants[name] for i, name in self.names.items() if name in constants}
        serving = speed.serving(**{**self.arguments, **fitted})
        if self.kind == "decode":
            return validation.decode_speed(serving, self.row)
        found = validation.prefill_speed(serving, self.row)
        assert isinstance(found, float)
        return found

    def error(self, constants: Values) -> float:
        """Logarithm of predicted/measured."""
        return math.log(self.predicted(constants) / self.measured)


def cases() -> list[Case]:
    """Every measured speed that can test a formula."""
    dataset = load_dataset()
    needs = validation.GRAPH.quantities["serving"].needs
    found = []
    for row in validation.measured_rows(dataset):
        if row.own is not None:
            continue  # a reader's device, which nobody else has seen
        checked, values = validation.predict(dataset, row), validation.run(validation.inputs_of(dataset, row))
        arguments = {name: values[name] for name in needs}
        for kind in SPEEDS:
            pair = checked.pair(kind)
            if pair and row.counts:
                found.append(Case(kind, row, checked, pair[0], arguments, names_of(row.group, row.engine)))
    return found


def completed(values: Values) -> Values:
    """With the constants that are products of others."""
    if "mlx" not in values:
        return values
    return {**values, "c-mlx": min(1.0, values["c-apple"] * values["mlx"])}


class Problem:
    """Errors, loss and slopes of one kind of speed, in the logarithms of its constants."""

    def __init__(self, data: Sequence[Case], kind: str, fixed: Values) -> None:
        self.constants, self.fixed, self.scale = CONSTANTS[kind], fixed, SCALE[kind]
        self.cases = [case for case in data if case.kind == kind]
        rows = Counter(case.row.source for case in self.cases)
        self.weights = np.array([rows[case.row.source] ** SOURCE_WEIGHT for case in self.cases])
        every = self.constants.values()
        self.priors = np.log([c.prior for c in every])
        self.spreads = np.log([c.spread for c in every])
        self.lows, self.highs = np.log([c.low for c in every]), np.log([c.high for c in every])

    def values(self, logs: Any) -> Values:
        return completed({**self.fixed, **dict(zip(self.constants, np.exp(logs).tolist(), strict=True))})

    def errors(self, logs: Any) -> Any:
        values = self.values(logs)
        return np.array([case.error(values) for case in self.cases])

    def loss(self, logs: Any, errors: Any = None) -> float:
        found = self.errors(logs) if errors is None else errors
        soft = 2 * (np.sqrt(1 + (found / self.scale) ** 2) - 1)
        return float(self.weights @ soft + (((logs - self.priors) / self.spreads) ** 2).sum())

    def newton(self, at: Any) -> Any:
        """Damped Gauss-Newton until it no longer helps."""
        errors, damping = self.errors(at), 1e-3
        best, before = self.loss(at, errors), math.inf
        while before - best > 1e-9 * best and damping < 1e6:
            before = best
            steps = np.eye(len(at)) * 1e-5
            slopes = np.stack([(self.errors(at + s) - self.errors(at - s)) / 2e-5 for s in steps], axis=1)
            robust = self.weights / np.sqrt(1 + (errors / self.scale) ** 2) / self.scale**2
            matrix = slopes.T @ (slopes * robust[:, None]) + np.diag(1 / self.spreads**2)
            gradient = slopes.T @ (robust * errors) + (at - self.priors) / self.spreads**2
            while damping < 1e6:
                step = np.linalg.solve(matrix + damping * np.diag(np.diag(matrix)), gradient)
                trial = np.clip(at - step, self.lows, self.highs)
                found = self.errors(trial)
                if (value := self.loss(trial, found)) < best:
                    at, errors, best, damping = trial, found, value, max(damping / 10, 1e-6)
                    break
                damping *= 10
        return at

    def search(self, at: Any) -> Any:
        """One constant after the other, with ever smaller steps: past the kink where the cap begins to bind."""
        best = self.loss(at)
        for size in (0.1, 0.02):
            better = True
            while better:
                better = False
                for i, sign in ((i, sign) for i in range(len(at)) for sign in (size, -size)):
                    trial = at.copy()
                    trial[i] = min(max(trial[i] + sign, self.lows[i]), self.highs[i])
                    if (value := self.loss(trial)) < best - 1e-9:
                        at, best, better = trial, value, True
        return at


def fit(data: Sequence[Case], kind: str, fixed: Values, start: Values | None = None) -> Values:
    """Constants of one kind, `fixed` ones held; from the priors, or from the constants of all data."""
    problem = Problem(data, kind, fixed)
    at = np.log([start[name] for name in problem.constants]) if start else problem.priors
    if kind == "decode":  # smooth
        return problem.values(problem.newton(at))
    best = math.inf
    while (loss := problem.loss(at)) < best - 1e-6:
        best = loss
        at = problem.newton(problem.search(problem.newton(at)))
    return problem.values(at)


def fit_both(data: Sequence[Case], start: Values | None = None) -> Values:
    """Decode constants, then those of the prefill."""
    return fit(data, "prefill", fit(data, "decode", {}, start), start)


LEFT_OUT: dict[str, Callable[[Case], str]] = {
    "source": lambda case: case.row.source,
    "model": lambda case: case.row.model,
    "device": lambda case: case.row.device,
    "class": lambda case: class_of(case.row),
}


def leave_out(data: Sequence[Case], by: str, start: Values) -> list[float]:
    """Log error of each case under constants that were fitted without its source, model, device or class."""
    key = LEFT_OUT[by]
    found: dict[str, Values] = {}
    for name in sorted({key(case) for case in data}):
        found[name] = fit_both([case for case in data if key(case) != name], start)
    return [case.error(found[key(case)]) for case in data]


def rounded(values: Values) -> Values:
    """As they are written: no more digits than the measurements carry."""
    every = DECODE | PREFILL | {"c-mlx": PREFILL["c-apple"]}
    return {name: round(round(v / every[name].step) * every[name].step, 4) for name, v in values.items()}


# ---------------------------------------------------------------- intervals


def interval(errors: Sequence[float], pool: float) -> float:
    """Half-width from the worst left-out log errors of a group, shrunk to the pool."""
    square = (math.fsum(e * e for e in errors) + POOL_WEIGHT * pool) / (len(errors) + POOL_WEIGHT)
    width = max(NARROWEST, math.exp(NORMAL_90 * math.sqrt(square)))
    return round(math.ceil(round(width / STEP, 6)) * STEP, 2)


def summary_of(data: Sequence[Case], errors: Sequence[float], keep: Callable[[Case], bool]) -> Summary | None:
    return summarize([(1.0, math.exp(e), 1.0) for case, e in zip(data, errors, strict=True) if keep(case)])


@dataclass(frozen=True)
class Width:
    """The half-width of a speed group by the rule, and how it did with its source left out."""

    value: float
    left_out: Summary

    @property
    def note(self) -> str:
        found = self.left_out
        errors = f"median error {found.median:.0%}, 90th percentile {found.p90:.0%}, bias {found.bias:+.0%}"
        return f"Source left out: n {found.n}, {errors}."

    def shown(self, profile: str, kind: str) -> float:
        """What to write into a profile's text."""
        present = re.search(rf"^{kind}_interval: {{value: ([\d.]+)", profile, re.MULTILINE)
        return max(self.value, float(present[1])) if present and self.left_out.n < FEW else self.value


def intervals(data: Sequence[Case], left_out: Mapping[str, list[float]]) -> dict[tuple[str, str], Width]:
    """(kind, speed group) -> half-width. A group without a row has none."""
    worst = [max((left_out[by][i] for by in LEFT_OUT), key=abs) for i in range(len(data))]
    found = {}
    for kind in SPEEDS:
        own = [(case.row.group, e) for case, e in zip(data, worst, strict=True) if case.kind == kind]
        pool = math.fsum(e * e for _, e in own) / len(own)
        for group in sorted({group for group, _ in own}):

            def keep(case: Case, kind: str = kind, group: str = group) -> bool:
                return case.kind == kind and case.row.group == group

            summary = summary_of(data, left_out["source"], keep)
            assert summary is not None
            found[kind, group] = Width(interval([e for g, e in own if g == group], pool), summary)
    return found


# ---------------------------------------------------------------- report


def in_percent(found: Summary | None) -> str:
    if found is None:
        return "none"
    return f"{found.median:.1%} / {found.p90:.1%} / {found.bias:+.1%}"


def report(data: Sequence[Case], by_form: Mapping[str, list[float]]) -> None:
    """Median, 90th percentile, bias of each class under each way of leaving out."""
    for kind in SPEEDS:
        print(f"\n{kind}: median / p90 / bias")
        print(f"{'':28} {'n':>3}" + "".join(f"{form:>26}" for form in by_form))
        for name in ("", *validation.CLASSES):

            def keep(case: Case, kind: str = kind, name: str = name) -> bool:
                return case.kind == kind and (not name or name in case.checked.classes)

            shown = [summary_of(data, errors, keep) for errors in by_form.values()]
            count = shown[0].n if shown[0] else 0
            print(f"{name or 'all':28} {count:>3}" + "".join(f"{in_percent(one):>26}" for one in shown))


# ---------------------------------------------------------------- --write


def with_value(text: str, key: str, value: float, note: str = "") -> str:
    """A profile's text with the value, source and date of one line; comments and other lines stay."""
    shown = f"{value:g}"

    def line(found: re.Match[str]) -> str:
        body = re.sub(r"value: [^,}]+", f"value: {shown}", found[2])
        body = re.sub(r"source: [^,}]+", f"source: {SOURCE}", body)
        body = re.sub(r"date: [^,}]+", f"date: {datetime.date.today().isoformat()}", body)
        body = re.sub(r" ?Source left out: [^\"]*?\.(?=\")", "", body).replace(', note: ""', "")
        if note and "note:" in body:
            body = re.sub(r'note: "([^"]*)"', rf'note: "\1 {note}"', body)
        elif note:
            body += f', note: "{note}"'
        return f"{found[1]}{{{body}}}"

    return re.sub(rf"^( *{key}: )\{{(.*)\}}$", line, text, count=1, flags=re.MULTILINE)


def write_profiles(values: Values, widths: Mapping[tuple[str, str], Width]) -> None:
    """Constants and intervals into data/speed-profiles; what no measurement stands behind stays."""
    for path in sorted((DATA / "speed-profiles").glob("*.yml")):
        group, engine = path.stem.split(".", 1)
        if group == "datacenter" and engine in SERVING_ENGINES:
            continue
        text = path.read_text(encoding="utf-8")
        names = names_of(group, engine)
        if group == "browser":  # a real browser is not measured: its own constants are assumptions
            names = {i: names[i] for i in ("moe_overhead_factor", "prefill_moe_factor", "coverage_exponent")}
        for parameter, name in names.items():
            text = with_value(text, parameter, values[name])
        for kind in SPEEDS:
            if (kind, group) in widths and group != "browser":
                width = widths[kind, group]
                text = with_value(text, f"{kind}_interval", width.shown(text, kind), width.note)
        path.write_text(text, encoding="utf-8")


def write_facts(data: Sequence[Case], errors: Sequence[float]) -> None:
    """The errors with the source left out, percent."""
    today = datetime.date.today().isoformat()
    for kind in SPEEDS:
        own = [math.exp(error) for case, error in zip(data, errors, strict=True) if case.kind == kind]
        summary = summarize([(1.0, ratio, 1.0) for ratio in own])
        for name in ("median", "p90", "bias"):
            value = f"{100 * getattr(summary, name):.1f}"
            set_fact(f"speed-left-out-{kind}-{name}", today, value=value, n=len(own))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.calibrate", description=str(__doc__).splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the result into data/speed-profiles and data/facts")
    arguments = parser.parse_args(argv)
    data = cases()
    values = fit_both(data)
    kept = rounded(values)
    for name, value in values.items():
        print(f"{name:16} {value:10.4f} {kept[name]:10g}")
    left_out = {by: leave_out(data, by, values) for by in LEFT_OUT}
    fitted = {"fit": [c.error(values) for c in data], "fit, rounded": [c.error(kept) for c in data]}
    report(data, {**fitted, **{f"without its {by}": errors for by, errors in left_out.items()}})
    widths = intervals(data, left_out)
    print("\nintervals")
    for (kind, group), width in widths.items():
        print(f"{kind:8} {group:12} {width.value:5.2f}  {width.note}")
    if arguments.write:
        write_profiles(kept, widths)
        write_facts(data, left_out["source"])
        print("calibrate: wrote data/speed-profiles and data/facts/speed-left-out-*.yml", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

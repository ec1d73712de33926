"""Measures the calculation engine on one core of this machine, without a browser. For orientation, never for a test.

Usage: python -m scripts.bench_engine [--repeats 15] [--write]
Prints the median in ms, its spread and its multiple of a fixed pure-Python loop timed in the same run, which makes
machines and busy hours comparable; then how the time grows with workloads and with draws. --write puts the medians and
today's date into the facts `data/facts/site-engine-*.yml`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from calculators.answer import CALCULATORS, evaluated
from calculators.dataset import Dataset
from calculators.load import load_dataset
from calculators.results import GRAPH
from calculators.worker import reply
from scripts.bench import write

LOOP_STEPS = 100_000
POINTS = 60
DRAWS = 2000
WORKLOADS = 8
SWEPT = ("owned_month_usd", "rented_month_usd", "api_month_usd")
LIMIT_MS = {"tier": 10, "sweep": 20, "draws": 150, "portfolio": 200}


def loop() -> float:
    """The yardstick: a hundred thousand multiplications and additions."""
    total = 0.0
    for i in range(LOOP_STEPS):
        total = total * 0.5 + i
    return total


def times(work: Callable[[], Any], repeats: int) -> list[float]:
    """ms of each of `repeats` calls, after one that does not count."""
    work()
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1e3)
    return found


def asked(dataset: Dataset, command: str, **scenario: Any) -> Callable[[], None]:
    """A whole answer, as a page or the command line asks for it. The work raises ValueError if it is refused."""

    def work() -> None:
        answer = reply(dataset, command, scenario, "en")
        if "error" in answer:
            raise ValueError(answer["error"]["text"])

    return work


def sweep(dataset: Dataset) -> Callable[[], None]:
    """What a break-even chart draws: its intervals, and the costs of a month at 60 loads."""

    def work() -> None:
        calculator = CALCULATORS["cost"]
        scenario = evaluated(dataset, {}, calculator, ["breakeven_tokens_per_month"])[0]
        plan = GRAPH.plan(SWEPT, scenario.values)
        limit = scenario.values["breakeven_limit_tokens"]
        for point in range(1, POINTS + 1):
            GRAPH.run(plan, {**scenario.values, "tokens_per_month": limit * point / POINTS})

    return work


def workloads(count: int) -> list[dict[str, Any]]:
    """Workloads that may go anywhere: the most plans there can be."""
    return [{"id": f"w{i}", "tokens_per_month": 1e9 * (i + 1)} for i in range(count)]


def measure(dataset: Dataset, repeats: int) -> dict[str, list[float]]:
    """Times in ms by name; `loop` is the yardstick."""
    work: dict[str, Callable[[], Any]] = {
        "loop": loop,
        "fit": asked(dataset, "fit"),
        "tier": asked(dataset, "tier"),
        "sweep": sweep(dataset),
        "draws": asked(dataset, "cost", samples=DRAWS),
        "portfolio": asked(dataset, "portfolio", workloads=workloads(WORKLOADS)),
    }
    return {name: times(one, repeats) for name, one in work.items()}


def growth(dataset: Dataset, repeats: int) -> dict[str, list[tuple[int, float]]]:
    """Median ms by the number of workloads and of draws."""
    found: dict[str, list[tuple[int, float]]] = {"workloads": [], "draws": []}
    for count in (1, 2, 4, 6, 7, 8):
        work = asked(dataset, "portfolio", workloads=workloads(count))
        found["workloads"].append((count, statistics.median(times(work, repeats))))
    for count in (500, 1000, 2000, 4000, 8000):
        work = asked(dataset, "cost", samples=count)
        found["draws"].append((count, statistics.median(times(work, max(3, repeats // 3)))))
    return found


def facts(found: dict[str, list[float]], grown: dict[str, list[tuple[int, float]]]) -> dict[str, list[float]]:
    """What --write stores: fact id -> times, or the one figure of a growth."""
    stored = {f"site-engine-{name}-ms": values for name, values in found.items()}
    (few, quick), (many, slow) = grown["draws"][0], grown["draws"][-1]
    stored["site-engine-thousand-draws-ms"] = [(slow - quick) / (many - few) * 1000]
    stored["site-engine-workload-growth"] = [grown["workloads"][-1][1] / grown["workloads"][-2][1]]
    return stored


def line(name: str, values: list[float], yardstick: float) -> str:
    """A figure as it is printed."""
    median, limit = statistics.median(values), LIMIT_MS.get(name)
    goal = "" if limit is None else f"  goal {limit} ms: {'met' if median <= limit else 'MISSED'}"
    spread = f"({min(values):.2f} to {max(values):.2f})"
    return f"{name:10} {median:8.2f} ms  {spread:20} {median / yardstick:6.2f} loops{goal}"


def one_core() -> None:
    """Keeps this process on one core where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_engine", description=str(__doc__).splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15, help="timed calls of each (default: 15)")
    parser.add_argument("--write", action="store_true", help="put the medians into data/facts/site-engine-*.yml")
    arguments = parser.parse_args(argv)
    if arguments.repeats < 1:
        parser.error("--repeats: give at least 1")
    one_core()
    dataset = load_dataset()
    found, grown = measure(dataset, arguments.repeats), growth(dataset, arguments.repeats)
    for name, values in found.items():
        print(line(name, values, statistics.median(found["loop"])))
    for name, pairs in grown.items():
        print(f"by {name}: " + ", ".join(f"{count}: {ms:.1f} ms" for count, ms in pairs))
    if arguments.write:
        write(facts(found, grown))
        print("bench_engine: wrote data/facts/site-engine-*.yml", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

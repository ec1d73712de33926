"""What the charts of an answer draw: numbers, the words beside them, and the table that says the same.

A chart is plain data: `{id, kind, title, summary, head, rows, …}`; docs/_theme/modules/answer-charts.js draws the kinds
`lines`, `tornado` and `stack`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import owned, portfolio, uncertainty
from .cost import ApiRequest
from .graph import Unknown
from .owned import Month, Owned
from .tier import CRITERIA
from .uncertainty import Uncertain
from .words import Words

Chart = dict[str, Any]
Values = Mapping[str, Any]
POINTS = 61  # of a smooth line, on a logarithmic axis
BAND_POINTS, BAND_DRAWS = 25, 100  # enough for a band; the quantiles of the net present value take all draws
MOST_STEPS = 60  # of servers drawn one by one; beyond, the line is smooth to the eye
REACH = 30.0  # the axis goes from a thirtieth of the reader's volume to thirty times it


def chart(kind: str, name: str, words: Words, head: Sequence[str], rows: Iterable[Sequence[str]], **more: Any) -> Chart:
    """A chart with its title, the sentence that says what it shows, and its table."""
    slots = more.pop("slots", {})
    title, summary = words.say(f"chart-{name}"), words.say(more.pop("summary", f"chart-{name}-summary"), slots)
    table = {"head": [words.say(i) for i in head], "rows": [list(row) for row in rows]}
    return {"id": name, "kind": kind, "title": title, "summary": summary, **table, **more}


def stack(
    words: Words,
    name: str,
    unit: str,
    parts: Sequence[str],
    groups: Sequence[tuple[str, str, Mapping[str, float] | str]],
    *,
    named: str = "part",
    chosen: str | None = None,
    limit: tuple[float, str] | None = None,
    **more: Any,
) -> Chart:
    """Bars of parts. `groups`: id, label, and the parts' values or why there are none; `named`: prefix of words."""
    used = [p for p in parts if any(isinstance(g[2], Mapping) and g[2].get(p, 0.0) > 0 for g in groups)]
    bars, rows, largest = [], [], 0.0
    for group_id, label, values in groups:
        bar: dict[str, Any] = {"id": group_id, "label": label, "chosen": group_id == chosen}
        if isinstance(values, str):
            bar |= {"parts": [], "total": None, "total_text": "", "note": values}
            rows.append([label, *("" for _ in used), values])
        else:
            sizes = [values.get(p, 0.0) for p in used]
            total = math.fsum(sizes)
            largest = max(largest, total)
            shown = [{"id": p, "value": size} for p, size in zip(used, sizes, strict=True)]
            bar |= {"parts": shown, "total": total, "total_text": words.show(total, unit), "note": ""}
            rows.append([label, *(words.show(size, unit) for size in sizes), bar["total_text"]])
        bars.append(bar)
    labels = [{"id": p, "label": words.say(f"{named}.{p}")} for p in used]
    line = {"value": limit[0], "label": limit[1]} if limit else None
    axis = words.axis(f"chart-{name}-axis", unit, 0.0, max(largest, limit[0] if limit else 0.0) or 1.0)
    found = chart("stack", name, words, ["chart-group", "chart-total"], rows, **more)
    found["head"][1:1] = [label["label"] for label in labels]
    return found | {"x": axis, "parts": labels, "groups": bars, "limit": line}


API_PARTS = ("input", "cache_read", "cache_write", "output")
COST_PARTS = (*(f"api_{p}" for p in API_PARTS), "rent", *owned.PARTS, "devices", "program")


def cost_stack(words: Words, values: Values, chosen: str | None, *, program: bool) -> Chart:
    """A month at each place by its parts. `program`: the edge bears its fixed cost by itself."""
    month: Month | Unknown = values["owned_month_usd"]
    request: ApiRequest | Unknown = values["api_request"]
    staff = values["fte"] * values["salary_usd"] / owned.MONTHS
    found: dict[str, Mapping[str, float] | Unknown] = {}
    if isinstance(values["api_month_usd"], Unknown) or isinstance(request, Unknown):
        found["cloud"] = (
            values["api_month_usd"] if isinstance(values["api_month_usd"], Unknown) else values["api_request"]
        )
    else:
        found["cloud"] = {f"api_{p}": getattr(request, p) * values["requests_per_month"] for p in API_PARTS}
    rented = values["rented_month_usd"]
    found["private_cloud"] = rented if isinstance(rented, Unknown) else rent_parts(rented, staff)
    found["on_prem"] = month if isinstance(month, Unknown) else {p: getattr(month, p) for p in owned.PARTS}
    edge = values["device_month_usd"]
    if not isinstance(edge, Unknown):
        edge = {"energy": values["device_energy_usd"], "devices": values["fleet_month_usd"]}
        if program:
            edge["program"] = values["edge_program_usd_per_month"]
    found["edge"] = edge
    groups = [(p, words.place(p), words.why(v) if isinstance(v, Unknown) else v) for p, v in found.items()]
    return stack(words, "costs", "USD", COST_PARTS, groups, chosen=chosen)


def rent_parts(month: float, staff: float) -> dict[str, float]:
    return {"rent": month - staff, "ops": staff} if month else {}


LATENCY_PARTS = ("network", "queue", "prefill", "first_token", "writing")


def latency_stack(words: Words, values: Values, chosen: str | None, *, edge: bool, own: str = "") -> Chart:
    """Time of one answer by its parts, on the hardware of tier 2 and, with `edge`, on the user's device."""
    wait = {"network": values["rtt_ms"], "queue": values["queue_ms"]}

    def parts(first: Any, prefill: Any, each: Any, wait: Mapping[str, float]) -> Mapping[str, float] | str:
        for value in (first, prefill, each):
            if isinstance(value, Unknown):
                return words.why(value)
        step = max(0.0, first - prefill - math.fsum(wait.values()))
        writing = max(0.0, values["osl"] + values["reasoning_tokens"] - 1) * each
        return {**wait, "prefill": prefill, "first_token": step, "writing": writing}

    served = parts(values["ttft_ms"], values["t_prefill_ms"], values["tpot_ms"], wait)
    place = "on_prem" if chosen not in ("on_prem", "private_cloud") else chosen
    groups: list[tuple[str, str, Mapping[str, float] | str]] = [(place, own or words.say("group-own"), served)]
    if edge:
        device = (values["edge_ttft_ms"], values["edge_t_prefill_ms"], values["edge_tpot_ms"])
        groups.insert(0, ("cloud", words.place("cloud"), words.say("note-latency-cloud")))
        groups.append(("edge", words.place("edge"), parts(*device, {"network": 0.0, "queue": values["queue_ms"]})))
    return stack(words, "latency", "ms", LATENCY_PARTS, groups, chosen=chosen)


def memory_stack(words: Words, values: Values, device: str) -> Chart | None:
    """Memory that the model needs, against what it may use."""
    parts = {p: values[f"{p}_bytes"] for p in ("weights", "kv", "overhead")}
    if any(isinstance(value, Unknown) for value in (*parts.values(), values["capacity_bytes"])):
        return None
    capacity = values["capacity_bytes"]
    limit = capacity, words.say("limit-memory", size=words.show(capacity, "bytes"))
    return stack(words, "memory", "bytes", tuple(parts), [("device", device, parts)], limit=limit)


def score_stack(words: Words, scores: Sequence[Mapping[str, Any]]) -> Chart | None:
    """What each criterion adds to a place's score."""
    if not scores:
        return None
    groups = [(s["tier"], words.place(s["tier"]), s["contributions"]) for s in scores]
    return stack(words, "scores", "score", CRITERIA, groups, named="criterion", chosen=scores[0]["tier"])


def plan_stack(words: Words, plans: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Plans of a portfolio by what their month consists of."""
    if not plans:
        return None
    groups = [(p["id"], words.say(f"plan-{p['id']}"), p["parts"]) for p in plans]
    return stack(words, "plans", "USD", portfolio.PARTS, groups, chosen=plans[0]["id"])


def tornado(words: Words, npv: uncertainty.Npv, uncertain: Uncertain, label: Callable[[str], str]) -> Chart:
    """What each uncertain input alone does to the net present value."""
    bars, rows = [], []
    for name, at_low, at_high in npv.tornado:
        if at_low == at_high:
            continue
        low, high = (words.show(value, "USD") for value in (at_low, at_high))
        ends = [words.show(end, uncertain.units[name], exact=True) for end in uncertain.ranges[name]]
        bar = {"id": name, "label": label(name), "low": at_low, "high": at_high}
        bars.append(bar | {"low_text": low, "high_text": high, "from_text": ends[0], "to_text": ends[1]})
        rows.append([label(name), ends[0], low, ends[1], high])
    values = [npv.mode, *(end for _, *ends in npv.tornado for end in ends)]
    pad = (max(values) - min(values)) * 0.05 or 1.0
    axis = words.axis("chart-tornado-axis", "USD", min(values) - pad, max(values) + pad)
    head = ["chart-input", "chart-low-end", "chart-npv-there", "chart-high-end", "chart-npv-there"]
    first = str(bars[0]["label"]) if bars else ""
    more = {"summary": "chart-tornado-summary" if bars else "chart-tornado-flat", "slots": {"first": first}}
    center = {"center": npv.mode, "center_text": words.show(npv.mode, "USD")}
    return chart("tornado", "tornado", words, head, rows, x=axis, bars=bars, **center, **more)


def break_even_lines(words: Words, values: Values, uncertain: Uncertain | Unknown) -> Chart | None:
    """A month on the API, on owned and on rented hardware by volume; where owning costs no more."""
    machine: Owned | Unknown = values["owned"]
    request, tokens = values["api_request_usd"], values["request_tokens"]
    volume = values["tokens_per_month"]
    if isinstance(machine, Unknown) or isinstance(request, Unknown) or not volume > 0 or isinstance(uncertain, Unknown):
        return None
    crossings = values["breakeven_tokens_per_month"]
    spans = [] if isinstance(crossings, Unknown) else crossings
    limit = values["breakeven_limit_tokens"]
    ends = [volume, *(end for span in spans[:1] for end in span if 0 < end < limit)]
    low, high = min(ends) / REACH, min(max(ends) * REACH, max(limit, volume))
    if machine.n_servers is not None:  # what they can serve at all
        high = min(high, max(step[2] for step in machine.steps(limit / tokens)) * tokens)
    if high <= low:
        return None
    grid = [low * (high / low) ** (i / (POINTS - 1)) for i in range(POINTS)]
    steps = step_ends(machine, low / tokens, high / tokens)
    if len(steps) <= MOST_STEPS:
        grid = sorted({*grid, *(x * tokens for x in steps)})
    coarse = grid[:: max(1, len(grid) // BAND_POINTS)]
    drawn = list(itertools.islice(uncertain.draws(), BAND_DRAWS))
    band = uncertainty.band(uncertain.case, drawn, [x / tokens for x in coarse])
    lines = [
        ("on_prem", [machine.month_of(x / tokens).total for x in grid]),
        ("cloud", [x / tokens * request for x in grid]),
    ]
    rent = values["gpu_hour_usd"]
    if not isinstance(rent, Unknown):
        staff = (values["fte"], values["salary_usd"])
        devices = [owned.rented_devices(machine, x / tokens) for x in grid]
        lines.append(("private_cloud", [owned.rented_month_usd(n, rent, *staff) for n in devices]))
    money = [y for _, ys in lines for y in ys if y > 0]
    wide = [end for pair in band for end in pair if end > 0]
    y_axis = words.axis("chart-breakeven-y", "USD", min([*money, *wide]), max([*money, *wide]), "log")
    told = [x for x in coarse[:: max(1, len(coarse) // 8)]]
    rows = []
    for x in told:
        i = grid.index(x)
        pair = band[coarse.index(x)]
        rows.append([words.show(x, "tokens"), *(words.show(ys[i], "USD") for _, ys in lines), words.span(*pair, "USD")])
    head = ["chart-breakeven-x", *(f"place.{place}" for place, _ in lines), "chart-breakeven-band"]
    within = [(max(a, low), min(b, high)) for a, b in spans if b > low and a < high]
    slots = {"intervals": words.spans(spans, "tokens", limit)}
    summary = "chart-breakeven-summary" if spans else "chart-breakeven-never"
    return chart(
        "lines", "breakeven", words, head, rows, slots=slots, summary=summary,
        x=words.axis("chart-breakeven-x", "tokens", low, high, "log"), y=y_axis,
        lines=[{"id": place, "label": words.place(place), "x": grid, "y": ys} for place, ys in lines],
        band={"label": words.say("chart-breakeven-band"), "x": coarse, "low": [a for a, _ in band],
              "high": [b for _, b in band]},
        spans=[{"low": a, "high": b, "label": words.say("chart-breakeven-span")} for a, b in within],
        marks=[{"value": volume, "label": words.say("chart-breakeven-mark", volume=words.show(volume, "tokens"))}],
    )  # fmt: skip


def step_ends(machine: Owned, low: float, high: float) -> list[float]:
    """Requests per month at which another server is needed, and just after."""
    found: list[float] = []
    for _, _, last in machine.steps(high):
        if low < last < high:
            found += [last, last * (1 + 1e-9)]
        if len(found) > MOST_STEPS:
            break
    return found

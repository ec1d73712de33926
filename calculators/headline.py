"""The answer as sentences, each a whole string of data/strings/answers.yml: what it is, why, what would change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import owned, tier
from .dataset import Dataset
from .decide import Decision, costs_of, decide, known, qualities_of, weights_of
from .graph import Unknown
from .owned import Month
from .tier import Check
from .uncertainty import Uncertain
from .words import Result, Words

Values = Mapping[str, Any]
MOST_REASONS = 3
# Volumes that are tried for another answer, as factors of the reader's; then the turning point is closed in on.
FACTORS = tuple(10 ** (step / 2) for step in range(-4, 5))
HALVINGS = 6
# What rules a place out for technical reasons; in `cost` the rules of the house do not count.
TECHNICAL = ("fit", "fleet", "ttft", "tpot", "context")
NARROW = 0.6  # a place that wins fewer of the random weightings is no clear winner


@dataclass(frozen=True)
class Answered:
    """An answer before it has its sentences.

    `evaluate`: the values of the scenario with changes; `at_volume`: those at so many tokens per month.
    """

    dataset: Dataset
    command: str
    values: Values
    inputs: Mapping[str, Any]
    results: Mapping[str, Result]
    evaluate: Callable[[Mapping[str, Any]], Values]
    at_volume: Callable[[float], Values]
    words: Words
    uncertain: Uncertain | Unknown


@dataclass
class Said:
    """`verdict`: good, close or bad, "" for none."""

    headline: str
    verdict: str = ""
    reasons: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)


def said(answered: Answered) -> Said:
    """The sentences of an answer."""
    return {"fit": fit, "cost": cost, "tier": place, "portfolio": portfolio}[answered.command](answered)


def fit(a: Answered) -> Said:
    """The verdict, what bounds the speed, and the smallest change that would make it fit."""
    words, values = a.words, a.values
    slots = {name: str(found["text"]) for name, found in (*a.inputs.items(), *a.results.items())}
    slots["speed_range"] = str(a.results["decode_tokens_per_second"].get("range_text", ""))
    slots["missing"] = words.show(max(0.0, values["need_bytes"] - values["capacity_bytes"]), "bytes")
    slots["device"] = device_text(values["n_devices"], slots["device"])
    verdict = values["fit_verdict"]
    found = Said(words.say(f"headline-{verdict}", slots), {"fits": "good", "tight": "close", "no": "bad"}[verdict])
    found.reasons = [words.say("reason-memory", slots)]
    if verdict == "no":
        devices = math.ceil(values["need_bytes"] / (values["capacity_bytes"] / values["n_devices"]))
        found.changes.append(words.say("change-devices", devices=f"{devices:,}"))
        found.changes += fewer_bits(a)
    else:
        found.reasons.append(words.say("reason-bandwidth", slots, bandwidth=words.show(bandwidth(values), "GB/s")))
        batch = known(values["max_batch"])
        if batch is not None:
            found.changes.append(words.say("change-batch", slots))
    return found


def bandwidth(values: Values) -> float:
    return float(values["device"].bandwidth_gbs * values["n_devices"])


def fewer_bits(a: Answered) -> Iterator[str]:
    """The quantization with the most bits that would fit."""
    bits = {i: q["bits_per_weight"] for i, q in a.dataset.quantizations.items()}
    for name in sorted((i for i in bits if bits[i] < bits[a.values["quantization"]]), key=lambda i: -bits[i]):
        if a.evaluate({"quantization": name})["fit_verdict"] != "no":
            yield a.words.say("change-quantization", quantization=a.dataset.quantizations[name]["name"])
            return


def device_text(count: float, name: str) -> str:
    """8 × H200 SXM; one device goes by its name."""
    return name if count == 1 else f"{math.floor(count)} × {name}"


def the(words: Words, name: str) -> str:
    """A place inside a sentence."""
    return words.say(f"the.{name}")


# --- tier


def place(a: Answered) -> Said:
    """Where to run a workload, why, and what would turn the answer."""
    words, decision = a.words, decide(a.dataset, a.values, alone=True)
    ruled_out = list(a.results["eliminated"]["value"])
    rules = [words.say("ruled-out", place=words.place(e["tier"]), why=e["reason"]) for e in one_each(ruled_out)]
    relax = [words.say("ruled-out", place=words.place(e["tier"]), why=e["relaxation"]) for e in one_each(ruled_out)]
    if a.results["recommendation"]["value"] is None:
        lead = "headline-no-place" if not decision.places else "headline-nothing-to-compare"
        return Said(words.say(lead), "bad", rules[:MOST_REASONS], relax)
    ranked = a.results["scores"]["value"]
    best = ranked[0]["tier"]
    if len(ranked) == 1:
        sentences = [words.say(f"run-{best}"), words.say("only-place"), *confirm(a, best)[:1]]
        return Said(words.together(sentences), "good", rules[:MOST_REASONS], relax)
    rival = ranked[1]["tier"]
    because, against = arguments(a, decision, best, rival)
    turns = [*volume_turns(a, best), *weight_turns(a, ranked[0]["contributions"])]
    near = a.results["near_tie"]["value"]
    clear = not near and a.results["stability"]["value"][best] >= NARROW
    slots = {"place": the(words, best), "rival": the(words, rival)}
    gap = {"gap": f"{ranked[0]['total'] - ranked[1]['total']:.3f}"}
    lead = words.say("near-tie", slots, **gap) if near else words.say(f"run-{best}")
    sentences = [lead, *because[:1], *(turns[:1] or [words.say("nothing-turns")])]
    if near:
        sentences = [lead, *because[:1], *against[:1]]
    return Said(
        words.together(sentences),
        "good" if clear else "close",
        [*because, *confirm(a, best)][:MOST_REASONS],
        [*against[:1], *turns, *relax],
    )


def one_each(ruled_out: list[dict[str, str]]) -> list[dict[str, str]]:
    """The first reason of each place, those the reader did not allow last."""
    found: dict[str, dict[str, str]] = {}
    for one in sorted(ruled_out, key=lambda e: e["constraint"] == "allowed"):
        found.setdefault(one["tier"], one)
    return list(found.values())


def confirm(a: Answered, best: str) -> list[str]:
    """What remains to be confirmed about a place."""
    return [one["reason"] for one in a.results["needs_confirmation"]["value"] if one["tier"] == best]


def arguments(a: Answered, decision: Decision, best: str, rival: str) -> tuple[list[str], list[str]]:
    """Sentences for the winner against the runner-up and against it, weightiest first."""
    weights = tier.scaled(weights_of(a.values, list(decision.utilities[best])))
    apart = {
        name: weight * (decision.utilities[best][name] - decision.utilities[rival][name])
        for name, weight in weights.items()
    }
    order = sorted(apart, key=lambda name: -abs(apart[name]))
    pro = [argument(a, decision, "because", name, best, rival) for name in order if apart[name] > 1e-9]
    con = [argument(a, decision, "against", name, best, rival) for name in order if apart[name] < -1e-9]
    return pro, con


def argument(a: Answered, decision: Decision, side: str, name: str, best: str, rival: str) -> str:
    """A sentence about a criterion with the figures of both places; ratings where the reader rated or none is known."""
    words, qualities = a.words, qualities_of(a.dataset, a.values)
    slots = {"place": the(words, best), "rival": the(words, rival), "criterion": words.say(f"criterion.{name}")}

    def figure(place: str) -> str | None:
        cost_usd, quality = decision.costs[place], qualities[place]
        tpot = known(a.values["edge_tpot_ms" if place == "edge" else "tpot_ms"])
        return {
            "cost": None if cost_usd is None else words.show(cost_usd, "USD"),
            "quality": None if quality is None else f"{quality:g}",
            "latency": None if tpot is None else words.show(tpot, "ms"),
        }.get(name)

    own, other = figure(best), figure(rival)
    if a.values["utilities"] is None and own is not None and other is not None:
        return words.say(f"{side}-{name}", slots, own=own, other=other)
    slots |= {slot: f"{decision.utilities[place][name]:.1f}" for slot, place in (("own", best), ("other", rival))}
    ours = a.values["utilities"] is None and name in ("control", "ops", "resilience")
    return words.say(f"{side}-{name}" if ours else f"{side}-rated", slots)


def winner(a: Answered, factor: float) -> str | None:
    """The place suggested at another volume; None: there is none."""
    values = a.at_volume(a.values["tokens_per_month"] * factor)
    decision = decide(a.dataset, values, alone=True)
    if not decision.utilities or not next(iter(decision.utilities.values())):
        return None
    criteria = list(next(iter(decision.utilities.values())))
    return tier.rank(decision.utilities, weights_of(values, criteria))[0].tier


def volume_turns(a: Answered, best: str) -> list[str]:
    """Down to which volume, and up to which, the answer stays; the nearer turn first."""
    volume = a.values["tokens_per_month"]
    if a.values["utilities"] is not None or not 0 < volume < 1e20:
        return []
    found: list[tuple[float, str]] = []
    middle = len(FACTORS) // 2
    for side, message in ((FACTORS[middle + 1 :], "turns-above"), (FACTORS[:middle][::-1], "turns-below")):
        inside = 1.0
        for factor in side:
            other = winner(a, factor)
            if other != best:
                break
            inside = factor
        else:
            continue
        outside = factor
        for _ in range(HALVINGS):
            between = math.sqrt(inside * outside)
            at = winner(a, between)
            inside, outside, other = (between, outside, other) if at == best else (inside, between, at)
        times = f"{outside:.2g}" if outside < 10 else f"{outside:.0f}"
        slots = {"tokens": a.words.show(rounded_to(outside * volume), "tokens"), "times": times}
        slots["share"] = f"{outside:.0%}"
        ending = "" if other else "-none"
        slots["rival"] = the(a.words, other) if other else ""
        found.append((abs(math.log(outside)), a.words.say(message + ending, slots)))
    return [text for _, text in sorted(found)]


def rounded_to(value: float) -> float:
    """Two digits: the turning point is closed in on no further."""
    return float(f"{value:.2g}")


def weight_turns(a: Answered, weights: Mapping[str, float]) -> list[str]:
    """The two weights nearest to turning the answer."""
    shares = tier.scaled(weights_of(a.values, list(weights)))
    turning = [f for f in a.results["flips"]["value"] if f["weight"] is not None]
    turning.sort(key=lambda f: abs(f["weight"] - shares[f["criterion"]]))
    found = []
    for flip in turning[:2]:
        more = flip["weight"] > shares[flip["criterion"]]
        slots = {
            "criterion": a.words.say(f"criterion.{flip['criterion']}"),
            "weight": f"{flip['weight']:.0%}",
            "now": f"{shares[flip['criterion']]:.0%}",
            "rival": the(a.words, flip["tier"]),
        }
        found.append(a.words.say("turns-weight-more" if more else "turns-weight-less", slots))
    return found


# --- cost


def cost(a: Answered) -> Said:
    """Which place is cheapest, from which volume owning pays, and what that hangs on."""
    words, values = a.words, a.values
    decision = decide(a.dataset, values)
    out: dict[str, Check] = {}  # place -> the first reason against it
    for check in decision.checks:
        if check.state == "fail" and check.name in TECHNICAL:
            out.setdefault(check.tier, check)
    costs = {p: usd for p, usd in costs_of(values).items() if usd is not None and p not in out}
    slots = {"tokens": words.show(values["tokens_per_month"], "tokens")}
    if not costs:
        return Said(words.say("headline-cost-unknown"), "bad")
    # The device runs another, far smaller model: it has a sentence of its own.
    order = sorted((p for p in costs if p != "edge"), key=lambda p: costs[p]) or ["edge"]
    slots |= {"place": the(words, order[0]), "usd": words.show(costs[order[0]], "USD")}
    if len(order) > 1:
        slots |= {"rival": the(words, order[1]), "other": words.show(costs[order[1]], "USD")}
    lead = words.say("headline-cost" if len(order) > 1 else "headline-cost-only", slots)
    reasons = [
        words.say("ruled-out", place=words.place(place), why=words.say(check.reason, dict(check.slots)))
        for place, check in out.items()
    ]
    sentences = [lead, break_even_sentence(a)]
    if "edge" in costs and order != ["edge"]:
        edge = str(a.dataset.models[values["edge_model"]]["name"])
        sentences.append(words.say("cost-edge", model=edge, usd=words.show(costs["edge"], "USD")))
    return Said(
        words.together(s for s in sentences if s),
        "",
        [*cost_reasons(a), *reasons][: MOST_REASONS + 1],
        cost_changes(a),
    )


def break_even_sentence(a: Answered) -> str:
    """From which volume owning costs less than the API."""
    found = a.values["breakeven_tokens_per_month"]
    limit = a.values["breakeven_limit_tokens"]
    if isinstance(found, Unknown):
        if found.message != "unknown-never-pays":
            return ""
        return a.words.say("owning-never", limit=a.words.show(limit, "tokens"))
    low, high = found[0]
    if len(found) == 1 and high >= limit * (1 - 1e-9):
        return a.words.say("owning-from", tokens=a.words.show(low, "tokens"))
    return a.words.say("owning-between", intervals=a.words.spans(found, "tokens", limit))


def cost_reasons(a: Answered) -> list[str]:
    """What owning consists of, how busy it is, and what it is worth."""
    words, values, found = a.words, a.values, []
    month = values["owned_month_usd"]
    if isinstance(month, Month) and month.total > 0:
        parts = {p: getattr(month, p) for p in owned.PARTS}
        largest = max(parts, key=lambda p: parts[p])
        slots = {"part": words.say(f"part.{largest}"), "usd": words.show(parts[largest], "USD")}
        slots |= {"total": words.show(month.total, "USD"), "share": f"{parts[largest] / month.total:.0%}"}
        found.append(words.say("reason-largest-part", slots))
    used = known(values["utilization"])
    if used is not None and isinstance(month, Month) and month.total > 0:
        servers = words.show(values["n_servers"], "servers")
        found.append(words.say("reason-utilization", share=words.show(used, "share"), servers=servers))
    npv = a.results.get("npv_usd", {"value": None})
    if npv["value"] is not None:
        slots = {"range": npv["range_text"], "share": words.show(npv["p_positive"], "share")}
        slots["months"] = words.show(values["horizon_months"], "months", exact=True)
        found.append(words.say("reason-npv", slots))
    return found


def cost_changes(a: Answered) -> list[str]:
    """The inputs that move the value most, and the payback."""
    words, found = a.words, []
    payback = a.values["payback_month"]
    if isinstance(payback, Unknown):
        found += (
            [words.say("change-no-payback", why=words.why(payback))] if payback.message == "unknown-no-payback" else []
        )
    else:
        found.append(words.say("change-payback", months=words.show(payback, "months", exact=True)))
    npv = a.results.get("npv_usd", {"value": None})
    if npv["value"] is not None and isinstance(a.uncertain, Uncertain):
        for bar in [bar for bar in npv["tornado"] if bar["low"] != bar["high"]][:2]:
            unit, ends = a.uncertain.units[bar["input"]], a.uncertain.ranges[bar["input"]]
            slots = {"input": a.dataset.parameters[bar["input"]]["label"][words.lang]}
            slots |= dict(zip(("from_", "to"), (words.show(end, unit, exact=True) for end in ends), strict=True))
            slots |= {"low": words.show(bar["low"], "USD"), "high": words.show(bar["high"], "USD")}
            found.append(words.say("change-input", slots))
    return found


# --- portfolio


def portfolio(a: Answered) -> Said:
    """The cheapest plan for all workloads, what sharing saves, and what more control would cost."""
    words, results = a.words, a.results
    if results["assignment"]["value"] is None:
        return Said(words.say("headline-no-plan", why=results["assignment"]["text"]), "bad")
    best, greedy = results["portfolio_month_usd"]["value"], results["greedy_month_usd"]["value"]
    slots = {"usd": words.show(best, "USD"), "plan": results["assignment"]["text"]}
    slots |= {"greedy": words.show(greedy, "USD"), "saved": words.show(greedy - best, "USD")}
    lead = "headline-plan-shared" if greedy - best > best * 1e-6 else "headline-plan"
    found = Said(words.say(lead, slots), "good")
    plans = {plan["id"]: plan for plan in results["plans"]["value"]}
    for name in ("all-cloud", "all-own"):
        if name in plans and plans[name]["usd"] > best * (1 + 1e-6):
            found.reasons.append(words.say(f"reason-{name}", usd=words.show(plans[name]["usd"], "USD")))
    inside = [one["id"] for one in results["assignment"]["value"] if one["tier"] in ("on_prem", "private_cloud")]
    if len(inside) > 1:
        text = words.join(inside)
        found.reasons.insert(0, words.say("reason-shared", workloads=text, servers=results["n_servers"]["text"]))
    pareto = results["pareto"]["value"]
    for other in pareto[1:3]:
        slots = {"more": words.show(other["usd"] - best, "USD"), "from_": f"{pareto[0]['control']:.2f}"}
        slots |= {"to": f"{other['control']:.2f}"}
        if other["control"] > pareto[0]["control"]:
            found.changes.append(words.say("change-control", slots))
    told = [e["id"] + words.say("brackets", text=words.place(e["tier"])) for e in results["eliminated"]["value"]]
    whys = [e["relaxation"] for e in results["eliminated"]["value"]]
    found.changes += [words.say("ruled-out", place=p, why=w) for p, w in zip(told, whys, strict=True)][:3]
    return found

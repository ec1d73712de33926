"""The tier and portfolio answers as plain results, in words of the reader's language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import portfolio, tier
from .dataset import Dataset
from .decide import Decision, decide, known, qualities_of, stages_of, weights_of, workload_of, workloads_given
from .scenario import BadInput
from .words import Result, Words

PLACE_RESULTS = ("tier", "portfolio")
Evaluate = Callable[[Mapping[str, Any]], dict[str, Any]]


def place_results(
    dataset: Dataset, command: str, values: Mapping[str, Any], evaluate: Evaluate, words: Words
) -> dict[str, Result]:
    """Results of `tier` or `portfolio`. `evaluate`: the values of a scenario with changes. Raises BadInput."""
    if command == "tier":
        return tier_results(dataset, values, words)
    return portfolio_results(dataset, values, evaluate, words)


def tier_results(dataset: Dataset, values: Mapping[str, Any], words: Words) -> dict[str, Result]:
    decision = decide(dataset, values, alone=True)
    found = constraint_results(decision, words)
    found["success"] = success_result(values, decision, words)
    shown = {place: words.usd(cost)["text"] for place, cost in decision.costs.items()}
    found["costs"] = words.listed(decision.costs, [f"{words.place(place)} {text}" for place, text in shown.items()])
    if not decision.utilities or not next(iter(decision.utilities.values())):
        reason = "unknown-no-place" if not decision.places else "unknown-nothing-to-compare"
        return {"recommendation": words.nothing("", reason), **found}
    criteria = list(next(iter(decision.utilities.values())))
    weights = weights_of(values, criteria)
    ranked = tier.rank(decision.utilities, weights)
    best = ranked[0]
    stable = tier.stability(decision.utilities, criteria, int(values["samples"]), int(values["seed"]))
    flips, shares = tier.flips(decision.utilities, weights), tier.scaled(weights)
    near = len(ranked) > 1 and best.total - ranked[1].total < values["near_tie_gap"]
    # The criterion whose weight is nearest to turning the answer is the first to verify.
    turning = sorted(
        (f for f in flips if f.weight is not None), key=lambda f: abs((f.weight or 0.0) - shares[f.criterion])
    )
    verify = list(dict.fromkeys(flip.criterion for flip in turning))[:2]
    return {
        "recommendation": {"value": best.tier, "unit": "", "text": words.place(best.tier)},
        **found,
        "scores": words.listed(
            [{"tier": s.tier, "total": s.total, "contributions": dict(s.contributions)} for s in ranked],
            [f"{words.place(s.tier)} {s.total:.3f}" for s in ranked],
        ),
        "flips": words.listed(
            [{"criterion": f.criterion, "tier": f.tier, "weight": f.weight} for f in flips],
            [f"{words.say(f'criterion.{f.criterion}')} {f.weight:.2f} → {words.place(f.tier)}" for f in turning],
        ),
        "stability": words.listed(stable, [f"{words.place(name)} {share:.0%}" for name, share in stable.items()]),
        "near_tie": {"value": near, "unit": "", "text": words.say("yes" if near else "no")},
        "verify": words.listed(verify, [words.say(f"criterion.{name}") for name in verify]),
        "left_out": words.listed(decision.left_out, [words.say(f"criterion.{name}") for name in decision.left_out]),
    }


def constraint_results(decision: Decision, words: Words) -> dict[str, Result]:
    """Places ruled out, with the smallest relaxation, and what needs confirmation."""
    ruled_out, confirm = [], []
    for check in decision.checks:
        slots = told_slots(check, words)
        if check.state == "fail":
            reason, relaxation = words.say(check.reason, slots), words.say(check.relaxation, slots)
            ruled_out.append({"tier": check.tier, "constraint": check.name, "reason": reason, "relaxation": relaxation})
        elif check.state == "unknown" and check.tier in decision.places:
            confirm.append({"tier": check.tier, "constraint": check.name, "reason": words.say(check.reason, slots)})
    return {
        "eliminated": words.listed(
            ruled_out,
            [words.named(words.place(e["tier"]), words.together((e["reason"], e["relaxation"]))) for e in ruled_out],
        ),
        "needs_confirmation": words.listed(
            confirm, [words.named(words.place(e["tier"]), e["reason"]) for e in confirm]
        ),
    }


def told_slots(check: tier.Check, words: Words) -> dict[str, str]:
    """The slots of a check's sentences; sums of money in the reader's currency."""
    if check.name != "capex":
        return dict(check.slots)
    return {name: text if text == "?" else words.show(float(text), "USD") for name, text in check.slots}


def success_result(values: Mapping[str, Any], decision: Decision, words: Words) -> Result:
    """Cost of a successful task: at each place alone, and escalating from the edge to the cloud."""
    stages = stages_of(values, decision)
    if not stages:
        return words.nothing("USD", "unknown-acceptance")
    alone = {place: tier.success_cost([stage]) for place, stage in stages.items()}
    together = tier.success_cost(list(stages.values()))
    return {**words.usd(together, "unknown-acceptance"), "alone": alone}


def portfolio_results(
    dataset: Dataset, values: Mapping[str, Any], evaluate: Evaluate, words: Words
) -> dict[str, Result]:
    """The cheapest plan for all workloads together, against each choosing alone."""
    named = workloads_given(values)
    workloads, qualities, reasons = [], [], []
    for i, given in enumerate(named):
        own = {key: value for key, value in given.items() if key not in ("id", "workloads")}
        try:
            # A load of its own replaces the shared one, in whichever form that was given.
            found = evaluate({"workloads": named, **own})
        except BadInput as bad:
            raise BadInput(bad.message, f"workloads[{i}].{bad.field}", bad.slots) from None
        decision = decide(dataset, found)
        workloads.append(workload_of(decision, found, given["id"]))
        qualities.append(qualities_of(dataset, found))
        reasons += [(given["id"], check) for check in decision.checks if check.state == "fail"]
    base = known(values["owned"])
    if base is None:
        text = words.why(values["owned"])
        return {"assignment": {"value": None, "unit": "", "reason": text, "text": text}}
    # One fleet and one program carry all workloads at the edge.
    edge_usd = values["edge_program_usd_per_month"] + (known(values["fleet_month_usd"]) or 0.0)
    shared = portfolio.Shared(base, known(values["gpu_hour_usd"]), edge_usd)
    found_plans = portfolio.plans(shared, workloads)
    greedy = portfolio.greedy(shared, workloads)
    ruled_out = eliminated_of(reasons, words)
    if not found_plans or greedy is None:
        homeless = [w.id for w in workloads if portfolio.greedy(shared, [w]) is None]
        text = words.say("unknown-no-plan", {"workloads": ", ".join(homeless)})
        return {"assignment": {"value": None, "unit": "", "reason": text, "text": text}, "eliminated": ruled_out}
    best = found_plans[0]
    judged = values["tier_judgments"]
    control = [mean_control(plan, judged) for plan in found_plans]
    quality = [mean_quality(plan, qualities) for plan in found_plans]
    # What is unknown cannot outdo anything.
    kept = portfolio.pareto(found_plans, control, [-math.inf if q is None else q for q in quality])
    return {
        "assignment": words.listed(
            [{"id": w.id, "tier": place} for w, place in zip(workloads, best.places, strict=True)],
            [words.named(w.id, words.place(place)) for w, place in zip(workloads, best.places, strict=True)],
        ),
        "portfolio_month_usd": words.usd(best.usd),
        "greedy_month_usd": words.usd(greedy.usd),
        "plans": plans_of(shared, workloads, best, greedy, words),
        "n_servers": {"value": best.servers, "unit": "servers", "text": words.show(best.servers, "servers")},
        "pareto": words.listed(
            [
                {
                    "tiers": list(found_plans[i].places),
                    "usd": found_plans[i].usd,
                    "control": control[i],
                    "quality": quality[i],
                }
                for i in kept
            ],
            [words.usd(found_plans[i].usd)["text"] for i in kept],
        ),
        "eliminated": ruled_out,
    }


def plans_of(
    shared: portfolio.Shared,
    workloads: Sequence[portfolio.Workload],
    best: portfolio.Plan,
    greedy: portfolio.Plan,
    words: Words,
) -> Result:
    """The cheapest plan beside others: each workload for itself, all in one place where all may go there."""
    named: dict[str, portfolio.Plan | None] = {"cheapest": best, "greedy": greedy}
    for name, place in (("all-cloud", "cloud"), ("all-own", "tier_2"), ("all-edge", "edge")):
        if all(place in portfolio.choices(w) for w in workloads):
            named[name] = portfolio.plan_of(shared, workloads, [place] * len(workloads))
    found: list[dict[str, Any]] = [
        {"id": name, "usd": plan.usd, "tiers": list(plan.places), "parts": dict(plan.parts)}
        for name, plan in named.items()
        if plan is not None
    ]
    return words.listed(found, [words.say("plan-" + p["id"]) + " " + words.usd(p["usd"])["text"] for p in found])


def eliminated_of(reasons: list[tuple[str, tier.Check]], words: Words) -> Result:
    """Places that constraints rule out, by workload; those that the reader did not allow need no word."""
    told = [(name, check) for name, check in reasons if check.name != "allowed"]
    return words.listed(
        [
            {
                "id": name,
                "tier": c.tier,
                "constraint": c.name,
                "reason": words.say(c.reason, told_slots(c, words)),
                "relaxation": words.say(c.relaxation, told_slots(c, words)),
            }
            for name, c in told
        ],
        [
            words.named(
                name + words.say("brackets", text=words.place(c.tier)), words.say(c.reason, told_slots(c, words))
            )
            for name, c in told
        ],
    )


def mean_quality(plan: portfolio.Plan, qualities: Sequence[Mapping[str, float | None]]) -> float | None:
    """Mean score of the workloads' models at their places; None where one has none."""
    scores = [of[place] for place, of in zip(plan.places, qualities, strict=True)]
    found = [score for score in scores if score is not None]
    return math.fsum(found) / len(found) if len(found) == len(scores) else None


def mean_control(plan: portfolio.Plan, judged: Mapping[str, Mapping[str, float]]) -> float:
    """Mean control over the workloads of a plan."""
    return math.fsum(judged.get(place, {}).get("control", 0.0) for place in plan.places) / len(plan.places)

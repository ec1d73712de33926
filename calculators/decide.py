"""From a scenario's figures to a tier and a portfolio: constraints, utilities, plans. The arithmetic is in `tier` and
`portfolio`; here it meets models, prices and the reader's rules.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import portfolio, tier
from .dataset import Dataset, Model, offer_of
from .graph import Unknown
from .owned import SECONDS_PER_MONTH, Month, Owned
from .scenario import BadInput, shown
from .tier import PLACES, TIER_2, Check

Values = Mapping[str, Any]
# Requests leave the user's hands: none of these works without a network.
ONLINE = ("cloud", "private_cloud", "on_prem")
# The hardware that workloads share: one cannot have another price for it.
SHARED = """server_price_usd devices_per_server spare_servers infra_share life_years discount_rate residual_share
    server_kw idle_share pue fte salary_usd support_share colo_usd_per_kw_month n_servers utilization gpu_hour_usd
    edge_program_usd_per_month device tariff_usd_per_kwh fleet_devices device_share device_price_usd device_life_months
    mdm_usd_per_device_month""".split()
SENSITIVE = ("confidential", "restricted")


@dataclass(frozen=True)
class Decision:
    """What is known about a workload's places. `costs`: USD a month; `utilities`: 0..1, criteria all places have."""

    checks: list[Check]
    places: list[str]  # those that no constraint rules out
    costs: dict[str, float | None]
    utilities: dict[str, dict[str, float]]
    left_out: list[str]  # criteria that cannot be compared
    quality_floor: float | None


def known(value: Any) -> Any:
    """The value, or None where it is unknown."""
    return None if isinstance(value, Unknown) else value


def costs_of(values: Values) -> dict[str, float | None]:
    """A month at each place, USD; None: unknown."""
    month: Month | None = known(values["owned_month_usd"])
    return {
        "cloud": known(values["api_month_usd"]),
        "private_cloud": known(values["rented_month_usd"]),
        "on_prem": month.total if month else None,
        "edge": known(values["device_month_usd"]),
    }


def qualities_of(dataset: Dataset, values: Values) -> dict[str, float | None]:
    """Scores of the places' models in the benchmark of the quality floor; None: it has no score there."""
    table = dataset.scores.get(values["quality_benchmark"], {})
    cloud = offer_of(dataset, values["api_model"])["model"]
    own = table.get(values["model"].id)
    return {"cloud": table.get(cloud), "private_cloud": own, "on_prem": own, "edge": table.get(values["edge_model"])}


def floor_of(dataset: Dataset, values: Values) -> float | None:
    """The quality floor: given, or the best of the benchmark less the gap that is tolerated."""
    gap, table = values["frontier_gap_tolerated"], dataset.scores.get(values["quality_benchmark"], {})
    if values["quality_floor"] is not None or gap is None or not table:
        return None if values["quality_floor"] is None else float(values["quality_floor"])
    return max(table.values()) - float(gap)


def checks_of(dataset: Dataset, values: Values, floor: float | None) -> list[Check]:
    """Every hard constraint on every place; unknown is not a pass."""
    found: list[Check] = []

    def check(place: str, name: str, passed: bool | None, relaxation: str = "", **slots: Any) -> None:
        state = {True: "pass", False: "fail", None: "unknown"}[passed]
        reason = {"fail": f"constraint-{name}", "unknown": f"confirm-{name}", "pass": ""}[state]
        told = tuple((key, str(value)) for key, value in slots.items())
        found.append(Check(place, name, state, reason, relaxation if state == "fail" else "", told))

    for place in PLACES:
        check(place, "allowed", place in values["allowed_tiers"], "relax-allowed")
        if values["offline"]:
            check(place, "offline", place not in ONLINE, "relax-offline")
        check_location(check, values, place)
        check_context(check, dataset, values, place)
        check_quality(check, dataset, values, place, floor)
    check_fit(check, values)
    check_service(check, values)
    check_license(check, dataset, values)
    if values["capex_cap_usd"] is not None:
        capex = known(values["capex_usd"])
        passed = None if capex is None else capex <= values["capex_cap_usd"]
        check(
            "on_prem",
            "capex",
            passed,
            "relax-capex",
            needed="?" if capex is None else repr(capex),
            cap=repr(values["capex_cap_usd"]),
        )
    return found


def number(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"


CheckOne = Callable[..., None]


def check_location(check: CheckOne, values: Values, place: str) -> None:
    """Where the data may go: regions of the cloud, residency, sensitive data without a rule."""
    regions, residency = values["cloud_regions"], values["residency"]
    if place == "cloud" and regions is not None and not regions:
        check(place, "region", False, "relax-region")
    elif place == "cloud" and residency:
        check(place, "residency", None if regions is None else residency in regions, "relax-residency", where=residency)
    elif place == "cloud" and regions is None and values["data_class"] in SENSITIVE:
        check(place, "region", None)
    elif place == "private_cloud" and residency:
        check(place, "residency", None, where=residency)
    elif place == "private_cloud" and values["data_class"] == "restricted":
        check(place, "rented-region", None)


def check_context(check: CheckOne, dataset: Dataset, values: Values, place: str) -> None:
    """The longest request against the model's context."""
    cloud = dataset.models.get(offer_of(dataset, values["api_model"])["model"], {})
    longest = {
        "cloud": cloud.get("context_tokens"),
        "edge": dataset.models.get(values["edge_model"], {}).get("context_tokens"),
    }.get(place, values["model"].context_tokens)
    needed = values["isl"] + values["reasoning_tokens"] + values["osl"]
    passed = None if longest is None else needed <= longest
    check(place, "context", passed, "relax-context", needed=number(needed), longest=number(longest))


def check_quality(check: CheckOne, dataset: Dataset, values: Values, place: str, floor: float | None) -> None:
    if floor is None:
        return
    given = values["utilities"]
    quality = given.get(place, {}).get("quality") if given else qualities_of(dataset, values)[place]
    if given and place not in given:
        return
    passed = None if quality is None else quality >= floor
    shown_quality = "?" if quality is None else f"{quality:g}"
    check(place, "quality", passed, "relax-quality", quality=shown_quality, floor=f"{floor:g}")


def check_fit(check: CheckOne, values: Values) -> None:
    """Memory: the set-up of tier 2, and the user's device."""
    # Where no batch can be chosen, one request decides.
    own = "" if not isinstance(values["need_bytes"], Unknown) else "alone_"
    need, capacity, verdict = values[f"{own}need_bytes"], values["capacity_bytes"], values[f"{own}fit_verdict"]
    if not isinstance(need, Unknown):
        devices = math.ceil(need / (capacity / values["n_devices"]))
        slots = {"need": f"{need / 1e9:,.1f}", "capacity": f"{capacity / 1e9:,.1f}", "devices": devices}
        for place in TIER_2:
            check(place, "fit", verdict != "no", "relax-fit", **slots)
    need, capacity = values["edge_need_bytes"], values["edge_capacity_bytes"]
    slots = {"need": f"{need / 1e9:,.1f}", "capacity": f"{capacity / 1e9:,.1f}"}
    check("edge", "fit", values["edge_fit_verdict"] != "no", "relax-edge-fit", **slots)
    devices = known(values["fleet_needed"])
    passed = None if devices is None else devices <= values["fleet_devices"]
    fleet, needed = number(values["fleet_devices"]), number(None if devices is None else math.ceil(devices))
    check("edge", "fleet", passed, "relax-fleet", fleet=fleet, needed=needed)


def check_service(check: CheckOne, values: Values) -> None:
    """Time to first token and per token. Nobody publishes an API's, so there it needs confirmation."""
    for name in ("ttft", "tpot"):
        limit = values[f"slo_{name}_ms"]
        if limit is None:
            continue
        alone = known(values[f"alone_{name}_ms"])
        edge = known(values[f"edge_{name}_ms"])
        check("cloud", name, None, limit=number(limit))
        for place in TIER_2:
            # A batch that is given stands; one that is chosen meets the limit, or there is none.
            own = values[f"{name}_ms"]
            passed = None if alone is None else not isinstance(own, Unknown) and own <= limit * (1 + 1e-9)
            check(place, name, passed, f"relax-{name}", limit=number(limit), needed=number(alone))
        check(
            "edge",
            name,
            None if edge is None else edge <= limit,
            f"relax-{name}",
            limit=number(limit),
            needed=number(edge),
        )


def check_license(check: CheckOne, dataset: Dataset, values: Values) -> None:
    allowed = values["license_allowed"]
    if allowed is None:
        return
    own: Model = values["model"]
    for place, model_id in (*((place, own.id) for place in TIER_2), ("edge", values["edge_model"])):
        license_id = dataset.models.get(model_id, {}).get("license")
        passed = None if license_id is None else license_id in allowed
        check(place, "license", passed, "relax-license", license=license_id or "?", allowed=", ".join(allowed) or "-")


def decide(dataset: Dataset, values: Values, *, alone: bool = False) -> Decision:
    """Constraints first, then utilities of the places that are left.

    `alone`: the workload bears the edge program by itself; in a portfolio all of them share it.
    """
    floor = floor_of(dataset, values)
    checks = checks_of(dataset, values, floor)
    out = tier.eliminated(checks)
    places = [place for place in PLACES if place not in out]
    costs = costs_of(values)
    if alone and costs["edge"] is not None:
        costs["edge"] += values["edge_program_usd_per_month"]
    given = values["utilities"]
    if given is not None:
        utilities = {place: given[place] for place in places if place in given}
        return Decision(checks, places, costs, utilities, [], floor)
    qualities = qualities_of(dataset, values)
    rated = [place for place in places if qualities[place] is not None]
    if rated and floor is None:  # a place of unknown quality is not ranked beside places of known quality
        checks += [Check(p, "quality", "unknown", "confirm-quality") for p in places if p not in rated]
    return compared(values, Decision(checks, places, costs, {}, [], floor), rated or places, qualities)


def compared(values: Values, decision: Decision, places: list[str], qualities: Mapping[str, float | None]) -> Decision:
    """Utilities of `places` in the criteria for which all of them have a figure."""
    floor, costs = decision.quality_floor, decision.costs
    estimates: dict[str, Mapping[str, float | None]] = {
        "cost": ratio(tier.cost_utility, places, costs),
        "quality": ratio(lambda q: tier.quality_utility(floor or 0.0, q), places, qualities),
        "latency": latency_of(values, places),
    }
    judged = values["tier_judgments"]
    for name in ("control", "ops", "resilience"):
        estimates[name] = {place: judged.get(place, {}).get(name) for place in places}
    complete = [name for name in tier.CRITERIA if places and all(estimates[name].get(p) is not None for p in places)]
    utilities = {place: {name: float(estimates[name][place] or 0.0) for name in complete} for place in places}
    left_out = [name for name in tier.CRITERIA if name not in complete]
    return dataclasses.replace(decision, utilities=utilities, left_out=left_out)


def ratio(
    utility: Callable[[dict[str, float]], dict[str, float]], places: Sequence[str], found: Mapping[str, float | None]
) -> Mapping[str, float | None]:
    """Utilities of the places if all of them have a figure, else none."""
    figures = {place: value for place in places if (value := found.get(place)) is not None}
    return dict(utility(figures)) if places and len(figures) == len(places) else {}


def latency_of(values: Values, places: Sequence[str]) -> Mapping[str, float | None]:
    limit = values["slo_tpot_ms"]
    own = known(values["tpot_ms"])
    estimates = {"private_cloud": own, "on_prem": own, "edge": known(values["edge_tpot_ms"])}
    return ratio(lambda ms: tier.latency_utility(limit, ms), places, estimates) if limit else {}


def weights_of(values: Values, criteria: Sequence[str]) -> dict[str, float]:
    """The reader's weights of the criteria that count. Raises BadInput if none is positive."""
    weights = {name: float(values[f"weight_{name}"]) for name in criteria}
    if criteria and math.fsum(weights.values()) <= 0:
        raise BadInput("weights-all-zero", f"weight_{criteria[0]}", {"given": "0"})
    return weights


def stages_of(values: Values, decision: Decision) -> dict[str, tuple[float, float]]:
    """(cost of a request, share accepted) of each remaining place whose acceptance is given."""
    found: dict[str, tuple[float, float]] = {}
    requests = values["requests_per_month"]
    for place in ("edge", "on_prem", "cloud"):
        accepted, month = values[f"acceptance_{place}"], decision.costs[place]
        if accepted is not None and month is not None and place in decision.places and requests > 0:
            found[place] = (month / requests, float(accepted))
    return found


def workload_of(decision: Decision, values: Values, name: str) -> portfolio.Workload:
    """What a plan needs to know of a workload."""
    owned: Owned | None = known(values["owned"])
    requests = values["requests_per_month"]
    return portfolio.Workload(
        id=name,
        places=tuple(decision.places),
        cloud_usd=decision.costs["cloud"],
        edge_usd=known(values["device_energy_usd"]),
        replicas=owned.replicas_needed(requests) if owned else None,
        n_devices=values["n_devices"],
        setup=f"{values['model'].id} {values['n_devices']:g} {values['quantization']}",
        used=requests * (1 + owned.retry_share) / SECONDS_PER_MONTH / owned.rate if owned else None,
    )


def workloads_given(values: Values) -> list[Mapping[str, Any]]:
    """The list of workloads, each with an id of its own. Raises BadInput."""
    found = values["workloads"]
    if not 1 <= len(found) <= portfolio.MOST_WORKLOADS:
        raise BadInput(
            "bad-workload-count", "workloads", {"given": str(len(found)), "high": str(portfolio.MOST_WORKLOADS)}
        )
    seen: set[str] = set()
    for i, workload in enumerate(found):
        name = workload.get("id") if isinstance(workload, Mapping) else None
        if not isinstance(name, str) or not name or name in seen:
            raise BadInput("bad-workload", f"workloads[{i}]", {"given": shown(workload)})
        seen.add(name)
        for key in workload:
            if key in SHARED:
                raise BadInput("shared-by-workloads", f"workloads[{i}].{key}", {"given": shown(workload[key])})
    return list(found)

"""Where several workloads go together: hardware on the premises is shared, so the cheapest plan is not the sum of the
cheapest places. Calculation model 2d. Money in USD a month.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .owned import Owned, rented_month_usd
from .tier import TIER_2

MOST_WORKLOADS = 8  # 3^8 = 6,561 plans


@dataclass(frozen=True)
class Workload:
    """One workload: what it costs in the cloud and at the edge, and what it needs of shared hardware.

    `replicas`: PAR lambda/(lambda_max rho), not rounded; `used`: lambda/lambda_max. None: that place cannot serve it.
    """

    id: str
    places: tuple[str, ...]  # that its constraints allow
    cloud_usd: float | None
    edge_usd: float | None
    replicas: float | None
    used: float | None
    n_devices: float = 1.0  # of one replica
    setup: str = ""  # workloads of one set-up share replicas, all share servers


# What a month of a plan consists of.
PARTS = ("api", "owned", "rented", "edge")


@dataclass(frozen=True)
class Plan:
    """An assignment of every workload to a place and what the month costs. `parts`: USD by PARTS."""

    places: tuple[str, ...]
    usd: float
    servers: float
    parts: Mapping[str, float]


@dataclass(frozen=True)
class Shared:
    """What workloads share. `gpu_hour_usd` None: renting has no price."""

    owned: Owned
    gpu_hour_usd: float | None
    edge_program_usd: float


@dataclass(frozen=True)
class Pool:
    """Tier 2 of a plan: what owned and rented hardware cost, the place by workload, owned servers."""

    owned_usd: float
    rented_usd: float
    places: Mapping[str, str]
    servers: float

    @property
    def usd(self) -> float:
        return self.owned_usd + self.rented_usd


def choices(workload: Workload) -> list[str]:
    """The tiers that a workload may take, tier 2 as one: `cloud`, `tier_2`, `edge`."""
    found = []
    if "cloud" in workload.places and workload.cloud_usd is not None:
        found.append("cloud")
    if workload.replicas is not None and any(place in TIER_2 for place in workload.places):
        found.append("tier_2")
    if "edge" in workload.places and workload.edge_usd is not None:
        found.append("edge")
    return found


def devices_for(group: Sequence[Workload]) -> float:
    """Devices of whole replicas: workloads of one set-up are pooled before rounding up."""
    setups: dict[str, list[Workload]] = {}
    for workload in group:
        setups.setdefault(workload.setup, []).append(workload)
    return math.fsum(math.ceil(total(same, "replicas")) * same[0].n_devices for same in setups.values())


def owned_usd(shared: Shared, group: Sequence[Workload]) -> tuple[float | None, float]:
    """(USD, servers) of owned hardware that carries a pooled demand; servers, spare and staff once.

    USD is None where the given servers cannot carry it.
    """
    owned = shared.owned
    needed = math.ceil(devices_for(group) / owned.devices_per_server)
    servers = owned.n_servers if owned.n_servers is not None else needed + owned.spare_servers if needed else 0.0
    used = owned.utilization if owned.utilization is not None else busy_share(owned, group, servers)
    return (None if used > 1 + 1e-9 else owned.month(float(servers), used).total), float(servers)


def busy_share(owned: Owned, group: Sequence[Workload], servers: float) -> float:
    """Busy replicas over those held; with several set-ups busy devices over all."""
    if not servers:
        return 0.0
    devices, largest = servers * owned.devices_per_server, max(workload.n_devices for workload in group)
    if len({workload.setup for workload in group}) == 1:
        devices = max(1, math.floor(devices / largest)) * largest
    return math.fsum((workload.used or 0.0) * workload.n_devices for workload in group) / devices


def rented_usd(shared: Shared, group: Sequence[Workload]) -> float | None:
    """USD of rented hardware that carries a pooled demand; a spare is one replica of the largest. None: no price."""
    if shared.gpu_hour_usd is None:
        return None
    owned, needed = shared.owned, devices_for(group)
    devices = needed + owned.spare_servers * max(w.n_devices for w in group) if needed else 0.0
    return float(rented_month_usd(devices, shared.gpu_hour_usd, owned.fte, owned.salary_usd))


def pooled(shared: Shared, group: Sequence[Workload]) -> Pool | None:
    """The workloads in tier 2, the cheapest way they allow."""
    best: Pool | None = None
    for first, second in (TIER_2[::-1], TIER_2):  # among equals owning comes first
        places = {w.id: first if first in w.places else second for w in group}
        own = [w for w in group if places[w.id] == "on_prem"]
        rent = [w for w in group if places[w.id] == "private_cloud"]
        own_usd, servers = owned_usd(shared, own) if own else (0.0, 0.0)
        rent_usd = rented_usd(shared, rent) if rent else 0.0
        if own_usd is not None and rent_usd is not None and (best is None or own_usd + rent_usd < best.usd):
            best = Pool(own_usd, rent_usd, places, servers)
    return best


def total(group: Sequence[Workload], name: str) -> float:
    return math.fsum(getattr(workload, name) or 0.0 for workload in group)


def priced(shared: Shared, workloads: Sequence[Workload], tiers: Sequence[str], pool: Pool) -> Plan:
    """A plan from its pool of tier 2: hardware + API bills + edge; the edge program once."""
    pairs = list(zip(workloads, tiers, strict=True))
    edge = [shared.edge_program_usd, *((w.edge_usd or 0.0) for w, tier in pairs if tier == "edge")]
    parts = {
        "api": math.fsum((w.cloud_usd or 0.0) for w, tier in pairs if tier == "cloud"),
        "owned": pool.owned_usd,
        "rented": pool.rented_usd,
        "edge": math.fsum(edge) if "edge" in tiers else 0.0,
    }
    named = tuple(pool.places.get(w.id, tier) for w, tier in pairs)
    return Plan(named, math.fsum(parts.values()), pool.servers, parts)


def pool_of(shared: Shared, workloads: Sequence[Workload], tiers: Sequence[str]) -> Pool | None:
    return pooled(shared, [w for w, tier in zip(workloads, tiers, strict=True) if tier == "tier_2"])


def plan_of(shared: Shared, workloads: Sequence[Workload], tiers: Sequence[str]) -> Plan | None:
    """What an assignment costs; None if tier 2 cannot be had."""
    pool = pool_of(shared, workloads, tiers)
    return priced(shared, workloads, tiers, pool) if pool else None


def plans(shared: Shared, workloads: Sequence[Workload]) -> list[Plan]:
    """Every assignment that the constraints allow, cheapest first. Each pool of tier 2 is priced once.

    Among plans that cost the same the order of the workloads does not count.
    """
    by_name = sorted(range(len(workloads)), key=lambda i: workloads[i].id)
    pools: dict[tuple[bool, ...], Pool | None] = {}
    found = []
    for tiers in itertools.product(*(choices(workload) for workload in workloads)):
        inside = tuple(tier == "tier_2" for tier in tiers)
        if inside not in pools:
            pools[inside] = pool_of(shared, workloads, tiers)
        pool = pools[inside]
        if pool:
            found.append(priced(shared, workloads, tiers, pool))
    return sorted(found, key=lambda plan: (plan.usd, [plan.places[i] for i in by_name]))


def greedy(shared: Shared, workloads: Sequence[Workload]) -> Plan | None:
    """Each workload at the place that is cheapest for it alone, priced together. None: one has no place."""
    tiers = []
    for workload in workloads:
        alone = {tier: plan_of(shared, [workload], [tier]) for tier in choices(workload)}
        priced = {tier: plan.usd for tier, plan in alone.items() if plan is not None}
        if not priced:
            return None
        tiers.append(min(priced, key=lambda tier: (priced[tier], tier)))
    return plan_of(shared, workloads, tiers)


def pareto(found: Sequence[Plan], control: Sequence[float], quality: Sequence[float]) -> list[int]:
    """Indexes of the plans that no other beats in cost, control and quality at once; `found` is sorted by cost."""
    kept: list[int] = []
    for i in range(len(found)):
        if not any(control[k] >= control[i] and quality[k] >= quality[i] for k in kept):
            kept.append(i)
    return kept

"""Cost of hardware that is owned, rented or in users' hands, and when owning pays. Calculation model 2c. Money in USD.

Everything that owned hardware costs is a method of `Owned`: the graph, break-even, payback and the random draws all
call the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

from .graph import Unknown, quantity

HOURS_PER_MONTH = 730.5  # 30.4375 days
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
MONTHS = 12
JOULES_PER_KWH = 3.6e6
# Beyond it a break-even would take seconds, and the answer would be of no use.
MOST_SERVERS = 10_000


@dataclass(frozen=True)
class Month:
    """A month of owned hardware, USD."""

    capital: float
    energy: float
    ops: float
    support: float
    colo: float

    @property
    def opex(self) -> float:
        return math.fsum((self.energy, self.ops, self.support, self.colo))

    @property
    def total(self) -> float:
        return math.fsum(vars(self).values())


# What a month of owned hardware consists of.
PARTS = tuple(part.name for part in fields(Month))


@dataclass(slots=True)  # not frozen: thousands of draws make one each, four times as fast
class Owned:
    """What owned hardware costs and serves. Rates per replica; `n_servers` and `utilization` only where given."""

    requests_per_second_max: float  # lambda_max of one replica
    throughput_factor: float
    retry_share: float
    peak_to_average: float
    headroom: float
    n_devices: float  # of one replica
    devices_per_server: float
    spare_servers: float
    server_price_usd: float
    infra_share: float
    life_years: float
    discount_rate: float
    residual_share: float
    server_kw: float
    idle_share: float
    pue: float
    tariff_usd_per_kwh: float
    fte: float
    salary_usd: float
    support_share: float
    colo_usd_per_kw_month: float
    n_servers: float | None = None
    utilization: float | None = None

    @property
    def rate(self) -> float:
        """Requests/s that one replica serves at most."""
        return self.requests_per_second_max * self.throughput_factor

    def replicas_needed(self, requests_per_month: float) -> float:
        """PAR lambda/(lambda_max rho), not rounded; lambda counts retries."""
        per_second = requests_per_month * (1 + self.retry_share) / SECONDS_PER_MONTH
        return self.peak_to_average * per_second / (self.rate * self.headroom)

    def servers_for(self, replicas: float) -> float:
        """N = ceil(m n_devices/devices_per_server) + spare for m whole replicas; none needed: none, also no spare."""
        if self.n_servers is not None:
            return self.n_servers
        needed = math.ceil(math.ceil(replicas) * self.n_devices / self.devices_per_server)
        return float(needed + self.spare_servers) if needed else 0.0

    def servers(self, requests_per_month: float) -> float:
        return self.servers_for(self.replicas_needed(requests_per_month))

    def replicas_held(self, servers: float) -> float:
        """Whole replicas that N servers hold, at least one where there is a server."""
        return float(max(1, math.floor(servers * self.devices_per_server / self.n_devices)))

    def used(self, requests_per_month: float, servers: float) -> float:
        """Utilization: lambda/(lambda_max x replicas held)."""
        if self.utilization is not None:
            return self.utilization
        per_second = requests_per_month * (1 + self.retry_share) / SECONDS_PER_MONTH
        return per_second / (self.rate * self.replicas_held(servers)) if servers else 0.0

    def capex(self, servers: float) -> float:
        """N price (1 + infra)."""
        return servers * self.server_price_usd * (1 + self.infra_share)

    def residual(self, servers: float) -> float:
        """RV = residual share x N x price: infrastructure has none."""
        return self.residual_share * servers * self.server_price_usd

    def recovery(self) -> float:
        """CRF(r, n) = r (1+r)^n/((1+r)^n - 1); 1/n without interest."""
        # Written with expm1, since growth - 1 has no digits left where interest or life are short.
        growth = math.expm1(self.life_years * math.log1p(self.discount_rate))
        return self.discount_rate * (growth + 1) / growth if growth else 1 / self.life_years

    def energy(self, servers: float, used: float) -> float:
        """N kW (idle + (1 - idle) util) PUE h tariff; above 100 % a server draws no more."""
        load = self.idle_share + (1 - self.idle_share) * min(used, 1.0)
        return servers * self.server_kw * load * self.pue * HOURS_PER_MONTH * self.tariff_usd_per_kwh

    def month(self, servers: float, used: float) -> Month:
        """A month of `servers` at a utilization; no servers, no cost."""
        if not servers:
            return Month(0.0, 0.0, 0.0, 0.0, 0.0)
        discounted = self.residual(servers) / (1 + self.discount_rate) ** self.life_years
        return Month(
            capital=(self.capex(servers) - discounted) * self.recovery() / MONTHS,
            energy=self.energy(servers, used),
            ops=self.fte * self.salary_usd / MONTHS,
            support=self.support_share * servers * self.server_price_usd / MONTHS,
            colo=servers * self.server_kw * self.colo_usd_per_kw_month,
        )

    def month_of(self, requests_per_month: float) -> Month:
        servers = self.servers(requests_per_month)
        return self.month(servers, self.used(requests_per_month, servers))

    def steps(self, most_requests: float) -> Iterator[tuple[float, float, float]]:
        """(servers, first, last) requests per month served by each count of servers, up to `most_requests`."""
        per_replica = self.rate * self.headroom / self.peak_to_average * SECONDS_PER_MONTH / (1 + self.retry_share)
        if self.n_servers is not None:  # up to what they can serve at all
            full = self.rate * self.replicas_held(self.n_servers) * SECONDS_PER_MONTH / (1 + self.retry_share)
            yield self.n_servers, 0.0, min(most_requests, full)
            return
        first, busy = 0.0, math.ceil(self.n_devices / self.devices_per_server)
        while first < most_requests and busy < MOST_SERVERS:
            replicas = math.floor(busy * self.devices_per_server / self.n_devices)
            last = min(most_requests, replicas * per_replica)
            if last > first:
                yield busy + self.spare_servers, first, last
                first = last
            busy += 1

    def saved(self, api_month: float, decline: float, opex: float, months: int, discount_rate: float) -> float:
        """Sum over months i of [API (1-g)^(i/12) - opex]/(1+r)^(i/12): two geometric series."""
        monthly = (1 + discount_rate) ** (-1 / MONTHS)
        falling = monthly * (1 - decline) ** (1 / MONTHS)
        return api_month * series(falling, months) - opex * series(monthly, months)

    def payback(self, api_month: float, decline: float, requests_per_month: float, limit: int) -> int | None:
        """First month by which what was saved, undiscounted, covers CapEx; None: not within `limit` months."""
        servers = self.servers(requests_per_month)
        capex, opex = self.capex(servers), self.month(servers, self.used(requests_per_month, servers)).opex
        total, falling, api = 0.0, (1 - decline) ** (1 / MONTHS), api_month
        for month in range(1, limit + 1):
            api *= falling
            total += api - opex
            if total >= capex:
                return month
        return None

    def worth(self, api_month: float, decline: float, requests_per_month: float, months: int) -> tuple[float, bool]:
        """NPV over `months` (-CapEx + discounted savings + discounted residual), and whether `payback` finds a month.

        What is saved is largest in the last month in which the API costs more than running the servers.
        """
        servers = self.servers(requests_per_month)
        capex, opex = self.capex(servers), self.month(servers, self.used(requests_per_month, servers)).opex
        saved = self.saved(api_month, decline, opex, months, self.discount_rate)
        residual = self.residual(servers) * (1 + self.discount_rate) ** (-months / MONTHS)
        falling, last = (1 - decline) ** (1 / MONTHS), months
        if opex > 0 and 0 < falling < 1 and api_month > 0:
            last = max(0, min(months, math.floor(math.log(opex / api_month) / math.log(falling))))
        return math.fsum((-capex, saved, residual)), api_month * series(falling, last) - opex * last >= capex


def series(ratio: float, count: int) -> float:
    """ratio + ratio^2 + ... + ratio^count."""
    if abs(1 - ratio) < 1e-6:  # the quotient would have few digits
        return math.fsum(ratio**i for i in range(1, count + 1))
    return ratio * (1 - ratio**count) / (1 - ratio)


Interval = tuple[float, float]


def break_even(owned: Owned, api_request_usd: float, request_tokens: float, most_tokens: float) -> list[Interval]:
    """Tokens per month between which owning costs no more than the API: all intervals up to `most_tokens`.

    Between two steps of capacity the difference is linear, so the ends are exact.
    """
    found: list[Interval] = []
    for servers, first, last in owned.steps(most_tokens / request_tokens):
        at_first, at_last = (
            owned.month(servers, owned.used(requests, servers)).total - api_request_usd * requests
            for requests in (first, last)
        )
        if at_last > 0 and at_first > 0:
            continue
        start, end = first, last
        if at_first > 0 or at_last > 0:  # the difference crosses zero once
            crossing = first + (last - first) * at_first / (at_first - at_last)
            start, end = (crossing, last) if at_first > 0 else (first, crossing)
        if end <= start:
            continue
        if found and math.isclose(found[-1][1], start * request_tokens, rel_tol=1e-12):
            found[-1] = (found[-1][0], end * request_tokens)
        else:
            found.append((start * request_tokens, end * request_tokens))
    return found


@quantity("")
def owned(
    requests_per_second_max: float,
    throughput_factor: float,
    retry_share: float,
    peak_to_average: float,
    headroom: float,
    n_devices: float,
    devices_per_server: float,
    spare_servers: float,
    server_price_usd: float,
    infra_share: float,
    life_years: float,
    discount_rate: float,
    residual_share: float,
    server_kw: float,
    idle_share: float,
    pue: float,
    tariff_usd_per_kwh: float,
    fte: float,
    salary_usd: float,
    support_share: float,
    colo_usd_per_kw_month: float,
    n_servers_given: float | None,
    utilization_given: float | None,
) -> Owned | Unknown:
    """All that owned hardware's cost depends on."""
    if requests_per_second_max * throughput_factor <= 0:
        return Unknown("unknown-serves-nothing")
    return Owned(
        requests_per_second_max, throughput_factor, retry_share, peak_to_average, headroom, n_devices,
        devices_per_server, spare_servers, server_price_usd, infra_share, life_years, discount_rate, residual_share,
        server_kw, idle_share, pue, tariff_usd_per_kwh, fte, salary_usd, support_share, colo_usd_per_kw_month,
        n_servers_given, utilization_given,
    )  # fmt: skip


@quantity("servers")
def n_servers(owned: Owned, requests_per_month: float) -> float:
    """N = ceil(m n_devices/devices_per_server) + spare; m = ceil(PAR lambda/(lambda_max rho))."""
    return owned.servers(requests_per_month)


@quantity("share")
def utilization(owned: Owned, requests_per_month: float, n_servers: float) -> float:
    """lambda/(lambda_max x replicas that N servers hold)."""
    return owned.used(requests_per_month, n_servers)


@quantity("USD")
def capex_usd(owned: Owned, n_servers: float) -> float:
    """CapEx = N price (1 + infra)."""
    return owned.capex(n_servers)


@quantity("USD")
def owned_month_usd(owned: Owned, n_servers: float, utilization: float) -> Month | Unknown:
    """capital + energy + ops + support + colo; capital = (CapEx - RV/(1+r)^n) CRF(r, n)/12."""
    if utilization > 1 + 1e-9:
        return Unknown("unknown-overloaded")
    return owned.month(n_servers, utilization)


@quantity("USD/Mtok")
def owned_usd_per_mtok(owned_month_usd: Month, tokens_per_month: float) -> float | Unknown:
    """Reservation-based: the whole month divided by the tokens served in it."""
    return owned_month_usd.total / (tokens_per_month / 1e6) if tokens_per_month > 0 else Unknown("unknown-no-tokens")


@quantity("devices")
def rented_devices(owned: Owned, requests_per_month: float) -> float:
    """N_gpu = (m + spare) n_devices."""
    replicas = math.ceil(owned.replicas_needed(requests_per_month))
    return (replicas + owned.spare_servers) * owned.n_devices if replicas else 0.0


@quantity("USD")
def rented_month_usd(rented_devices: float, gpu_hour_usd: float, fte: float, salary_usd: float) -> float:
    """N_gpu $/GPU-h 730.5 + ops."""
    if not rented_devices:
        return 0.0
    return rented_devices * gpu_hour_usd * HOURS_PER_MONTH + fte * salary_usd / MONTHS


@quantity("tokens")
def breakeven_tokens_per_month(
    owned: Owned, api_request_usd: float, request_tokens: float, breakeven_limit_tokens: float
) -> list[Interval] | Unknown:
    """All intervals of V where owning costs no more than the API."""
    steps = owned.replicas_needed(breakeven_limit_tokens / request_tokens) * owned.n_devices / owned.devices_per_server
    if owned.n_servers is None and steps > MOST_SERVERS:
        return Unknown("unknown-too-many-servers")
    return break_even(owned, api_request_usd, request_tokens, breakeven_limit_tokens) or Unknown("unknown-never-pays")


@quantity("months")
def payback_month(
    owned: Owned,
    n_servers: float,
    api_month_usd: float,
    api_price_decline_per_year: float,
    requests_per_month: float,
    payback_limit_months: float,
    owned_month_usd: Month,
) -> float | Unknown:
    """First month m with sum over i <= m of [API (1-g)^(i/12) - opex] >= CapEx."""
    if not n_servers:
        return Unknown("unknown-no-tokens")
    month = owned.payback(api_month_usd, api_price_decline_per_year, requests_per_month, int(payback_limit_months))
    return Unknown("unknown-no-payback", (("limit", f"{payback_limit_months:g}"),)) if month is None else float(month)


@quantity("months")
def horizon_months(life_years: float) -> float:
    """H, not given: the life of the hardware."""
    return max(1.0, float(round(MONTHS * life_years)))


@quantity("USD")
def device_energy_usd(edge_energy_joules: float, device_requests_per_month: float, tariff_usd_per_kwh: float) -> float:
    """Energy of all requests on users' devices."""
    return device_requests_per_month * edge_energy_joules / JOULES_PER_KWH * tariff_usd_per_kwh


@quantity("USD")
def fleet_month_usd(
    fleet_devices: float,
    device_share: float,
    device_price_usd: float,
    device_life_months: float,
    mdm_usd_per_device_month: float,
) -> float:
    """Fleet x (share of a device's price over its life + management); workloads share it."""
    return fleet_devices * (device_share * device_price_usd / device_life_months + mdm_usd_per_device_month)


@quantity("USD")
def device_month_usd(device_energy_usd: float, fleet_month_usd: float) -> float:
    """Energy + fleet."""
    return device_energy_usd + fleet_month_usd


@quantity("devices")
def fleet_needed(device_requests_per_month: float, edge_request_seconds: float, peak_to_average: float) -> float:
    """Devices that answer at once at the peak: PAR lambda x seconds of a request."""
    return peak_to_average * device_requests_per_month / SECONDS_PER_MONTH * edge_request_seconds


@quantity("J")
def edge_energy_joules(device_watts: float, edge_request_seconds: float) -> float:
    """Energy of one request at B = 1: P_dev (t_pf + OSL t_step)."""
    return device_watts * edge_request_seconds


@quantity("share")
def battery_share(edge_energy_joules: float, battery_wh: float) -> float:
    """Part of a battery that one request takes."""
    return edge_energy_joules / (battery_wh * 3600)


@quantity("USD")
def subscription_month_usd(seats: float, seat_usd_per_month: float) -> float | Unknown:
    """Seats x price; the tokens that a seat allows are the vendor's affair."""
    return seats * seat_usd_per_month if seats else Unknown("unknown-no-seats")

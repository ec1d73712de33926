"""Cost of a month on a cloud API. Calculation model 2c. Money in USD, prices in USD per million tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .graph import Unknown, quantity

MILLION = 1e6


@quantity("requests")
def requests_per_month(tokens_per_month: float, isl: float, reasoning_tokens: float, osl: float) -> float:
    """R = V / (ISL + reasoning + OSL)."""
    return tokens_per_month / (isl + reasoning_tokens + osl)


@quantity("tokens")
def tokens_per_month(requests_per_month: float, isl: float, reasoning_tokens: float, osl: float) -> float:
    """V = R (ISL + reasoning + OSL), cached tokens included, retries not."""
    return requests_per_month * (isl + reasoning_tokens + osl)


def price_at(row: Mapping[str, Any], key: str, prompt_tokens: float) -> float | None:
    """A price of the row for a prompt of this length; tiers go by the whole prompt. None: the row has no such price."""
    value = row.get(key)
    for tier in sorted(row.get("tiers", ()), key=lambda t: float(t["above_prompt_tokens"])):
        if prompt_tokens > tier["above_prompt_tokens"] and key in tier:
            value = tier[key]
    return None if value is None else float(value)


@quantity("USD/Mtok")
def api_price_in(api_price_row: Mapping[str, Any], isl: float) -> float | Unknown:
    """p_in for a prompt of ISL tokens."""
    price = price_at(api_price_row, "in", isl)
    return Unknown("unknown-price") if price is None else price


@quantity("USD/Mtok")
def api_price_out(api_price_row: Mapping[str, Any], isl: float) -> float | Unknown:
    """p_out; the tier goes by the prompt, too."""
    price = price_at(api_price_row, "out", isl)
    return Unknown("unknown-price") if price is None else price


@quantity("USD/Mtok")
def api_price_cache_read(api_price_row: Mapping[str, Any], isl: float, api_price_in: float) -> float:
    """p_cr; not listed: reading the cache costs what input costs."""
    price = price_at(api_price_row, "cache_read", isl)
    return api_price_in if price is None else price


@quantity("USD/Mtok")
def api_price_cache_write(api_price_row: Mapping[str, Any], isl: float, api_price_in: float) -> float:
    """p_cw; not listed: writing the cache costs what input costs."""
    price = price_at(api_price_row, "cache_write", isl)
    return api_price_in if price is None else price


@dataclass(frozen=True)
class ApiRequest:
    """What one request costs, USD, by kind of token."""

    input: float
    cache_read: float
    cache_write: float
    output: float

    @property
    def total(self) -> float:
        return math.fsum((self.input, self.cache_read, self.cache_write, self.output))


@quantity("USD")
def api_request(
    isl: float,
    osl: float,
    reasoning_tokens: float,
    retry_share: float,
    cache_hit_share: float,
    cache_write_share: float,
    batchable_share: float,
    batch_discount: float,
    api_price_in: float,
    api_price_out: float,
    api_price_cache_read: float,
    api_price_cache_write: float,
) -> ApiRequest:
    """[T_in ((1-h-w) p_in + h p_cr + w p_cw) + T_out p_out]/1e6 x (1 - beta d) of one request with its retries."""
    tokens_in = isl * (1 + retry_share)
    tokens_out = (osl + reasoning_tokens) * (1 + retry_share)
    plain = 1 - cache_hit_share - cache_write_share
    paid = (1 - batchable_share * batch_discount) / MILLION
    return ApiRequest(
        input=tokens_in * plain * api_price_in * paid,
        cache_read=tokens_in * cache_hit_share * api_price_cache_read * paid,
        cache_write=tokens_in * cache_write_share * api_price_cache_write * paid,
        output=tokens_out * api_price_out * paid,
    )


@quantity("USD")
def api_request_usd(api_request: ApiRequest) -> float:
    """What a request costs: input + cache reads + cache writes + output."""
    return api_request.total


@quantity("USD")
def api_month_usd(requests_per_month: float, api_request_usd: float) -> float:
    """R x the cost of a request; reasoning bills as output."""
    return requests_per_month * api_request_usd


@quantity("tokens")
def request_tokens(isl: float, reasoning_tokens: float, osl: float) -> float:
    """ISL + reasoning + OSL."""
    return isl + reasoning_tokens + osl


@quantity("requests")
def device_requests_per_month(requests_per_month: float, retry_share: float) -> float:
    """R (1 + retry): requests that users' devices serve."""
    return requests_per_month * (1 + retry_share)


@quantity("USD/Mtok")
def usd_per_mtok(api_month_usd: float, tokens_per_month: float) -> float | Unknown:
    """Month divided by its tokens in millions."""
    return api_month_usd / (tokens_per_month / MILLION) if tokens_per_month > 0 else Unknown("unknown-no-tokens")

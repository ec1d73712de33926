"""A model that ran on the reader's device: what was predicted, how far off, which efficiencies would have been right,
and what the same conversation costs elsewhere. The predictions are those of the speed calculator."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from .answer import CALCULATORS, answer, evaluated
from .cost import MILLION
from .dataset import Dataset, offer_of
from .graph import Unknown
from .results import rounded
from .scenario import BadInput, one_number, parse_number, resolve, shown
from .speed import Serving
from .text import Money
from .words import Words

THOUSAND = 1000  # one alone costs too little to be told apart
PREDICTED = ("ttft_ms", "decode_tokens_per_second")
POSITIVE = {"kind": "number", "min": 0, "exclusive_min": True, "max": 1e15}


def own_run(
    dataset: Dataset, raw: Mapping[str, Any], lang: str, *, measured: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`results`: ttft_ms and decode_tokens_per_second of one request, with their intervals.

    With `measured` (both of them) also `measured`: {value, text, error (share), inside}, and `recalibrated`: the
    efficiencies of decoding and of reading the prompt, {value} or {value: null, reason}. Raises BadInput.
    """
    case = {"batch": 1, **raw}
    found = answer(dataset, "speed", case, lang)
    results = {name: found["results"][name] for name in PREDICTED}
    reply: dict[str, Any] = {"results": results, "versions": found["versions"]}
    if measured is None:
        return reply
    _, values, _ = evaluated(dataset, case, CALCULATORS["speed"], [*PREDICTED, "serving"])
    words = Words(dataset, lang, Money(values["currency"], values["fx_jpy_per_usd"]))
    seen = {name: one_number(f"measured.{name}", measured.get(name), POSITIVE) for name in PREDICTED}
    reply["measured"] = {name: compared(value, results[name], words) for name, value in seen.items()}
    serving: Serving = values["serving"]
    decode = decode_factors(serving, 1 / seen["decode_tokens_per_second"])
    wait = (values["queue_ms"] + values["rtt_ms"]) / 1e3
    compute = prefill_factor(serving, decode, seen["ttft_ms"] / 1e3 - wait)
    factors = {
        "bandwidth_efficiency": decode if isinstance(decode, Unknown) else decode[0],
        "decode_compute_efficiency": decode if isinstance(decode, Unknown) else decode[1],
        "compute_efficiency": compute,
    }
    reply["recalibrated"] = {
        name: {"value": None, "reason": words.why(factor)}
        if isinstance(factor, Unknown)
        else {"value": rounded(values[name] * factor)}
        for name, factor in factors.items()
    }
    return reply


def compared(value: float, predicted: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """A measurement beside its prediction: the error is predicted/measured - 1."""
    told: dict[str, Any] = {"value": rounded(value), "text": words.show(value, predicted["unit"])}
    if predicted["value"] is not None:
        told["error"] = rounded(predicted["value"] / value - 1)
        told["inside"] = predicted["low"] <= value <= predicted["high"]
    return told


Factor = float | Unknown
NOT_THE_LIMIT = Unknown("unknown-not-the-limit")


def decode_factors(serving: Serving, seconds: float) -> tuple[Factor, Factor] | Unknown:
    """By how much to multiply eta_bw and kappa so that t_step is `seconds` at the request's average context.

    What limits the step, reading or arithmetic, takes the time that overheads leave; the other one is changed only
    where it would take longer than that.
    """
    context = serving.isl + serving.osl / 2
    read, rest = serving.read_seconds(1), serving.layer_overhead + serving.sequence_overhead
    cache = serving.step(1, context) - serving.step(1, 0)
    compute = 2 * serving.model.active_params / serving.decode_flops if serving.decode_flops else 0.0
    left = seconds - rest
    if left <= 0:
        return Unknown("unknown-faster-than-overhead")
    if compute > read and left - cache >= read:
        return NOT_THE_LIMIT, compute / (left - cache)
    factor = (read + cache) / left
    work = read / factor
    return factor, compute / work if compute > work else NOT_THE_LIMIT


def prefill_factor(serving: Serving, decode: tuple[Factor, Factor] | Unknown, seconds: float) -> Factor:
    """By how much to multiply c so that TTFT is `seconds`: arithmetic takes what reads, overheads and the first step,
    at the speed that decoding has shown, leave."""
    new = serving.isl - serving.cached_tokens
    prefill = serving.prefill()
    if isinstance(prefill, Unknown):
        return prefill
    bandwidth, arithmetic = (1.0, 1.0) if isinstance(decode, Unknown) else (as_factor(one) for one in decode)
    right = dataclasses.replace(
        serving,
        bandwidth=serving.bandwidth * bandwidth,
        decode_flops=serving.decode_flops * arithmetic if serving.decode_flops else None,
    )
    passes = math.ceil(new / serving.micro_batch_tokens) if serving.micro_batch_tokens else 0
    tokens = min(new, serving.micro_batch_tokens)
    reads = passes * ((right.read_seconds(tokens) if passes else 0.0) + serving.layer_overhead)
    own = prefill - passes * ((serving.read_seconds(tokens) if passes else 0.0) + serving.layer_overhead)
    left = seconds - right.step(1, serving.isl) - reads
    return own / left if left > 0 and own > 0 else Unknown("unknown-faster-than-overhead")


def as_factor(factor: Factor) -> float:
    """1 where nothing follows."""
    return 1.0 if isinstance(factor, Unknown) else factor


def conversation(dataset: Dataset, raw: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What a thousand conversations like one cost elsewhere, and their energy here.

    `raw`: its tokens_in and tokens_out over all turns, seconds of computing, watts ({value, low, high} or a number);
    other keys are parameters of the cost calculator. `results`: api_usd and owned_usd (USD), energy_wh (Wh) and
    energy_usd with the ends that the watts give. Tier 2 is priced per token at the cost calculator's own load.
    Raises BadInput.
    """
    own = dict(raw)
    given = {name: one_number(name, own.pop(name, None), POSITIVE) for name in ("tokens_in", "tokens_out", "seconds")}
    if "watts" not in own:
        raise BadInput("bad-number", "watts", {"given": shown(None)})
    watts, span = parse_number("watts", own.pop("watts"), POSITIVE)
    month = {**own, "requests_per_month": THOUSAND, "isl": given["tokens_in"], "osl": given["tokens_out"]}
    api = answer(dataset, "cost", month, lang)["results"]["api_month_usd"]
    reference = answer(dataset, "cost", own, lang)
    per_mtok = reference["results"]["owned_usd_per_mtok"]
    values = resolve(dataset, own, CALCULATORS["cost"].defaults).values
    words = Words(dataset, lang, Money(values["currency"], values["fx_jpy_per_usd"]))
    tokens = THOUSAND * (given["tokens_in"] + given["tokens_out"])
    hours = THOUSAND * given["seconds"] / 3600
    tariff = values["tariff_usd_per_kwh"] / 1000  # USD per Wh

    def told(scale: float, unit: str, ends: tuple[float, float, float] | None) -> dict[str, Any]:
        if ends is None:
            return {"value": None, "unit": unit, "reason": per_mtok["reason"], "text": per_mtok["text"]}
        low, value, high = (scale * end for end in ends)
        found = {"value": rounded(value), "low": rounded(low), "high": rounded(high), "unit": unit}
        return found | {"text": words.show(value, unit, exact=False), "range_text": words.span(low, high, unit)}

    priced = None
    if per_mtok["value"] is not None:
        priced = (per_mtok.get("low", per_mtok["value"]), per_mtok["value"], per_mtok.get("high", per_mtok["value"]))
    ends = (span[0], watts, span[1]) if span else (watts, watts, watts)
    offer = offer_of(dataset, values["api_model"])
    return {
        "results": {
            "api_usd": api,
            "owned_usd": told(tokens / MILLION, "USD", priced),
            "energy_wh": told(hours, "Wh", ends),
            "energy_usd": told(hours * tariff, "USD", ends),
        },
        "names": {
            "api": dataset.models[offer["model"]]["name"],
            "owned": reference["inputs"]["model"]["text"],
            "load": reference["inputs"]["tokens_per_month"]["text"],
        },
        "versions": reference["versions"],
    }

"""The worked examples of the calculation model, relative 1e-4. Every constant is passed: data edits change nothing."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from calculators.answer import answer
from calculators.dataset import LayerGroup
from calculators.load import load_dataset
from calculators.memory import GIB, kv_bytes_at

TOLERANCE = 1e-4
LLAMA_70B = {
    "total_params": 70.55e9,
    "attention_heads": 64,
    "layer_groups": [{"kind": "full", "layers": 80, "kv_heads": 8, "head_dim": 128}],
}
QWEN_30B = {
    "total_params": 30.53e9,
    "active_params": 3.35e9,
    "n_experts": 128,
    "experts_per_token": 8,
    "attention_heads": 32,
    "layer_groups": [{"kind": "full", "layers": 48, "kv_heads": 4, "head_dim": 128}],
}
LLAMA_8B = {
    "total_params": 8.03e9,
    "attention_heads": 32,
    "layer_groups": [{"kind": "full", "layers": 32, "kv_heads": 8, "head_dim": 128}],
}
H100 = {"memory_gib": 80, "usable_share": 0.9, "bandwidth_gbs": 3350, "tflops": 1979, "device_class": "datacenter"}
RTX_4090 = {"memory_gib": 24, "usable_share": 0.9, "bandwidth_gbs": 1008, "tflops": 165.2, "device_class": "rtx"}


def special_case(eta_bw: float, eta_c: float, layer_us: float, sequence_us: float, bits: float) -> dict[str, Any]:
    """The default form of the speed function: the right column of the model's symbol table."""
    return {
        "bandwidth_efficiency": eta_bw,
        "compute_efficiency": eta_c,
        "decode_compute_efficiency": eta_c,
        "layer_overhead_us": layer_us,
        "sequence_overhead_us": sequence_us,
        "moe_overhead_factor": 1,
        "prefill_moe_factor": 1,
        "coverage_exponent": 1,
        "attention_efficiency": 1,
        "micro_batch_tokens": 0,
        "prefill_attention": "simple",
        "bits_per_weight": bits,
        "shared_bits_per_weight": bits,
        "parallelism": "tensor",
    }


def results(command: str, scenario: dict[str, Any]) -> dict[str, Any]:
    """Plain values of an answer."""
    text = json.loads(json.dumps(scenario))
    return {k: v["value"] for k, v in answer(load_dataset(), command, text, "en")["results"].items()}


@pytest.mark.parametrize(
    ("groups", "tokens", "expected"),
    [
        ([LayerGroup("full", 80, kv_heads=8, head_dim=128)], 131_072, 42_949_672_960),
        (
            [
                LayerGroup("full", 10, kv_heads=16, head_dim=128),
                LayerGroup("sliding", 52, kv_heads=16, head_dim=128, window=1024),
            ],
            131_072,
            11_173_625_856,
        ),
        ([LayerGroup("mla", 61, kv_lora_rank=512, qk_rope_head_dim=64)], 163_840, 11_513_364_480),
        ([LayerGroup("mla", 78, kv_lora_rank=512, qk_rope_head_dim=64)], 202_752, 18_218_483_712),
        ([LayerGroup("mla", 61, kv_lora_rank=512, qk_rope_head_dim=64)], 262_144, 18_421_383_168),
        (
            [
                LayerGroup("full", 18, kv_heads=8, head_dim=64),
                LayerGroup("sliding", 18, kv_heads=8, head_dim=64, window=128),
            ],
            131_072,
            4_836_556_800,
        ),
        ([LayerGroup("full", 16, kv_heads=4, head_dim=256), LayerGroup("linear", 48)], 262_144, 17_179_869_184),
    ],
    ids=["llama-3.3-70b", "gemma-3-27b", "deepseek-v3.1", "glm-5", "kimi-k2.5", "gpt-oss-120b", "qwen3.6-27b"],
)
def test_we1_cache_bytes_by_layer_group(groups: list[LayerGroup], tokens: int, expected: int) -> None:
    assert kv_bytes_at(tuple(groups), 16, tokens) == expected


def test_we1_extra_layer_and_constant_state_count() -> None:
    with_mtp = kv_bytes_at((LayerGroup("mla", 79, kv_lora_rank=512, qk_rope_head_dim=64),), 16, 202_752)
    assert with_mtp / GIB == pytest.approx(17.18, abs=0.01)
    assert kv_bytes_at((LayerGroup("linear", 48, state_bytes=1000.0),), 16, 10**6) == 1000


@pytest.mark.parametrize(
    ("devices", "batch", "need_gb", "ratio", "verdict"),
    [
        (2, 1, 75.67, 0.4894, "fits"),
        (2, 64, 135.28, 0.8749, "fits"),
        (2, 84, 154.21, 0.9973, "tight"),
        (2, 85, None, 1.0035, "no"),
        (1, 1, None, 0.9788, "tight"),
    ],
)
def test_we2a_70b_on_h100(devices: int, batch: int, need_gb: float | None, ratio: float, verdict: str) -> None:
    found = results(
        "fit",
        {
            "model": LLAMA_70B, "device": H100, "n_devices": devices, "bits_per_weight": 8, "kv_bits": 8,
            "context_tokens": 5500, "batch": batch,
        },
    )  # fmt: skip
    assert found["fit_ratio"] == pytest.approx(ratio, rel=TOLERANCE)
    assert found["fit_verdict"] == verdict
    if need_gb:
        assert found["need_bytes"] / 1e9 == pytest.approx(need_gb, abs=0.005)
    if devices == 2:
        assert found["capacity_bytes"] / 1e9 == pytest.approx(154.62, abs=0.005)
        assert found["max_batch"] == 84
        assert found["kv_bytes"] == 901_120_000 * batch


@pytest.mark.parametrize(
    ("kv_bits", "need_gb", "ratio", "verdict"), [(16, 23.466540, 1.0118, "no"), (8, 21.775396, 0.9389, "tight")]
)
def test_we2b_30b_on_a_24_gib_card(kv_bits: int, need_gb: float, ratio: float, verdict: str) -> None:
    found = results(
        "fit",
        {"model": QWEN_30B, "device": RTX_4090, "bits_per_weight": 4.85, "kv_bits": kv_bits, "context_tokens": 32_768},
    )
    assert found["weights_bytes"] / 1e9 == pytest.approx(18.508813, rel=TOLERANCE)
    assert found["need_bytes"] / 1e9 == pytest.approx(need_gb, rel=TOLERANCE)
    assert found["capacity_bytes"] / 1e9 == pytest.approx(23.192823, rel=TOLERANCE)
    assert found["fit_ratio"] == pytest.approx(ratio, rel=TOLERANCE)
    assert found["fit_verdict"] == verdict
    if kv_bits == 16:
        assert found["kv_bytes"] / 1e9 == pytest.approx(3.221225, rel=TOLERANCE)
        assert found["overhead_bytes"] / 1e9 == pytest.approx(1.736502, rel=TOLERANCE)


@pytest.mark.parametrize(
    ("batch", "t_step", "tpot", "requests", "output"),
    [
        (1, 19.1977, 19.9513, 0.10024, 50.12),
        (25, 23.9468, 42.7878, 1.16856, 584.28),
        (50, 28.8938, 66.5757, 1.50205, 751.02),
        (84, 35.6217, 98.9274, 1.69822, 849.11),
    ],
)
def test_we3a_70b_on_two_h100(batch: int, t_step: float, tpot: float, requests: float, output: float) -> None:
    found = results(
        "speed",
        {
            "model": LLAMA_70B, "device": H100, "n_devices": 2, "kv_bits": 8, "isl": 5000, "osl": 500, "batch": batch,
            **special_case(0.78, 0.55, 50, 15, 8),
        },
    )  # fmt: skip
    assert found["t_prefill_ms"] == pytest.approx(376.819, rel=TOLERANCE)
    assert found["t_step_ms"] == pytest.approx(t_step, rel=TOLERANCE)
    assert found["tpot_ms"] == pytest.approx(tpot, rel=TOLERANCE)
    assert found["requests_per_second_max"] == pytest.approx(requests, rel=TOLERANCE)
    assert found["tokens_per_second_system"] == pytest.approx(output, rel=TOLERANCE)


def test_we3b_8b_on_a_4090() -> None:
    scenario = {"model": LLAMA_8B, "device": RTX_4090, "batch": 1, **special_case(0.72, 0.60, 30, 0, 4.90)}
    decode = results("speed", {**scenario, "isl": 384, "osl": 256, "cache_hit_share": 1})
    assert decode["t_step_ms"] == pytest.approx(7.8293, rel=TOLERANCE)
    assert decode["decode_tokens_per_second"] == pytest.approx(127.72, rel=TOLERANCE)
    assert decode["tpot_ms"] == pytest.approx(decode["t_step_ms"], rel=1e-9)  # no prefill: the two agree
    prefill = results("speed", {**scenario, "isl": 1024, "osl": 256})
    assert prefill["t_prefill_ms"] == pytest.approx(168.688, rel=TOLERANCE)


@pytest.mark.parametrize(
    ("batch", "coverage", "params", "t_step", "user", "system"),
    [
        (1, 0.06250, 3.3500, 7.6732, 130.32, 130.32),
        (4, 0.22752, 8.1344, 13.3341, 75.00, 299.98),
        (16, 0.64393, 20.2067, 30.0761, 33.25, 531.98),
        (64, 0.98392, 30.0639, 64.9407, 15.40, 985.51),
    ],
)
def test_we3c_experts_read_by_batch(
    batch: int, coverage: float, params: float, t_step: float, user: float, system: float
) -> None:
    found = results(
        "speed",
        {
            "model": QWEN_30B, "device": RTX_4090, "isl": 3968, "osl": 256, "cache_hit_share": 1, "batch": batch,
            **special_case(0.72, 0.60, 90, 0, 4.85),
        },
    )  # fmt: skip
    assert found["expert_coverage"] == pytest.approx(coverage, abs=6e-6)
    assert found["params_read"] / 1e9 == pytest.approx(params, rel=TOLERANCE)
    assert found["t_step_ms"] == pytest.approx(t_step, rel=TOLERANCE)
    assert found["tokens_per_second_user"] == pytest.approx(user, abs=0.006)
    assert found["tokens_per_second_system"] == pytest.approx(system, rel=TOLERANCE)


GLM = {"api_price_in": 1.00, "api_price_out": 3.20}
OPUS = {"api_price_in": 5, "api_price_out": 25}


@pytest.mark.parametrize(
    ("prices", "month", "per_mtok"),
    [
        ({**GLM, "cache_hit_share": 0}, 12_000.00, 1.2),
        ({**OPUS, "cache_hit_share": 0}, 68_181.82, 6.818182),
        ({**GLM, "cache_hit_share": 0.6, "api_price_cache_read": 0.20}, 7_636.36, 0.763636),
        (
            {
                **OPUS,
                "cache_hit_share": 0.6,
                "api_price_cache_read": 0.50,
                "cache_write_share": 0.05,
                "api_price_cache_write": 6.25,
            },
            44_204.55,
            4.420455,
        ),
    ],
    ids=["glm", "opus", "glm-cache", "opus-cache"],
)
def test_we4_api_bill_of_ten_billion_tokens(prices: dict[str, float], month: float, per_mtok: float) -> None:
    load = {"tokens_per_month": 10e9, "isl": 5000, "osl": 500, "cache_write_share": 0, "batchable_share": 0}
    found = results("cost", {**load, **prices})
    assert found["api_month_usd"] == pytest.approx(month, rel=TOLERANCE)
    assert found["usd_per_mtok"] == pytest.approx(per_mtok, rel=TOLERANCE)
    batched = results("cost", {**load, **prices, "batchable_share": 1, "batch_discount": 0.5})
    assert batched["api_month_usd"] == pytest.approx(month / 2, rel=TOLERANCE)


def test_we4_glm5_on_eight_h200() -> None:
    """The part of WE4 that rests on memory and speed alone."""
    glm5 = {
        "total_params": 744e9, "active_params": 40e9, "n_experts": 256, "experts_per_token": 8, "attention_heads": 64,
        "layer_groups": [
            {"kind": "mla", "layers": 78, "kv_lora_rank": 512, "qk_rope_head_dim": 64, "head_dim": 256}
        ],
    }  # fmt: skip
    h200 = {**H100, "memory_gib": 141, "bandwidth_gbs": 4800}
    scenario = {
        "model": glm5, "device": h200, "n_devices": 8, "kv_bits": 16, "isl": 5000, "osl": 500, "cache_hit_share": 0.6,
        **special_case(0.78, 0.55, 50, 15, 8),
    }  # fmt: skip
    fit = results("fit", {**scenario, "context_tokens": 5500, "batch": 64})
    assert fit["need_bytes"] / 1e9 == pytest.approx(815.061, rel=TOLERANCE)
    assert fit["fit_ratio"] == pytest.approx(0.7477, rel=TOLERANCE)
    one = results("speed", {**scenario, "batch": 1})
    assert one["t_prefill_ms"] == pytest.approx(26.81599, rel=TOLERANCE)
    assert one["t_step_ms"] == pytest.approx(5.768525, rel=TOLERANCE)
    many = results("speed", {**scenario, "batch": 128})
    assert (many["t_step_ms"], many["tpot_ms"]) == pytest.approx((42.08727, 48.95216), rel=TOLERANCE)
    chosen = answer(load_dataset(), "speed", {**scenario, "slo_tpot_ms": 50}, "en")
    assert chosen["inputs"]["batch"]["value"] == 137
    assert chosen["results"]["tpot_ms"]["value"] == pytest.approx(49.90643, rel=TOLERANCE)
    assert chosen["results"]["requests_per_second_max"]["value"] == pytest.approx(5.490274, rel=TOLERANCE)
    assert math.isfinite(chosen["results"]["ttft_ms"]["value"])


def test_a_model_that_uses_all_its_experts_is_dense() -> None:
    plain = results("speed", {"model": LLAMA_8B, "device": RTX_4090, "batch": 4})
    all_used = results(
        "speed", {"model": {**LLAMA_8B, "n_experts": 8, "experts_per_token": 8}, "device": RTX_4090, "batch": 4}
    )
    assert all_used == plain


def test_a_shared_part_cannot_be_larger_than_the_file() -> None:
    model = {**QWEN_30B, "embedding_params": 0.3e9}
    odd = {"weights_bytes": 64, "bandwidth_efficiency": 1e-5, "batch": 1}
    found = results("speed", {"model": model, "device": RTX_4090, **odd})
    assert found["t_prefill_ms"] > 0 and found["t_step_ms"] > 0
    assert found["decode_tokens_per_second"] > 0

"""Speed: decode step, prefill, serving rate. Calculation model 2b, one form for all devices.

t_step = max(W_read(B)/BW', 2 P_act B/(kappa N F eta_par)) + B KV(S)/BW' + L tau mu + B tau_seq
t_pf   = 2 P_act n phi/F' + A/(rho F') + passes (W_read(min(n, u))/BW' + L tau)
Times are seconds inside, milliseconds in results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .dataset import Device, Model
from .graph import Unknown, quantity
from .memory import kv_bytes_at


@dataclass(frozen=True)
class Serving:
    """What one decode step and one prefill depend on. Rates are per replica: bytes/s and FLOP/s."""

    model: Model
    weights_bytes: float
    kv_bits: float
    isl: float
    osl: float  # with reasoning tokens
    cached_tokens: float  # D = h x ISL, already in the cache
    bandwidth: float  # BW', decode and prefill reads
    decode_flops: float | None  # kappa N F eta_par; None: the device's compute rate is unknown
    prefill_flops: float | None  # F'
    layer_overhead: float  # L tau, seconds
    moe_overhead_factor: float  # mu
    sequence_overhead: float  # tau_seq, seconds
    coverage_exponent: float  # gamma
    shared_bytes_per_weight: float  # b_sh
    embedding_params: float  # P_emb, left out of reads
    prefill_moe_factor: float  # phi
    attention_efficiency: float  # rho
    micro_batch_tokens: float  # u; 0: no pass over the weights
    prefill_attention: str
    spilled_share: float = 0.0  # of the weights that lie outside the device's memory
    offload_bandwidth: float = math.inf  # bytes/s of the path to them
    speculative_factor: float = 1.0  # (1 + draft cost)/(accepted + 1): time per token against plain decoding

    def coverage(self, batch: float) -> float:
        """c(B) = 1 - (1 - k/E)^(B^gamma): the share of experts that a batch reads; 1 for dense models."""
        share = self.model.experts_share
        return 1.0 if share is None else float(1 - (1 - share) ** (batch**self.coverage_exponent))

    def shared_and_routed(self) -> tuple[float, float]:
        """Parameters that every token reads and those of all experts together, without the embedding left out."""
        m = self.model
        total, active = m.total_params - self.embedding_params, m.active_params - self.embedding_params
        if m.experts_share is None:
            return active, 0.0  # fewer than all where embeddings of each layer are looked up, not read
        routed = (total - active) / (1 - m.experts_share)
        return total - routed, routed

    def params_read(self, batch: float) -> float:
        """P_read(B) = shared + routed c(B)."""
        shared, routed = self.shared_and_routed()
        return shared + routed * self.coverage(batch)

    def weights_read(self, batch: float) -> float:
        """W_read(B), bytes. Dense: W P_act'/P. MoE: shared parameters at their own width, the rest by coverage."""
        m = self.model
        if m.experts_share is None:
            return self.weights_bytes * (m.active_params - self.embedding_params) / m.total_params
        shared, _ = self.shared_and_routed()
        # The shared part is inside the file, whatever width is given for it.
        width = min(self.shared_bytes_per_weight, self.weights_bytes / (shared + self.embedding_params))
        experts = self.weights_bytes - (shared + self.embedding_params) * width
        return shared * width + experts * self.coverage(batch)

    def read_seconds(self, batch: float) -> float:
        """W_read(B) over the device's memory, and what does not fit there over the slower path."""
        read, spilled = self.weights_read(batch), self.spilled_share
        return read * (1 - spilled) / self.bandwidth + read * spilled / self.offload_bandwidth

    def step(self, batch: float, tokens: float) -> float:
        """t_step: seconds of one decode step of `batch` sequences with `tokens` each in the cache."""
        read = self.read_seconds(batch)
        compute = 2 * self.model.active_params * batch / self.decode_flops if self.decode_flops else 0.0
        cache = batch * kv_bytes_at(self.model.layer_groups, self.kv_bits, tokens) / self.bandwidth
        overhead = self.layer_overhead * self.moe_overhead_factor + batch * self.sequence_overhead
        return math.fsum((max(read, compute), cache, overhead))

    def mean_step(self, batch: float) -> float:
        """t_step at the average context of a request, ISL + OSL/2; speculative decoding shortens it."""
        return self.step(batch, self.isl + self.osl / 2) * self.speculative_factor

    def attention_flops(self, new: float) -> float | Unknown:
        """A: causal QK^T and AV over `new` tokens. `exact` counts windows and cached tokens, `simple` neither."""
        heads = self.model.attention_heads
        if heads is None:
            return Unknown("unknown-attention-heads")
        cached, parts = self.cached_tokens, []
        for g in self.model.layer_groups:
            if g.kind == "linear":
                continue
            if g.head_dim is None:
                return Unknown("unknown-attention-heads")
            unit = g.layers * heads * g.head_dim
            if self.prefill_attention == "simple":
                parts.append(2 * unit * new**2)
            elif g.kind == "sliding" and g.window:
                long = cached + new >= g.window
                parts.append(4 * unit * new * g.window if long else 2 * unit * new * (cached + new))
            else:
                parts.append(2 * unit * ((cached + new) ** 2 - cached**2))
        return math.fsum(parts)

    def prefill(self) -> float | Unknown:
        """t_pf: seconds until the uncached part of the prompt is in the cache."""
        new = self.isl - self.cached_tokens
        if new <= 0:
            return 0.0
        if self.prefill_flops is None:
            return Unknown("unknown-compute-rate")
        attention = self.attention_flops(new)
        if isinstance(attention, Unknown):
            return attention
        dense = 2 * self.model.active_params * new * self.prefill_moe_factor / self.prefill_flops
        passes = math.ceil(new / self.micro_batch_tokens) if self.micro_batch_tokens else 0
        reads = 0.0
        if passes:
            one_pass = self.read_seconds(min(new, self.micro_batch_tokens))
            reads = passes * (one_pass + self.layer_overhead)
        return math.fsum((dense, attention / (self.attention_efficiency * self.prefill_flops), reads))

    def request(self, batch: float) -> float | Unknown:
        """T_req = t_pf + OSL t_step(B)/B: seconds of the replica that one request takes."""
        prefill = self.prefill()
        return prefill if isinstance(prefill, Unknown) else prefill + self.osl * self.mean_step(batch) / batch

    def first_token(self, batch: float, wait: float) -> float | Unknown:
        """TTFT = queue and network + t_pf + one step at S = ISL."""
        prefill = self.prefill()
        return prefill if isinstance(prefill, Unknown) else math.fsum((wait, prefill, self.step(batch, self.isl)))


@quantity("bits")
def shared_bits_per_weight(model: Model, weights_bytes: float, file_shared_bits: float | None) -> float:
    """Bits of the non-expert part: what such files keep it at, or the file's average if that is higher."""
    average = 8 * weights_bytes / model.total_params
    return average if file_shared_bits is None else max(file_shared_bits, average)


@quantity("FLOP/s")
def compute_flops(device: Device, compute_precision: str) -> float | Unknown:
    """F, dense, of the precision computed in: the weights' own where the device has it, else 16 bit."""
    for precision in (compute_precision, "any", "bf16"):
        if precision in device.tflops:
            return device.tflops[precision] * 1e12
    return Unknown("unknown-compute-rate")


@quantity("share")
def parallel_efficiency(n_devices: float, parallelism: str, tensor_parallel_efficiency: float) -> float:
    """eta_par = 0.9^log2(N) for tensor parallel; 1 where layers are split, since devices then work in turn."""
    return float(tensor_parallel_efficiency ** math.log2(n_devices)) if parallelism == "tensor" else 1.0


@quantity("share")
def spilled_share(
    weights_bytes: float,
    kv_bytes_per_sequence: float,
    overhead_fixed_bytes: float,
    overhead_share: float,
    capacity_bytes: float,
    offload_bandwidth_gbs: float | None,
) -> float:
    """Share of the weights that one request leaves no room for; 0 unless a path to other memory is given."""
    if offload_bandwidth_gbs is None:
        return 0.0
    need = (weights_bytes + kv_bytes_per_sequence) * (1 + overhead_share) + overhead_fixed_bytes
    return min(1.0, max(0.0, need - capacity_bytes) / weights_bytes)


@quantity("", takes_unknown=True)
def serving(
    model: Model,
    device: Device,
    n_devices: float,
    parallelism: str,
    parallel_efficiency: float,
    compute_flops: float | Unknown,
    compute_cap_tflops: float | None,
    layer_split_prefill_factor: float,
    weights_bytes: float,
    kv_bits: float,
    isl: float,
    osl: float,
    reasoning_tokens: float,
    cache_hit_share: float,
    bandwidth_efficiency: float,
    compute_efficiency: float,
    decode_compute_efficiency: float,
    layer_overhead_us: float,
    sequence_overhead_us: float,
    moe_overhead_factor: float,
    prefill_moe_factor: float,
    coverage_exponent: float,
    shared_bits_per_weight: float,
    embedding_left_out: bool,
    attention_efficiency: float,
    micro_batch_tokens: float,
    prefill_attention: str,
    spilled_share: float,
    offload_bandwidth_gbs: float | None,
    speculative_accepted: float,
    speculative_draft_cost: float,
) -> Serving:
    """All constants of the speed function for one replica. Without a compute rate decoding is still answered."""
    tensor = parallelism == "tensor"
    working = n_devices if tensor else 1.0  # split by layer: one device reads at a time
    rate = None if isinstance(compute_flops, Unknown) else compute_flops
    prefill_rate = None
    if rate is not None:
        one = compute_efficiency * rate
        one = min(one, compute_cap_tflops * 1e12) if compute_cap_tflops else one
        together = n_devices * parallel_efficiency if tensor else (layer_split_prefill_factor if n_devices > 1 else 1.0)
        prefill_rate = one * together
    moe = model.experts_share is not None
    return Serving(
        model=model,
        weights_bytes=weights_bytes,
        kv_bits=kv_bits,
        isl=isl,
        osl=osl + reasoning_tokens,
        cached_tokens=cache_hit_share * isl,
        bandwidth=working * device.bandwidth_gbs * 1e9 * bandwidth_efficiency * parallel_efficiency,
        decode_flops=None if rate is None else decode_compute_efficiency * working * rate * parallel_efficiency,
        prefill_flops=prefill_rate,
        layer_overhead=model.layers * layer_overhead_us * 1e-6,
        moe_overhead_factor=moe_overhead_factor if moe else 1.0,
        sequence_overhead=sequence_overhead_us * 1e-6,
        coverage_exponent=coverage_exponent,
        shared_bytes_per_weight=shared_bits_per_weight / 8,
        embedding_params=model.embedding_params if embedding_left_out else 0.0,
        prefill_moe_factor=prefill_moe_factor if moe else 1.0,
        attention_efficiency=attention_efficiency,
        micro_batch_tokens=micro_batch_tokens,
        prefill_attention=prefill_attention,
        spilled_share=spilled_share,
        offload_bandwidth=offload_bandwidth_gbs * 1e9 if offload_bandwidth_gbs else math.inf,
        speculative_factor=(1 + speculative_draft_cost) / (1 + speculative_accepted),
    )


@quantity("sequences")
def batch(
    serving: Serving,
    max_batch: float,
    queue_ms: float,
    rtt_ms: float,
    slo_tpot_ms: float | None,
    slo_ttft_ms: float | None,
) -> float | Unknown:
    """B, if not given: the largest up to B_max that meets the service levels. Both grow with B, so bisect."""
    if serving.spilled_share:
        max_batch = 1.0  # what spills over leaves room for one request at a time
    if max_batch < 1:
        return Unknown("unknown-does-not-fit")

    def meets(b: float) -> bool | Unknown:
        request, first = serving.request(b), serving.first_token(b, (queue_ms + rtt_ms) / 1e3)
        if slo_tpot_ms is not None:
            if isinstance(request, Unknown):
                return request
            if b * request / serving.osl * 1e3 > slo_tpot_ms:
                return False
        if slo_ttft_ms is not None:
            if isinstance(first, Unknown):
                return first
            return first * 1e3 <= slo_ttft_ms
        return True

    # Beyond 2^53 a float has no next whole number to try.
    low, high = 0.0, min(max_batch, 2.0**53)  # `low` meets the service levels (or is 0), above `high` does not
    while low < high:
        middle = float(math.ceil((low + high) / 2))
        verdict = meets(middle)
        if isinstance(verdict, Unknown):
            return verdict
        if verdict:
            low = middle
        else:
            high = middle - 1
    return low if low else Unknown("unknown-service-level-not-met")


@quantity("share")
def expert_coverage(serving: Serving, batch: float) -> float:
    """c(B), the share of the experts that a decode step reads; 1 for a dense model."""
    return serving.coverage(batch)


@quantity("parameters")
def params_read(serving: Serving, batch: float) -> float:
    """P_read(B), the parameters that a decode step reads."""
    return serving.params_read(batch)


@quantity("factor")
def decode_interval(
    profile_decode_interval: float,
    batch: float,
    interval_many_streams: float,
    many_streams_above: float,
    spilled_share: float,
) -> float:
    """w of decode speeds: low = value/w, high = value x w. Wider where no open measurement exists."""
    unmeasured = batch > many_streams_above or spilled_share > 0
    return max(profile_decode_interval, interval_many_streams) if unmeasured else profile_decode_interval


@quantity("factor")
def prefill_interval(
    profile_prefill_interval: float, isl: float, interval_deep_context: float, deep_context_from: float
) -> float:
    """w of prefill times; from 8k tokens on the wider one, since few rows are that deep."""
    return (
        max(profile_prefill_interval, interval_deep_context) if isl >= deep_context_from else profile_prefill_interval
    )


@quantity("factor")
def serving_interval(decode_interval: float, prefill_interval: float) -> float:
    """w of figures that mix prefill and decode: the wider of the two."""
    return max(decode_interval, prefill_interval)


@quantity("ms", spread="prefill_interval")
def t_prefill_ms(serving: Serving) -> float | Unknown:
    """t_pf of the uncached prompt."""
    seconds = serving.prefill()
    return seconds if isinstance(seconds, Unknown) else seconds * 1e3


@quantity("ms", spread="decode_interval")
def t_step_ms(serving: Serving, batch: float) -> float:
    """t_step at the average context of the request."""
    return serving.mean_step(batch) * 1e3


@quantity("tokens/s", spread="decode_interval")
def decode_tokens_per_second(t_step_ms: float) -> float:
    """1/t_step: what benchmarks report for one stream while others decode beside it."""
    return 1e3 / t_step_ms


@quantity("ms", spread="serving_interval")
def ttft_ms(serving: Serving, batch: float, queue_ms: float, rtt_ms: float) -> float | Unknown:
    """Time to first token: queue + network + prefill + one step."""
    seconds = serving.first_token(batch, (queue_ms + rtt_ms) / 1e3)
    return seconds if isinstance(seconds, Unknown) else seconds * 1e3


@quantity("ms", spread="serving_interval")
def tpot_ms(serving: Serving, batch: float) -> float | Unknown:
    """Effective time per output token, B T_req/OSL: prefills of other requests take turns with decoding."""
    seconds = serving.request(batch)
    return seconds if isinstance(seconds, Unknown) else batch * seconds / serving.osl * 1e3


@quantity("tokens/s", spread="serving_interval")
def tokens_per_second_user(tpot_ms: float) -> float:
    """1/TPOT, what one user sees."""
    return 1e3 / tpot_ms


@quantity("tokens/s", spread="serving_interval")
def tokens_per_second_system(tpot_ms: float, batch: float) -> float:
    """B/TPOT, output tokens of all users of one replica."""
    return batch * 1e3 / tpot_ms


@quantity("requests/s", spread="serving_interval")
def requests_per_second_max(serving: Serving, batch: float) -> float | Unknown:
    """lambda_max = 1/T_req of one replica."""
    seconds = serving.request(batch)
    return seconds if isinstance(seconds, Unknown) else 1 / seconds

"""The speed model against measurements: its arithmetic, its errors, and the door for other people's rows."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from calculators import validation, validation_report
from calculators.dataset import LayerGroup, Model
from calculators.load import load_dataset
from calculators.measurement_file import HEADER, csv_rows
from calculators.speed import Serving
from calculators.validation import Checked, check_data, context_tokens, predict, summaries
from scripts import calibrate
from tests.conftest import Run

LLAMA_3_8B = Model(
    "", 8.03e9, 8.03e9, 32, (LayerGroup("full", 32, 8, 128),), attention_heads=32, embedding_params=525_336_576
)
LLAMA_2_7B = Model(
    "", 6.738e9, 6.738e9, 32, (LayerGroup("full", 32, 32, 128),), attention_heads=32, embedding_params=131_072_000
)
QWEN_3_8B = Model(
    "", 8.2e9, 8.2e9, 36, (LayerGroup("full", 36, 8, 128),), attention_heads=32, embedding_params=622_329_856
)


GPT_OSS_EMBEDDING = 201_088 * 2880


def gpt_oss(total: float, active: float, layers: int, experts: int) -> Model:
    """Half of the layers see a window of 128 tokens. The vendor's active count leaves the embedding out: put back."""
    half = layers // 2
    groups = (LayerGroup("full", half, 8, 64), LayerGroup("sliding", half, 8, 64, window=128))
    shape: dict[str, Any] = {"n_experts": experts, "experts_per_token": 4, "embedding_params": GPT_OSS_EMBEDDING}
    return Model("", total, active + GPT_OSS_EMBEDDING, layers, groups, attention_heads=64, **shape)


def serving(model: Model, weights: float, bandwidth: float, tau_us: float, mu: float = 1.0, **more: Any) -> Serving:
    """A replica with the rounded constants of the speed model; `bandwidth` in GB/s, with its efficiency."""
    constants: dict[str, Any] = {
        "kv_bits": 16, "isl": 1, "osl": 1, "cached_tokens": 0, "decode_flops": None, "prefill_flops": None,
        "sequence_overhead": 0, "coverage_exponent": 0.8, "shared_bytes_per_weight": 8.5 / 8,
        "prefill_moe_factor": 1.95, "attention_efficiency": 0.7, "micro_batch_tokens": 2048,
        "prefill_attention": "exact", "embedding_params": model.embedding_params,
    }  # fmt: skip
    return Serving(
        model=model, weights_bytes=weights, bandwidth=bandwidth * 1e9, layer_overhead=model.layers * tau_us * 1e-6,
        moe_overhead_factor=mu, **{**constants, **more},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("replica", "batch", "context", "read_gb", "step_ms", "speed"),
    [
        (serving(LLAMA_3_8B, 4.92e9, 1008 * 0.95, 110), 1, 512, 4.598, 8.392, 119.2),
        (serving(LLAMA_2_7B, 3.82e9, 546 * 0.84, 120), 1, 64, 3.746, 12.080, 82.8),
        (serving(QWEN_3_8B, 4.30e9, 546 * 0.84, 60), 1, 128, 3.974, 10.866, 92.0),
        (serving(gpt_oss(20.9e9, 3.6e9, 24, 32), 12.1e9, 819 * 0.84, 120, 1.8), 1, 128, 2.562, 8.917, 112.2),
        (serving(gpt_oss(20.91e9, 3.6e9, 24, 32), 12.1e9, 273 * 0.84, 70), 1, 32_784, 2.560, 16.372, 61.1),
        (serving(gpt_oss(116.83e9, 5.1e9, 36, 128), 63.37e9, 273 * 0.84, 70), 16, 4112, 17.082, 87.916, 182.0),
    ],
    ids=["8b-4090", "7b-m4-max", "8b-mlx", "20b-m3-ultra", "20b-gb10-32k", "120b-gb10-batch-16"],
)
def test_golden_decode_steps(
    replica: Serving, batch: int, context: float, read_gb: float, step_ms: float, speed: float
) -> None:
    assert replica.weights_read(batch) / 1e9 == pytest.approx(read_gb, abs=0.0006)
    assert replica.step(batch, context) * 1e3 == pytest.approx(step_ms, abs=0.003)
    assert batch / replica.step(batch, context) == pytest.approx(speed, abs=0.06)


def test_golden_prefill() -> None:
    # As in data/, where nothing is left out of the reads, so that the compute has the vendor's active count.
    model = dataclasses.replace(gpt_oss(116.83e9, 5.1e9, 36, 128), active_params=5.1e9, embedding_params=0.0)
    replica = serving(model, 63.37e9, 273 * 0.84, 70, prefill_flops=0.48 * 110e12, isl=4096)
    seconds = replica.prefill()
    assert isinstance(seconds, float)
    assert seconds * 1e3 == pytest.approx(2166, rel=3e-3)
    assert 4096 / seconds == pytest.approx(1891, rel=3e-3)
    read = 2 * GPT_OSS_EMBEDDING * 8.5 / 8 / (273e9 * 0.84)  # twice the embedding: all of the difference
    assert (seconds - read) * 1e3 == pytest.approx(2166, abs=1)


@pytest.fixture(scope="module")
def checked() -> list[Checked]:
    return check_data(load_dataset())


def test_every_measured_row_is_predicted(checked: list[Checked]) -> None:
    rows = [row for entity in validation.read_all()["measurements"].values() for row in entity.values["rows"]]
    assert len(checked) == len(rows)
    assert all(c.decode > 0 for c in checked)
    assert all(c.pair("decode") for c in checked if c.row.decode is not None)
    apart = [c for c in checked if c.row.prefill is not None and c.pair("prefill") is None]
    reasons = {validation.not_predicted(c) for c in apart}
    assert reasons <= {"unknown-compute-rate", "prompt-one-token-at-a-time"}


def test_rows_that_cannot_test_a_formula_stay_out_of_the_errors(checked: list[Checked]) -> None:
    left_out = [c for c in checked if not c.row.counts]
    assert left_out
    found = summaries(checked)["decode"]["all"]
    assert found and found.n == sum(c.row.decode is not None for c in checked) - len(left_out)


def test_the_committed_errors_hold_and_a_worse_model_breaks_them(checked: list[Checked]) -> None:
    assert validation.broken_guards(summaries(checked)) == []
    slower = [dataclasses.replace(c, decode=c.decode * 0.8) for c in checked]
    assert any(told.startswith("decode: median") for told in validation.broken_guards(summaries(slower)))


def test_a_class_without_measurements_says_so(checked: list[Checked]) -> None:
    found = summaries(checked)
    assert found["prefill"]["phone"] is None
    assert any("phones" in line and "no measurement" in line for line in validation_report.report(found))


def test_no_interval_is_narrower_than_the_rule_allows(checked: list[Checked]) -> None:
    assert min(c.decode_interval for c in checked) >= 1.15
    assert all(c.decode_interval >= 3 for c in checked if c.row.batch > 16)


@pytest.mark.parametrize(
    ("depth", "prompt", "generated", "follows", "expected"),
    [
        (0, 512, 128, False, 64),
        (32_768, 2048, 32, False, 32_784),
        (0, 4096, 32, True, 4112),
        (None, None, None, False, 128),
        (0, 64, None, True, 128),
    ],
)
def test_average_context(depth: Any, prompt: Any, generated: Any, follows: bool, expected: float) -> None:
    assert context_tokens(depth, prompt, generated, follows) == expected


def test_per_layer_embeddings_are_not_read(checked: list[Checked]) -> None:
    row = next(c for c in checked if c.row.model == "gemma-4-e2b")
    assert row.decode > 0.6 * 76.8 / (2.3 * 4.5 / 8)  # of the effective parameters alone, at 4.5 bits


# ---------------------------------------------------------------- the calibration


def test_an_interval_follows_the_rule_and_is_never_too_narrow() -> None:
    # sqrt((3 * 0.2^2 + 4 * 0.01) / 7) = 0.1512; exp(1.64 * 0.1512) = 1.281, up to the next 0.05
    assert calibrate.interval([0.2, -0.2, 0.2], 0.01) == 1.3
    assert calibrate.interval([0.001], 0.000001) == 1.15


def test_writing_a_constant_keeps_comments_notes_and_other_lines() -> None:
    text = """# A comment.
parameters:
  layer_overhead_us: {value: 70, source: old, date: 2020-01-01, verified: false, note: "Why."}
decode_interval: {value: 1.3, source: old, date: 2020-01-01, note: "Source left out: n 9, bias +1%."}
"""
    written = calibrate.with_value(text, "layer_overhead_us", 75.0)
    assert "# A comment." in written and 'verified: false, note: "Why."}' in written
    assert "{value: 75, source: own-calibration, date: " in written
    again = calibrate.with_value(written, "decode_interval", 1.35, "Source left out: n 10, bias +2%.")
    assert 'note: "Source left out: n 10, bias +2%."}' in again and "n 9" not in again


def test_a_fit_finds_the_constants_that_made_the_speeds() -> None:
    data = [case for case in calibrate.cases() if case.kind == "decode"]
    truth = {name: constant.prior for name, constant in calibrate.DECODE.items()} | {
        "eta-unified": 0.7,
        "tau-mlx": 40.0,
    }
    made = [dataclasses.replace(case, measured=case.predicted(truth)) for case in data]
    found = calibrate.fit(made, "decode", {})
    assert found["eta-unified"] == pytest.approx(0.7, rel=0.03)
    assert found["tau-mlx"] == pytest.approx(40, rel=0.1)


# ---------------------------------------------------------------- the CSV door

GOOD = {
    "model": "Llama-2-7B", "params_b": "6.74", "active_b": "6.74", "quant": "Q4_0", "model_bytes": "3.82e9",
    "device": "Apple M2 Pro (16 GPU)", "bandwidth_gbs": "200", "batch": "1", "prompt_len": "512", "gen_len": "128",
    "depth": "0", "prefill_tps": "294.24", "decode_tps": "37.87",
    "source_url": "https://github.com/ggml-org/llama.cpp/discussions/4167", "date": "2023-11-21", "note": "Metal",
}  # fmt: skip


def write(path: Path, *rows: dict[str, str], header: str = ",".join(HEADER)) -> Path:
    """A CSV file of rows that differ from GOOD."""
    lines = [",".join({**GOOD, **row}[name] for name in HEADER) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def one(path: Path, **row: str) -> Checked:
    found, bad = csv_rows(load_dataset(), write(path, row))
    assert bad == []
    return found[0]


def test_a_known_row_is_predicted_as_in_data(tmp_path: Path, checked: list[Checked]) -> None:
    found = one(tmp_path / "rows.csv")
    same = next(c for c in checked if c.row.device == "apple-m2-pro")
    assert found.row.guessed == () and found.row.model == "llama-2-7b"
    assert found.decode == pytest.approx(same.decode, rel=1e-9)
    # Both name the 16 GPU cores that were measured, of the 19 of the device in data/.
    assert found.row.gpu_cores == same.row.gpu_cores == 16
    assert found.prefill == pytest.approx(same.prefill, rel=1e-9)
    whole = predict(load_dataset(), dataclasses.replace(same.row, gpu_cores=None))
    assert isinstance(same.prefill, float) and isinstance(whole.prefill, float)
    assert 0.8 < same.prefill / whole.prefill < 0.95


@pytest.mark.parametrize(
    ("row", "group", "guessed"),
    [
        ({"device": "RTX 4080 Super 16GB", "bandwidth_gbs": "736"}, "geforce", ("device",)),
        ({"device": "Snapdragon 8 Elite phone", "bandwidth_gbs": "85"}, "phone-cpu", ("device",)),
        ({"device": "H800 SXM", "bandwidth_gbs": "3350"}, "datacenter", ("device",)),
        ({"device": "Ryzen 9 7950X (CPU)", "bandwidth_gbs": "83"}, "cpu", ("device",)),
        ({"device": "Dell Pro Max GB10", "bandwidth_gbs": "273"}, "gb10", ()),
        ({"model": "Mystery-24B", "params_b": "24", "active_b": "24"}, "apple", ("model",)),
        ({"model": "Mystery-100B-A5B", "params_b": "100", "active_b": "5"}, "apple", ("model",)),
    ],
)
def test_what_data_lacks_is_predicted_from_the_row(
    tmp_path: Path, row: dict[str, str], group: str, guessed: tuple[str, ...]
) -> None:
    found = one(tmp_path / "rows.csv", **row)
    assert found.row.group == group and found.row.guessed == guessed and found.decode > 0
    assert found.moe == ("A5B" in row.get("model", ""))
    shown = summaries([found])["decode"]
    assert (shown["all"] is None) == bool(guessed)
    assert ("guessed" in shown) == bool(guessed)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"decode_tps": "fast"}, "decode_tps: 'fast' is not a number"),
        ({"decode_tps": "-3"}, "decode_tps: -3 is out of range"),
        ({"decode_tps": "", "prefill_tps": ""}, "decode_tps: is missing"),
        ({"active_b": "9"}, "active_b: 9 is more than params_b"),
        ({"device": ""}, "device: is missing"),
        ({"device": "Quantum box"}, "device: the kind of 'Quantum box' cannot be told"),
        ({"device": "RTX 4060", "bandwidth_gbs": ""}, "bandwidth_gbs: is missing"),
        ({"model": "Mystery", "params_b": ""}, "params_b: is missing"),
        ({"quant": "magic", "model_bytes": ""}, "quant: 'magic' is not known"),
        ({"note": "one,too,many"}, "cells; allowed: 16"),
    ],
)
def test_a_bad_row_is_one_sentence_and_the_others_go_on(tmp_path: Path, row: dict[str, str], sentence: str) -> None:
    path = write(tmp_path / "rows.csv", {}, row, {})
    found, bad = csv_rows(load_dataset(), path)
    assert len(found) == 2 and len(bad) == 1
    assert bad[0].startswith(f"{path}:3: ") and sentence in bad[0] and "\n" not in bad[0]


def test_the_command_counts_a_file_and_exits_by_its_rows(calculators: Run, tmp_path: Path) -> None:
    good = calculators("validation", "--json", "--measurements", str(write(tmp_path / "good.csv", {})))
    answer = json.loads(good.stdout)
    assert good.returncode == 0 and good.stderr == ""
    assert answer["results"]["decode"]["all"]["n"] == 1 and answer["rows"][0]["decode"]["measured"] == 37.87
    bad = calculators("validation", "--measurements", str(write(tmp_path / "bad.csv", {}, {"batch": "x"})))
    assert bad.returncode == 1 and len(bad.stderr.strip().splitlines()) == 1
    assert "decode" in bad.stdout


def test_the_command_on_the_committed_data(calculators: Run) -> None:
    found = calculators("validation")
    assert found.returncode == 0 and found.stderr == ""
    assert "no measurement" in found.stdout and "not in the statistics" in found.stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the header is not model,params_b"),
        ("model,device\na,b\n", "the header is not model,params_b"),
        (",".join(HEADER) + "\n", "holds no row"),
        ('"', "is not a CSV file"),
        (None, "cannot be read"),
    ],
    ids=["empty", "header", "no-row", "no-csv", "no-file"],
)
def test_a_bad_file_is_one_sentence_and_exit_2(
    calculators: Run, tmp_path: Path, text: str | None, sentence: str
) -> None:
    path = tmp_path / "rows.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    found = calculators("validation", "--measurements", str(path))
    assert found.returncode == 2 and found.stdout == ""
    assert len(found.stderr.strip().splitlines()) == 1 and sentence in found.stderr

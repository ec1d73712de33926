"""The command line: answers, and one clear sentence for bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run


def fit(calculators: Run, *settings: str) -> dict[str, Any]:
    """The answer of `fit` to some settings."""
    assignments = [part for setting in settings for part in ("--set", setting)]
    found: dict[str, Any] = json.loads(calculators("fit", "--json", *assignments).stdout)
    return found


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["fit", "--json", "--lang", "ja", "--scenario", "-"], '{"isl": 3000}'),
        (["fit", "--set", "isl=0"], ""),
        (["fit", "--bogus"], ""),
        (["claims"], ""),
        (["parameters"], ""),
    ],
)
def test_a_process_of_its_own_says_the_same(calculators: Run, shell: Run, arguments: list[str], stdin: str) -> None:
    here, there = calculators(*arguments, stdin=stdin), shell(*arguments, stdin=stdin)
    assert (here.returncode, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)


def test_fit_prints_the_answer_in_both_languages(shell: Run) -> None:
    english, japanese = shell("fit"), shell("fit", "--lang", "ja")
    assert english.returncode == japanese.returncode == 0
    assert "fits on NVIDIA GeForce RTX 4090" in english.stdout
    assert "に収まります" in japanese.stdout and "トークン/秒" in japanese.stdout


def test_json_names_inputs_results_warnings_and_versions(calculators: Run) -> None:
    found = json.loads(calculators("speed", "--json", "--set", "device=h200-sxm-x8", "--set", "model=glm-5").stdout)
    assert set(found) >= {"inputs", "results", "warnings", "versions"}
    assert found["inputs"]["device"]["value"] == "h200-sxm" and found["inputs"]["n_devices"]["value"] == 8
    speed = found["results"]["decode_tokens_per_second"]
    assert speed["low"] < speed["value"] < speed["high"]


def test_a_verdict_changes_with_the_device(calculators: Run) -> None:
    def verdict(device: str) -> str:
        return str(fit(calculators, "model=gpt-oss-120b", f"device={device}")["results"]["fit_verdict"]["value"])

    assert verdict("h100-sxm-x8") == "fits"
    assert verdict("iphone-17-pro") == "no"


def test_an_unknown_compute_rate_is_unknown_not_zero(calculators: Run) -> None:
    results = fit(calculators, "device=iphone-17-pro", "model=qwen3-0.6b")["results"]
    prefill = results["t_prefill_ms"]
    assert prefill["value"] is None and "no sourced compute rate" in prefill["reason"]
    assert results["decode_tokens_per_second"]["value"] > 0


def test_a_request_longer_than_its_context_is_warned_of(calculators: Run) -> None:
    found = fit(calculators, "context_tokens=8192", "isl=100,000")
    assert [w["id"] for w in found["warnings"]] == ["warning-request-above-context"]
    assert "100,512 tokens" in found["warnings"][0]["text"]


def test_a_scenario_comes_from_a_file_or_standard_input(calculators: Run, tmp_path: Path) -> None:
    scenario = tmp_path / "case.yml"
    scenario.write_text("model: llama-3-8b\ncontext_tokens: 4096\n")
    from_file = calculators("fit", "--json", "--scenario", str(scenario))
    text = '{"model": "llama-3-8b", "context_tokens": 4096}'
    from_stdin = calculators("fit", "--json", "--scenario", "-", stdin=text)
    assert from_file.stdout == from_stdin.stdout
    assert json.loads(from_file.stdout)["inputs"]["context_tokens"]["value"] == 4096


def test_a_range_stretches_the_interval(calculators: Run) -> None:
    plain = fit(calculators, "context_tokens=8192")["results"]["need_bytes"]
    ranged = fit(calculators, "context_tokens=4096:8192:16384")["results"]["need_bytes"]
    assert "low" not in plain
    assert ranged["low"] < plain["value"] == ranged["value"] < ranged["high"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "isl=1,00"], "isl: 1,00 is not a number"),
        (["--set", "isl=nan"], "isl: nan is not a number"),
        (["--set", "isl=1e400"], "isl: 1e400 is not a number"),
        (["--set", "isl=0"], "isl: 0 is out of range; give a number from 1"),
        (["--set", "isl=1.5"], "isl: 1.5 is not a whole number"),
        (["--set", "isl=9:5:1"], "isl: "),
        (["--set", "n_devices=-1"], "n_devices: -1 is out of range"),
        (["--set", "modle=glm-5"], "modle: there is no such parameter; did you mean model?"),
        (["--set", "model=glm5"], "model: glm5 is not allowed; did you mean glm-5?"),
        (["--set", "model=claude-opus-4.6"], "model: the weights of claude-opus-4.6 are not published"),
        (["--set", "device=rtx-4091"], "did you mean rtx-4090?"),
        (["--set", "engine=vllm"], "engine: vllm is not allowed"),
        (["--set", "model={bad"], "model: {bad is not valid JSON"),
        (["--set", 'model={"total_params": 8e9}'], "model.layer_groups: is missing"),
        (["--set", 'model={"total_params": 1, "layer_groups": [], "x": 1}'], "model.x: there is no such key"),
        (["--set", "isl"], "--set isl: has no value"),
        (["--scenario", "/nowhere.yml"], "/nowhere.yml: cannot be read"),
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--lang", "fr"], "invalid choice: 'fr'"),
    ],
)
def test_bad_input_gives_one_sentence_and_exit_2(calculators: Run, arguments: list[str], sentence: str) -> None:
    reply = calculators("fit", *arguments)
    assert reply.returncode == 2
    assert reply.stdout == ""
    assert len(reply.stderr.strip().splitlines()) == 1
    assert sentence in reply.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model: [", "is not valid YAML or JSON"),
        ("- 1", "holds a list; allowed: a mapping of parameter ids to values"),
        ("isl: {low: 1, high: 2}", "isl: "),
        ("isl: true", "isl: true is not a number"),
        ("model: 3", "model: 3 is not allowed"),
        ("model: []", "model: [] is not allowed"),
        ("device: {memory_gib: 1, bandwidth_gbs: x, device_class: rtx}", "device.bandwidth_gbs: x is not a number"),
        ("tokens_per_month: 1\nrequests_per_month: 1", "tokens_per_month: requests_per_month is given, too"),
    ],
)
def test_a_bad_scenario_gives_one_sentence(calculators: Run, text: str, sentence: str) -> None:
    reply = calculators("cost", "--scenario", "-", stdin=text)
    assert reply.returncode == 2
    assert len(reply.stderr.strip().splitlines()) == 1
    assert sentence in reply.stderr


@pytest.mark.parametrize("text", ["[" * 100_000, "isl:\n" + "- " * 100_000, '{"a":' * 100_000])
def test_a_scenario_nested_without_end_is_one_sentence_and_no_crash(shell: Run, text: str) -> None:
    reply = shell("fit", "--scenario", "-", stdin=text)  # the parser itself would end the process
    assert reply.returncode == 2 and reply.stdout == ""
    assert len(reply.stderr.strip().splitlines()) == 1
    assert "is nested too deeply" in reply.stderr

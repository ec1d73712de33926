"""Requests whose replies the browser's engine must give byte for byte as CPython does; the build compares them."""

from __future__ import annotations

import json
from typing import Any

from calculators import worker
from calculators.answer import CALCULATORS
from calculators.text import LANGUAGES

# What readers give, in every shape that a form, a link and a file can hold; then what nobody should.
SCENARIOS: list[dict[str, Any]] = [
    {},
    {"isl": "3000", "osl": "500", "requests_per_month": "1e6", "currency": "JPY"},
    {"tokens_per_month": {"value": 2 * 10**9, "low": 10**9, "high": 4 * 10**9}, "samples": 100, "seed": 7},
    {"model": "qwen3-0.6b", "device": "iphone-17-pro", "quantization": "int4", "context_tokens": 131072},
    {"workloads": [{"id": "a", "tokens_per_month": 10**9}, {"id": "b", "offline": True, "data_class": "restricted"}]},
]
BAD: list[dict[str, Any]] = [{"isl": "many"}, {"modle": "glm-5"}, {"model": "glm-6"}, {"isl": -1}, {"workloads": [1]}]
NO_REQUESTS: list[dict[str, Any]] = [
    {"command": "fitt", "scenario": {}, "lang": "en"},
    {"command": "fit", "scenario": [], "lang": "ja"},
    {"command": "fit", "scenario": {}, "lang": "fr"},
]


def engine_cases(compiled: str) -> list[tuple[str, str]]:
    """Pairs of a request and CPython's reply, for this compiled dataset."""
    worker.open_dataset(compiled)
    extras = {"page": True, "explain": True, "memo": "2026-01-31"}
    requests = [
        {"command": command, "scenario": scenario, "lang": lang, **(extras if scenario not in BAD else {})}
        for command in CALCULATORS
        for scenario in SCENARIOS + BAD
        for lang in LANGUAGES
    ]
    requests += [
        {"command": "sentence", "of": of, "scenario": {}, "lang": lang, "page": True}
        for of in json.loads(compiled)["sentences"]
        for lang in LANGUAGES
    ]
    return [(text, worker.ask(text)) for text in map(json.dumps, [*requests, *NO_REQUESTS])]

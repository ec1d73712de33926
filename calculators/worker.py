"""The one door for the browser: JSON in, JSON out. The CLI goes through it, too, so that both print the same digits."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from .answer import CALCULATORS, answer
from .dataset import Dataset, dataset_from_json
from .own_device import with_own_device
from .own_run import conversation, own_run
from .scenario import BadInput, bad_choice, shown, with_presets
from .sentences import tell
from .text import LANGUAGES, sentence

EXTRAS = ("page", "explain", "memo", "then", "of", "measured")
# Beside the calculators: a sentence of data/sentences/, a run of the demo on the reader's device, what a talk costs.
OTHERS: dict[str, Callable[..., dict[str, Any]]] = {"sentence": tell, "own-run": own_run, "conversation": conversation}
_dataset: Dataset | None = None


def open_dataset(compiled: str) -> None:
    """Takes the compiled dataset (JSON text) once; later calls of `ask` use it."""
    global _dataset
    _dataset = dataset_from_json(json.loads(compiled))


def ask(request: str) -> str:
    """`{"command", "scenario", "lang"}` -> an answer, or `{"error": {"field", "text"}}` for bad input.

    Also `presets` (ids, which come before the scenario) and what `answer` adds: `page`, `explain`, `memo`, `then`.
    Beside parameters, a scenario may hold `this_device` (see own_device.py). The command `sentence` tells the sentence
    `of` data/sentences/, with the reader's inputs as its scenario; `own-run` and `conversation`: see own_run.py.
    """
    if _dataset is None:
        raise RuntimeError("open_dataset comes first")
    asked = json.loads(request)
    more = {name: asked[name] for name in ("presets", *EXTRAS) if name in asked}
    answered = reply(_dataset, asked["command"], asked["scenario"], asked["lang"], labels=True, **more)
    return json.dumps(answered, ensure_ascii=False)


def reply(
    dataset: Dataset,
    command: str,
    scenario: Any,
    lang: str,
    *,
    presets: Sequence[str] = (),
    labels: bool = False,
    **extras: Any,
) -> dict[str, Any]:
    """`ask` without JSON. `labels`: bad input is told by the label that a form shows, not by the id.

    `extras`: see `answer`.
    """
    try:
        if lang not in LANGUAGES:
            bad, lang = lang, LANGUAGES[0]
            raise BadInput("bad-language", "lang", {"given": shown(bad), "allowed": ", ".join(LANGUAGES)})
        if not isinstance(command, str) or command not in (*CALCULATORS, *OTHERS):
            raise bad_choice("command", command, [*CALCULATORS, *OTHERS])
        if not isinstance(scenario, dict):
            raise BadInput("bad-scenario", "scenario", {"given": type(scenario).__name__})
        if "this_device" in scenario:
            scenario = dict(scenario)
            dataset = with_own_device(dataset, scenario.pop("this_device"), lang)
        if command in OTHERS:
            return OTHERS[command](dataset, scenario, lang, **extras)
        return answer(dataset, command, with_presets(dataset, presets, scenario), lang, **extras)
    except BadInput as bad:
        return {"error": {"field": bad.field, "text": error_text(dataset, bad, lang, labels)}}


def error_text(dataset: Dataset, bad: BadInput, lang: str, labels: bool) -> str:
    """One sentence: where, what was given, what is allowed."""
    entry = dataset.parameters.get(bad.field) if labels else None
    field = entry["label"][lang] if entry else bad.field
    return sentence(dataset.strings, bad.message, lang, {"field": field, **bad.slots})

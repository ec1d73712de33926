"""Pre-renders the custom elements that authors place in Markdown: `<fit-calculator model="…"></fit-calculator>`."""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

from calculators.answer import CALCULATORS
from calculators.dataset import Dataset
from calculators.load import load_dataset
from calculators.scenario import allowed_values
from calculators.text import number
from calculators.worker import reply
from scripts import data_tables, facts
from scripts.charts import price_chart_html
from scripts.templates import TEMPLATES

# Markdown takes an element that it does not know for text and puts it into a paragraph, where no form may stand.
ELEMENT = re.compile(r"(?:<p>)?<(fit-calculator|on-device-chat|price-chart)((?:\s[^>]*)?)>\s*</\1>(?:</p>)?")
TABLE = re.compile(r'(?:<p>)?<data-table of="([^"]+)" page="(\d+)">\s*</data-table>(?:</p>)?')
ATTRIBUTE = re.compile(r'([a-z][a-z0-9_-]*)="([^"]*)"')


def render_elements(page: str, lang: str, where: str) -> str:
    """Fills every custom element of a page with its default answer. `where`: the page, for messages."""

    def fill(found: re.Match[str]) -> str:
        tag, text = found.groups()
        attributes = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(text)}
        if tag == "price-chart":
            inner = price_chart_html(lang)
        else:
            inner = calculator(tag, attributes, lang, where) if tag.endswith("-calculator") else chat(lang)
        return f'<{tag}{text} data-state="static" data-lang="{lang}">{inner}</{tag}>'

    return ELEMENT.sub(fill, page)


def render_tables(page: str, lang: str, where: str) -> str:
    """Fills the tables of a finished page: after MkDocs has made its search index, which gets rows of its own."""

    def fill(found: re.Match[str]) -> str:
        of, number = found[1], int(found[2])
        inner = data_tables.render(of, lang, page_root(where), number)
        return f'<data-table of="{of}" page="{number}" data-state="static" data-lang="{lang}">{inner}</data-table>'

    return TABLE.sub(fill, page)


def table_anchors(page: str, lang: str, where: str) -> set[str]:
    """Ids of the rows that `render_tables` will put into a page."""
    ids: set[str] = set()
    for of, page_number in TABLE.findall(page):
        ids |= {row.id for row in data_tables.rows_on(of, lang, page_root(where), int(page_number))}
    return ids


def page_root(where: str) -> str:
    """From a page's address to its language's root: `data/models.md` stands at `data/models/`."""
    depth = where.count("/") + (not where.endswith("index.md"))
    return "../" * depth


def calculator(tag: str, attributes: dict[str, str], lang: str, where: str) -> str:
    """The form and the answer of a calculator. A wrong attribute stops the build with the engine's own sentence."""
    command = tag.removesuffix("-calculator")
    dataset = load_dataset()
    answer = reply(dataset, command, attributes, lang)
    if "error" in answer:
        raise PluginError(f"{where}: <{tag}>: {answer['error']['text']}")
    controls = [control(dataset, name, answer, lang) for name in CALCULATORS[command].inputs]
    names = {i: dataset.strings[f"result.{i}"][lang] for i in answer["results"]}
    assignments = "".join(f" --set {name}={value}" for name, value in attributes.items())
    return TEMPLATES.get_template("calculator.html").render(
        answer=answer,
        controls=[c for c in controls if c],
        names=names,
        command_line=f".venv/bin/python -m calculators {command}{assignments}" + (" --lang ja" if lang == "ja" else ""),
        s=lambda string_id, **slots: facts.strings("calculators")[string_id][lang].format(**slots),
        settings=json.dumps(
            {
                "command": command,
                "attributes": attributes,
                "strings": {i: pair[lang] for i, pair in facts.strings("calculators").items()},
            },
            ensure_ascii=False,
        ),
    )


def control(dataset: Dataset, name: str, answer: dict[str, Any], lang: str) -> dict[str, Any] | None:
    """A form control from the parameter registry; None for a parameter that has none."""
    entry = dataset.parameters[name]
    if "control" not in entry:
        return None
    shown = {
        "name": name,
        "kind": entry["control"],
        "label": entry["label"][lang],
        "help": entry["help"][lang],
        "value": answer["inputs"][name]["value"],
        "options": options(dataset, name, lang),
    }
    value = shown["value"]
    if isinstance(value, float) and value == int(value):
        shown["value"] = int(value)
    return shown


def options(dataset: Dataset, name: str, lang: str) -> list[tuple[str, str]]:
    """(value, words) of a choice, in the order of the registry."""
    if "control" not in dataset.parameters[name] or dataset.parameters[name]["control"] != "select":
        return []
    kinds: dict[str, Any] = {"model": dataset.models, "quantization": dataset.quantizations}
    kinds["device"] = {**dataset.devices, **dataset.servers}
    named = kinds.get(name, {})
    found = [(value, str(named[value]["name"]) if value in named else value) for value in allowed_values(dataset, name)]
    if name in ("model", "device"):
        found.sort(key=lambda pair: pair[1].casefold())
    if name == "engine":
        found = [(value, engine_name(dataset, value, lang)) for value, _ in found]
    if name == "quantization":
        found.sort(key=lambda pair: -float(dataset.quantizations[pair[0]]["bits_per_weight"]))
    return found


def engine_name(dataset: Dataset, engine: str, lang: str) -> str:
    return dataset.strings[f"engine.{engine}"][lang]


def chat(lang: str) -> str:
    """The chat before any script. BOOK_MODEL and BOOK_ORT name the folders of the model and of ONNX Runtime."""
    folder = Path(os.environ["BOOK_MODEL"])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    runtime = Path(os.environ["BOOK_ORT"]) / "ort-wasm-simd-threaded.wasm"
    strings = {i: pair[lang] for i, pair in facts.strings("chat").items()}
    return TEMPLATES.get_template("on-device-chat.html").render(
        s=lambda string_id, **slots: strings[string_id].format(**slots),
        strings=json.dumps(strings, ensure_ascii=False),
        model=manifest,
        runtime_bytes=runtime.stat().st_size,
        memory=facts.fact_text("facts/site-chat-memory-bytes", "", lang),
        mb=lambda size: number(float(size), "bytes", lang, False),
    )

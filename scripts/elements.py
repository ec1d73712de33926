"""Pre-renders the custom elements that authors place in Markdown: `<fit-calculator model="…"></fit-calculator>`."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from calculators.text import number
from scripts import data_tables, facts
from scripts.calculator_html import calculator
from scripts.charts import price_chart_html
from scripts.figures import book_figure
from scripts.keep_html import keep_html
from scripts.probe_html import probe_html, run_html
from scripts.replay_html import replay_html
from scripts.sentences_html import sentence_html
from scripts.templates import TEMPLATES
from scripts.usage_html import usage_html
from scripts.verdicts_html import verdicts_html

# Markdown takes an element that it does not know for text and puts it into a paragraph, where no form may stand.
OTHERS = """on-device-chat chat-benchmark book-figure price-chart reactive-sentence usage-import device-probe
    device-run keep-book model-verdicts speed-replay"""
NAMES = "|".join(["(?:tier|cost|fit|portfolio)-calculator", *OTHERS.split()])
ELEMENT = re.compile(rf"(?:<p>)?<({NAMES})((?:\s[^>]*)?)>\s*</\1>(?:</p>)?")
TABLE = re.compile(r'(?:<p>)?<data-table of="([^"]+)" page="(\d+)">\s*</data-table>(?:</p>)?')
ATTRIBUTE = re.compile(r'([a-z][a-z0-9_-]*)="([^"]*)"')
# How often the benchmark loads the model from the browser's storage, and asks each question.
WARM_LOADS, ASKS = 3, 5
# Elements without attributes: what they say first, by language and path to the language's root.
FROM_ROOT: dict[str, Callable[[str, str], str]] = {
    "usage-import": usage_html,
    "device-probe": probe_html,
    "device-run": run_html,
    "keep-book": keep_html,
    "model-verdicts": verdicts_html,
    "speed-replay": replay_html,
}
# Styles of an element, in order; those of every page are in site.css.
SHEETS = {
    "calculator": ("charts", "calculator", "usage-import"),
    "book-figure": ("charts", "book-figure"),
    "price-chart": ("charts", "price-chart"),
    "reactive-sentence": ("charts", "reactive-sentence"),
    "usage-import": ("usage-import",),
    "on-device-chat": ("on-device-chat",),
    "chat-benchmark": ("on-device-chat",),
    "device-probe": ("device-probe",),
    "device-run": ("device-probe",),
    "keep-book": ("offline",),
    "model-verdicts": ("device-probe",),
    "speed-replay": ("speed-replay",),
    "data-table": ("data-table",),
    "home-hero": ("home",),
    "notebook-output": ("charts", "book-figure", "notebooks"),
}


def sheets(page: str) -> list[str]:
    """Names of the stylesheets that a page's elements need besides site.css, in order, each once."""
    parts = re.findall(rf'<(?:{NAMES}|data-table)\b|class="(?:home-hero|notebook-output)"', page)
    keys = (re.sub('<(?:.*-(?=calculator))?|class="|"', "", part) for part in parts)
    found = (name for key in keys for name in SHEETS[key])
    return list(dict.fromkeys(found))


def render_elements(page: str, lang: str, where: str) -> str:
    """Fills every custom element of a page with its default answer. `where`: the page, for messages."""

    def fill(found: re.Match[str]) -> str:
        tag, text = found.groups()
        attributes = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(text)}
        if tag == "price-chart":
            inner = price_chart_html(lang)
        elif tag == "book-figure":
            inner = book_figure(attributes["of"], lang, facts.page_root(where))
        elif tag in FROM_ROOT:
            inner = FROM_ROOT[tag](lang, facts.page_root(where))
        elif tag == "reactive-sentence":
            inner = sentence_html(attributes["of"], lang, facts.page_root(where))
        elif tag.endswith("-calculator"):
            # It holds an element that is to be filled, too.
            inner = ELEMENT.sub(fill, calculator(tag, attributes, lang, where, facts.page_root(where)))
        elif tag == "chat-benchmark":
            inner = chat_benchmark(lang)
        else:
            inner = chat(lang, "hub" in text.split())
        return f'<{tag}{text} data-state="static" data-lang="{lang}">{inner}</{tag}>'

    return ELEMENT.sub(fill, page)


def render_tables(page: str, lang: str, where: str) -> str:
    """Fills the tables of a finished page: after MkDocs has made its search index, which gets rows of its own."""

    def fill(found: re.Match[str]) -> str:
        of, number = found[1], int(found[2])
        inner = data_tables.render(of, lang, facts.page_root(where), number)
        return f'<data-table of="{of}" page="{number}" data-state="static" data-lang="{lang}">{inner}</data-table>'

    return TABLE.sub(fill, page)


def table_anchors(page: str, lang: str, where: str) -> set[str]:
    """Ids of the rows that `render_tables` will put into a page."""
    ids: set[str] = set()
    for of, page_number in TABLE.findall(page):
        ids |= {row.id for row in data_tables.rows_on(of, lang, facts.page_root(where), int(page_number))}
    return ids


def model_to_fetch() -> tuple[dict[str, Any], int]:
    """The model's manifest, and the bytes that a visit without WebGPU fetches. BOOK_MODEL names the model's folder."""
    path = Path(os.environ["BOOK_MODEL"]) / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    files = sum(file["bytes"] for file in manifest["files"] if "wasm" in file["backends"])
    return manifest, files + path.stat().st_size


def chat(lang: str, hub: bool) -> str:
    """The chat before any script; `hub`: with the larger models of another host."""
    manifest, fetched = model_to_fetch()
    pairs = facts.strings("chat")
    strings = {i: pair[lang] for i, pair in pairs.items()}
    return TEMPLATES.get_template("on-device-chat.html").render(
        s=lambda string_id, **slots: strings[string_id].format(**slots),
        strings=json.dumps(strings, ensure_ascii=False),
        model=manifest,
        download_bytes=fetched,
        hub=hub,
        # The demo's own model reads English only; who reads another language is told what an example means.
        examples=[
            (pair[lang], "") if hub else (pair["en"], pair[lang] if lang != "en" else "")
            for i, pair in pairs.items()
            if i.startswith("example_")
        ],
        memory=facts.fact_text("facts/site-chat-memory-bytes", "", lang),
        mb=lambda size: number(float(size), "bytes", lang, False),
    )


def chat_benchmark(lang: str) -> str:
    """The benchmark before any script."""
    _, fetched = model_to_fetch()
    strings = {i: pair[lang] for i, pair in facts.strings("benchmark").items()}
    settings = {"lang": lang, "words": strings, "warm_loads": WARM_LOADS, "asks": ASKS}
    return TEMPLATES.get_template("chat-benchmark.html").render(
        s=lambda string_id, **slots: strings[string_id].format(**slots),
        settings=json.dumps(settings, ensure_ascii=False),
        size=number(2.0 * fetched, "bytes", lang, False),  # once without keeping anything, once to keep it
        loads=WARM_LOADS + 2,
        asks=ASKS,
    )

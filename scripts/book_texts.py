"""The book's sentences that stand in `data/`: of claims, figures and reactive sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from calculators.data_files import DATA, BadData, Entity, parse, read_text
from calculators.text import LANGUAGES
from scripts.cached import ROOT, files_under

KINDS = ("claims", "figures", "sentences", "works")
READ_FIELDS = ("statement", "note", "title", "caption", "alt", "text", "conclusion", "use")


@dataclass(frozen=True)
class DataText:
    """A sentence of `data/` that stands in the book, in one language."""

    file: str
    line: int
    field: str
    lang: str
    text: str


def data_texts() -> Iterator[tuple[DataText, DataText]]:
    """The book's sentences in `data/`, in both languages. Broken files are the business of the check of data."""
    for kind in KINDS:
        for path in files_under(DATA / kind, "*.yml"):
            with suppress(BadData):
                name = str(path.relative_to(ROOT))
                entity = parse(read_text(path, name), name)
                yield from texts_in(entity, entity.values, ())


def texts_in(entity: Entity, values: Any, where: tuple[str | int, ...]) -> Iterator[tuple[DataText, DataText]]:
    if isinstance(values, list):
        for index, value in enumerate(values):
            yield from texts_in(entity, value, (*where, index))
    elif isinstance(values, Mapping) and set(values) == set(LANGUAGES):
        if where and where[-1] in READ_FIELDS:
            field = ".".join(map(str, where))
            one, two = (
                DataText(entity.file, entity.line((*where, lang)), f"{field}.{lang}", lang, str(values[lang]))
                for lang in LANGUAGES
            )
            yield one, two
    elif isinstance(values, Mapping):
        for key, value in values.items():
            yield from texts_in(entity, value, (*where, key))

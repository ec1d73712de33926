"""Checks the sources of the notebooks: texts have twins, numbers come from data/."""

from __future__ import annotations

import ast
import re

from calculators.text import LANGUAGES
from scripts.cached import files_under
from scripts.loose_numbers import allowed, loose_numbers, sentence_for
from scripts.notebooks import HOME, BadNotebook, Cell, read
from scripts.page_text import line_at, prose_of

MOST = 12  # of the numbers that a notebook's code may hold


def check_notebooks() -> list[str]:
    """What is wrong with the sources, `file:line: what`: texts without a twin, numbers that do not come from data/."""
    found, but = [], allowed()
    for path in files_under(HOME, "*.py"):
        name = f"notebooks/{path.name}"
        try:
            source = read(path)
        except BadNotebook as bad:
            found.append(str(bad))
            continue
        texts = [cell for cell in source.cells if cell.lang]
        for one, two in zip(texts[::2], [*texts[1::2], Cell("", "", 0)], strict=False):
            heads = [re.findall(r"^(#+) .*(\{#[a-z0-9-]+\})$", cell.text, re.MULTILINE) for cell in (one, two)]
            if (one.lang, two.lang) != LANGUAGES or heads[0] != heads[1]:
                found.append(
                    f"{name}:{one.line}: a text in en is followed by its twin in ja, with the same heading ids"
                )
                break
        for cell in texts:
            prose = prose_of(cell.text)
            found += [
                f"{name}:{cell.line + line_at(prose, at) - 1}: {sentence_for(n)}" for at, n in loose_numbers(prose, but)
            ]
        for cell in (cell for cell in source.cells if not cell.lang):
            for node in ast.walk(ast.parse(cell.text)):
                value = node.value if isinstance(node, ast.Constant) else None
                if isinstance(value, int | float) and not isinstance(value, bool) and not is_count(value):
                    told = f"{value} is a number of its own; take it from data/ (allowed: whole ones up to {MOST})"
                    found.append(f"{name}:{cell.line + getattr(node, 'lineno', 1) - 1}: {told}")
    return found


def is_count(value: float) -> bool:
    """A position or a count of lines, no quantity."""
    return isinstance(value, int) and 0 <= value <= MOST

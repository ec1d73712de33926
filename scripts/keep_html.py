"""Fills `<keep-book>`, which docs/_theme/modules/keep-book.js makes live."""

from __future__ import annotations

import json

from calculators.text import LANGUAGES
from scripts import facts
from scripts.templates import TEMPLATES


def keep_html(lang: str, root: str) -> str:
    """What the element says before any script. `root`: from the page to its language's root."""
    words = facts.words("offline", lang)
    return TEMPLATES.get_template("keep-book.html").render(
        root=root,
        languages=[lang, *(other for other in LANGUAGES if other != lang)],
        s=lambda string_id: words[string_id],
        settings=json.dumps({"lang": lang, "words": words}, ensure_ascii=False),
    )

"""About how long a page of the book takes to read, below its title."""

from __future__ import annotations

import html
import math
import re

from scripts import facts

NOT_READ = re.compile(r"<(script|style|svg|table|form|template)\b.*?</\1>|<[^>]*>|¶", re.DOTALL)


def minutes(page: str, lang: str) -> int:
    """At the speed of data/facts/reading-speed-….yml; a language without spaces is counted in characters."""
    text = html.unescape(NOT_READ.sub(" ", page)).split()
    length = len("".join(text)) if lang == "ja" else len(text)
    return max(1, math.ceil(length / float(facts.entity(f"facts/reading-speed-{lang}")["value"])))


def with_reading_time(page: str, lang: str) -> str:
    """The page's HTML with a line after its title; without a title as it was."""
    speed = f"facts/reading-speed-{lang}"
    n = minutes(page, lang)
    words = facts.word("site", "reading-time" if n > 1 else "reading-time-one", lang, n=n)
    hint = facts.word("site", "reading-time-at", lang, speed=facts.fact_text(speed, "", lang))
    line = f'<p class="reading-time" title="{html.escape(hint)}" data-search-exclude>{html.escape(words)}</p>'
    return page.replace("</h1>", f"</h1>\n{line}", 1)

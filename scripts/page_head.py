"""What the head of a page tells machines: Markdown copy, feed, preview, and the book and its data as JSON-LD."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from calculators.load import load_dataset
from scripts import facts
from scripts.data_api import CSV_KINDS, PUBLISHED
from scripts.edition import Settings, commit_day, original

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
LOCALES = {"en": "en_US", "ja": "ja_JP"}
# The theme takes what is exactly rel="alternate" for the root of another language, and asks it for a sitemap.
ALTERNATE = 'rel="alternate "'


def head_html(page: Any, lang: str, root: str, settings: Settings) -> str:
    """The tags of a page (MkDocs' Page). `root`: from the page to its language's root.

    Addresses are absolute only where the site's own is known.
    """
    site = facts.words("site", lang)
    words = facts.words("machines", lang)
    title = str(page.meta.get("title") or page.title)
    about = str(page.meta.get("description") or site["site-description"])
    feed = html.escape(words["feed-title"].format(site=site["site-name"]))
    told = {
        "og:type": "book" if page.is_homepage else "article",
        "og:site_name": site["site-name"],
        "og:title": title,
        "og:description": about,
        "og:locale": LOCALES[lang],
    }
    if settings.site_url:
        told["og:url"] = f"{settings.site_url}{lang}/{address(page)}"
    tags = [
        f'<link {ALTERNATE} type="text/markdown" href="index.md" title="{words["copy-of"]}">',
        f'<link {ALTERNATE} type="application/atom+xml" href="{root}feed.xml" title="{feed}">',
        *(f'<meta property="{name}" content="{html.escape(value)}">' for name, value in told.items()),
    ]
    if thing := described(page, lang, title, about, settings):
        text = json.dumps(thing, ensure_ascii=False).replace("<", "\\u003c")
        tags.append(f'<script type="application/ld+json">{text}</script>')
    return "\n  ".join(tags)


def address(page: Any) -> str:
    """A page's address below its language's root; the root's own is empty."""
    return "" if page.is_homepage else str(page.url)


def described(page: Any, lang: str, title: str, about: str, settings: Settings) -> Mapping[str, Any]:
    """JSON-LD of the pages that stand for the book and for its data; empty for the others."""
    kind = {"index.md": "Book", "book/index.md": "Book", "data/index.md": "Dataset"}.get(page.file.src_uri)
    if kind is None:
        return {}
    site = facts.words("site", lang)
    base = f"{settings.site_url}{lang}/" if settings.site_url else "../" * address(page).count("/")
    name = site["site-name"]
    shared = {
        "@context": "https://schema.org",
        "@type": kind,
        "name": name if kind == "Book" else f"{name}: {title}",
        "description": site["site-description"] if kind == "Book" else about,
        "inLanguage": lang,
        "license": LICENSE,
        "isAccessibleForFree": True,
        "version": str(load_dataset().version),
        "dateModified": commit_day(),
        "creator": {"@type": "Organization", "name": facts.word("references", "bibtex-author", lang)},
        **({"url": base + ("" if kind == "Book" else address(page))} if settings.site_url else {}),
    }
    if kind == "Dataset":
        return {**shared, "distribution": downloads(f"{base}../" if not settings.site_url else settings.site_url)}
    known = original()
    work = {
        "@type": "Book",
        "name": known["title"],
        "author": {"@type": "Person", "name": known["author"]},
        "publisher": {"@type": "Organization", "name": known["house"]},
        "url": known["url"],
        "license": LICENSE,
    }
    return {**shared, "bookFormat": "https://schema.org/EBook", "isBasedOn": work}


def downloads(site: str) -> list[Mapping[str, str]]:
    """The files of the data API. `site`: the site's root."""
    files = [(f"{kind}.json", "application/json") for kind in PUBLISHED]
    files += [(f"{kind}.csv", "text/csv") for kind in CSV_KINDS]
    return [
        {"@type": "DataDownload", "name": name, "encodingFormat": kind, "contentUrl": f"{site}api/v1/{name}"}
        for name, kind in files
    ]

"""MkDocs hooks: the language of a build, its navigation, the custom elements' default answers, markup repairs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from calculators.text import LANGUAGES
from scripts import data_tables, facts, notebooks, references
from scripts.edition import Settings, settings_of
from scripts.elements import render_elements, render_tables, sheets, table_anchors
from scripts.macros import navigation_plan, section_path
from scripts.markdown_copies import write_copies
from scripts.page_head import head_html
from scripts.reading_time import with_reading_time
from scripts.references import section_sources_html
from scripts.settings import setting

LANG = os.environ.get("BOOK_LANG", "en")
NAMED_BY_ICON = r'(<nav class="md-nav" [^>]*aria-labelledby="(__nav_\w+))_label("[^>]*>\s*<label class="md-nav__title")'
UNSEARCHED = "data-search-exclude"  # for MkDocs' search plugin alone
UNSEARCHED_TAGS = "select|template|svg"
PAGES: dict[str, File] = {}
# Looked up, not read through.
REFERENCE_PAGES = [f"book/{name}.md" for name in ("claims", "references", "glossary", "about")]


def words(string_id: str, **slots: str) -> str:
    """A string of data/strings/site.yml in the build's language."""
    return facts.word("site", string_id, LANG, **slots)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Everything in mkdocs.yml that follows from the language."""
    facts.refresh()
    data_tables.refresh()
    references.refresh()
    theme = config.theme
    theme["language"] = LANG
    for toggle, string_id in zip(theme["palette"], ("light", "dark", "system"), strict=True):
        toggle["toggle"]["name"] = words(f"palette-{string_id}")
    config.site_name = words("site-name")
    config.site_description = words("site-description")
    config.copyright = words("copyright")
    config.extra["assets"] = os.environ.get("BOOK_ASSETS", "")
    config.extra["alternate"] = [
        {"name": words(f"language-{lang}"), "lang": lang, "link": f"../{lang}/"} for lang in LANGUAGES
    ]
    config.extra["published"] = bool(settings(config).site_url)
    config.extra["missing"] = missing_page()
    config.nav = navigation(Path(config.docs_dir))
    config.extra["repository"] = setting("repository")
    if config.extra["repository"]:
        config.edit_uri_template = f"{config.extra['repository']}/edit/main/docs/{LANG}/{{path}}"
        theme["features"].append("content.action.edit")
    return config


def settings(config: MkDocsConfig) -> Settings:
    return settings_of(str(config.site_url), LANG, config.extra["repository"])


def missing_page() -> dict[str, Any]:
    """What docs/_theme/overrides/404.html says."""
    told = facts.words("machines", LANG)
    links = {"nav-home": ".", "nav-book": "book/", "nav-calculators": "calculators/", "nav-data": "data/"}
    return {
        "title": told["missing-title"],
        "text": told["missing-text"],
        "links": [(words(name), path) for name, path in links.items()],
    }


def navigation(docs: Path) -> list[Any]:
    """The pages of docs/nav.yml that exist, and the others beside the book. Titles come from the pages."""

    def there(*paths: str) -> list[str]:
        return [path for path in paths if (docs / path).exists()]

    book: list[Any] = there("book/index.md", "book/preface.md")
    for part in navigation_plan():
        written = [f"{section_path(part, s)}.md" for s in part["sections"] if s["status"] == "written"]
        if "path" in part:
            book += written
        elif written:
            title = words("nav-part", number=part["id"].removeprefix("part-"), title=part["title"][LANG])
            book.append({title: [*there(f"book/{part['id']}/index.md"), *written]})
    book += there(*REFERENCE_PAGES, "offline.md")
    tools = "index tier cost fit portfolio method".split()
    calculators = there(*(f"calculators/{name}.md" for name in tools))
    names = "index models devices prices scores measurements validation facts rules sources".split()
    data: list[Any] = there(*(f"data/{name}.md" for name in names))
    if os.environ.get("BOOK_NOTEBOOKS"):
        made = [f"notebooks/{source.id}.md" for source in notebooks.sources()]
        data.append({words("nav-notebooks"): ["notebooks/index.md", *made]})
    return [
        *[{words("nav-home"): page} for page in there("index.md")],
        {words("nav-book"): book},
        {words("nav-calculators"): calculators},
        {words("nav-demo"): there("demo.md", *(f"demo/{name}.md" for name in ("device", "models", "benchmark")))},
        {words("nav-data"): data},
        {
            words("nav-contributing"): there(
                *(f"contributing/{name}.md" for name in ("index", "writing", "architecture", "measurements"))
            )
        },
    ]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Notebooks, and further static pages of a table that is too long for one: `data/models/page-2.md`."""
    if os.environ.get("BOOK_NOTEBOOKS"):
        for source in notebooks.sources():
            files.append(File.generated(config, f"notebooks/{source.id}.md", content=notebooks.page(source, LANG)))
            name = f"notebooks/{source.id}.ipynb"
            files.append(File.generated(config, name, content=notebooks.download(executed(source.id))))
    for of in data_tables.TABLES:
        first = files.get_file_from_path(f"data/{of}.md")
        if first is None:
            continue
        for page in range(2, data_tables.pages_of(of) + 1):
            text = first.content_string.replace(f'{{{{ table("{of}") }}}}', f'{{{{ table("{of}", {page}) }}}}')
            files.append(File.generated(config, f"data/{of}/page-{page}.md", content=text))
    return files


def executed(notebook: str) -> Path:
    """The executed notebook of the build's language."""
    return Path(os.environ["BOOK_NOTEBOOKS"]) / LANG / f"{notebook}.ipynb"


def on_env(env: Any, config: MkDocsConfig, files: Files) -> None:
    """Remembers the pages for what is made once all are built."""
    PAGES.clear()
    PAGES.update({file.src_uri: file for file in files.documentation_pages()})


def on_page_context(context: dict[str, Any], page: Any, config: MkDocsConfig, nav: Any) -> dict[str, Any]:
    """The language switch leads to the same page of the other tree, the head names the styles of the elements and tells
    machines what the page is."""
    context["sheets"] = sheets(page.content)
    context["machine_head"] = head_html(page, LANG, facts.page_root(page.file.src_uri), settings(config))
    config.extra["alternate"] = [
        {"name": words(f"language-{lang}"), "lang": lang, "link": f"../{lang}/{page.url}"} for lang in LANGUAGES
    ]
    return context


def on_page_content(html: str, page: Any, config: MkDocsConfig, files: Any) -> str:
    """Custom elements get the answer to their default question, so that they say something before any script."""
    # Rows are no Markdown, yet links lead to them: MkDocs checks those against this set.
    page.present_anchor_ids = {*(page.present_anchor_ids or ()), *table_anchors(html, LANG, page.file.src_uri)}
    where = page.file.src_uri
    if where.startswith("book/") and not where.endswith("index.md") and where not in REFERENCE_PAGES:
        html = with_reading_time(html, LANG) + section_sources_html(where, LANG)
    if where.startswith("notebooks/") and executed(Path(where).stem).exists():
        html = notebooks.with_outputs(html, executed(Path(where).stem))
    # A form lists every model and device, which are searched for where they are described; a template holds
    # settings; the words of a drawing run together without their places.
    return re.sub(rf"<({UNSEARCHED_TAGS})\b", rf"<\1 {UNSEARCHED}", render_elements(html, LANG, where))


def on_post_page(output: str, page: Any, config: MkDocsConfig) -> str:
    """Repairs of the theme's markup; a theme update that changes it stops the build."""
    # The theme takes each alternate for a site root and fetches a sitemap below it.
    output, alternates = re.subn(r'\s*<link rel="alternate" href="[^"]*" hreflang="[^"]*">', "", output)
    label = f'data-md-component="search" role="dialog" aria-label="{words("search-label")}"'
    output, searches = re.subn('data-md-component="search" role="dialog"', label, output)
    # It names each nested list by a label that holds an icon alone, so that all have the same name: none.
    output = re.sub(NAMED_BY_ICON, r'\1_title\3 id="\2_title"', output)
    output = re.sub(rf"<({UNSEARCHED_TAGS}) {UNSEARCHED}", r"<\1", output)
    if alternates != len(LANGUAGES) or searches != 1:
        raise PluginError(f"{page.file.src_uri}: theme markup changed (alternates {alternates}, search {searches})")
    return facts.with_sources(render_tables(output, LANG, page.file.src_uri))


def on_post_build(config: MkDocsConfig) -> None:
    """The theme fetches its index with every page; ours is fetched with the first query (scripts/search_index.py)."""
    from scripts.search_index import write_search_index

    write_search_index(Path(config.site_dir), LANG)
    write_copies(PAGES, config, LANG, settings(config))
    # Wanted by no reader: the theme's script, styles and icon, of which the pages have smaller copies, and its worker.
    remove(Path(config.site_dir) / "assets")


def remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()

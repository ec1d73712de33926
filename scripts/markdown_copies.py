"""Each page as Markdown, index.md beside its HTML, with the numbers filled in; and llms.txt, the list of them."""

from __future__ import annotations

import html
import os
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File
from mkdocs.utils.meta import get_data

from calculators.load import load_dataset
from calculators.worker import reply
from scripts import facts
from scripts.calculator_html import case_of
from scripts.data_tables import TABLES, data_table, rows_on
from scripts.edition import Settings
from scripts.elements import ATTRIBUTE, FROM_ROOT
from scripts.figures import Figure
from scripts.macros import page_functions
from scripts.notebooks import with_texts
from scripts.page_text import FENCE

ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, comment_start_string="{##", comment_end_string="##}", keep_trailing_newline=True
)
CALCULATOR = re.compile(r"<(tier|cost|fit|portfolio)-calculator([^>]*)>\s*</\1-calculator>")
LIVE = re.compile(rf"<({'|'.join(['on-device-chat', 'chat-benchmark', *FROM_ROOT])})(?:\s[^>]*)?>\s*</\1>")
ANCHOR = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
TAG = re.compile(r"</?(?:a|abbr|data|dd|div|dl|dt|p|small|span|strong|time)(?:\s[^<>]*)?>")
ATTRIBUTES = re.compile(r"[ \t]*\{[:#. ][^{}\n]*\}")
FILE_LINK = re.compile(r"\]\(([\w-]+\.ipynb)\)")
PAGE_LINK = re.compile(r"\]\(([^()\s#?:]+\.md)(#[^()\s]*)?((?:\s+\"[^\"]*\")?)\)")
word = partial(facts.word, "machines")


def write_copies(files: Mapping[str, File], config: MkDocsConfig, lang: str, settings: Settings) -> None:
    """Writes the copies and the language's llms.txt below MkDocs' site folder. `files`: pages by their source."""
    home = Path(config.site_dir)
    urls = {source: file.url for source, file in files.items()}
    for source, file in files.items():
        text, _ = get_data(file.content_string)
        if (made := Path(os.environ["BOOK_NOTEBOOKS"]) / lang / f"{Path(source).stem}.ipynb").exists():
            text = with_texts(text, made) if source.startswith("notebooks/") else text
        (home / file.url / "index.md").write_text(copy_of(text, lang, source, urls, settings), encoding="utf-8")
    (home / "llms.txt").write_text(llms(config.nav or [], files, lang), encoding="utf-8")


def copy_of(text: str, lang: str, source: str, urls: Mapping[str, str], settings: Settings) -> str:
    """A page's Markdown without macros, elements and attributes. `urls`: address of each page by its file."""
    known = page_functions(lang, lambda: source, as_text=True, settings=settings)
    known |= {"figure": lambda of: figure(of, lang), "table": table_maker(known["table"], lang, source)}
    known["chart"] = lambda of: word("copy-prices", lang, link=facts.page_root(source) + "data/prices/index.md")
    filled = ENVIRONMENT.from_string(text).render(known)
    parts, at = [], 0
    for fence in FENCE.finditer(filled):
        parts += [prose(filled[at : fence.start()], lang, source, urls), fence[0]]
        at = fence.end()
    parts.append(prose(filled[at:], lang, source, urls))
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip() + "\n"


def prose(text: str, lang: str, source: str, urls: Mapping[str, str]) -> str:
    """Outside of code: elements say what they answer, tags go, links lead to the other copies."""
    text = CALCULATOR.sub(lambda m: calculator(m[1], m[2], lang), text)
    text = LIVE.sub(word("copy-live", lang), text)
    text = ANCHOR.sub(lambda m: f"[{m[2]}]({html.unescape(m[1])})", text)
    text = ATTRIBUTES.sub("", TAG.sub("", text))
    here = urls[source] or "./"

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[1]))
        if target not in urls:
            return found[0]
        there = posixpath.relpath(posixpath.join(urls[target], "index.md"), here)
        return f"]({there}{found[2] or ''}{found[3]})"

    def file_link(found: re.Match[str]) -> str:
        return f"]({posixpath.relpath(posixpath.join(posixpath.dirname(source), found[1]), here)})"

    text = FILE_LINK.sub(file_link, PAGE_LINK.sub(link, text))
    return "\n".join(line.rstrip() if not line.endswith("  ") else line for line in html.unescape(text).split("\n"))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of plain texts."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(plain(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def plain(markup: str) -> str:
    """Text without tags, in one line; Japanese punctuation stays as it is."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def table_maker(small: Callable[..., str], lang: str, source: str) -> Callable[..., str]:
    """`table` for text: the rows of the tables of the data pages as well, those of the page at hand."""

    def made(of: str, page: int = 1) -> str:
        if of not in TABLES:
            return small(of, page)
        root = facts.page_root(source)
        shown = data_table(of, lang, root)
        site = {**facts.strings("site"), **facts.strings("claims")}
        head = [site[f"column-{name}"][lang] for name in shown.columns]
        return table(head, [[cell.html for cell in row.cells] for row in rows_on(of, lang, root, page)])

    return made


def figure(of: str, lang: str) -> str:
    """Title, caption and the figure's data."""
    made = Figure(of, lang, as_text=True)
    parts = [f"**{plain(made.words('title'))}**", *(str(note) for note in made.notes())]
    for one in made.tables():
        parts += [one["label"], table(one["head"], [[str(cell) for cell in row] for row in one["rows"]])]
    return "\n\n".join(part for part in parts if part)


def calculator(command: str, attributes: str, lang: str) -> str:
    """The answer that the page shows before any script."""
    dataset = load_dataset()
    presets, own = case_of({name: html.unescape(value) for name, value in ATTRIBUTE.findall(attributes)})
    answer: dict[str, Any] = reply(dataset, command, own, lang, presets=presets)
    labels = {i: p["label"][lang] for i, p in dataset.parameters.items()}
    names = {i: dataset.strings[f"result.{i}"][lang] for i in answer["results"]}
    results = [[names[i], r["text"], r.get("range_text", "")] for i, r in answer["results"].items()]
    inputs = [[labels[i], value["text"]] for i, value in answer["inputs"].items()]
    parts = [word("copy-calculator", lang), answer.get("headline", "")]
    parts += [table([word("copy-results", lang), "", ""], results), table([word("copy-inputs", lang), ""], inputs)]
    return "\n\n".join(part for part in parts if part)


def llms(navigation: Sequence[Any], files: Mapping[str, File], lang: str) -> str:
    """The list of the copies in the order of the navigation, as llmstxt.org describes it."""
    site = facts.strings("site")
    other = "ja" if lang == "en" else "en"
    lines = [
        f"# {site['site-name'][lang]}",
        "",
        f"> {site['site-description'][lang]}",
        "",
        word("llms-about", lang, api="[api/v1](../api/v1/manifest.json)"),
        "",
        word("llms-language", lang, name=site[f"language-{other}"][lang], link=f"../{other}/llms.txt"),
    ]
    for title, paths in groups(navigation, site["nav-home"][lang]):
        lines += ["", f"## {title}", ""]
        for path in paths:
            page = files[path].page
            assert page  # all are built by now
            about = page.meta.get("description")
            name = plain(str(page.meta.get("title") or page.title))
            lines.append(f"- [{name}]({posixpath.join(page.url, 'index.md')})" + (f": {about}" if about else ""))
    return "\n".join(lines) + "\n"


def groups(navigation: Sequence[Any], title: str) -> list[tuple[str, list[str]]]:
    """(title, files) of each group of the navigation; `title`: of what stands beside groups."""
    found: list[tuple[str, list[str]]] = [(title, [])]
    for entry in navigation:
        if isinstance(entry, str):
            found[0][1].append(entry)
            continue
        ((name, inner),) = entry.items()
        if isinstance(inner, str):
            found[0][1].append(inner)
        else:
            found += groups(inner, name)
    return [group for group in found if group[1]]

"""The house's own rules: no foreign host, no words in code, no lost or unused file, every served package credited."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from calculators.text import LANGUAGES
from scripts.cached import LOCKS, ROOT, files_under
from scripts.page_text import line_at, without_code

DOCS = ROOT / "docs"
THEME = DOCS / "_theme"
ADDRESS = re.compile(r"(?:https?:)?//(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
NAMESPACE = "http://www.w3.org/"  # names a format; nobody asks it
LOADS = re.compile(
    r"!\[[^\]\n]*\]\(\s*(?P<image>(?:https?:)?//[^\s)]+)"
    r"|<(?:img|script|iframe|video|audio|source|object|embed|link)\b[^>]*\b(?:src|href|data)=[\"']?(?P<tag>(?:https?:)?//[^\s\"'>]+)",
    re.IGNORECASE,
)
# A lock file or a setting that names a registry ties everybody to the machine on which it was written.
REGISTRY = re.compile(
    r"registry\.(?:npmjs|yarnpkg)\.|\bpypi\.org/simple|files\.pythonhosted\.|--(?:extra-)?index-url[ =]\S*//"
)
TRACKED = ("calculators", "data", "docs", "scripts", "tests", ".github")
TOP = (
    "Makefile",
    "README.md",
    "mkdocs.yml",
    "package.json",
    "pyproject.toml",
    ".npmrc",
    *(lock.name for lock in LOCKS),
)
TEXT_FILES = ("*.py", "*.mjs", "*.js", "*.css", "*.html", "*.md", "*.yml", "*.json", "*.txt", "*.lock")

JINJA = re.compile(r"\{#.*?#\}|\{% set \w+ -?%\}.*?endset %\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
NOT_SHOWN = re.compile(r"<(script|style|template)\b[^>]*>.*?</\1>|<!--.*?-->|<![^>]*>|<title>404</title>", re.DOTALL)
SHOWN_ATTRIBUTE = re.compile(r"\b(aria-label|title|alt|placeholder)=\"([^\"{]*[A-Za-zぁ-ヶ一-龠]{2}[^\"{]*)\"")
TAG = re.compile(r"<[^<>]*>", re.DOTALL)
WORD = re.compile(r"[A-Za-zぁ-ヶ一-龠]{2}[^<>\n]*")
JS_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\\])//[^\n]*", re.DOTALL)
JS_SHOWN = re.compile(
    r"(?:\.(?:textContent|innerText|title|alt|placeholder|ariaLabel)\s*=\s*|setAttribute\(\"(?:aria-label|title|alt|placeholder)\",\s*)"
    r"[\"'`](?P<words>[^\"'`$]*[A-Za-zぁ-ヶ一-龠]{2}[^\"'`]*)[\"'`]"
)
JAPANESE = re.compile(r"[\"'`](?P<words>[^\"'`\n]*[ぁ-ん]{3}[^\"'`\n]*)[\"'`]")
LANGUAGE_OPTION = re.compile(r"<option\b[^>]*>[^<]*(?:</option>)?")  # each language is named in itself

MADE = ("licenses.txt",)  # by the build
# Text that a browser would read as markup or code: of data, addresses, bills or a model it could be anything.
MARKUP = re.compile(
    r"\b(?:innerHTML|outerHTML)\s*\+?=(?!=)|\b(?:insertAdjacentHTML|createContextualFragment|setHTMLUnsafe)\(|\bsrcdoc\s*="
    r"|\bdocument\.write(?:ln)?\(|\beval\(|\bnew Function\(|\bnew DOMParser\("
)
OWN_PAGES = "data-table.js"  # reads further pages of its own table, as the build made them

HREF = re.compile(r"\b(?:src|href|poster)=\"(?P<to>[^\"{#?]+)[^\"]*\"")
URL = re.compile(r"url\(\s*[\"']?(?P<to>[^\"')#]+)")


def at(name: str, text: str, offset: int, told: str) -> str:
    """A finding: where it is, what is wrong, what is allowed, what to do."""
    return f"{name}:{line_at(text, offset)}: {told}"


def blanked(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def texts(*folders: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, Path, str]]:
    for folder in folders:
        for path in files_under(folder, *patterns):
            yield str(path.relative_to(ROOT)), path, path.read_text(encoding="utf-8")


def pages() -> Iterator[tuple[str, Path, str]]:
    yield from texts(*(DOCS / lang for lang in LANGUAGES), patterns=("*.md",))


def check_hosts() -> list[str]:
    """Nothing that the site serves loads from elsewhere, and no file names a registry."""
    found = []
    for name, _, text in texts(THEME, patterns=("*.js", "*.css", "*.html", "*.svg")):
        for match in ADDRESS.finditer(text.replace(NAMESPACE, " " * len(NAMESPACE))):
            if match[0].startswith("//") and text[: match.start()].rpartition("\n")[2].strip() == "":
                continue  # a comment that begins with a name
            told = f"names the host {match[0]}; allowed: files of this site; put what is needed into the repository"
            found.append(at(name, text, match.start(), told))
    for name, _, text in pages():
        for match in LOADS.finditer(without_code(text)):
            told = (
                f"loads {match['image'] or match['tag']}; allowed: a link to it, a file of this site; save it in docs/"
            )
            found.append(at(name, text, match.start(), told))
    own = [(path.name, path, path.read_text(encoding="utf-8")) for path in (ROOT / top for top in TOP) if path.exists()]
    for name, _, text in [*texts(*(ROOT / folder for folder in TRACKED), patterns=TEXT_FILES), *own]:
        named = REGISTRY.search(text) if name != "scripts/house.py" else None
        if named:
            told = "names a package registry; allowed: none, each machine has its own; delete it (locks: make lock)"
            found.append(at(name, text, named.start(), told))
    return found


def check_words() -> list[str]:
    """What a reader reads stands in data/strings/, not in a template or a module."""
    found = []

    def tell(name: str, text: str, offset: int, words: str) -> None:
        shown = " ".join(words.split())[:60]
        told = f'"{shown}" is read by people but stands in code; allowed: data/strings/; move it there'
        found.append(at(name, text, offset, told))

    for name, _, text in texts(THEME / "elements", THEME / "overrides", patterns=("*.html",)):
        plain = blanked(LANGUAGE_OPTION, blanked(NOT_SHOWN, blanked(JINJA, text)))
        for match in SHOWN_ATTRIBUTE.finditer(plain):
            tell(name, text, match.start(), match[2])
        for match in WORD.finditer(blanked(TAG, plain)):
            tell(name, text, match.start(), match[0])
    for name, _, text in texts(THEME / "modules", patterns=("*.js",)):
        plain = blanked(JS_COMMENT, text)
        for pattern in (JS_SHOWN, JAPANESE):
            for match in pattern.finditer(plain):
                tell(name, text, match.start("words"), match["words"])
    return found


def check_markup() -> list[str]:
    """No module makes markup or code out of text."""
    found = []
    for name, path, text in texts(THEME / "modules", patterns=("*.js",)):
        for match in MARKUP.finditer(blanked(JS_COMMENT, text)):
            if not (path.name == OWN_PAGES and "DOMParser" in match[0]):
                told = f"{match[0].strip(' =(')} makes markup or code of text; allowed: textContent; use append()"
                found.append(at(name, text, match.start(), told))
    return found


def check_assets() -> list[str]:
    """What pages and styles name is there, and what is there is named."""
    found = []
    for name, path, text in pages():
        for match in HREF.finditer(without_code(text)):
            made = match["to"].endswith(MADE)
            if not made and not re.match(r"[a-z]+:|//|/", match["to"]) and not (path.parent / match["to"]).exists():
                told = f"{match['to']}: there is no such file; allowed: a path from this page; correct it, or add it"
                found.append(at(name, text, match.start(), told))
    for name, path, text in texts(THEME / "styles", patterns=("*.css",)):
        for match in URL.finditer(text):
            if not match["to"].startswith("data:") and not (path.parent / match["to"]).exists():
                told = f"{match['to']}: there is no such file; allowed: a path from this style; correct it, or add it"
                found.append(at(name, text, match.start(), told))
    users = ("*.js", "*.mjs", "*.py", "*.css", "*.html")
    mentions = "\n".join(text for _, _, text in texts(THEME, ROOT / "scripts", patterns=users))
    for path in files_under(THEME, "modules/*.js", "styles/*.css", "elements/*.html"):
        # A template is named by its element: f"{tag}.html" has no other name.
        names = "|".join(re.escape(name) for name in (path.name, path.stem))
        if not re.search(
            rf"[\"'/`<](?:{names})[\"'`]|<{re.escape(path.stem)}\b|[|(]{re.escape(path.stem)}[|)]", mentions
        ):
            told = "nothing uses this file; allowed: files that something names; use it or delete it"
            found.append(f"{path.relative_to(ROOT)}:1: {told}")
    return found


def letters(text: str) -> str:
    """A name without what its spellings differ in: onnxruntime-web is ONNX Runtime Web."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def check_licenses() -> list[str]:
    """Every package that the site serves is credited in NOTICE, and the licenses of text and code are named alike."""
    notice = letters((ROOT / "NOTICE").read_text(encoding="utf-8"))
    package = (ROOT / "package.json").read_text(encoding="utf-8")
    found = []
    for name in json.loads(package)["dependencies"]:
        if letters(name.rpartition("/")[2]) not in notice:
            line = line_at(package, package.index(f'"{name}"'))
            told = f"{name} is served with the site, but NOTICE does not credit it; add name, license and address"
            found.append(f"package.json:{line}: {told}")
    for file, needed in (
        ("package.json", '"license": "mit"'),
        ("pyproject.toml", 'license = "mit"'),
        ("NOTICE", "cc by 4.0"),
    ):
        if needed not in (ROOT / file).read_text(encoding="utf-8").lower():
            found.append(f"{file}:1: lacks {needed}; the text is CC BY 4.0 and the code MIT; write it back")
    return found

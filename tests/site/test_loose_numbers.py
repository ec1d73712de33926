"""No number stands loose in the book: quantities and harmless words, put into real pages at places chosen by rule."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import loose_numbers as module
from scripts.loose_numbers import NUMBER, allowed, listed_words, loose_numbers
from scripts.page_text import prose_of

ROOT = Path(__file__).resolve().parents[2]

ENGLISH = """
    about 40 models | 1,000 tokens | 77.8% of tasks | a 5-point lead | $3 per request | 10x cheaper
    | 24/7 support | on February 18 | a 70B model | 80GB of memory | N=500 | 0.5 points | a ½ share | 10⁹ bytes
    | 1/3 of it | the 95th percentile | ±1 | GPT-9 | Opus 45 | rose to 2,030 tasks | in 2000 tests
    | **40** of them | ４０ models | two labs | twelve weeks | Seven releases | twenty-five percent
    | ten-year life | a dozen servers | a hundred users | one million requests | nearly five hundred
    | twice as fast | thrice the price | doubled | tripled its share | halved the bill | half the price
    | a third of the cost | fell by a quarter | two-thirds | one percent | one year | tenfold | a decade ago
    | single-digit lead | one in five | forty-odd | a fifth of the tokens | in the sixties
"""
JAPANESE = """
    約40件 | ４０件 | 1,000トークン | 77.8%の正答率 | 2月18日 | 3億トークン | 10倍速い | 1か月 | 8枚のGPU
    | 5つの理由 | 700億 | ±1ポイント | ③の理由 | 1/3になる | 12月間 | GPT-9は | 二つのモデル | 三件 | 四つ
    | 五社 | 六か月 | 七週間 | 八割 | 九十日 | 十年後 | 十二か国 | 二十分で | 百万人 | 千件 | 一万件 | 三億
    | 二兆円 | 四十万トークン | 〇・五ポイント | 三分の一 | 十分の一 | 二倍 | 倍になる | 倍増した | 半分
    | 半額で | 半減した | 半年で | 半数を占める | 一割 | 一倍半 | 一か月 | 一年で | 一桁の差 | 二人 | ふたつの
    | みっつの | 一ダース | 五パーセント | 二〇二六件
"""
HARMLESS_ENGLISH = """
    in 2026 | since December 2025 | the first and the second | a third model | a fourth reading
    | Claude Opus 4.5 | Opus 4.6 | K2.6 | GLM-5's weights | GPT-5.3 Codex | v4.1 | version 4.3.2 | several H100s
    | RTX 5090 | Q4_K_M | MXFP4 | MI300X | both, several, neither | one model | a single lab
    | dozens of releases | thousands of users | section 1-3 | CC BY 4.0 | {{ v("facts/aa-interval") }} points
    | `40` | [list](../index.md#40) | <!-- 40 --> | the second half | once again
"""
HARMLESS_JAPANESE = """
    2026年に | 2026年2月 | 2025年以降 | 第一に | 第三者 | 第2世代 | 一つの | 一方 | 一部 | 一般に | 一度 | 統一
    | 万一 | 十分に | 不十分な | 数か月 | 数千件 | 何倍 | 数割 | 倍率 | 割合 | 役割 | 過半数 | 大半 | 前半
    | 四半期 | 二度と | 唯一 | 同一 | 1-3節 | GLM-5は | Kimi K2.6の | v4.1では | {{ v("facts/aa-interval") }}倍
    | {{ v("facts/aa-interval") }}分の一
"""

Lines = list[str]
# Existing text that a phrase is put into: which lines, and how.
INTO: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "paragraph": (r"[A-Za-z\"“「『]?[^\s#|>!?<\-:{][^|]{80,}$", lambda line, phrase: f"{line} {phrase}"),
    "item": (r"- ", lambda line, phrase: f"{line} {phrase}"),
    "cell": (r"\|(?!-).*\|$", lambda line, phrase: f"{line[:-1]} {phrase} |"),
    "heading": (r"##.*\{#", lambda line, phrase: line.replace("{#", f"{phrase} {{#", 1)),
    "front matter": (r"(?:title|description): ", lambda line, phrase: re.sub(r'("?)$', rf" {phrase}\1", line, count=1)),
}
# New blocks, put where a blank line was.
BLOCKS = {
    "new paragraph": "\n{}\n",
    "admonition": '\n!!! note "{}"\n    ...\n',
    "admonition's body": "\n!!! note\n    {}\n",
    "details": '\n??? example "..."\n    {}\n',
    "caption": "\n<figure><figcaption>{}</figcaption></figure>\n",
    "alternative text": '\n<img src="a.svg" alt="{}">\n',
    "link's title": '\n[...](index.md "{}")\n',
    "quotation": "\n> {}\n",
}


def phrases(text: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in text.split(" | ")]


def chosen(places: list[tuple[Path, int]], by: str) -> tuple[Path, int]:
    """The hash decides, so that nobody picks places that suit."""
    return places[int(hashlib.sha256(by.encode()).hexdigest(), 16) % len(places)]


class Spoiled:
    """The book's pages of a language, with phrases put into them."""

    def __init__(self, home: Path, lang: str) -> None:
        self.pages = {
            p: p.read_text("utf-8").split("\n") for p in sorted((home / "docs" / lang / "book").rglob("*.md"))
        }
        self.put: list[tuple[Path, int, str]] = []
        self.used: set[tuple[Path, int]] = set()

    def places(self, fits: Callable[[Lines, int], bool]) -> list[tuple[Path, int]]:
        all_ = [(page, i) for page, lines in self.pages.items() for i in range(len(lines)) if fits(lines, i)]
        return [place for place in all_ if place not in self.used]

    def insert(self, phrase: str, form: str) -> None:
        if form in INTO:
            pattern, change = INTO[form]
            page, i = chosen(self.places(lambda lines, i: bool(re.match(pattern, lines[i]))), form + phrase)
            new = change(self.pages[page][i], phrase)
        else:
            page, i = chosen(self.places(is_gap), form + phrase)
            new = BLOCKS[form].format(phrase)
        self.pages[page][i] = new
        self.used.add((page, i))
        self.put.append((page, i, phrase))

    def write(self) -> list[tuple[str, str]]:
        """(place in the check's words, phrase) of each insertion."""
        found = []
        for page, lines in self.pages.items():
            page.write_text("\n".join(lines), encoding="utf-8")
        for page, i, phrase in self.put:
            before = "\n".join([*self.pages[page][:i], ""]) + self.pages[page][i].partition(phrase)[0]
            found.append((f"docs/{str(page).partition('/docs/')[2]}:{before.count(chr(10)) + 1}", phrase))
        return found


def is_gap(lines: Lines, i: int) -> bool:
    """A blank line between two blocks of the text."""
    around = lines[i - 1 : i + 2]
    return (
        3 < i < len(lines) - 1 and lines[i] == "" and all(line[:1] not in ("", " ", "-", "|") for line in around[::2])
    )


def copy_of_the_repository(home: Path) -> Path:
    for name in ("calculators", "data", "docs", "scripts"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tsconfig.json", "mkdocs.yml", "NOTICE", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, home / name)
    shutil.copy(ROOT / "requirements.lock", home / "requirements.lock")
    (home / "node_modules").symlink_to(ROOT / "node_modules")
    return home


def prose_check(home: Path) -> list[str]:
    done = subprocess.run([sys.executable, "-m", "scripts.check", "prose"], cwd=home, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(("lang", "text"), [("en", ENGLISH), ("ja", JAPANESE)])
def test_each_of_100_quantities_in_real_pages_is_refused_at_its_line(tmp_path: Path, lang: str, text: str) -> None:
    book = Spoiled(copy_of_the_repository(tmp_path), lang)
    forms = [*INTO, *BLOCKS]
    quantities = phrases(text)
    assert len(set(quantities)) == len(quantities) >= 50
    for i, quantity in enumerate(quantities):
        book.insert(quantity, forms[i % len(forms)])
    places = book.write()
    assert len({page for page, _, _ in book.put}) >= 4
    found = prose_check(tmp_path)
    for place, quantity in places:
        told = [line for line in found if line.startswith(f"{place}: ") and "is a number without a source" in line]
        tokens = [line.split('"')[1] for line in told]
        assert any(token in quantity for token in tokens), (place, quantity, tokens)


@pytest.mark.parametrize(("lang", "text"), [("en", HARMLESS_ENGLISH), ("ja", HARMLESS_JAPANESE)])
def test_what_counts_nothing_passes_wherever_it_stands(tmp_path: Path, lang: str, text: str) -> None:
    book = Spoiled(copy_of_the_repository(tmp_path), lang)
    forms = [
        form for form in (*INTO, *BLOCKS) if form not in ("heading", "front matter", "alternative text", "link's title")
    ]
    before = len(prose_check(tmp_path))
    for i, phrase in enumerate(phrases(text)):
        book.insert(phrase, forms[i % len(forms)])
    places = book.write()
    found = prose_check(tmp_path)
    for place, phrase in places:
        assert [line for line in found if line.startswith(f"{place}: ")] == [], phrase
    assert len(found) == before


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("Around 40 of them", "40"),  # a capital letter before it makes no name
        ("GLM-5.9 is out", "GLM-5.9"),  # nothing of data/ has that name
        ("{{ 40 }} models", "40"),  # calls nothing, so it binds nothing
        ('{{ term("kv-cache", "40 KV caches") }}', "40"),
        ('{{ v("facts/aa-interval") }} million', "million"),
        ('{{ v("facts/aa-interval") }}万', "万"),
        ("&#52;0 models", "4"),
        ("<td>40</td>", "40"),
        ("fell by a third.", "a third"),
        ("a\nthird of it", "a\nthird"),
        ("不十分な二十分", "二十分"),
        ("過半数と半数", "半数"),
    ],
)
def test_what_looks_harmless_and_counts_is_refused(text: str, token: str) -> None:
    assert next(found for _, found in loose_numbers(prose_of(f"# Title\n\n{text}\n"), allowed())) == token


def test_a_page_stays_as_long_when_all_but_prose_is_blanked() -> None:
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        prose = prose_of(text)
        assert [len(line) for line in prose.split("\n")] == [len(line) for line in text.split("\n")], page


def test_each_entry_of_the_explicit_list_is_needed() -> None:
    words = list(listed_words())
    assert words
    assert [word for word in words if not NUMBER.search(word)] == []  # these would pass without it
    assert [word for word in words if list(loose_numbers(word, allowed()))] == []


def test_a_new_name_and_a_new_word_are_known_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "allowed.yml"
    monkeypatch.setattr(module, "DATA", tmp_path)
    monkeypatch.setattr(module, "ALLOWED", listed)
    listed.write_text("- words: [Area 51, 二条]\n  reason: names\n", encoding="utf-8")

    def loose() -> list[str]:
        return [token for _, token in loose_numbers("Quux 9 in Area 52", allowed())]

    assert len(loose()) == 2
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "quux.yml").write_text("name: Quux 9\n", encoding="utf-8")
    assert loose() == ["52"]
    listed.write_text("- words: [Area 52, 二条]\n  reason: names\n", encoding="utf-8")
    assert loose() == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- words: [a]\n  reason: b\n- words: [c]\n", 3),
        ("- words: [a]\n  reason: ''\n", 1),
        ("- words: a\n  reason: b\n", 1),
        ("- words: []\n  reason: b\n", 1),
        ("\n- a\n", 2),
        ("a: b\n", 1),
        ("", 1),
        ("- words: [a]\n  reason: b\n- words: [\n", 4),
    ],
)
def test_an_entry_that_is_none_is_told_with_its_line(text: str, line: int) -> None:
    assert [number for number, words in module.listed(text) if not words] == [line]

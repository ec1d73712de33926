"""The search's matching on a small book of a few sentences: what counts as the same word and what does not."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from scripts.cached import ROOT
from scripts.node import NODE

BOOK = {
    "pages": [
        ["rack/", "機器を置く", 1, [["", "", "サーバーラックの床荷重は、明らかに見落とされる。"]]],
        [
            "inference/",
            "推論の費用",
            1,
            [["", "", "ソフトウェアで待つ。"], ["tokens", "トークンの単価", "百万トークンごと。"]],
        ],
        ["aside/", "その他", 1, [["", "", "推論と推論と推論について。GPUは、りんごの隣にある。"]]],
        [
            "english/",
            "Batching",
            1,
            [["", "", "A quantized model batches latencies; an on-device GPU rocks. Version 270."]],
        ],
    ],
    "terms": [[["推論", "すいろん"], ["inference"]], [["待ち行列"], ["queue"]]],
}
RUN = """import { open, search, excerpt } from './docs/_theme/modules/search-text.js';
const [book, query] = JSON.parse(process.argv[1]);
const found = search(open(book), query);
const text = book.pages.flatMap(([, , , sections]) => sections.map((section) => section[2])).join(" ");
const urls = found.pages.map(({ page }) => page.url);
console.log(JSON.stringify([urls, excerpt(text, found.ways, { width: Infinity })]));"""


def ask(query: str) -> tuple[list[str], list[str]]:
    """(pages found, marked pieces of the whole text)."""
    command = [NODE, "--input-type=module", "-e", RUN, json.dumps([BOOK, query])]
    out: Any = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    return out[0], [piece["text"] for piece in out[1] if piece["match"]]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("ラック", "rack/"),
        ("サーバラック", "rack/"),
        ("ﾗｯｸ", "rack/"),
        ("らっく", "rack/"),
        ("ソフトウエア", "inference/"),
        ("推論", "inference/"),  # in the title, though another text says it more often
        ("すいろん", "inference/"),
        ("inference", "inference/"),
        ("ＩＮＦＥＲＥＮＣＥ", "inference/"),
        ("トークンの単価とは", "inference/"),
        ("リンゴ", "aside/"),
        ("models", "english/"),
        ("latency", "english/"),
        ("on device", "english/"),
        ("ON-DEVICE gpu", "english/"),
    ],
)
def test_spellings_of_one_word_find_the_same_page(query: str, first: str) -> None:
    assert ask(query)[0][:1] == [first]


@pytest.mark.parametrize(
    "query",
    [
        "ラックマウンタブル",
        "センターライン",
        "カニ",
        "らつくん",
        "推論 冷凍みかん",
        "queue",
        "ocks",
        "70",
        "サーバーりんご",
        "",
        " ",
        "ー・",
    ],
)
def test_what_is_nowhere_finds_nothing(query: str) -> None:
    assert ask(query) == ([], [])


def test_the_text_is_marked_as_it_is_spelled() -> None:
    assert ask("ﾗｯｸ")[1] == ["ラック"]
    assert ask("サーバ")[1] == ["サーバー"]
    assert ask("GPU")[1] == ["GPU", "GPU"]

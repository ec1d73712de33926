"""Weak prose is told at its line; names, macros and markup are not. Mistakes are put into copies of real pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import prose_style
from scripts.cached import ROOT

# Each mistake with words of its message.
ENGLISH = [
    ("The reader will recieve the weights.", "recieve"),
    ("A model is is not a service.", '"is" is repeated'),
    ("The colour of the line tells who is open.", "colour"),
    ("A grey line shows the closed models.", "=> gray"),
    ("The modelling of prices is simple.", "=> model"),
    ("The licence permits it.", "licence"),
    ("Labs publish in order to be read.", "=> to"),
    ("The release was a game-changer for small teams.", "game-changer"),
    ("A new version takes us back to square one.", "cliche"),
    ("Many open weight models are small.", "=> open-weight"),
    ("Nobody has verifyed the figure.", "verifyed"),
]
JAPANESE = [
    ("差はまだ残っている", "終わっていません"),  # a paragraph: items of a list may end without
    ("この表では値段も見れる。", "ら抜き"),
    ("差がないわけではない。", "二重否定"),
    ("原著は著者は春に書いた。", '助詞 "は"'),
    ("図で机で示した。", '助詞 "で"'),
    ("差は小さいが、順位は高いが、価格は安い。", "が"),
    ("しかし差は残る。しかし価格は違う。", "接続詞"),
    ("この モデルは速い。", "スペース"),
    ("GLM は速い。", "スペース"),
    ("ＡＰＩの料金は下がった。", "半角の英数字"),
    ("価格は下がった，と記事はいう。", "、または。"),
    ("差は小さいです。", "である"),
    ("アクティブパラメータは少ない。", "有効パラメータ"),
    ("コンテキスト長は長い。", "文脈長"),
    ("全ての値を確かめた。", "すべて"),
    ("値を確かめることが出来る。", "できる"),
    ("端末のﾒﾓﾘは少ない。", "半角カタカナ"),
    ("この差はは小さい。", "連続"),
    ("「差は小さい、と著者はいう。", "pairing character"),
    (
        "重みを公開した開発元の中には" + "手元の機器で動かす人の求めに応じて" * 7 + "条件を緩めたところもある。",
        "length",
    ),
]
# Where a mistake stands in a page; the line of the mistake is the one that holds it.
PLACES = {
    "paragraph": "\n{}\n",
    "item": "\n- {}\n",
    "box": '\n!!! note "Alder"\n    {}\n',
    "after a macro of several lines": '\n{{{{ minus(\n  "facts/a",\n  "facts/b") }}}}\n\n{}\n',
    "after code": "\n```text\nrecieve is is\n```\n\n{}\n",
}
FINE = {
    "en": """
GLM-5 and Kimi K2.5 cost {{ v("facts/x") }} and {{ v("facts/x") }}; see [the `recieve` page](teh/colour.md#licence).
{{ name("models/glm-5") }} {{ name("models/glm-4") }} is open {{ claim("colour") }}.
Raschka counts {{ term("moe", "experts") }}.

{{ figure("colour") }}

Text <span title="colour">within a tag</span>{ .colour } and `colour` in code.<!-- teh licence -->

## Another heading {#licence-colour}
""",
    "ja": """
{{ name("models/glm-5") }}は{{ v("facts/x") }}件で上回る{{ claim("b") }}。出典は{{ src("a") }}である。

{{ sentence("見れる") }}

価格は{{ (price("a", "in") / price("b", "in")).percent }}になった。

{{ try_it("fit", model="全て") }}

[計算ツール](見れる.md)で`出来る`ことを確かめてほしい。差は{{ noise("a", "b") }}にとどまる。<!-- 全て -->

## 見出し {#heading}
""",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("book") / "docs"


@pytest.fixture(autouse=True)
def elsewhere(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prose_style, "DOCS", tree)
    monkeypatch.setattr(prose_style, "CACHE", tree.parent / "style.json")


def page_with(tree: Path, lang: str, name: str, inserted: str) -> Path:
    """A copy of a real section with something put before its second heading."""
    real = (ROOT / "docs" / lang / "book" / "part-1" / "eight-weeks.md").read_text(encoding="utf-8")
    first, rest = real.split("\n## ", 1)
    head, tail = rest.split("\n## ", 1)
    page = tree / lang / "book" / f"{name}.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{first}\n## {head}{inserted}\n## {tail}", encoding="utf-8")
    return page


@pytest.mark.parametrize(("lang", "mistakes"), [("en", ENGLISH), ("ja", JAPANESE)])
def test_mistakes_are_told_at_their_line(tree: Path, lang: str, mistakes: list[tuple[str, str]]) -> None:
    places = list(PLACES.values())
    pages = [page_with(tree, lang, f"seed-{i}", places[i % 5].format(text)) for i, (text, _) in enumerate(mistakes)]
    found = prose_style.check_style(pages)
    for page, (text, words) in zip(pages, mistakes, strict=True):
        line = next(n for n, read in enumerate(page.read_text(encoding="utf-8").splitlines(), 1) if text in read)
        told = [one for one in found if one.startswith(f"docs/{lang}/book/{page.name}:{line}: ")]
        assert any(words in one for one in told), (text, [one for one in found if page.name in one])
        assert all(f"{page.name}:{line}:" in one for one in found if page.name in one), "another line is told"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_names_macros_code_and_links_are_no_mistakes(tree: Path, lang: str) -> None:
    assert prose_style.check_style([page_with(tree, lang, "fine", FINE[lang])]) == []


def test_title_and_description_are_read(tree: Path) -> None:
    page = page_with(tree, "en", "title", "")
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"(?m)^(title|description): ", r"\1: Teh licence of ", text, count=2), encoding="utf-8")
    told = {int(one.split(":")[1]) for one in prose_style.check_style([page])}
    assert told == {2, 3}


def test_sentences_of_data_are_read(tree: Path) -> None:
    claim = tree.parent / "data" / "claims" / "some.yml"
    claim.parent.mkdir(parents=True, exist_ok=True)
    english = "The licence of {{ name('models/glm-5') }} costs {api_price_in}."
    claim.write_text(f'statement:\n  en: "{english}"\n  ja: "値段も見れる。"\n', encoding="utf-8")
    found = prose_style.check_style([claim])
    assert [re.match(r"data/claims/some.yml:(\d)", one)[1] for one in found] == ["2", "3"]  # type: ignore[index]


def test_what_was_read_is_not_read_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_with(tree, "en", "again", "\nThe licence permits it.\n")
    first = prose_style.check_style([page])
    monkeypatch.setattr(prose_style, "findings", lambda texts, words: pytest.fail("the linters were asked again"))
    assert first and prose_style.check_style([page]) == first

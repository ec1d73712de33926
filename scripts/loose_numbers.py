"""Finds numbers in prose that no macro binds: digits, number words of English, 漢数字. What is not allowed is refused.

Allowed are names from `data/`, versions, years, ordinals, the book's own section numbers and docs/numbers-allowed.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import yaml

from calculators.data_files import DATA
from scripts.cached import ROOT, files_under
from scripts.page_text import BOUND

ALLOWED = ROOT / "docs" / "numbers-allowed.yml"
NAMED_KINDS = ("models", "devices", "servers", "quantizations", "scores", "releases")
NAME_LINE = re.compile(r"""^(?:name|title): *(["']?)(.*?)\1 *(?:#.*)?$""", re.MULTILINE)
KANJI = "〇一二三四五六七八九十百千万億兆"

# English
SMALL = """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety""".split()
LARGE = "dozen hundred thousand million billion trillion quadrillion".split()
PART = "third fourth fifth sixth seventh eighth ninth tenth twelfth twentieth hundredth thousandth millionth".split()
WORD = "|".join([*SMALL, *LARGE])
# "one model" counts nothing that a reader could check; "one percent" does.
UNIT = (
    """percent|per cent|percentage point|point|token|bit|byte|[kmgt]i?b|parameter|gigabyte|megabyte|terabyte|second
    |minute|hour|day|week|month|quarter|year|decade|century|dollar|cent|yen|euro|watt|kilowatt|degree|half|order of
    |in a|(?:and|or) a""".replace("\n", "")
    .replace("    ", "")
    .replace(" ", "[ ]")
)
# After these, "a third" is a part and no ordinal.
NO_NOUN = """of|more|less|fewer|as|the|its|their|his|our|what|that|to|in|on|at|by|for|from|with|and|or|but|than|when
    |while|if|again|each|every|per|over|under|off|since|last|this|\\w+er""".replace("\n", "").replace(" ", "")
ENGLISH = rf"""(?:{WORD})(?:[-\s](?:and[-\s])?(?:{WORD}))*(?:[-\s]?(?:fold|percent|per\scent))?
    |(?:twen|thir|for|fif|six|seven|eigh|nine)ties
    |twice|thrice|hal(?:f|ves|ved?|ving)|fortnights?|(?:per\s?cent|permille)|single[-\s]digits?
    |(?:doubl|trebl|tripl|quadrupl|quintupl)(?:e[sd]?|ing)|trios?|quartets?|quintets?
    |(?:{"|".join(PART)})s|(?:one|an?)[-\s](?:{"|".join(PART)})(?=\W*$|\W*\n|[^\w\s-]|\s+(?:{NO_NOUN})(?![\w-]))
    |(?:one|an?|three)[-\s]quarters?|(?:an?|one|per|each|every)\s(?:decade|century)
    |one[-\s](?:{UNIT})s?"""
# Japanese
COUNTED = "割倍つ人個件年月日週時分秒点台社本名回度桁問種歳円"
ONE = """割|倍|パーセント|％|ポイント|[かヶカヵ箇]月|年(?!中)|週間|日(?!中)|時間|分の|分間|秒|ドル|円|桁|トークン
    |ビット|バイト|世紀|[かヶカヵ箇]国""".replace("\n", "").replace(" ", "")
JAPANESE = rf"""[{KANJI}]*[〇二三四五六七八九十百千万億兆壱弐][{KANJI}]*[{COUNTED}]?(?:の[{KANJI}]+)?
    |(?<![統同唯均画随単人])一(?:{ONE})
    |(?<!過)半数|半(?:分|減|額|年|日|世紀|値)|折半|(?:年|か月|時間|日|倍)半(?!ば|額|減|値)
    |(?<![数何一{BOUND}])(?<!{BOUND}[ ])倍(?![率数音量])
    |ふたつ|ふたり|みっつ|よっつ|(?<![ぁ-ん一-龠])いつつ|むっつ(?!り)|ななつ(?!か)|やっつ(?!け)|ここのつ
    |ダース|(?<!数)パーセント(?!ポイント|タイル)|ハーフ|トリプル|ダブル(?!チェック|クリック)"""
# Every other sign for a number: superscripts, fractions, roman and circled ones.
SIGNS = "\\d²³¹¼-¾⁰-⁹₀-₉⅐-↋①-⓿❶-➓㈠-㈩㉈-㉟㊀-㊉㊱-㊿"
DIGITS = rf"(?:[±+$¥€]|[A-Za-z][A-Za-z.-]*)?[{SIGNS}](?:[{SIGNS}.,:/]*[{SIGNS}])?[A-Za-z%％{COUNTED}]*"
NUMBER = re.compile(f"{DIGITS}|(?<![A-Za-z])(?i:{ENGLISH})(?![A-Za-z])|{JAPANESE}", re.VERBOSE | re.MULTILINE)

YEAR = r"(?:19[89]\d|20[0-4]\d)"
# "in 2000 tests" counts, "in 2025 tests were" is rare enough to be reworded.
NO_PLURAL = r"(?![\d%]|[.,]\d|-?\s?(?!(?:was|is|has|as|its|this|thus|does|across|unless|less)\b)[a-z]+s\b|\s?[%$])"
BEFORE_YEAR = """in of since by until during before after through early mid late from and to the its his autumn January
    February March April May June July August September October November December""".split()
SECTION = r"[1-4]-[1-8]"
ASCII_EDGE = r"(?<![A-Za-z])"
NEVER_LOOSE = [
    rf"{ASCII_EDGE}(?i:{'|'.join(BEFORE_YEAR)})[ -]{YEAR}{NO_PLURAL}|\({YEAR}\)",
    rf"(?<![\d.,]){YEAR}年(?!間|分|以上|以下|以内|前(?!半)|後(?!半)|[余超弱強半]|未満|ぶり)",
    r"(?<![\d.,])(?:1[0-2]|[1-9])月(?![\d間])",  # a name in Japanese, as February is
    r"(?<![\d.,])\d+(?:st|nd|rd|th)(?![A-Za-z]|\s+percentile)",
    rf"第(?:\d+(?![\d.])|[{KANJI}]+)",
    rf"{ASCII_EDGE}v\d+(?:\.\d+)*(?![\w%]|\.\d)|{ASCII_EDGE}[Vv]ersion \d+(?:\.\d+)*(?![\w%,])",
    r"バージョン\d+(?:\.\d+)*(?![\w%])",
    rf"(?<!\w)Part [1-4](?![\w.,%-]?\d)|(?<!\w)[Ss]ections? {SECTION}(?:(?:,| and|, and| to| or) {SECTION})*(?![\d.%])",
    rf"(?<![\d.-]){SECTION}(?=節)",
    rf"[数何幾][{KANJI[10:]}]+",  # 数千: says how vague it is
    # The bound number says how fast.
    rf"(?:halv|doubl)(?:e[sd]?|ing) every (?={BOUND})|(?<={BOUND}ごとに)(?:半減|半分|倍)",
]


def allowed() -> re.Pattern[str]:
    """Everything that holds a number and is none, as `data/` and the list stand now: `make serve` sees them change."""
    return allowed_of(tuple(names_in_data()), tuple(listed_words()))


@lru_cache(maxsize=1)
def allowed_of(named: tuple[str, ...], listed: tuple[str, ...]) -> re.Pattern[str]:
    """The pattern for these names and words; longer ones first."""
    names = {part for name in named for part in parts(name)}
    words = sorted({re.escape(word) for word in listed if word[0].isascii()}, key=len, reverse=True)
    kanji = sorted((word for word in listed if not word[0].isascii()), key=len, reverse=True)
    known = "|".join([*sorted(names, key=len, reverse=True), *words])
    latin = rf"(?<![A-Za-z\d.])(?:{known})s?(?![A-Za-z\d₀-₉]|[.,]\d|\s?%)"
    inside = rf"(?<![{KANJI}])(?:{'|'.join(kanji)})(?![{KANJI}]|の[{KANJI}])"
    return re.compile("|".join([latin, *NEVER_LOOSE, inside]))


def listed(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of each entry of the explicit list; no words where it is none."""
    try:
        top, entries = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as bad:
        mark = getattr(bad, "problem_mark", None)
        yield (mark.line + 1 if mark else 1), []
        return
    if not isinstance(top, yaml.SequenceNode):
        yield 1, []
        return
    for node, entry in zip(top.value, entries, strict=True):
        whole = isinstance(entry, Mapping) and set(entry) == {"words", "reason"} and entry["reason"]
        words = entry["words"] if whole and isinstance(entry["words"], list) else []
        yield node.start_mark.line + 1, [str(word) for word in words if word]


def listed_words() -> Iterator[str]:
    for _, words in listed(ALLOWED.read_text(encoding="utf-8")):
        yield from words


def bad_entries() -> Iterator[str]:
    """A finding for each entry of the list that is none."""
    for line, words in listed(ALLOWED.read_text(encoding="utf-8")):
        if not words:
            told = "is no entry; allowed: {words: [...], reason: why they count nothing}; write both"
            yield f"docs/numbers-allowed.yml:{line}: {told}"


def names_in_data() -> Iterator[str]:
    for kind in NAMED_KINDS:
        for path in files_under(DATA / kind, "*.yml"):
            yield from (match[2] for match in NAME_LINE.finditer(path.read_text(encoding="utf-8")))


def parts(name: str) -> Iterator[str]:
    """What people say of a name, as patterns: "Claude Opus 4.5", "Opus 4.5"; never a size alone ("80GB").

    A part starts with a letter, at or before the first piece with a digit, and ends with a digit's piece.
    """
    for clause in re.split(r"[(),]", name):
        pieces = re.split(r"[\s-]+", clause.strip())
        numbered = [i for i, piece in enumerate(pieces) if re.search(r"\d", piece)]
        yield from (re.escape(pieces[i]) for i in numbered if re.match(r"[A-Z]+\d", pieces[i]))
        for start, piece in enumerate(pieces[: numbered[0] + 1] if numbered else ()):
            if piece[:1].isalpha():
                yield from ("[ -]".join(map(re.escape, pieces[start : end + 1])) for end in numbered if end >= start)


def loose_numbers(prose: str, but: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """(offset, token) of each number in prose that nothing binds. `prose`: see scripts/page_text.py; `but`: `allowed()`
    of now, read once for all texts."""
    rest = but.sub(lambda m: "\x00" * len(m[0]), prose)
    yield from ((match.start(), match[0].strip()) for match in NUMBER.finditer(rest))


def sentence_for(token: str) -> str:
    """What to say about a loose number."""
    text = f'"{token}" is a number without a source; put it into data/facts/ and write {{{{ v("facts/<id>") }}}}'
    if re.match(r"[A-Za-z].*\d", token):
        text += "; if it is a name, data/ should hold it, else docs/numbers-allowed.yml"
    return text

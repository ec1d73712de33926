"""Fonts for the PDF: Noto CJK, cut to the book's characters, and without the code points that spoil searching.

Noto gives the glyph of 金 to U+91D1 and to the Kangxi radical U+2FA6; a PDF names one character a glyph, and Chromium
takes the radical, so that nobody finds 金額. A font that does not know the radicals has no such choice.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from scripts.bootstrap import apt

# CSS family, fontconfig pattern, weight
FACES = (
    ("Book Serif", "Noto Serif CJK JP:style=Regular", "400"),
    ("Book Serif", "Noto Serif CJK JP:style=Bold", "700"),
    ("Book Sans", "Noto Sans CJK JP:style=Regular", "400"),
    ("Book Sans", "Noto Sans CJK JP:style=Bold", "700"),
    ("Book Mono", "Noto Sans Mono CJK JP:style=Regular", "400"),
)
# CJK and Kangxi radicals, compatibility ideographs: doubles of characters that have a place of their own.
DOUBLES = [*range(0x2E80, 0x2FE0), *range(0xF900, 0xFB00), *range(0x2F800, 0x2FA20)]
PACKAGE = "fonts-noto-cjk"


class NoFont(Exception):
    """A font is missing; str() is the line to show."""


def find(pattern: str) -> tuple[Path, int]:
    """File and number within it of a font. Raises NoFont."""
    for attempt in (1, 2):
        if shutil.which("fc-list"):
            command = ["fc-list", pattern, "--format", "%{file}\t%{index}\n"]
            done = subprocess.run(command, capture_output=True, text=True)
            if lines := sorted(line for line in done.stdout.splitlines() if line):
                file, _, index = lines[0].partition("\t")
                return Path(file), int(index) & 0xFFFF
        if attempt == 1 and not apt(PACKAGE, "fontconfig"):
            break
    raise NoFont(f"the font {pattern.partition(':')[0]} is missing; install it (Debian: apt-get install {PACKAGE})")


def cut_fonts(characters: Iterable[str], out: Path) -> str:
    """Writes the fonts into a folder; gives their @font-face rules. Raises NoFont."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    out.mkdir(parents=True, exist_ok=True)
    wanted = sorted({ord(sign) for sign in characters} - set(DOUBLES))
    rules = []
    for number, (family, pattern, weight) in enumerate(FACES):
        file, index = find(pattern)
        font = TTFont(file, fontNumber=index, lazy=True)
        for table in font["cmap"].tables:
            if table.isUnicode() and table.format != 14:
                for code in DOUBLES:
                    table.cmap.pop(code, None)
        options = subset.Options(layout_features=["*"], name_IDs=["*"], notdef_outline=True, drop_tables=["BASE"])
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=wanted)
        cutter.subset(font)
        name = f"font-{number}.otf"
        font.save(out / name)
        rules.append(f'@font-face{{font-family:"{family}";font-weight:{weight};src:url({name})}}')
    return "\n".join(rules)

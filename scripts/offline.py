"""What makes a built site installable and readable offline: app.webmanifest, offline.json and sw.js at its root.

An edition is the site's content; its id is a hash of every file. offline.json lists what a reader may keep, with the
bytes' hash, so that the service worker never mixes two editions. Each page names its edition in its head.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from calculators.text import LANGUAGES
from scripts import facts
from scripts.cached import files_under, write_anew

WORKER, LIST, APP = "sw.js", "offline.json", "app.webmanifest"
BUILD = re.compile(r'<meta name="build" content="[0-9a-f]{16}">')
# The demo keeps its model and ONNX Runtime itself; books in one file, previews and what machines read are not kept.
LEFT_OUT = re.compile(
    r"models/|assets/\w+/ort-|cards/|.*\.(?:pdf|epub|md|gz|txt)$|.*(?:404\.html|feed\.xml)$"
    rf"|(?:{WORKER}|{LIST}|build-manifest\.json|sitemap\.xml|\.nojekyll)$"
)
# What the engine fetches for its usual start.
ENGINE = (".mjs", ".wasm")
# A mirror puts its own address in.
UNCHECKED = "sitemap.xml"
# The language chooser, where the installed book opens.
CHOOSER = ("index.html", "chooser.css", "chooser.js", "icon.svg")
PAPER = "#fdfcf9"


def write_app(site: Path, assets: str) -> None:
    """app.webmanifest. `assets`: "assets/<hash>/" of the modules."""
    words = facts.strings("site")
    manifest = {
        "id": "./",
        "name": words["site-name"]["en"],
        "short_name": words["site-name"]["en"],
        "description": " ".join(words["site-description"][lang] for lang in LANGUAGES),
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [{"src": f"{assets}icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }
    write_anew(site / APP, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")


def write_offline(site: Path, assets: str) -> str:
    """offline.json, sw.js, and the edition's id into each page; returns the id. May be repeated on a changed site."""
    contents = {path.relative_to(site).as_posix(): path.read_bytes() for path in files_under(site)}
    pages = {}
    for name, content in contents.items():
        if name.endswith(".html"):
            pages[name] = BUILD.sub("", content.decode())
            contents[name] = pages[name].encode()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    made = (WORKER, LIST, "build-manifest.json")
    edition = hashlib.sha256(
        "".join(f"{name}\0{digest}\0" for name, digest in sorted(hashes.items()) if name not in made).encode()
    ).hexdigest()[:16]
    files = {
        name: [len(content), "" if name.endswith(UNCHECKED) else hashes[name][:16]]
        for name, content in sorted(contents.items())
        if not LEFT_OUT.match(name)
    }
    engine = [name for name in files if name.startswith("assets/") and name.endswith(ENGINE)]
    parts = {assets + name: [assets + part for part in names] for name, names in needs(site / assets).items()}
    listed = {
        "id": edition,
        "modules": assets,
        "fallback": fallback(site, assets),
        "needs": {**parts, f"{assets}engine-worker.js": engine},
        "files": files,
    }
    write_anew(site / LIST, json.dumps(listed, separators=(",", ":")))
    script = (site / assets / "offline-worker.js").read_text(encoding="utf-8")
    write_anew(site / WORKER, f'const BUILD_ID="{edition}";{script}')
    for name, page in pages.items():
        if name.startswith(tuple(f"{lang}/" for lang in LANGUAGES)):
            meta = f'<meta name="build" content="{edition}">'
            write_anew(site / name, page.replace("</head>", f"{meta}</head>", 1))
    return edition


def fallback(site: Path, assets: str) -> list[str]:
    """What the pages need that are shown in place of others, each language's offline/, and the chooser."""
    page = (site / LANGUAGES[0] / "offline" / "index.html").read_text(encoding="utf-8")
    names = set(re.findall(rf'(?:src|href)="[^"]*{re.escape(assets)}([\w.-]+)"', page))
    names |= {path.name for path in (site / assets).glob("*.js") if 'define("keep-book"' in path.read_text("utf-8")}
    return [CHOOSER[0], *sorted(assets + name for name in names | set(CHOOSER[1:]))]


def needs(folder: Path) -> dict[str, list[str]]:
    """The parts that each script imports, now or once a reader touches something; main.js those of every page only."""
    found = {}
    for path in files_under(folder, "*.js"):
        how = r"(?:from|import)" if path.name == "main.js" else r"(?:from|import\(?)"
        names = re.findall(how + r'"\./(chunk-\w+\.js)"', path.read_text(encoding="utf-8"))
        if names:
            found[path.name] = sorted(set(names))
    return found

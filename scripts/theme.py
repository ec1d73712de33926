"""Own, smaller copies of the theme's script and styles, and the check that nothing in use was cut away.

The overrides take the place of the theme's blocks that name those files: a theme update that changes a block or the
place of a file stops the build.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from scripts.cached import ROOT, files_under
from scripts.node import NODE
from scripts.settings import section

# What our overrides leave out of the theme's base.html, file names aside.
REPLACED = {
    "styles": """
      <link rel="stylesheet" href="{{ 'assets/stylesheets/main.*.min.css' | url }}">
      {% if config.theme.palette %}
        {% set palette = config.theme.palette %}
        <link rel="stylesheet" href="{{ 'assets/stylesheets/palette.*.min.css' | url }}">
      {% endif %}
      {% include "partials/icons.html" %}
    """,
    "scripts": """
      <script src="{{ 'assets/javascripts/bundle.*.min.js' | url }}"></script>
      {% for script in config.extra_javascript %}
        {{ script | script_tag }}
      {% endfor %}
    """,
}
# Partials that stand in docs/_theme/overrides as well, and the beginning of their sha256.
REPLACED_PARTIALS = {"partials/javascripts/palette.html": "8790389765ea6036"}
# Partials of what the book has not: a page that needs one all the same is found by `cut_classes`.
UNUSED = {f"partials/{name}.html" for name in "comments consent feedback post progress social source tags".split()}
# Written by the Markdown extensions of mkdocs.yml.
MARKDOWN = """admonition admonition-title details summary footnote footnote-ref footnote-backref headerlink highlight
    filename twemoji grid cards task-list-item""".split()
# Parts that no feature in mkdocs.yml turns on though the theme's script knows them, and writing from right to left.
CUT = [
    "md-(?:path|version|tag|annotation|tooltip|consent|author|post|banner|source|status|feedback|social).*",
    "tabbed-.*",
    "rtl",
]
# What a page's start would do though nobody needs it then, all in the theme's own words.
CHANGES = [
    # Each of these would make the browser work out the styles of the whole page again, half of what a long page's
    # start costs. The theme writes every address in full; a stylesheet is read anew then. Another page's may be the
    # same still.
    ("if(o&&!/^(?:[a-z]+:)?\\/\\//i.test(o)){t[r]=t[r]", "if(o&&!t.sheet&&!/^(?:[a-z]+:)?\\/\\//i.test(o)){t[r]=t[r]"),
    ("t.set(r.outerHTML,r)", 't.set(r.rel==="stylesheet"?r.sheet?.href||r.href:r.outerHTML,r)'),
    # Transitions need no stopping, and the window no new colors, where the page has the reader's colors already.
    ('if(document.body.setAttribute("data-md-color-switching",""),s.color.media', "if(s.color.media"),
    (
        "for(let[a,c]of Object.entries(s.color))",
        's.color.scheme!==document.body.dataset.mdColorScheme&&document.body.setAttribute("data-md-color-switching","");'
        "for(let[a,c]of Object.entries(s.color))",
    ),
    ('name:"color-scheme"});document.head.appendChild(o)', 'name:"color-scheme"})'),
    (
        "return o.content=a.colorScheme,",
        'return(o.isConnected||a.colorScheme!=="light")&&(o.content=a.colorScheme,document.head.append(o)),',
    ),
    # Addresses are written in full where they outlive the page; its own only as the reader leaves it.
    (
        "$(document).subscribe(vi)",
        'vi({querySelectorAll:()=>M(":is([href],[src]):not([data-md-component=container] *)")})',
    ),
    (
        'history.replaceState(c,""),history.pushState(null,"",a)',
        'vi(document),history.replaceState(c,""),history.pushState(null,"",a)',
    ),
    # Only the header's names are cut short at the window's edge.
    ('b(()=>M(".md-ellipsis"))', 'b(()=>M(".md-header .md-ellipsis"))'),
    # Where the page stands would be asked for, and the page laid out, before its first picture.
    ("function Ln(){return z([Tn(),On()])", "function Ln(){return H(()=>z([Tn(),On()]))"),
    ("Wi({viewport$:ke,tablet$:Lr});", "He(0).subscribe(()=>Wi({viewport$:ke,tablet$:Lr}));"),
    # Parts that the book has not, see CUT: every link would be asked whether it shows a preview.
    ('...M(".annotate:not(.highlight)",e).map(i=>zn(i,{target$:o,print$:n})),', ""),
    ('...M("a",e).map(i=>Jn(i,t)),...M("pre.mermaid",e).map(i=>Zn(i)),', ""),
    ('...M("[data-tabs]",e).map(i=>ri(i,{viewport$:r,target$:o})),', ""),
    ('(f.classList.contains("annotate")||V("content.code.annotate"))', 'V("content.code.annotate")'),
    ('(e.classList.add("md-code__content"),e.closest(".select")||', '(e.classList.add("md-code__content"),'),
    ('((Di=Or.version)==null?void 0:Di.provider)==="mike"&&Ti({document$:ct})', ""),
    ('...me("consent").map(e=>An(e,{target$:Ht})),', ""),
    ('...me("progress").map(e=>mi(e,{progress$:uo})),', ""),
    (',...me("source").map(e=>$i(e))', ""),
    ('...me("announce").map(e=>_n(e)),', ""),
    ('typeof ResizeObserver=="undefined"?_t("https://unpkg.com/resize-observer-polyfill"):$(void 0)', "$(void 0)"),
    # Search starts with the key or click that opens it, before its box hears of either, or for a given word.
    (
        ".map(e=>_i(e,{index$:zi,keyboard$:mo}))",
        '.map(e=>L(H(()=>we().searchParams.has("q")||dn("search")||e.contains(Ne())?$(0):y),h(e,"focusin"),'
        'h(window,"keydown",{capture:!0})'
        ".pipe(g(n=>/^[fs/]$/.test(n.key)&&!ja(Ne()||document.body,n.key))),"
        '...M("[for=__search]").map(n=>h(n,"click",{capture:!0})))'
        ".pipe(Ee(1),b(()=>_i(e,{index$:zi,keyboard$:mo}))))",
    ),
    (
        'return z([t,r.pipe(Q(we()),g(o=>!!o.searchParams.get("h")))]).pipe(m(',
        'return r.pipe(Q(we()),g(o=>!!o.searchParams.get("h")),b(o=>z([t,$(o)])),m(',
    ),
    # Tasks of their own, between which the browser hears the reader: what follows links and lists the pages, the
    # colors, the titles of names cut short, each part of the page and each piece of code in it.
    (
        'V("navigation.instant")&&gi({sitemap$:qi,location$:Kt,viewport$:ke,progress$:uo}).subscribe(ct)',
        'V("navigation.instant")&&He(0).pipe(b(()=>gi({sitemap$:qi,location$:Kt,viewport$:ke,progress$:uo}))).subscribe(ct)',
    ),
    ('return En(new URL("sitemap.xml",e)).pipe(', 'return He(0).pipe(b(()=>En(new URL("sitemap.xml",e))),'),
    ("function Fi({document$:e,viewport$:t}){e.pipe(", "function Fi({document$:e,viewport$:t}){e.pipe(xe(pe),"),
    ("Ki=ct.pipe(b(()=>$s),Ve(Hs)", "Ki=ct.pipe(xe(pe),b(()=>$s),Ve(He(0).pipe(b(()=>Hs)))"),
    ('$s=H(()=>L(...me("content")', '$s=H(()=>L(...[...me("content")'),
    (
        "Ii(e,{viewport$:ke,header$:ft,main$:qt,target$:Ht})))),",
        "Ii(e,{viewport$:ke,header$:ft,main$:qt,target$:Ht}))].map(e=>e.pipe(et(pe))))),",
    ),
    ("Yn(i,{target$:o,print$:n}))", "Yn(i,{target$:o,print$:n}).pipe(et(pe)))"),
]
ADMONITIONS = "abstract info tip success question warning failure danger bug example quote".split()
CLASS = re.compile(r'\bclass="([^"]*)"')


class ThemeChanged(Exception):
    """The theme is not the one that the overrides were made for; str() says what to do."""


def theme_folder() -> Path:
    package = importlib.metadata.distribution("mkdocs-material")
    return Path(str(package.locate_file("material/templates")))


def one_file(pattern: str) -> Path:
    """The theme's only file of that name. Raises ThemeChanged."""
    found = sorted(theme_folder().glob(pattern))
    if len(found) != 1:
        raise ThemeChanged(
            f"Material for MkDocs: {pattern} names {len(found)} files, one is expected; see scripts/theme.py"
        )
    return found[0]


def refuse_changed_theme() -> None:
    """The blocks that our overrides replace must be those that they were made for. Raises ThemeChanged."""
    base = (theme_folder() / "base.html").read_text(encoding="utf-8")
    for name, known in REPLACED.items():
        found = re.search(rf"{{% block {name} %}}(.*?){{% endblock %}}", base, re.DOTALL)
        block = re.sub(r"\.[0-9a-f]{8}\.min\.", ".*.min.", found[1] if found else "")
        if block.split() != known.split():
            raise ThemeChanged(
                f"Material for MkDocs: block {name} of its base.html changed; bring docs/_theme/overrides/main.html "
                "and REPLACED in scripts/theme.py up to date"
            )
    for name, known in REPLACED_PARTIALS.items():
        if hashlib.sha256((theme_folder() / name).read_bytes()).hexdigest()[: len(known)] != known:
            raise ThemeChanged(
                f"Material for MkDocs: {name} changed; bring docs/_theme/overrides/{name} and REPLACED_PARTIALS in "
                "scripts/theme.py up to date"
            )
    own_script(one_file("assets/javascripts/bundle.*.min.js").read_text(encoding="utf-8"))


def own_script(script: str) -> str:
    """The theme's script with CHANGES, and with yes or no wherever it asks for a feature. Raises ThemeChanged."""
    for old, new in CHANGES:
        if script.count(old) != 1:
            raise ThemeChanged(
                f"Material for MkDocs: its script no longer holds {old!r} once; bring CHANGES in scripts/theme.py up "
                "to date"
            )
        script = script.replace(old, new)
    has = re.search(r"function (\w+)\(e\)\{return \w+\.features\.includes\(e\)\}", script)
    if not has:
        raise ThemeChanged("Material for MkDocs: its script asks for features in another way; see own_script")
    on = section("theme")["features"]
    return re.sub(rf'\b{has[1]}\("([\w.-]+)"\)', lambda asked: str(asked[1] in on).lower(), script)


def theme_sources() -> list[Path]:
    """The theme's files that the copies are made of: styles, script, then the templates in use. Raises ThemeChanged."""
    refuse_changed_theme()
    folder = theme_folder()
    assets = ("stylesheets/main.*.min.css", "stylesheets/palette.*.min.css", "javascripts/bundle.*.min.js")
    pages = [folder / name for name in ("base.html", "main.html", "404.html")]
    pages += [
        path for path in sorted((folder / "partials").glob("*.html")) if str(path.relative_to(folder)) not in UNUSED
    ]
    return [*(one_file(f"assets/{name}") for name in assets), *pages]


def own_sources() -> list[Path]:
    """Our files whose words may be classes."""
    theme = ROOT / "docs" / "_theme"
    places = [files_under(theme / name) for name in ("overrides", "elements", "modules")]
    return [
        *(path for place in places for path in place),
        *sorted((ROOT / "scripts").glob("*_html.py")),
        ROOT / "mkdocs.yml",
    ]


def words_of_pages() -> list[str]:
    """Classes that the book's Markdown names: of an attribute list, of HTML, of an admonition."""
    found = set(MARKDOWN)
    for lang in ("en", "ja"):
        for path in files_under(ROOT / "docs" / lang, "*.md"):
            text = path.read_text(encoding="utf-8")
            found.update(re.findall(r"^\s*(?:!!!|\?\?\?\+?) ([\w-]+)", text, re.MULTILINE))
            found.update(name for names in CLASS.findall(text) for name in names.split())
            found.update(
                name for names in re.findall(r"\{:?([^{}\n]*)\}", text) for name in re.findall(r"\.([\w-]+)", names)
            )
    return sorted(found)


def variables_read() -> list[str]:
    """Custom properties that our own styles, drawings and pages read."""
    theme = ROOT / "docs" / "_theme"
    sources = [*files_under(theme / "styles"), *own_sources()]
    return sorted({name for path in sources for name in re.findall(r"var\((--[\w-]+)", path.read_text("utf-8"))})


def make_theme(out: Path) -> None:
    """theme.css, theme.js and dropped.json into `out`. Raises ThemeChanged, CalledProcessError."""
    main, palette, bundle, *templates = theme_sources()
    words = words_of_pages()
    given = {
        "styles": [str(main), str(palette)],
        "script": own_script(bundle.read_text(encoding="utf-8")),
        "used": [str(path) for path in (*templates, *own_sources())],
        "words": [*words, "ltr"],  # both languages run from left to right
        "cut": [*CUT, *(kind for kind in ADMONITIONS if kind not in words)],
        "variables": variables_read(),
        "out": str(out),
    }
    subprocess.run([NODE, "scripts/trim_theme.mjs"], cwd=ROOT, input=json.dumps(given), text=True, check=True)


def cut_classes(site: Path, dropped: Iterable[str]) -> list[str]:
    """One line a page of the site that has a class whose rules were cut away."""
    cut = set(dropped)
    found = []
    for path in sorted(site.rglob("*.html")):
        names = {name for match in CLASS.findall(path.read_text(encoding="utf-8")) for name in match.split()}
        if names & cut:
            name = min(names & cut)
            found.append(
                f"{path.relative_to(site)}: the theme's styles for the class {name} are cut away; "
                "change MARKDOWN, CUT or UNUSED in scripts/theme.py"
            )
    return found

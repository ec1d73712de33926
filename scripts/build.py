"""Builds the whole site into site/. Every step is skipped when its inputs did not change.

Usage: python -m scripts.build [--site-url URL] [--out DIR]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2

from calculators.data_files import BadData
from calculators.load import compiled_json
from calculators.text import LANGUAGES, number
from scripts import facts
from scripts.book_files import made_for, publish
from scripts.cached import BUILD, ROOT, content_hash, files_under, hash_of, link_tree, step
from scripts.calculator_html import view_files
from scripts.check import run as run_check
from scripts.data_api import write_api
from scripts.edition import commit_epoch, settings_of
from scripts.engine_cases import engine_cases
from scripts.feed import feed
from scripts.figures import drawing_files
from scripts.manifest import write_manifest
from scripts.node import NODE
from scripts.notebooks import BadNotebook, build_notebooks
from scripts.offline import write_app, write_offline
from scripts.pages import Builders, PageBuild, add_policy
from scripts.progress import progress
from scripts.settings import setting
from scripts.theme import ThemeChanged, cut_classes, make_theme, own_sources, theme_sources, words_of_pages

THEME = ROOT / "docs" / "_theme"
ORT = ROOT / "node_modules" / "onnxruntime-web" / "dist"
# WebGPU needs the build that can wait (asyncify); on the processor the model has its own kernels, in chat-worker.js.
ORT_WASM = "ort-wasm-simd-threaded.asyncify.wasm"


class BuildFailure(Exception):
    """A step failed; str() is what to show."""


@dataclass(frozen=True)
class Assets:
    """Folders of the built site and what lies in them."""

    folders: dict[str, Path]  # path below the site's root -> folder
    modules: str  # "assets/<hash>/" of the bundle
    theme: Path  # what scripts/theme.py made
    model: Path
    define: str  # what scripts/bundle.mjs puts into the modules, as JSON


def run(command: Sequence[str | Path]) -> None:
    """A build command; its output is shown, a failure stops the build."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT)
    if done.returncode:
        raise BuildFailure(f"{' '.join(str(part) for part in command[:2])}: failed, see above")


def lock_files() -> list[Path]:
    return [ROOT / "package-lock.json", ROOT / "requirements.lock"]


def engine_files(folders: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """Where each file of the engine lies in the site, and its length and hash: the browser compares them."""
    return {
        path.name: {
            "path": folder + path.name,
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for folder, place in folders.items()
        for path in files_under(place)
    }


def chat_files(model: Path, model_path: str, ort: Path, ort_path: str) -> list[dict[str, Any]]:
    """What the demo fetches, by backend: the browser checks length and hash, and keeps nothing of other versions."""
    manifest = model / "manifest.json"
    files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    wanted = {file["path"]: (model, model_path, file["backends"]) for file in files if file["backends"]}
    wanted[manifest.name] = (model, model_path, ["wasm", "webgpu"])
    wanted[ORT_WASM] = (ort, ort_path, ["webgpu"])
    found = []
    for name, (folder, path, backends) in wanted.items():
        content = (folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        entry = {"name": name, "path": path + name, "bytes": len(content), "sha256": digest, "backends": backends}
        found.append(entry)
    return found


def words_of(area: str, start: str) -> dict[str, Mapping[str, str]]:
    """Strings in both languages for modules that stand on any page."""
    return {i: pair for i, pair in facts.strings(area).items() if i.startswith(start)}


def build_assets() -> Assets:
    """The engine, the model, ONNX Runtime and the browser modules. Raises BadData, BuildFailure."""
    dataset = BUILD / "dataset.json"
    BUILD.mkdir(exist_ok=True)
    compiled = compiled_json()
    if not dataset.exists() or dataset.read_text(encoding="utf-8") != compiled:
        dataset.write_text(compiled, encoding="utf-8")

    def make_runtime(out: Path) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            cases = Path(scratch) / "cases.json"
            cases.write_text(json.dumps(engine_cases(compiled)), encoding="utf-8")
            given: list[str | Path] = ["--dataset", dataset, "--cases", cases]
            run([NODE, "scripts/build_runtime.mjs", *given, "--runtime", out / "runtime", "--engine", out / "engine"])

    engine_sources = files_under(ROOT / "calculators", "*.py")
    recipe = [ROOT / "scripts" / name for name in ("build_runtime.mjs", "engine_cases.py")]
    recipe.append(THEME / "modules" / "engine-heap.js")
    python = step("python", [*engine_sources, dataset, *recipe, *lock_files()], make_runtime)

    converters = [ROOT / "scripts" / name for name in ("build_model.py", "gguf_weights.py", "onnx_graph.py")]

    def make_model(out: Path) -> None:
        run([sys.executable, "-m", "scripts.build_model", "--out", out])

    model = step("model", [*converters, ROOT / "requirements.lock"], make_model)

    def make_ort(out: Path) -> None:
        shutil.copyfile(ORT / ORT_WASM, out / ORT_WASM)

    ort = step("onnxruntime", [ROOT / "package-lock.json"], make_ort, ORT_WASM)

    api_inputs = [*files_under(ROOT / "data", "*.yml", "*.json"), *engine_sources, ROOT / "scripts" / "data_api.py"]
    epoch = commit_epoch()
    api = step("api", api_inputs, lambda out: write_api(out, epoch), epoch)

    runtime, engine = python / "runtime", python / "engine"
    ort_path, model_path = f"assets/{content_hash(ort)}/", f"models/{content_hash(model)}/"
    paths = {
        "RUNTIME_PATH": f"assets/{content_hash(runtime)}/",
        "ENGINE_PATH": f"assets/{content_hash(engine)}/",
    }
    files = engine_files({paths["RUNTIME_PATH"]: runtime, paths["ENGINE_PATH"]: engine})
    # The library and the engine's files are there for a start without the memory snapshot.
    size = sum(file["bytes"] for name, file in files.items() if name.endswith((".mjs", ".wasm")))
    texts = {
        "ENGINE_FILES": json.dumps(files),
        "ENGINE_SIZE": number(float(size), "bytes", "en", False),
        "EDITION_WORDS": json.dumps(words_of("offline", "edition-"), ensure_ascii=False),
        "FIGURE_WORDS": json.dumps(words_of("tables", "figure-"), ensure_ascii=False, separators=(",", ":")),
        "SEARCH_FAILED": json.dumps(facts.strings("site")["search-failed"], ensure_ascii=False),
        "MODEL_FILES": json.dumps(chat_files(model, model_path, ort, ort_path)),
        "PYODIDE_INFO": (runtime / "build.json").read_text(encoding="utf-8"),
    }
    define = json.dumps(paths | texts, sort_keys=True)

    theme = build_theme()

    def make_modules(out: Path) -> None:
        run([NODE, "scripts/bundle.mjs", "--out", out, "--theme", theme, "--define", define])
        shutil.copyfile(THEME / "root" / "icon.svg", out / "icon.svg")

    own = [path for name in ("modules", "kernels", "styles") for path in files_under(THEME / name)]
    bundlers = [ROOT / "scripts" / name for name in ("bundle.mjs", "build_kernels.mjs")]
    bundle_inputs = [*files_under(theme), *own, THEME / "root" / "icon.svg", *bundlers, ROOT / "package-lock.json"]
    modules = step("modules", bundle_inputs, make_modules, define)
    modules_path = f"assets/{content_hash(modules)}/"
    folders = {
        paths["RUNTIME_PATH"]: runtime,
        paths["ENGINE_PATH"]: engine,
        ort_path: ort,
        model_path: model,
        modules_path: modules,
        "api/v1/": api,
    }
    return Assets(folders, modules_path, theme, model, define)


def build_theme() -> Path:
    """The theme's script and styles, made smaller. Raises BuildFailure."""
    try:
        recipe = [ROOT / "scripts" / "trim_theme.mjs", ROOT / "scripts" / "theme.py", ROOT / "package-lock.json"]
        inputs = [*theme_sources(), *own_sources(), *files_under(THEME / "styles"), *recipe]
        return step("theme", inputs, make_theme, json.dumps(words_of_pages()))
    except ThemeChanged as bad:
        raise BuildFailure(str(bad)) from bad
    except subprocess.CalledProcessError as bad:
        raise BuildFailure("scripts/trim_theme.mjs: failed, see above") from bad


def page_inputs(lang: str) -> list[Path]:
    """Everything that the pages of a language are made of."""
    return [
        *files_under(ROOT / "docs" / lang),
        *files_under(ROOT / "notebooks"),
        ROOT / "docs" / "nav.yml",
        *files_under(THEME / "overrides"),
        *files_under(THEME / "elements"),
        *files_under(ROOT / "data", "*.yml", "*.json"),
        *files_under(ROOT / "calculators", "*.py"),
        *files_under(ROOT / "scripts", "*.py"),
        *view_files(),
        ROOT / "scripts" / "charts.mjs",
        THEME / "modules" / "price-figure.js",
        *drawing_files(),
        ROOT / "package-lock.json",
        ROOT / "mkdocs.yml",
        ROOT / "requirements.lock",
    ]


def page_stamp(lang: str, shared: PageBuild) -> str:
    """A hash of all that the pages of a language depend on."""
    settings = (setting(name) for name in ("repository", "model_host"))
    given = (shared.site_url, shared.assets, shared.model.name, shared.notebooks.name, shared.epoch)
    return hash_of(page_inputs(lang), *given, *settings)


def build_pages(
    shared: PageBuild, theme: Path, builders: Builders | None = None, *, strict: bool = True
) -> dict[str, Path]:
    """The pages of both languages, built only where something changed. Raises BuildFailure."""
    # A folder an address: `make serve` beside `make test` must not undo each other's work.
    home = BUILD / "pages" / hash_of([], shared.site_url)
    home.mkdir(parents=True, exist_ok=True)
    made = {lang: home / lang for lang in LANGUAGES}
    stamps = {lang: page_stamp(lang, shared) for lang in LANGUAGES}
    stale = {
        lang: out
        for lang, out in made.items()
        if not (out / ".stamp").exists() or (out / ".stamp").read_text() != stamps[lang]
    }
    if not stale:
        return made
    own = builders or Builders(stale)
    try:
        partial = {lang: out.with_name(f"{lang}.part-{os.getpid()}") for lang, out in stale.items()}
        with progress("build", f"pages ({', '.join(stale)})"):
            errors = own.build(partial, shared, strict=strict)
    finally:
        if builders is None:
            own.close()
    dropped = json.loads((theme / "dropped.json").read_text(encoding="utf-8"))
    errors += [f"{lang}/{line}" for lang, folder in partial.items() for line in cut_classes(folder, dropped)]
    if errors:
        raise BuildFailure("\n".join(errors))
    for lang, out in stale.items():
        (partial[lang] / ".stamp").write_text(stamps[lang])
        shutil.rmtree(out, ignore_errors=True)
        partial[lang].rename(out)
    return made


def root_pages(out: Path, shared: PageBuild) -> None:
    """The language chooser and the 404 page at the site's root, with the policy."""
    site = facts.strings("site")
    pages = [
        {
            "lang": lang,
            "name": site[f"language-{lang}"][lang],
            "description": site["site-description"][lang],
            "missing": site["page-missing"][lang],
        }
        for lang in LANGUAGES
    ]
    loader = jinja2.FileSystemLoader(THEME / "root")
    templates = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    path = "/" + shared.site_url.split("://", 1)[1].partition("/")[2]
    # A 404 page is shown at any depth, so its links start at the site's root.
    for name, base in (("index.html", ""), ("404.html", path)):
        text = templates.get_template(name).render(pages=pages, base=base, assets=base + shared.assets)
        (out / name).write_text(text, encoding="utf-8")
    add_policy(out)


def licenses() -> str:
    """NOTICE and the license texts of what the site serves, as those licenses ask."""
    texts = {"NOTICE": ROOT / "NOTICE"}
    for name in ("@huggingface/tokenizers", "@observablehq/plot", "d3", "papaparse"):
        texts[name] = ROOT / "node_modules" / name / "LICENSE"
    material = importlib.metadata.distribution("mkdocs-material")
    texts["Material for MkDocs"] = Path(str(material.locate_file(""))) / next(
        str(file) for file in material.files or () if file.name == "LICENSE"
    )
    return "\n\n".join(f"==== {name} ====\n\n{path.read_text(encoding='utf-8')}" for name, path in texts.items())


def sitemap(out: Path, shared: PageBuild) -> None:
    """One index of both languages' sitemaps, and robots.txt."""
    entries = "".join(f"<sitemap><loc>{shared.site_url}{lang}/sitemap.xml</loc></sitemap>" for lang in LANGUAGES)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    (out / "sitemap.xml").write_text(f"{head}{entries}</sitemapindex>\n", encoding="utf-8")
    (out / "robots.txt").write_text(
        f"User-agent: *\nAllow: /\nSitemap: {shared.site_url}sitemap.xml\n", encoding="utf-8"
    )


def for_machines(out: Path, shared: PageBuild) -> None:
    """The feeds, and one llms.txt that holds those of the languages."""
    lists = []
    for lang in LANGUAGES:
        settings = settings_of(f"{shared.site_url}{lang}/", lang, None)
        (out / lang / "feed.xml").write_text(feed(lang, settings, shared.epoch), encoding="utf-8")
        text = (out / lang / "llms.txt").read_text(encoding="utf-8")
        lists.append(re.sub(r"\]\((?!\.\./)", f"]({lang}/", text).replace("](../", "]("))
    # One title is allowed; the second language's becomes a section.
    (out / "llms.txt").write_text(lists[0] + "\n" + lists[1].replace("# ", "## ", 1), encoding="utf-8")


@dataclass(frozen=True)
class Made:
    """What a site is assembled from. `pages`: folder of each language."""

    assets: Assets
    pages: dict[str, Path]
    shared: PageBuild


def assemble(out: Path, made: Made, *, offline: bool = True) -> None:
    """Puts everything in its place and swaps the whole folder at once. `offline`: with the service worker."""
    assets, pages, shared = made.assets, made.pages, made.shared
    partial = out.with_name(f"{out.name}.part-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    root_pages(partial, shared)
    for path, folder in assets.folders.items():
        link_tree(folder, partial / path)
    for lang, folder in pages.items():
        link_tree(folder, partial / lang)
        (partial / lang / ".stamp").unlink()
    sitemap(partial, shared)
    for_machines(partial, shared)
    publish(partial, made_for(pages), shared.site_url)
    (partial / "licenses.txt").write_text(licenses(), encoding="utf-8")
    (partial / ".nojekyll").touch()
    write_app(partial, shared.assets)
    if offline:
        write_offline(partial, shared.assets)
    write_manifest(partial, shared.epoch)
    old = out.with_name(f"{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def configured_site_url() -> str:
    """SITE_URL of the environment, else of mkdocs.yml's `extra`, else a local one. Ends in "/"."""
    found = setting("site_url")
    if not found:
        found = "http://127.0.0.1:8000/"
        print(f"build: SITE_URL is not set, so the sitemap names {found}; set it for publication", file=sys.stderr)
    if not found.startswith(("http://", "https://")) or "?" in found or "#" in found:
        raise BuildFailure(f"SITE_URL: {found} is not allowed; give https://host/ or https://host/some/path/")
    return found if found.endswith("/") else found + "/"


def refuse_loose(*, strict: bool) -> None:
    """No page is made whose numbers nothing binds, or whose languages bind different ones. Raises BuildFailure.

    A draft that is being written is shown all the same, with what is wrong said.
    """
    found = [line for name in ("facts", "prose", "translations") for line in run_check(name) or ()]
    if found and strict:
        raise BuildFailure("\n".join(found))
    for line in found:
        print(line, file=sys.stderr)


def make_site(
    site_url: str, builders: Builders | None = None, *, strict: bool = True, last: Made | None = None
) -> Made:
    """Everything that the site consists of. Raises BadData, BadNotebook, BuildFailure.

    `last`: a build whose assets and notebooks are taken as they are, and whose checks stand: pages alone are made.
    """
    compiled_json()  # bad data is told before all else
    if last:
        return replace(last, pages=build_pages(last.shared, last.assets.theme, builders, strict=strict))
    with ThreadPoolExecutor(2) as beside:  # the assets' steps are processes of their own
        loose = beside.submit(refuse_loose, strict=strict)
        notebooks = beside.submit(build_notebooks, fresh=strict)
        assets = build_assets()
    loose.result()
    shared = PageBuild(site_url, assets.modules, assets.model, notebooks.result(), commit_epoch())
    return Made(assets, build_pages(shared, assets.theme, builders, strict=strict), shared)


def build(
    out: Path, site_url: str, builders: Builders | None = None, *, strict: bool = True, last: Made | None = None
) -> Made:
    """The whole site into `out`; `last`: see `make_site`. Raises BadData, BadNotebook, BuildFailure."""
    made = make_site(site_url, builders, strict=strict, last=last)
    # A draft changes at every save; a service worker would keep old ones.
    assemble(out, made, offline=strict)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.build", description=__doc__.splitlines()[0])
    parser.add_argument("--site-url", help="where the site will stand, for instance https://host/some/path/")
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="folder to write (default: site)")
    arguments = parser.parse_args(argv)
    started = time.monotonic()
    try:
        if arguments.site_url:
            os.environ["SITE_URL"] = arguments.site_url
        build(arguments.out, configured_site_url())
    except (BadData, BadNotebook, BuildFailure) as bad:
        print(bad, file=sys.stderr)
        return 1
    print(f"build: {arguments.out} is ready ({time.monotonic() - started:.1f} s)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

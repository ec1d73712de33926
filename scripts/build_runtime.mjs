// Makes the Python runtime and the engine for the browser out of npm's `pyodide` and `calculators/`.
// Usage: node scripts/build_runtime.mjs --dataset FILE --cases FILE --runtime DIR --engine DIR [--help]
// FILE cases: JSON [[request, reply of CPython], …]; the engine that starts from its memory must give the same bytes.
// DIR runtime: pyodide.mjs, pyodide.asm.mjs, pyodide.asm.wasm, stdlib.zip (byte code of the modules that the engine loads).
// DIR engine: heap.wasm (the started engine's memory); without it the engine starts from engine.zip (byte code of
// calculators/), dataset.json and stdlib.zip.
import { loadPyodide } from "pyodide";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
// @ts-expect-error Pyodide declares no types for it
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import { heapOptions, packHeap } from "../docs/_theme/modules/engine-heap.js";

const { values } = parseArgs({
  options: {
    dataset: { type: "string" }, cases: { type: "string" }, runtime: { type: "string" }, engine: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help || !values.dataset || !values.cases || !values.runtime || !values.engine) {
  console.log("node scripts/build_runtime.mjs --dataset FILE --cases FILE --runtime DIR --engine DIR");
  process.exit(values.help ? 0 : 2);
}

const pyodideFolder = path.resolve("node_modules/pyodide") + "/";
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "engine-"));
process.on("exit", () => fs.rmSync(scratch, { recursive: true }));
for (const folder of [values.runtime, values.engine]) fs.mkdirSync(folder, { recursive: true });
for (const file of ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"]) {
  fs.copyFileSync(pyodideFolder + file, path.join(values.runtime, file));
}
fs.copyFileSync(values.dataset, path.join(values.engine, "dataset.json"));
const dataset = new Uint8Array(fs.readFileSync(values.dataset));

// What Pyodide imports for event loops and packages, of which the engine has none, is half of a started Python. What
// it asks of these modules while it starts is all that is left; the imports keep JavaScript's objects in their order.
const SLIM = {
  "asyncio/__init__.py": `
def get_event_loop():
    raise RuntimeError("the engine waits for nothing")
`,
  "pyodide/webloop.py": `
from pyodide_js._api import scheduleCallback
def _initialize_event_loop():
    pass
`,
  "pyodide/_package_loader.py": `
from pyodide_js import loadedPackages
class Folder:
    def __init__(self, path):
        self.path = path
    def __str__(self):
        return self.path
SITE_PACKAGES = Folder("/lib/python3.14/site-packages")
DSO_DIR = Folder("/usr/lib")
def init_loaded_packages():
    pass
`,
};

const { stdlib, engine, slim } = await zips();
fs.writeFileSync(path.join(values.runtime, "stdlib.zip"), stdlib);
fs.writeFileSync(path.join(values.engine, "engine.zip"), engine);
const info = JSON.parse(fs.readFileSync(pyodideFolder + "pyodide-lock.json", "utf8")).info;
// The worker tells Pyodide that there are no packages; it wants to know which build it is.
fs.writeFileSync(path.join(values.runtime, "build.json"), JSON.stringify(info));
const heap = await memory();
fs.writeFileSync(path.join(values.engine, "heap.wasm"), heap);
await compare(heap);

/** Three zips of byte code: the library's modules that are used, the engine, and both as they are put into the memory. */
async function zips() {
  const py = await loadPyodide({ indexURL: pyodideFolder });
  // The modules that CPython alone uses stay out: the browser part is the standard library's.
  const cpythonOnly = new Set(["claim_checks.py", "claims.py", "cli.py", "__main__.py", "load.py", "data_checks.py", "data_files.py", "evidence.py", "figure_checks.py", "measurement_file.py", "sentence_checks.py",
    "validation.py", "validation_report.py"]);
  py.FS.mkdirTree("/source/calculators");
  for (const file of fs.readdirSync("calculators").filter((f) => f.endsWith(".py") && !cpythonOnly.has(f))) {
    py.FS.writeFile(`/source/calculators/${file}`, fs.readFileSync(`calculators/${file}`));
  }
  py.FS.writeFile("/dataset.json", dataset);
  py.globals.set("slim", py.toPy(SLIM));
  const made = py.runPython(`
import importlib._bootstrap_external as bootstrap, importlib.util, io, json, pathlib, sys, types, zipfile
sys.path.insert(0, "/source")
import calculators.worker as worker
from calculators.answer import CALCULATORS
import traceback  # an error must be able to say itself
import zipimport  # the trimmed library and the engine are zips

# Every path through the engine once, so that no module is missing later.
worker.open_dataset(pathlib.Path("/dataset.json").read_text())
for command in CALCULATORS:
    for scenario in ({}, {"isl": "x", "modle": 1}):
        worker.ask(json.dumps({"command": command, "scenario": scenario, "lang": "ja", "explain": True}))
used = {m.__spec__.origin.split("python314.zip/")[1] for m in list(sys.modules.values())
        if "python314.zip/" in str(getattr(getattr(m, "__spec__", None), "origin", ""))}

def without_lines(code):
    """Only a traceback would say the lines; they weigh a tenth of what is downloaded."""
    inner = (without_lines(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_linetable=b"", co_consts=tuple(inner))

def byte_code(source, name, optimize, change=lambda code: code):
    code = change(compile(source, name, "exec", dont_inherit=True, optimize=optimize))
    # Unchecked hash: the same bytes in every build, and nothing to compare at start.
    return bytes(bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False))

def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, content in files:
            # Deflated here, since most hosts do not compress .zip on the way.
            z.writestr(zipfile.ZipInfo(name + "c", (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()

with zipfile.ZipFile("/lib/python314.zip") as library:
    modules = {name: library.read(name) for name in sorted(used)}
own = {f"calculators/{p.name}": p.read_bytes() for p in sorted(pathlib.Path("/source/calculators").glob("*.py"))}
LIBRARY, ENGINE = 2, 1  # the engine keeps its docstrings: they are the formulas of "show the calculation"
stdlib = zipped((name, byte_code(source, name, LIBRARY)) for name, source in modules.items())
engine = zipped((name, byte_code(source, name, ENGINE)) for name, source in own.items())
modules |= {name: source.encode() for name, source in slim.items()}
slim_zip = zipped(
    (name, byte_code(source, name, level, without_lines))
    for level, files in ((LIBRARY, modules), (ENGINE, own))
    for name, source in files.items()
)
(stdlib, engine, slim_zip)
`);
  const [stdlib, engine, slim] = made.toJs();
  return { stdlib, engine, slim };
}

/** @param {string} library a zip of byte code */
function options(library) {
  const lock = { info, packages: {} };
  return { indexURL: pyodideFolder, stdLibURL: library, lockFileContents: JSON.stringify(lock), packageBaseUrl: pyodideFolder };
}

/** @param {string} name @param {Uint8Array} content */
function scratchFile(name, content) {
  fs.writeFileSync(path.join(scratch, name), content);
  return path.join(scratch, name);
}

/** Starts Python and the engine, and packs the memory. The same bytes each time: nothing in it may come from clock or chance. */
async function memory() {
  standStill();
  const py = await loadPyodide({
    ...options(scratchFile("slim.zip", slim)),
    _makeSnapshot: true,
    // Else the builder's language would stand in the memory.
    env: { HOME: "/home/pyodide", LANG: "en_US.UTF-8", PYTHONHASHSEED: "0" },
  });
  py.FS.writeFile("/dataset.json", dataset);
  py.runPython(`
import gc, json, linecache, random, re, sys, traceback, zipimport
from calculators import worker
from calculators.answer import CALCULATORS

with open("/dataset.json", encoding="utf-8") as file:
    worker.open_dataset(file.read())
for command in CALCULATORS:  # what runs for the first time is slower
    for lang in ("en", "ja"):
        worker.ask(json.dumps({"command": command, "scenario": {}, "lang": lang, "page": True}))
zipimport._zip_directory_cache.clear()
sys.path_importer_cache.clear()
linecache.clearcache()
re.purge()
random.seed(0)
sys._clear_internal_caches()
gc.collect()
`);
  wipe(/** @type {any} */ (py)._module);
  const snapshot = py.makeMemorySnapshot();
  const [, at, stateLength] = new Uint32Array(snapshot.buffer, snapshot.byteOffset, 3);
  const stateAt = 48; // after magic number, lengths and build id
  const state = JSON.parse(new TextDecoder().decode(snapshot.subarray(stateAt, stateAt + stateLength)));
  const heap = snapshot.subarray(at);
  /** @type {Uint8Array | undefined} */
  let fresh;
  await loadPyodide({
    ...options(scratchFile("empty.zip", emptyZip())),
    _loadSnapshot: snapshot,
    createPyodideModule: async (/** @type {any} */ settings) => {
      const module = await createPyodideModule(settings);
      fresh = new Uint8Array(module.HEAP8).slice();
      return module;
    },
  });
  if (!fresh || fresh.length !== heap.length) {
    throw new Error(`build_runtime: the engine's memory has grown to ${heap.length} bytes, only ${fresh?.length} can be restored; make the dataset smaller`);
  }
  return packHeap(/** @type {any} */ (py)._api.config.BUILD_ID, state, heap, fresh);
}

/** Fills what is free with zeros: takes it piece by piece, until there is no piece of a size left, and gives it back. @param {any} module */
function wipe(module) {
  /** @type {number[]} */
  const taken = [];
  for (let size = 65536; size >= 8; size = size > 512 ? Math.floor(size / 10) * 8 : size - 8) {
    const end = module._sbrk(0);
    while (module._sbrk(0) === end) {
      const start = module._malloc(size);
      module.HEAPU8.fill(0, start, start + module._malloc_usable_size(start));
      taken.push(start);
    }
  }
  for (const start of taken) module._free(start);
}

/** Clock, time zone, chance and this script's place stand still from here on. */
function standStill() {
  process.argv.splice(1);
  process.env.TZ = "UTC";
  Date.now = () => 0;
  performance.now = () => 0;
  Object.assign(crypto, { randomFillSync: (/** @type {Uint8Array} */ view) => view.fill(0) });
}

/** A zip without files: what is in the memory needs no library. */
function emptyZip() {
  return Uint8Array.of(80, 75, 5, 6, ...Array(18).fill(0));
}

/** Asks the engine that starts from this memory what CPython was asked. @param {Uint8Array} heap */
async function compare(heap) {
  const library = scratchFile("empty.zip", emptyZip());
  const py = await loadPyodide({ ...options(library), ...heapOptions(Promise.resolve(heap), createPyodideModule) });
  const ask = py.runPython("from calculators import worker; worker.ask");
  /** @type {[string, string][]} */
  const cases = JSON.parse(fs.readFileSync(/** @type {string} */ (values.cases), "utf8"));
  for (const [request, expected] of cases) {
    const reply = ask(request);
    if (reply === expected) continue;
    let at = 0;
    while (reply[at] === expected[at]) at++;
    const [here, there] = [reply, expected].map((text) => text.slice(Math.max(0, at - 60), at + 60));
    throw new Error(`build_runtime: ${request}: the browser's engine says …${here}…, CPython …${there}…`);
  }
}

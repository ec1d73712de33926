// Makes the Python runtime and the engine for the browser out of npm's `pyodide` and `calculators/`.
// Usage: node scripts/build_runtime.mjs --dataset FILE --runtime DIR --engine DIR [--help]
// DIR runtime: pyodide.mjs, pyodide.asm.mjs, pyodide.asm.wasm, stdlib.zip (byte code of the modules that the engine loads).
// DIR engine: engine.zip (byte code of calculators/), dataset.json.
import { loadPyodide } from "pyodide";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { dataset: { type: "string" }, runtime: { type: "string" }, engine: { type: "string" }, help: { type: "boolean" } },
});
if (values.help || !values.dataset || !values.runtime || !values.engine) {
  console.log("node scripts/build_runtime.mjs --dataset FILE --runtime DIR --engine DIR");
  process.exit(values.help ? 0 : 2);
}

const pyodideFolder = path.resolve("node_modules/pyodide");
for (const folder of [values.runtime, values.engine]) fs.mkdirSync(folder, { recursive: true });
for (const file of ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"]) {
  fs.copyFileSync(path.join(pyodideFolder, file), path.join(values.runtime, file));
}
fs.copyFileSync(values.dataset, path.join(values.engine, "dataset.json"));

const py = await loadPyodide({ indexURL: pyodideFolder + "/" });
// The modules that CPython alone uses stay out: the browser part is the standard library's.
const cpythonOnly = new Set(["cli.py", "__main__.py", "load.py", "data_checks.py", "data_files.py", "measurement_file.py", "validation.py",
  "validation_report.py"]);
py.FS.mkdirTree("/source/calculators");
for (const file of fs.readdirSync("calculators").filter((f) => f.endsWith(".py") && !cpythonOnly.has(f))) {
  py.FS.writeFile(`/source/calculators/${file}`, fs.readFileSync(`calculators/${file}`));
}
py.FS.writeFile("/dataset.json", fs.readFileSync(values.dataset));

const zips = py.runPython(`
import importlib._bootstrap_external as bootstrap, importlib.util, io, pathlib, sys, zipfile
sys.path.insert(0, "/source")
import calculators.worker as worker
import traceback  # an error must be able to say itself
import zipimport  # the trimmed library and the engine are zips

# Every path through the engine once, so that no module is missing later.
worker.open_dataset(pathlib.Path("/dataset.json").read_text())
for command in ("fit", "speed", "cost"):
    for lang in ("en", "ja"):
        worker.ask('{"command": "%s", "scenario": {}, "lang": "%s"}' % (command, lang))
        worker.ask('{"command": "%s", "scenario": {"isl": "x", "modle": 1}, "lang": "%s"}' % (command, lang))
used = {m.__spec__.origin.split("python314.zip/")[1] for m in list(sys.modules.values())
        if "python314.zip/" in str(getattr(getattr(m, "__spec__", None), "origin", ""))}

def byte_code(source, name):
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    # Unchecked hash: the same bytes in every build, and nothing to compare at start.
    return bytes(bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False))

def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, content in files:
            # Deflated here, since most hosts do not compress .zip on the way.
            z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()

with zipfile.ZipFile("/lib/python314.zip") as library:
    stdlib = zipped((name + "c", byte_code(library.read(name), name)) for name in sorted(used))
sources = sorted(pathlib.Path("/source/calculators").glob("*.py"))
engine = zipped((f"calculators/{p.name}c", byte_code(p.read_bytes(), f"calculators/{p.name}")) for p in sources)
(stdlib, engine)
`);
const [stdlib, engine] = zips.toJs();
fs.writeFileSync(path.join(values.runtime, "stdlib.zip"), stdlib);
fs.writeFileSync(path.join(values.engine, "engine.zip"), engine);
// The worker tells Pyodide that there are no packages; it wants to know which build it is.
const { info } = JSON.parse(fs.readFileSync(path.join(pyodideFolder, "pyodide-lock.json"), "utf8"));
fs.writeFileSync(path.join(values.runtime, "build.json"), JSON.stringify(info));

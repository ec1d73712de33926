// Bundles the browser modules, workers and styles of docs/_theme into one folder of static files.
// Usage: node scripts/bundle.mjs --out DIR [--theme DIR] --define JSON [--page FILE] [--help]
// --page bundles this script alone, for a test or a benchmark. Otherwise DIR receives main.js (page entry, split into
// chunks), one file per worker, the theme's script, site.css of every page (with the theme's styles) and one stylesheet
// per kind of element.
import { build } from "esbuild";
import { copyFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { kernels } from "./build_kernels.mjs";

const { values } = parseArgs({
  options: {
    out: { type: "string" }, theme: { type: "string" }, define: { type: "string", default: "{}" }, page: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help || !values.out) {
  console.log("node scripts/bundle.mjs --out DIR [--theme DIR] --define '{\"NAME\": \"text put in place of NAME\"}'");
  process.exit(values.help ? 0 : 2);
}

const source = "docs/_theme";
const define = Object.fromEntries(Object.entries(JSON.parse(values.define)).map(([k, v]) => [k, JSON.stringify(v)]));
/** @type {import("esbuild").BuildOptions} */
const shared = {
  bundle: true, minify: true, outdir: values.out, target: "es2022", legalComments: "none", logLevel: "warning",
  define, conditions: ["browser"], loader: { ".svg": "dataurl" },
};

if (values.page) {
  const unused = { MODEL_FILES: '"[]"' };
  await build({ ...shared, entryPoints: [values.page], format: "esm", plugins: [kernels], define: unused });
  process.exit();
}

await build({ ...shared, entryPoints: [`${source}/modules/main.js`], format: "esm", charset: "utf8", splitting: true, chunkNames: "chunk-[hash]" });
// A worker is one file: it is imported by a blob, which has no base for relative chunks.
const workers = ["engine-worker", "chat-worker", "hub-worker", "chat-thread", "usage-worker", "probe-worker"].map((name) => `${source}/modules/${name}.js`);
await build({ ...shared, entryPoints: workers, format: "esm", plugins: [kernels],
  // Paths of Pyodide and ONNX Runtime are URLs known at run time only.
  external: ["node:*"] });
const classic = ["search-worker", "theme-start", "chooser", "offline-worker"].map((name) => `${source}/modules/${name}.js`);
await build({ ...shared, entryPoints: classic, format: "iife" });
const sheets = ["chooser", "home", "charts", "calculator", "data-table", "on-device-chat", "price-chart", "book-figure",
  "reactive-sentence", "usage-import", "device-probe", "speed-replay", "notebooks", "offline"];
await build({ ...shared, entryPoints: sheets.map((name) => `${source}/styles/${name}.css`) });
if (values.theme) { // without it: the modules alone, for a test
  const contents = `@import ${JSON.stringify(resolve(values.theme, "theme.css"))};\n@import "./site.css";`;
  await build({ ...shared, stdin: { contents, loader: "css", resolveDir: `${source}/styles` },
    outdir: undefined, outfile: `${values.out}/site.css` });
  copyFileSync(`${values.theme}/theme.js`, `${values.out}/theme.js`);
}

// Runs the Python engine (Pyodide) in a worker. Messages in: ask {id, request}. Messages out: progress {loaded, total} in
// bytes, ready, answer {id, reply}, failed {code, reason} (no engine), broken {id, reason} (one question).
// It starts from the engine's memory (heap.wasm); where that fails, from the library, the engine and the dataset.
import { heapOptions } from "./engine-heap.js";
import { hexDigest } from "./hex-digest.js";

const site = new URL("../../", import.meta.url);
const runtime = new URL(RUNTIME_PATH, site).href;
/** @type {Record<string, { path: string, bytes: number, sha256: string }>} */
const FILES = JSON.parse(ENGINE_FILES);
// The smallest module there is: asks whether WebAssembly may be compiled at all. Pyodide would hang instead of saying no.
const SMALLEST_MODULE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const EMPTY_ZIP = Uint8Array.of(80, 75, 5, 6, ...Array(18).fill(0));
const WARM_UP = JSON.stringify({ command: "fit", scenario: {}, lang: "en" });
const REPORT_MS = 50;

/** @typedef {(request: string) => string} Ask */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** @type {Map<string, number>} bytes read, by file */
const loaded = new Map();
let reported = 0;

/** @param {string} name */
const urlOf = (name) => new URL(FILES[name].path, site).href;
/** @type {Set<string>} files that came with bytes that are not the build's */
const damaged = new Set();

function report() {
  const now = performance.now();
  if (now - reported < REPORT_MS) return;
  reported = now;
  let sum = 0, total = 0;
  for (const [name, bytes] of loaded) [sum, total] = [sum + bytes, total + FILES[name].bytes];
  postMessage({ type: "progress", loaded: sum, total });
}

/**
 * A file of the build, its length and hash compared. A damaged one is fetched once more, past every cache on the way.
 * @param {string} name
 * @param {(part: Uint8Array) => void} [pass] gets the parts as they arrive the first time
 */
async function checked(name, pass) {
  for (const cache of /** @type {const} */ (["default", "reload"])) {
    const bytes = await download(name, cache, cache === "default" ? pass : undefined);
    if (bytes && (await matches(name, bytes))) return bytes;
    damaged.add(name);
  }
  throw new Error(`${name}: SHA-256`);
}

/**
 * @param {string} name
 * @param {RequestCache} cache
 * @param {(part: Uint8Array) => void} [pass]
 * @returns {Promise<Bytes | undefined>} nothing if the length is wrong
 */
async function download(name, cache, pass) {
  const size = FILES[name].bytes;
  loaded.set(name, 0);
  const response = await fromNetwork(urlOf(name), { cache });
  if (!response.ok) throw new Error(`${name}: HTTP ${response.status}`);
  const bytes = new Uint8Array(size);
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  for (let at = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return at === size ? bytes : undefined;
    if (at + value.length > size) {
      await reader.cancel();
      return undefined;
    }
    bytes.set(value, at);
    pass?.(value);
    loaded.set(name, (at += value.length));
    report();
  }
}

/** Browsers offer hashing on https and localhost only; elsewhere the length must do. @param {string} name @param {Bytes} bytes */
async function matches(name, bytes) {
  if (!globalThis.crypto?.subtle) return true;
  return (await hexDigest("SHA-256", bytes)) === FILES[name].sha256;
}

/** A module of the build; the import finds in the browser's cache what was checked. @param {string} name */
async function script(name) {
  await checked(name);
  return import(/* @vite-ignore */ urlOf(name));
}

/** @type {Map<string, BodyInit>} what Pyodide will fetch by itself: it gets what was checked */
const given = new Map();
const fromNetwork = self.fetch.bind(self);
self.fetch = async (input, init) => {
  const body = given.get(String(input));
  return body ? new Response(body, { headers: { "content-type": "application/wasm" } }) : fromNetwork(input, init);
};

/** Pyodide's code is compiled while it arrives, and ends only when the hash was right. @returns whether it was at once */
async function giveCode() {
  const name = "pyodide.asm.wasm";
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  let arriving;
  given.set(urlOf(name), new ReadableStream({ start: (controller) => void (arriving = controller) }));
  const bytes = await checked(name, (part) => arriving?.enqueue(part));
  given.set(urlOf(name), bytes); // for a second start
  if (damaged.has(name)) return false;
  arriving?.close();
  return true;
}

async function start() {
  try {
    await WebAssembly.compile(SMALLEST_MODULE);
  } catch {
    throw Object.assign(new Error("WebAssembly"), { code: "engine-blocked" });
  }
  const code = giveCode();
  const heap = checked("heap.wasm");
  for (const file of [code, heap]) file.catch(() => {}); // told below
  const [{ loadPyodide }, { default: create }] = await Promise.all([script("pyodide.mjs"), script("pyodide.asm.mjs")]);
  // No packages and no other place to get them from: nothing can lead to a foreign host.
  const lockFileContents = { info: JSON.parse(PYODIDE_INFO), packages: {} };
  const options = { indexURL: runtime, stdLibURL: urlOf("stdlib.zip"), lockFileContents, packageBaseUrl: runtime };
  /** @param {object} more @returns {Promise<any>} */
  const load = (more) => {
    const python = loadPyodide({ ...options, ...more });
    // One that was given damaged code waits for its end forever.
    return Promise.race([python, code.then((atOnce) => (atOnce ? python : loadPyodide({ ...options, ...more })))]);
  };

  const fromHeap = async () => {
    given.set(urlOf("stdlib.zip"), EMPTY_ZIP);
    const py = await load(heapOptions(heap, create));
    return py.runPython("from calculators import worker; worker.ask");
  };
  const fromFiles = async () => {
    const files = ["stdlib.zip", "engine.zip", "dataset.json"].map((name) => checked(name));
    const [library, engine, dataset] = await Promise.all(files);
    given.set(urlOf("stdlib.zip"), library);
    const py = await load({ createPyodideModule: create });
    py.FS.writeFile("/engine.zip", engine);
    py.FS.writeFile("/dataset.json", dataset);
    return py.runPython(`
import sys
sys.path.insert(0, "/engine.zip")
from calculators import worker
with open("/dataset.json", encoding="utf-8") as file:
    worker.open_dataset(file.read())
worker.ask
`);
  };
  let inMemory = true;
  /** @param {unknown} error @returns {Promise<Ask>} */
  const withoutMemory = async (error) => {
    await code; // without it there is nothing to start
    if (!inMemory) throw error;
    inMemory = false;
    console.warn("The engine starts without its memory snapshot:", error);
    return fromFiles();
  };
  let ask = await fromHeap().catch(withoutMemory);
  if (!asked) ask(WARM_UP); // the first answer compiles much of WebAssembly; a question that waits does so by itself
  return async (/** @type {string} */ request) => {
    try {
      return ask(request);
    } catch (error) {
      ask = await withoutMemory(error); // perhaps a module that is not in the memory
      return ask(request);
    }
  };
}

let asked = false;
postMessage({ type: "progress", loaded: 0, total: 0 }); // the page knows now that this file was there
const ready = start();
ready.then(
  () => postMessage({ type: "ready" }),
  (error) => postMessage({ type: "failed", code: error.code ?? "engine-failed", reason: String(error.message ?? error).split("\n")[0] }),
);

addEventListener("message", async ({ data }) => {
  if (data.type !== "ask") return;
  asked = true;
  const ask = await ready.catch(() => undefined); // told already
  if (!ask) return;
  try {
    postMessage({ type: "answer", id: data.id, reply: await ask(JSON.stringify(data.request)) });
  } catch (error) {
    console.error(error); // the traceback, for whoever opens the console
    postMessage({ type: "broken", id: data.id, reason: String(error).trim().split("\n").pop() });
  }
});

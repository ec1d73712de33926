// Runs the Python engine (Pyodide) in a worker. Messages in: ask {id, request}. Messages out: progress {loaded, total},
// ready, answer {id, reply}, failed {code, reason} (no engine), broken {id, reason} (one question).
const site = new URL("../../", import.meta.url);
const runtime = new URL(RUNTIME_PATH, site).href;
const engine = new URL(ENGINE_PATH, site).href;
// The smallest module there is: asks whether WebAssembly may be compiled at all. Pyodide would hang instead of saying no.
const SMALLEST_MODULE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

/** @param {string} url */
async function bytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${new URL(url).pathname.split("/").pop()}: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @returns {Promise<(request: string) => string>} */
async function start() {
  try {
    await WebAssembly.compile(SMALLEST_MODULE);
  } catch {
    throw Object.assign(new Error("WebAssembly"), { code: "engine-blocked" });
  }
  const engineBytes = bytes(`${engine}engine.zip`), dataset = bytes(`${engine}dataset.json`);
  const info = JSON.parse(new TextDecoder().decode(await bytes(`${runtime}build.json`)));
  const { loadPyodide } = await import(/* @vite-ignore */ `${runtime}pyodide.mjs`);
  const py = await loadPyodide({
    indexURL: runtime,
    stdLibURL: `${runtime}stdlib.zip`,
    // No packages and no other place to get them from: nothing can lead to a foreign host.
    lockFileContents: { info, packages: {} },
    packageBaseUrl: runtime,
  });
  postMessage({ type: "progress" });
  py.FS.writeFile("/engine.zip", await engineBytes);
  py.FS.writeFile("/dataset.json", await dataset);
  return py.runPython(`
import sys
sys.path.insert(0, "/engine.zip")
from calculators import worker
with open("/dataset.json", encoding="utf-8") as file:
    worker.open_dataset(file.read())
worker.ask
`);
}

postMessage({ type: "progress" }); // the page knows now that this file was there
const ready = start();
ready.then(
  () => postMessage({ type: "ready" }),
  (error) => postMessage({ type: "failed", code: error.code ?? "engine-failed", reason: String(error.message ?? error).split("\n")[0] }),
);

addEventListener("message", async ({ data }) => {
  if (data.type !== "ask") return;
  try {
    const reply = (await ready)(JSON.stringify(data.request));
    postMessage({ type: "answer", id: data.id, reply: JSON.parse(reply) });
  } catch (error) {
    console.error(error); // the traceback, for whoever opens the console
    postMessage({ type: "broken", id: data.id, reason: String(error).trim().split("\n").pop() });
  }
});

// Measures the device in a worker, so that the page stays responsive. It carries its kernel inside: nothing is fetched.
//
// Page to worker: {backend: "wasm" | "webgpu" | "", ms}; "" takes WebGPU where there is a real graphics processor.
// Worker to page: {type: "progress", share}, then {type: "result", …} or {type: "error", code} (id in data/strings/probe.yml).
import { probeWasm } from "./probe-wasm.js";
import { probeWebGpu } from "./probe-webgpu.js";

/** @typedef {{ type: "progress", share: number } | { type: "error", code: string }
 *   | ({ type: "result", backend: "wasm" | "webgpu", adapter: string } & import("./probe-wasm.js").Measured)} Report */

/** @param {Report} report */
const post = (report) => postMessage(report);
/** @param {number} share */
const progress = (share) => post({ type: "progress", share });

/** @param {string} wanted */
async function adapterFor(wanted) {
  if (wanted === "wasm") return null;
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter && (wanted === "webgpu" || !adapter.info.isFallbackAdapter) ? adapter : null;
}

/** @param {string} wanted @param {number} ms */
async function probe(wanted, ms) {
  const adapter = await adapterFor(wanted).catch(() => null);
  if (wanted === "webgpu" && !adapter) return post({ type: "error", code: "no-webgpu" });
  if (adapter) {
    try {
      const { vendor, architecture, description } = adapter.info;
      const name = description || [vendor, architecture].filter(Boolean).join(" ");
      return post({ type: "result", backend: "webgpu", adapter: name, ...(await probeWebGpu(adapter, ms, progress)) });
    } catch (error) {
      console.warn("probe:", error);
      if (wanted) return post({ type: "error", code: "webgpu-failed" });
    }
  }
  try {
    post({ type: "result", backend: "wasm", adapter: "", ...(await probeWasm(ms, progress)) });
  } catch (error) {
    console.warn("probe:", error);
    post({ type: "error", code: error instanceof RangeError ? "no-memory" : "no-wasm" });
  }
}

onmessage = ({ data: { backend, ms } }) => void probe(backend, ms);

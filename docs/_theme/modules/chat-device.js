// What this device offers the model, as far as the page can tell before anything is loaded.

/** More helpers than this gain little and heat a phone. */
const MAX_THREADS = 4;

/**
 * WebGPU where the browser offers a real adapter; a software one is slower than WASM.
 * @returns {Promise<{ backend: import("./chat-protocol.d.ts").Backend, reason?: string }>} `reason`: why not WebGPU
 */
export async function chooseBackend() {
  if (!navigator.gpu) return { backend: "wasm", reason: "on_processor_no_webgpu" };
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter && !adapter.info.isFallbackAdapter) return { backend: "webgpu" };
  } catch {
    // As good as none.
  }
  return { backend: "wasm", reason: "on_processor_no_adapter" };
}

/** Threads share memory, which browsers allow on isolated pages only. */
export function threadsHere() {
  return globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, MAX_THREADS) : 1;
}

/**
 * @param {number} tokens
 * @param {number} ms from the first to the last
 * @returns {number | undefined} tokens a second; one token has no rate
 */
export function rate(tokens, ms) {
  return tokens > 1 && ms > 0 ? ((tokens - 1) * 1000) / ms : undefined;
}

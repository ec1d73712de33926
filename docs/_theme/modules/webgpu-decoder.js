// The model on the graphics processor: ONNX Runtime over the same packed weights. Keys and values stay there.

import * as ort from "onnxruntime-web/webgpu";
import { DemoError, asDemoError } from "./demo-error.js";
import { chooseWebGpu } from "./webgpu-choice.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Manifest} Manifest
 * @typedef {Map<string, Uint8Array<ArrayBuffer>>} Files
 */

const RUNTIME = "ort-wasm-simd-threaded.asyncify.wasm";

/**
 * The best adapter and what it is fit for.
 * @param {Manifest} manifest
 * @throws {DemoError} webgpu_missing, webgpu_no_adapter, webgpu_limit
 */
export async function findAdapter(manifest) {
  if (!navigator.gpu) throw new DemoError("webgpu_missing");
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new DemoError("webgpu_no_adapter");
  const largest = Math.max(...Object.values(manifest.tensors).map(([, , length]) => length));
  const limits = /** @type {Record<string, number>} */ (/** @type {unknown} */ (adapter.limits));
  return { adapter, ...chooseWebGpu({ features: adapter.features, limits }, largest) };
}

export class WebGpuDecoder {
  backend = /** @type {const} */ ("webgpu");
  threads = 1;
  /** Tokens that read() takes at once. */ batch = 128;
  /** Unknown: the browser does not tell. */ memoryBytes = 0;
  /** Tokens whose keys and values are known. */ length = 0;
  /** @type {Record<string, ort.Tensor>} */ #cache = {};
  #session;
  #device;
  #lost;

  /**
   * @param {ort.InferenceSession} session
   * @param {GPUDevice} device
   * @param {string} adapter its name
   * @param {"fp16" | "fp32"} precision
   */
  constructor(session, device, adapter, precision) {
    this.#session = session;
    this.#device = device;
    this.adapter = adapter;
    this.precision = precision;
    this.#lost = device.lost.then(() => { throw new DemoError("webgpu_lost"); });
    this.#lost.catch(() => {}); // whoever computes hears of it
  }

  /**
   * @param {Manifest} manifest
   * @param {Files} files read while the session is made, not kept
   * @returns {Promise<WebGpuDecoder>}
   * @throws {DemoError} those of findAdapter, webgpu_failed, out_of_memory
   */
  static async create(manifest, files) {
    const { adapter, precision, requiredFeatures, requiredLimits } = await findAdapter(manifest);
    const externalData = [...files].filter(([name]) => name.endsWith(".bin")).map(([path, data]) => ({ path, data }));
    const graph = /** @type {Uint8Array} */ (files.get(`webgpu-${precision}.onnx`));
    try {
      const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
      ort.env.logLevel = "error";
      // More threads need headers that a static host does not send, and the graphics processor does the work.
      ort.env.wasm.numThreads = 1;
      ort.env.wasm.wasmBinary = files.get(RUNTIME)?.buffer;
      const session = await ort.InferenceSession.create(graph, {
        executionProviders: [/** @type {any} */ ({ name: "webgpu", device })],
        externalData,
        preferredOutputLocation: Object.fromEntries(cacheNames(manifest, "present").map((name) => [name, "gpu-buffer"])),
      });
      ort.env.wasm.wasmBinary = undefined;
      const { vendor, architecture, description } = adapter.info;
      const name = description || [vendor, architecture].filter(Boolean).join(" ");
      const decoder = new WebGpuDecoder(session, device, name, precision);
      decoder.#empty(manifest);
      return decoder;
    } catch (error) {
      throw asDemoError(error, "webgpu_failed");
    }
  }

  /** @param {Manifest} manifest */
  #empty(manifest) {
    const type = this.precision === "fp16" ? "float16" : "float32";
    const none = type === "float16" ? new Uint16Array(0) : new Float32Array(0);
    const dims = [1, manifest.shape.kv_heads, 0, manifest.shape.width / manifest.shape.heads];
    this.#none = Object.fromEntries(cacheNames(manifest, "past").map((name) => [name, new ort.Tensor(type, /** @type {any} */ (none), dims)]));
    this.#cache = this.#none;
  }
  /** @type {Record<string, ort.Tensor>} */ #none = {};

  /**
   * Reads tokens behind those it knows.
   * @param {number[]} ids at most `batch`
   * @returns {Promise<Float32Array>} scores of what follows the last one
   * @throws {DemoError} webgpu_lost
   */
  async read(ids) {
    const total = this.length + ids.length;
    const run = this.#session.run({
      input_ids: new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
      last_position: new ort.Tensor("int32", [total - 1], [1]),
      total_length: new ort.Tensor("int32", [total], [1]),
      wanted: new ort.Tensor("int64", [BigInt(ids.length - 1)], [1]),
      ...this.#cache,
    });
    run.catch(() => {}); // of no interest once the device is lost
    const { logits, ...present } = await Promise.race([run, this.#lost]);
    this.#release();
    this.#cache = Object.fromEntries(Object.entries(present).map(([name, tensor]) => [name.replace("present", "past"), tensor]));
    this.length = total;
    return /** @type {Float32Array} */ (logits.data);
  }

  /** Forgets all but the first tokens; this cache can only be forgotten whole. @param {number} length */
  forget(length) {
    if (length >= this.length) return;
    this.#release();
    this.#cache = this.#none;
    this.length = 0;
  }

  #release() {
    if (this.#cache !== this.#none) for (const tensor of Object.values(this.#cache)) tensor.dispose();
  }

  async dispose() {
    this.#release();
    await this.#session.release();
    this.#device.destroy();
  }
}

/**
 * @param {Manifest} manifest
 * @param {string} prefix
 */
function cacheNames({ shape }, prefix) {
  return Array.from({ length: shape.layers }, (_, layer) => ["key", "value"].map((part) => `${prefix}.${layer}.${part}`)).flat();
}

// A model on the graphics processor: ONNX Runtime over a graph whose inputs a `Wiring` knows. Keys and values stay there.

import * as ort from "onnxruntime-web/webgpu";
import { DemoError, asDemoError } from "./demo-error.js";
import { chooseWebGpu } from "./webgpu-choice.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Manifest} Manifest
 * @typedef {Map<string, Uint8Array<ArrayBuffer>>} Files
 * @typedef {Record<string, ort.Tensor>} Tensors
 * @typedef {{ none: Tensors, feeds: (ids: number[], start: number) => Tensors, past: (output: string) => string,
 *             scores: (logits: ort.Tensor) => Promise<Float32Array> }} Wiring
 *          `none`: the cache before the first token; `feeds`: the other inputs for ids from this position on;
 *          `past`: the input that an output of the cache becomes; `scores`: of what follows the last id
 * @typedef {{ session: ort.InferenceSession, device: GPUDevice, adapter: string, precision: "fp16" | "fp32" }} Opened
 */

export const RUNTIME = "ort-wasm-simd-threaded.asyncify.wasm";

/**
 * The best adapter and what it is fit for.
 * @param {number} largestBytes of a tensor
 * @throws {DemoError} webgpu_missing, webgpu_no_adapter, webgpu_limit
 */
async function findAdapter(largestBytes) {
  if (!navigator.gpu) throw new DemoError("webgpu_missing");
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new DemoError("webgpu_no_adapter");
  const limits = /** @type {Record<string, number>} */ (/** @type {unknown} */ (adapter.limits));
  return { adapter, ...chooseWebGpu({ features: adapter.features, limits }, largestBytes) };
}

/**
 * A session on the best adapter.
 * @param {Files} files with the runtime and the graph
 * @param {(precision: "fp16" | "fp32") => string} graphFor name of the graph that computes so; may throw a DemoError
 * @param {ort.InferenceSession.SessionOptions} options
 * @param {number} [largestBytes] of a tensor, where known
 * @returns {Promise<Opened>}
 * @throws {DemoError} those of findAdapter and graphFor
 */
export async function openSession(files, graphFor, options, largestBytes = 0) {
  const { adapter, precision, requiredFeatures, requiredLimits } = await findAdapter(largestBytes);
  const graph = /** @type {Uint8Array} */ (files.get(graphFor(precision)));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  ort.env.logLevel = "error";
  // More threads need headers that a static host does not send, and the graphics processor does the work.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = files.get(RUNTIME)?.buffer;
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: [/** @type {any} */ ({ name: "webgpu", device })], ...options,
  });
  ort.env.wasm.wasmBinary = undefined;
  const { vendor, architecture, description } = adapter.info;
  return { session, device, adapter: description || [vendor, architecture].filter(Boolean).join(" "), precision };
}

export class WebGpuDecoder {
  backend = /** @type {const} */ ("webgpu");
  threads = 1;
  /** Tokens that read() takes at once. */ batch = 128;
  /** Unknown: the browser does not tell. */ memoryBytes = 0;
  /** Tokens whose keys and values are known. */ length = 0;
  /** @type {Tensors} */ #cache;
  #session;
  #device;
  #wiring;
  #lost;

  /**
   * @param {Opened} opened
   * @param {Wiring} wiring
   */
  constructor({ session, device, adapter, precision }, wiring) {
    this.#session = session;
    this.#device = device;
    this.#wiring = wiring;
    this.#cache = wiring.none;
    this.adapter = adapter;
    this.precision = precision;
    this.#lost = device.lost.then(() => { throw new DemoError("webgpu_lost"); });
    this.#lost.catch(() => {}); // whoever computes hears of it
  }

  /**
   * The demo's own model.
   * @param {Manifest} manifest
   * @param {Files} files read while the session is made, not kept
   * @returns {Promise<WebGpuDecoder>}
   * @throws {DemoError} those of openSession, webgpu_failed, out_of_memory
   */
  static async create(manifest, files) {
    const externalData = [...files].filter(([name]) => name.endsWith(".bin")).map(([path, data]) => ({ path, data }));
    const largest = Math.max(...Object.values(manifest.tensors).map(([, , length]) => length));
    try {
      const preferredOutputLocation = Object.fromEntries(cacheNames(manifest, "present").map((name) => [name, /** @type {const} */ ("gpu-buffer")]));
      const opened = await openSession(files, (precision) => `webgpu-${precision}.onnx`, { externalData, preferredOutputLocation }, largest);
      return new WebGpuDecoder(opened, ownWiring(manifest, opened.precision));
    } catch (error) {
      throw asDemoError(error, "webgpu_failed");
    }
  }

  /**
   * Reads tokens behind those it knows.
   * @param {number[]} ids at most `batch`
   * @param {boolean} [wanted] whether to fetch the scores of what follows the last one
   * @returns {Promise<Float32Array | undefined>}
   * @throws {DemoError} webgpu_lost
   */
  async read(ids, wanted = false) {
    const run = this.#session.run({ ...this.#wiring.feeds(ids, this.length), ...this.#cache });
    run.catch(() => {}); // of no interest once the device is lost
    const { logits, ...present } = await Promise.race([run, this.#lost]);
    this.#release();
    this.#cache = Object.fromEntries(Object.entries(present).map(([name, tensor]) => [this.#wiring.past(name), tensor]));
    this.length += ids.length;
    if (wanted) return Promise.race([this.#wiring.scores(logits), this.#lost]);
    logits.dispose();
    return undefined;
  }

  /** Forgets all but the first tokens; this cache can only be forgotten whole. @param {number} length */
  forget(length) {
    if (length >= this.length) return;
    this.#release();
    this.#cache = this.#wiring.none;
    this.length = 0;
  }

  #release() {
    if (this.#cache !== this.#wiring.none) for (const tensor of Object.values(this.#cache)) tensor.dispose();
  }

  async dispose() {
    this.#release();
    await this.#session.release();
    this.#device.destroy();
  }
}

/**
 * @param {Manifest} manifest
 * @param {"fp16" | "fp32"} precision
 * @returns {Wiring}
 */
function ownWiring(manifest, precision) {
  const dims = [1, manifest.shape.kv_heads, 0, manifest.shape.width / manifest.shape.heads];
  return {
    none: Object.fromEntries(cacheNames(manifest, "past").map((name) => [name, zeros(precision === "fp16" ? "float16" : "float32", dims)])),
    feeds: (ids, start) => ({
      input_ids: integers("int64", ids, [1, ids.length]),
      last_position: integers("int32", [start + ids.length - 1], [1]),
      total_length: integers("int32", [start + ids.length], [1]),
      wanted: integers("int64", [ids.length - 1], [1]),
    }),
    past: (output) => output.replace("present", "past"),
    scores: async (logits) => /** @type {Float32Array} */ (logits.data),
  };
}

/**
 * @param {"int64" | "int32"} type
 * @param {number[]} values
 * @param {number[]} dims
 */
export function integers(type, values, dims) {
  return new ort.Tensor(type, type === "int64" ? BigInt64Array.from(values, BigInt) : Int32Array.from(values), dims);
}

/**
 * @param {"float16" | "float32"} type
 * @param {number[]} dims
 */
export function zeros(type, dims) {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const Numbers = type === "float32" ? Float32Array : /** @type {any} */ (globalThis).Float16Array ?? Uint16Array;
  return new ort.Tensor(type, /** @type {any} */ (new Numbers(size)), dims);
}

/**
 * @param {Manifest} manifest
 * @param {string} prefix
 */
function cacheNames({ shape }, prefix) {
  return Array.from({ length: shape.layers }, (_, layer) => ["key", "value"].map((part) => `${prefix}.${layer}.${part}`)).flat();
}

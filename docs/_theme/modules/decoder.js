// The model on the processor: docs/_theme/kernels compiled to WebAssembly, and the memory it works on.

import plain from "kernels:plain";
import shared from "kernels:shared";
import { DemoError } from "./demo-error.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Manifest} Manifest
 * @typedef {Map<string, Uint8Array>} Files
 * @typedef {Record<"configure" | "stagedRows" | "takeLinear" | "takeEmbedding" | "read" | "score" | "serve" | "end", (...numbers: number[]) => number>
 *           & Record<"batch" | "ids" | "logits" | "norms" | "cosines" | "sines" | "staging" | "cache" | "pieceBytes", WebAssembly.Global>} Kernels
 */

const PAGE_BYTES = 65536;
/** Tokens in one piece of the cache, as kernels/layout.ts has it. */
const PIECE = 256;
/** Names of a layer's linears, in the kernels' order. */
const LINEARS = ["qkv", "attention_output", "gate_up", "down"];

export class Decoder {
  backend = /** @type {const} */ ("wasm");
  adapter = "";
  precision = /** @type {const} */ ("int16 activations");
  /** Tokens whose keys and values are known. */ length = 0;
  /** @type {Kernels} */ #kernels;
  /** @type {WebAssembly.Memory} */ #memory;
  /** @type {Worker[]} */ #helpers;
  #base;
  #vocabulary;

  /**
   * @param {Kernels} kernels
   * @param {WebAssembly.Memory} memory
   * @param {Worker[]} helpers
   * @param {number} base bytes before the cache
   * @param {number} vocabulary
   */
  constructor(kernels, memory, helpers, base, vocabulary) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#helpers = helpers;
    this.#base = base;
    this.#vocabulary = vocabulary;
  }

  /**
   * @param {Manifest} manifest
   * @param {Files} files taken from, not kept
   * @param {(name: string) => Worker} [startHelper] starts chat-thread.js
   * @param {number} [threads] more than 1 needs a page that is cross-origin isolated
   * @returns {Promise<Decoder>}
   * @throws {DemoError} simd_missing, out_of_memory
   */
  static async create(manifest, files, startHelper, threads = 1) {
    const module = await compile(threads > 1 ? shared : plain);
    const { layers, width, feed_forward, heads, kv_heads, vocabulary, norm_epsilon } = manifest.shape;
    const sizes = [layers, width, feed_forward, heads, kv_heads, vocabulary, manifest.context_tokens, norm_epsilon, threads];
    // 512 MiB is the most that the kernels' shared memory is declared for.
    const memory = new WebAssembly.Memory(threads > 1 ? { initial: 1, maximum: 8192, shared: true } : { initial: 1 });
    const kernels = instantiate(module, memory);
    const base = kernels.configure(...sizes, 0);
    const helpers = [];
    try {
      memory.grow(Math.ceil(base / PAGE_BYTES) - 1);
    } catch (error) {
      throw new DemoError("out_of_memory", { detail: String(error) });
    }
    fill(kernels, memory, manifest, files);
    for (let thread = 1; thread < threads && startHelper; thread++) {
      const helper = startHelper("chat-thread.js");
      helper.postMessage({ module, memory, numbers: [...sizes, thread] });
      helpers.push(helper);
    }
    // A worker starts only while the one that started it is idle, and this one will wait for it without idling.
    await Promise.all(helpers.map(started));
    return new Decoder(kernels, memory, helpers, base, vocabulary);
  }

  get threads() {
    return this.#helpers.length + 1;
  }

  get memoryBytes() {
    return this.#memory.buffer.byteLength;
  }

  /** Tokens that read() takes at once. @returns {number} */
  get batch() {
    return this.#kernels.batch.value;
  }

  /**
   * Reads tokens behind those it knows.
   * @param {number[]} ids at most `batch`
   * @param {boolean} [wanted] whether to score what follows the last one
   * @returns {Promise<Float32Array | undefined>}
   */
  async read(ids, wanted = false) {
    this.#makeRoom(this.length + ids.length);
    new Int32Array(this.#memory.buffer, this.#kernels.ids.value, ids.length).set(ids);
    this.#kernels.read(ids.length, this.length);
    this.length += ids.length;
    return wanted ? this.score(ids.length - 1) : undefined;
  }

  /**
   * Scores of what follows a token of the last batch; valid until the next call, which also may move the memory.
   * @param {number} index within the batch
   */
  score(index) {
    this.#kernels.score(index);
    return new Float32Array(this.#memory.buffer, this.#kernels.logits.value, this.#vocabulary);
  }

  /** Forgets all but the first tokens. @param {number} length */
  forget(length) {
    this.length = Math.min(this.length, length);
  }

  async dispose() {
    if (this.#helpers.length) this.#kernels.end();
    for (const helper of this.#helpers) helper.terminate();
  }

  /** @param {number} tokens */
  #makeRoom(tokens) {
    const bytes = this.#base + Math.ceil(tokens / PIECE) * this.#kernels.pieceBytes.value;
    const missing = Math.ceil((bytes - this.#memory.buffer.byteLength) / PAGE_BYTES);
    try {
      if (missing > 0) this.#memory.grow(missing);
    } catch (error) {
      throw new DemoError("out_of_memory", { detail: String(error) });
    }
  }
}

/** Before anything is downloaded. @throws {DemoError} wasm_blocked */
export function requireWebAssembly() {
  try {
    // The smallest module there is; a policy without 'wasm-unsafe-eval' refuses to compile even this.
    new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  } catch {
    throw new DemoError("wasm_blocked");
  }
}

/**
 * @param {Worker} helper
 * @returns {Promise<void>}
 * @throws {DemoError} session_failed
 */
function started(helper) {
  return new Promise((resolve, reject) => {
    helper.addEventListener("message", () => resolve(), { once: true });
    helper.addEventListener("error", ({ message }) => reject(new DemoError("session_failed", { detail: message })), { once: true });
  });
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function compile(bytes) {
  if (!WebAssembly.validate(bytes)) throw new DemoError("simd_missing");
  return WebAssembly.compile(bytes);
}

/**
 * @param {WebAssembly.Module} module
 * @param {WebAssembly.Memory} memory
 * @returns {Kernels}
 */
export function instantiate(module, memory) {
  return /** @type {any} */ (new WebAssembly.Instance(module, { env: { memory } }).exports);
}

/**
 * Copies the weights, piece by piece, and lets the kernels put them into their order.
 * @param {Kernels} kernels
 * @param {WebAssembly.Memory} memory
 * @param {Manifest} manifest
 * @param {Files} files
 */
function fill(kernels, memory, manifest, files) {
  const bytes = new Uint8Array(memory.buffer);
  const { layers, width, feed_forward } = manifest.shape;
  /** @param {string} name */
  const part = (name) => {
    const [file, offset, length] = manifest.tensors[name] ?? [];
    const found = files.get(file)?.subarray(offset, offset + length);
    if (found?.length !== length) throw new DemoError("checksum", { file: file ?? name });
    return found;
  };
  /**
   * @param {number} columns
   * @param {string[]} names parts of one matrix, each by rows
   * @param {(row: number, rows: number) => void} take
   */
  const stage = (columns, names, take) => {
    const parts = names.map(part);
    const all = parts[1].length / 2 / (columns / 32);
    for (let row = 0; row < all; ) {
      const rows = Math.min(kernels.stagedRows(columns), all - row);
      let at = kernels.staging.value;
      for (const whole of parts) {
        const perRow = whole.length / all;
        bytes.set(whole.subarray(row * perRow, (row + rows) * perRow), at);
        at += rows * perRow;
      }
      take(row, rows);
      row += rows;
    }
  };
  bytes.set(part("rotary_cos"), kernels.cosines.value);
  bytes.set(part("rotary_sin"), kernels.sines.value);
  const norms = [...Array(layers).keys()].flatMap((layer) => [`${layer}.attention_norm`, `${layer}.feed_forward_norm`]);
  [...norms, "final_norm"].forEach((name, index) => bytes.set(part(name), kernels.norms.value + index * width * 4));
  stage(width, ["embedding.q", "embedding.d"], (row, rows) => kernels.takeEmbedding(row, rows));
  for (let layer = 0; layer < layers; layer++) {
    LINEARS.forEach((name, index) => {
      const columns = name === "down" ? feed_forward : width;
      const names = ["q", "d", "m"].map((kind) => `${layer}.${name}.${kind}`);
      stage(columns, names, (row, rows) => kernels.takeLinear(layer, index, row, rows));
    });
  }
}

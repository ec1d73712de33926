// Measures the demo's model on this device, for the benchmark page and for scripts/bench_demo.py.

import { DemoError } from "./demo-error.js";
import { startWorker } from "./worker-start.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Backend} Backend
 * @typedef {import("./chat-protocol.d.ts").Ready} Ready
 * @typedef {import("./chat-protocol.d.ts").Done} Done
 * @typedef {import("./chat-protocol.d.ts").Report} Report
 * @typedef {{ prompt_tokens: number, ttft_ms: number, tokens: number, decode_tokens_per_second?: number, memory_bytes: number }} Reply
 *          `prompt_tokens`: those that had to be read; `decode_tokens_per_second`: of a reply of several tokens
 */

/** 43 tokens to read with what the chat form adds, once a question was asked before: every question begins alike. */
const QUESTION = "Write a long story of at least ten sentences about a fox who travels around the whole world, meets a bear, a whale and an owl, and learns something new from each.";
const FILLER = " Think of the light, the air, the clouds and the dust, and of how far the light has come.";

/**
 * A question whose first word is no other run's, so that nothing behind it has been read.
 * @param {number} run
 * @param {number} fillers sentences of 23 tokens more
 */
export function question(run, fillers = 0) {
  return `${run % 10} ${QUESTION}${FILLER.repeat(fillers)}`;
}

/** A worker with the model loaded. */
export class LoadedModel {
  /** @type {Ready} */ ready;
  #worker;
  #asked = 0;

  /**
   * @param {Worker} worker
   * @param {Ready} ready
   */
  constructor(worker, ready) {
    this.#worker = worker;
    this.ready = ready;
  }

  /**
   * @param {Backend} backend
   * @param {number} threads
   * @param {boolean} store
   * @returns {Promise<LoadedModel>}
   * @throws {DemoError}
   */
  static async load(backend, threads, store) {
    const worker = startWorker("chat-worker.js");
    try {
      const ready = await reply(worker, { type: "load", backend, threads, store }, "ready");
      return new LoadedModel(worker, ready);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /**
   * @param {string} content
   * @param {number} maxNewTokens
   * @returns {Promise<Reply>}
   */
  async ask(content, maxNewTokens) {
    const id = ++this.#asked;
    const request = { type: "generate", id, messages: [{ role: "user", content }], maxNewTokens, temperature: 0, seed: 0 };
    const { prompt_tokens, reused_tokens, tokens, token_times_ms: times, memory_bytes } = await reply(this.#worker, request, "done");
    const seconds = (times[times.length - 1] - times[0]) / 1000;
    return {
      prompt_tokens: prompt_tokens - reused_tokens, ttft_ms: times[0], tokens, memory_bytes,
      decode_tokens_per_second: seconds > 0 ? (times.length - 1) / seconds : undefined,
    };
  }

  end() {
    this.#worker.terminate();
  }
}

/**
 * @template {"ready" | "done"} Type
 * @param {Worker} worker
 * @param {object} request
 * @param {Type} type of the message to wait for
 * @returns {Promise<Extract<Report, { type: Type }>>}
 */
function reply(worker, request, type) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.type === type) resolve(data);
      else if (data.type === "error") reject(new DemoError(data.code, data.slots));
    };
    worker.onerror = () => reject(new DemoError("worker_died"));
    worker.postMessage(request);
  });
}

/** Median, least and greatest. @param {number[]} values */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const median = (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2;
  return { median: sorted.length % 2 ? sorted[Math.floor(half)] : median, low: sorted[0], high: sorted[sorted.length - 1] };
}

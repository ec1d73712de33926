// The one conversation of a tab: its worker, its state and what was measured. Pages come and go with instant
// navigation; elements show this session and hold nothing themselves.

import { DemoError } from "./model-files.js";
import { startWorker } from "./worker-start.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Backend} Backend
 * @typedef {import("./chat-protocol.d.ts").Message} Message
 * @typedef {import("./chat-protocol.d.ts").Report} Report
 * @typedef {import("./model-files.js").Slots} Slots
 * @typedef {{ code: string, slots: Slots }} Sentence an id of data/strings/chat.yml and what fills its slots
 * @typedef {"static" | "loading" | "ready" | "computing" | "error"} State
 * @typedef {"backend" | "bytes_downloaded" | "load_ms" | "ttft_ms" | "decode_tokens_per_second" | "requests_since_ready"} Figure
 */

/** Shows a session; called after every change. `text` is what a change added to the reply. */
/** @typedef {{ changed: () => void, token: (text: string) => void }} Watcher */

class ChatSession {
  /** @type {State} */ state = "static";
  /** @type {Sentence | undefined} What is going on, or how it ended. */ status;
  /** @type {Sentence | undefined} */ error;
  /** @type {Sentence[]} What the reader should know although it works. */ notices = [];
  /** @type {Message[]} */ messages = [];
  /** @type {string | undefined} A question that failed, for the reader to change or send again. */ unanswered;
  /** @type {{ loaded: number, total: number } | undefined} */ progress;
  /** @type {Partial<Record<Figure, Backend | number>>} */ figures = {};

  /** @type {Worker | undefined} */ #worker;
  /** @type {Set<Watcher>} */ #watchers = new Set();
  /** @type {Backend} */ #backend = "wasm";
  #reply = 0;
  #bytesOfFailedBackends = 0;
  #requests = { page: 0, worker: 0 };
  /** @type {PerformanceObserver | undefined} */ #observer;

  /** @param {Watcher} watcher */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher.changed();
  }

  /** @param {Watcher} watcher */
  unwatch(watcher) {
    this.#watchers.delete(watcher);
  }

  #changed() {
    for (const watcher of this.#watchers) watcher.changed();
  }

  /** @param {Backend | undefined} forced */
  async load(forced) {
    if (this.state !== "static" && this.state !== "error") return;
    this.#endWorker();
    Object.assign(this, { state: "loading", error: undefined, notices: [], progress: undefined, figures: {} });
    this.status = { code: "downloading", slots: {} };
    this.#bytesOfFailedBackends = 0;
    this.#changed();
    this.#start(forced ?? (await bestBackend()));
  }

  /** @param {Backend} backend */
  #start(backend) {
    this.#backend = backend;
    const worker = startWorker("chat-worker.js");
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => {
      if (worker === this.#worker) this.#receive(data);
    });
    let heard = false;
    worker.addEventListener("message", () => { heard = true; }, { once: true });
    const died = () => {
      // A worker that never said a word could not be fetched.
      const error = heard ? new DemoError("worker_died") : new DemoError("no_network", { file: "chat-worker.js" });
      if (worker === this.#worker) this.#fail(error);
    };
    worker.addEventListener("error", died);
    worker.addEventListener("messageerror", died);
    worker.postMessage({ type: "load", backend, threads: 1, store: true });
  }

  /** @param {Message["content"]} prompt @param {number} maxNewTokens */
  send(prompt, maxNewTokens) {
    if (this.state !== "ready") return;
    this.messages.push({ role: "user", content: prompt });
    this.state = "computing";
    this.error = undefined;
    this.status = { code: "thinking", slots: {} };
    delete this.figures.ttft_ms;
    delete this.figures.decode_tokens_per_second;
    this.#reply += 1;
    this.#worker?.postMessage({ type: "generate", id: this.#reply, messages: this.messages, maxNewTokens, temperature: 0, seed: 0 });
    this.messages.push({ role: "assistant", content: "" });
    this.#changed();
  }

  stop() {
    if (this.state === "computing") this.#worker?.postMessage({ type: "interrupt" });
  }

  /** Forgets the conversation; a reply that is still being written ends unseen. */
  clear() {
    this.stop();
    this.messages = [];
    this.error = undefined;
    this.notices = [];
    delete this.figures.ttft_ms;
    delete this.figures.decode_tokens_per_second;
    if (this.state === "ready") this.status = { code: "ready", slots: {} };
    this.#changed();
  }

  /** @param {Report} message */
  #receive(message) {
    const last = this.messages.at(-1);
    // Nothing is current once the conversation was cleared.
    const reply = "id" in message && message.id === this.#reply && last?.role === "assistant" ? last : undefined;
    switch (message.type) {
      case "phase":
        this.status = { code: message.phase, slots: message.slots ?? {} };
        if (message.phase !== "downloading" && message.phase !== "retrying") this.progress = undefined;
        break;
      case "progress":
        this.progress = { loaded: message.loaded, total: message.total };
        this.status = { code: "downloading", slots: {} };
        break;
      case "ready":
        this.state = "ready";
        this.status = { code: "ready", slots: {} };
        this.notices.push(...message.notices.map((code) => ({ code, slots: {} })));
        this.figures = {
          backend: message.backend, load_ms: message.load_ms, requests_since_ready: 0,
          bytes_downloaded: message.bytes_downloaded + this.#bytesOfFailedBackends,
        };
        this.#countRequests();
        break;
      case "token":
        if (!reply) return;
        reply.content += message.text;
        this.figures.ttft_ms ??= message.elapsed_ms;
        this.status = { code: "answering", slots: { tokens: message.count } };
        for (const watcher of this.#watchers) watcher.token(message.text);
        return;
      case "done":
        this.#finish(message, reply !== undefined);
        break;
      case "requests":
        this.#requests.worker = message.count;
        this.figures.requests_since_ready = this.#requests.page + this.#requests.worker;
        break;
      case "error":
        this.#fail(new DemoError(message.code, message.slots));
        return;
    }
    this.#changed();
  }

  /**
   * @param {Extract<Report, { type: "done" }>} message
   * @param {boolean} current false if the conversation was cleared meanwhile
   */
  #finish(message, current) {
    this.state = "ready";
    this.status = { code: "ready", slots: {} };
    if (!current) return;
    const times = message.token_times_ms;
    this.figures.ttft_ms = times[0];
    const seconds = (times[times.length - 1] - times[0]) / 1000;
    // One token has no rate.
    if (times.length > 1 && seconds > 0) this.figures.decode_tokens_per_second = (times.length - 1) / seconds;
    this.status = { code: `finish_${message.finish}`, slots: { tokens: message.tokens } };
    this.notices = message.dropped ? [{ code: "dropped_turns", slots: { turns: message.dropped } }] : [];
  }

  /** @param {DemoError} error */
  #fail({ code, slots }) {
    if (this.#backend === "webgpu" && (this.state === "loading" || code.startsWith("webgpu_")) && !isOfNetwork(code)) {
      this.#fallBack({ code, slots });
    } else {
      this.error = { code, slots };
      // A failed reply leaves the model loaded, unless the worker itself is gone.
      const usable = this.state === "computing" && code !== "worker_died" && code !== "out_of_memory";
      if (this.state === "computing") this.#dropUnansweredQuestion();
      this.state = usable ? "ready" : "error";
      this.status = undefined;
      this.progress = undefined;
      if (!usable) this.#endWorker();
      this.#changed();
    }
  }

  /**
   * Ends the WebGPU worker, says why, and loads for WASM; the weights are in the cache by now.
   * @param {Sentence} reason
   */
  #fallBack(reason) {
    if (this.state === "computing") this.#dropUnansweredQuestion();
    this.#endWorker();
    this.#bytesOfFailedBackends += Number(this.figures.bytes_downloaded ?? this.progress?.loaded ?? 0);
    this.notices = [reason, { code: "falling_back", slots: {} }];
    this.state = "loading";
    this.status = { code: "downloading", slots: {} };
    this.progress = undefined;
    this.figures = {};
    this.#changed();
    this.#start("wasm");
  }

  /** Takes a question without a reply out of the conversation and hands it back. */
  #dropUnansweredQuestion() {
    if (this.messages.at(-1)?.content !== "") return;
    this.unanswered = this.messages.splice(-2)[0].content;
  }

  #endWorker() {
    this.#observer?.disconnect();
    // "dispose" would wait behind what the worker is busy with.
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #countRequests() {
    const since = performance.now();
    this.#requests = { page: 0, worker: 0 };
    this.#observer?.disconnect();
    this.#observer = new PerformanceObserver((list) => {
      this.#requests.page += list.getEntries().filter((entry) => entry.startTime > since).length;
      this.figures.requests_since_ready = this.#requests.page + this.#requests.worker;
      this.#changed();
    });
    this.#observer.observe({ type: "resource" });
  }
}

/** @param {string} code */
function isOfNetwork(code) {
  return ["no_network", "stalled", "http_status", "missing_file", "checksum", "insecure_context", "wasm_blocked"].includes(code);
}

/**
 * WebGPU where the browser offers a real adapter; a software one is slower than WASM.
 * @returns {Promise<Backend>}
 */
async function bestBackend() {
  try {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    return adapter && !adapter.info.isFallbackAdapter ? "webgpu" : "wasm";
  } catch {
    return "wasm";
  }
}

/** One a tab. */
export const session = new ChatSession();

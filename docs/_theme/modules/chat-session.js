// The one conversation of a tab: its worker, its state and what was measured. Pages come and go with instant
// navigation; elements show this session and hold nothing themselves.

import { chooseBackend, rate, threadsHere } from "./chat-device.js";
import { keep, recall } from "./chat-keep.js";
import { RequestCounter } from "./chat-requests.js";
import { DemoError } from "./demo-error.js";
import { bytesToDownload, hubBytesToDownload } from "./model-files.js";
import { freeBytes } from "./model-store.js";
import { startWorker } from "./worker-start.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Backend} Backend
 * @typedef {import("./chat-protocol.d.ts").Done} Done
 * @typedef {import("./chat-protocol.d.ts").HubModel} HubModel
 * @typedef {import("./chat-protocol.d.ts").Report} Report
 * @typedef {import("./chat-words.js").Sentence} Sentence
 * @typedef {{ role: "user" | "assistant", content: string }} Turn
 * @typedef {"static" | "loading" | "ready" | "computing" | "error"} State
 * @typedef {"backend" | "adapter" | "threads" | "bytes_downloaded" | "load_ms" | "ttft_ms" | "decode_tokens_per_second"
 *           | "memory_bytes" | "context_used" | "context_tokens" | "requests_since_ready"} Figure
 * @typedef {{ changed: () => void, token: () => void }} Watcher shows the session; `token`: only the reply grew
 */

/** How long a canceled download may take to put aside what has arrived. */
const CANCEL_MS = 10_000;
/** Phases in which the worker listens; in the others it computes, and there is nothing to put aside. */
const FETCHING = ["listing", "waiting", "downloading", "checking", "retrying"];
/** Failures that another backend would meet, too. */
const NOT_OF_DEVICE = ["no_network", "broke_off", "stalled", "http_status", "missing_file", "checksum", "insecure_context",
  "storage_short", "wasm_blocked", "canceled"];

class ChatSession {
  /** @type {State} */ state = "static";
  /** @type {Sentence | undefined} What is going on, or how it ended. */ status;
  /** @type {Sentence | undefined} */ error;
  /** @type {Sentence[]} What the reader should know although it works. */ notices = [];
  /** @type {Turn[]} */ turns = recall().turns;
  /** What stands in the field, unsent. */ draft = recall().draft;
  /** @type {string | undefined} A question that cannot be asked as it is, for the reader to change. */ returned;
  /** @type {{ loaded: number, total: number } | undefined} */ progress;
  /** @type {Partial<Record<Figure, string | number>>} */ figures = {};
  settings = { temperature: 0, seed: 0 };

  /** @type {Worker | undefined} */ #worker;
  /** @type {Set<Watcher>} */ #watchers = new Set();
  /** @type {Backend} */ #backend = "wasm";
  /** @type {HubModel | undefined} The model of a host in place of the site's own. */ #hub;
  #store = true;
  #load = 0;
  #reply = 0;
  #firstTokenMs = 0;
  #maxNewTokens = 0;
  #askOnReady = false;
  #wasHidden = false;
  #bytesOfFailedBackends = 0;
  #requests = new RequestCounter((count) => {
    this.figures.requests_since_ready = count;
    this.#changed();
  });

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
    this.keep();
    for (const watcher of this.#watchers) watcher.changed();
  }

  /** Keeps what was said and typed in case the page goes away. */
  keep() {
    keep(this.turns.filter(({ content }) => content), this.draft);
  }

  /** Whether the last question has no whole reply and can be asked again. */
  get unanswered() {
    return this.state !== "computing" && (this.turns.at(-1)?.role === "user" || this.#cut);
  }
  #cut = false;

  /**
   * Another model takes the place of one that is loaded.
   * @param {Backend | undefined} forced
   * @param {{ store?: boolean, hub?: HubModel }} [options] `store`: false keeps nothing on the device; `hub`: agreed to
   */
  async load(forced, { store = true, hub } = {}) {
    if (this.state === "loading" || this.state === "computing") return;
    this.#endWorker();
    this.#hub = hub;
    Object.assign(this, { state: "loading", error: undefined, notices: [], progress: undefined, figures: {} });
    this.status = { code: "starting", slots: {} };
    this.#store = store;
    this.#bytesOfFailedBackends = 0;
    this.#changed();
    const load = ++this.#load;
    const { backend, reason } = forced ? { backend: forced, reason: undefined } : await chooseBackend();
    const missing = () => (hub ? hubBytesToDownload(hub) : bytesToDownload(backend));
    const [need_bytes, free_bytes] = store ? [await missing(), await freeBytes()] : [0, 0];
    if (load !== this.#load) return; // canceled meanwhile
    if (reason) this.notices = [{ code: reason, slots: {} }];
    if (need_bytes > free_bytes) this.#fail(new DemoError("storage_short", { need_bytes, free_bytes }));
    else this.#start(backend);
  }

  /** Stops loading; what was downloaded is kept. */
  cancel() {
    if (this.state !== "loading") return;
    const [worker, load] = [this.#worker, this.#load];
    const canceled = () => {
      if (load === this.#load && this.state === "loading") this.#fail(new DemoError("canceled"));
    };
    if (!worker || !FETCHING.includes(this.status?.code ?? "")) return canceled();
    worker.postMessage({ type: "cancel" });
    this.status = { code: "canceling", slots: {} };
    setTimeout(canceled, CANCEL_MS);
    this.#changed();
  }

  /** @param {Backend} backend */
  #start(backend) {
    this.#backend = backend;
    const file = this.#hub ? "hub-worker.js" : "chat-worker.js";
    const worker = startWorker(file);
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => {
      if (worker === this.#worker) this.#receive(data);
    });
    let heard = false;
    worker.addEventListener("message", () => { heard = true; }, { once: true });
    const died = () => {
      // A worker that never said a word could not be fetched.
      const error = heard ? new DemoError("worker_died") : new DemoError("no_network", { file });
      if (worker === this.#worker) this.#fail(error);
    };
    worker.addEventListener("error", died);
    worker.addEventListener("messageerror", died);
    worker.postMessage({ type: "load", backend, threads: threadsHere(), store: this.#store, hub: this.#hub });
  }

  /** @param {string} prompt @param {number} maxNewTokens */
  send(prompt, maxNewTokens) {
    if (this.state !== "ready") return;
    this.#maxNewTokens = maxNewTokens;
    this.turns.push({ role: "user", content: prompt });
    this.#ask();
  }

  /** Asks the last question again, whose reply failed. */
  retry() {
    if (this.state !== "ready" || !this.unanswered) return;
    if (this.turns.at(-1)?.role === "assistant") this.turns.pop();
    this.#ask();
  }

  #ask() {
    this.state = "computing";
    this.error = undefined;
    this.#cut = this.#askOnReady = false;
    this.#wasHidden = document.hidden;
    this.status = { code: "prefill", slots: {} };
    delete this.figures.ttft_ms;
    delete this.figures.decode_tokens_per_second;
    this.#reply += 1;
    this.#worker?.postMessage({
      type: "generate", id: this.#reply, messages: this.turns.map(({ role, content }) => ({ role, content })),
      maxNewTokens: this.#maxNewTokens, ...this.settings,
    });
    this.turns.push({ role: "assistant", content: "" });
    this.#changed();
  }

  stop() {
    if (this.state !== "computing") return;
    this.#worker?.postMessage({ type: "interrupt" });
    this.status = { code: "stopping", slots: {} };
    this.#changed();
  }

  /** Forgets the conversation; a reply that is still being written ends unseen. */
  clear() {
    this.stop();
    this.turns = [];
    this.error = undefined;
    this.notices = [];
    this.#cut = this.#askOnReady = false;
    for (const name of /** @type {Figure[]} */ (["ttft_ms", "decode_tokens_per_second", "context_used"])) delete this.figures[name];
    if (this.state === "ready") this.status = { code: "ready", slots: {} };
    this.#changed();
  }

  /** Notes that the reader looked elsewhere while a reply was written. */
  hidden() {
    this.#wasHidden = true;
  }

  /** @param {Report} message */
  #receive(message) {
    dispatchEvent(new CustomEvent("chat-report", { detail: message })); // for <device-run>
    const last = this.turns.at(-1);
    // Nothing is current once the conversation was cleared.
    const reply = "id" in message && message.id === this.#reply && last?.role === "assistant" ? last : undefined;
    const settled = this.status?.code === "canceling" || this.status?.code === "stopping";
    switch (message.type) {
      case "phase":
        if (settled) return;
        this.status = { code: message.phase, slots: message.slots ?? {} };
        if (!FETCHING.includes(message.phase)) this.progress = undefined;
        break;
      case "progress":
        this.progress = { loaded: message.loaded, total: message.total };
        break;
      case "ready":
        this.#ready(message);
        if (this.#askOnReady) return this.#ask();
        break;
      case "token": {
        if (!reply) return;
        reply.content += message.text;
        if (message.count === 1) this.#firstTokenMs = message.elapsed_ms;
        this.figures.ttft_ms ??= message.elapsed_ms;
        this.figures.context_used = message.context_used;
        const speed = rate(message.count, message.elapsed_ms - this.#firstTokenMs);
        if (speed) this.figures.decode_tokens_per_second = speed;
        this.progress = undefined;
        if (!settled) this.status = { code: "decode", slots: { tokens: message.count } };
        for (const watcher of this.#watchers) watcher.token();
        return;
      }
      case "done":
        this.#finish(message, reply !== undefined);
        break;
      case "requests":
        this.#requests.ofWorker(message.count);
        return;
      case "error":
        this.#fail(new DemoError(message.code, message.slots));
        return;
    }
    this.#changed();
  }

  /** @param {import("./chat-protocol.d.ts").Ready} message */
  #ready({ notices, backend, adapter, threads, load_ms, bytes_downloaded, memory_bytes, context_tokens }) {
    this.state = "ready";
    this.status = { code: "ready", slots: {} };
    this.progress = undefined;
    this.notices.push(...notices.map((code) => ({ code, slots: {} })));
    bytes_downloaded += this.#bytesOfFailedBackends;
    this.figures = { backend, threads, load_ms, bytes_downloaded, context_tokens, requests_since_ready: 0 };
    if (adapter) this.figures.adapter = adapter;
    if (memory_bytes) this.figures.memory_bytes = memory_bytes;
    this.#requests.start();
  }

  /**
   * @param {Done} message
   * @param {boolean} current false if the conversation was cleared meanwhile
   */
  #finish({ token_times_ms, context_used, memory_bytes, finish, tokens, dropped }, current) {
    this.state = "ready";
    this.status = { code: "ready", slots: {} };
    this.progress = undefined;
    if (memory_bytes) this.figures.memory_bytes = memory_bytes;
    if (!current) return;
    const last = token_times_ms[token_times_ms.length - 1];
    if (tokens) this.figures.ttft_ms = token_times_ms[0];
    const speed = rate(tokens, last - token_times_ms[0]);
    if (speed) this.figures.decode_tokens_per_second = speed;
    this.figures.context_used = context_used;
    this.status = { code: `finish_${finish}`, slots: { tokens } };
    // Stopped before the first word: the question stands there to be asked again.
    if (!this.turns.at(-1)?.content) this.turns.pop();
    this.notices = dropped ? [{ code: "dropped_turns", slots: { turns: dropped } }] : [];
    if (this.#wasHidden) this.notices.push({ code: "while_hidden", slots: {} });
  }

  /** @param {DemoError} error */
  #fail({ code, slots }) {
    const computing = this.state === "computing";
    if (computing) this.#endReply(code);
    this.progress = undefined;
    if (this.#backend === "webgpu" && !this.#hub && (this.state === "loading" || code.startsWith("webgpu_")) && !NOT_OF_DEVICE.includes(code)) {
      this.#fallBack({ code, slots }, computing);
      return;
    }
    // A failed reply leaves the model loaded, unless the worker itself is gone.
    const usable = computing && code !== "worker_died" && code !== "out_of_memory";
    this.status = undefined;
    this.state = usable ? "ready" : "error";
    if (code === "canceled") {
      this.state = "static";
      this.status = { code, slots };
    } else {
      this.error = { code, slots };
    }
    if (!usable) this.#endWorker();
    this.#changed();
  }

  /**
   * Ends the WebGPU worker, says why, and loads for WASM; the weights are in the store by now.
   * @param {Sentence} reason
   * @param {boolean} ask whether the last question is still to be answered
   */
  #fallBack(reason, ask) {
    this.#askOnReady = ask && this.turns.at(-1)?.role === "user";
    this.#endWorker();
    this.#bytesOfFailedBackends += Number(this.figures.bytes_downloaded ?? 0);
    this.notices = [reason, { code: "falling_back", slots: {} }];
    this.state = "loading";
    this.status = { code: "starting", slots: {} };
    this.figures = {};
    this.#changed();
    this.#start("wasm");
  }

  /**
   * Ends a reply that failed: its words stay, and so does the question, unless it can never be answered.
   * @param {string} code
   */
  #endReply(code) {
    const reply = this.turns.at(-1);
    if (reply?.role !== "assistant") return;
    this.#cut = reply.content !== "";
    // Another device begins the reply again.
    if (code.startsWith("webgpu_") || !reply.content) {
      this.turns.pop();
      this.#cut = false;
    }
    if (code === "prompt_too_long") this.returned = this.turns.pop()?.content;
  }

  #endWorker() {
    this.#load += 1;
    this.#requests.end();
    // "dispose" would wait behind what the worker is busy with.
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** One a tab. */
export const session = new ChatSession();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) session.hidden();
});
addEventListener("pagehide", () => session.keep());

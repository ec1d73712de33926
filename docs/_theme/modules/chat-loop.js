// What both workers of the chat do with a model: load, talk, stop, replace a lost device. Messages: chat-protocol.d.ts.
// A worker serves one backend of one model; to change it, end the worker and start another.

import { requireWebAssembly } from "./decoder.js";
import { DemoError, asDemoError } from "./demo-error.js";
import { sampler } from "./sampler.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Message} Message
 * @typedef {import("./chat-protocol.d.ts").Report} Report
 * @typedef {Extract<import("./chat-protocol.d.ts").Request, { type: "load" }>} Load
 * @typedef {Extract<import("./chat-protocol.d.ts").Request, { type: "generate" }>} Generate
 * @typedef {import("./decoder.js").Decoder | import("./webgpu-decoder.js").WebGpuDecoder} AnyDecoder
 * @typedef {Map<string, Uint8Array<ArrayBuffer>>} Files
 * @typedef {{ text: import("./chat-text.js").ChatText, opening: Message[], contextTokens: number, endTokens: number[] }} Described
 *          `opening`: what every conversation begins with
 * @typedef {Described & { decoder: AnyDecoder, request: Load, recovered: boolean }} Loaded
 * @typedef {{ fetch: (request: Load, options: import("./model-files.js").Options) => Promise<import("./model-files.js").Fetched>,
 *             describe: (files: Files, request: Load) => Described,
 *             decoder: (files: Files, request: Load) => Promise<AnyDecoder>,
 *             check: (loaded: Loaded) => Promise<void> }} Model
 *          `check`: whether the device computes at all; throws "wrong_result"
 */

const PROGRESS_MS = 50;

/** @type {Model} */
let model;
/** @type {Loaded | undefined} */
let loaded;
/** What the decoder has read or is to read: the conversation so far. @type {number[]} */
let sequence = [];
let interrupted = false;
let canceling = new AbortController();

/** @param {Report} message */
const post = (message) => self.postMessage(message);

/** @param {Load} request */
async function load(request) {
  const started = performance.now();
  requireWebAssembly();
  canceling = new AbortController();
  const fetched = await fetchAll(request);
  const { files, networkBytes, cachedBytes, notices } = fetched;
  post({ type: "phase", phase: "preparing" });
  const described = model.describe(files, request);
  const decoder = await createDecoder(request, files);
  release(files);
  loaded = { ...described, decoder, request, recovered: false };

  post({ type: "phase", phase: "warming_up" });
  await warmUp(loaded);
  const ready = performance.now();
  countRequests(ready);
  const { backend, adapter, threads, precision, memoryBytes } = decoder;
  post({
    type: "ready", backend, adapter, threads, precision, load_ms: ready - started, bytes_downloaded: networkBytes,
    bytes_cached: cachedBytes, memory_bytes: memoryBytes, context_tokens: described.contextTokens, notices,
  });
}

/** @param {Load} request */
async function fetchAll(request) {
  const { backend, store } = request;
  if (backend === "webgpu" && !(await navigator.gpu?.requestAdapter())) throw new DemoError(navigator.gpu ? "webgpu_no_adapter" : "webgpu_missing");
  return model.fetch(request, {
    signal: canceling.signal,
    store,
    onProgress: throttle((progress) => post({ type: "progress", ...progress })),
    onPhase: (phase) => post({ type: "phase", phase }),
    onRetry: (slots) => post({ type: "phase", phase: "retrying", slots }),
  });
}

/**
 * @param {Load} request
 * @param {Files} files
 */
async function createDecoder(request, files) {
  try {
    return await model.decoder(files, request);
  } catch (error) {
    throw asDemoError(error, request.backend === "webgpu" ? "webgpu_failed" : "session_failed");
  }
}

/**
 * Frees the downloaded bytes at once; without `transfer` (older browsers) at the next garbage collection.
 * @param {Files} files
 */
function release(files) {
  for (const { buffer } of files.values()) {
    /** @type {{ transfer?: (length: number) => ArrayBuffer }} */ (buffer).transfer?.(0);
  }
  files.clear();
}

/**
 * Tests the device, then reads what every conversation begins with.
 * @param {Loaded} all
 */
async function warmUp(all) {
  await model.check(all);
  all.decoder.forget(0);
  if (all.decoder.backend === "webgpu") return; // its cache can only be kept whole
  sequence = all.text.prompt(all.opening, false);
  await readOn();
}

/**
 * Reads what of `sequence` the decoder has not read yet; a lost device is replaced once and reads all again.
 * @param {(progress: { loaded: number, total: number }) => void} [onProgress]
 * @returns {Promise<Float32Array | undefined>} scores of what follows; none if interrupted
 */
async function readOn(onProgress) {
  const all = /** @type {Loaded} */ (loaded);
  for (;;) {
    await letMessagesIn();
    if (interrupted) return undefined;
    const { decoder } = all;
    const part = sequence.slice(decoder.length, decoder.length + decoder.batch);
    const last = decoder.length + part.length === sequence.length;
    try {
      const scores = await decoder.read(part, last);
      onProgress?.({ loaded: decoder.length, total: sequence.length });
      if (last) return scores;
    } catch (error) {
      if (!(error instanceof DemoError && error.code === "webgpu_lost") || all.recovered) throw error;
      await recover(all, error);
    }
  }
}

/**
 * Another device in place of the lost one, from the files in the browser's store.
 * @param {Loaded} all
 * @param {DemoError} lost
 */
async function recover(all, lost) {
  all.recovered = true;
  if (!all.request.store) throw lost;
  try {
    await all.decoder.dispose().catch(() => {});
    const { files } = await fetchAll(all.request);
    all.decoder = await createDecoder(all.request, files);
    release(files);
  } catch {
    throw lost;
  }
}

/** @param {Generate} request */
async function generate({ id, messages, maxNewTokens, temperature, seed }) {
  if (!loaded) throw new DemoError("not_ready");
  const { text, contextTokens, endTokens } = loaded;
  const started = performance.now();
  interrupted = false;
  const { ids, dropped } = fitContext(messages, contextTokens - maxNewTokens);
  const reused = reuse(ids);
  const pick = sampler(temperature, seed);
  const grow = text.stream();
  /** @type {number[]} */
  const times = [];
  let reply = "";
  /** @type {"end" | "interrupted" | "length"} */
  let finish = "interrupted";

  post({ type: "phase", phase: "prefill" });
  let scores = await readOn(throttle((progress) => post({ type: "progress", ...progress })));
  while (scores) {
    const next = pick(scores);
    times.push(performance.now() - started);
    if (times.length === 1) post({ type: "phase", phase: "decode" });
    if (endTokens.includes(next)) {
      finish = "end";
      break;
    }
    sequence.push(next);
    const piece = grow(next);
    reply += piece;
    post({
      type: "token", id, text: piece, count: times.length, elapsed_ms: times[times.length - 1], prompt_tokens: ids.length,
      context_used: sequence.length,
    });
    if (times.length >= maxNewTokens) {
      finish = "length";
      break;
    }
    scores = await readOn();
  }
  post({
    type: "done", id, text: reply, dropped, finish, tokens: times.length, prompt_tokens: ids.length, reused_tokens: reused,
    context_used: sequence.length, memory_bytes: loaded.decoder.memoryBytes, token_times_ms: times,
  });
}

/**
 * Token ids of the conversation, without its oldest turns if they no longer fit.
 * @param {Message[]} messages
 * @param {number} room
 */
function fitContext(messages, room) {
  const { text, opening } = /** @type {Loaded} */ (loaded);
  for (let dropped = 0; ; dropped += 2) {
    const kept = messages.slice(dropped);
    const ids = text.prompt([...opening, ...kept]);
    if (ids.length <= room) return { ids, dropped: dropped / 2 };
    if (kept.length <= 1) throw new DemoError("prompt_too_long", { tokens: ids.length, limit: room });
  }
}

/**
 * Makes these ids the sequence; the decoder keeps what both begin with, but for the last one, whose scores are wanted.
 * @param {number[]} ids
 * @returns {number} how many it keeps
 */
function reuse(ids) {
  const { decoder } = /** @type {Loaded} */ (loaded);
  const most = Math.min(decoder.length, ids.length - 1);
  let same = 0;
  while (same < most && ids[same] === sequence[same]) same++;
  decoder.forget(same);
  sequence = ids.slice();
  return decoder.length;
}

/** Lets the worker read its messages; otherwise "interrupt" would wait for the last token. */
async function letMessagesIn() {
  const { port1, port2 } = channel;
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}
const channel = new MessageChannel();

/**
 * Tells the page of every request this worker makes from now on; there should be none.
 * @param {number} since
 */
function countRequests(since) {
  let count = 0;
  new PerformanceObserver((list) => {
    count += list.getEntries().filter((entry) => entry.startTime > since).length;
    post({ type: "requests", count });
  }).observe({ type: "resource" });
}

/**
 * Passes on at most one message each `PROGRESS_MS`, and always the last, even when nothing comes after it.
 * @param {(progress: { loaded: number, total: number }) => void} report
 */
function throttle(report) {
  let last = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (/** @type {{ loaded: number, total: number }} */ progress) => {
    const pass = () => { last = performance.now(); report(progress); };
    const wait = progress.loaded < progress.total ? last + PROGRESS_MS - performance.now() : 0;
    clearTimeout(timer);
    if (wait > 0) timer = setTimeout(pass, wait);
    else pass();
  };
}

/**
 * @param {unknown} error
 * @param {string} otherwise
 * @param {number} [id] the reply that failed
 */
function postError(error, otherwise, id) {
  const { code, slots } = asDemoError(error, otherwise);
  post({ type: "error", id, code, slots });
}

/**
 * Answers the page's messages with this model from now on.
 * @param {Model} served
 */
export function serve(served) {
  model = served;
  self.addEventListener("message", async (/** @type {MessageEvent<import("./chat-protocol.d.ts").Request>} */ { data }) => {
    try {
      if (data.type === "load") await load(data);
      else if (data.type === "cancel") canceling.abort();
      else if (data.type === "generate") await generate(data);
      else if (data.type === "interrupt") interrupted = true;
    } catch (error) {
      if (data.type === "generate") postError(error, "generation_failed", data.id);
      else postError(error, "session_failed");
    }
  });
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    postError(event.reason, "session_failed");
  });
}

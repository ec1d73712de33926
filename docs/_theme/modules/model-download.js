// Downloads one file of the demo and checks it: goes on where an earlier try broke off, notices silence, tries again
// with growing pauses.

import { DemoError, asDemoError } from "./demo-error.js";
import { forgetBeginning, keepBeginning, readBeginning, sha256 } from "./model-store.js";
import { siteRoot } from "./worker-start.js";

/**
 * @typedef {import("./demo-error.js").Slots} Slots
 * @typedef {import("./model-store.js").Wanted} Wanted
 * @typedef {{ signal: AbortSignal, cache?: Cache, onKept: (bytes: number) => void, onBytes: (bytes: number) => void,
 *             onPosition: (position: number) => void, onRetry?: (slots: Slots) => void }} Context
 *          `cache`: where the beginning of the file may lie and is kept; `onKept`, `onBytes`: bytes taken from there and
 *          from the network; `onPosition`: how much of the file there is
 */

/** @type {RequestInit} What a foreign host gets to know beyond what it must: nothing. */
export const PRIVATE = { credentials: "omit", referrerPolicy: "no-referrer" };
const SILENCE_S = 30;
/** Pauses before another try; progress starts the count anew. */
const PAUSES_MS = [500, 2_000, 5_000];
const KEEP_EACH_MS = 2_000;

/**
 * @param {Wanted} file
 * @param {Context} context
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function download(file, context) {
  const { cache, onKept } = context;
  const part = new Part(file, cache);
  onKept(await part.resume());
  // What has come is kept now and then: a tab that is closed must not begin again.
  const keeping = setInterval(() => void part.keep(), KEEP_EACH_MS);
  try {
    return await untilWhole(part, context);
  } finally {
    clearInterval(keeping);
  }
}

/**
 * @param {Part} part
 * @param {Context} context
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function untilWhole(part, context) {
  const { file } = part;
  const { signal, onPosition, onRetry } = context;
  let damaged = false;
  for (let failures = 0; ; ) {
    const before = part.position;
    onPosition(before);
    try {
      if (part.position < file.bytes) await read(part, context);
      if ((await sha256(part.bytes)) !== file.sha256) throw new DemoError("checksum", { file: file.name });
      return part.bytes;
    } catch (thrown) {
      const error = signal.aborted ? new DemoError("canceled") : asDemoError(thrown, "no_network");
      if (error.code === "checksum") await part.discard();
      else await part.keep();
      failures = part.position > before ? 1 : failures + 1;
      const pause = PAUSES_MS[failures - 1];
      // A damaged file is worth one fresh download and no more.
      if (!mayPass(error) || pause === undefined || (error.code === "checksum" && damaged)) throw error;
      damaged ||= error.code === "checksum";
      onRetry?.({ file: file.name, attempt: failures + 1 });
      await sleep(pause, signal);
    }
  }
}

/** @param {DemoError} error */
function mayPass({ code, slots }) {
  return ["no_network", "broke_off", "stalled", "checksum"].includes(code) || Number(slots.status) >= 500 || slots.status === 429;
}

/** What there is of a file, in memory and, as far as it was kept, in the browser's storage. */
class Part {
  position = 0;
  #kept = 0;
  #keeping = Promise.resolve();

  /**
   * @param {Wanted} file
   * @param {Cache | undefined} cache
   */
  constructor(file, cache) {
    this.file = file;
    this.cache = cache;
    this.bytes = new Uint8Array(file.bytes);
  }

  async resume() {
    if (this.cache) this.position = this.#kept = await readBeginning(this.cache, this.file, this.bytes);
    return this.position;
  }

  /** @param {Uint8Array} piece */
  add(piece) {
    if (this.position + piece.length > this.bytes.length) throw new DemoError("checksum", { file: this.file.name });
    this.bytes.set(piece, this.position);
    this.position += piece.length;
  }

  /** Resolves when all that has come is kept: also what an earlier call is still writing. */
  async keep() {
    this.#keeping = this.#keeping.then(async () => {
      const [from, to] = [this.#kept, this.position];
      if (!this.cache || to === from) return;
      await keepBeginning(this.cache, this.file, from, this.bytes.slice(from, to));
      this.#kept = to;
    });
    await this.#keeping;
  }

  /** Begins again. */
  async discard() {
    await this.#keeping;
    this.position = this.#kept = 0;
    if (this.cache) await forgetBeginning(this.cache, this.file);
  }
}

/**
 * Reads on from where the part ends.
 * @param {Part} part
 * @param {Context} context
 */
async function read(part, { signal, onBytes, onPosition }) {
  const { file } = part;
  const silence = new Silence();
  try {
    const response = await fetch(file.url, {
      signal: AbortSignal.any([signal, silence.signal]),
      // The store keeps it, or nothing should.
      cache: "no-store",
      ...(file.url.origin === siteRoot.origin ? {} : PRIVATE),
      headers: part.position ? { range: `bytes=${part.position}-` } : {},
    });
    if (response.status === 404) throw new DemoError("missing_file", { file: file.name });
    // A foreign host may not let the page read where its part begins; the hash will tell.
    const range = response.headers.get("content-range");
    const fits = response.status === 206 && (range === null || range.startsWith(`bytes ${part.position}-`));
    // A host that knows no ranges sends everything.
    if (part.position && !fits) await part.discard();
    if (!response.ok || (response.status === 206 && !fits)) {
      throw new DemoError("http_status", { file: file.name, status: response.status });
    }
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      silence.broken();
      part.add(value);
      onBytes(value.length);
      onPosition(part.position);
    }
    if (part.position < file.bytes) throw new DemoError("broke_off", { file: file.name });
  } catch (error) {
    if (silence.signal.aborted) throw new DemoError("stalled", { file: file.name, seconds: SILENCE_S });
    if (error instanceof TypeError) throw new DemoError(part.position ? "broke_off" : "no_network", { file: file.name });
    throw error;
  } finally {
    silence.end();
  }
}

/** Gives up after some seconds without a byte. Counts ticks: a device that slept must not seem to have waited. */
class Silence {
  #abort = new AbortController();
  #seconds = 0;
  #timer = setInterval(() => {
    this.#seconds += 1;
    if (this.#seconds >= SILENCE_S) this.#abort.abort();
  }, 1000);

  get signal() {
    return this.#abort.signal;
  }

  broken() {
    this.#seconds = 0;
  }

  end() {
    clearInterval(this.#timer);
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>} rejects at once when canceled
 */
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DemoError("canceled")); }, { once: true });
  });
}

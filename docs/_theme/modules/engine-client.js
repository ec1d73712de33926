// One engine worker a tab, started by the first question and kept from page to page.
import { startWorker } from "./worker-start.js";

const SILENCE_SECONDS = 90; // a slow line takes long, but then something moves

/** @typedef {{ value: string | number | null, text: string, given: boolean }} Input */
/** @typedef {{ value: string | number | null, unit: string, text: string, range_text?: string }} Result */
/** @typedef {{ inputs: Record<string, Input>, results: Record<string, Result>, warnings: { id: string, text: string }[],
 *   headline?: string, versions: { engine: string, data: string }, error?: undefined }} Answer */
/** @typedef {{ error: { field: string, text: string } }} Refusal */
/** @typedef {{ command: string, scenario: Record<string, string>, lang: string }} Request */

/** Why there is no engine: `code` is a string id of data/strings/calculators.yml. */
export class EngineFailure extends Error {
  /** @param {string} code @param {string} reason */
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

/** @type {Worker | undefined} */
let worker;
/** @type {Map<number, { resolve(answer: Answer | Refusal): void, reject(error: Error): void }>} */
const open = new Map();
let last = 0;
let ready = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let watchdog;

/** @param {EngineFailure} failure */
function fail(failure) {
  clearTimeout(watchdog);
  worker?.terminate();
  worker = undefined;
  ready = false;
  for (const { reject } of open.values()) reject(failure);
  open.clear();
}

function watch() {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => fail(new EngineFailure("engine-silent", String(SILENCE_SECONDS))), SILENCE_SECONDS * 1000);
}

function start() {
  const started = startWorker("engine-worker.js");
  let heard = false;
  started.onmessage = ({ data }) => {
    heard = true;
    watch();
    if (data.type === "ready") {
      ready = true;
      clearTimeout(watchdog);
    }
    if (data.type === "failed") fail(new EngineFailure(data.code, data.reason));
    const waiting = open.get(data.id);
    if (!waiting) return;
    open.delete(data.id);
    if (!open.size) clearTimeout(watchdog);
    if (data.type === "answer") waiting.resolve(data.reply);
    else waiting.reject(new EngineFailure("engine-failed", data.reason));
  };
  // A worker that never said a word could not be fetched.
  started.onerror = (event) => fail(new EngineFailure(heard ? "engine-failed" : "engine-unreachable", event.message || "worker"));
  return started;
}

export const engineReady = () => ready;

/**
 * Asks the engine; starts it if need be. Rejects with EngineFailure.
 * @param {Request} request
 * @returns {Promise<Answer | Refusal>}
 */
export function ask(request) {
  worker ??= start();
  watch();
  const id = ++last;
  const answer = /** @type {Promise<Answer | Refusal>} */ (new Promise((resolve, reject) => open.set(id, { resolve, reject })));
  worker.postMessage({ type: "ask", id, request });
  return answer;
}

// One engine worker a tab, started by the first question and kept from page to page. It answers one question at a time.
import { startWorker } from "./worker-start.js";

const SILENCE_SECONDS = 90; // a slow line takes long, but then something moves

/** @typedef {import("./answer-types").Answer} Answer */
/** @typedef {import("./answer-types").Refusal} Refusal */
/** @typedef {import("./answer-types").Request} Request */
/** @typedef {{ loaded: number, total: number }} Progress bytes */

/** Why there is no engine: `code` is a string id of data/strings/calculators.yml. */
export class EngineFailure extends Error {
  /** @param {string} code @param {string} reason */
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

const TOLD = ["engine-blocked", "engine-silent", "engine-unreachable"];

/**
 * Why there is no answer, in the page's words.
 * @param {unknown} error @param {(id: string, slots: Record<string, string>) => string} say strings `why-` and the code
 */
export function reasonOf(error, say) {
  if (!(error instanceof EngineFailure)) return String(error);
  return TOLD.includes(error.code) ? say(`why-${error.code}`, { seconds: error.message }) : error.message;
}

/** @typedef {{ id: number, request: Request, again: boolean, resolve(answer: Answer | Refusal): void, reject(error: Error): void }} Question */

/** @type {Worker | undefined} */
let worker;
/** @type {Question | undefined} */
let open;
let last = 0;
let ready = false;
/** @type {Promise<unknown>} the end of the newest question */
let end = Promise.resolve();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let watchdog;
/** @type {Set<(progress: Progress) => void>} */
const listeners = new Set();

/** @param {EngineFailure} failure */
function fail(failure) {
  clearTimeout(watchdog);
  worker?.terminate();
  worker = undefined;
  const question = open;
  open = undefined;
  // An engine that had been there and is gone is started once more with the same question.
  const again = ready && question && !question.again;
  ready = false;
  if (again) send({ ...question, again: true });
  else question?.reject(failure);
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
    if (data.type === "progress") for (const listener of listeners) listener({ loaded: data.loaded, total: data.total });
    if (data.type === "ready") {
      ready = true;
      if (!open) clearTimeout(watchdog);
    }
    if (data.type === "failed") fail(new EngineFailure(data.code, data.reason));
    // After an error inside Python nobody knows what is left of it.
    if (data.type === "broken") fail(new EngineFailure("engine-failed", data.reason));
    if (data.type !== "answer" || !open || data.id !== open.id) return;
    clearTimeout(watchdog);
    const { resolve } = open;
    open = undefined;
    resolve(JSON.parse(data.reply));
  };
  // A worker that never said a word could not be fetched.
  started.onerror = (event) => fail(new EngineFailure(heard ? "engine-failed" : "engine-unreachable", event.message || "worker"));
  watch();
  return started;
}

/** @param {Question} question */
function send(question) {
  open = question;
  warmUp();
  watch();
  worker?.postMessage({ type: "ask", id: question.id, request: question.request });
}

export const engineReady = () => ready;

/** Starts the engine, if it is not there, so that it is by the time somebody asks. */
export function warmUp() {
  worker ??= start();
}

/**
 * Tells of each step of the engine's download; returns the function that ends it.
 * @param {(progress: Progress) => void} listener
 */
export function onProgress(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Asks the engine; starts it if need be. A question waits for the ones before it. Rejects with EngineFailure.
 * @param {Request} request
 * @returns {Promise<Answer | Refusal>}
 */
export function ask(request) {
  const answer = /** @type {Promise<Answer | Refusal>} */ (new Promise((resolve, reject) => {
    const question = { id: ++last, request, again: false, resolve, reject };
    end = end.then(() => send(question)).then(() => answer).catch(() => {});
  }));
  return answer;
}

// The demo's files: each from the browser's storage if it is right there, else from the network, checked and then kept.

import { DemoError } from "./demo-error.js";
import { download } from "./model-download.js";
import { HUB_STORE, OWN_STORE, forgetOthers, keepWhole, openStore, readList, readWhole, storedSizes } from "./model-store.js";
import { siteRoot } from "./worker-start.js";

/**
 * @typedef {import("./demo-error.js").Slots} Slots
 * @typedef {import("./model-store.js").Wanted} Wanted
 * @typedef {{ name: string, path: string, bytes: number, sha256: string, backends: string[] }} ModelFile
 * @typedef {{ loaded: number, total: number }} Progress in bytes
 * @typedef {{ files: Map<string, Uint8Array<ArrayBuffer>>, networkBytes: number, cachedBytes: number, notices: string[] }} Fetched
 * @typedef {{ signal?: AbortSignal, store?: boolean, storeName?: string, onProgress?: (progress: Progress) => void,
 *             onPhase?: (phase: "listing" | "waiting" | "downloading" | "checking") => void, onRetry?: (slots: Slots) => void }} Options
 *          `store`: false keeps nothing on the device; `storeName`: of the store, else the demo's own
 */

/** Every file of this version, of both backends. */
const ALL = /** @type {ModelFile[]} */ (JSON.parse(MODEL_FILES));
const LOCK = "edge-demo-download";

/**
 * What the demo's own model needs on a backend.
 * @param {string} backend
 * @returns {Wanted[]}
 */
export function filesFor(backend) {
  return ALL.filter((file) => file.backends.includes(backend)).map((file) => ({ ...file, url: new URL(file.path, siteRoot) }));
}

/** @param {Wanted[]} files */
export function sizeOf(files) {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Fetches all files at once; tabs take turns, so that the second one finds what the first one has stored.
 * @param {Wanted[]} wanted
 * @param {Options} [options]
 * @returns {Promise<Fetched>}
 * @throws {DemoError} the first failure; "canceled" if the signal says so
 */
export async function fetchFiles(wanted, options = {}) {
  const { store = true, storeName = OWN_STORE, signal, onPhase } = options;
  const cache = store ? await openStore(storeName) : undefined;
  const fetchAll = () => fetchInto(cache, wanted, options);
  if (!cache || !navigator.locks) {
    const fetched = await fetchAll();
    if (store && !cache) fetched.notices.push("storage_none");
    return fetched;
  }
  const done = await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => lock && { fetched: await fetchAll() });
  if (done) return done.fetched;
  onPhase?.("waiting");
  return navigator.locks.request(LOCK, { signal }, fetchAll);
}

/**
 * @param {Cache | undefined} cache
 * @param {Wanted[]} wanted
 * @param {Options} options
 * @returns {Promise<Fetched>}
 */
async function fetchInto(cache, wanted, { storeName = OWN_STORE, signal, onProgress, onPhase, onRetry }) {
  const abort = new AbortController();
  const either = AbortSignal.any([abort.signal, ...(signal ? [signal] : [])]);
  /** @type {Fetched} */
  const result = { files: new Map(), networkBytes: 0, cachedBytes: 0, notices: [] };
  const total = sizeOf(wanted);
  const positions = new Map(wanted.map(({ name }) => [name, 0]));
  /** @type {string | undefined} */
  let phase;
  /** @param {"downloading" | "checking"} next */
  const enter = (next) => {
    if (next !== phase) onPhase?.(next);
    phase = next;
  };
  /** @param {string} name @param {number} position */
  const report = (name, position) => {
    positions.set(name, position);
    const loaded = [...positions.values()].reduce((sum, one) => sum + one, 0);
    onProgress?.({ loaded, total });
    if (loaded === total) enter("checking");
  };

  /** @param {Wanted} file */
  const one = async (file) => {
    let bytes = cache && (await readWhole(cache, file));
    if (bytes) {
      result.cachedBytes += bytes.length;
      report(file.name, bytes.length);
    } else {
      bytes = await download(file, {
        signal: either, cache,
        onKept: (kept) => { result.cachedBytes += kept; },
        onBytes: (count) => { enter("downloading"); result.networkBytes += count; },
        onPosition: (position) => report(file.name, position),
        onRetry: (slots) => { phase = undefined; onRetry?.(slots); },
      });
      if (cache && !(await keepWhole(cache, file, bytes)) && !result.notices.includes("storage_full")) {
        result.notices.push("storage_full");
      }
    }
    result.files.set(file.name, bytes);
  };

  enter("checking");
  // Every file comes to an end before this does: what has arrived of each is kept.
  const ends = await Promise.allSettled(wanted.map((file) => one(file).catch((error) => { abort.abort(); throw error; })));
  if (signal?.aborted) throw new DemoError("canceled");
  const failed = ends.filter((end) => end.status === "rejected").map((end) => end.reason);
  if (failed.length) throw failed.find((error) => error.code !== "canceled") ?? failed[0];
  if (cache && storeName === OWN_STORE) await forgetOthers(cache, new Set(ALL.map((file) => file.sha256)));
  return result;
}

/**
 * What loading the demo's own model would fetch from the network now.
 * @param {string} backend
 * @returns {Promise<number>} bytes
 */
export async function bytesToDownload(backend) {
  return missingBytes(filesFor(backend), OWN_STORE);
}

/**
 * The same for a model of a host; what the catalog says where the host has never been asked.
 * @param {import("./chat-protocol.d.ts").HubModel} model
 * @returns {Promise<number>} bytes
 */
export async function hubBytesToDownload(model) {
  const cache = (await globalThis.caches?.has(HUB_STORE).catch(() => false)) ? await openStore(HUB_STORE) : undefined;
  const list = cache && (await readList(cache, model));
  return list ? missingBytes(list, HUB_STORE) : model.download_bytes;
}

/**
 * @param {{ bytes: number, sha256: string }[]} files
 * @param {string} storeName
 */
async function missingBytes(files, storeName) {
  const { whole, begun } = await storedSizes(storeName);
  const missing = files.filter(({ sha256 }) => !whole.has(sha256));
  return missing.reduce((size, { bytes, sha256 }) => size + bytes - (begun.get(sha256) ?? 0), 0);
}

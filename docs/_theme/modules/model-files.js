// Downloads the demo model's files: progress over all of them, a timeout for silence, length and hash checks, and a
// cache that only ever receives bytes whose hash was right.

/**
 * @typedef {{ path: string, bytes: number, sha256: string, backends: string[] }} ManifestFile
 * @typedef {{ name: string, url: URL, bytes?: number, sha256?: string }} Wanted a file; without a hash it is neither checked nor cached
 * @typedef {{ loaded: number, total: number }} Progress
 * @typedef {{ files: Map<string, Uint8Array<ArrayBuffer>>, networkBytes: number, cachedBytes: number, notices: string[] }} Fetched
 * @typedef {Record<string, string | number>} Slots
 */

export const CACHE_NAME = "edge-demo-model-v1";
const SILENCE_MS = 30_000;
const RETRY_DELAYS_MS = [500, 2_000];

/** A failure the page has a sentence for: an id of data/strings/chat.yml and what fills its slots. */
export class DemoError extends Error {
  /**
   * @param {string} code
   * @param {Slots} [slots]
   */
  constructor(code, slots = {}) {
    super(`${code} ${JSON.stringify(slots)}`);
    this.name = "DemoError";
    this.code = code;
    this.slots = slots;
  }
}

/**
 * @param {unknown} error
 * @param {string} otherwise code of a failure that says nothing recognisable
 * @returns {DemoError}
 */
export function asDemoError(error, otherwise) {
  if (error instanceof DemoError) return error;
  const detail = String(error instanceof Error ? error.message : error).split("\n")[0].slice(0, 200);
  const full = /bad_alloc|out of memory|allocation failed|invalid array (buffer )?length|could not allocate/i;
  return full.test(detail) ? new DemoError("out_of_memory", { detail }) : new DemoError(otherwise, { detail });
}

/**
 * Fetches all files at once, each from the cache if its hash is right there, else from the network.
 * @param {Wanted[]} wanted
 * @param {{ onProgress?: (progress: Progress) => void, onRetry?: (slots: Slots) => void }} [listeners]
 * @returns {Promise<Fetched>}
 */
export async function fetchFiles(wanted, { onProgress, onRetry } = {}) {
  const cache = wanted.some(({ sha256 }) => sha256) ? await openCache() : undefined;
  const sizes = new Map(wanted.map(({ name, bytes }) => [name, bytes ?? 0]));
  const loaded = new Map(wanted.map(({ name }) => [name, 0]));
  const abort = new AbortController();
  /** @type {Fetched} */
  const result = { files: new Map(), networkBytes: 0, cachedBytes: 0, notices: [] };
  const report = () => onProgress?.({ loaded: total(loaded), total: total(sizes) });

  /** @param {Wanted} file */
  const one = async (file) => {
    const key = file.sha256 ? cacheKey(file.url, file.sha256) : undefined;
    const stored = key && (await fromCache(cache, key, file));
    if (stored) {
      result.cachedBytes += stored.length;
      result.files.set(file.name, stored);
    } else {
      const bytes = await download(file, {
        signal: abort.signal,
        onRetry,
        onSize: (size) => sizes.set(file.name, size),
        onBytes: (count, position) => {
          result.networkBytes += count;
          loaded.set(file.name, position);
          report();
        },
      });
      result.files.set(file.name, bytes);
      if (key && cache && !(await store(cache, key, bytes)) && !result.notices.includes("storage_full")) {
        result.notices.push("storage_full");
      }
    }
    loaded.set(file.name, sizes.get(file.name) ?? 0);
    report();
  };
  try {
    await Promise.all(wanted.map(one));
  } catch (error) {
    abort.abort();
    throw error;
  }
  if (cache) await forgetOthers(cache, wanted);
  return result;
}

/** @param {Map<string, number>} numbers */
function total(numbers) {
  let sum = 0;
  for (const number of numbers.values()) sum += number;
  return sum;
}

/**
 * Downloads and checks one file, again after a failure that may pass.
 * @param {Wanted} file
 * @param {{ signal: AbortSignal, onRetry?: (slots: Slots) => void, onSize: (size: number) => void,
 *           onBytes: (count: number, position: number) => void }} context
 */
async function download(file, { signal, onRetry, onSize, onBytes }) {
  for (let attempt = 0; ; attempt++) {
    try {
      const bytes = await readAll(file, attempt, signal, onSize, onBytes);
      await check(file, bytes);
      return bytes;
    } catch (thrown) {
      const error = asDemoError(thrown, "no_network");
      const delay = RETRY_DELAYS_MS[attempt];
      const mayPass = ["no_network", "stalled", "checksum"].includes(error.code) || Number(error.slots.status) >= 500;
      // A damaged file is worth one fresh download, past any cache on the way, and no more.
      if (signal.aborted || !mayPass || delay === undefined || (error.code === "checksum" && attempt > 0)) throw error;
      onRetry?.({ file: file.name, attempt: attempt + 2 });
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

/**
 * @param {Wanted} file
 * @param {number} attempt
 * @param {AbortSignal} signal
 * @param {(size: number) => void} onSize
 * @param {(count: number, position: number) => void} onBytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readAll(file, attempt, signal, onSize, onBytes) {
  const silence = new AbortController();
  let timer = 0;
  const heard = () => {
    clearTimeout(timer);
    timer = Number(setTimeout(() => silence.abort(), SILENCE_MS));
  };
  heard();
  try {
    const response = await fetch(file.url, {
      signal: AbortSignal.any([signal, silence.signal]),
      cache: attempt ? "reload" : "default",
    });
    if (response.status === 404) throw new DemoError("missing_file", { file: file.name });
    if (!response.ok) throw new DemoError("http_status", { file: file.name, status: response.status });
    const size = file.bytes ?? announcedSize(response);
    if (size) onSize(size);
    let out = new Uint8Array(size ?? 0);
    let position = 0;
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      heard();
      if (position + value.length > out.length) {
        if (file.bytes !== undefined) throw new DemoError("checksum", { file: file.name });
        const larger = new Uint8Array(Math.max(out.length * 2, position + value.length));
        larger.set(out);
        out = larger;
      }
      out.set(value, position);
      position += value.length;
      onBytes(value.length, position);
    }
    if (file.bytes !== undefined && position !== file.bytes) throw new DemoError("checksum", { file: file.name });
    return position === out.length ? out : out.slice(0, position);
  } catch (error) {
    if (silence.signal.aborted) throw new DemoError("stalled", { file: file.name, seconds: SILENCE_MS / 1000 });
    if (error instanceof TypeError) throw new DemoError("no_network", { file: file.name });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The body's length, if the header counts the same bytes that we shall read.
 * @param {Response} response
 */
function announcedSize(response) {
  const length = Number(response.headers.get("content-length"));
  return length && !response.headers.get("content-encoding") ? length : undefined;
}

/**
 * @param {Wanted} file
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function check(file, bytes) {
  if (file.sha256 && (await sha256(bytes)) !== file.sha256) throw new DemoError("checksum", { file: file.name });
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function sha256(bytes) {
  // Browsers offer hashing on https and localhost only.
  if (!globalThis.crypto?.subtle) throw new DemoError("insecure_context");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Cache storage is absent in some private windows; the demo then works without it. */
async function openCache() {
  try {
    return await globalThis.caches?.open(CACHE_NAME);
  } catch {
    return undefined;
  }
}

/**
 * Where a file with this content is kept, whatever folder it was loaded from.
 * @param {URL} url
 * @param {string} sha256
 */
function cacheKey(url, sha256) {
  return new URL(`/sha256/${sha256}`, url.origin).href;
}

/**
 * @param {Cache | undefined} cache
 * @param {string} key
 * @param {Wanted} file
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>}
 */
async function fromCache(cache, key, file) {
  try {
    const response = await cache?.match(key);
    if (!cache || !response) return undefined;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if ((await sha256(bytes)) === file.sha256) return bytes;
    await cache.delete(key);
  } catch (error) {
    if (error instanceof DemoError) throw error;
    // Storage that cannot be read counts as empty.
  }
  return undefined;
}

/**
 * @param {Cache} cache
 * @param {string} key
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<boolean>} whether the browser kept it
 */
async function store(cache, key, bytes) {
  try {
    await cache.put(key, new Response(bytes, { headers: { "content-length": String(bytes.length) } }));
    return true;
  } catch {
    return false;
  }
}

/**
 * Deletes what an older model (or the other backend, whose graph is small) left behind.
 * @param {Cache} cache
 * @param {Wanted[]} wanted
 */
async function forgetOthers(cache, wanted) {
  const keys = new Set(wanted.flatMap(({ url, sha256 }) => (sha256 ? [cacheKey(url, sha256)] : [])));
  try {
    for (const request of await cache.keys()) {
      if (!keys.has(request.url)) await cache.delete(request);
    }
  } catch {
    // What could not be deleted is only waste.
  }
}

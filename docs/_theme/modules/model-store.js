// What the browser keeps of the demo's files: whole ones, verified, under the hash of their content, and the beginnings
// of those whose download was interrupted. Storage that fails counts as empty: the demo works without it.

import { DemoError } from "./demo-error.js";
import { hexDigest } from "./hex-digest.js";
import { siteRoot } from "./worker-start.js";

/**
 * @typedef {{ name: string, url: URL, bytes: number, sha256: string }} Wanted
 * @typedef {{ whole: Map<string, number>, begun: Map<string, number>, bytes: number }} Stored sizes in bytes by hash
 */

/** Names of the stores: of the demo's own model, and of those from hosts. */
export const OWN_STORE = "edge-demo-model-v1", HUB_STORE = "edge-hub-models-v1";

/** A store; undefined where the browser has none, as in some private windows. @param {string} name */
export async function openStore(name) {
  try {
    return await globalThis.caches?.open(name);
  } catch {
    return undefined;
  }
}

// Keys name the content, whatever folder it was loaded from.
/** @param {{ sha256: string }} file */
const wholeKey = ({ sha256 }) => new URL(`/sha256/${sha256}`, siteRoot).href;
/** @param {{ sha256: string }} file @param {number | ""} from */
const beginningKey = ({ sha256 }, from) => new URL(`/begun/${sha256}/${from}`, siteRoot).href;

/**
 * @param {Cache} cache
 * @param {Wanted} file
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>} its bytes, if they are there and right
 */
export async function readWhole(cache, file) {
  try {
    const response = await cache.match(wholeKey(file));
    if (!response) return undefined;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if ((await sha256(bytes)) === file.sha256) return bytes;
    await cache.delete(wholeKey(file));
  } catch (error) {
    if (error instanceof DemoError) throw error;
  }
  return undefined;
}

/**
 * Keeps a verified file and forgets its beginnings.
 * @param {Cache} cache
 * @param {{ sha256: string }} file
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<boolean>} whether the browser had room
 */
export async function keepWhole(cache, file, bytes) {
  // In this order, since the page may be closed meanwhile; where there is no room for both, the other way round.
  let kept = await put(cache, wholeKey(file), bytes);
  await forgetBeginning(cache, file);
  kept ||= await put(cache, wholeKey(file), bytes);
  return kept;
}

/**
 * Puts what is there of an interrupted download into `into`.
 * @param {Cache} cache
 * @param {Wanted} file
 * @param {Uint8Array<ArrayBuffer>} into
 * @returns {Promise<number>} bytes put there
 */
export async function readBeginning(cache, file, into) {
  let position = 0;
  try {
    for (;;) {
      const response = await cache.match(beginningKey(file, position));
      if (!response) return position;
      const piece = new Uint8Array(await response.arrayBuffer());
      if (!piece.length || position + piece.length > into.length) return position;
      into.set(piece, position);
      position += piece.length;
    }
  } catch {
    return position;
  }
}

/**
 * @param {Cache} cache
 * @param {Wanted} file
 * @param {number} from where the piece begins: where the last one ended
 * @param {Uint8Array<ArrayBuffer>} piece
 */
export async function keepBeginning(cache, file, from, piece) {
  await put(cache, beginningKey(file, from), piece);
}

/**
 * @param {Cache} cache
 * @param {{ sha256: string }} file
 */
export async function forgetBeginning(cache, file) {
  await forget(cache, (url) => url.startsWith(beginningKey(file, "")));
}

/**
 * Deletes what other versions of the model left behind.
 * @param {Cache} cache
 * @param {Set<string>} current hashes to keep
 */
export async function forgetOthers(cache, current) {
  await forget(cache, (url) => !current.has(new URL(url).pathname.split("/")[2]));
}

// Which files make up a model of a host, as the host once listed them.
/** @param {{ id: string, revision: string }} model */
const listKey = ({ id, revision }) => new URL(`/list/${id}@${revision}`, siteRoot).href;

/**
 * @param {Cache} cache
 * @param {{ id: string, revision: string }} model
 * @returns {Promise<{ path: string, bytes: number, sha256: string }[] | undefined>}
 */
export async function readList(cache, model) {
  return (await cache.match(listKey(model)))?.json().catch(() => undefined);
}

/**
 * @param {Cache} cache
 * @param {{ id: string, revision: string }} model
 * @param {{ path: string, bytes: number, sha256: string }[]} list
 */
export async function keepList(cache, model, list) {
  await put(cache, listKey(model), new TextEncoder().encode(JSON.stringify(list)));
}

/**
 * @param {string} name of the store
 * @returns {Promise<Stored>}
 */
export async function storedSizes(name) {
  const whole = new Map();
  const begun = new Map();
  let bytes = 0;
  try {
    // Asking for a cache by name makes one; only look.
    const cache = (await globalThis.caches?.has(name)) ? await openStore(name) : undefined;
    for (const request of (await cache?.keys()) ?? []) {
      const [, kind, hash] = new URL(request.url).pathname.split("/");
      const size = Number((await cache?.match(request))?.headers.get("content-length"));
      const sizes = kind === "sha256" ? whole : begun;
      sizes.set(hash, (sizes.get(hash) ?? 0) + size);
      bytes += size;
    }
  } catch {
    // What cannot be read is not there.
  }
  return { whole, begun, bytes };
}

/** @param {string} name of the store */
export async function deleteStored(name) {
  await globalThis.caches?.delete(name);
}

/** @returns {Promise<number>} bytes that the browser would still let this site store; Infinity where it does not say */
export async function freeBytes() {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? Infinity : quota - (usage ?? 0);
  } catch {
    return Infinity;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
export async function sha256(bytes) {
  // Browsers offer hashing on https and localhost only.
  if (!globalThis.crypto?.subtle) throw new DemoError("insecure_context");
  return hexDigest("SHA-256", bytes);
}

/**
 * @param {Cache} cache
 * @param {string} key
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function put(cache, key, bytes) {
  try {
    await cache.put(key, new Response(bytes, { headers: { "content-length": String(bytes.length) } }));
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Cache} cache
 * @param {(url: string) => boolean} which
 */
async function forget(cache, which) {
  try {
    for (const request of await cache.keys()) if (which(request.url)) await cache.delete(request);
  } catch {
    // What could not be deleted is only waste.
  }
}

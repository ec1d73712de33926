// What the service worker keeps: files of one edition of the site, each only if its bytes are those of the edition's list.
// So a page of another edition, a damaged file or the sign-in page of a hotel never gets in.
import { hexDigest } from "./hex-digest.js";

/** @typedef {import("./offline-types").List} List */
/** @typedef {import("./offline-types").Kept} Kept */

export const scope = new URL("./", location.href); // sw.js lies at the site's root
// One origin may hold several sites, and all share its caches.
const OWN = `edge-book:${scope.pathname}:`;
const NAME = OWN + BUILD_ID;
const LIST = new URL("offline.json", scope).href;
const BUILD = /<meta name="build" content="[0-9a-f]{16}">/;

/** @param {string | URL} address the file below the site's root that answers it */
export function fileOf(address) {
  return new URL(address).pathname.slice(scope.pathname.length).replace(/(^|\/)$/, "$1index.html");
}

/** @param {string} file */
export function addressOf(file) {
  return new URL(file.replace(/(^|\/)index\.html$/, "$1"), scope).href;
}

/** @returns {Promise<Cache | undefined>} none once the reader has turned it off: then nothing makes it anew */
export async function openCache() {
  return (await caches.has(NAME)) ? caches.open(NAME) : undefined;
}

/** @type {Promise<List> | undefined} */
let known;

/** @returns {Promise<List>} */
export function list() {
  known ??= openCache().then((cache) => cache?.match(LIST)).then((found) => found?.json());
  return known;
}

/** @param {string} file @returns {Promise<Response | undefined>} */
export async function stored(file) {
  return (await openCache())?.match(addressOf(file));
}

/** @returns {Promise<string[]>} the files that are kept */
export async function storedFiles() {
  const requests = (await (await openCache())?.keys()) ?? [];
  return requests.filter(({ url }) => url !== LIST).map(({ url }) => fileOf(url));
}

/**
 * A response as this edition's own; nothing if its bytes are not. A page that two editions share names this one.
 * @param {string} file
 * @param {Response} response
 * @returns {Promise<Response | undefined>}
 */
export async function own(file, response) {
  const wanted = (await list())?.files[file];
  if (!wanted || !response.ok) return undefined;
  let bytes = new Uint8Array(await response.arrayBuffer());
  let counted = bytes;
  if (file.endsWith(".html")) {
    const text = new TextDecoder().decode(bytes);
    counted = new TextEncoder().encode(text.replace(BUILD, ""));
    bytes = new TextEncoder().encode(text.replace(BUILD, `<meta name="build" content="${BUILD_ID}">`));
  }
  if (wanted[1] && (await hexDigest("SHA-256", counted)).slice(0, 16) !== wanted[1]) return undefined;
  const headers = { "content-type": response.headers.get("content-type") ?? "", "content-length": String(bytes.length) };
  return new Response(bytes, { headers });
}

/**
 * @param {string} file
 * @param {Response | undefined} response an own one
 * @returns {Promise<Kept>}
 */
export async function put(file, response) {
  if (!response) return "changed";
  const cache = await openCache();
  if (!cache) return "off";
  try {
    await cache.put(addressOf(file), response);
    return "kept";
  } catch {
    return "full";
  }
}

/**
 * Fetches a file and keeps it, unless it is there.
 * @param {string} file
 * @returns {Promise<Kept>}
 */
export async function keep(file) {
  if (await stored(file)) return "kept";
  // Folders named by their content lie right in the browser's cache, or are fetched once more past it.
  for (const cache of /** @type {RequestCache[]} */ (file.startsWith("assets/") ? ["default", "reload"] : ["no-cache"])) {
    try {
      const response = await fetch(addressOf(file), { cache });
      if (response.status >= 500) return "network";
      const found = await own(file, response);
      if (found) return await put(file, found);
    } catch {
      return "network";
    }
  }
  return "changed";
}

/**
 * Keeps what was read. With a page goes what tells its reader, without a network, that another is not there.
 * @param {Iterable<string>} files
 */
export async function keepRead(files) {
  const { files: all, fallback, needs } = await list();
  const wanted = new Set(files);
  for (const file of wanted) {
    const [, lang] = file.match(/^(\w+)\/.*\.html$/) ?? [];
    const more = lang ? [...fallback, `${lang}/offline/index.html`] : needs[file] ?? [];
    for (const one of more) wanted.add(one);
    if (file in all) await keep(file);
  }
}

/** Begins this edition, and takes along what an older one had kept: whole, or not at all. */
export async function install() {
  const text = await (await fetch(LIST, { cache: "no-cache" })).text();
  /** @type {List} */
  const found = JSON.parse(text);
  if (found.id !== BUILD_ID) throw new Error("offline.json belongs to another edition");
  known = Promise.resolve(found);
  const cache = await caches.open(NAME);
  await cache.put(LIST, new Response(text, { headers: { "content-type": "application/json" } }));
  for (const name of await otherNames()) await takeAlong(cache, await caches.open(name), found);
}

/**
 * @param {Cache} cache
 * @param {Cache} old
 * @param {List} found
 */
async function takeAlong(cache, old, { files, modules }) {
  const before = (await old.keys()).map(({ url }) => fileOf(url));
  const names = new Set(before.filter((file) => file.startsWith("assets/")).map(nameOf));
  // Another folder of scripts: the same names, and all its parts, whose names follow from what is in them.
  const renamed = Object.keys(files).filter((file) => file.startsWith("assets/")
    && (names.has(nameOf(file)) || (names.has("main.js") && file.startsWith(`${modules}chunk-`))));
  for (const file of new Set([...before.filter((one) => one in files), ...renamed])) {
    const there = await old.match(addressOf(file));
    const same = there && (await own(file, there));
    const end = same ? await put(file, same) : await keep(file);
    if (end !== "kept") throw new Error(`${file}: ${end}`);
  }
}

/** @param {string} file */
const nameOf = (file) => file.slice(file.lastIndexOf("/") + 1);

async function otherNames() {
  return (await caches.keys()).filter((name) => name.startsWith(OWN) && name !== NAME);
}

/** Deletes every other edition. */
export async function deleteOthers() {
  for (const name of await otherNames()) await caches.delete(name);
}

/** Deletes all that was kept but the list. */
export async function forget() {
  const cache = await openCache();
  for (const request of (await cache?.keys()) ?? []) if (request.url !== LIST) await cache?.delete(request);
}

/**
 * Pages that are kept, with their titles.
 * @param {string} lang
 * @returns {Promise<[address: string, title: string][]>}
 */
export async function titles(lang) {
  /** @type {[string, string][]} */
  const found = [];
  for (const file of await storedFiles()) {
    if (!file.startsWith(`${lang}/`) || !file.endsWith(".html")) continue;
    const text = (await (await stored(file))?.text()) ?? "";
    found.push([addressOf(file), text.match(/<title>(.*?)<\/title>/s)?.[1] ?? file]);
  }
  return found;
}

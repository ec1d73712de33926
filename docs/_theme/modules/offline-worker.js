// The service worker, sw.js at the site's root: read pages work without a network, kept ones, too. What it answers is of
// one edition. Pages come from the network while there is one; folders named by their content come from the store.
// It asks for nothing but this site's files, and only for what a page asks for or a reader keeps.
import { addressOf, deleteOthers, fileOf, forget, install, keep, keepRead, list, openCache, own, put, scope, stored, storedFiles, titles } from "./offline-store.js";

/** @typedef {import("./offline-types").FetchEvent} FetchEvent */
/** @typedef {import("./offline-types").Message} Message */

const worker = /** @type {import("./offline-types").WorkerScope} */ (/** @type {unknown} */ (self));
const SLOW_MS = 5_000; // then a kept page is better than none

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(deleteOthers().then(() => worker.clients.claim())));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || request.headers.has("range") || !url.href.startsWith(scope.href)) return;
  const edition = url.searchParams.get("build"); // see ofThisEdition() in offline-wanted.js
  if (edition && edition !== BUILD_ID) return;
  const file = fileOf(url);
  if (file.startsWith("models/")) return; // the demo keeps its model itself
  if (request.mode === "navigate") event.respondWith(page(event, file));
  else event.respondWith(file.startsWith("assets/") ? asset(event, file) : part(event, file));
});

/**
 * A page that is loaded whole: whatever edition it is of, it brings its own scripts.
 * @param {FetchEvent} event
 * @param {string} file
 */
async function page(event, file) {
  const copy = await stored(file);
  const fetched = fetch(new Request(event.request, { cache: "no-cache" }));
  fetched.catch(() => {}); // told below, or too late
  /** @type {Promise<undefined>} */
  const slow = new Promise((resolve) => { if (copy) setTimeout(resolve, SLOW_MS); });
  try {
    const response = await Promise.race([fetched, slow]);
    if (!response || (copy && response.status >= 500)) return /** @type {Response} */ (copy);
    if (!copy) event.waitUntil(keepPage(file, response.clone()));
    return response;
  } catch {
    return copy ?? notKept(file);
  }
}

/** @param {string} file @param {Response} response */
async function keepPage(file, response) {
  const found = await own(file, response);
  if (found && (await put(file, found)) === "kept") await keepRead([file]);
}

/**
 * Without a network, for what is not kept: the page that says so, in the language if it is there.
 * @param {string} file
 */
async function notKept(file) {
  if (await stored(`${file}/index.html`)) return Response.redirect(`${scope}${file}/`);
  const [first] = file.split("/");
  for (const lang of file.endsWith(".html") || !file.includes(".") ? [first, "en", "ja"] : []) {
    if (await stored(`${lang}/offline/index.html`)) {
      return Response.redirect(`${scope}${lang}/offline/?missing=${encodeURIComponent(addressOf(file).slice(scope.href.length))}`);
    }
  }
  return Response.error();
}

/**
 * @param {FetchEvent} event
 * @param {string} file
 */
async function asset(event, file) {
  const copy = event.request.cache !== "reload" && (await stored(file));
  if (copy) return copy;
  const response = await fetch(event.request);
  if (response.ok) event.waitUntil(own(file, response.clone()).then((found) => found && put(file, found)));
  return response;
}

/**
 * What a script asks for, to put it into an open page: of this edition, or nothing. The theme then loads a page whole.
 * @param {FetchEvent} event
 * @param {string} file
 */
async function part(event, file) {
  if (!(await openCache()) || !(file in (await list()).files)) return fetch(event.request);
  const copy = await stored(file);
  try {
    const response = await fetch(new Request(event.request, { cache: "no-cache" }));
    const found = await own(file, response);
    if (!found) return copy ?? Response.error();
    if (!copy) event.waitUntil(put(file, found.clone()).then(() => keepRead([file])));
    return found;
  } catch {
    return copy ?? Response.error();
  }
}

/** @type {{ [T in Message["type"]]: (message: Extract<Message, { type: T }>) => Promise<unknown> }} */
const answers = {
  build: async () => BUILD_ID,
  async start({ urls }) {
    if (!(await openCache())) await install(); // turned off and on again
    await keepRead(urls.filter((url) => url.startsWith(scope.href)).map(fileOf));
    return BUILD_ID;
  },
  /** With `build`: only where the one open page is of this edition already. */
  async "take-over"({ build }) {
    if (build && build !== BUILD_ID) return false;
    const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    if (!build || windows.length <= 1) void worker.skipWaiting();
    return true;
  },
  async contents() {
    const kept = new Set(await storedFiles());
    return Object.entries((await list()).files).map(([file, [bytes]]) => [file, bytes, kept.has(file)]);
  },
  keep: ({ file }) => keep(file),
  titles: ({ lang }) => titles(lang),
  forget,
};

worker.addEventListener("message", (event) => {
  const answer = /** @type {(message: Message) => Promise<unknown>} */ (answers[event.data.type]);
  // Without an answer, too, whoever asks must not wait.
  event.waitUntil(answer(event.data).catch(() => undefined).then((said) => event.ports[0]?.postMessage(said)));
});

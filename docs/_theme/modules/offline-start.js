// Registers the service worker, late, and watches for new editions. Everything works without it, as before.
import { siteRoot } from "./worker-start.js";

/** @typedef {import("./offline-types").Message} Message */

const KEY = "offline";
const LOOK_EACH_MS = 3_600_000;
/** The edition of this page; a page that `make serve` shows has none. */
const build = document.querySelector("meta[name=build]")?.getAttribute("content") ?? "";

/** Whether the reader wants it: on, unless they said otherwise or save data. */
export function wanted() {
  try {
    const said = localStorage.getItem(KEY);
    if (said) return said === "on";
  } catch {
    // Nothing can be remembered, so nothing was said.
  }
  return !(/** @type {{ connection?: { saveData?: boolean } }} */ (navigator).connection?.saveData);
}

/** @param {"on" | "off"} choice */
export function remember(choice) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // It holds for this page.
  }
}

/**
 * @param {ServiceWorker} worker
 * @param {Message} message
 * @returns {Promise<any>}
 */
export function ask(worker, message) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message, [port2]);
  });
}

/** @type {Promise<ServiceWorker | undefined> | undefined} */
let started;

/** @returns {Promise<ServiceWorker | undefined>} the worker that is at work; rejects where the browser refuses */
export async function start() {
  if (build && wanted() && navigator.serviceWorker) started ??= begin(navigator.serviceWorker);
  return started;
}

/** Ends it and deletes what it kept; the demo's model stays. */
export async function stop() {
  started = undefined;
  await (await navigator.serviceWorker.getRegistration(siteRoot))?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(`edge-book:${siteRoot.pathname}:`)) await caches.delete(name);
}

/** @param {ServiceWorkerContainer} container */
async function begin(container) {
  const had = container.controller;
  let foreign = false; // the worker is of another edition than this page
  const compare = (/** @type {string} */ id) => (foreign = id !== build);
  container.addEventListener("controllerchange", async () => {
    if (container.controller && compare(await ask(container.controller, { type: "build" })) && had) location.reload();
  });
  // Then pages are loaded whole rather than put into this one.
  addEventListener("click", (event) => {
    if (foreign && event.target instanceof Element && event.target.closest("a[href]")) event.stopPropagation();
  }, { capture: true });

  const registration = await container.register(new URL("sw.js", siteRoot), { updateViaCache: "none" });
  const tell = async () => {
    const { waiting } = registration;
    if (!waiting || !registration.active || (await ask(waiting, { type: "take-over", build }))) return;
    const { announce } = await import("./edition-notice.js");
    announce(() => registration.waiting?.postMessage({ type: "take-over" }));
  };
  const watch = () => registration.installing?.addEventListener("statechange", tell);
  registration.addEventListener("updatefound", watch);
  watch();
  void tell();
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() - looked < LOOK_EACH_MS) return;
    looked = Date.now();
    registration.update().catch(() => {}); // no network
  });

  const active = /** @type {ServiceWorker} */ ((await container.ready).active);
  compare(await ask(active, { type: "build" }));
  // What was loaded before the worker was there.
  const urls = had ? [] : [location.href, ...performance.getEntriesByType("resource").map(({ name }) => name)];
  await ask(active, { type: "start", urls });
  return active;
}

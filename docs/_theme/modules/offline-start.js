// What goes with the service worker in a page: tells it what was read before it was there, and watches for new editions.
import { build, controlled, register, wanted } from "./offline-wanted.js";
import { siteRoot } from "./worker-start.js";

/** @typedef {import("./offline-types").Message} Message */

const LOOK_EACH_MS = 3_600_000;

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
let listening = new AbortController();

/** @returns {Promise<ServiceWorker | undefined>} the worker that is at work; rejects where the browser refuses */
export async function start() {
  if (build && wanted() && navigator.serviceWorker) started ??= begin(navigator.serviceWorker);
  return started;
}

/** Ends it and deletes what it kept; the demo's model stays. */
export async function stop() {
  started = undefined;
  listening.abort();
  await (await navigator.serviceWorker.getRegistration(siteRoot))?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(`edge-book:${siteRoot.pathname}:`)) await caches.delete(name);
}

/** @param {ServiceWorkerContainer} container */
async function begin(container) {
  const { signal } = (listening = new AbortController());
  let foreign = false; // the worker is of another edition than this page
  const compare = (/** @type {string} */ id) => (foreign = id !== build);
  container.addEventListener("controllerchange", async () => {
    if (container.controller && compare(await ask(container.controller, { type: "build" })) && controlled) location.reload();
  }, { signal });
  // Then pages are loaded whole rather than put into this one.
  addEventListener("click", (event) => {
    if (foreign && event.target instanceof Element && event.target.closest("a[href]")) event.stopPropagation();
  }, { capture: true, signal });

  const registration = await register();
  if (!registration) return undefined;
  const tell = async () => {
    const { waiting } = registration;
    if (!waiting || !registration.active || (await ask(waiting, { type: "take-over", build }))) return;
    const { announce } = await import("./edition-notice.js");
    announce(() => registration.waiting?.postMessage({ type: "take-over" }));
  };
  const watch = () => registration.installing?.addEventListener("statechange", tell, { signal });
  registration.addEventListener("updatefound", watch, { signal });
  watch();
  void tell();
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() - looked < LOOK_EACH_MS) return;
    looked = Date.now();
    registration.update().catch(() => {}); // no network
  }, { signal });

  const active = /** @type {ServiceWorker} */ ((await container.ready).active);
  compare(await ask(active, { type: "build" }));
  // What was loaded before the worker was there.
  const urls = controlled ? [] : [location.href, ...performance.getEntriesByType("resource").map(({ name }) => name)];
  await ask(active, { type: "start", urls });
  return active;
}

// Whether the reader wants the service worker, and which edition this page is of. main.js knows the key, too.
import { siteRoot } from "./worker-start.js";

const KEY = "offline";
/** The edition of this page; a page that `make serve` shows has none. */
export const build = document.querySelector("meta[name=build]")?.getAttribute("content") ?? "";
/** Whether a service worker saw what this page loaded: it may be there by now though it was not then. */
export const controlled = performance.getEntriesByType("navigation").some((entry) => /** @type {PerformanceNavigationTiming} */ (entry).workerStart > 0);

/** On, unless the reader said otherwise. */
export function wanted() {
  try {
    const said = localStorage.getItem(KEY);
    if (said) return said === "on";
  } catch {
    // Nothing can be remembered, so nothing was said.
  }
  return true;
}

/** @param {"on" | "off"} choice */
export function remember(choice) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // It holds for this page.
  }
}

/** @returns {Promise<ServiceWorkerRegistration | undefined>} rejects where the browser refuses */
export async function register() {
  if (!build || !wanted()) return undefined;
  // As in main.js: with other options the browser would fetch the script once more, and fail without a network.
  return navigator.serviceWorker?.register(`${siteRoot}sw.js`);
}

/**
 * The address of a file whose name does not change from edition to edition: a service worker of another one lets it pass.
 * @param {string | URL} address
 */
export function ofThisEdition(address) {
  const url = new URL(address, location.href);
  if (build) url.searchParams.set("build", build);
  return url;
}

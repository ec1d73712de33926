// Registers the service worker where the reader wants it. Part of every page, so no more than that.
import { siteRoot } from "./worker-start.js";

const KEY = "offline";
/** The edition of this page; a page that `make serve` shows has none. */
export const build = document.querySelector("meta[name=build]")?.getAttribute("content") ?? "";
/** Whether the service worker saw what this page loaded. */
export const controlled = Boolean(navigator.serviceWorker?.controller);

/** On, unless the reader said otherwise or saves data. */
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

/** @returns {Promise<ServiceWorkerRegistration | undefined>} rejects where the browser refuses */
export async function register() {
  if (!build || !wanted()) return undefined;
  return navigator.serviceWorker?.register(new URL("sw.js", siteRoot), { updateViaCache: "none" });
}

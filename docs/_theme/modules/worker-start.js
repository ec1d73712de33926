// Starts workers so that the page's Content-Security-Policy holds inside them too.
// A worker loaded by URL gets its policy from response headers, which a static host may not send;
// one started from a blob inherits the page's policy.

export { siteRoot } from "./site-root.js"; // a module of its own, since every page needs it

/**
 * @param {string} name file name of the worker beside this bundle
 * @returns {Worker} a module worker under the page's policy
 */
export function startWorker(name) {
  const url = new URL(name, import.meta.url).href;
  const blob = new Blob([`import ${JSON.stringify(url)};`], { type: "text/javascript" });
  const blobUrl = URL.createObjectURL(blob);
  const worker = new Worker(blobUrl, { type: "module" });
  // The worker has read the blob once it answers; until then the URL must stay valid.
  worker.addEventListener("message", () => URL.revokeObjectURL(blobUrl), { once: true });
  return worker;
}

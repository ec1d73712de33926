// Entry of every page: loads the module of a custom element where one stands on the page, and remembers the language.
// Sentences stand far below the first screen: theirs waits until one comes near, until an address holds values, or until
// what is kept for reading without a network has its turn.

import { watchFigures } from "./figures.js";
import { siteRoot } from "./site-root.js";

const SENTENCE = "reactive-sentence";
const calculator = () => import("./calculator.js");
/** @type {Record<string, () => Promise<unknown>>} */
const elements = {
  "tier-calculator": calculator,
  "cost-calculator": calculator,
  "fit-calculator": calculator,
  "keep-book": () => import("./keep-book.js"),
  "portfolio-calculator": calculator,
  "chat-benchmark": () => import("./chat-benchmark.js"),
  "device-run": () => import("./device-run.js"),
  "device-probe": () => import("./device-probe.js"),
  "data-table": () => import("./data-table.js"),
  "model-verdicts": () => import("./model-verdicts.js"),
  "on-device-chat": () => import("./on-device-chat.js"),
  "price-chart": () => import("./price-chart.js"),
  [SENTENCE]: () => import("./reactive-sentence.js"),
  "speed-replay": () => import("./speed-replay.js"),
  "usage-import": () => import("./usage-import.js"),
};

// After an instant navigation the styles of a page's elements come late, and move what its address names.
function settle() {
  for (const link of document.querySelectorAll("head > link[rel=stylesheet]")) {
    if (/** @type {HTMLLinkElement} */ (link).sheet) continue;
    link.addEventListener("load", () => document.getElementById(location.hash.slice(1))?.scrollIntoView(), { once: true });
  }
}

let waits = true;
const near = new IntersectionObserver((all) => {
  if (all.some(({ isIntersecting }) => isIntersecting)) void elements[SENTENCE]();
}, { rootMargin: "100%" });

function enhance() {
  settle();
  watchFigures();
  for (const [tag, load] of Object.entries(elements)) {
    const found = customElements.get(tag) ? [] : document.querySelectorAll(tag);
    if (tag === SENTENCE && waits && location.hash[1] !== "?") found.forEach((element) => near.observe(element));
    else if (found[0]) void load();
  }
  try {
    localStorage.language = document.documentElement.lang;
  } catch {
    // A browser that stores nothing asks again at the root page; nothing else depends on it.
  }
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (event.target.closest("a[href]")) : null;
  if (!link) return;
  // The other language shows the same page and case. The header stays from the first page of a visit, so its links are
  // worked out from the address.
  const here = `${siteRoot.href}${document.documentElement.lang}/`;
  if (link.hreflang && location.href.startsWith(here)) link.href = `${siteRoot.href}${link.hreflang}/${location.href.slice(here.length)}`;
  // The page of larger models has a policy of its own, so ways to it and from it are full loads: the theme hears of no click.
  const own = /\/demo\/models\/$/;
  if (own.test(link.pathname) !== own.test(location.pathname)) event.stopPropagation();
}, { capture: true });

// The theme replaces the page's content without reloading: its `document$` tells of each page.
const { document$ } = /** @type {{ document$?: { subscribe(f: () => void): void } }} */ (/** @type {unknown} */ (window));
if (document$) document$.subscribe(enhance);
else enhance();

// Last: what makes pages work without a network, unless the reader has turned it off. Where it fails, nothing is lost.
addEventListener("load", async () => {
  try {
    if (localStorage.offline !== "off" && await navigator.serviceWorker?.register(`${siteRoot}sw.js`)) {
      await (await import("./offline-start.js")).start();
      waits = false;
      if (document.querySelector(SENTENCE)) await elements[SENTENCE]();
    }
  } catch {
    // Neither where the browser stores nothing.
  }
});

// Entry of every page: loads the module of a custom element where one stands on the page, and remembers the language.

/** @type {Record<string, () => Promise<unknown>>} */
const elements = {
  "fit-calculator": () => import("./calculator.js"),
  "on-device-chat": () => import("./on-device-chat.js"),
};

function enhance() {
  for (const [tag, load] of Object.entries(elements)) {
    if (document.querySelector(tag) && !customElements.get(tag)) void load();
  }
  try {
    localStorage.setItem("language", document.documentElement.lang);
  } catch {
    // A browser that stores nothing asks again at the root page; nothing else depends on it.
  }
}

// The other language shows the same case: the fragment goes along.
document.addEventListener("click", ({ target }) => {
  const link = target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (target.closest("a[hreflang]")) : null;
  if (link) link.hash = location.hash;
}, { capture: true });

// The theme replaces the page's content without reloading: its `document$` tells of each page.
const { document$ } = /** @type {{ document$?: { subscribe(f: () => void): void } }} */ (/** @type {unknown} */ (window));
if (document$) document$.subscribe(enhance);
else enhance();

// Answers the theme's search box in place of the theme's worker: the same four messages, our own matching. The text is
// fetched with the first query, not with every page.
import { excerpt, open, search } from "./search-text.js";

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3;
const MOST = 30;

/** @type {Promise<import("./search-text.js").Section[]> | undefined} */
let sections;

function load() {
  const root = /** @type {{ languageRoot: string }} */ (/** @type {unknown} */ (self)).languageRoot;
  sections ??= fetch(new URL("search/docs.json", root)).then(async (response) => {
    if (!response.ok) throw new Error(`search text: HTTP ${response.status}`);
    return open(await response.json());
  });
  // After a failure the next query tries again.
  sections.catch(() => { sections = undefined; });
  return sections;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** @param {string} query */
async function items(query) {
  const { terms, pages } = search(await load(), query);
  const found = Object.fromEntries(query.normalize("NFKC").trim().split(/\s+/).map((term) => [term, true]));
  return pages.slice(0, MOST).map((matches) => {
    const list = matches.slice(0, 6).map(({ section, score }) => ({
      location: section.url + (section.anchor ? `#${section.anchor}` : ""),
      title: escaped(section.heading || section.title),
      text: `<p>${excerpt(section.text, terms).map((p) => (p.match ? `<mark>${escaped(p.text)}</mark>` : escaped(p.text))).join("")}</p>`,
      terms: found, score, tags: [],
    }));
    // The theme shows a page by the item without an anchor.
    if (list.every((item) => item.location.includes("#"))) {
      const { url, title } = matches[0].section;
      list.push({ location: url, title: escaped(title), text: "", terms: found, score: 0, tags: [] });
    }
    return list;
  });
}

let latest = 0;
addEventListener("message", async ({ data: { type, data } }) => {
  if (type === SETUP) postMessage({ type: READY });
  if (type !== QUERY) return;
  const turn = ++latest;
  const answer = data.trim() ? await items(data) : [];
  if (turn === latest) postMessage({ type: RESULT, data: { items: answer } });
});

// Answers the theme's search box in place of the theme's worker: the same four messages, our own matching. The text is
// fetched with the first query, not with every page, and once: the worker keeps it.
import { completed, excerpt, open, search } from "./search-text.js";

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3;
const MOST_PAGES = 30, MOST_SECTIONS = 6;

const settings = /** @type {{ languageRoot: string, searchFailed: string }} */ (/** @type {unknown} */ (self));
/** @type {Promise<import("./search-text.js").Book> | undefined} */
let book;

function load() {
  book ??= fetch(new URL("search/docs.json", settings.languageRoot)).then(async (response) => {
    if (!response.ok) throw new Error(`search text: HTTP ${response.status}`);
    return open(await response.json());
  });
  // After a failure the next query tries again.
  book.catch(() => { book = undefined; });
  return book;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** @typedef {ReturnType<typeof excerpt>} Pieces */
/** @param {Pieces} pieces */
function marked(pieces) {
  return pieces.map(({ text, match }) => (match ? `<mark>${escaped(text)}</mark>` : escaped(text))).join("");
}

/**
 * One line of the theme's list. `terms` are highlighted on the page that it leads to, so they are spelled as there.
 * @param {string} location @param {Pieces} title @param {Pieces} text @param {number} score
 */
function item(location, title, text, score) {
  const found = [...title, ...text].filter((piece) => piece.match).slice(0, 5);
  return { location, title: marked(title), text: text.length ? `<p>${marked(text)}</p>` : "", score, tags: [],
    terms: Object.fromEntries(found.map((piece) => [piece.text, true])) };
}

/** @param {string} query */
async function answer(query) {
  const found = await load();
  const { ways, pages } = search(found, query);
  const items = pages.slice(0, MOST_PAGES).map(({ page, matches }) => {
    const list = matches.slice(0, MOST_SECTIONS).map(({ section, score }) => {
      const title = excerpt(section.anchor && section.heading || page.title, ways, { width: Infinity });
      // A section named by the query is told by its beginning.
      const text = excerpt(section.text, ways, { around: !title.some((piece) => piece.match) });
      return item(page.url + (section.anchor ? `#${section.anchor}` : ""), title, text, score);
    });
    // The theme shows a page by the item without an anchor.
    if (list.every(({ location }) => location.includes("#"))) {
      list.push(item(page.url, excerpt(page.title, ways, { width: Infinity }), [], 0));
    }
    return list;
  });
  const suggestion = completed(found, query);
  return { items, suggest: suggestion ? [suggestion] : [] };
}

let latest = 0;
addEventListener("message", async ({ data: { type, data } }) => {
  if (type === SETUP) postMessage({ type: READY });
  if (type !== QUERY) return;
  const turn = ++latest;
  const found = data.trim() ? await answer(data).catch(() => ({
    items: [[item("", [{ text: settings.searchFailed, match: false }], [], 0)]], suggest: [],
  })) : { items: [] };
  if (turn === latest) postMessage({ type: RESULT, data: found });
});

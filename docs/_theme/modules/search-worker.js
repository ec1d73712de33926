// Answers the theme's search box in place of the theme's worker: the same messages, our own matching. This script and
// the text are fetched with the first query, not with every page, and once: the worker keeps them.
import { completed, excerpt, open, search } from "./search-text.js";

const RESULT = 3; // the theme's number of the message
const MOST_PAGES = 30, MOST_SECTIONS = 6;

/** @type {{ languageRoot: string, build?: string, searchFailed: string, answer?: (query: string) => Promise<void> }} */
const settings = /** @type {any} */ (self); // theme-start.js
/** @type {Promise<import("./search-text.js").Book> | undefined} */
let book;

function load() {
  const edition = settings.build ? `?build=${settings.build}` : ""; // see offline-wanted.js
  book ??= fetch(new URL(`search/docs.json${edition}`, settings.languageRoot)).then(async (response) => {
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
async function found(query) {
  const text = await load();
  const { ways, pages } = search(text, query);
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
  const suggestion = completed(text, query);
  return { items, suggest: suggestion ? [suggestion] : [] };
}

let latest = 0;
settings.answer = async (query) => {
  const turn = ++latest;
  const data = query.trim() ? await found(query).catch(() => ({
    items: [[item("", [{ text: settings.searchFailed, match: false }], [], 0)]], suggest: [],
  })) : { items: [] };
  if (turn === latest) postMessage({ type: RESULT, data });
};

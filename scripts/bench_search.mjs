// Answers queries twice: by the site's own search and by MiniSearch over pairs of letters. Called by scripts/bench_search.py.
// Usage: node scripts/bench_search.mjs < JSON {docs, queries}; prints JSON {own, pairs}, each {milliseconds, gzip, pages: [[url, …], …]}.
import MiniSearch from "minisearch";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fold, open, search } from "../docs/_theme/modules/search-text.js";

/** Latin words and numbers whole, other scripts as pairs of letters. @param {string} text */
function tokens(text) {
  return fold(text).split(/[^\p{L}\p{N}]+/u).flatMap((run) => run.match(/[a-z0-9]+|[^a-z0-9]+/g) ?? []).flatMap((run) => {
    if (/^[a-z0-9]/.test(run) || run.length < 2) return [run];
    return Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2));
  });
}

/** @typedef {{ milliseconds: number, gzip: number, pages: string[][] }} Figures */
/** @param {string[]} queries @param {(query: string) => string[]} answer @param {string} fetched @returns {Figures} */
function timed(queries, answer, fetched) {
  const started = performance.now();
  const pages = queries.map(answer);
  return { milliseconds: (performance.now() - started) / queries.length, gzip: gzipSync(fetched, { level: 9 }).length, pages };
}

/** @type {{ docs: string, queries: string[] }} */
const { docs, queries } = JSON.parse(readFileSync(0, "utf8"));
const text = readFileSync(docs, "utf8");
const book = open(JSON.parse(text));
const index = new MiniSearch({ fields: ["title", "heading", "body"], storeFields: ["url"], tokenize: tokens, processTerm: (term) => term });
let id = 0;
for (const page of book.pages) {
  // A page is one document, as the words of a query may stand in different sections.
  index.add({ id: id++, url: page.url, title: page.title, heading: page.sections.map((s) => s.heading).join("\n"),
    body: page.sections.map((s) => s.text).join("\n") });
}
const options = { combineWith: /** @type {const} */ ("AND"), prefix: (/** @type {string} */ term) => /^[a-z]{3}/.test(term), boost: { title: 4, heading: 2 } };
console.log(JSON.stringify({
  own: timed(queries, (query) => search(book, query).pages.map(({ page }) => page.url), text),
  // The index has no text to show around a match: that would have to be fetched besides.
  pairs: timed(queries, (query) => index.search(query, options).map(({ url }) => url), JSON.stringify(index)),
}));

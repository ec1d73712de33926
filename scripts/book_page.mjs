// One long page from the built pages of the book, for the PDF and the EPUB. Usage: node scripts/book_page.mjs [--help] < order.json
// Reads {"pages": [{"file", "url", "id", "level", "number"}, …], "site": address of the language or "", "files": bool} on standard input: url
// is the page's address below its language, level 2 that of a section within a part. Prints {"html", "drawings": {name: SVG}};
// with `files` the drawings are images of their own, as an EPUB wants them.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { parseHTML } from "linkedom";

const { values } = parseArgs({ options: { help: { type: "boolean" } } });
if (values.help) {
  console.log('node scripts/book_page.mjs < order.json, {"pages": [{"file", "url", "id", "level", "number"}], "site", "files"}; prints {"html", "drawings"}');
  process.exit(0);
}

// What works on a screen only, or stands in the book already.
const DROPPED = `.headerlink, .md-content__button, .reading-time, .section-sources, .table-form, .table-count, .table-compare, .table-pages, .table-anchor,
  template, script, form, button, input, select, progress, .chart-narrow, .answer-chart details, .book-figure-origin a[href^="#"], [data-controls], [data-said],
  [data-status], .reactive-error, on-device-chat, usage-import, link, .claims-bar`;
/** @typedef {{ file: string, url: string, id: string, level: number, number: string }} Page */
/** @type {{ pages: Page[], site: string, files: boolean }} */
const { pages, site, files } = JSON.parse(await text(process.stdin));
const ids = new Map(pages.map(({ url, id }) => [url, id]));
/** @type {Record<string, string>} */
const drawings = {};

/** @param {Element} element @param {string} tag */
function renamed(element, tag) {
  const made = element.ownerDocument.createElement(tag);
  for (const name of ["id", "class"]) if (element.hasAttribute(name)) made.setAttribute(name, element.getAttribute(name) ?? "");
  made.append(...element.childNodes);
  element.replaceWith(made);
  return made;
}

/** A link within the book, to the site where its address is known, else words alone. @param {Element} link @param {Page} page */
function relink(link, page) {
  const given = link.getAttribute("href") ?? "";
  link.removeAttribute("title");
  link.removeAttribute("rel");
  if (/^[a-z]+:/.test(given)) return;
  const base = `https://book.invalid/${page.url}`;
  const { pathname, hash, search } = new URL(given, base);
  const id = ids.get(pathname.slice(1));
  const anchor = hash && !hash.startsWith("#?") ? `--${decodeURIComponent(hash.slice(1))}` : "";
  if (id !== undefined) link.setAttribute("href", `#${id}${anchor}`);
  else if (site) link.setAttribute("href", new URL(`.${pathname}${search}${hash}`, site).href);
  else link.replaceWith(...link.childNodes);
}

/** @param {Element} svg @param {Document} document */
function asImage(svg, document) {
  const said = svg.querySelector("desc")?.textContent ?? "";
  const name = `drawing-${Object.keys(drawings).length + 1}.svg`;
  // A drawing by itself has no fonts around it, and no custom properties.
  svg.setAttribute("font-family", "sans-serif");
  for (const element of [svg, ...svg.querySelectorAll("[style]")]) {
    const style = (element.getAttribute("style") ?? "").replace(/(?:fill|stroke):var\([^;]*\);?/g, "");
    if (style) element.setAttribute("style", style);
    else element.removeAttribute("style");
  }
  // An EPUB's SVG is of version 1.1, which knows this property as a style only.
  for (const element of svg.querySelectorAll("[paint-order]")) {
    element.setAttribute("style", `paint-order:${element.getAttribute("paint-order")}`);
    element.removeAttribute("paint-order");
  }
  for (const element of svg.querySelectorAll("[text-anchor]")) if (!["start", "middle", "end"].includes(element.getAttribute("text-anchor") ?? "")) element.removeAttribute("text-anchor");
  // Read as HTML, names of elements have lost their capitals.
  drawings[name] = svg.outerHTML.replaceAll("clippath", "clipPath");
  const image = document.createElement("img");
  for (const [key, value] of Object.entries({ src: name, alt: said, width: svg.getAttribute("width") ?? "" })) image.setAttribute(key, value);
  svg.replaceWith(image);
}

/** A table of sentences is too wide for a page: each row becomes a paragraph a cell. @param {Element} table @param {Document} document */
function asEntries(table, document) {
  const made = document.createElement("div");
  made.setAttribute("class", "entries");
  for (const row of table.querySelectorAll("tbody tr")) {
    const entry = document.createElement("div");
    entry.setAttribute("class", "entry");
    if (row.id) entry.id = row.id;
    for (const cell of row.children) {
      if (["", "—"].includes(cell.textContent.trim())) continue;
      const line = document.createElement("p");
      const label = cell.getAttribute("data-label");
      if (label) line.innerHTML = `<span class="entry-label">${label}</span> `;
      const words = cell.localName === "th" ? document.createElement("strong") : line;
      words.append(...cell.childNodes);
      if (words !== line) line.append(words);
      entry.append(line);
    }
    made.append(entry);
  }
  table.replaceWith(made);
}

/** The book has a list of contents of its own. @param {Element} article */
function withoutContents(article) {
  const heading = article.querySelector("#contents");
  while (heading?.nextElementSibling && heading.nextElementSibling.localName !== "h2") heading.nextElementSibling.remove();
  heading?.remove();
}

/** @param {Page} page */
function section(page) {
  const { document } = parseHTML(readFileSync(page.file, "utf8"));
  const article = document.querySelector("article.md-content__inner");
  if (!article) throw new Error(`${page.file}: has no article`);
  for (const element of article.querySelectorAll(DROPPED)) element.remove();
  for (const element of article.querySelectorAll("data, output")) element.replaceWith(...element.childNodes);
  if (page.id === "index") withoutContents(article);
  for (const table of article.querySelectorAll("table.words")) asEntries(table, document);
  for (const element of [...article.querySelectorAll("*")]) if (element.localName.includes("-")) renamed(element, "div");
  for (const element of article.querySelectorAll("summary")) renamed(element, "p").setAttribute("class", "summary");
  for (const element of article.querySelectorAll("details")) renamed(element, "div");
  for (let level = 5; level > 0 && page.level > 1; level -= 1) for (const heading of article.querySelectorAll(`h${level}`)) renamed(heading, `h${level + page.level - 1}`);
  const drawn = [...article.querySelectorAll("svg")];
  const inside = new Set(drawn.flatMap((svg) => [...svg.querySelectorAll("[id]")]));
  for (const element of article.querySelectorAll("[id]")) if (!inside.has(element)) element.setAttribute("id", `${page.id}--${element.id}`);
  for (const link of article.querySelectorAll("a")) relink(link, page);
  const title = article.querySelector("h1, h2");
  if (page.number) title?.prepend(`${page.number}\u2002`);
  for (const element of [article, ...article.querySelectorAll("*")]) {
    if (element.closest("svg") && element.localName !== "svg") continue;
    for (const { name } of [...element.attributes]) if (/^(?:data-|aria-)|^(?:role|tabindex|hidden|markdown)$/.test(name) && !(files === false && element.localName === "svg")) element.removeAttribute(name);
  }
  if (files) for (const svg of drawn) asImage(svg, document);
  if (!files) return `<section id="${page.id}" class="book-page level-${page.level}">${article.innerHTML}</section>`;
  // An EPUB is cut at its headings, so nothing may stand around them.
  title?.setAttribute("id", page.id);
  return article.innerHTML;
}

const html = pages.map(section).join("\n");
// What a link leads to may have been left out: then it is words.
const { document } = parseHTML(`<!doctype html><html><body>${html}</body></html>`);
const known = new Set([...document.querySelectorAll("[id]")].map(({ id }) => id));
for (const link of document.querySelectorAll('a[href^="#"]')) {
  const to = (link.getAttribute("href") ?? "").slice(1);
  if (known.has(to)) continue;
  const page = to.split("--")[0];
  if (known.has(page)) link.setAttribute("href", `#${page}`);
  else link.replaceWith(...link.childNodes);
}
console.log(JSON.stringify({ html: document.body.innerHTML, drawings }));

// What a figure's note says once it is open: value, date, age, its sources, what it was computed from, the case in its
// calculator, and where to challenge it.

import { siteRoot } from "./site-root.js";

const DAY_MS = 86_400_000;

/** @type {Record<string, Record<string, string>>} */
const WORDS = JSON.parse(FIGURE_WORDS);

/** @param {string} date ISO date; a month counts from its first day */
export function ageInDays(date, now = Date.now()) {
  return Math.floor((now - Date.parse(date)) / DAY_MS);
}

/** @param {string} id @param {string} n */
export function words(id, n = "") {
  return (WORDS[`figure-${id}`][document.documentElement.lang] ?? "").replace("{n}", n);
}

/** @param {HTMLElement} figure @returns {string} empty where the figure has no date */
export function ageWords(figure) {
  const age = ageInDays(figure.dataset.date ?? "");
  if (Number.isNaN(age)) return "";
  const told = words(age === 0 ? "today" : age === 1 ? "day" : "days", age.toLocaleString(document.documentElement.lang));
  return "stale" in figure.dataset ? `${told} — ${words("stale")}` : told;
}

/** The data files that a figure rests on. @param {HTMLElement} figure */
function filesOf(figure) {
  const references = (figure.dataset.from ?? figure.dataset.fact ?? "").split(" ");
  const names = references.map((reference) => reference.split("#")[0]).filter((name) => /^[a-z-]+\/[\w.-]+$/.test(name));
  return [...new Set(names)].map((name) => `data/${name}.yml`);
}

/** @param {string} tag @param {...(Node | string)} inside */
function element(tag, ...inside) {
  const made = document.createElement(tag);
  made.append(...inside);
  return made;
}

/** @param {string} href @param {string} text */
function link(href, text) {
  return Object.assign(document.createElement("a"), { href, textContent: text });
}

/** A file's path, and where it is edited if a repository is set. @param {string} file @param {string} text */
function edit(file, text) {
  const repository = /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=repository]"))?.content;
  const path = element("code", file);
  if (!repository) return element("span", words("file"), path);
  const address = `${repository}/edit/main/${file}`;
  return text.includes(file) ? link(address, text) : element("span", link(address, text), " ", path);
}

/** The sources that a figure rests on: to our entry of each, and to where it was published. @param {HTMLElement} figure */
function sourcesOf(figure, root = "") {
  /** @type {Record<string, [title: string, url: string]>} */
  const known = JSON.parse(
    /** @type {HTMLTemplateElement | null} */ (document.querySelector("template[data-sources]"))?.content.textContent ?? "{}",
  );
  const keys = (figure.dataset.sources ?? figure.dataset.source ?? "").split(" ").filter(Boolean);
  return keys.map((key) => {
    const [title, url] = known[key] ?? ["", ""];
    const entry = link(`${root}data/sources/#${key}`, keys.length > 1 && title ? title : words("source"));
    if (!url) return element("li", entry);
    const original = Object.assign(link(url, words("original")), { rel: "noopener", className: "figure-original" });
    return element("li", entry, " ", original);
  });
}

/** @param {HTMLElement} note @param {HTMLElement} figure */
export function fill(note, figure) {
  const root = `${siteRoot.href}${document.documentElement.lang}/`;
  const { note: text = "", calculator } = figure.dataset;
  const shown = figure.textContent?.trim() ?? "";
  const raw = "from" in figure.dataset ? "" : figure.getAttribute("value") ?? ""; // what is computed has no such form
  const files = filesOf(figure);
  const links = [];
  const sources = sourcesOf(figure, root);
  if (calculator) links.push(link(root + calculator, words("calculator")));
  if (files.length === 1) links.push(edit(files[0], words("challenge")));
  note.replaceChildren(
    element("strong", shown), ...(raw && raw !== shown ? [element("small", words("stored", raw))] : []),
    element("p", text), ...(ageWords(figure) ? [element("p", ageWords(figure))] : []),
    ...(sources.length || links.length ? [element("ul", ...sources, ...links.map((made) => element("li", made)))] : []),
  );
  if (files.length < 2) return;
  const several = element("details", element("summary", words("behind", files.length.toLocaleString(document.documentElement.lang))));
  several.append(element("ul", ...files.map((file) => element("li", edit(file, words("challenge-file", file))))));
  note.append(several);
}

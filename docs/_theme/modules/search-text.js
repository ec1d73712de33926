// Full-text search by scanning: no dictionary and no inverted index, so that any part of a Japanese compound is found.
// Measured against an index of letter pairs by scripts/bench_search.mjs.

/** @typedef {{ own: string[], other: string[] }} Term a glossary term's names in the page's language and in the other */
/** @typedef {{ anchor: string, heading: string, text: string, head: string, body: string }} Section */
/** @typedef {{ url: string, title: string, weight: number, head: string, slug: string, sections: Section[] }} Page */
/** @typedef {{ pages: Page[], names: string[], synonyms: Map<string, Set<string>> }} Book */
/** One spelling of a query's word. `start`: only where no hiragana precedes, `whole`: no Latin letter may follow.
 *  @typedef {{ text: string, weight: number, start?: boolean, whole?: boolean }} Way */
/** @typedef {{ section: Section, score: number }} Match */

/** @type {Record<string, string>} */
const LARGE_KANA = { ァ: "ア", ィ: "イ", ゥ: "ウ", ェ: "エ", ォ: "オ", ッ: "ツ", ャ: "ヤ", ュ: "ユ", ョ: "ヨ", ヮ: "ワ" };
const KANA_STEP = 0x60; // from a hiragana letter to the same one in katakana
// Between two words of a Japanese question; a word of kana alone is no particle.
const PARTICLES = /(?<=[^\u3041-\u3096])(?:とは|には|では|から|まで|より|への|での|[のとやをはがにでへもか])(?=[^\u3041-\u3096]|$)/;

/**
 * Spellings that a reader takes for the same become the same: case, width, small kana, サーバ and サーバー, hyphen and space.
 * One character becomes one or none, so that places in the text can be found again.
 * @param {string} character
 */
function foldCharacter(character) {
  if (character === "ー" || character === "・") return "";
  if (/[-‐‑–]/.test(character)) return " ";
  return character === "’" ? "'" : LARGE_KANA[character] ?? character.toLowerCase();
}

/** @param {string} text */
export function fold(text) {
  return Array.from(text.normalize("NFKC"), foldCharacter).join("");
}

/**
 * @param {{ pages: [string, string, number, [string, string, string][]][], terms: [string[], string[]][] }} data search/docs.json
 * @returns {Book}
 */
export function open({ pages, terms }) {
  const synonyms = new Map();
  for (const names of terms.map(([own, other]) => [...own, ...other].map(fold))) {
    for (const name of names) synonyms.set(name, new Set([...(synonyms.get(name) ?? []), ...names]));
  }
  return {
    names: terms.flatMap(([own]) => own), synonyms,
    pages: pages.map(([url, title, weight, sections]) => ({
      url, title, weight, head: fold(title), slug: fold(url.split("/").at(-2) ?? ""),
      sections: sections.map(([anchor, heading, text]) => ({ anchor, heading, text, head: fold(heading), body: fold(text) })),
    })),
  };
}

/** @param {string} text @param {RegExp} letters @param {number} step */
function shifted(text, letters, step) {
  return text.replace(letters, (c) => String.fromCharCode(c.charCodeAt(0) + step));
}

/** The plural of an English word, or its singular: what either may be. @param {string} word */
function otherNumber(word) {
  if (!/^[a-z]{4,}$/.test(word)) return [];
  if (/ies$/.test(word)) return [word.replace(/ies$/, "y")];
  if (/[^s]s$/.test(word)) return [word.slice(0, -1), word.replace(/es$/, "")];
  return /[^aeiou]y$/.test(word) ? [word.replace(/y$/, "ies")] : []; // other plurals begin with the word itself
}

/**
 * The spellings under which a word counts as found.
 * @param {string} word @param {Map<string, Set<string>>} synonyms
 * @returns {Way[]}
 */
function ways(word, synonyms) {
  const own = fold(word);
  const found = new Map([[own, /** @type {Way} */ ({ text: own, weight: 1 })]]);
  const add = (/** @type {Way} */ way) => { if (!found.has(way.text)) found.set(way.text, way); };
  for (const text of otherNumber(own)) add({ text, weight: 0.8, whole: true });
  add({ text: fold(shifted(word, /[\u3041-\u3096]/g, KANA_STEP)), weight: 0.9 });
  // カニ is no part of 明らかに: in hiragana, particles and endings join on.
  if (own.length > 2) add({ text: fold(shifted(word, /[\u30a1-\u30f6]/g, -KANA_STEP)), weight: 0.9, start: own.length < 4 });
  for (const name of synonyms.get(own) ?? []) add({ text: name, weight: 0.4 });
  return [...found.values()];
}

/**
 * Each word of a query with its spellings; a glossary term of several words is one.
 * @param {string[]} words @param {Book} book
 */
function units(words, { synonyms }) {
  const found = [];
  for (let at = 0, end; at < words.length; at = end) {
    for (end = words.length; end > at + 1 && !synonyms.has(fold(words.slice(at, end).join(" "))); end--);
    found.push(ways(words.slice(at, end).join(" "), synonyms));
  }
  return found;
}

/**
 * Places of a spelling in folded text. A Latin word or a number must begin where the spelling does.
 * @param {string} text @param {Way} way
 */
function* places(text, { text: word, start, whole }) {
  const joins = /^[a-z]/.test(word) ? /[a-z]/ : /^[0-9]/.test(word) ? /[0-9.,]/ : start ? /[\u3041-\u3096]/ : undefined;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    const after = text[at + word.length];
    if (!(joins && at > 0 && joins.test(text[at - 1])) && !(whole && after && /[a-z]/.test(after))) yield at;
  }
}

/** How often a spelling occurs; the beginning of a longer Latin word counts half. @param {string} text @param {Way} way */
function count(text, way) {
  let found = 0;
  for (const at of places(text, way)) found += /[a-z][a-z]$/.test(text.slice(at + way.text.length - 1, at + way.text.length + 1)) ? 0.5 : 1;
  return found;
}

/** Share of a heading that a word fills, from a half up; 0 where it is not. @param {string} head @param {Way} way */
function named(head, way) {
  return count(head, way) && way.weight * (0.5 + 0.5 * Math.min(1, way.text.length / head.length));
}

/**
 * What a page is about stands in its title and the last part of its address, then in a heading; words that stand together
 * say more than words that stand apart, many mentions in a long text less than in a short one.
 * @param {Page} page @param {Way[][]} wanted @param {Way[]} phrase the whole query, if it has several words
 * @returns {{ page: Page, score: number, matches: Match[] } | undefined} nothing unless every word is there
 */
function judged(page, wanted, phrase) {
  const best = (/** @type {Way[]} */ unit, /** @type {(way: Way) => number} */ of) => Math.max(0, ...unit.map(of));
  const title = (/** @type {Way} */ way) => Math.max(named(page.head, way), 0.8 * named(page.slug, way));
  const titles = wanted.map((unit) => best(unit, title));
  const held = titles.map(Boolean);
  let mentions = 0;
  const matches = page.sections.map((section) => {
    let score = best(phrase, (way) => 4 * named(section.head, way) + (count(section.body, way) && 4));
    let together = wanted.length > 1;
    for (const [i, unit] of wanted.entries()) {
      const head = best(unit, (way) => named(section.head, way));
      const body = best(unit, (way) => way.weight * count(section.body, way));
      held[i] ||= head + body > 0;
      together &&= head + body > 0;
      mentions += body / wanted.length;
      score += 6 * head + body / (body + 1 + section.body.length / 2000);
    }
    return { section, score: score + (together ? 2 : 0) };
  }).filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  if (!held.every(Boolean)) return undefined;
  const inTitle = 8 * (titles.reduce((a, b) => a + b, 0) + best(phrase, title));
  return { page, score: inTitle + page.weight * ((matches[0]?.score ?? 0) + 4 * mentions / (mentions + 6)), matches };
}

/**
 * Pages that hold every word, best first, each with its matching sections, best first. A Japanese question that is found
 * nowhere as it stands is looked for without its particles.
 * @param {Book} book @param {string} query
 */
export function search(book, query) {
  // Folded after it is split, since the two kinds of kana are told apart before.
  const words = query.normalize("NFKC").toLowerCase().split(/[\s‐‑–-]+/).filter(fold);
  const apart = words.flatMap((word) => word.split(PARTICLES)).filter(fold);
  for (const tried of words.length ? [words, apart] : []) {
    const wanted = units(tried, book);
    const phrase = wanted.length > 1 ? [{ text: fold(tried.join(" ")), weight: 1 }] : [];
    const found = wanted.length ? book.pages.flatMap((page) => judged(page, wanted, phrase) ?? []) : [];
    if (found.length) return { ways: wanted.flat(), pages: found.sort((a, b) => b.score - a.score) };
  }
  return { ways: [], pages: [] };
}

/** The query's last word written out to the shortest glossary name that begins like the query. @param {Book} book @param {string} query */
export function completed({ names }, query) {
  const typed = query.trimStart().toLowerCase();
  const fits = names.filter((name) => name.length > typed.length && name.toLowerCase().startsWith(typed));
  const name = fits.sort((a, b) => a.length - b.length)[0];
  return name && (query.split(/[\s-]+/).at(-1) ?? "") + name.slice(typed.length);
}

/**
 * The text around the first match, or its beginning, as pieces that are or are not part of a match.
 * @param {string} text @param {Way[]} wanted
 * @returns {{ text: string, match: boolean }[]}
 */
export function excerpt(text, wanted, { around = true, width = 120 } = {}) {
  let folded = "";
  /** @type {number[]} */
  const at = []; // place in `text` of each folded character
  let place = 0;
  for (const character of text) {
    for (const c of foldCharacter(character)) { folded += c; at.push(place); }
    place += character.length;
  }
  at.push(text.length);
  const spans = wanted.flatMap((way) => Array.from(places(folded, way), (i) => [at[i], at[i + way.text.length - 1] + 1]))
    .sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  // A long vowel mark folded away at the end of a match belongs to it.
  for (const span of spans) if (text[span[1]] === "ー") span[1]++;
  const from = around && text.length > width ? Math.max(0, (spans[0]?.[0] ?? 0) - 30) : 0, to = Math.min(text.length, from + width);
  const pieces = [{ text: from ? "…" : "", match: false }];
  let done = from;
  for (const [start, end] of spans) {
    if (start < done || end > to) continue;
    pieces.push({ text: text.slice(done, start), match: false }, { text: text.slice(start, end), match: true });
    done = end;
  }
  pieces.push({ text: text.slice(done, to) + (to < text.length ? "…" : ""), match: false });
  return pieces.filter((piece) => piece.text);
}

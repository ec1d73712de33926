// Full-text search by scanning: no dictionary and no inverted index, so that any part of a Japanese compound is found.

/** @typedef {{ url: string, title: string, anchor: string, heading: string, text: string, head: string, body: string }} Section */

/** @type {Record<string, string>} */
const LARGE_KANA = { ァ: "ア", ィ: "イ", ゥ: "ウ", ェ: "エ", ォ: "オ", ッ: "ツ", ャ: "ヤ", ュ: "ユ", ョ: "ヨ", ヮ: "ワ" };

/**
 * Spellings that a reader takes for the same become the same: case, width, small kana, サーバ and サーバー.
 * One character becomes one or none, so that places in the text can be found again.
 * @param {string} character
 */
function foldCharacter(character) {
  return character === "ー" || character === "・" ? "" : (LARGE_KANA[character] ?? character.toLowerCase());
}

/** @param {string} text */
export function fold(text) {
  return Array.from(text.normalize("NFKC"), foldCharacter).join("");
}

/**
 * @param {[string, string, [string, string, string][]][]} pages search/docs.json
 * @returns {Section[]}
 */
export function open(pages) {
  return pages.flatMap(([url, title, sections]) =>
    sections.map(([anchor, heading, text]) => ({ url, title, anchor, heading, text, head: fold(heading || title), body: fold(text) })));
}

/**
 * How often a term occurs; a Latin word must begin where the term does.
 * @param {string} text @param {string} term
 */
function count(text, term) {
  const word = /^[a-z]/.test(term);
  let found = 0;
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
    if (!word || at === 0 || !/[a-z0-9]/.test(text[at - 1])) found++;
  }
  return found;
}

/**
 * Pages that hold every term, best first, each with its matching sections, best first.
 * @param {Section[]} sections @param {string} query
 * @returns {{ terms: string[], pages: { section: Section, score: number }[][] }}
 */
export function search(sections, query) {
  const terms = fold(query).trim().split(/\s+/).filter(Boolean);
  /** @type {Map<string, { section: Section, score: number, terms: Set<string> }[]>} */
  const pages = new Map();
  for (const section of terms.length ? sections : []) {
    let score = 0;
    const held = new Set();
    for (const term of terms) {
      const inHead = count(section.head, term), inBody = count(section.body, term);
      if (inHead + inBody) held.add(term);
      // A heading says what a section is about; many mentions in a long text say less than in a short one.
      score += (inHead ? 3 + 3 * term.length / section.head.length : 0) + inBody / (inBody + 1 + section.body.length / 2000);
    }
    if (held.size) pages.set(section.url, [...(pages.get(section.url) ?? []), { section, score, terms: held }]);
  }
  const whole = [...pages.values()].filter((found) => terms.every((term) => found.some((f) => f.terms.has(term))));
  for (const found of whole) found.sort((a, b) => b.score - a.score);
  return { terms, pages: whole.sort((a, b) => b[0].score - a[0].score) };
}

/**
 * The text around the first match, as pieces that are or are not part of a match.
 * @param {string} text @param {string[]} terms
 * @returns {{ text: string, match: boolean }[]}
 */
export function excerpt(text, terms, width = 120) {
  let folded = "";
  /** @type {number[]} */
  const at = []; // place in `text` of each folded character
  let place = 0;
  for (const character of text) {
    for (const c of foldCharacter(character)) { folded += c; at.push(place); }
    place += character.length;
  }
  at.push(text.length);
  const spans = terms.flatMap((term) => {
    const found = [];
    for (let i = folded.indexOf(term); i >= 0; i = folded.indexOf(term, i + term.length)) found.push([at[i], at[i + term.length]]);
    return found;
  }).sort((a, b) => a[0] - b[0]);
  const from = Math.max(0, (spans[0]?.[0] ?? 0) - 30), to = Math.min(text.length, from + width);
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

// The Markdown of a reply as DOM nodes: paragraphs, headings, lists, quotes, code, bold and italic. Whatever a model
// writes becomes elements of these few kinds and text; links and images show their address and lead nowhere.

const MAX_DEPTH = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)(?:[-*+]|(\d{1,9})[.)])\s+/;
const LINK = /!?\[([^[\]\n]*)\]\(\s*<?([^()\s<>]*)>?(?:\s+["'][^"'\n]*["'])?\s*\)/y;

/**
 * @param {string} text
 * @returns {HTMLElement[]}
 */
export function renderMarkdown(text) {
  return blocks(text.split("\n"), 0);
}

/**
 * @param {string[]} lines
 * @param {number} depth of nesting; deeper than any honest reply, everything is a paragraph
 * @returns {HTMLElement[]}
 */
function blocks(lines, depth) {
  const out = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    let end = at + 1;
    if (!line.trim()) {
      // Between blocks.
    } else if (fence) {
      while (end < lines.length && !lines[end].trimStart().startsWith(fence[1])) end++;
      out.push(element("pre", element("code", lines.slice(at + 1, end).join("\n"))));
      end++;
    } else if (heading) {
      // No heading of the page: its outline is the author's.
      const shown = element("p", ...inline(heading[1], depth));
      shown.className = "chat-heading";
      out.push(shown);
    } else if (RULE.test(line)) {
      out.push(element("hr"));
    } else if (depth < MAX_DEPTH && QUOTE.test(line)) {
      while (end < lines.length && QUOTE.test(lines[end])) end++;
      out.push(element("blockquote", ...blocks(lines.slice(at, end).map((quoted) => quoted.replace(QUOTE, "")), depth + 1)));
    } else if (depth < MAX_DEPTH && ITEM.test(line)) {
      end = endOfList(lines, at);
      out.push(list(lines.slice(at, end), depth));
    } else {
      while (end < lines.length && !begins(lines[end])) end++;
      out.push(element("p", ...inline(lines.slice(at, end).join("\n").trim(), depth)));
    }
    at = end;
  }
  return out;
}

/** @param {string} line whether it ends a paragraph */
function begins(line) {
  return !line.trim() || [FENCE, HEADING, RULE, QUOTE, ITEM].some((block) => block.test(line));
}

/**
 * Items with what is indented below them; a blank line belongs to the list if an item follows.
 * @param {string[]} lines
 * @param {number} at
 */
function endOfList(lines, at) {
  let end = at + 1;
  for (let next = end; next < lines.length; next++) {
    if (!lines[next].trim()) continue;
    const blank = !lines[next - 1].trim();
    if (!(ITEM.test(lines[next]) || /^ {2,}/.test(lines[next]) || (!blank && !begins(lines[next])))) break;
    end = next + 1;
  }
  return end;
}

/**
 * @param {string[]} lines
 * @param {number} depth
 */
function list(lines, depth) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(lines[0]));
  const outer = element(first[2] ? "ol" : "ul");
  if (outer instanceof HTMLOListElement) outer.start = Number(first[2]);
  /** @type {string[][]} */
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1].length <= first[1].length + 1) items.push([line.slice(item[0].length)]);
    else items[items.length - 1].push(line.replace(/^ {1,4}/, ""));
  }
  for (const item of items) {
    const inner = blocks(item, depth + 1);
    // A lone line needs no paragraph of its own.
    const [head, ...rest] = inner;
    outer.append(element("li", ...(head instanceof HTMLParagraphElement ? [...head.childNodes] : inner.slice(0, 1)), ...rest));
  }
  return outer;
}

/**
 * @param {string} text
 * @param {number} depth
 * @returns {(Node | string)[]}
 */
function inline(text, depth) {
  /** @type {(Node | string)[]} */
  const out = [];
  /** Marks that nothing closes from here on: a row of a thousand stars is looked through once. */
  const open = new Set();
  let plain = "";
  const add = (/** @type {(Node | string)[]} */ ...nodes) => {
    if (plain) out.push(plain);
    plain = "";
    out.push(...nodes);
  };
  for (let at = 0; at < text.length; ) {
    const mark = /(?:`+|\*\*|__|\*|_|!?\[|\\[!-/:-@[-`{-~]|\n)/y;
    mark.lastIndex = at;
    const found = depth < MAX_DEPTH ? mark.exec(text)?.[0] : undefined;
    if (!found) {
      plain += text[at++];
    } else if (found === "\n") {
      add(element("br"));
      at += 1;
    } else if (found[0] === "\\") {
      plain += found[1];
      at += 2;
    } else if (found.endsWith("[")) {
      LINK.lastIndex = at;
      const link = LINK.exec(text);
      if (link) add(...inline(link[1], depth + 1), link[1] && link[1] !== link[2] ? ` (${link[2]})` : link[1] ? "" : link[2]);
      else plain += found;
      at += (link?.[0] ?? found).length;
    } else {
      const opens = !open.has(found) && canOpen(text, found, at);
      const end = opens ? closing(text, found, at + found.length) : -1;
      const inside = text.slice(at + found.length, end);
      if (end < 0) {
        if (opens) open.add(found);
        plain += found;
        at += found.length;
      } else {
        if (found[0] === "`") add(element("code", inside.trim()));
        else add(element(found.length === 2 ? "strong" : "em", ...inline(inside, depth + 1)));
        at = end + found.length;
      }
    }
  }
  add();
  return out;
}

// Emphasis hugs its words: "2 * 3 * 4" and "a_b_c" have none.
/** @param {string | undefined} letter */
const inked = (letter) => letter !== undefined && /\S/.test(letter);
/** @param {string} mark @param {string | undefined} letter */
const inWord = (mark, letter) => mark[0] === "_" && letter !== undefined && /\w/.test(letter);

/**
 * @param {string} text
 * @param {string} mark
 * @param {number} at
 */
function canOpen(text, mark, at) {
  return mark[0] === "`" || (inked(text[at + mark.length]) && !inWord(mark, text[at - 1]));
}

/**
 * Where the same mark closes what begins at `start`; -1 if nowhere.
 * @param {string} text
 * @param {string} mark
 * @param {number} start
 */
function closing(text, mark, start) {
  const code = mark[0] === "`";
  const double = mark.length === 2 && !code;
  for (let end = text.indexOf(mark, start + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
    const [before, after] = [text[end - 1], text[end + mark.length]];
    if (after === mark[0] || (before === mark[0] && !double)) continue;
    if (code || (inked(before) && !inWord(mark, after))) return end;
  }
  return -1;
}

/**
 * @param {string} name
 * @param {(Node | string)[]} children
 */
function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

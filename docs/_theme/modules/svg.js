// What all drawings share: the colors of their marks, labels that fit and stand apart, textures, and the last touches on
// what Plot made. Pure: no browser is asked how wide a text is, so that the build draws what a reader's browser draws.

export const SVG = "http://www.w3.org/2000/svg";
// Told apart in all common kinds of color vision, 4.5:1 or more on white; chart-colors.css has those for dark pages.
const COLORS = ["#0069ad", "#b34700", "#117733", "#a0368f", "#332288", "#7a6400", "#882255", "#4d4d4d"];
export const N_COLORS = COLORS.length;
/** Height of a line of text in ems. */
export const LINE = 1.3;
export const PAPER = "var(--chart-paper, #ffffff)";
/** How much wider bold letters are. */
export const BOLD = 1.1;
/** Keeps what is drawn below a text from running through it. */
export const HALO = { stroke: PAPER, "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" };

/** The color of the n-th mark. @param {number} n */
export const color = (n) => `var(--chart-${(n % N_COLORS) + 1}, ${COLORS[n % N_COLORS]})`;

/** @param {Element} parent @param {string} tag @param {Record<string, string | number>} attributes */
export function add(parent, tag, attributes) {
  const child = parent.ownerDocument.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) child.setAttribute(name, String(value));
  return parent.appendChild(child);
}

// Widths in ems of DejaVu Sans, the widest of the common fonts: where letters are narrower, labels only stand looser.
/** @type {[RegExp, number][]} */
const WIDTHS = [[/[\u3000-鿿＀-￯]/, 1], [/[iIl.,·:()\s-]/, 0.36], [/[MmWw]/, 0.92], [/[A-Z]/, 0.7], [/\d/, 0.64]];

/** A width in ems, without asking a browser. @param {string} label */
export const ems = (label) => [...label].reduce((sum, sign) => sum + (WIDTHS.find(([signs]) => signs.test(sign))?.[1] ?? 0.6), 0);

/** A label that takes no more than `room` ems: whole, or its beginning and an ellipsis. @param {string} label @param {number} room */
export function cut(label, room) {
  if (ems(label) <= room) return label;
  const signs = [...label];
  while (signs.length > 1 && ems(signs.join("")) > room - 1) signs.pop();
  return `${signs.join("").trimEnd()}…`;
}

/** A label in lines of at most `room` ems. Japanese breaks where a kanji or katakana word begins, and within a word only
 * where one line is too short for it. @param {string} label @param {number} room @param {number} [most] lines */
export function wrapped(label, room, most = 3) {
  const words = label.match(/[（「『【]*(?:[一-鿿々〆]+[ぁ-ゖ]*|[ァ-ヺー・]+[ぁ-ゖ]*|[ぁ-ゖ]+|[^\s一-鿿々〆ァ-ヺー・ぁ-ゖ（「『【、。）」』】]+)?[、。）」』】]*\s*/gu) ?? [];
  const pieces = words.flatMap((word) => (ems(word.trimEnd()) <= room ? [word] : [...word])).filter(Boolean);
  /** @type {string[]} */
  const lines = [];
  for (const piece of pieces) {
    const last = lines.length - 1;
    if (last >= 0 && ems((lines[last] + piece).trimEnd()) <= room) lines[last] += piece;
    else lines.push(piece);
  }
  const kept = lines.slice(0, most);
  if (lines.length > most) kept[most - 1] = cut(lines.slice(most - 1).join(""), room);
  return kept.map((line) => line.trim());
}

/** Heights of labels that want to stand at `wanted` but at least `gap` apart, within [top, bottom]; sorted by `wanted`.
 * @param {number[]} wanted @param {number} gap @param {number} top @param {number} bottom */
export function spread(wanted, gap, top, bottom) {
  /** @type {{ mean: number, n: number }[]} blocks of labels that touch; mean: of what their first ones want */
  const blocks = [];
  wanted.forEach((y, i) => {
    blocks.push({ mean: y - i * gap, n: 1 });
    for (let k = blocks.length - 1; k > 0 && blocks[k - 1].mean > blocks[k].mean; k -= 1) {
      const [a, b] = [blocks[k - 1], /** @type {{ mean: number, n: number }} */ (blocks.pop())];
      blocks[k - 1] = { mean: (a.mean * a.n + b.mean * b.n) / (a.n + b.n), n: a.n + b.n };
    }
  });
  const bases = blocks.flatMap(({ mean, n }) => Array.from({ length: n }, () => mean));
  const highest = bottom - (wanted.length - 1) * gap;
  return bases.map((base, i) => Math.max(top, Math.min(base, highest)) + i * gap);
}

// Directions of the lines of eight textures; the first mark has none. The ninth mark has the first color again, but not
// its texture.
const TEXTURES = ["", "/", "|", "\\", "-", "/\\", "|-", "/|"];

/** The texture of the n-th mark inside a rectangle, as a path: a pattern element would need an id, and a page has many
 * drawings. @param {number} n @param {[number, number, number, number]} box x1, y1, x2, y2 */
export function texture(n, [x1, y1, x2, y2]) {
  const [wide, high] = [x2 - x1, y2 - y1];
  const lines = TEXTURES[(n + Math.floor(n / N_COLORS)) % TEXTURES.length];
  /** @type {[number, number, number, number][]} */
  const found = [];
  if (lines.includes("|")) for (let x = x1 + 3; x < x2; x += 6) found.push([x, y1, x, y2]);
  if (lines.includes("-")) for (let y = y1 + 3; y < y2; y += 6) found.push([x1, y, x2, y]);
  for (const rises of [true, false]) {
    if (!lines.includes(rises ? "/" : "\\")) continue;
    for (let at = 4; at < wide + high; at += 8) {
      const height = (/** @type {number} */ x) => (rises ? y1 + at - x : y2 - at + x);
      const [from, to] = [Math.max(0, at - high), Math.min(wide, at)];
      found.push([x1 + from, height(from), x1 + to, height(to)]);
    }
  }
  // From where the last line ended: lines alike are then texts alike, which gzip makes small.
  let [x, y] = [0, 0];
  return found.map(([left, top, right, bottom]) => {
    const line = `m${left - x},${top - y}l${right - left},${bottom - top}`;
    [x, y] = [right, bottom];
    return line;
  }).join("");
}

/** A text of one or more lines around a height.
 * @param {Element} parent @param {string[]} lines @param {number} x @param {number} y
 * @param {number} fontSize @param {Record<string, string | number>} [attributes] */
export function write(parent, lines, x, y, fontSize, attributes = {}) {
  const first = y + fontSize * (0.35 - (lines.length - 1) * LINE / 2);
  const text = add(parent, "text", { "font-size": fontSize, "text-anchor": "start", fill: "currentColor", ...attributes });
  lines.forEach((line, i) => {
    const part = lines.length > 1 ? add(text, "tspan", {}) : text;
    part.setAttribute("x", String(x));
    part.setAttribute("y", String(first + i * fontSize * LINE));
    part.textContent = line;
  });
  return text;
}

/** For screen readers. @param {SVGSVGElement} svg @param {string} id @param {string} title @param {string} description */
export function describe(svg, id, title, description) {
  const words = { desc: description, title };
  for (const [tag, said] of Object.entries(words)) {
    const element = add(svg, tag, { id: `${id}-${tag}` });
    element.textContent = said;
    svg.insertBefore(element, svg.firstChild);
  }
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-labelledby", `${id}-title`);
  svg.setAttribute("aria-describedby", `${id}-desc`);
}

/** Leaves out what says nothing here (a style sheet for the whole page, English labels of groups), rounds coordinates,
 * and gives readers that know no custom properties the plain color. @param {SVGSVGElement} svg */
export function tidy(svg) {
  svg.querySelector("style")?.remove();
  svg.setAttribute("xmlns", SVG);
  svg.setAttribute("font-family", "inherit");
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    if (element !== svg) for (const name of ["aria-label", "aria-hidden"]) element.removeAttribute(name);
    for (const name of ["d", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"]) {
      const value = element.getAttribute(name);
      if (value && !value.includes("em")) element.setAttribute(name, value.replace(/-?\d+\.\d+(e-\d+)?/g, (n) => String(Number(Number(n).toFixed(1)))));
    }
    const style = [];
    for (const name of ["fill", "stroke"]) {
      const [whole, plain] = /^var\(.*?,\s*(#\w+)\)$/.exec(element.getAttribute(name) ?? "") ?? [];
      if (!whole) continue;
      element.setAttribute(name, plain);
      style.push(`${name}:${whole}`);
    }
    if (style.length) element.setAttribute("style", style.join(";"));
  }
}

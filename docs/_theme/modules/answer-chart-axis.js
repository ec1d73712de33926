// Scales and axes of the charts of an answer. Their words come with the chart; which of them have room is decided here.
import { gridX, scale } from "@observablehq/plot";

import { cut, ems, LINE, wrapped, write } from "./svg.js";

/** @typedef {{ value: number, text: string }} Tick */
/** @typedef {{ label: string, scale?: "log" | "linear", ticks: Tick[], low: number, high: number }} Axis */
/** @typedef {{ type: "log" | "linear", domain: [number, number], at: (n: number) => number, ticks: Tick[] }} Scale
 *  at: where a value stands, in pixels, ends of the range at most */

/** Sizes for a width. @param {number} width */
export function sizes(width) {
  const narrow = width < 560;
  const fontSize = narrow ? 11 : 12;
  return { narrow, fontSize, line: fontSize * LINE };
}

/** The scale of an axis, wide enough for `values`, too. @param {Axis} axis
 * @param {(number | null | undefined)[]} values @param {[number, number]} range in pixels @returns {Scale} */
export function scaleOf(axis, values, range) {
  const known = /** @type {number[]} */ ([axis.low, axis.high, ...values].filter(Number.isFinite));
  const type = axis.scale === "log" && known.every((n) => n > 0) ? "log" : "linear";
  let [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  if (low === high) high += 1; // else the only value would stand in the middle
  const { apply } = /** @type {{ apply: (n: number) => number }} */ (scale({ x: { type, domain: [low, high], range } }));
  const [first, last] = [Math.min(...range), Math.max(...range)];
  const ticks = axis.ticks.filter(({ value }) => value >= low && value <= high).sort((a, b) => a.value - b.value);
  return { type, domain: [low, high], at: (n) => Math.max(first, Math.min(last, apply(n))), ticks };
}

/** As many ticks as stand apart: all, the powers of ten, or every n-th of them.
 * @param {Scale} scale @param {(a: Tick, b: Tick) => boolean} apart of neighbors */
export function thinned({ ticks, type }, apart) {
  const tens = ticks.filter(({ value }) => Math.abs(Math.log10(value) % 1) < 1e-9);
  const fits = (/** @type {Tick[]} */ some) => some.every((tick, i) => !i || apart(some[i - 1], tick));
  if (fits(ticks)) return ticks;
  const base = type === "log" && tens.length > 1 ? tens : ticks;
  for (let n = 1; ; n += 1) {
    const some = base.filter((_, i) => i % n === 0);
    if (fits(some)) return some;
  }
}

/** The axis below a chart: its grid as Plot's mark, the height it takes, and what writes its words.
 * @param {Axis} axis @param {Scale} scale @param {number} width @param {[number, number]} range */
export function axisBelow(axis, scale, width, [left, right]) {
  const { fontSize, line } = sizes(width);
  const words = wrapped(axis.label, (width - 8) / fontSize, 2);
  const half = (/** @type {string} */ text) => (ems(text) * fontSize) / 2;
  const inside = (/** @type {number} */ x, /** @type {string} */ text) => Math.max(half(text) + 1, Math.min(width - half(text) - 1, x));
  const place = (/** @type {Tick} */ { value, text }) => inside(scale.at(value), text);
  const fitting = scale.ticks.map(({ value, text }) => ({ value, text: cut(text, (width - 2) / fontSize) }));
  const ticks = thinned({ ...scale, ticks: fitting }, (a, b) => place(b) - half(b.text) - place(a) - half(a.text) > fontSize * 0.7);
  return {
    grid: gridX(ticks.map(({ value }) => value), { stroke: "currentColor", strokeOpacity: 0.13 }),
    height: Math.ceil(6 + line + words.length * line + 4),
    /** @param {Element} group @param {number} y the lower edge of the chart */
    write(group, y) {
      for (const tick of ticks) write(group, [tick.text], place(tick), y + 5 + line / 2, fontSize, { class: "chart-tick", "text-anchor": "middle" });
      const widest = words.reduce((a, b) => (ems(b) > ems(a) ? b : a), "");
      const middle = inside((left + right) / 2, widest);
      if (words.length) write(group, words, middle, y + 7 + line + (words.length * line) / 2, fontSize, { "text-anchor": "middle", "fill-opacity": 0.8 });
    },
  };
}

/** Rows for labels that would overlap in one: the lowest in which each has room. @param {[number, number][]} extents */
export function rowsOf(extents) {
  /** @type {[number, number][][]} */
  const rows = [];
  return extents.map(([from, to]) => {
    let row = rows.findIndex((taken) => taken.every(([a, b]) => to < a || from > b));
    if (row < 0) row = rows.push([]) - 1;
    rows[row].push([from, to]);
    return row;
  });
}

// Draws API prices over time as an SVG element. Pure: the build (scripts/charts.mjs) and the browser call the same.

import { axisX, axisY, dot, gridY, line, plot, text } from "@observablehq/plot";

import { add, color as colorOf, describe, ems, N_COLORS, PAPER, spread, SVG, tidy } from "./svg.js";

/** @typedef {{ model: string, name: string, provider: string, provider_name: string, first_party: boolean,
 *   from: string, to?: string, date: string, in: number, out: number, blended: number, cache_read?: number, verified?: false }} Row
 *  One list price; `to`: first day on which it no longer holds, `date`: day it was last seen. */
/** @typedef {"in" | "out" | "cache_read" | "blended"} Price */
/** @typedef {{ x: Date, y: number }} Point */
/** @typedef {Point & { title: string }} Step */
/** @typedef {{ label: string, color: string, dash: string | undefined, points: Point[], steps: Step[], ended: boolean }} Line */

// The first three for the providers of eight models, the others for the next eight.
const DASHES = [undefined, "7 3", "3 3", "12 3 3 3", "6 6", "2 2 8 2"];
const MONTH_MS = 2_629_800_000;

/** @param {string} words @param {Record<string, string | number>} slots */
const filled = (words, slots) => words.replace(/\{(\w+)\}/g, (_, slot) => String(slots[slot] ?? ""));

/** @param {Row} row @param {Price} price @returns {number | undefined} */
export function priceOf(row, price) {
  return row[price];
}

/** 3.2 -> 3.20, 10 -> 10, 0.003625 as it is; what is computed, to three digits. @param {number} value @param {Price} price */
function amount(value, price) {
  const digits = String(Number(value.toPrecision(price === "blended" ? 3 : 6)));
  return /\.\d$/.test(digits) ? `${digits}0` : digits;
}

/** The lines of the rows: one per model and provider, the lab's own first. A price on which the source is silent
 * leaves a gap. @param {Row[]} rows @param {Price} price @param {string} lang @param {Record<string, string>} words */
export function linesOf(rows, price, lang, words) {
  const day = new Intl.DateTimeFormat(lang === "ja" ? "ja-JP" : "en-US", { dateStyle: "long", timeZone: "UTC" });
  const models = [...new Set(rows.map(({ model }) => model))];
  /** @type {Line[]} */
  const found = [];
  models.forEach((model, m) => {
    const own = rows.filter((row) => row.model === model);
    const providers = [...new Set([...own].sort((a, b) => Number(b.first_party) - Number(a.first_party)).map(({ provider }) => provider))];
    providers.forEach((provider, p) => {
      const priced = own.filter((row) => row.provider === provider && (priceOf(row, price) ?? 0) > 0).sort((a, b) => (a.from < b.from ? -1 : 1));
      if (!priced.length) return;
      const { name, provider_name, first_party } = priced[0];
      const plain = first_party ? name : filled(words.line, { model: name, provider: provider_name });
      const label = priced.every(({ verified }) => verified !== false) ? plain : filled(words.unverified, { line: plain });
      /** @type {Point[]} */
      const points = [];
      /** @type {Step[]} */
      const steps = [];
      let last = "";
      for (const row of priced) {
        const y = /** @type {number} */ (priceOf(row, price));
        const [from, end] = [new Date(row.from), new Date(row.to ?? row.date)];
        if (last && last !== row.from) points.push({ x: from, y: NaN });
        points.push({ x: from, y }, { x: end, y });
        const slots = { line: label, price: filled(words.usd, { n: amount(y, price) }), from: day.format(from), to: day.format(end) };
        if (last !== row.from || y !== points.at(-3)?.y) steps.push({ x: from, y, title: filled(words.step, slots) });
        last = row.to ?? "?";
      }
      const color = colorOf(m);
      const dash = DASHES[(p + 3 * Math.floor(m / N_COLORS)) % DASHES.length];
      found.push({ label, color, dash, points, steps, ended: priced.at(-1)?.to !== undefined });
    });
  });
  return found;
}

/** 1, 2 and 5 times powers of ten around the values, one beyond each end. @param {number} low @param {number} high */
function ticksAround(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)) + 1; power += 1) {
    for (const digit of [1, 2, 5]) found.push(Number(`${digit}e${power}`));
  }
  return found.slice(found.findLastIndex((tick) => tick < low), found.findIndex((tick) => tick > high) + 1);
}

/** First days of months, as many as there is room for. @param {Date} from @param {Date} to @param {number} room */
function months(from, to, room) {
  const span = (to.getTime() - from.getTime()) / MONTH_MS;
  const step = [1, 2, 3, 6, 12, 24].find((n) => span / n <= room) ?? 60;
  const found = [];
  for (let month = Math.ceil((from.getUTCFullYear() * 12 + from.getUTCMonth() + 1) / step) * step; ; month += step) {
    const first = new Date(Date.UTC(Math.floor(month / 12), month % 12));
    if (first > to) return found;
    found.push(first);
  }
}

/** The chart. `rows`: those of the chosen models, whose order gives the colors.
 * @param {{ document: Document, rows: Row[], lang: string, words: Record<string, string>, price: Price, width: number }} what
 * @returns {SVGSVGElement} */
export function priceFigure({ document, rows, lang, words, price, width }) {
  const lines = linesOf(rows, price, lang, words);
  const narrow = width < 560;
  const fontSize = narrow ? 10.5 : 12;
  const gap = fontSize * 1.35;
  const known = lines.flatMap(({ points }) => points).filter(({ y }) => y > 0);
  const prices = known.map(({ y }) => y);
  const times = known.map(({ x }) => x.getTime());
  const [low, high] = known.length ? [Math.min(...prices), Math.max(...prices)] : [1, 10];
  const [first, last] = known.length ? [Math.min(...times), Math.max(...times)] : [Date.UTC(2026, 0), Date.UTC(2026, 11)];
  const pad = Math.max((last - first) * 0.015, MONTH_MS / 4);
  const [from, to] = [new Date(first - pad), new Date(last + pad)];
  const yTicks = ticksAround(low, high);

  const ends = lines.map((one) => {
    const end = one.points[one.points.length - 1];
    const money = filled(words.usd, { n: amount(end.y, price) });
    return { ...one, end, text: narrow ? one.label : filled(words["line-price"], { line: one.label, price: money }) };
  }).sort((a, b) => b.end.y - a.end.y);
  const gutter = narrow ? 12 : 20;
  const labels = Math.min(Math.max(40, ...ends.map((one) => ems(one.text) * fontSize)), width * 0.5);
  const tick = (/** @type {number} */ n) => filled(words.tick, { n: String(n) });
  const ticks = Math.ceil(Math.max(...yTicks.map((n) => ems(tick(n)))) * fontSize) + 8;
  const margin = { top: Math.round(fontSize * 2.8), right: Math.ceil(labels + gutter), bottom: Math.round(fontSize * 3.4), left: Math.max(narrow ? 32 : 42, ticks) };
  const height = Math.round(Math.max(narrow ? 380 : 440, lines.length * gap + margin.top + margin.bottom));
  const xTicks = months(from, to, Math.max(1, (width - margin.left - margin.right) / (fontSize * 4.2)));
  const month = new Intl.DateTimeFormat(lang === "ja" ? "ja-JP" : "en-US", { month: "short", timeZone: "UTC" });
  const year = (/** @type {Date} */ date) => filled(words.year, { n: String(date.getUTCFullYear()) });
  const yearly = xTicks.every((date) => date.getUTCMonth() === 0);
  const date = (/** @type {Date} */ tick, /** @type {number} */ i) =>
    yearly ? year(tick) : `${month.format(tick)}${i === 0 || tick.getUTCFullYear() !== xTicks[i - 1].getUTCFullYear() ? `\n${year(tick)}` : ""}`;

  /** Names at the right, each led to by its line's end.
   * @type {import("@observablehq/plot").RenderFunction} */
  const names = (_index, scales) => {
    const group = document.createElementNS(SVG, "g");
    const right = width - margin.right;
    const toX = /** @type {(x: Date) => number} */ (scales.x);
    const toY = /** @type {(y: number) => number} */ (scales.y);
    const heights = spread(ends.map(({ end }) => toY(end.y)), gap, margin.top, height - margin.bottom);
    ends.forEach(({ end, text: label, color }, i) => {
      const lead = add(group, "path", { fill: "none", stroke: color, "stroke-dasharray": "1 3", "stroke-opacity": 0.75 });
      lead.setAttribute("d", `M${toX(end.x) + 4},${toY(end.y)}H${right}L${right + gutter - 4},${heights[i]}`);
      const name = add(group, "text", { class: "price-name", "text-anchor": "start", fill: color, x: right + gutter, y: heights[i], dy: "0.35em" });
      name.textContent = label;
      const share = labels / (ems(label) * fontSize);
      if (share < 1) name.setAttribute("font-size", (fontSize * share).toFixed(1));
    });
    return group;
  };

  const svg = /** @type {SVGSVGElement} */ (plot({
    document, width, height, className: "price-figure",
    marginTop: margin.top, marginRight: margin.right, marginBottom: margin.bottom, marginLeft: margin.left,
    style: { fontSize: `${fontSize}px` },
    x: { type: "utc", domain: [from, to] },
    y: { type: "log", domain: [yTicks[0], yTicks[yTicks.length - 1]] },
    marks: [
      gridY(yTicks, { stroke: "currentColor", strokeOpacity: 0.15 }),
      axisY(yTicks, { label: null, tickSize: 0, fontSize, text: tick }),
      axisX(xTicks, { label: null, fontSize, tickFormat: date }),
      text([words[`axis-${price}`]], { frameAnchor: "top-left", lineAnchor: "bottom", textAnchor: "start", dx: -margin.left + 1, dy: -fontSize, fontSize, fill: "currentColor" }),
      ...(lines.length ? [names] : [text([words.nothing], { frameAnchor: "middle", fontSize, fill: "currentColor" })]),
      ...lines.flatMap(({ color, dash, points }) => [
        line(points, { className: "price-line", x: "x", y: "y", stroke: color, strokeWidth: 2, strokeDasharray: dash, strokeLinecap: "butt" }),
      ]),
      ...lines.flatMap(({ color, steps }) => [dot(steps, { x: "x", y: "y", r: 2.5, fill: color, stroke: color, title: "title" })]),
      ...ends.map(({ color, end, ended }) => ended
        ? dot([end], { x: "x", y: "y", symbol: "times", r: 4.5, stroke: color, strokeWidth: 2 })
        : dot([end], { x: "x", y: "y", r: 3.5, stroke: color, strokeWidth: 1.5, fill: PAPER })),
    ],
  }));

  const day = new Intl.DateTimeFormat(lang === "ja" ? "ja-JP" : "en-US", { dateStyle: "long", timeZone: "UTC" });
  const money = (/** @type {number} */ n) => filled(words.usd, { n: amount(n, price) });
  const slots = { n: lines.length, from: day.format(first), to: day.format(last), low: money(low), high: money(high) };
  describe(svg, `price-${price}-${width}`, words[`title-${price}`], lines.length ? filled(words.description, slots) : words.nothing);
  tidy(svg);
  return svg;
}

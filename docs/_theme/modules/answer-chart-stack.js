// Sums and what they are made of: one horizontal bar a group. What is below zero stands left of it.
import { plot, ruleX } from "@observablehq/plot";

import { axisBelow, scaleOf, sizes } from "./answer-chart-axis.js";
import { add, BOLD, color, cut, ems, HALO, PAPER, SVG, texture, wrapped, write } from "./svg.js";

/** @typedef {{ id: string, label: string, parts: { id: string, value: number | null }[], total: number | null, total_text: string,
 *   note?: string | null, chosen?: boolean }} Group  note: why there are no parts */
/** @typedef {{ id: string, kind: "stack", title: string, summary: string, head: string[], rows: string[][],
 *   x: import("./answer-chart-axis.js").Axis, groups: Group[], parts: { id: string, label: string }[],
 *   limit?: { value: number, label: string } | null }} StackChart */

const BAR = 24;
const PAD = 8;

/** The n-th part of a bar. @param {Element} parent @param {number} n @param {[number, number, number, number]} box */
function part(parent, n, [x1, y1, x2, y2]) {
  const rect = add(parent, "rect", { class: "chart-part", x: x1, y: y1, width: x2 - x1, height: y2 - y1, fill: color(n) });
  const lines = texture(n, [x1, y1, x2, y2]);
  if (lines) add(parent, "path", { d: lines, fill: "none", stroke: PAPER, "stroke-width": 1 });
  return rect;
}

/** Where each part of a group begins and ends, in its own unit. @param {StackChart} chart @param {Group} group */
function pieces(chart, group) {
  let [above, below] = [0, 0];
  return chart.parts.flatMap(({ id, label }, n) => {
    const value = group.parts.find((one) => one.id === id)?.value;
    if (!value) return [];
    const from = value > 0 ? above : below;
    if (value > 0) above += value;
    else below += value;
    return [{ n, label, from: Math.min(from, from + value), to: Math.max(from, from + value) }];
  });
}

/** @param {Document} document @param {StackChart} chart @param {number} width @returns {SVGSVGElement} */
export function drawStack(document, chart, width) {
  const { narrow, fontSize, line } = sizes(width);
  const labels = chart.groups.map(({ label }) => wrapped(label, (narrow ? width - 2 * PAD : width * 0.27) / fontSize / BOLD));
  const column = narrow ? 0 : Math.max(0, ...labels.flatMap((words) => words.map(ems))) * fontSize * BOLD + 12;
  const left = Math.ceil(PAD + column);
  const stacks = chart.groups.map((group) => pieces(chart, group));
  const totals = chart.groups.map(({ total_text: text, note }, i) => (stacks[i].length || !note ? cut(text, (width * 0.35) / fontSize) : ""));
  const right = Math.floor(width - Math.max(PAD, ...totals.map((text) => ems(text) * fontSize * BOLD + PAD * 2)));
  const limit = chart.limit ? [chart.limit.value] : [];
  const x = scaleOf({ ...chart.x, scale: "linear" }, [0, ...limit, ...stacks.flat().flatMap(({ from, to }) => [from, to])], [left, right]);
  const below = axisBelow(chart.x, x, width, [left, right]);
  const notes = chart.groups.map(({ note }, i) => (stacks[i].length || !note ? [] : wrapped(note, (width - left - PAD) / fontSize, 4)));

  const head = (/** @type {number} */ i) => (narrow ? labels[i].length * line + 3 : 0);
  const heights = chart.groups.map((_, i) => head(i) + Math.max(notes[i].length ? 0 : BAR, notes[i].length * line, narrow ? 0 : labels[i].length * line) + 2 * PAD - 2);
  const limitWords = chart.limit ? wrapped(chart.limit.label, (width * 0.6) / fontSize, 2) : [];
  const top = limitWords.length ? Math.ceil(limitWords.length * line + 6) : 2;
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((sum, one) => sum + one, top));
  const bottom = Math.ceil(heights.reduce((sum, one) => sum + one, top));
  const height = bottom + below.height;

  const middles = heights.map((one, i) => tops[i] + head(i) + (one - head(i)) / 2);
  const shapes = () => {
    const group = /** @type {SVGGElement} */ (document.createElementNS(SVG, "g"));
    chart.groups.forEach(({ chosen }, i) => {
      if (!chosen) return;
      add(group, "rect", { class: "chart-chosen", x: 0, y: tops[i], width, height: heights[i], fill: "currentColor", "fill-opacity": 0.08 });
      add(group, "rect", { x: 0, y: tops[i], width: 3, height: heights[i], fill: "currentColor" });
    });
    stacks.forEach((stack, i) => {
      const [y1, y2] = [middles[i] - BAR / 2, middles[i] + BAR / 2];
      for (const { n, label, from, to } of stack) {
        const [x1, x2] = [x.at(from), x.at(to)];
        const gap = x2 - x1 > 3 ? 1 : 0; // between neighbors, in the color of the paper
        add(part(group, n, [x1, y1, Math.max(x2 - gap, x1 + 0.8), y2]), "title", {}).textContent = label;
      }
      if (stack.length) add(group, "path", { class: "chart-zero", d: `M${x.at(0)},${y1 - 3}V${y2 + 3}`, stroke: "currentColor" });
    });
    return group;
  };
  const words = () => {
    const group = /** @type {SVGGElement} */ (document.createElementNS(SVG, "g"));
    below.write(group, bottom);
    chart.groups.forEach(({ chosen }, i) => {
      const look = chosen ? { "font-weight": 700 } : HALO; // the chosen one has a ground of its own
      const labelAt = narrow ? tops[i] + PAD - 2 + (labels[i].length * line) / 2 : middles[i];
      write(group, labels[i], PAD, labelAt, fontSize, { class: "chart-label", ...look });
      if (notes[i].length) write(group, notes[i], left, middles[i], fontSize, { class: "chart-note", ...look });
      for (const { n, label, from, to } of stacks[i]) {
        const [middle, wide] = [(x.at(from) + x.at(to)) / 2, ems(label) * fontSize];
        if (wide + 10 > x.at(to) - x.at(from)) continue;
        add(group, "rect", { x: middle - wide / 2 - 3, y: middles[i] - fontSize * 0.7, width: wide + 6, height: fontSize * 1.4, fill: color(n) });
        write(group, [label], middle, middles[i], fontSize, { class: "chart-part-name", "text-anchor": "middle", fill: PAPER });
      }
      const end = Math.max(x.at(0), ...stacks[i].map(({ to }) => x.at(to)));
      write(group, [totals[i]], end + PAD, middles[i], fontSize, { class: "chart-total", ...look });
    });
    if (chart.limit) {
      const half = (Math.max(0, ...limitWords.map(ems)) * fontSize) / 2 + 2;
      const middle = Math.max(half, Math.min(width - half, x.at(chart.limit.value)));
      write(group, limitWords, middle, 2 + (limitWords.length * line) / 2, fontSize, { class: "chart-limit", "text-anchor": "middle", "font-weight": 600 });
    }
    return group;
  };

  return /** @type {SVGSVGElement} */ (plot({
    document, width, height, className: "answer-drawing",
    marginTop: top, marginRight: width - right, marginBottom: height - bottom, marginLeft: left,
    style: { fontSize: `${fontSize}px` },
    x: { type: x.type, domain: x.domain, axis: null },
    marks: [
      below.grid,
      shapes,
      ruleX(limit, { className: "chart-limit-line", stroke: "currentColor", strokeWidth: 2, strokeDasharray: "6 3" }),
      words,
    ],
  }));
}

/** @param {StackChart} chart */
export function stackLegend(chart) {
  return chart.parts.map(({ label }, n) => ({ label, draw: (/** @type {Element} */ svg) => part(svg, n, [0, 0, 26, 12]) }));
}

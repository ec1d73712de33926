// Costs over volume: lines, the band around them, spans in which owning is cheaper, and the reader's own case.
import { areaY, dot, gridY, line, plot, rect, ruleX } from "@observablehq/plot";

import { axisBelow, rowsOf, scaleOf, sizes, thinned } from "./answer-chart-axis.js";
import { add, BOLD, color, cut, ems, HALO, PAPER, spread, SVG, wrapped, write } from "./svg.js";

/** @typedef {import("./answer-chart-axis.js").Axis} Axis */
/** @typedef {import("./answer-chart-axis.js").Scale} Scale */
/** @typedef {{ id: string, kind: "lines", title: string, summary: string, head: string[], rows: string[][], x: Axis, y: Axis,
 *   lines: { id: string, label: string, x: number[], y: (number | null)[] }[],
 *   band: { label: string, x: number[], low: number[], high: number[] } | null,
 *   spans: { low: number | null, high: number | null, label: string }[], marks: { value: number, label: string }[] }} LinesChart */

const DASHES = [undefined, "8 4", "2 4", "12 3 2 3"];

/** Band and spans are about owned hardware and have its color. @param {LinesChart} chart */
const ownColor = (chart) => color(Math.max(0, chart.lines.findIndex(({ id }) => id === "on_prem")));

/** Where a line passes x, in pixels, as straight as it is drawn; nothing in a gap or beyond its ends.
 * @param {{ x: number, y: number }[]} points @param {Scale} x @param {Scale} y @param {number} value */
function passes(points, x, y, value) {
  const next = points.findIndex((point) => point.x >= value);
  if (next < 0 || (next === 0 && points[0].x > value)) return [];
  const pair = [points[Math.max(0, next - 1)], points[next]];
  if (pair.some((point) => !(point.y >= y.domain[0] && point.y <= y.domain[1]))) return [];
  const [[x1, y1], [x2, y2]] = pair.map((point) => [x.at(point.x), y.at(point.y)]);
  return [x1 === x2 ? y2 : y1 + ((y2 - y1) * (x.at(value) - x1)) / (x2 - x1)];
}

/** @param {Document} document @param {LinesChart} chart @param {number} width @returns {SVGSVGElement} */
export function drawLines(document, chart, width) {
  const { narrow, fontSize, line: gap } = sizes(width);
  const room = (width * (narrow ? 0.25 : 0.24)) / fontSize / BOLD;
  const series = chart.lines.map(({ label, x, y }, i) => {
    const points = x.map((at, k) => ({ x: at, y: y[k] ?? NaN }));
    return { words: wrapped(label, room), points, stroke: color(i), dash: DASHES[i % DASHES.length] };
  });
  const lead = narrow ? 10 : 16;
  const widest = Math.max(0, ...series.flatMap(({ words }) => words.map(ems))) * BOLD;
  const yRoom = (width * 0.22) / fontSize;
  const left = Math.ceil(Math.max(12, ...chart.y.ticks.map(({ text }) => ems(cut(text, yRoom)) * fontSize)) + 12);
  const right = Math.floor(width - widest * fontSize - lead - 4);
  const x = scaleOf(chart.x, chart.marks.map(({ value }) => value), [left, right]);
  const below = axisBelow(chart.x, x, width, [left, right]);
  const own = ownColor(chart);

  // Names of spans stand above the chart, in rows if they need them; the legend has those that find no room.
  const spans = chart.spans
    .map(({ low, high, label }) => ({ low: Math.max(low ?? x.domain[0], x.domain[0]), high: Math.min(high ?? x.domain[1], x.domain[1]), label: cut(label, (width - 4) / fontSize) }))
    .filter(({ low, high }) => low < high)
    .map((span) => {
      const half = (ems(span.label) * fontSize) / 2;
      const middle = (x.at(span.low) + x.at(span.high)) / 2;
      return { ...span, middle, half, at: Math.max(half + 2, Math.min(width - half - 2, middle)) };
    })
    .sort((a, b) => x.at(b.high) - x.at(b.low) - x.at(a.high) + x.at(a.low));
  const yLabel = cut(chart.y.label, (width - 4) / fontSize);
  const [, ...rows] = rowsOf([[0, ems(yLabel) * fontSize + 8], ...spans.map(({ at, half }) => /** @type {[number, number]} */ ([at - half - 5, at + half + 5]))]);
  const named = spans.map((span, i) => ({ ...span, row: rows[i] }))
    .filter(({ row, label }, i) => row === 0 || (row < 3 && spans.findIndex((span) => span.label === label) === i));
  const strip = 6; // of the color of the spans; without any, room between the names of the axis and of its last tick
  const top = Math.ceil((Math.max(0, ...named.map(({ row }) => row)) + 1) * gap + 6 + strip);
  const bottom = top + (narrow ? 240 : 300);
  const height = bottom + below.height;
  const y = scaleOf(chart.y, [], [bottom, top]);
  const yTicks = thinned(y, (a, b) => y.at(a.value) - y.at(b.value) > fontSize * 1.6);

  const ends = series.flatMap(({ words, points, stroke }) => {
    const end = points.findLast((point) => point.x <= x.domain[1] && Number.isFinite(point.y) && (y.type === "linear" || point.y > 0));
    return end ? [{ words, stroke, end, x: x.at(end.x), y: y.at(end.y) }] : [];
  }).sort((a, b) => a.y - b.y);
  const [low, high] = y.domain;

  /** @returns {SVGGElement} */
  const words = () => {
    const group = /** @type {SVGGElement} */ (document.createElementNS(SVG, "g"));
    below.write(group, bottom);
    for (const { value, text } of yTicks) write(group, [cut(text, yRoom)], left - 6, y.at(value), fontSize, { class: "chart-y-tick", "text-anchor": "end" });
    const above = top - strip - 3;
    write(group, [yLabel], 2, above - gap / 2, fontSize, { "fill-opacity": 0.8 });
    for (const span of named.filter(({ row }) => row > 0)) add(group, "path", { d: `M${span.middle},${above}V${above - span.row * gap}`, stroke: own, fill: "none" });
    for (const { label, at, row } of named) write(group, [label], at, above - (row + 0.5) * gap, fontSize, { class: "chart-span", "text-anchor": "middle", fill: own, "font-weight": 600, ...HALO });
    for (const span of spans) add(group, "rect", { x: x.at(span.low), y: top - strip, width: Math.max(1, x.at(span.high) - x.at(span.low)), height: strip, fill: own });

    const tallest = Math.max(1, ...ends.map((end) => end.words.length));
    const half = (tallest * gap) / 2;
    const heights = spread(ends.map((end) => end.y), tallest * gap + 2, top + half, bottom - half);
    ends.forEach((end, i) => {
      add(group, "path", { d: `M${end.x + 5},${end.y}H${Math.max(end.x + 5, right)}L${right + lead - 3},${heights[i]}`, fill: "none", stroke: end.stroke, "stroke-dasharray": "1 3" });
      write(group, end.words, right + lead, heights[i], fontSize, { class: "chart-end", fill: end.stroke, "font-weight": 600 });
    });

    // Low at the right there is room: what grows with volume is high there.
    let foot = bottom - 5;
    for (const { value, label } of chart.marks) {
      const at = x.at(value);
      for (const { points, stroke } of series) for (const cy of passes(points, x, y, value)) add(group, "circle", { cx: at, cy, r: 4, fill: PAPER, stroke, "stroke-width": 2 });
      const lines = wrapped(label, Math.max(right - at, at - left, 60) / fontSize - 1, 3);
      const wide = Math.max(...lines.map(ems)) * fontSize;
      const after = at + 6 + wide <= right;
      write(group, lines, after ? at + 6 : at - 6, foot - (lines.length * gap) / 2, fontSize, { class: "chart-mark", "text-anchor": after ? "start" : "end", "font-weight": 600, ...HALO });
      foot -= lines.length * gap + 3;
    }
    return group;
  };

  const band = chart.band ? chart.band.x.map((at, i) => ({ x: at, low: chart.band?.low[i] ?? NaN, high: chart.band?.high[i] ?? NaN })) : [];
  const edge = { x: "x", stroke: own, strokeWidth: 1, strokeDasharray: "1 2", clip: true };
  return /** @type {SVGSVGElement} */ (plot({
    document, width, height, className: "answer-drawing",
    marginTop: top, marginRight: width - right, marginBottom: height - bottom, marginLeft: left,
    style: { fontSize: `${fontSize}px` },
    x: { type: x.type, domain: x.domain, axis: null },
    y: { type: y.type, domain: y.domain, axis: null },
    marks: [
      rect(spans, { x1: "low", x2: "high", fill: own, fillOpacity: 0.1 }),
      below.grid,
      gridY(yTicks.map(({ value }) => value), { stroke: "currentColor", strokeOpacity: 0.13 }),
      areaY(band, { x: "x", y1: "low", y2: "high", fill: own, fillOpacity: 0.2, clip: true }),
      line(band, { ...edge, y: "low" }),
      line(band, { ...edge, y: "high" }),
      ruleX(spans.flatMap((span) => [span.low, span.high]), { stroke: own, strokeDasharray: "3 3" }),
      ruleX(chart.marks.map(({ value }) => value), { stroke: "currentColor", strokeWidth: 1.5 }),
      ...series.map(({ points, stroke, dash }) => line(points, { className: "chart-line", x: "x", y: "y", stroke, strokeWidth: 2.25, strokeDasharray: dash, strokeLinecap: "butt", clip: true })),
      dot(ends.filter(({ end }) => end.y >= low && end.y <= high), { x: ({ end }) => end.x, y: ({ end }) => end.y, r: 3, fill: "stroke" }),
      words,
    ],
  }));
}

/** What the legend shows: a name and what draws its sample in a box of 26 x 12. @param {LinesChart} chart */
export function linesLegend(chart) {
  const lines = chart.lines.map(({ label }, i) => ({
    label,
    draw: (/** @type {Element} */ svg) => add(svg, "path", { d: "M0,6H26", fill: "none", stroke: color(i), "stroke-width": 2.25, "stroke-dasharray": DASHES[i % DASHES.length] ?? "none" }),
  }));
  const band = chart.band && {
    label: chart.band.label,
    draw: (/** @type {Element} */ svg) => {
      add(svg, "rect", { x: 0, y: 1, width: 26, height: 10, fill: ownColor(chart), "fill-opacity": 0.2 });
      add(svg, "path", { d: "M0,1H26M0,11H26", stroke: ownColor(chart), "stroke-dasharray": "1 2" });
    },
  };
  const spans = [...new Set(chart.spans.map(({ label }) => label))].map((label) => ({
    label,
    draw: (/** @type {Element} */ svg) => {
      add(svg, "rect", { x: 0, y: 0, width: 26, height: 12, fill: ownColor(chart), "fill-opacity": 0.1 });
      add(svg, "rect", { x: 0, y: 0, width: 26, height: 4, fill: ownColor(chart) });
    },
  }));
  return [...lines, ...(band ? [band] : []), ...spans];
}

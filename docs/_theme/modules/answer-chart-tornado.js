// What moves a result: one bar an input, from the result at its low end to the result at its high end, widest first.
import { plot, ruleX } from "@observablehq/plot";

import { axisBelow, scaleOf, sizes } from "./answer-chart-axis.js";
import { add, BOLD, color, cut, ems, HALO, PAPER, SVG, texture, wrapped, write } from "./svg.js";

/** @typedef {{ id: string, label: string, low: number | null, high: number | null, low_text: string, high_text: string,
 *   from_text: string, to_text: string }} Bar  low: the result where the input is from_text, high: where it is to_text */
/** @typedef {{ id: string, kind: "tornado", title: string, summary: string, head: string[], rows: string[][],
 *   x: import("./answer-chart-axis.js").Axis, center: number, center_text: string, bars: Bar[] }} TornadoChart
 *  head: the input, its low end, the result there, its high end, the result there */

const BAR = 20;
const COLOR_OF = { low: color(1), high: color(0) };

/** One half of a bar: plain is the input's high end, hatched its low end.
 * @param {Element} parent @param {"low" | "high"} end @param {[number, number, number, number]} box */
function half(parent, end, [x1, y1, x2, y2]) {
  const n = end === "low" ? 1 : 0;
  add(parent, "rect", { class: `chart-${end}`, x: x1, y: y1, width: x2 - x1, height: y2 - y1, fill: COLOR_OF[end] });
  if (n) add(parent, "path", { d: texture(n, [x1, y1, x2, y2]), fill: "none", stroke: PAPER, "stroke-width": 1.3 });
}

/** @param {Document} document @param {TornadoChart} chart @param {number} width @returns {SVGSVGElement} */
export function drawTornado(document, chart, width) {
  const { narrow, fontSize, line } = sizes(width);
  const known = (/** @type {Bar} */ { low, high }) => [low ?? chart.center, chart.center, high ?? chart.center];
  const reach = (/** @type {Bar} */ bar) => Math.max(...known(bar)) - Math.min(...known(bar));
  const bars = [...chart.bars].sort((a, b) => reach(b) - reach(a));
  const inputs = bars.map(({ label }) => wrapped(label, narrow ? (width - 8) / fontSize : (width * 0.27) / fontSize));
  const column = narrow ? 0 : Math.max(0, ...inputs.flatMap((words) => words.map(ems))) * fontSize + 14;
  const ends = bars.flatMap((bar) => [bar.from_text, bar.to_text, bar.low_text, bar.high_text]);
  const side = Math.min(Math.max(0, ...ends.map(ems)) * fontSize * BOLD + 8, width * (narrow ? 0.27 : 0.2));
  const [left, right] = [Math.ceil(column + side), Math.floor(width - side - 2)];
  const x = scaleOf(chart.x, [chart.center, ...bars.flatMap(({ low, high }) => [low, high])], [left, right]);
  const below = axisBelow(chart.x, x, width, [left, right]);

  const head = (/** @type {number} */ i) => (narrow ? inputs[i].length * line + 4 : 0);
  const top = Math.ceil(line + 6);
  const heights = bars.map((_, i) => (narrow ? head(i) + line * 2 + 12 : Math.max(inputs[i].length, 2) * line + 12));
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((sum, one) => sum + one, top));
  const bottom = Math.ceil(heights.reduce((sum, one) => sum + one, top));
  const height = bottom + below.height;

  /** @returns {SVGGElement} */
  const drawing = () => {
    const group = /** @type {SVGGElement} */ (document.createElementNS(SVG, "g"));
    below.write(group, bottom);
    const center = x.at(chart.center);
    const middleOf = (ems(chart.center_text) * fontSize) / 2 + 2;
    write(group, [chart.center_text], Math.max(middleOf, Math.min(width - middleOf, center)), 2 + line / 2, fontSize, { class: "chart-center-text", "text-anchor": "middle", "font-weight": 600 });
    bars.forEach((bar, i) => {
      const middle = tops[i] + head(i) + (heights[i] - head(i)) / 2;
      if (narrow) write(group, inputs[i], 4, tops[i] + 4 + (inputs[i].length * line) / 2, fontSize, { class: "chart-label", "font-weight": 600, ...HALO });
      else write(group, inputs[i], 4, middle, fontSize, { class: "chart-label" });
      if (i) add(group, "path", { d: `M0,${tops[i]}H${width}`, stroke: "currentColor", "stroke-opacity": 0.13 });

      const at = { low: x.at(bar.low ?? chart.center), high: x.at(bar.high ?? chart.center) };
      // The low end is at the left unless its result is the higher one; an end without a result has the free side.
      const lowFirst = bar.low === null ? at.high >= center : bar.high === null ? at.low < center : at.low <= at.high;
      const both = (at.low - center) * (at.high - center) > 0;
      const low = { end: /** @type {const} */ ("low"), input: bar.from_text, result: bar.low_text, first: lowFirst };
      const high = { end: /** @type {const} */ ("high"), input: bar.to_text, result: bar.high_text, first: !lowFirst };
      // Where both ends lie on one side of the center, the two halves share the height, and their words stand at its ends.
      [low, high].forEach(({ end, input, result, first }, k) => {
        const [y1, y2] = both ? [middle - BAR / 2 + (k * BAR) / 2, middle + (k * BAR) / 2] : [middle - BAR / 2, middle + BAR / 2];
        if (at[end] !== center) half(group, end, [Math.min(at[end], center), y1, Math.max(at[end], center), y2]);
        const edge = first ? Math.min(at.low, at.high, center) - 6 : Math.max(at.low, at.high, center) + 6;
        const anchor = first ? "end" : "start";
        const room = (first ? edge - column : width - edge) / fontSize;
        write(group, [cut(input, room / BOLD)], edge, middle - line / 2, fontSize, { class: `chart-${end}-input`, "text-anchor": anchor, fill: COLOR_OF[end], "font-weight": 600, ...HALO });
        write(group, [cut(result, room)], edge, middle + line / 2, fontSize, { class: `chart-${end}-result`, "text-anchor": anchor, ...HALO });
      });
    });
    return group;
  };

  const zero = x.domain[0] < 0 && x.domain[1] > 0 ? [0] : [];
  return /** @type {SVGSVGElement} */ (plot({
    document, width, height, className: "answer-drawing",
    marginTop: top, marginRight: width - right, marginBottom: height - bottom, marginLeft: left,
    style: { fontSize: `${fontSize}px` },
    x: { type: x.type, domain: x.domain, axis: null },
    marks: [
      below.grid,
      ruleX(zero, { className: "chart-zero", stroke: "currentColor", strokeWidth: 1 }),
      ruleX([chart.center], { className: "chart-center", stroke: "currentColor", strokeWidth: 1.5, strokeDasharray: "4 3" }),
      drawing,
    ],
  }));
}

/** @param {TornadoChart} chart */
export function tornadoLegend({ head }) {
  return /** @type {const} */ (["low", "high"]).map((end) => ({
    label: head[end === "low" ? 1 : 3] ?? "",
    draw: (/** @type {Element} */ svg) => half(svg, end, [0, 0, 26, 12]),
  }));
}

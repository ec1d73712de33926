// A figure's panel with a row for each name: a bar from nothing to the value, or a mark with its interval.
import { plot, ruleX } from "@observablehq/plot";

import { axisBelow, scaleOf, sizes } from "./answer-chart-axis.js";
import { bar, interval, mark, tell, tint } from "./book-figure-marks.js";
import { ems, PAPER, SVG, wrapped, write } from "./svg.js";

/** @typedef {{ value: number, text: string, ends: [number, number] | null, group: number, name: string, unverified: boolean,
 *   told: string }} Row  text: the value in words */
/** @typedef {{ chart: "bars" | "intervals", label: string, x: import("./answer-chart-axis.js").Axis, marks: Row[] }} Rows */

const BAR = 14;
const R = 4.5;

/** @param {Document} document @param {Rows} panel @param {number} width @returns {SVGSVGElement} */
export function drawRows(document, panel, width) {
  const { narrow, fontSize, line } = sizes(width);
  const names = panel.marks.map(({ name }) => wrapped(name, (width * (narrow ? 0.4 : 0.36)) / fontSize, 3));
  const left = Math.ceil(Math.max(...names.flatMap((lines) => lines.map(ems))) * fontSize + 14);
  const right = Math.floor(width - Math.max(...panel.marks.map(({ text }) => ems(text))) * fontSize - 14);
  const x = scaleOf(panel.x, [], [left, right]);
  const below = axisBelow(panel.x, x, width, [left, right]);
  const heights = names.map((lines) => Math.max(BAR, lines.length * line) + 7);
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((sum, one) => sum + one, 4));
  const bottom = heights.reduce((sum, one) => sum + one, 4);

  /** @returns {SVGGElement} */
  const drawing = () => {
    const group = /** @type {SVGGElement} */ (document.createElementNS(SVG, "g"));
    below.write(group, bottom);
    panel.marks.forEach(({ value, text, ends, group: g, unverified, told }, i) => {
      const middle = tops[i] + heights[i] / 2;
      write(group, names[i], left - 8, middle, fontSize, { class: "figure-name", "text-anchor": "end" });
      const at = x.at(value);
      if (panel.chart === "bars") tell(bar(group, g, [x.at(0), middle - BAR / 2, at, middle + BAR / 2], unverified), told);
      if (ends) {
        const [from, to] = ends.map((end) => /** @type {[number, number]} */ ([x.at(end), middle]));
        // On a bar, an edge of paper keeps it apart from the bar's color.
        if (panel.chart === "bars") interval(group, PAPER, from, to).setAttribute("stroke-width", "4.5");
        interval(group, panel.chart === "bars" ? "currentColor" : tint(g), from, to);
      }
      if (panel.chart === "intervals") tell(mark(group, g, at, middle, R, unverified), told);
      write(group, [text], Math.max(at + R, ends ? x.at(ends[1]) : 0) + 6, middle, fontSize, { class: "figure-value", fill: tint(g), "font-weight": 600 });
    });
    return group;
  };

  return /** @type {SVGSVGElement} */ (plot({
    document, width, height: Math.ceil(bottom + below.height),
    marginTop: 4, marginRight: width - right, marginBottom: below.height, marginLeft: left,
    style: { fontSize: `${fontSize}px` },
    x: { type: x.type, domain: x.domain, axis: null },
    marks: [below.grid, ...(panel.chart === "bars" ? [ruleX([0], { stroke: "currentColor" })] : []), drawing],
  }));
}

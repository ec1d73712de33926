// A figure's panel of points: two quantities of each row, with lines that join them where the figure says so.
import { gridY, line, plot } from "@observablehq/plot";

import { axisBelow, scaleOf, sizes, thinned } from "./answer-chart-axis.js";
import { placed } from "./book-figure-labels.js";
import { interval, mark, tell, tint } from "./book-figure-marks.js";
import { add, cut, ems, HALO, LINE, SVG, wrapped, write } from "./svg.js";

/** @typedef {import("./answer-chart-axis.js").Axis} Axis */
/** @typedef {{ x: number, y: number, x_ends: [number, number] | null, y_ends: [number, number] | null, group: number,
 *   name: string, unverified: boolean, told: string }} Dot  name: beside the mark, empty for none; told: at the pointer */
/** @typedef {{ chart: "dots", label: string, x: Axis, y: Axis, marks: Dot[],
 *   joins: { points: [number, number][], group: number, step: boolean }[], diagonal: string }} Dots
 *  diagonal: words at the line on which both quantities are equal, empty for none */

const R = 4.5;

/** @param {Document} document @param {Dots} panel @param {number} width @returns {SVGSVGElement} */
export function drawDots(document, panel, width) {
  const { narrow, fontSize } = sizes(width);
  const yRoom = (width * 0.24) / fontSize;
  const left = Math.ceil(Math.max(12, ...panel.y.ticks.map(({ text }) => ems(cut(text, yRoom)) * fontSize)) + 12);
  const right = width - 12;
  const x = scaleOf(panel.x, [], [left, right]);
  const below = axisBelow(panel.x, x, width, [left, right]);
  const yWords = wrapped(panel.y.label, (width - 4) / fontSize, 2);
  const top = Math.ceil(yWords.length * fontSize * LINE + 8);
  const bottom = top + (narrow ? 280 : 340);
  const y = scaleOf(panel.y, [], [bottom, top]);
  const yTicks = thinned(y, (a, b) => y.at(a.value) - y.at(b.value) > fontSize * 1.6);
  const joins = panel.joins.map(({ points, group, step }) => ({
    stroke: step ? "currentColor" : tint(group), step, points: points.map(([px, py]) => ({ x: px, y: py })),
  }));

  /** @returns {SVGGElement} */
  const drawing = () => {
    const group = /** @type {SVGGElement} */ (document.createElementNS(SVG, "g"));
    below.write(group, bottom);
    for (const { value, text } of yTicks) write(group, [cut(text, yRoom)], left - 6, y.at(value), fontSize, { class: "chart-y-tick", "text-anchor": "end" });
    write(group, yWords, 2, 2 + (yWords.length * fontSize * LINE) / 2, fontSize, { "fill-opacity": 0.8 });
    // Named ones last: none of them lies below another mark.
    const dots = panel.marks.map((dot) => ({ ...dot, px: x.at(dot.x), py: y.at(dot.y) })).sort((a, b) => Number(a.name !== "") - Number(b.name !== ""));
    /** @type {import("./book-figure-labels.js").Box[]} */
    const taken = dots.map(({ px, py }) => [px - R - 2, py - R - 2, px + R + 2, py + R + 2]);
    if (panel.diagonal) taken.push(diagonal(group, panel, x, y, fontSize, [left, top, right, bottom]));
    const drawn = joins.flatMap(({ points, step }) => along(points.map((point) => [x.at(point.x), y.at(point.y)]), step));
    for (const { x_ends: xe, y_ends: ye, px, py, group: g } of dots) {
      if (xe) interval(group, tint(g), [x.at(xe[0]), py], [x.at(xe[1]), py]);
      if (ye) interval(group, tint(g), [px, y.at(ye[0])], [px, y.at(ye[1])]);
      if (ye) taken.push([px - 4, y.at(ye[1]), px + 4, y.at(ye[0])]);
      if (xe) taken.push([x.at(xe[0]), py - 4, x.at(xe[1]), py + 4]);
    }
    const named = dots.filter(({ name }) => name);
    const room = (width * (narrow ? 0.36 : 0.28)) / fontSize;
    const places = placed(
      named.map(({ px, py, name }) => ({ x: px, y: py, r: R, lines: wrapped(name, room, 3) })),
      taken, drawn, [left + 2, top, width - 2, bottom - 2], fontSize,
    );
    places.forEach(({ box, led }, i) => led && add(group, "path", { d: `M${named[i].px},${named[i].py}L${nearest(box, named[i])}`, stroke: tint(named[i].group), "stroke-opacity": 0.7, fill: "none" }));
    for (const { px, py, group: g, unverified, told } of dots) tell(mark(group, g, px, py, R, unverified), told);
    places.forEach(({ box, lines }, i) => write(group, lines, box[0], (box[1] + box[3]) / 2, fontSize, { class: "figure-name", fill: tint(named[i].group), "font-weight": 600, ...HALO }));
    return group;
  };

  return /** @type {SVGSVGElement} */ (plot({
    document, width, height: bottom + below.height,
    marginTop: top, marginRight: width - right, marginBottom: below.height, marginLeft: left,
    style: { fontSize: `${fontSize}px` },
    x: { type: x.type, domain: x.domain, axis: null },
    y: { type: y.type, domain: y.domain, axis: null },
    marks: [
      below.grid,
      gridY(yTicks.map(({ value }) => value), { stroke: "currentColor", strokeOpacity: 0.13 }),
      ...joins.map(({ points, stroke, step }) => line(points, {
        x: "x", y: "y", stroke, strokeWidth: 1.5, strokeOpacity: 0.75, curve: step ? "step-after" : "linear", strokeDasharray: step ? "5 3" : undefined,
      })),
      drawing,
    ],
  }));
}

/** Small boxes along a line through points, which names avoid. @param {number[][]} points @param {boolean} step
 * @returns {import("./book-figure-labels.js").Box[]} */
function along(points, step) {
  const corners = step ? points.flatMap(([px, py], i) => (i ? [[px, points[i - 1][1]], [px, py]] : [[px, py]])) : points;
  return corners.slice(1).flatMap(([x2, y2], i) => {
    const [x1, y1] = corners[i];
    const n = Math.max(1, Math.ceil(Math.hypot(x2 - x1, y2 - y1) / 6));
    const at = (/** @type {number} */ k) => [x1 + ((x2 - x1) * k) / n, y1 + ((y2 - y1) * k) / n];
    return Array.from({ length: n }, (_, k) => {
      const [[a, b], [c, d]] = [at(k), at(k + 1)];
      return /** @type {import("./book-figure-labels.js").Box} */ ([Math.min(a, c) - 2, Math.min(b, d) - 2, Math.max(a, c) + 2, Math.max(b, d) + 2]);
    });
  });
}

/** The point of a box that is nearest to a mark. @param {import("./book-figure-labels.js").Box} box @param {{ px: number, py: number }} of */
const nearest = ([x1, y1, x2, y2], { px, py }) => `${Math.max(x1, Math.min(x2, px))},${Math.max(y1 + 2, Math.min(y2 - 2, py))}`;

/** The line on which both quantities are equal, and its words at its upper end; what the words take.
 * @param {Element} group @param {Dots} panel @param {import("./answer-chart-axis.js").Scale} x
 * @param {import("./answer-chart-axis.js").Scale} y @param {number} fontSize @param {number[]} frame
 * @returns {import("./book-figure-labels.js").Box} */
function diagonal(group, panel, x, y, fontSize, [left, , right, bottom]) {
  const [low, high] = [Math.max(x.domain[0], y.domain[0]), Math.min(x.domain[1], y.domain[1])];
  add(group, "path", { d: `M${x.at(low)},${y.at(low)}L${x.at(high)},${y.at(high)}`, stroke: "currentColor", "stroke-dasharray": "4 4", "stroke-opacity": 0.6, fill: "none" });
  const lines = wrapped(panel.diagonal, ((right - left) * 0.5) / fontSize, 3);
  const [wide, high_] = [Math.max(...lines.map(ems)) * fontSize, lines.length * fontSize * LINE];
  const [px, py] = [right - wide - 4, bottom - high_ / 2 - 6];
  write(group, lines, px, py, fontSize, { class: "figure-guide", "fill-opacity": 0.8, ...HALO });
  return [px, py - high_ / 2, px + wide, py + high_ / 2];
}

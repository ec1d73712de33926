// A figure of the book as one SVG, its panels one below the other, and the samples of its legend. All words come with the
// figure (scripts/figures.py). Pure: the same figure gives the same bytes.
import { sizes } from "./answer-chart-axis.js";
import { drawCycle } from "./book-figure-cycle.js";
import { drawDots } from "./book-figure-dots.js";
import { bar, interval, mark } from "./book-figure-marks.js";
import { drawRows } from "./book-figure-rows.js";
import { add, color, describe, LINE, SVG, tidy, wrapped, write } from "./svg.js";

/** @typedef {import("./book-figure-cycle.js").Cycle | import("./book-figure-dots.js").Dots
 *   | import("./book-figure-rows.js").Rows} Panel */
/** @typedef {{ id: string, title: string, alt: string, groups: string[], panels: Panel[],
 *   words: { unverified: string, interval: string, step: string } }} Figure  words: of the legend; step: of a joining stair */

/** @type {Record<string, (document: Document, panel: any, width: number) => SVGSVGElement>} */
const CHARTS = { cycle: drawCycle, dots: drawDots, bars: drawRows, intervals: drawRows };
const GAP = 18;

/** @param {Document} document @param {Figure} figure @param {number} width @returns {SVGSVGElement} */
export function drawFigure(document, figure, width) {
  const { fontSize } = sizes(width);
  const svg = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
  let top = 0;
  for (const panel of figure.panels) {
    if (top) top += GAP;
    if (panel.label) {
      const lines = wrapped(panel.label, (width - 4) / fontSize / 1.1, 3);
      const high = lines.length * fontSize * LINE;
      write(svg, lines, 2, top + high / 2, fontSize, { class: "figure-panel", "font-weight": 700 });
      top += high + 6;
    }
    const drawn = CHARTS[panel.chart](document, panel, width);
    const group = add(svg, "g", { transform: `translate(0,${top})` });
    for (const name of ["fill", "text-anchor"]) group.setAttribute(name, drawn.getAttribute(name) ?? "currentColor");
    group.append(...[...drawn.childNodes].filter(({ nodeName }) => nodeName.toLowerCase() !== "style"));
    top += Number(drawn.getAttribute("height"));
  }
  const size = { width, height: Math.ceil(top), viewBox: `0 0 ${width} ${Math.ceil(top)}`, "font-size": fontSize, fill: "currentColor" };
  for (const [name, value] of Object.entries(size)) svg.setAttribute(name, String(value));
  tidy(svg);
  describe(svg, `figure-${figure.id}-${width}`, figure.title, figure.alt);
  return svg;
}

/** What the legend says: words, and a sample in a box of 26 x 12. @param {Document} document @param {Figure} figure */
export function legendOf(document, { groups, panels, words }) {
  /** @type {{ label: string, draw: (svg: Element) => unknown }[]} */
  const entries = [];
  groups.forEach((label, g) => {
    const panel = panels.find(({ marks }) => marks.some(({ group }) => group === g));
    if (panel?.chart === "bars") entries.push({ label, draw: (svg) => bar(svg, g, [1, 1, 25, 11], false) });
    else if (panel) entries.push({ label, draw: (svg) => mark(svg, g, 13, 6, 4.5, false) });
  });
  if (panels.some(({ marks }) => marks.some(({ unverified }) => unverified))) {
    const bars = panels.every(({ chart }) => chart === "bars");
    entries.push({ label: words.unverified, draw: (svg) => (bars ? bar(svg, 0, [1, 1, 25, 11], true) : mark(svg, 0, 13, 6, 4.5, true)) });
  }
  const ends = panels.some((panel) => panel.marks.some((one) => ("ends" in one ? one.ends : one.x_ends ?? one.y_ends)));
  if (ends) entries.push({ label: words.interval, draw: (svg) => interval(svg, groups.length === 1 ? color(0) : "currentColor", [2, 6], [24, 6]) });
  if (panels.some((panel) => panel.chart === "dots" && panel.joins.some(({ step }) => step))) {
    entries.push({ label: words.step, draw: (svg) => add(svg, "path", { d: "M1,2H13V10H25", fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "5 3" }) });
  }
  return entries.map(({ label, draw }) => {
    const svg = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
    for (const [name, value] of Object.entries({ width: "26", height: "12", viewBox: "0 0 26 12", "aria-hidden": "true" })) svg.setAttribute(name, value);
    draw(svg);
    tidy(svg);
    return { label, svg };
  });
}

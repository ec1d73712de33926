// Draws the figures of the book. Usage: node scripts/render_figures.mjs [--help] < figures.json
// Reads a list of figures as scripts/figures.py makes them (see docs/_theme/modules/book-figure.js) on standard input and
// prints a JSON list of {wide, narrow, legend: [{label, sample}]} in the same order, the drawings as SVG.
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { parseHTML } from "linkedom";

import { drawFigure, legendOf } from "../docs/_theme/modules/book-figure.js";

const [WIDE, NARROW] = [720, 340];

const { values } = parseArgs({ options: { help: { type: "boolean" } } });
if (values.help) {
  console.log("node scripts/render_figures.mjs < figures.json, a list of figures; prints a JSON list of {wide, narrow, legend}");
  process.exit(0);
}

const { document } = parseHTML("<!doctype html><html><body></body></html>");
/** @type {import("../docs/_theme/modules/book-figure.js").Figure[]} */
const figures = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(figures.map((figure) => ({
  wide: drawFigure(document, figure, WIDE).outerHTML,
  narrow: drawFigure(document, figure, NARROW).outerHTML,
  legend: legendOf(document, figure).map(({ label, svg }) => ({ label, sample: svg.outerHTML })),
}))));

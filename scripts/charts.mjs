// Draws charts of prices as SVG, for pages that show them before any script and without one.
// Usage: node scripts/charts.mjs [--help] < charts.json
// Reads [{"lang", "rows", "words", "price", "width"}, …] (see docs/_theme/modules/price-figure.js) on standard input and
// prints a JSON list of SVG texts in the same order. The same input gives the same bytes.
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { parseHTML } from "linkedom";

import { priceFigure } from "../docs/_theme/modules/price-figure.js";

const { values } = parseArgs({ options: { help: { type: "boolean" } } });
if (values.help) {
  console.log('node scripts/charts.mjs < charts.json, a list of {"lang", "rows", "words", "price", "width"}; prints a JSON list of SVG texts');
  process.exit(0);
}

const { document } = parseHTML("<!doctype html><html><body></body></html>");
/** @type {Omit<Parameters<typeof priceFigure>[0], "document">[]} */
const charts = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(charts.map((chart) => priceFigure({ ...chart, document }).outerHTML)));

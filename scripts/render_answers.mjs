// Renders answers of the calculators as HTML, for pages that show them before any script and without one.
// Usage: node scripts/render_answers.mjs [--help] < answers.json
// Reads [{"reply", "view", "labels", "choices"}, …] (see docs/_theme/modules/answer-view.js) on standard input and prints a JSON list of
// {part: HTML} in the same order. Charts are drawn wide and narrow. The same input gives the same bytes.
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { parseHTML } from "linkedom";

import { chartFigure } from "../docs/_theme/modules/answer-charts.js";
import { chartsPart, figuresPart, placesPart, verdictPart, warningsPart } from "../docs/_theme/modules/answer-view.js";
import { workloadCards, workloadsOf } from "../docs/_theme/modules/calculator-workloads.js";

const WIDTHS = [720, 340];

const { values } = parseArgs({ options: { help: { type: "boolean" } } });
if (values.help) {
  console.log('node scripts/render_answers.mjs < answers.json, a list of {"reply", "view", "labels", "choices"}; prints a JSON list of {part: HTML}');
  process.exit(0);
}

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** A figure with its drawing in both widths; the styles show the one that fits. @type {import("../docs/_theme/modules/answer-view.js").DrawChart} */
function drawBoth(_, chart, options) {
  const [wide, narrow] = WIDTHS.map((width) => chartFigure(document, chart, { ...options, width }));
  const [large, small] = [wide, narrow].map((figure) => figure?.querySelector("svg"));
  if (!wide || !large || !small) return wide;
  const boxes = [document.createElement("div"), document.createElement("div")];
  boxes[0].className = "chart-wide";
  boxes[1].className = "chart-narrow";
  boxes[1].hidden = true;
  large.replaceWith(boxes[0], boxes[1]);
  boxes[0].append(large);
  boxes[1].append(small);
  return wide;
}

/** @type {{ reply: import("../docs/_theme/modules/answer-types.js").Answer, view: import("../docs/_theme/modules/answer-view.js").View,
 *   labels: Record<string, string>, choices: Record<string, [string, string][]> }[]} */
const answers = JSON.parse(await text(process.stdin));
const parts = answers.map(({ reply, view, labels, choices }) => ({
  verdict: verdictPart(document, reply, view),
  figures: figuresPart(document, reply, view),
  places: placesPart(document, reply, view),
  warnings: warningsPart(document, reply, view),
  charts: chartsPart(document, reply, view, drawBoth, WIDTHS[0]),
  // The cards of a portfolio's workloads belong to the form.
  workloads: "allowed_tiers" in choices ? workloadCards(document, workloadsOf(reply.used?.workloads.field ?? "") ?? [], { ...view, labels, choices }) : [],
}));
const html = (/** @type {Element[]} */ nodes) => nodes.map((node) => node.outerHTML).join("");
console.log(JSON.stringify(parts.map((part) => Object.fromEntries(Object.entries(part).map(([name, nodes]) => [name, html(nodes)])))));

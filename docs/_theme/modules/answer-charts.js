// A chart of an answer as a <figure>: title, drawing, legend, what it shows in a sentence, and its data as a table. All
// words come with the chart. Pure: the build and the browser call the same; the same chart gives the same bytes.
import { drawLines, linesLegend } from "./answer-chart-lines.js";
import { drawStack, stackLegend } from "./answer-chart-stack.js";
import { drawTornado, tornadoLegend } from "./answer-chart-tornado.js";
import { describe, SVG, tidy } from "./svg.js";

/** @typedef {import("./answer-chart-lines.js").LinesChart | import("./answer-chart-tornado.js").TornadoChart |
 *   import("./answer-chart-stack.js").StackChart} Chart */
/** @typedef {{ id: string, kind: string, title: string, summary: string, head: string[], rows: string[][] }} AnyChart */
/** @type {Record<string, [(document: Document, chart: any, width: number) => SVGSVGElement, (chart: any) => { label: string, draw: (svg: Element) => unknown }[]]>} */
const KINDS = { lines: [drawLines, linesLegend], tornado: [drawTornado, tornadoLegend], stack: [drawStack, stackLegend] };

/** A short name for a text, alike wherever it is made. @param {string} text */
function digest(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}

/** The figure; null for a kind that is not drawn here. `words.table` opens the table, `width` is in pixels.
 * @param {Document} document @param {AnyChart} chart @param {{ lang: string, words: Record<string, string>, width: number }} options
 * @returns {HTMLElement | null} */
export function chartFigure(document, chart, { lang, words, width }) {
  const kind = KINDS[chart.kind];
  if (!kind) return null;
  const [draw, legend] = kind;
  /** @param {Element} parent @param {string} tag @param {Record<string, string>} attributes @param {string} [text] */
  const put = (parent, tag, attributes, text) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return parent.appendChild(element);
  };
  const figure = document.createElement("figure");
  for (const [name, value] of Object.entries({ class: "answer-chart", "data-chart": chart.id, "data-kind": chart.kind, lang })) figure.setAttribute(name, value);
  // Two calculators of a page may have charts of one id, but these differ in what they show.
  const id = `${chart.id}-${digest(JSON.stringify(chart))}-${width}`;
  put(figure, "figcaption", { id: `${id}-caption` }, chart.title);

  const svg = draw(document, chart, width);
  named(svg, id, chart);
  put(figure, "div", { class: "answer-chart-drawing", "data-search-exclude": "" }).append(svg);

  const list = put(figure, "ul", { class: "answer-chart-legend", "data-search-exclude": "" });
  for (const { label, draw: sample } of legend(chart)) {
    const item = put(list, "li", {});
    const box = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
    for (const [name, value] of Object.entries({ width: "26", height: "12", viewBox: "0 0 26 12", "aria-hidden": "true" })) box.setAttribute(name, value);
    sample(box);
    tidy(box);
    item.append(box);
    put(item, "span", {}, label);
  }
  put(figure, "p", { class: "answer-chart-summary" }, chart.summary);

  const details = put(figure, "details", { "data-search-exclude": "" });
  put(details, "summary", {}, words.table);
  const scroll = put(details, "div", { class: "answer-chart-scroll", tabindex: "0", role: "region", "aria-labelledby": `${id}-caption` });
  const table = put(scroll, "table", { class: "answer-chart-table" });
  const head = put(put(table, "thead", {}), "tr", {});
  for (const text of chart.head) put(head, "th", { scope: "col" }, text);
  const body = put(table, "tbody", {});
  for (const row of chart.rows) {
    const line = put(body, "tr", {});
    row.forEach((text, i) => put(line, i ? "td" : "th", i ? {} : { scope: "row" }, text));
  }
  return figure;
}

/** Ends a drawing: ids that are its own, and words for screen readers. @param {SVGSVGElement} svg @param {string} id @param {AnyChart} chart */
function named(svg, id, { title, summary }) {
  // Plot counts its clipping areas up; a build and a browser have counted differently. One is enough: all are the frame.
  const clips = [...svg.querySelectorAll("clipPath")];
  for (const element of svg.querySelectorAll("[clip-path]")) element.setAttribute("clip-path", `url(#${id}-frame)`);
  clips.forEach((clip, i) => (i ? clip.remove() : clip.setAttribute("id", `${id}-frame`)));
  tidy(svg);
  describe(svg, id, title, summary);
}

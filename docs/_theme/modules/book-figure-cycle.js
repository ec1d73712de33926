// A figure's panel of steps that lead into one another: a box for each row with its figure in words, an arrow to the next
// and from the last back to the first; beside them, what works against a step.
import { sizes } from "./answer-chart-axis.js";
import { mark, tell, tint } from "./book-figure-marks.js";
import { add, BOLD, LINE, SVG, wrapped, write } from "./svg.js";

/** @typedef {{ name: string, text: string, known: boolean, about: string, against: number, group: number, unverified: boolean,
 *   told: string, ends: null }} Step  text: its figure in words; known: there is one; about: what it counts;
 *  against: index of the step that it works against, -1 for a step itself */
/** @typedef {{ chart: "cycle", label: string, marks: Step[] }} Cycle */
/** @typedef {{ step: Step, x: number, y: number, width: number, height: number, parts: [string[], Record<string, string | number>][] }} Box */

const [PAD, R, GAP, BETWEEN] = [8, 4.5, 26, 8];

/** @param {Document} document @param {Cycle} panel @param {number} width @returns {SVGSVGElement} */
export function drawCycle(document, panel, width) {
  const { narrow, fontSize } = sizes(width);
  const [rail, aside] = narrow ? [14, 24] : [28, 56];
  const forces = panel.marks.some(({ against }) => against >= 0);
  const column = forces ? (width - rail - aside - 2) / 2 : width - rail - 2;
  /** @param {Step} step @param {number} x @returns {Box} */
  const boxOf = (step, x) => {
    const room = (column - 2 * PAD - 6) / fontSize; // a font may be wider than is reckoned with
    /** @type {Box["parts"]} */
    const parts = [
      [wrapped(step.name, (room - (2 * R + 6) / fontSize) / BOLD, 4), { class: "figure-name", "font-weight": 700 }],
      [wrapped(step.text, room / BOLD, 4), { fill: step.known ? tint(step.group) : "currentColor", "font-weight": 600 }],
      [wrapped(step.about, room, 9), { "fill-opacity": 0.85 }],
    ];
    const lines = parts.reduce((sum, [some]) => sum + some.length, 0);
    return { step, x, y: 0, width: column, height: Math.ceil(lines * fontSize * LINE + 2 * PAD), parts };
  };
  // A row holds a step and what works against it, one below the other.
  let bottom = 2;
  const rows = panel.marks.flatMap((step, i) => {
    if (step.against >= 0) return [];
    const own = boxOf(step, rail);
    const others = panel.marks.filter(({ against }) => against === i).map((other) => boxOf(other, rail + column + aside));
    const beside = others.reduce((sum, { height }) => sum + height + BETWEEN, -BETWEEN);
    const height = Math.max(own.height, beside);
    own.y = bottom + (height - own.height) / 2;
    others.reduce((y, other) => (other.y = y) + other.height + BETWEEN, bottom + Math.max(0, height - beside) / 2);
    bottom += height + GAP;
    return [{ own, others }];
  });
  const svg = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
  const height = bottom - GAP + 4;
  for (const [name, value] of Object.entries({ width, height, fill: "currentColor" })) svg.setAttribute(name, String(value));

  const middle = (/** @type {Box} */ { y, height: high }) => y + high / 2;
  rows.slice(1).forEach(({ own }, i) => arrow(svg, [[rail + column / 2, rows[i].own.y + rows[i].own.height], [rail + column / 2, own.y]]));
  const [first, last] = [rows[0].own, rows[rows.length - 1].own];
  arrow(svg, [[rail, middle(last)], [4, middle(last)], [4, middle(first)], [rail, middle(first)]]);
  for (const { own, others } of rows) for (const other of others) against(svg, own, other);
  for (const box of rows.flatMap(({ own, others }) => [own, ...others])) draw(svg, box, fontSize);
  return svg;
}

/** A line through points with a head at its end. @param {Element} parent @param {number[][]} points */
function arrow(parent, points) {
  const [[x1, y1], [x, y]] = points.slice(-2);
  const [dx, dy] = [Math.sign(x - x1), Math.sign(y - y1)];
  const head = `M${x},${y}L${x - 7 * dx - 4 * dy},${y - 7 * dy - 4 * dx}L${x - 7 * dx + 4 * dy},${y - 7 * dy + 4 * dx}Z`;
  const line = points.map(([px, py]) => `${px},${py}`).join("L");
  add(parent, "path", { class: "figure-arrow", d: `M${line}`, fill: "none", stroke: "currentColor", "stroke-width": 1.5 });
  add(parent, "path", { d: head, fill: "currentColor" });
}

/** A line that ends in a bar before the step it works against. @param {Element} parent @param {Box} step @param {Box} other */
function against(parent, step, other) {
  const from = other.y + other.height / 2;
  const to = Math.max(step.y + 10, Math.min(step.y + step.height - 10, from));
  const end = step.x + step.width + 6;
  const turn = (end + other.x) / 2;
  const d = `M${other.x},${from}H${turn}V${to}H${end}M${end},${to - 7}V${to + 7}`;
  add(parent, "path", { class: "figure-against", d, fill: "none", stroke: tint(other.step.group), "stroke-width": 1.75 });
}

/** @param {Element} parent @param {Box} box @param {number} fontSize */
function draw(parent, { step, x, y, width, height, parts }, fontSize) {
  const frame = add(parent, "rect", { class: "figure-box", x, y, width, height, rx: 4, fill: "none", stroke: tint(step.group) });
  const dot = mark(parent, step.group, x + PAD + R, y + PAD + (fontSize * LINE) / 2, R, step.unverified);
  if (!step.known) {
    frame.setAttribute("stroke-dasharray", "4 3");
    dot.setAttribute("stroke-dasharray", "2 2");
    dot.setAttribute("fill", "none");
  }
  tell(dot, step.told);
  let top = y + PAD;
  parts.forEach(([lines, look], i) => {
    const high = lines.length * fontSize * LINE;
    if (lines.length) write(parent, lines, x + PAD + (i ? 0 : 2 * R + 6), top + high / 2, fontSize, look);
    top += high;
  });
}

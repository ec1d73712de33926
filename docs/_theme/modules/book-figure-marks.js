// What the marks of all figures of the book look like: shape and color of a group, a hollow mark for what is unverified,
// a bar with ends for an interval.
import { add, color, PAPER, texture } from "./svg.js";

const WIDTH = 1.75;
const NO_GROUP = 7; // a color beside those of the groups

/** The color of a group, -1 for none. @param {number} group */
export const tint = (group) => color(group < 0 ? NO_GROUP : group);

/** Outlines of the groups' marks around a point. @type {((x: number, y: number, r: number) => string)[]} */
const SHAPES = [
  (x, y, r) => `M${x - r},${y}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`,
  (x, y, r) => `M${x},${y - 1.3 * r}L${x + 1.3 * r},${y}L${x},${y + 1.3 * r}L${x - 1.3 * r},${y}Z`,
  (x, y, r) => `M${x - 0.9 * r},${y - 0.9 * r}h${1.8 * r}v${1.8 * r}h${-1.8 * r}Z`,
  (x, y, r) => `M${x},${y - 1.2 * r}L${x + 1.2 * r},${y + 0.9 * r}H${x - 1.2 * r}Z`,
];

/** The mark of a group at a point. @param {Element} parent @param {number} group @param {number} x @param {number} y
 * @param {number} r @param {boolean} unverified */
export function mark(parent, group, x, y, r, unverified) {
  const d = SHAPES[Math.max(0, group) % SHAPES.length](x, y, r);
  return add(parent, "path", { class: "figure-mark", d, fill: unverified ? PAPER : tint(group), stroke: tint(group), "stroke-width": WIDTH });
}

/** A bar of a group: told apart by its texture, too. @param {Element} parent @param {number} group
 * @param {[number, number, number, number]} box @param {boolean} unverified */
export function bar(parent, group, [x1, y1, x2, y2], unverified) {
  const size = { x: x1, y: y1, width: Math.max(1, x2 - x1), height: y2 - y1 };
  const lines = texture(Math.max(0, group), [x1, y1, x2, y2]);
  const rect = add(parent, "rect", { class: "figure-mark", ...size, fill: unverified ? PAPER : tint(group), stroke: tint(group), "stroke-width": WIDTH });
  if (unverified) rect.setAttribute("stroke-dasharray", "3 2");
  if (lines) add(parent, "path", { d: lines, fill: "none", stroke: unverified ? tint(group) : PAPER, "stroke-width": 1.2 });
  return rect;
}

/** An interval from end to end, along x or along y. @param {Element} parent @param {string} stroke
 * @param {[number, number]} from @param {[number, number]} to */
export function interval(parent, stroke, [x1, y1], [x2, y2]) {
  const [dx, dy] = y1 === y2 ? [0, 4] : [4, 0];
  const d = `M${x1},${y1}L${x2},${y2}M${x1 - dx},${y1 - dy}L${x1 + dx},${y1 + dy}M${x2 - dx},${y2 - dy}L${x2 + dx},${y2 + dy}`;
  return add(parent, "path", { class: "figure-interval", d, fill: "none", stroke, "stroke-width": 1.5 });
}

/** Words that a pointer finds at a mark. @param {Element} element @param {string} words */
export function tell(element, words) {
  add(element, "title", {}).textContent = words;
}

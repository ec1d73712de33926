// Names beside the marks of a chart: each stands where it covers no other name and no mark, as near to its own as it can.
import { BOLD, ems, LINE } from "./svg.js";

/** @typedef {[number, number, number, number]} Box  x1, y1, x2, y2 */
/** @typedef {{ box: Box, lines: string[], led: boolean }} Placed  led: so far off that a line must lead to it */

const PAD = 2;
// Steps away from the mark, in heights of a line, and the directions tried at each: right first, as one reads.
const STEPS = [0, 0.6, 1.2, 2, 3, 4, 5.5, 7, 9, 11.5, 14];
const DIRECTIONS = [0, 180, 270, 90, 315, 45, 225, 135, 337.5, 22.5, 202.5, 157.5, 292.5, 67.5, 247.5, 112.5];

/** How much of two boxes lies on each other. @param {Box} a @param {Box} b */
const shared = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));

/** The box of a name whose nearest point lies `away` from a mark in a direction.
 * @param {{ x: number, y: number, r: number }} mark @param {[number, number]} size @param {number} angle @param {number} away @returns {Box} */
function boxAt({ x, y, r }, [wide, high], angle, away) {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const side = (/** @type {number} */ n) => (Math.abs(n) < 0.3 ? 0 : Math.sign(n));
  const [cx, cy] = [x + cos * (r + PAD + 1 + away) + (side(cos) * wide) / 2, y + sin * (r + PAD + away) + (side(sin) * high) / 2];
  return [cx - wide / 2, cy - high / 2, cx + wide / 2, cy + high / 2];
}

/** A box moved into a frame. @param {Box} box @param {Box} within @returns {Box} */
function pushed([x1, y1, x2, y2], within) {
  const dx = Math.max(within[0] - x1, Math.min(0, within[2] - x2));
  const dy = Math.max(within[1] - y1, Math.min(0, within[3] - y2));
  return [x1 + dx, y1 + dy, x2 + dx, y2 + dy];
}

/** Places for names of marks, in the marks' order; a mark with few free places is served first.
 * @param {{ x: number, y: number, r: number, lines: string[] }[]} marks @param {Box[]} taken what no name may cover
 * @param {Box[]} avoided what a name covers only if it must @param {Box} within @param {number} fontSize @returns {Placed[]} */
export function placed(marks, taken, avoided, within, fontSize) {
  const sizes = marks.map(({ lines }) => /** @type {[number, number]} */ ([Math.max(...lines.map(ems)) * fontSize * BOLD, lines.length * fontSize * LINE]));
  const free = (/** @type {Box} */ box, /** @type {Box[]} */ others) =>
    box[0] >= within[0] && box[1] >= within[1] && box[2] <= within[2] && box[3] <= within[3] && others.every((other) => !shared(box, other));
  const near = marks.map((mark, i) => DIRECTIONS.filter((angle) => free(boxAt(mark, sizes[i], angle, 0), taken)).length);
  /** @type {Placed[]} */
  const found = [];
  /** @type {Box[]} */
  const names = [];
  for (const i of marks.map((_, i) => i).sort((a, b) => near[a] - near[b] || a - b)) {
    // Where no place is free, beside the mark and within the frame.
    let best = { cost: Infinity, box: pushed(boxAt(marks[i], sizes[i], 0, 0), within), away: 0 };
    STEPS.forEach((step, s) => DIRECTIONS.forEach((angle, d) => {
      const away = step * fontSize * LINE;
      const box = boxAt(marks[i], sizes[i], angle, away);
      const cost = s * 4 + d * 0.2 + avoided.reduce((sum, other) => sum + shared(box, other), 0) * 0.05;
      if (cost < best.cost && free(box, [...taken, ...names])) best = { cost, box, away };
    }));
    found[i] = { box: best.box, lines: marks[i].lines, led: best.away > fontSize * 0.5 };
    names.push(best.box);
  }
  return found;
}

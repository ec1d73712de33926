// Reads a usage export off the page's thread. The page asks once: a file, the known formats and, where the reader chose
// the columns, the format to use; answers are progress, then a result, unknown columns or an error.
import { Unreadable, columnsOf, copied, openUsage, reader } from "./usage-rows.js";
import { Sum } from "./usage-sum.js";

// Columns that a row leaves out may stand in another.
const SAMPLE = 50, VALUES = 3;

/** @typedef {import("./usage-sum.js").Format} Format */
/** @typedef {{ name: string, values: string[] }} Column */
/** @typedef {{ file: Blob, formats: Format[], chosen?: Format }} Question */
/** @typedef {{ type: "progress", bytes: number }
 *   | { type: "unknown", columns: Column[] }
 *   | { type: "result", totals: import("./usage-sum.js").Totals, format: string, counted: "line" | "entry", columns: Column[] }
 *   | { type: "error", code: string, slots: Record<string, number> }} Answer */

/** @param {Answer} answer */
const say = (answer) => postMessage(answer);

/** @param {Question} question */
async function answer({ file, formats, chosen }) {
  const lists = [...new Set(formats.flatMap((format) => format.lists))];
  const opened = await openUsage(file, lists);
  /** @type {{ entry: import("./usage-rows.js").Entry, number: number }[]} */
  let sample = [];
  /** @type {Sum | undefined} */
  let sum;
  /** @type {Column[]} */
  let columns = [];
  const decide = () => {
    columns = columnsWithValues(opened, sample.map(({ entry }) => entry.row).filter((row) => row !== undefined));
    const names = new Set(columns.map(({ name }) => name));
    const fits = formats.filter(({ files, signature }) => files.includes(opened.kind) && signature.every((name) => names.has(name)));
    // The most exact description wins.
    const format = chosen ?? fits.sort((a, b) => b.signature.length - a.signature.length)[0];
    if (!format) return false;
    sum = new Sum(format, opened);
    for (const { entry, number } of sample) sum.take(entry, number);
    sample = [];
    return true;
  };
  for await (const { entries, numbers, bytes } of opened.batches) {
    for (const [i, entry] of entries.entries()) {
      if (sum) sum.take(entry, numbers[i]);
      else {
        sample.push({ entry, number: numbers[i] });
        if (sample.length >= SAMPLE && !decide()) return say({ type: "unknown", columns });
      }
    }
    say({ type: "progress", bytes });
  }
  if (!sum && !sample.some(({ entry }) => entry.row)) throw new Unreadable(opened.kind === "csv" ? "no-rows" : "no-entries");
  if (!sum && !decide()) return say({ type: "unknown", columns });
  if (sum) say({ type: "result", totals: sum.totals(), format: sum.format.id, counted: opened.counted, columns });
}

/**
 * The columns of the first rows, with a few values of each.
 * @param {import("./usage-rows.js").Opened} opened
 * @param {import("./usage-rows.js").Row[]} rows
 * @returns {Column[]}
 */
function columnsWithValues(opened, rows) {
  const inside = rows.flatMap((row) => (Array.isArray(row) ? [] : columnsOf(row)));
  const names = opened.kind === "csv" ? opened.names : [...new Set(inside)];
  return names.map((name) => {
    const read = reader(opened, name);
    const values = rows.map((row) => String(read?.(row) ?? "").trim()).filter(Boolean);
    return { name, values: [...new Set(values)].slice(0, VALUES).map((value) => copied(value.slice(0, 40))) };
  });
}

addEventListener("message", ({ data }) => {
  answer(/** @type {Question} */ (data)).catch((error) => {
    if (error instanceof Unreadable) say({ type: "error", code: error.code, slots: error.slots });
    else {
      console.error("usage-worker:", error);
      say({ type: "error", code: "failed", slots: {} });
    }
  });
});

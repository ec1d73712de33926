// Reads a usage export piece by piece, so that memory stays flat: CSV by PapaParse, JSON by cutting out the entries of
// its arrays, lines of JSON one by one. Runs in the worker.
import Papa from "papaparse";

const PIECE = 2 ** 18;
// One row of a bill; more is a quotation mark that was never closed, or another file.
const LONGEST_ROW = 2 ** 24;
const DEEPEST = 100;
const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [...'"\\[]{}'].map((c) => c.charCodeAt(0));

/** @typedef {string[] | Record<string, unknown>} Row cells of CSV, or an object of JSON */
/** @typedef {{ row?: Row, reason?: string }} Entry a row, or why there is none */
/** @typedef {{ entries: Entry[], numbers: number[], bytes: number }} Batch `numbers`: the line or entry of each */
/** @typedef {{ kind: "csv" | "json", counted: "line" | "entry", names: string[], continental: boolean, batches: AsyncGenerator<Batch> }} Opened */
/** @typedef {{ text: string, bytes: number, last: boolean }} Piece */

/** A file that cannot be used: `code` is a string id of data/strings/usage.yml without "error-". */
export class Unreadable extends Error {
  /** @param {string} code @param {Record<string, number>} slots */
  constructor(code, slots = {}) {
    super(code);
    this.code = code;
    this.slots = slots;
  }
}

/** A short text of its own: a piece of a large one would keep all of it in memory. @param {string} text */
export function copied(text) {
  return [...text].join("");
}

/** The file's text in pieces. @param {Blob} file @returns {AsyncGenerator<Piece>} */
async function* pieces(file) {
  /** @type {TextDecoder | undefined} */
  let decoder;
  for (let at = 0; at < file.size; at += PIECE) {
    const end = Math.min(at + PIECE, file.size);
    let bytes;
    try {
      bytes = new Uint8Array(await file.slice(at, end).arrayBuffer());
    } catch {
      throw new Unreadable("unreadable"); // moved or changed since it was chosen
    }
    decoder ??= new TextDecoder(encodingOf(bytes));
    yield { text: decoder.decode(bytes, { stream: end < file.size }), bytes: end, last: end === file.size };
  }
}

/** @param {Uint8Array} bytes */
function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes.includes(0)) throw new Unreadable("binary");
  return "utf-8";
}

/**
 * What kind of file it is, and its rows. Throws Unreadable.
 * @param {Blob} file
 * @param {string[]} lists keys of arrays that hold rows inside an entry
 * @returns {Promise<Opened>}
 */
export async function openUsage(file, lists) {
  const rest = pieces(file);
  const first = (await rest.next()).value;
  if (!first?.text.trim()) throw new Unreadable("empty");
  async function* all() {
    yield /** @type {Piece} */ (first);
    yield* rest;
  }
  if (/^\s*[[{]/.test(first.text)) {
    const lines = isLines(first.text);
    const batches = lines ? lineBatches(all(), lists) : entryBatches(all(), lists);
    return { kind: "json", counted: lines ? "line" : "entry", names: [], continental: false, batches };
  }
  const newline = first.text.includes("\n") ? "\n" : "\r";
  const delimiter = delimiterOf(first.text.trimStart().split(newline, 1)[0]);
  const batches = csvBatches(all(), delimiter, newline);
  const head = (await batches.next()).value?.entries[0].row;
  const names = /** @type {string[]} */ (head ?? []).map((name) => copied(name.trim()));
  if (names.length < 2) throw new Unreadable("no-columns");
  return { kind: "csv", counted: "line", names, continental: delimiter === ";", batches };
}

/** Whether each line is an object by itself: the first two begin with one. @param {string} text */
function isLines(text) {
  const [one = "", two = ""] = text.split("\n", 50).map((line) => line.trim()).filter(Boolean);
  return one.startsWith("{") && !/[[{,:]$/.test(one) && two.startsWith("{");
}

/** The separator that stands most often outside of quotation marks. @param {string} line */
function delimiterOf(line) {
  const plain = line.replace(/"[^"]*"/g, "");
  const count = (/** @type {string} */ mark) => plain.split(mark).length;
  return [",", ";", "\t", "|"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

/**
 * The first batch holds the line of names only.
 * @param {AsyncIterable<Piece>} all @param {string} delimiter @param {"\n" | "\r"} newline @returns {AsyncGenerator<Batch>}
 */
async function* csvBatches(all, delimiter, newline) {
  const parser = new Papa.Parser({ delimiter, newline });
  let text = "", line = 1, named = 0;
  for await (const piece of all) {
    text += piece.text;
    const { data, meta } = /** @type {Papa.ParseResult<string[]>} */ (parser.parse(text, 0, !piece.last));
    /** @type {Batch} */
    const batch = { entries: [], numbers: [], bytes: piece.bytes };
    const broken = text.includes('"'); // only then may a cell hold line ends
    for (const row of data) {
      const number = line;
      line += 1 + (broken ? row.join("").split(newline).length - 1 : 0);
      if (row.every((cell) => !cell.trim())) continue;
      if (!named) {
        named = row.length;
        yield { entries: [{ row }], numbers: [number], bytes: piece.bytes };
      } else {
        // A separator at the end of the line adds an empty cell.
        const whole = row.length >= named && row.slice(named).every((cell) => !cell.trim());
        batch.entries.push(whole ? { row } : { reason: "cells" });
        batch.numbers.push(number);
      }
    }
    text = text.slice(meta.cursor);
    if (text.length > LONGEST_ROW) throw new Unreadable("open-quote", { line });
    yield batch;
  }
}

/** @param {AsyncIterable<Piece>} all @param {string[]} lists @returns {AsyncGenerator<Batch>} */
async function* lineBatches(all, lists) {
  let text = "", line = 0;
  for await (const piece of all) {
    text += piece.text;
    const found = text.split("\n");
    text = piece.last ? "" : found.pop() ?? "";
    if (text.length > LONGEST_ROW) throw new Unreadable("long-row", { line: line + found.length + 1 });
    yield batchOf(found.map((one) => ({ one, number: ++line })).filter(({ one }) => one.trim()), lists, piece.bytes);
  }
}

/** @param {AsyncIterable<Piece>} all @param {string[]} lists @returns {AsyncGenerator<Batch>} */
async function* entryBatches(all, lists) {
  const cutter = new Cutter();
  let entry = 0;
  for await (const piece of all) {
    const found = cutter.cut(piece.text).map((one) => ({ one, number: ++entry }));
    const batch = batchOf(found, lists, piece.bytes);
    if (piece.last && cutter.open.length) {
      batch.entries.push({ reason: "cut-off" });
      batch.numbers.push(entry + 1);
    }
    yield batch;
  }
}

/** @param {{ one: string, number: number }[]} found @param {string[]} lists @param {number} bytes @returns {Batch} */
function batchOf(found, lists, bytes) {
  /** @type {Batch} */
  const batch = { entries: [], numbers: [], bytes };
  for (const { one, number } of found) {
    for (const entry of entriesOf(one, lists)) {
      batch.entries.push(entry);
      batch.numbers.push(number);
    }
  }
  return batch;
}

/** @param {string} text @param {string[]} lists @returns {Entry[]} */
function entriesOf(text, lists) {
  try {
    const value = JSON.parse(text);
    return isObject(value) ? [...rowsIn(value, lists)].map((row) => ({ row })) : [{ reason: "not-json" }];
  } catch {
    return [{ reason: "not-json" }];
  }
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The rows in an entry: itself, or those of its lists, which take over the plain values around them.
 * @param {Record<string, unknown>} entry @param {string[]} lists @returns {Generator<Record<string, unknown>>}
 */
function* rowsIn(entry, lists) {
  const key = lists.find((name) => Array.isArray(entry[name]));
  if (key === undefined) return void (yield entry);
  const around = Object.fromEntries(Object.entries(entry).filter(([, value]) => typeof value !== "object"));
  for (const inner of /** @type {unknown[]} */ (entry[key])) {
    if (isObject(inner)) yield* rowsIn({ ...around, ...inner }, lists);
  }
}

/** Cuts the outermost objects that stand in arrays out of a JSON text that comes in pieces. */
class Cutter {
  /** @type {number[]} the brackets that are open */
  open = [];
  /** The text of the object at hand so far. */
  text = "";
  /** How many brackets are open around the object at hand; -1: none at hand. */
  around = -1;
  quoted = false;
  escaped = false;

  /** @param {string} piece @returns {string[]} the objects that end in this piece */
  cut(piece) {
    /** @type {string[]} */
    const found = [];
    const text = this.text + piece;
    let start = 0;
    for (let i = this.text.length; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (this.quoted) {
        if (this.escaped) this.escaped = false;
        else if (c === BACKSLASH) this.escaped = true;
        else if (c === QUOTE) this.quoted = false;
      } else if (c === QUOTE) this.quoted = true;
      else if (c === OPEN || c === OPEN_LIST) {
        if (c === OPEN && this.around < 0 && this.open.at(-1) === OPEN_LIST) {
          this.around = this.open.length;
          start = i;
        }
        if (this.open.push(c) > DEEPEST) throw new Unreadable("no-entries");
      } else if (c === CLOSE || c === CLOSE_LIST) {
        this.open.pop();
        if (this.open.length === this.around) {
          found.push(text.slice(start, i + 1));
          this.around = -1;
        }
      }
    }
    this.text = this.around < 0 ? "" : text.slice(start);
    if (this.text.length > LONGEST_ROW) throw new Unreadable("no-entries");
    return found;
  }
}

/** The JSON of a cell is read once for all columns that lead into it. */
const cell = { text: "", value: /** @type {unknown} */ (undefined) };

/** @param {string} text */
function inCell(text) {
  if (text !== cell.text) {
    cell.text = text;
    try {
      cell.value = JSON.parse(text);
    } catch {
      cell.value = undefined;
    }
  }
  return cell.value;
}

/**
 * How to read a column; a dot leads into an object, of CSV into the JSON of a cell. Undefined if there is no such column.
 * @param {Pick<Opened, "kind" | "names">} opened @param {string} name @returns {((row: Row) => unknown) | undefined}
 */
export function reader({ kind, names }, name) {
  const [head, ...steps] = name.split(".");
  const into = (/** @type {unknown} */ value) => steps.reduce((inner, step) => (isObject(inner) ? inner[step] : undefined), value);
  if (kind === "json") {
    return (row) => /** @type {Record<string, unknown>} */ (row)[name] ?? into(/** @type {Record<string, unknown>} */ (row)[head]);
  }
  const at = names.indexOf(name);
  if (at >= 0) return (row) => /** @type {string[]} */ (row)[at];
  const outer = steps.length ? names.indexOf(head) : -1;
  return outer < 0 ? undefined : (row) => into(inCell(/** @type {string[]} */ (row)[outer]));
}

/** Names of the columns of a row of JSON. @param {Record<string, unknown>} row @param {string} before @returns {string[]} */
export function columnsOf(row, before = "") {
  return Object.entries(row).flatMap(([name, value]) => {
    if (isObject(value)) return before.split(".").length > 3 ? [] : columnsOf(value, `${before}${name}.`);
    return Array.isArray(value) ? [] : [before + name];
  });
}

// Adds up the rows of a usage export by what their columns mean (data/usage-formats/). Holds sums only, never rows.
import { copied, reader } from "./usage-rows.js";

/** @typedef {"requests" | "input" | "output" | "cache_read" | "cache_write" | "reasoning" | "time" | "time_end" | "model" | "cost"} Role */
/** @typedef {{ id: string, name: string, files: string[], signature: string[], lists: string[], row: "request" | "bucket",
 *   roles: Partial<Record<Role, string[]>>, added: string[], includes: string[] }} Format */
/** @typedef {{ model: string, requests: number, input: number, output: number }} ModelSum */
/** @typedef {{ number: number, reason: string, value: string }} Fault */
/** @typedef {{ rows: number, unused: number, faults: number, first_faults: Fault[], requests: number | null, input: number, output: number,
 *   cache_read: number | null, cache_write: number | null, reasoning: number | null, cost: number | null,
 *   from: number | null, to: number | null, days: number | null, busiest: number, hours: number, hourly: "yes" | "no-times" | "days" | "short",
 *   models: ModelSum[] }} Totals `output` counts the reasoning, `input` what the cache gave and took; hours and busiest in requests, or in tokens */

const DAY = 86_400, HOUR = 3600;
const SHOWN_FAULTS = 5;
const MOST_MODELS = 1000; // a column of ids taken for the model must not fill the memory
// Before and after these a number is no time of a bill.
const EARLIEST = Date.UTC(2015, 0, 1) / 1000, LATEST = Date.UTC(2100, 0, 1) / 1000;
const COUNTS = /** @type {const} */ (["requests", "input", "output", "cache_read", "cache_write", "reasoning"]);
const ISO = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?\s*(?:Z|UTC|GMT|([+-])(\d{2}):?(\d{2})?)?$/i;

/** What is wrong with a row: `reason` is a string id without "fault-". */
class Faulty extends Error {
  /** @param {string} reason @param {unknown} value */
  constructor(reason, value = "") {
    super(reason);
    this.value = copied(String(value).slice(0, 60));
  }
}

/**
 * A number with any separators; NaN for what is none. A lone point groups thousands only in whole numbers of files that
 * separate by semicolons, as spreadsheets on the European continent write them.
 * @param {unknown} given @param {boolean} whole @param {boolean} continental
 */
function numberOf(given, whole, continental) {
  if (typeof given === "number") return given;
  let text = String(given).trim().replace(/^(?:US)?\$|[\s_'’]/g, "");
  if (/^\d+$/.test(text)) return Number(text);
  const [comma, point] = [text.lastIndexOf(","), text.lastIndexOf(".")];
  if (comma >= 0 && point >= 0) text = comma > point ? text.replaceAll(".", "").replace(",", ".") : text.replaceAll(",", "");
  else if (whole && /^-?\d{1,3}(,\d{3})+$/.test(text)) text = text.replaceAll(",", "");
  else if (whole && continental && /^-?\d{1,3}(\.\d{3})+$/.test(text)) text = text.replaceAll(".", "");
  else text = text.replace(",", ".");
  return text ? Number(text) : NaN;
}

/** Seconds since 1970; NaN for what is no time. @param {unknown} given */
function timeOf(given) {
  const text = String(given).trim();
  const plain = Number(text);
  if (text && !Number.isNaN(plain)) {
    // Seconds, milli-, micro- or nanoseconds.
    const power = Math.max(0, Math.floor((Math.log10(plain) - 8) / 3));
    const seconds = plain / 1000 ** power;
    return seconds >= EARLIEST && seconds < LATEST ? seconds : NaN;
  }
  const found = ISO.exec(text);
  if (!found) return NaN;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const shift = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * 60 * (found[7] === "-" ? -1 : 1);
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - shift;
  const real = month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate() && hour < 24 && minute < 60;
  return real && seconds >= EARLIEST && seconds < LATEST ? seconds : NaN;
}

/** @param {unknown} value */
function isBlank(value) {
  return value === undefined || value === null || (typeof value === "string" && !value.trim());
}

export class Sum {
  rows = 0;
  unused = 0;
  faults = 0;
  /** @type {Fault[]} */
  firstFaults = [];
  /** @type {Record<typeof COUNTS[number] | "cost", number>} */
  total = { requests: 0, input: 0, output: 0, cache_read: 0, cache_write: 0, reasoning: 0, cost: 0 };
  /** @type {Set<string>} roles of which some row has a value */
  known = new Set();
  from = Infinity;
  to = -Infinity;
  lastStart = -Infinity;
  widest = 0;
  /** @type {Set<number>} seconds after midnight, up to two different ones */
  ofDay = new Set();
  /** @type {Map<number, number>} hour since 1970 -> its requests, or its tokens where nothing counts requests */
  hours = new Map();
  /** @type {Map<string, ModelSum>} */
  models = new Map();

  /** @param {Format} format @param {import("./usage-rows.js").Opened} opened */
  constructor(format, opened) {
    this.format = format;
    this.continental = opened.continental;
    /** @type {Record<string, ((row: import("./usage-rows.js").Row) => unknown)[]>} */
    this.readers = {};
    for (const [role, columns] of Object.entries(format.roles)) {
      this.readers[role] = columns.map((name) => reader(opened, name)).filter((read) => read !== undefined);
    }
    this.counted = format.row === "request" || Boolean(format.roles.requests);
  }

  /** @param {import("./usage-rows.js").Entry} entry @param {number} number its line or place */
  take({ row, reason }, number) {
    this.rows++;
    try {
      if (!row) throw new Faulty(reason ?? "");
      this.add(row);
    } catch (fault) {
      if (!(fault instanceof Faulty)) throw fault;
      this.faults++;
      if (this.firstFaults.length < SHOWN_FAULTS) this.firstFaults.push({ number, reason: fault.message, value: fault.value });
    }
  }

  /** The first value of a role that is not blank. @param {string} role @param {import("./usage-rows.js").Row} row */
  value(role, row) {
    for (const read of this.readers[role] ?? []) {
      const value = read(row);
      if (!isBlank(value)) return value;
    }
    return undefined;
  }

  /**
   * The number of a role: of its columns the sum, or the first above zero. Undefined if all are blank.
   * @param {string} role @param {import("./usage-rows.js").Row} row @returns {number | undefined}
   */
  number(role, row) {
    const added = this.format.added.includes(role);
    let found;
    for (const read of this.readers[role] ?? []) {
      const value = read(row);
      if (isBlank(value)) continue;
      const number = numberOf(value, true, this.continental);
      if (!Number.isFinite(number)) throw new Faulty("no-number", value);
      if (number < 0) throw new Faulty("negative", value);
      found = (found ?? 0) + number;
      if (number > 0 && !added) break;
    }
    return found;
  }

  /** @param {import("./usage-rows.js").Row} row */
  add(row) {
    /** @type {Partial<Record<string, number>>} */
    const given = {};
    for (const role of COUNTS) given[role] = this.number(role, row);
    const { cache_read: read = 0, cache_write: write = 0, reasoning = 0 } = given;
    const within = (/** @type {string} */ role) => this.format.includes.includes(role);
    const inside = (within("cache_read") ? read : 0) + (within("cache_write") ? write : 0);
    const input = (given.input ?? 0) + read + write - inside;
    const output = (given.output ?? 0) + (within("reasoning") ? 0 : reasoning);
    // Buckets without usage, and requests that failed.
    if (input + output === 0) return void this.unused++;
    if (inside > (given.input ?? 0)) throw new Faulty("more-cached", inside);
    if (reasoning > output) throw new Faulty("more-reasoning", reasoning);
    const requests = this.format.row === "request" ? 1 : given.requests;
    if (this.counted && requests === undefined) throw new Faulty("no-count");
    this.addTime(row, this.counted ? requests ?? 0 : input + output);

    // What a row cost is shown but not used: a value that is no number does not spoil the row.
    const cost = numberOf(this.value("cost", row) ?? "", false, this.continental);
    for (const role of COUNTS) if (given[role] !== undefined) this.known.add(role);
    if (Number.isFinite(cost)) this.known.add("cost");
    const { total } = this;
    total.requests += requests ?? 0;
    total.input += input;
    total.output += output;
    total.cache_read += read;
    total.cache_write += write;
    total.reasoning += reasoning;
    total.cost += cost || 0;
    this.addModel(row, requests ?? 0, input, output);
  }

  /** @param {import("./usage-rows.js").Row} row @param {number} load */
  addTime(row, load) {
    if (!this.format.roles.time) return;
    const given = this.value("time", row);
    const start = given === undefined ? NaN : timeOf(given);
    if (Number.isNaN(start)) throw new Faulty("no-time", given ?? "");
    const stop = this.value("time_end", row);
    const end = stop === undefined ? start : timeOf(stop);
    if (!(end >= start)) throw new Faulty("no-time", stop);
    this.from = Math.min(this.from, start);
    this.lastStart = Math.max(this.lastStart, start);
    this.to = Math.max(this.to, end);
    this.widest = Math.max(this.widest, end - start);
    if (this.ofDay.size < 2) this.ofDay.add(start % DAY);
    const hour = Math.floor(start / HOUR);
    this.hours.set(hour, (this.hours.get(hour) ?? 0) + load);
  }

  /** @param {import("./usage-rows.js").Row} row @param {number} requests @param {number} input @param {number} output */
  addModel(row, requests, input, output) {
    const name = String(this.value("model", row) ?? "");
    let sum = this.models.get(name);
    if (!sum) {
      const model = this.models.size < MOST_MODELS ? copied(name.slice(0, 120)) : "…";
      sum = this.models.get(model) ?? { model, requests: 0, input: 0, output: 0 };
      this.models.set(model, sum);
    }
    sum.requests += requests;
    sum.input += input;
    sum.output += output;
  }

  /** @returns {Totals} */
  totals() {
    const { total, known, from } = this;
    const some = (/** @type {keyof typeof total} */ role) => (known.has(role) ? total[role] : null);
    const timed = from !== Infinity;
    // Dates without an hour begin at one time of day, whatever the zone.
    const daily = this.ofDay.size === 1 && (this.format.row === "bucket" || from % DAY === 0);
    const to = this.widest === 0 && daily ? this.lastStart + DAY : this.to;
    const span = to - from;
    const long = this.widest > HOUR || (this.widest === 0 && daily);
    const loads = [...this.hours.values()];
    return {
      rows: this.rows, unused: this.unused, faults: this.faults, first_faults: this.firstFaults,
      requests: this.counted ? total.requests : null, input: total.input, output: total.output,
      cache_read: some("cache_read"), cache_write: some("cache_write"), reasoning: some("reasoning"), cost: some("cost"),
      from: timed ? from : null, to: timed ? to : null, days: timed && span > 0 ? span / DAY : null,
      busiest: loads.reduce((most, load) => Math.max(most, load), 0),
      hours: timed ? Math.max(Math.ceil(to / HOUR), Math.floor(this.lastStart / HOUR) + 1) - Math.floor(from / HOUR) : 0,
      hourly: !timed ? "no-times" : long ? "days" : span < DAY ? "short" : "yes",
      models: [...this.models.values()].sort((a, b) => b.input + b.output - a.input - a.output),
    };
  }
}

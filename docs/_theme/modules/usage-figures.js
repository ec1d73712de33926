// What a calculator needs of a bill: parameters with how each was computed, from the totals and what the reader adds.

/** @typedef {import("./usage-sum.js").Totals} Totals */
/** @typedef {{ id: string, value: number, how: string, slots: Record<string, number> }} Figure `how`: a string id */
/** @typedef {{ id: string, why: string }} Gap a parameter that the file does not give; `why`: a string id */

/** @param {number} value @param {number} digits */
const rounded = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;

/**
 * @param {Totals} totals
 * @param {{ days: number | null, requests: number | null, monthDays: number }} reader what the reader gave
 * @returns {{ figures: Figure[], gaps: Gap[] }}
 */
export function figuresOf(totals, { days, requests: told, monthDays }) {
  /** @type {Figure[]} */
  const figures = [];
  /** @type {Gap[]} */
  const gaps = [];
  const give = (/** @type {string} */ id, /** @type {number} */ value, /** @type {string} */ how, /** @type {Record<string, number>} */ slots) => figures.push({ id, value, how, slots });
  const { input, output, cache_read: read, cache_write: write, reasoning } = totals;
  const requests = totals.requests ?? told;

  if (!days) gaps.push({ id: "requests_per_month", why: "gap-days" });
  else if (requests) give("requests_per_month", Math.round((requests / days) * monthDays), "how-per-month", { total: requests, days, month: monthDays });
  else give("tokens_per_month", Math.round(((input + output) / days) * monthDays), "how-per-month", { total: input + output, days, month: monthDays });

  if (requests) {
    // A calculator knows no prompt and no answer of less than one token.
    const mean = (/** @type {number} */ tokens, /** @type {number} */ least) => Math.max(least, Math.round(tokens / requests));
    give("isl", mean(input, 1), "how-mean", { tokens: input, requests });
    give("osl", mean(output - (reasoning ?? 0), 1), "how-mean", { tokens: output - (reasoning ?? 0), requests });
    if (reasoning !== null) give("reasoning_tokens", mean(reasoning, 0), "how-mean", { tokens: reasoning, requests });
    else gaps.push({ id: "reasoning_tokens", why: "gap-reasoning" });
  } else {
    gaps.push({ id: "isl", why: "gap-requests" }, { id: "osl", why: "gap-requests" });
  }

  for (const [id, part] of /** @type {const} */ ([["cache_hit_share", read], ["cache_write_share", write]])) {
    if (part === null) gaps.push({ id, why: "gap-column" });
    else if (input > 0) give(id, rounded(part / input, 4), "how-share", { part, whole: input });
  }

  if (totals.hourly === "yes") {
    const all = totals.requests ?? input + output;
    const mean = all / totals.hours;
    const how = totals.requests === null ? "how-peak-tokens" : "how-peak";
    give("peak_to_average", rounded(totals.busiest / mean, 2), how, { busiest: totals.busiest, mean: rounded(mean, 2), hours: totals.hours });
  } else gaps.push({ id: "peak_to_average", why: `gap-peak-${totals.hourly}` });
  return { figures, gaps };
}

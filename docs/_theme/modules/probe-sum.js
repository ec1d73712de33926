// Repeats a measurement until it settles, and sums it up.

/** @typedef {{ value: number, low: number, high: number, runs: number, settled: boolean }} Sum */

const LAST = 8; // runs that have to agree
const AGREE = 0.05; // the middle half of them lies within this share of the median
const TAIL = 0.1; // of the runs at either end is left out of the spread shown

/** @param {number[]} sorted @param {number} share */
function quantile(sorted, share) {
  const at = (sorted.length - 1) * share, low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

/** @param {number[]} values */
const ascending = (values) => [...values].sort((a, b) => a - b);

/** Whether the last runs agree. @param {number[]} samples */
function hasSettled(samples) {
  const last = ascending(samples.slice(-LAST));
  return last.length === LAST && quantile(last, 0.75) - quantile(last, 0.25) <= AGREE * quantile(last, 0.5);
}

/** Median, and the ends between which eight runs in ten lie. @param {number[]} samples at least one @returns {Sum} */
export function summary(samples) {
  const sorted = ascending(samples);
  return { value: quantile(sorted, 0.5), low: quantile(sorted, TAIL), high: quantile(sorted, 1 - TAIL), runs: samples.length, settled: hasSettled(samples) };
}

/**
 * Measures for at least half of `ms`, then until the runs agree or the time is up; the first run warms up and does not count.
 * @param {() => number | Promise<number>} measure one run: a rate
 * @param {number} ms
 * @param {(share: number) => void} onProgress
 * @returns {Promise<Sum>}
 */
export async function repeat(measure, ms, onProgress) {
  await measure();
  const started = performance.now();
  /** @type {number[]} */
  const samples = [];
  for (;;) {
    samples.push(await measure());
    const spent = performance.now() - started;
    onProgress(Math.min(1, spent / ms));
    if (spent >= ms || (spent >= ms / 2 && hasSettled(samples))) return summary(samples);
  }
}

// The reader's device as measured in this browser: kept in its local storage, sent nowhere, removable.
// The engine takes it as `this_device` of a scenario (calculators/own_device.py).

/** A measured figure: median and the ends between which most runs lay. @typedef {{ value: number, low: number, high: number }} Spread */
/** @typedef {{ bandwidth_efficiency?: number, compute_efficiency?: number, decode_compute_efficiency?: number }} Efficiencies */
/** A run of the demo model: what a measurement file holds of it. `prompt_tokens` were read, `reused_tokens` lay in the cache before.
 * @typedef {{ date: string, model: string, quantization: string, weights_bytes: number, backend: "wasm" | "webgpu", precision: string,
 *   prompt_tokens: number, reused_tokens: number, generated_tokens: number, ttft_ms: number, decode_tokens_per_second: number, token_times_ms: number[] }} Measured */
/** With what had been predicted: the error is the engine's, predicted/measured - 1.
 * @typedef {Measured & { predicted: Record<"ttft_ms" | "decode_tokens_per_second", Spread & { error: number }> }} Run */
/** `memory_from`: whether the browser said it, the reader, or nobody (an assumption); `power_w`: the reader's own.
 * @typedef {{ schema: 1, date: string, backend: "wasm" | "webgpu", adapter: string, runs: number, settled: boolean,
 *   memory_gib: number, memory_from: "browser" | "reader" | "assumed", bandwidth_gbs: Spread, tflops: Spread,
 *   power_w?: number, efficiencies?: Efficiencies, run?: Run }} OwnDevice */

export const OWN = "this-device";
const KEY = "this-device";
const SCHEMA = 1;
const EFFICIENCIES = ["bandwidth_efficiency", "compute_efficiency", "decode_compute_efficiency"];

/** @param {unknown} value */
const positive = (value) => typeof value === "number" && Number.isFinite(value) && value > 0;

/** @param {any} spread */
const isSpread = (spread) => [spread?.low, spread?.value, spread?.high].every(positive) && spread.low <= spread.value && spread.value <= spread.high;

/** @param {any} run */
const isRun = (run) => [run?.date, run?.model, run?.quantization, run?.backend, run?.precision].every((text) => typeof text === "string")
  && [run.weights_bytes, run.prompt_tokens, run.generated_tokens, run.ttft_ms, run.decode_tokens_per_second].every(positive)
  && [run.predicted?.ttft_ms, run.predicted?.decode_tokens_per_second].every((one) => isSpread(one) && Number.isFinite(one.error))
  && Number.isInteger(run.reused_tokens) && run.reused_tokens >= 0
  && Array.isArray(run.token_times_ms) && run.token_times_ms.every(positive);

/** Whether a stored text is what this page wrote: another page of the host, an older version or a slip may stand there.
 * @param {any} found @returns {found is OwnDevice} */
function isDevice(found) {
  return found?.schema === SCHEMA && typeof found.date === "string" && ["wasm", "webgpu"].includes(found.backend)
    && typeof found.adapter === "string" && positive(found.memory_gib) && ["browser", "reader", "assumed"].includes(found.memory_from)
    && isSpread(found.bandwidth_gbs) && isSpread(found.tflops) && (found.power_w === undefined || positive(found.power_w))
    && (found.efficiencies === undefined || EFFICIENCIES.every((name) => found.efficiencies?.[name] === undefined || positive(found.efficiencies[name])))
    && (found.run === undefined || isRun(found.run));
}

/** The device measured last, or null. @returns {OwnDevice | null} */
export function readDevice() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return isDevice(found) ? found : null;
  } catch {
    return null; // no storage here, or somebody else's text
  }
}

/** Keeps a device, or removes it (null), and tells whoever shows it. Returns whether it could be kept. @param {OwnDevice | null} device */
export function writeDevice(device) {
  let kept = true;
  try {
    if (device) localStorage.setItem(KEY, JSON.stringify(device));
    else localStorage.removeItem(KEY);
  } catch {
    kept = false;
  }
  dispatchEvent(new CustomEvent(KEY));
  return kept;
}

/** Calls back when the device changes, here or in another tab; returns the function that ends it. @param {() => void} listener */
export function onDeviceChange(listener) {
  const stored = (/** @type {StorageEvent} */ { key }) => { if (key === KEY || key === null) listener(); };
  addEventListener(KEY, listener);
  addEventListener("storage", stored);
  return () => {
    removeEventListener(KEY, listener);
    removeEventListener("storage", stored);
  };
}

/** The device as a scenario's `this_device`. @param {OwnDevice} device */
function forEngine({ memory_gib, bandwidth_gbs, tflops, backend, power_w, efficiencies }) {
  return { memory_gib, bandwidth_gbs, tflops, engine: backend, ...(power_w ? { power_w } : {}), ...efficiencies };
}

/** A scenario with the reader's device beside it, where it names that and does not bring one.
 * @template {Record<string, unknown>} S @param {S} scenario @returns {S & { this_device?: string }} */
export function withOwnDevice(scenario) {
  const named = Object.values(scenario).some((value) => value === OWN || (typeof value === "string" && value.includes(`"${OWN}"`)));
  const device = named && !("this_device" in scenario) ? readDevice() : null;
  return device ? { ...scenario, this_device: JSON.stringify(forEngine(device)) } : scenario;
}

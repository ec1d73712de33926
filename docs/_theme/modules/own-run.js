// Models on the reader's device: predicts, compares, prices the demo's; says whether another fits. All formulas are the
// engine's (calculators/own_run.py); nothing here loads anything but the engine.
import * as engine from "./engine-client.js";
import { OWN, readDevice, withOwnDevice, writeDevice } from "./this-device.js";

/** @typedef {import("./answer-types.js").Result} Result */
/** The model as data/ and the build know it. @typedef {{ model: string, quantization: string, weights_bytes: number }} Served */
/** @typedef {{ isl: number, osl: number, reused_tokens?: number }} Shape tokens of prompt and reply, and of the prompt what is in the cache */
/** @typedef {{ value: number, text: string, error?: number, inside?: boolean }} Compared `error`: predicted/measured - 1 */
/** @typedef {{ results: { ttft_ms: Result, decode_tokens_per_second: Result }, error?: undefined,
 *   measured?: { ttft_ms: Compared, decode_tokens_per_second: Compared },
 *   recalibrated?: Record<string, { value: number | null, reason?: string }> }} OwnRun */
/** For a thousand such conversations. @typedef {{ results: Record<"api_usd" | "owned_usd" | "energy_wh" | "energy_usd", Result>,
 *   names: { api: string, owned: string, load: string }, error?: undefined }} Priced */

/** @param {string} command @param {Record<string, unknown>} scenario @param {string} lang @param {object} [more] @returns {Promise<any>} */
async function ask(command, scenario, lang, more = {}) {
  const request = /** @type {any} */ ({ command, presets: [], scenario: withOwnDevice(scenario), lang, ...more });
  const reply = /** @type {any} */ (await engine.ask(request));
  if (reply.error) throw new engine.EngineFailure("engine-failed", reply.error.text);
  return reply;
}

/** @param {Served} served @param {Shape} shape */
const scenarioOf = ({ model, quantization, weights_bytes }, { isl, osl, reused_tokens = 0 }) => ({
  model, quantization, weights_bytes, device: OWN, isl, osl, ...(reused_tokens ? { cache_hit_share: reused_tokens / isl } : {}),
});

/**
 * TTFT and tokens/s with their intervals, in the reader's language; null where the device was not measured.
 * Rejects with EngineFailure. @param {Served} served @param {Shape} shape @param {string} lang @returns {Promise<OwnRun | null>}
 */
export const predictRun = async (served, shape, lang) => (readDevice() ? ask("own-run", scenarioOf(served, shape), lang) : null);

/**
 * A run beside its prediction. Its efficiencies become the device's own, the run is kept for a measurement file.
 * null where the device was not measured, or with the other backend. Rejects with EngineFailure.
 * @param {Served} served @param {Shape} shape @param {import("./this-device.js").Measured} run @param {string} lang @returns {Promise<OwnRun | null>}
 */
export async function compareRun(served, shape, run, lang) {
  if (readDevice()?.backend !== run.backend) return null;
  const { ttft_ms, decode_tokens_per_second } = run;
  const found = /** @type {OwnRun} */ (await ask("own-run", scenarioOf(served, shape), lang, { measured: { ttft_ms, decode_tokens_per_second } }));
  const device = readDevice();
  if (device?.backend !== run.backend) return null; // removed or measured anew meanwhile
  const before = (/** @type {"ttft_ms" | "decode_tokens_per_second"} */ name) => {
    const { value, low, high } = found.results[name];
    return { value: Number(value), low: low ?? Number(value), high: high ?? Number(value), error: found.measured?.[name].error ?? NaN };
  };
  const predicted = { ttft_ms: before("ttft_ms"), decode_tokens_per_second: before("decode_tokens_per_second") };
  const news = Object.entries(found.recalibrated ?? {}).flatMap(([name, { value }]) => (value ? [[name, value]] : []));
  writeDevice({ ...device, run: { ...run, predicted }, efficiencies: { ...device.efficiencies, ...Object.fromEntries(news) } });
  return found;
}

/**
 * What the conversation would cost in tier 1 and tier 2, and its energy here. Rejects with EngineFailure.
 * @param {{ tokens_in: number, tokens_out: number, seconds: number }} talk over all turns; seconds of computing
 * @param {import("./this-device.js").Spread} watts what to assume where the reader gave no figure
 * @param {string} lang @returns {Promise<Priced>}
 */
export const priceConversation = (talk, watts, lang) => ask("conversation", { ...talk, watts: readDevice()?.power_w ?? watts }, lang);

/**
 * Whether the measured device holds another model, and how fast it writes there. Rejects with EngineFailure.
 * @param {Record<string, string | number>} setup @param {string} model @param {string} lang
 * @returns {Promise<Record<"fit_verdict" | "decode_tokens_per_second" | "need_bytes" | "capacity_bytes", Result>>}
 */
export const fitHere = async (setup, model, lang) => (await ask("fit", { ...setup, model, device: OWN }, lang)).results;

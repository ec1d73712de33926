// A run on the reader's device as a file for data/measurements/: what the page shows, and nothing that tells who it was.

/** @param {number} value */
const short = (value) => Number(value.toPrecision(4));

/** @param {import("./this-device.js").Spread} spread */
const spread = ({ low, value, high }) => `{value: ${short(value)}, low: ${short(low)}, high: ${short(high)}}`;

/** A name of eight letters that follows from the text, so that no two files of different runs meet. @param {string} text */
function fingerprint(text) {
  let hash = 0xcbf29ce484222325n; // FNV-1a, 64 bits
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0").slice(0, 8);
}

/**
 * @param {import("./this-device.js").OwnDevice} device
 * @param {import("./this-device.js").Measured} run
 * @returns {{ name: string, text: string }} `name` begins with the source's key, data/sources/visitors.yml
 */
export function measurementFile(device, run) {
  // The first token takes a step of writing after the prompt is read.
  const prefill = Math.max(run.ttft_ms - 1000 / run.decode_tokens_per_second, run.ttft_ms / 10);
  const text = [
    "# yaml-language-server: $schema=../schema/measurement.json",
    "# Written by the page \"Your device\" from one run of the demo model.",
    "this_device:",
    `  engine: ${device.backend}`,
    ...(device.adapter ? [`  adapter: ${JSON.stringify(device.adapter)}`] : []),
    `  memory_gib: ${short(device.memory_gib)}`,
    `  bandwidth_gbs: ${spread(device.bandwidth_gbs)}`,
    `  tflops: ${spread(device.tflops)}`,
    `  runs: ${device.runs}`,
    "rows:",
    `  - model: ${run.model}`,
    "    device: this-device",
    `    engine: ${run.backend}`,
    `    backend: ${JSON.stringify(run.precision)}`,
    `    quantization: ${run.quantization}`,
    `    weights_bytes: ${run.weights_bytes}`,
    "    batch: 1",
    `    prompt_tokens: ${run.prompt_tokens}`,
    ...(run.reused_tokens ? [`    depth_tokens: ${run.reused_tokens}`] : []),
    `    generated_tokens: ${run.generated_tokens}`,
    "    follows_prompt: true",
    `    prefill_tokens_per_second: ${short((run.prompt_tokens * 1000) / prefill)}`,
    `    decode_tokens_per_second: ${short(run.decode_tokens_per_second)}`,
    `    token_times_ms: [${run.token_times_ms.map((ms) => short(ms)).join(", ")}]`,
    `    date: ${run.date}`,
    "",
  ].join("\n");
  return { name: `visitors.${run.date}-${fingerprint(text)}.yml`, text };
}

// How the graphs of the hubs are fed (the names that Hugging Face's Optimum gives): learned from the graph itself.

import * as ort from "onnxruntime-web/webgpu";
import { integers, zeros } from "./webgpu-decoder.js";

/**
 * @param {ort.InferenceSession} session
 * @returns {import("./webgpu-decoder.js").Wiring}
 */
export function hubWiring({ inputNames, inputMetadata }) {
  const caches = inputMetadata.filter(({ name, isTensor }) => isTensor && name.startsWith("past_"));
  const has = (/** @type {string} */ name) => inputNames.includes(name);
  return {
    // Of a shape, the batch is one, other numbers are the graph's, and what has only a name is still empty.
    none: Object.fromEntries(caches.map((input) => {
      const { name, type, shape } = /** @type {ort.InferenceSession.TensorValueMetadata} */ (input);
      const dims = shape.map((dim) => (dim === "batch_size" ? 1 : typeof dim === "number" ? dim : 0));
      return [name, zeros(type === "float16" ? "float16" : "float32", dims)];
    })),
    feeds(ids, start) {
      const total = start + ids.length;
      return {
        input_ids: integers("int64", ids, [1, ids.length]),
        attention_mask: integers("int64", Array(total).fill(1), [1, total]),
        ...(has("position_ids") && { position_ids: integers("int64", ids.map((_, i) => start + i), [1, ids.length]) }),
        ...(has("num_logits_to_keep") && { num_logits_to_keep: integers("int64", [1], []) }),
      };
    },
    // present.0.key -> past_key_values.0.key, present_conv.0 -> past_conv.0
    past: (output) => output.replace(/^present\./, "past_key_values.").replace(/^present_/, "past_"),
    async scores(logits) {
      const rows = /** @type {Float32Array | Uint16Array} */ (await logits.getData(true));
      const last = rows.slice(-logits.dims[logits.dims.length - 1]);
      if (last instanceof Float32Array) return last;
      return last instanceof Uint16Array ? Float32Array.from(last, widened) : Float32Array.from(last);
    },
  };
}

/** @param {number} half 16-bit float as it lies in memory */
export function widened(half) {
  const [sign, exponent, fraction] = [half & 0x8000 ? -1 : 1, (half >> 10) & 31, half & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

// Expands every packed tensor with the page's own code: node expand.mjs MODEL_DIR OUT_DIR
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LazyTensor } from "../../docs/_theme/modules/expand-weights.js";

const [model, out] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(model, "manifest.json"), "utf8"));
const files = new Map(manifest.files.filter((f) => f.path.startsWith("weights-"))
  .map((f) => [f.path, new Uint8Array(readFileSync(join(model, f.path)))]));
for (const tensor of manifest.backends.wasm.tensors) {
  const lazy = new LazyTensor(tensor, files);
  writeFileSync(join(out, tensor.name), lazy.subarray(0, lazy.byteLength));
}

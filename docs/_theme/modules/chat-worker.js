// Runs the demo's model in a worker: on the processor (decoder.js) or the graphics processor (webgpu-decoder.js),
// everything from this site.

import { serve } from "./chat-loop.js";
import { ChatText, SYSTEM } from "./chat-text.js";
import { Decoder } from "./decoder.js";
import { DemoError } from "./demo-error.js";
import { fetchFiles, filesFor } from "./model-files.js";
import { sampler } from "./sampler.js";
import { WebGpuDecoder } from "./webgpu-decoder.js";
import { startWorker } from "./worker-start.js";

/** Its answer shows whether the device computes at all. */
const SELF_TEST = { prompt: "The capital of France is", reply: " Paris" };
const SCHEMA = 2;

/**
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 * @returns {import("./chat-protocol.d.ts").Manifest}
 */
function readManifest(files) {
  const manifest = JSON.parse(new TextDecoder().decode(files.get("manifest.json")));
  if (manifest.schema === SCHEMA) return manifest;
  throw new DemoError("checksum", { file: "manifest.json" });
}

serve({
  fetch: ({ backend }, options) => fetchFiles(filesFor(backend), options),
  describe(files) {
    const { context_tokens, end_token } = readManifest(files);
    return { text: new ChatText(files), opening: [SYSTEM], contextTokens: context_tokens, endTokens: [end_token] };
  },
  async decoder(files, { backend, threads }) {
    const manifest = readManifest(files);
    return backend === "webgpu" ? WebGpuDecoder.create(manifest, files) : Decoder.create(manifest, files, startWorker, threads);
  },
  async check({ decoder, text }) {
    const scores = await decoder.read(text.encode(SELF_TEST.prompt), true);
    const found = scores ? text.decode([sampler(0, 0)(scores)]) : "";
    if (found !== SELF_TEST.reply) throw new DemoError("wrong_result", { expected: SELF_TEST.reply.trim(), found: found.trim() });
  },
});

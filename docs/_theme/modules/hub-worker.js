// Runs a larger model from a host that the reader agreed to, on the graphics processor.

import { serve } from "./chat-loop.js";
import { DemoError } from "./demo-error.js";
import { fetchHub } from "./hub-files.js";
import { HubText, limits } from "./hub-text.js";
import { hubWiring } from "./hub-wiring.js";
import { WebGpuDecoder, openSession } from "./webgpu-decoder.js";

/** @param {import("./chat-loop.js").Load} request */
function modelOf({ hub }) {
  if (!hub) throw new DemoError("session_failed", { detail: "no model was named" });
  return hub;
}

serve({
  fetch: (request, options) => fetchHub(modelOf(request), options),
  describe: (files) => ({ text: new HubText(files), opening: [], ...limits(files) }),
  async decoder(files, request) {
    const { graph, precision } = modelOf(request);
    const folder = graph.slice(0, graph.lastIndexOf("/") + 1);
    const weights = [...files].filter(([path]) => path.startsWith(`${graph}_data`));
    const opened = await openSession(files, (possible) => {
      if (precision === "fp16" && possible !== "fp16") throw new DemoError("webgpu_no_fp16");
      return graph;
    }, {
      externalData: weights.map(([path, data]) => ({ path: path.slice(folder.length), data })),
      preferredOutputLocation: "gpu-buffer",
    });
    return new WebGpuDecoder(opened, hubWiring(opened.session));
  },
  async check({ decoder, text }) {
    const scores = await decoder.read(text.prompt([{ role: "user", content: "Hi" }]), true);
    // Numbers too large for 16 bits turn into nothing; a reply of that would be noise.
    if (!scores?.every(Number.isFinite)) throw new DemoError("wrong_result", { expected: "finite scores", found: "NaN" });
  },
});

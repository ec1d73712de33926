// A helper thread of the decoder: computes its share of the rows until the decoder ends.

import { instantiate } from "./decoder.js";

self.addEventListener("message", (/** @type {MessageEvent<{ module: WebAssembly.Module, memory: WebAssembly.Memory, numbers: number[] }>} */ { data }) => {
  const kernels = instantiate(data.module, data.memory);
  kernels.configure(...data.numbers);
  self.postMessage("ready");
  kernels.serve();
  self.close();
});

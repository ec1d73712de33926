// In the browser, for test_decoder.py: the decoders themselves, without the chat.

import { LoadedModel, question } from "../../docs/_theme/modules/benchmark-run.js";
import { Decoder } from "../../docs/_theme/modules/decoder.js";
import { DemoError } from "../../docs/_theme/modules/demo-error.js";
import { WebGpuDecoder } from "../../docs/_theme/modules/webgpu-decoder.js";
import { siteRoot, startWorker } from "../../docs/_theme/modules/worker-start.js";

/** Every device handed out, so that a test can take one away. */
const devices = [];
const requestDevice = globalThis.GPUAdapter?.prototype.requestDevice;
if (requestDevice) {
  GPUAdapter.prototype.requestDevice = async function (...wishes) {
    const device = await requestDevice.apply(this, wishes);
    devices.push(device);
    return device;
  };
}

async function fetchAll(folder, others = []) {
  // The worker began as a blob, against which no path can be resolved.
  const get = (path) => fetch(new URL(path, siteRoot));
  const manifest = await (await get(`${folder}manifest.json`)).json();
  const names = [...new Set(Object.values(manifest.tensors).map(([file]) => file)), ...others];
  const one = async (name) => [name.split("/").pop(), new Uint8Array(await (await get(name.startsWith("/") ? name : folder + name)).arrayBuffer())];
  return { manifest, files: new Map(await Promise.all(names.map(one))) };
}

/** Scores after each part, read one behind the other. */
async function scoresOf(decoder, parts) {
  const found = [];
  for (const part of parts) found.push(Array.from(await decoder.read(part, true)));
  return found;
}

Object.assign(globalThis, {
  async onProcessor(folder, threads, parts) {
    const { manifest, files } = await fetchAll(folder);
    const decoder = await Decoder.create(manifest, files, startWorker, threads);
    const scores = await scoresOf(decoder, parts);
    await decoder.dispose();
    return { threads: decoder.threads, scores };
  },
  async onGraphics(folder, runtime, parts) {
    const { manifest, files } = await fetchAll(folder, ["webgpu-fp32.onnx", "webgpu-fp16.onnx", runtime]);
    let decoder = await WebGpuDecoder.create(manifest, files);
    const { precision } = decoder;
    const scores = await scoresOf(decoder, parts);
    devices.at(-1).destroy(); // as a driver's restart does
    const lost = await decoder.read([1]).catch((error) => (error instanceof DemoError ? error.code : String(error)));
    await decoder.dispose().catch(() => {}); // what was lost may not let itself be released
    decoder = await WebGpuDecoder.create(manifest, files);
    const again = await scoresOf(decoder, [parts.flat()]);
    await decoder.dispose();
    return { precision, scores, lost, again };
  },
  async cycle() {
    const model = await LoadedModel.load("wasm", 1, true);
    const { tokens } = await model.ask(question(0), 8);
    model.end();
    return tokens;
  },
});

// A page may not wait for another thread, so the decoder runs in a worker of this same script.
if (typeof window === "object") {
  Object.assign(globalThis, {
    inWorker: (...call) => new Promise((resolve, reject) => {
      const worker = startWorker("decoder_page.js");
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.onmessage = ({ data: { result, error } }) => {
        worker.terminate();
        if (error) reject(new Error(error));
        else resolve(result);
      };
      worker.postMessage(call);
    }),
  });
} else {
  self.onmessage = async ({ data: [name, ...given] }) => {
    try {
      postMessage({ result: await globalThis[name](...given) });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
}

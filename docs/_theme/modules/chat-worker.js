// Runs the demo model in a worker: ONNX Runtime through transformers.js, everything from this site.
//
// Messages: chat-protocol.d.ts.
// A worker serves one backend; to change it, end the worker and start another.

import {
  AutoModelForCausalLM, AutoTokenizer, DynamicCache, InterruptableStoppingCriteria, LogLevel, Tensor, TextStreamer, env,
} from "@huggingface/transformers";
import { LazyTensor } from "./expand-weights.js";
import { DemoError, asDemoError, fetchFiles, filesFor } from "./model-files.js";
import { siteRoot } from "./worker-start.js";

/**
 * @typedef {import("./chat-protocol.d.ts").Backend} Backend
 * @typedef {import("./chat-protocol.d.ts").Message} Message
 * @typedef {import("./expand-weights.js").PackedTensor} PackedTensor
 * @typedef {{ schema: number, context_tokens: number,
 *             backends: Record<Backend, { graph: string, tensors: PackedTensor[] }> }} Manifest
 * @typedef {import("./chat-protocol.d.ts").Request} Request
 * @typedef {import("./chat-protocol.d.ts").Report} Report
 * @typedef {import("./chat-protocol.d.ts").Slots} Slots
 */

/** Chosen by trial: with it the model answers simple questions best (tests/browser/test_chat.py asks one). */
const SYSTEM = /** @type {Message} */ ({ role: "system", content: "You are a helpful assistant." });
/** The first run compiles shaders and buffers; its answer also shows whether the device computes at all. */
const WARM_UP = { prompt: "The capital of France is", reply: " Paris" };
const SCHEMA = 1;
const MODEL_ID = "model";

/** Builds of ONNX Runtime: the plain one has no WebGPU, the other one has it at almost twice the size. */
const RUNTIME = { wasm: "ort-wasm-simd-threaded", webgpu: "ort-wasm-simd-threaded.asyncify" };

/**
 * @typedef {{ tokenizer: import("@huggingface/transformers").PreTrainedTokenizer,
 *             model: import("@huggingface/transformers").PreTrainedModel, contextTokens: number }} Loaded
 * @type {Loaded | undefined}
 */
let loaded;
/** Keys and values of the conversation so far, and the ids they belong to. */
let memory = { cache: new DynamicCache(), ids: /** @type {bigint[]} */ ([]) };
const stopping = new InterruptableStoppingCriteria();

/** @param {Report} message */
const post = (message) => self.postMessage(message);

/**
 * @param {unknown} error
 * @param {string} otherwise
 * @param {number} [id] the reply that failed
 */
function postError(error, otherwise, id) {
  const { code, slots } = asDemoError(error, otherwise);
  post({ type: "error", id, code, slots });
}

let canceling = new AbortController();

/**
 * @param {Backend} backend
 * @param {boolean} store
 * @returns {Promise<void>}
 */
async function load(backend, store) {
  const started = performance.now();
  requireWebAssembly();
  if (backend === "webgpu" && !(await navigator.gpu?.requestAdapter())) throw new DemoError("webgpu_missing");
  canceling = new AbortController();
  const { files, networkBytes, cachedBytes, notices } = await fetchFiles(filesFor(backend), {
    signal: canceling.signal,
    store,
    onProgress: throttle((progress) => post({ type: "progress", ...progress })),
    onPhase: (phase) => post({ type: "phase", phase }),
    onRetry: (slots) => post({ type: "phase", phase: "retrying", slots }),
  });

  post({ type: "phase", phase: "preparing" });
  const manifest = readManifest(files);
  await takeFrom(files, backend, `${RUNTIME[backend]}.wasm`);
  const model = await createModel(manifest, files, backend);
  const tokenizer = await AutoTokenizer.from_pretrained(MODEL_ID);
  // ONNX Runtime holds its own copy now; give ours back at once instead of at the next collection.
  release(files);
  letMessagesIn(model);
  loaded = { tokenizer, model, contextTokens: manifest.context_tokens };

  post({ type: "phase", phase: "warming_up" });
  await warmUp(loaded);
  void watchDevice(backend);
  const ready = performance.now();
  countRequests(ready);
  post({
    type: "ready", backend, adapter: "", threads: 1, precision: "fp32", load_ms: ready - started,
    bytes_downloaded: networkBytes, bytes_cached: cachedBytes, memory_bytes: 0, context_tokens: manifest.context_tokens, notices,
  });
}

function requireWebAssembly() {
  try {
    // The smallest module there is; a policy without 'wasm-unsafe-eval' refuses to compile even this.
    new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  } catch {
    throw new DemoError("wasm_blocked");
  }
}

/**
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 * @returns {Manifest}
 */
function readManifest(files) {
  const manifest = JSON.parse(new TextDecoder().decode(files.get("manifest.json")));
  if (manifest.schema === SCHEMA) return manifest;
  throw new DemoError("checksum", { file: "manifest.json" });
}

/**
 * Makes transformers.js and ONNX Runtime read the verified bytes, and nothing else from anywhere.
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 * @param {Backend} backend
 * @param {string} runtimeName
 */
async function takeFrom(files, backend, runtimeName) {
  env.logLevel = LogLevel.ERROR;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.remoteHost = siteRoot.href;
  env.localModelPath = "/";
  env.useBrowserCache = false;
  env.useWasmCache = false;
  env.fetch = async (input) => {
    const bytes = files.get(String(input).replace(`/${MODEL_ID}/`, ""));
    return bytes ? new Response(bytes) : new Response(null, { status: 404 });
  };
  const { wasm } = env.backends.onnx;
  if (!wasm) throw new DemoError("session_failed", { detail: "ONNX Runtime has no WebAssembly part" });
  const module = new URL(`${ORT_PATH}${RUNTIME[backend]}.mjs`, siteRoot).href;
  wasm.wasmPaths = { mjs: module, wasm: new URL(`${ORT_PATH}${runtimeName}`, siteRoot).href };
  wasm.wasmBinary = files.get(runtimeName)?.buffer;
  // More threads need headers that a static host does not send.
  wasm.numThreads = 1;
}

/**
 * @param {Manifest} manifest
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 * @param {Backend} backend
 */
async function createModel(manifest, files, backend) {
  const { graph, tensors } = manifest.backends[backend];
  const packed = [...files].filter(([name]) => name.startsWith("weights-"));
  const expanded = tensors.map((tensor) => ({ path: tensor.name, data: new LazyTensor(tensor, files) }));
  const externalData = [...packed.map(([path, data]) => ({ path, data })), ...expanded];
  try {
    return await AutoModelForCausalLM.from_pretrained(MODEL_ID, {
      device: backend,
      dtype: "fp32",
      model_file_name: graph.replace(/^onnx\/|\.onnx$/g, ""),
      session_options: {
        externalData,
        // The graphs are built as they should run. Only the webgpu graph has constants to fold (its widened scales);
        // for the other one the search for more takes a quarter of the load.
        graphOptimizationLevel: backend === "wasm" ? "disabled" : "all",
      },
    });
  } catch (error) {
    const cause = expanded.find(({ data }) => data.failure)?.data.failure ?? error;
    throw asDemoError(cause, backend === "webgpu" ? "webgpu_failed" : "session_failed");
  }
}

/**
 * Frees the downloaded bytes at once; without `transfer` (older browsers) at the next garbage collection.
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 */
function release(files) {
  for (const { buffer } of files.values()) {
    /** @type {{ transfer?: (length: number) => ArrayBuffer }} */ (buffer).transfer?.(0);
  }
  files.clear();
  if (env.backends.onnx.wasm) env.backends.onnx.wasm.wasmBinary = undefined;
}

/**
 * Lets the worker read its messages between two tokens; otherwise "interrupt" would wait for the last one.
 * @param {Loaded["model"]} model
 */
function letMessagesIn(model) {
  const { port1, port2 } = new MessageChannel();
  /** @type {(value?: unknown) => void} */
  let resume = () => {};
  port1.onmessage = () => resume();
  const forward = model.forward.bind(model);
  model.forward = async (inputs) => {
    await new Promise((resolve) => {
      resume = resolve;
      port2.postMessage(null);
    });
    return forward(inputs);
  };
}

/** @param {Loaded} loaded */
async function warmUp({ tokenizer, model }) {
  const inputs = tokenizer(WARM_UP.prompt);
  const output = /** @type {Tensor} */ (await model.generate({ ...inputs, max_new_tokens: 1, do_sample: false }));
  const reply = tokenizer.decode(output.tolist()[0].slice(-1));
  if (reply !== WARM_UP.reply) throw new DemoError("wrong_result", { expected: WARM_UP.reply.trim(), found: reply.trim() });
}

/**
 * Reports it when the graphics processor goes away, e.g. after a driver crash or a long sleep.
 * @param {Backend} backend
 */
async function watchDevice(backend) {
  if (backend !== "webgpu") return;
  const device = /** @type {GPUDevice | undefined} */ (await env.backends.onnx.webgpu?.device);
  const info = await device?.lost;
  if (info) post({ type: "error", code: "webgpu_lost", slots: {} });
}

/**
 * Tells the page of every request this worker makes from now on; there should be none.
 * @param {number} since
 */
function countRequests(since) {
  let count = 0;
  new PerformanceObserver((list) => {
    count += list.getEntries().filter((entry) => entry.startTime > since).length;
    post({ type: "requests", count });
  }).observe({ type: "resource" });
}

/**
 * @param {number} id
 * @param {Message[]} messages from oldest to newest, the last one the user's
 * @param {number} maxNewTokens
 */
async function generate(id, messages, maxNewTokens) {
  if (!loaded) throw new DemoError("not_ready");
  const { tokenizer, model, contextTokens } = loaded;
  const started = performance.now();
  stopping.reset();
  const { ids, dropped } = fitContext(messages, contextTokens - maxNewTokens);
  const cache = reuseMemory(ids);
  const reused = cache.get_seq_length();

  /** @type {number[]} */
  const times = [];
  let text = "";
  const streamer = new TextStreamer(tokenizer, {
    skip_prompt: true,
    token_callback_function: () => times.push(performance.now() - started),
    callback_function: (piece) => {
      text += piece;
      const context_used = ids.length + times.length;
      post({ type: "token", id, text: piece, count: times.length, elapsed_ms: times.at(-1) ?? 0, prompt_tokens: ids.length, context_used });
    },
  });
  const shape = [1, ids.length];
  const output = /** @type {{ sequences: Tensor }} */ (
    await model.generate({
      input_ids: new Tensor("int64", ids, shape),
      attention_mask: new Tensor("int64", ids.map(() => 1n), shape),
      past_key_values: cache,
      max_new_tokens: maxNewTokens,
      do_sample: false,
      return_dict_in_generate: true,
      stopping_criteria: stopping,
      streamer,
    })
  );
  const sequence = /** @type {bigint[]} */ (output.sequences.tolist()[0]);
  // The last token was chosen but not yet read by the model, so the cache ends before it.
  memory = { cache, ids: sequence.slice(0, -1) };
  const ended = sequence.at(-1) === BigInt(tokenizer.eos_token_id ?? -1);
  post({
    type: "done", id, text, dropped,
    finish: ended ? "end" : stopping.interrupted ? "interrupted" : "length",
    tokens: times.length, prompt_tokens: ids.length, reused_tokens: reused, context_used: sequence.length,
    memory_bytes: 0, token_times_ms: times,
  });
}

/**
 * Token ids of the conversation, without its oldest turns if they no longer fit.
 * @param {Message[]} messages
 * @param {number} room
 */
function fitContext(messages, room) {
  const { tokenizer } = /** @type {Loaded} */ (loaded);
  for (let dropped = 0; ; dropped += 2) {
    const kept = messages.slice(dropped);
    const ids = /** @type {number[]} */ (
      tokenizer.apply_chat_template([SYSTEM, ...kept], { add_generation_prompt: true, return_tensor: false, return_dict: false })
    );
    if (ids.length <= room) return { ids: ids.map(BigInt), dropped: dropped / 2 };
    if (kept.length <= 1) throw new DemoError("prompt_too_long", { tokens: ids.length, limit: room });
  }
}

/**
 * The cache of the last reply if the new prompt begins with its ids, else an empty one.
 * @param {bigint[]} ids
 */
function reuseMemory(ids) {
  const { cache, ids: known } = memory;
  const begins = known.length > 0 && known.length < ids.length && known.every((id, index) => id === ids[index]);
  memory = { cache: new DynamicCache(), ids: [] };
  if (begins) return cache;
  cache.dispose();
  return memory.cache;
}

/**
 * Passes on at most one message each 50 ms, and always the last.
 * @param {(progress: { loaded: number, total: number }) => void} report
 */
function throttle(report) {
  let last = -Infinity;
  return (/** @type {{ loaded: number, total: number }} */ progress) => {
    const now = performance.now();
    if (now - last < 50 && progress.loaded < progress.total) return;
    last = now;
    report(progress);
  };
}

self.addEventListener("message", async (/** @type {MessageEvent<Request>} */ { data }) => {
  try {
    if (data.type === "load") await load(data.backend, data.store);
    else if (data.type === "cancel") canceling.abort();
    else if (data.type === "generate") await generate(data.id, data.messages, data.maxNewTokens);
    else if (data.type === "interrupt") stopping.interrupt();
    else if (data.type === "dispose") {
      await loaded?.model.dispose();
      self.close();
    }
  } catch (error) {
    if (data.type === "generate") postError(error, "generation_failed", data.id);
    else postError(error, "session_failed");
  }
});
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  postError(event.reason, "session_failed");
});

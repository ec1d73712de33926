// In the browser, for scripts/bench_demo.py: one visit with our worker or with wllama, measured alike.

import { LoadedModel, question } from "../docs/_theme/modules/benchmark-run.js";

const REPLIES = 3;
const NEW_TOKENS = 64;

/** @param {number} threads */
async function ours(threads) {
  const model = await LoadedModel.load("wasm", threads, false);
  await model.ask("Hello", 8); // the first one is slower, with both
  const replies = [];
  for (let run = 0; run < REPLIES; run++) replies.push(await model.ask(question(run), NEW_TOKENS));
  return { load_ms: model.ready.load_ms, threads: model.ready.threads, replies };
}

/** @param {number} threads */
async function wllama(threads) {
  const quiet = () => {};
  const { Wllama } = await import(/** @type {string} */ (new URL("/wllama/index.js", location.href).href));
  const peer = new Wllama({ default: new URL("/wllama/wllama.wasm", location.href).href }, { logger: { debug: quiet, log: quiet, warn: quiet, error: quiet } });
  const started = performance.now();
  await peer.loadModelFromUrl(new URL("/model.gguf", location.href).href, { n_ctx: 2048, n_threads: threads, n_gpu_layers: 0, useCache: false });
  const load_ms = performance.now() - started;
  await peer.createChatCompletion({ messages: [{ role: "user", content: "Hello" }], max_tokens: 8, temperature: 0 });
  const replies = [];
  for (let run = 0; run < REPLIES; run++) {
    const asked = performance.now();
    /** @type {number[]} */
    const times = [];
    let prompt_tokens = 0;
    // Its own chat form adds a system prompt; with it this question has 43 tokens.
    const stream = await peer.createChatCompletion({
      messages: [{ role: "user", content: "Why is the sky blue at noon and red in the evening?" }], max_tokens: NEW_TOKENS, temperature: 0, stream: true, cache_prompt: false,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      if (chunk.choices?.[0]?.delta?.content) times.push(performance.now() - asked);
      prompt_tokens = chunk.usage?.prompt_tokens ?? chunk.timings?.prompt_n ?? prompt_tokens;
    }
    const seconds = (times[times.length - 1] - times[0]) / 1000;
    replies.push({ prompt_tokens, ttft_ms: times[0], tokens: times.length, decode_tokens_per_second: (times.length - 1) / seconds });
  }
  return { load_ms, threads: peer.getNumThreads(), replies };
}

Object.assign(globalThis, { ours, wllama });

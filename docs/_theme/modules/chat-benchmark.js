// <chat-benchmark>: measures the demo's model on the reader's device. Enhances elements/chat-benchmark.html.

import { LoadedModel, question, spread } from "./benchmark-run.js";
import { threadsHere } from "./chat-device.js";
import { DemoError } from "./demo-error.js";
import { SettingsElement } from "./settings-element.js";
import { copy } from "./take.js";

/** @typedef {import("./chat-protocol.d.ts").Backend} Backend */
/** `warm_loads`: after the one that keeps nothing and the one that fills the storage; `asks`: of each length.
 * @typedef {{ lang: string, words: Record<string, string>, warm_loads: number, asks: number }} Settings */

const NEW_TOKENS = 64;
/** Sentences added to the question: 43, 227 and 963 tokens to read. */
const FILLERS = [0, 8, 40];

class Stopped extends Error {}

/** @extends {SettingsElement<Settings>} */
class ChatBenchmark extends SettingsElement {
  /** @type {[name: string, values: number[]][]} */ #rows = [];
  /** @type {LoadedModel | undefined} */ #model;
  #head = "";
  #running = false;

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.readSettings();
    this.#button("start").addEventListener("click", () => this.#run());
    this.#button("stop").addEventListener("click", () => this.#stop());
    this.#button("copy").addEventListener("click", async () => {
      this.status(await copy(this.find("output").textContent ?? "", { done: this.say("copied"), refused: this.say("copy_failed") }));
    });
    this.#show(false, "ready");
  }

  disconnectedCallback() {
    this.#stop();
  }

  async #run() {
    const backend = /** @type {Backend} */ (/** @type {HTMLSelectElement} */ (this.find("select")).value);
    this.#rows = [];
    this.#show(true, "computing");
    try {
      const cold = await this.#load(backend, false, 1);
      const { adapter, threads, precision } = cold.ready;
      this.#head = [new Date().toISOString(), navigator.userAgent, [backend, adapter, `${threads}`, precision].filter(Boolean).join(", ")].join("\n");
      this.#add("row_load_cold", {}, [cold.ready.load_ms]);
      (await this.#load(backend, true, 2)).end(); // fills the browser's storage
      const warm = [];
      for (let run = 0; run < this.settings.warm_loads; run++) warm.push((await this.#load(backend, true, run + 3)).ready.load_ms);
      this.#add("row_load_warm", {}, warm);
      for (const fillers of FILLERS) await this.#ask(fillers);
      this.status(this.say("finished"));
      this.#show(false, "ready");
    } catch (error) {
      if (error instanceof Stopped) this.status(this.say("stopped"));
      else this.status(this.say("failed", { code: error instanceof DemoError ? error.code : String(error) }));
      this.#show(false, error instanceof Stopped ? "ready" : "error");
    }
    this.#model?.end();
  }

  /** @param {Backend} backend @param {boolean} store @param {number} run */
  async #load(backend, store, run) {
    this.#model?.end();
    this.status(this.say("loading", { run, runs: this.settings.warm_loads + 2 }));
    const model = await LoadedModel.load(backend, backend === "wasm" ? threadsHere() : 1, store);
    this.#model = model;
    if (!this.#running) throw new Stopped();
    return model;
  }

  /** @param {number} fillers */
  async #ask(fillers) {
    const model = /** @type {LoadedModel} */ (this.#model);
    await model.ask("Hello", 8); // the first one is slower
    const replies = [];
    for (let run = 0; run < this.settings.asks; run++) {
      this.status(this.say("asking", { tokens: 43 + 23 * fillers, run: run + 1, runs: this.settings.asks }));
      replies.push(await model.ask(question(run, fillers), NEW_TOKENS));
      if (!this.#running) throw new Stopped();
    }
    const [{ prompt_tokens: tokens, memory_bytes }] = replies;
    this.#add("row_ttft", { tokens }, replies.map(({ ttft_ms }) => ttft_ms));
    const rates = replies.flatMap(({ decode_tokens_per_second: rate }) => rate ?? []);
    if (rates.length) this.#add("row_decode", { tokens }, rates);
    if (memory_bytes && fillers === FILLERS[FILLERS.length - 1]) this.#add("row_memory", {}, [memory_bytes / 1e6]);
  }

  /** Stops before the next question; a load ends first. */
  #stop() {
    this.#running = false;
    this.#button("stop").disabled = true;
  }

  /** @param {string} id @param {Record<string, number>} slots @param {number[]} values */
  #add(id, slots, values) {
    this.#rows.push([this.say(id, slots), values]);
    const digits = new Intl.NumberFormat(this.settings.lang, { maximumSignificantDigits: 3, useGrouping: false });
    const lines = this.#rows.map(([name, all]) => {
      const { median, low, high } = spread(all);
      const range = all.length > 1 ? ` (${digits.format(low)}–${digits.format(high)}, n = ${all.length})` : "";
      return `${name}: ${digits.format(median)}${range}`;
    });
    this.find("output").textContent = [this.#head, ...lines].join("\n");
    this.find("[data-result]").hidden = false;
  }

  /** @param {boolean} running @param {"ready" | "computing" | "error"} state */
  #show(running, state) {
    const turned = running || this.dataset.state === "computing";
    const pressed = document.activeElement === this.#button(running ? "start" : "stop") || document.activeElement === document.body;
    this.#running = running;
    this.dataset.state = state;
    this.#button("start").disabled = running;
    this.#button("stop").disabled = !running;
    /** @type {HTMLSelectElement} */ (this.find("select")).disabled = running;
    if (turned && pressed) this.#button(running ? "stop" : "start").focus(); // the pressed one takes no focus now
  }

  /** @param {string} name */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.find(`button[name=${name}]`));
  }
}

customElements.define("chat-benchmark", ChatBenchmark);

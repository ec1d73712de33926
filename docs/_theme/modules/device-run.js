// <device-run>: beside the chat, what was expected of the reader's device, what came of it, and what the conversation
// would have cost elsewhere. It listens to the chat's worker; every figure is the engine's (own-run.js).
import { engineReady, reasonOf } from "./engine-client.js";
import { compareRun, predictRun, priceConversation } from "./own-run.js";
import { SettingsElement } from "./settings-element.js";
import { today } from "./take.js";
import { onDeviceChange, readDevice } from "./this-device.js";

/** @typedef {import("./chat-protocol.d.ts").Report} Report */
/** @typedef {import("./own-run.js").OwnRun} OwnRun */
/** @typedef {{ lang: string, words: Record<string, string>, request: import("./own-run.js").Shape, served: import("./own-run.js").Served,
 *   watts: import("./this-device.js").Spread }} Settings */

const LEAST = 16; // tokens read and tokens written; fewer are no measurement
const NAMES = /** @type {const} */ (["ttft_ms", "decode_tokens_per_second"]);
const PRICES = /** @type {const} */ (["api_usd", "owned_usd", "energy_wh", "energy_usd"]);

/** @extends {SettingsElement<Settings>} */
class DeviceRun extends SettingsElement {
  /** Of the conversation so far. */
  talk = { tokens_in: 0, tokens_out: 0, seconds: 0 };
  precision = "";
  /** @type {"wasm" | "webgpu"} */
  backend = "wasm";
  predicted = false;
  pricing = false;
  quiet = () => {};

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.readSettings();
    this.find("[data-live]").hidden = false;
    this.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("[name=price]")) void this.try(() => this.price());
    });
    addEventListener("chat-report", this.heard);
    this.quiet = onDeviceChange(() => this.show());
    this.dataset.state = "ready";
    this.show();
  }

  disconnectedCallback() {
    removeEventListener("chat-report", this.heard);
    this.quiet();
  }

  show() {
    const measured = readDevice() !== null;
    this.find("[data-unmeasured]").hidden = measured;
    if (measured && !this.predicted) this.status(this.say("waiting"));
  }

  /** @param {Event} event */
  heard = (event) => {
    const report = /** @type {CustomEvent<Report>} */ (event).detail;
    // The calculator is fetched while the model is: after that, the page asks nobody for anything.
    if (report.type === "phase" && report.phase === "downloading" && !this.predicted && readDevice()) void this.try(() => this.predict());
    if (report.type === "ready") [this.precision, this.backend] = [report.precision, report.backend];
    if (report.type === "done") void this.try(() => this.compare(report));
  };

  /** @param {() => Promise<void>} work */
  async try(work) {
    try {
      await work();
    } catch (error) {
      this.status(this.say("failed", { reason: reasonOf(error, (...why) => this.say(...why)) }));
    }
  }

  async predict() {
    this.predicted = true;
    this.status(this.say("predicting", { size: ENGINE_SIZE }));
    const { served, request, lang } = this.settings;
    const found = await predictRun(served, request, lang);
    this.status("");
    if (found) this.fill(found, this.say("before", { isl: String(request.isl), osl: String(request.osl) }));
  }

  /** @param {OwnRun} run @param {string} caption */
  fill({ results, measured }, caption) {
    this.find("[data-forecast]").hidden = false;
    this.find("[data-caption]").textContent = caption;
    for (const name of NAMES) {
      const { text, range_text: range } = results[name], one = measured?.[name];
      this.find(`[data-predicted=${name}]`).textContent = range ? this.say("with-range", { value: text, range }) : text;
      this.find(`[data-measured=${name}]`).textContent = one?.text ?? "";
      const off = one?.error === undefined ? "" : new Intl.NumberFormat(this.settings.lang, { style: "percent", signDisplay: "exceptZero" }).format(one.error);
      this.find(`[data-off=${name}]`).textContent = off;
    }
    // The chat's own figure, where it shows one.
    const output = document.querySelector("on-device-chat output[name=predicted_tokens_per_second]");
    if (!(output instanceof HTMLElement)) return;
    output.textContent = results.decode_tokens_per_second.text;
    output.dataset.value = String(results.decode_tokens_per_second.value);
  }

  /** @param {import("./chat-protocol.d.ts").Done} done */
  async compare({ tokens, prompt_tokens, reused_tokens, token_times_ms }) {
    const [first, last] = [token_times_ms[0], token_times_ms[token_times_ms.length - 1]];
    const read = prompt_tokens - reused_tokens;
    if (!tokens) return;
    this.talk.tokens_in += prompt_tokens;
    this.talk.tokens_out += tokens;
    this.talk.seconds += last / 1000;
    this.find("[name=price]").toggleAttribute("disabled", false);
    // An engine that is not there yet would be fetched: not after "ready", where the page promises silence.
    if (!readDevice() || !engineReady()) return;
    if (read < LEAST || tokens < LEAST || last <= first) return this.status(this.say("too-short"));
    const { served, lang } = this.settings;
    const shape = { isl: prompt_tokens, osl: tokens, reused_tokens };
    const found = await compareRun(served, shape, {
      ...served, date: today(), backend: this.backend, precision: this.precision,
      prompt_tokens: read, reused_tokens, generated_tokens: tokens, ttft_ms: first,
      decode_tokens_per_second: ((tokens - 1) * 1000) / (last - first), token_times_ms,
    }, lang);
    if (!found) return this.status(this.say("other-backend"));
    this.status("");
    this.fill(found, this.say("after", { isl: String(read), osl: String(tokens) }));
    this.find("[data-recalibrated]").hidden = false;
  }

  async price() {
    if (this.pricing) return;
    this.pricing = true;
    const { watts, lang } = this.settings;
    const { results, names } = await priceConversation(this.talk, watts, lang).finally(() => (this.pricing = false));
    this.find("[data-prices]").hidden = this.find("[data-price-note]").hidden = false;
    const slots = { api_usd: { name: names.api }, owned_usd: { name: names.owned, load: names.load }, energy_wh: {}, energy_usd: {} };
    for (const name of PRICES) {
      const { text, value, range_text: range } = results[name], output = this.find(`output[name=${name}]`);
      this.find(`[data-label=${name}]`).textContent = this.say(name, slots[name]);
      output.dataset.value = String(value ?? "");
      output.textContent = range && range !== text ? this.say("with-range", { value: text, range }) : text;
    }
  }
}

customElements.define("device-run", DeviceRun);

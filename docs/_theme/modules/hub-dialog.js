// Asks before a model of another host is loaded: names the host, the size, the license and what the host learns, and
// says what the fit calculator and the graphics processor make of it.
import { reasonOf } from "./engine-client.js";
import { fitHere } from "./own-run.js";
import { readDevice } from "./this-device.js";

/**
 * @typedef {import("./chat-protocol.d.ts").HubModel} HubModel
 * @typedef {HubModel & { name: string, size: string, license: string }} Offered
 * @typedef {(id: string, slots?: Record<string, string>) => string} Say
 * @typedef {{ name: string, origin: string, redirects: string[], privacy: string }} Host
 */

export class HubDialog {
  /** The newest question; an older one has nothing more to say. @type {{ model: Offered, host: string } | undefined} */ #question;
  #dialog;
  #say;
  #host;
  #setup;
  #lang;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {Say} say
   * @param {{ host: Host, setup: Record<string, string | number>, lang: string }} settings
   */
  constructor(dialog, say, { host, setup, lang }) {
    this.#dialog = dialog;
    this.#say = say;
    this.#host = host;
    this.#setup = setup;
    this.#lang = lang;
    this.#button("decline").addEventListener("click", () => dialog.close());
  }

  /**
   * @param {Offered} model
   * @returns {Promise<boolean>} whether the reader agreed
   */
  async agreed(model) {
    const host = new URL(model.origin).host;
    const question = (this.#question = { model, host });
    // The policy lists each server; a reader knows whose they are by the end of their names.
    const redirects = [...new Set(this.#host.redirects.map((origin) => origin.split(".").slice(-2).join(".")))];
    const list = new Intl.ListFormat(this.#lang, { type: "conjunction" });
    this.#write("title", this.#say("hub-title", { model: model.name, host: this.#host.name }));
    this.#write("size", this.#say("hub-size", { size: model.size }));
    this.#write("license", this.#say("hub-license", { license: model.license }));
    this.#write("learns", this.#say(redirects.length ? "hub-learns-and" : "hub-learns", { host, redirects: list.format(redirects) }));
    this.#write("revision", this.#say(model.revision === "main" ? "hub-unpinned" : "hub-pinned", { revision: model.revision.slice(0, 8) }));
    this.#write("fit", "");
    const agree = this.#button("agree");
    agree.textContent = this.#say("hub-agree", { size: model.size, host });
    const missing = await whatIsMissing(model);
    if (question !== this.#question) return false;
    agree.disabled = missing !== undefined;
    if (missing) this.#write("fit", this.#say(missing));
    else void this.#judge(question);
    return new Promise((resolve) => {
      const stop = new AbortController();
      agree.addEventListener("click", () => { resolve(true); this.#dialog.close(); }, { signal: stop.signal });
      this.#dialog.addEventListener("close", () => { stop.abort(); this.#question = undefined; resolve(false); }, { once: true });
      this.#dialog.showModal();
    });
  }

  /** @param {{ model: Offered, host: string }} question */
  async #judge(question) {
    const { model, host } = question;
    if (!readDevice()) return this.#write("fit", this.#say("hub-unmeasured"));
    this.#write("fit", this.#say("hub-judging"));
    try {
      const results = await fitHere(this.#setup, model.id, this.#lang);
      if (question !== this.#question) return;
      const { fit_verdict: verdict, decode_tokens_per_second: speed, need_bytes: need, capacity_bytes: capacity } = results;
      const slots = { need: need.text, capacity: capacity.text, speed: speed.range_text ?? speed.text };
      this.#write("fit", this.#say(`hub-${String(verdict.value)}`, slots));
      if (verdict.value === "no") this.#button("agree").textContent = this.#say("hub-agree-anyway", { size: model.size, host });
    } catch (error) {
      if (question === this.#question) this.#write("fit", this.#say("failed", { reason: reasonOf(error, this.#say) }));
    }
  }

  /** @param {string} part @param {string} text */
  #write(part, text) {
    const place = /** @type {HTMLElement} */ (this.#dialog.querySelector(`[data-${part}]`));
    place.textContent = text;
  }

  /** @param {string} name */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.#dialog.querySelector(`button[name=${name}]`));
  }
}

/**
 * What the model needs of the graphics processor and this browser does not offer.
 * @param {HubModel} model
 * @returns {Promise<string | undefined>} id of a string
 */
async function whatIsMissing({ precision }) {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) return "hub-no-webgpu";
  return precision === "fp16" && !adapter.features.has("shader-f16") ? "hub-no-fp16" : undefined;
}

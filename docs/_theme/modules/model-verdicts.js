// <model-verdicts>: asks the fit calculator of each small model whether the reader's device holds it, and how fast it
// writes; loads those that lie ready on a host once the reader agreed.
import { session } from "./chat-session.js";
import { reasonOf } from "./engine-client.js";
import { HubDialog } from "./hub-dialog.js";
import { hubBytesToDownload } from "./model-files.js";
import { fitHere } from "./own-run.js";
import { SettingsElement } from "./settings-element.js";
import { onDeviceChange, readDevice } from "./this-device.js";

/**
 * @typedef {import("./hub-dialog.js").Offered} Offered
 * @typedef {{ lang: string, words: Record<string, string>, setup: Record<string, string | number>,
 *             host: import("./hub-dialog.js").Host | null, offered: Offered[] }} Settings
 *          `host`: null where the publisher allows none
 */

/** @extends {SettingsElement<Settings>} */
class ModelVerdicts extends SettingsElement {
  quiet = () => {};
  /** @type {Map<Offered, HTMLButtonElement>} */
  offers = new Map();
  /** The session's state as the buttons show it. */
  seen = "";

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.readSettings();
    const button = this.find("[name=ask]");
    button.textContent = this.say("ask", { size: ENGINE_SIZE });
    button.addEventListener("click", () => void this.ask());
    this.quiet = onDeviceChange(() => this.show());
    this.offer();
    this.dataset.state = "ready";
    this.show();
  }

  disconnectedCallback() {
    this.quiet();
    session.unwatch(this);
  }

  /** The session's state. */
  changed() {
    const { state } = session;
    if (state === this.seen) return;
    this.seen = state;
    for (const [model, button] of this.offers) {
      button.disabled = state === "loading" || state === "computing";
      if (state !== "loading" && state !== "computing") void this.label(model, button);
    }
  }

  token() {}

  /** @param {Offered} model @param {HTMLButtonElement} button */
  async label(model, button) {
    button.textContent = this.say(await hubBytesToDownload(model) ? "hub-load" : "hub-load-kept", { size: model.size });
    button.ariaLabel = this.say("hub-load-named", { name: model.name, load: button.textContent ?? "" });
  }

  show() {
    const measured = readDevice() !== null;
    this.find("[data-unmeasured]").hidden = measured;
    this.find("[data-live]").hidden = !measured;
  }

  /** Buttons that load. A model that this browser has kept asks no host, and so needs no consent. */
  offer() {
    const { host, offered } = this.settings;
    if (!host) return;
    const dialog = new HubDialog(this.find("dialog"), (id, slots) => this.say(id, slots), { ...this.settings, host });
    for (const model of offered) {
      const button = /** @type {HTMLButtonElement} */ (this.find(`[data-model="${model.id}"] button[name=load_hub]`));
      this.offers.set(model, button);
      button.addEventListener("click", async () => {
        if (await hubBytesToDownload(model) && !(await dialog.agreed(model))) return;
        void session.load("webgpu", { hub: model });
        document.querySelector("on-device-chat")?.scrollIntoView({ block: "start" });
      });
    }
    session.watch(this);
  }

  async ask() {
    if (this.dataset.state === "computing") return;
    const rows = [.../** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-model]"))];
    const { setup, lang } = this.settings, all = String(rows.length);
    this.dataset.state = "computing";
    let fits = 0;
    try {
      for (const [i, row] of rows.entries()) {
        this.status(this.say("asking", { done: String(i), all }));
        const { fit_verdict: verdict, decode_tokens_per_second: speed } = await fitHere(setup, row.dataset.model ?? "", lang);
        const cell = /** @type {HTMLElement} */ (row.querySelector("[data-verdict]"));
        cell.dataset.verdict = String(verdict.value);
        cell.textContent = this.say(String(verdict.value));
        /** @type {HTMLElement} */ (row.querySelector("[data-speed]")).textContent = verdict.value === "no" ? "—" : speed.range_text ?? speed.text;
        if (verdict.value !== "no") fits += 1;
      }
      this.status(this.say("answered", { fits: String(fits), all }));
    } catch (error) {
      this.status(this.say("failed", { reason: reasonOf(error, (...why) => this.say(...why)) }));
    }
    this.dataset.state = "ready";
  }
}

customElements.define("model-verdicts", ModelVerdicts);

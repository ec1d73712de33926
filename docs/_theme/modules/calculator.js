// <fit-calculator>: makes the pre-rendered form live. The reader's inputs are the differences from the page's defaults;
// they stand in the URL's fragment (#?id=value&…). Every figure and sentence comes from the engine.
import { ask, EngineFailure, engineReady } from "./engine-client.js";

/** @typedef {import("./engine-client.js").Answer} Answer */
/** @typedef {{ command: string, attributes: Record<string, string>, strings: Record<string, string> }} Settings */
/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

class Calculator extends HTMLElement {
  /** @type {Record<string, string>} what the reader changed */
  changes = {};
  /** @type {Settings} */
  settings = { command: "", attributes: {}, strings: {} };
  /** @type {Map<string, string>} values of the controls before any change */
  defaults = new Map();
  /** @type {Map<Element, Node>} the pre-rendered answer, to which a failure returns */
  answer = new Map();
  asking = false;
  again = false;

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.settings = JSON.parse(/** @type {HTMLTemplateElement} */ (this.find("[data-settings]")).content.textContent ?? "{}");
    for (const part of this.querySelectorAll(".calculator-answer")) this.answer.set(part, part.cloneNode(true));
    for (const control of this.controls()) this.defaults.set(control.name, control.value);
    /** @type {HTMLFieldSetElement} */ (this.find("fieldset")).disabled = false;
    this.button("reset").disabled = false;
    this.addEventListener("input", (event) => this.changed(/** @type {Control} */ (event.target)));
    this.addEventListener("submit", (event) => event.preventDefault());
    this.button("reset").addEventListener("click", () => this.setChanges({}));
    this.button("retry").addEventListener("click", () => void this.compute());
    addEventListener("hashchange", this.readAddress);
    // The first touch starts the engine, so that it is there by the time a value is changed.
    this.addEventListener("focusin", () => engineReady() || void this.compute(), { once: true });
    this.state("ready");
    this.readAddress();
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this.readAddress);
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const found = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    if (!found) throw new Error(`no ${selector} in <${this.localName}>`);
    return found;
  }

  /** @param {string} name */
  button(name) {
    return /** @type {HTMLButtonElement} */ (this.find(`button[name=${name}]`));
  }

  controls() {
    return /** @type {NodeListOf<Control>} */ (this.querySelectorAll("fieldset [name]"));
  }

  /** @param {string} id @param {Record<string, string>} slots */
  say(id, slots = {}) {
    return this.settings.strings[id].replace(/\{(\w+)\}/g, (_, slot) => slots[slot] ?? "");
  }

  /** @param {"ready" | "loading" | "computing" | "error"} state */
  state(state, status = "") {
    this.dataset.state = state;
    this.find("[data-status]").textContent = status;
  }

  readAddress = () => {
    if (!location.hash.startsWith("#?")) return;
    this.setChanges(Object.fromEntries(new URLSearchParams(location.hash.slice(2))));
  };

  writeAddress() {
    const changes = new URLSearchParams(this.changes).toString();
    const { pathname, search, hash } = location;
    if (!changes && !hash.startsWith("#?")) return;
    history.replaceState(history.state, "", pathname + search + (changes ? `#?${changes}` : ""));
  }

  /** @param {Record<string, string>} changes */
  setChanges(changes) {
    this.changes = { ...changes };
    for (const control of this.controls()) control.value = this.changes[control.name] ?? this.defaults.get(control.name) ?? "";
    this.writeAddress();
    void this.compute();
  }

  /** @param {Control} control */
  changed(control) {
    if (!this.defaults.has(control.name)) return;
    if (control.value.trim() === "") delete this.changes[control.name]; // emptied: the default again
    else this.changes[control.name] = control.value.trim();
    // A server sets the number of devices, a device its engine: what was chosen for the old one goes.
    if (control.name === "device") for (const name of ["engine", "n_devices"]) delete this.changes[name];
    this.writeAddress();
    void this.compute();
  }

  /** Asks for the newest inputs; while an answer is on its way, further changes wait for one more question. */
  async compute() {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    this.button("retry").hidden = true;
    this.state(engineReady() ? "computing" : "loading", engineReady() ? this.say("computing") : this.say("loading", { size: ENGINE_SIZE }));
    try {
      do {
        this.again = false;
        const { command, attributes } = this.settings;
        const reply = await ask({ command, scenario: { ...attributes, ...this.changes }, lang: this.dataset.lang ?? "en" });
        if (!this.again) this.show(reply);
      } while (this.again);
    } catch (error) {
      this.failed(error instanceof EngineFailure ? error : new EngineFailure("engine-failed", String(error)));
    } finally {
      this.asking = false;
    }
  }

  /** @param {Answer | import("./engine-client.js").Refusal} reply */
  show(reply) {
    for (const note of this.querySelectorAll(".calculator-error")) /** @type {HTMLElement} */ (note).hidden = true;
    for (const control of this.controls()) control.removeAttribute("aria-invalid");
    if (reply.error) {
      this.refused(reply.error);
      return;
    }
    for (const [name, result] of Object.entries(reply.results)) {
      const output = this.find(`output[name=${name}]`);
      output.textContent = result.text;
      output.dataset.value = result.value === null ? "" : String(result.value);
      this.find(`[data-range=${name}]`).textContent = result.range_text ?? "";
    }
    if (reply.headline) {
      const headline = this.find("output[name=headline]");
      headline.textContent = reply.headline;
      headline.dataset.verdict = String(reply.results.fit_verdict.value);
    }
    this.find(".calculator-warnings").replaceChildren(...reply.warnings.map(({ id, text }) => {
      const item = document.createElement("li");
      item.dataset.warning = id;
      item.textContent = text;
      return item;
    }));
    // What the reader did not set follows from what was: show what the engine used.
    for (const control of this.controls()) {
      const used = reply.inputs[control.name]?.value;
      if (control.name in this.changes || used === undefined || used === null || control === document.activeElement) continue;
      if (control.name !== "device") control.value = String(used);
    }
    this.commandLine();
    this.state("ready", this.say("ready"));
  }

  commandLine() {
    const { command, attributes } = this.settings;
    const quoted = Object.entries({ ...attributes, ...this.changes }).map(([name, value]) => ` --set ${/^[\w.:-]+$/.test(value) ? `${name}=${value}` : `'${name}=${value.replaceAll("'", "'\\''")}'`}`);
    this.find("[data-command-line]").textContent = `.venv/bin/python -m calculators ${command}${quoted.join("")}${this.dataset.lang === "ja" ? " --lang ja" : ""}`;
  }

  /** Bad input: the sentence stands at its field, the last good answer stays, dimmed.
   * @param {{ field: string, text: string }} error */
  refused({ field, text }) {
    const name = field.split(/[.[]/)[0];
    const control = [...this.controls()].find((c) => c.name === name);
    const note = control ? this.querySelector(`#e-${name}`) : null;
    control?.setAttribute("aria-invalid", "true");
    if (note) {
      note.textContent = text;
      /** @type {HTMLElement} */ (note).hidden = false;
    }
    this.state("error", note ? "" : text);
  }

  /** No engine: the form and the answer return to the default case. @param {EngineFailure} failure */
  failed(failure) {
    this.changes = {};
    for (const [part, first] of this.answer) part.replaceChildren(...first.cloneNode(true).childNodes);
    this.commandLine();
    for (const control of this.controls()) control.value = this.defaults.get(control.name) ?? "";
    /** @type {HTMLFieldSetElement} */ (this.find("fieldset")).disabled = failure.code === "engine-blocked";
    const why = ["engine-silent", "engine-unreachable"].includes(failure.code);
    const reason = why ? this.say(failure.code, { seconds: failure.message }) : failure.message;
    this.button("retry").hidden = failure.code === "engine-blocked";
    this.state("error", this.say(failure.code === "engine-blocked" ? failure.code : "engine-failed", { reason }));
  }
}

customElements.define("fit-calculator", Calculator);

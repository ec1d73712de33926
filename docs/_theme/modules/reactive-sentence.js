// <reactive-sentence>: a sentence whose numbers the reader changes, by dragging, by keys or by typing; words, chart and
// conclusion come anew from the engine. Nothing is loaded before the first touch. The reader's values stand in the URL's
// fragment (#?payback.tokens_per_month=2e10), beside those of other elements.
import { viewOf } from "./address.js";
import { update } from "./answer-view.js";
import * as engine from "./engine-client.js";
import { typedNumber } from "./reactive-number.js";
import { onDeviceChange, OWN, withOwnDevice } from "./this-device.js";

/** @typedef {{ text: string, input?: string, name?: string, value?: unknown }} Part */
/** @typedef {{ variant: number, sentence: Part[], conclusion: Part[], values: Record<string, string | number>,
 *   open: [string, string][], chart?: import("./answer-types.js").Chart, error?: undefined }} Told */
/** @typedef {{ label: string, steps?: [string, string][], choices?: [string, string][] }} Input */
/** @typedef {{ of: string, lang: string, words: Record<string, string>, inputs: Record<string, Input>,
 *   values: Record<string, string>, calculator: string }} Settings */

const REST_MS = 700; // a change that is followed by none for so long has come to rest
const SLIM = 560; // a chart is drawn for a small screen below this width

class ReactiveSentence extends HTMLElement {
  /** @type {Settings} */
  settings = /** @type {any} */ (undefined);
  /** @type {Record<string, string>} what is asked, as the address holds it */
  values = {};
  /** @type {Map<string, import("./reactive-number.js").Control>} */
  controls = new Map();
  /** @type {Map<Element, Node>} the pre-rendered words and chart */
  first = new Map();
  /** @type {import("./answer-types.js").Chart | undefined} the chart that is drawn */
  chart;
  chartWidth = 0;
  /** The page's own case in its calculator. */
  firstLink = "";
  dragging = false;
  asking = false;
  again = false;
  /** Counts up with each reset: an answer that was on its way then is worth nothing. */
  resets = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  resting;
  quiet = () => {};
  unwatch = () => {};
  resized = new ResizeObserver(([{ contentRect }]) => {
    const width = Math.round(contentRect.width);
    if (!width || Math.abs(width - this.chartWidth) < 8) return;
    this.chartWidth = width;
    if (this.chart) void this.draw(this.chart);
  });

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.firstLink = /** @type {HTMLAnchorElement} */ (this.find("[data-open]")).href;
    const template = /** @type {HTMLTemplateElement} */ (this.find("[data-settings]"));
    this.settings = JSON.parse(template.content.textContent ?? "{}");
    this.values = { ...this.settings.values };
    for (const part of this.querySelectorAll("[data-chunk], [data-conclusion], [data-part]")) this.first.set(part, part.cloneNode(true));
    for (const [name, input] of Object.entries(this.settings.inputs)) this.controls.set(name, this.control(name, input));
    this.find("[data-controls]").hidden = false;
    for (const event of ["focusin", "pointerdown"]) this.addEventListener(event, this.warm, { once: true });
    this.addEventListener("click", ({ target }) => this.clicked(target));
    this.quiet = engine.onProgress(({ loaded, total }) => {
      const bar = /** @type {HTMLProgressElement} */ (this.find("[data-progress]"));
      if (total) [bar.max, bar.value] = [total, loaded];
    });
    addEventListener("hashchange", this.readAddress);
    this.unwatch = onDeviceChange(() => {
      if (Object.values(this.values).includes(OWN)) this.compute();
    });
    this.resized.observe(this.find("[data-part=chart]"));
    this.state("ready");
    this.readAddress();
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this.readAddress);
    clearTimeout(this.resting);
    this.quiet();
    this.unwatch();
    this.resized.disconnect();
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const found = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    if (!found) throw new Error(`no ${selector} in <reactive-sentence>`);
    return found;
  }

  /** @param {string} id @param {Record<string, string>} slots */
  say(id, slots = {}) {
    return this.settings.words[id].replace(/\{(\w+)\}/g, (_, slot) => slots[slot] ?? "");
  }

  /** The first touch fetches the engine and what draws, so that they are there by the time something is changed. */
  warm = () => {
    engine.warmUp();
    void drawing().catch(() => {});
  };

  /** Puts a control in the place of an input's words. @param {string} name @param {Input} input */
  control(name, { label, steps = [], choices }) {
    const place = this.find(`[data-input="${name}"]`);
    if (choices) {
      const select = document.createElement("select");
      Object.assign(select, { name, ariaLabel: label });
      select.append(...choices.map(([value, text]) => new Option(text, value)));
      select.addEventListener("change", () => this.changed(name, select.value));
      place.replaceChildren(select);
      const show = (/** @type {string} */ value) => void (select.value = value);
      show(this.values[name]);
      return { show, words: () => {}, refused: () => {} };
    }
    const { of } = this.settings;
    const slider = /** @type {HTMLInputElement} */ (this.find(`[data-controls] [name="${name}"]`));
    const number = typedNumber(name, label, steps, slider, `${of}-hint ${of}-error`, (value, moving) => {
      this.dragging = moving;
      this.changed(name, value);
    });
    place.replaceChildren(number.field);
    number.show(this.values[name]);
    return number;
  }

  /** @param {string} name @param {string} value */
  changed(name, value) {
    this.values[name] = value;
    this.compute();
  }

  /** @param {EventTarget | null} target */
  clicked(target) {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.name === "retry") this.compute();
    if (button?.name === "reset") this.reset();
  }

  /** Back to the page's own case, for which nothing needs to be computed. */
  reset() {
    this.resets += 1;
    this.dragging = false;
    clearTimeout(this.resting);
    this.setValues({});
    this.restore();
    this.writeAddress();
    this.find("[name=reset]").toggleAttribute("disabled", true);
    this.find("[data-controls] input, [data-input] :is(input, select)").focus();
  }

  restore() {
    for (const [part, first] of this.first) part.replaceChildren(...first.cloneNode(true).childNodes);
    this.chart = undefined;
    /** @type {HTMLAnchorElement} */ (this.find("[data-open]")).href = this.firstLink;
    this.refused("");
    this.state("ready");
  }

  /** @param {Record<string, string>} values */
  setValues(values) {
    this.values = { ...this.settings.values, ...values };
    for (const [name, control] of this.controls) control.show(this.values[name]);
  }

  get begin() {
    return `${this.id || this.settings.of}.`;
  }

  /** What this sentence and others have in the address. */
  addressed() {
    const all = [...viewOf()];
    /** @type {Record<string, string>} */
    const own = {};
    for (const [key, value] of all) {
      const name = key.startsWith(this.begin) ? key.slice(this.begin.length) : "";
      const input = this.settings.inputs[name];
      if (input && (!input.choices || input.choices.some(([id]) => id === value))) own[name] = value;
    }
    return { own, others: all.filter(([key]) => !key.startsWith(this.begin)) };
  }

  readAddress = () => {
    if (!location.hash.startsWith("#?")) return; // a heading of the page: the sentence stays as it is
    const { own } = this.addressed();
    const wanted = { ...this.settings.values, ...own };
    if (Object.entries(wanted).every(([name, value]) => this.values[name] === value)) return;
    this.setValues(own);
    this.compute();
  };

  get changes() {
    return Object.entries(this.values).filter(([name, value]) => value !== this.settings.values[name]);
  }

  writeAddress() {
    const own = this.changes.map(([name, value]) => [this.begin + name, value]);
    const text = new URLSearchParams([...this.addressed().others, ...own]).toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    if (!text && !location.hash.startsWith("#?")) return;
    history.replaceState(history.state, "", location.pathname + location.search + (text ? `#?${text}` : ""));
  }

  /** @param {"ready" | "loading" | "computing" | "error"} state */
  state(state, status = "") {
    this.dataset.state = state;
    this.find("[data-status]").textContent = status;
    this.find("[data-progress]").hidden = state !== "loading";
    this.find("[name=retry]").hidden = true;
  }

  /** Asks for the newest values; while an answer is on its way, further changes wait for one more question. */
  compute() {
    this.find("[name=reset]").toggleAttribute("disabled", false);
    clearTimeout(this.resting);
    if (this.asking) this.again = true;
    else void this.ask();
  }

  async ask() {
    this.asking = true;
    const ready = engine.engineReady();
    this.state(ready ? "computing" : "loading", ready ? "" : this.say("loading", { size: ENGINE_SIZE }));
    try {
      do {
        this.again = false;
        const { of, lang } = this.settings;
        const { resets } = this;
        const request = { command: "sentence", of, presets: [], scenario: withOwnDevice(this.values), lang, page: !this.dragging };
        const told = /** @type {Told | import("./answer-types.js").Refusal} */ (/** @type {unknown} */ (await engine.ask(request)));
        // A stale answer is dropped; only under a moving hand it is better than none.
        if (resets !== this.resets || (this.again && !this.dragging)) continue;
        if (told.error) this.refused(told.error.text, told.error.field);
        else this.show(told);
      } while (this.again);
    } catch (error) {
      this.failed(error);
    } finally {
      this.asking = false;
    }
  }

  /** @param {Told} told */
  show(told) {
    this.refused("");
    const chunks = [...this.querySelectorAll("[data-chunk]")];
    /** @type {Part[][]} */
    const parts = [[]];
    for (const part of told.sentence) {
      if (part.input) parts.push([]);
      else parts[parts.length - 1].push(part);
    }
    parts.forEach((own, i) => update(chunks[i], own.map(node)));
    update(this.find("[data-conclusion]"), told.conclusion.map(node));
    /** @type {HTMLAnchorElement} */ (this.find("[data-open]")).href = `${this.settings.calculator}#?${new URLSearchParams(told.open)}`;
    if (this.again || this.dragging) return;
    for (const { input, value, text } of told.sentence) {
      if (!input) continue;
      this.values[input] = String(value);
      this.controls.get(input)?.words(this.values[input], text);
    }
    this.state("ready");
    this.writeAddress();
    this.find("[name=reset]").toggleAttribute("disabled", !this.changes.length);
    this.resting = setTimeout(() => {
      this.find("[data-said]").textContent = [...told.sentence, { text: " " }, ...told.conclusion].map(({ text }) => text).join("");
    }, REST_MS);
    if (told.chart) void this.draw(told.chart);
  }

  /** Charts are drawn by a library of some weight, which is fetched with the first touch. @param {import("./answer-types.js").Chart} chart */
  async draw(chart) {
    this.chart = chart;
    const part = this.find("[data-part=chart]");
    try {
      const { chartFigure } = await drawing();
      if (chart !== this.chart) return;
      const width = part.clientWidth || SLIM;
      const { lang, words } = this.settings;
      const figure = chartFigure(document, chart, { lang, words, width: width < SLIM ? Math.max(280, width) : Math.min(760, width) });
      update(part, figure ? [figure] : []);
    } catch (error) {
      console.warn("chart:", error);
    }
  }

  /** One sentence about bad input; what was typed and the last good figures stay. @param {string} text @param {string} [field] */
  refused(text, field) {
    const place = this.find(".reactive-error");
    place.hidden = !text;
    place.textContent = text;
    for (const [name, control] of this.controls) control.refused(name === field);
    if (text) this.state("error", this.say("refused"));
  }

  /** @param {unknown} error */
  failed(error) {
    if (error instanceof engine.EngineFailure && error.code === "engine-blocked") {
      this.setValues({});
      this.restore();
      this.state("error", this.say("engine-blocked"));
      for (const control of /** @type {NodeListOf<HTMLInputElement>} */ (this.querySelectorAll("input, select"))) control.disabled = true;
      return;
    }
    this.state("error", this.say("failed", { reason: engine.reasonOf(error, (...why) => this.say(...why)) }));
    this.find("[name=retry]").hidden = false;
  }
}

const drawing = () => import("./answer-charts.js");

/** A part as it stands in the page: a result is an output, which speaks only when the sentence has come to rest.
 * @param {Part} part */
function node({ name, text, value }) {
  if (!name) return document.createTextNode(text);
  const output = document.createElement("output");
  output.setAttribute("name", name);
  output.setAttribute("data-value", value === null || value === undefined ? "" : String(value));
  output.setAttribute("aria-live", "off");
  output.textContent = text;
  return output;
}

customElements.define("reactive-sentence", ReactiveSentence);

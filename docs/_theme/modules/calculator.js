// <tier-calculator>, <cost-calculator>, <fit-calculator>, <portfolio-calculator>: make the pre-rendered form live. The
// reader's case is presets and the differences from them; both stand in the URL's fragment (#?preset=…&id=value&…).
// Every figure and sentence comes from the engine.
import { viewOf } from "./address.js";
import { chartsPart, figuresPart, formulasPart, placesPart, update, verdictPart, warningsPart } from "./answer-view.js";
import { Form } from "./calculator-form.js";
import { commandLine, copyAndSay, csv, Memo } from "./calculator-take.js";
import { Workloads } from "./calculator-workloads.js";
import * as engine from "./engine-client.js";
import { download, today } from "./take.js";
import { OWN, onDeviceChange, withOwnDevice } from "./this-device.js";

/** @typedef {import("./answer-types.js").Answer} Answer */
/** @typedef {import("./answer-types.js").Refusal} Refusal */
/** @typedef {import("./answer-types.js").Request} Request */
/** @typedef {import("./calculator-form.js").Control} Control */
/** `view`: see answer-view.js; `known`: presets on offer; `short`: results for the bar at the edge of the screen.
 * @typedef {{ command: string, presets: string[], attributes: Record<string, string>, labels: Record<string, string>,
 *   units: Record<string, string>, view: import("./answer-view.js").View, known: Record<string, { about: string, sets: string[] }>, short: string[],
 *   choices: Record<string, [string, string][]> }} Settings */

const TAGS = ["tier", "cost", "fit", "portfolio"].map((name) => `${name}-calculator`).join();
/** Either gives the other; one that is set replaces the other. @type {Record<string, string>} */
const SAME_LOAD = { tokens_per_month: "requests_per_month", requests_per_month: "tokens_per_month" };
const RESERVED = ["preset", "data", "then"];
const NEAR = "200px"; // from here on a reader is about to see it
const SLIM = 560; // a chart is drawn for a small screen below this width

/** What is known once the element stands in a page. @template T @returns {T} */
const later = () => /** @type {any} */ (undefined);

class Calculator extends HTMLElement {
  /** @type {Settings} */
  settings = later();
  /** @type {Form} */
  form = later();
  /** @type {Memo} */
  memo = later();
  /** @type {Workloads | undefined} */
  workloads;
  /** @type {Map<Element, Node>} the pre-rendered answer, to which a failure returns */
  answer = new Map();
  /** Begins the keys of a second calculator in the address. */
  begin = "";
  /** @type {string[]} */
  presets = [];
  /** @type {Record<string, string>} what the reader changed */
  changes = {};
  /** @type {Request["then"]} what an opened link said, until something is changed */
  linked;
  /** @type {Answer | null} the last good answer */
  reply = null;
  asking = false;
  again = false;
  /** @type {Promise<void>} the newest question and its answer */
  computed = Promise.resolve();
  chartWidth = 0;
  resized = new ResizeObserver(([{ contentRect }]) => {
    const width = Math.round(contentRect.width);
    if (!width || Math.abs(width - this.chartWidth) < 8) return;
    this.chartWidth = width;
    if (this.reply) void this.drawCharts(this.reply);
  });
  /** @type {IntersectionObserver[]} */
  watching = [];
  quiet = () => {};
  unwatch = () => {};

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.settings = /** @type {Settings} */ (JSON.parse(/** @type {HTMLTemplateElement} */ (this.find(":scope > [data-settings]")).content.textContent ?? "{}"));
    this.begin = document.querySelector(TAGS) === this ? "" : `${this.id}.`;
    this.form = new Form(this);
    for (const part of this.querySelectorAll("[data-part]")) this.answer.set(part, part.cloneNode(true));
    this.memo = new Memo(/** @type {HTMLDialogElement} */ (this.find("dialog")), { ...this.settings.view, command: this.settings.command }, (lang) => this.memoIn(lang));
    const cards = /** @type {HTMLElement | null} */ (this.querySelector("[data-workloads]"));
    const area = /** @type {HTMLTextAreaElement | null} */ (this.querySelector("[name=workloads]"));
    if (cards && area) this.workloads = new Workloads(cards, area, { ...this.settings, ...this.settings.view });
    this.presets = [...this.settings.presets];
    this.form.enable(true);
    this.find("[data-take]").hidden = this.find("[data-calculation]").hidden = false;
    this.shortenAbout();
    this.addEventListener("input", ({ target }) => this.changed(/** @type {Control} */ (target)));
    this.addEventListener("submit", (event) => event.preventDefault());
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("usage", (event) => this.used(/** @type {CustomEvent} */ (event)));
    this.find("[data-calculation]").addEventListener("toggle", () => {
      if (this.explains) this.compute();
    });
    this.addEventListener("focusout", ({ target }) => this.left(/** @type {Control} */ (target)));
    addEventListener("hashchange", this.readAddress);
    this.unwatch = onDeviceChange(() => {
      if (Object.values(this.changes).some((value) => value.includes(OWN))) this.compute();
    });
    this.quiet = engine.onProgress(({ loaded, total }) => {
      const bar = /** @type {HTMLProgressElement} */ (this.find("[data-progress]"));
      if (total) [bar.max, bar.value] = [total, loaded];
    });
    for (const event of ["pointerenter", "focusin", "input"]) this.addEventListener(event, this.warm, { once: true });
    this.watch();
    this.state("ready");
    this.readAddress();
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this.readAddress);
    this.quiet();
    this.unwatch();
    this.resized.disconnect();
    for (const observer of this.watching) observer.disconnect();
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const found = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    if (!found) throw new Error(`no ${selector} in <${this.localName}>`);
    return found;
  }

  /** @param {string} id @param {Record<string, string>} slots */
  say(id, slots = {}) {
    return this.settings.view.words[id].replace(/\{(\w+)\}/g, (_, slot) => slots[slot] ?? "");
  }

  /** @param {"ready" | "loading" | "computing" | "error"} state */
  state(state, status = "") {
    this.dataset.state = state;
    // Not the whole: a status inside something busy would not be read out.
    this.find("[data-part=verdict]").setAttribute("aria-busy", String(state === "loading" || state === "computing"));
    this.find(".calculator-status").textContent = status;
    this.find("[data-progress]").hidden = state !== "loading";
  }

  /** A long text about the case shows its beginning. */
  shortenAbout() {
    const about = this.find("[data-about]"), button = this.find("[name=read-all]");
    about.classList.add("calculator-short");
    button.setAttribute("aria-expanded", "false");
    // Measured with the next picture: the browser lays the page out for that anyway.
    requestAnimationFrame(() => { button.hidden = about.scrollHeight <= about.clientHeight + 2; });
  }

  /** Starts the engine before the first question: by touch, or as the reader comes near, unless data is dear. */
  warm = () => engine.warmUp();

  watch() {
    const { connection } = /** @type {{ connection?: { saveData?: boolean, effectiveType?: string } }} */ (navigator);
    const dear = connection?.saveData || /2g/.test(connection?.effectiveType ?? "");
    const idle = window.requestIdleCallback ?? ((/** @type {() => void} */ work) => setTimeout(work, 200));
    const near = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      near.disconnect();
      if (document.readyState === "complete") idle(() => this.warm());
      else addEventListener("load", () => idle(() => this.warm()), { once: true });
    }, { rootMargin: NEAR });
    if (!dear) near.observe(this);
    // While the headline is out of sight, a bar at the edge of the screen says the shortest answer.
    const headline = this.find("[data-part=verdict]"), seen = new Map();
    const bar = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) seen.set(target, isIntersecting);
      this.find("[data-bar]").hidden = !this.reply || !seen.get(this) || seen.get(headline);
    });
    bar.observe(headline);
    bar.observe(this);
    this.resized.observe(this.find("[data-part=charts]"));
    this.watching = [near, bar];
  }

  get explains() {
    return /** @type {HTMLDetailsElement} */ (this.find("[data-calculation]")).open;
  }

  /** What this calculator and other users of the address have in it. */
  addressed() {
    const all = [...viewOf()];
    const isOwn = (/** @type {string} */ name) => (this.begin ? name.startsWith(this.begin) : !name.includes("."));
    return {
      own: all.filter(([name]) => isOwn(name)).map(([name, value]) => [name.slice(this.begin.length), value]),
      others: all.filter(([name]) => !isOwn(name)),
    };
  }

  readAddress = () => {
    if (!location.hash.startsWith("#?")) return; // a heading of the page: the case stays as it is
    const { own } = this.addressed();
    if (!own.length && !this.reply) return;
    const value = (/** @type {string} */ name) => own.find(([key]) => key === name)?.[1];
    this.linked = value("then") && value("data") ? { data: value("data") ?? "", result: value("then") ?? "" } : undefined;
    const presets = own.filter(([name]) => name === "preset").map(([, id]) => id);
    this.presets = presets.length ? presets.filter(Boolean) : [...this.settings.presets];
    this.setChanges(Object.fromEntries(own.filter(([name]) => !RESERVED.includes(name))));
  };

  /** The address of the case; `more`: what a link that is sent on says besides. @param {Record<string, string>} more */
  address(more = {}) {
    const { presets } = this.settings;
    const own = new URLSearchParams();
    const named = Object.keys(this.changes).length + Object.keys(more).length > 0;
    // The other language may begin with other presets: a case always names its own.
    if (this.presets.join() !== presets.join() || (named && presets.length)) for (const id of this.presets.length ? this.presets : [""]) own.append("preset", id);
    for (const [name, value] of Object.entries({ ...this.changes, ...more })) own.append(name, value);
    const all = new URLSearchParams([...this.addressed().others, ...[...own].map(([name, value]) => [this.begin + name, value])]);
    const text = all.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    return location.pathname + location.search + (text ? `#?${text}` : "");
  }

  writeAddress() {
    const plain = location.hash && !location.hash.startsWith("#?");
    const address = this.address();
    if (!plain || address.includes("#")) history.replaceState(history.state, "", address);
  }

  /** @param {Record<string, string>} changes */
  setChanges(changes) {
    this.changes = { ...changes };
    for (const [name, first] of this.form.first) this.form.set(name, this.changes[name] ?? first);
    this.caseChanged();
  }

  /** Presets or changes are others now. */
  caseChanged() {
    for (const select of /** @type {NodeListOf<HTMLSelectElement>} */ (this.querySelectorAll("[name=preset]"))) {
      select.value = this.presets.find((id) => [...select.options].some(({ value }) => value === id)) ?? "";
    }
    const about = this.presets.map((id) => this.settings.known[id]?.about).filter(Boolean);
    this.find("[data-about]").replaceChildren(...about.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
    this.shortenAbout();
    this.form.mark(this.changes);
    this.workloads?.follow();
    this.compute();
  }

  /** @param {Control} control */
  changed(control) {
    const { name } = control;
    if (name === "preset") {
      const chosen = [.../** @type {NodeListOf<HTMLSelectElement>} */ (this.querySelectorAll("[name=preset]"))];
      this.presets = chosen.map(({ value }) => value).filter(Boolean);
      // Another case starts afresh; a country or a rule for the data goes on top of what was changed.
      const replaced = control === chosen[0] ? Object.keys(this.changes) : this.settings.known[control.value]?.sets ?? [];
      this.linked = undefined;
      this.setChanges(Object.fromEntries(Object.entries(this.changes).filter(([id]) => !replaced.includes(id))));
      this.writeAddress();
      return;
    }
    if (!this.form.has(name) || control.dataset.key) return;
    const value = this.form.get(name);
    if (value === "") delete this.changes[name]; // emptied: the default again
    else this.set(name, value);
    if (control.type === "range") this.form.note(name, control.value);
    // A server sets the number of devices, a device its engine: what was chosen for the old one goes.
    if (name === "device") for (const of of ["engine", "n_devices"]) delete this.changes[of];
    this.edited();
  }

  /** @param {string} name @param {string} value */
  set(name, value) {
    this.changes[name] = value;
    delete this.changes[SAME_LOAD[name]];
  }

  /** What is asked besides the presets. @returns {Record<string, string>} */
  get scenario() {
    const own = { ...this.settings.attributes };
    for (const name of Object.keys(this.changes)) delete own[SAME_LOAD[name]];
    return withOwnDevice({ ...own, ...this.changes });
  }

  /** The reader's device, where the case uses it: a link that is sent on brings it along. @returns {{ this_device?: string }} */
  get ownDevice() {
    const { this_device } = this.scenario;
    return this_device ? { this_device } : {};
  }

  /** A field that was left empty shows what is used. @param {Control} control */
  left({ name }) {
    const used = this.reply?.used?.[name];
    if (used && !(name in this.changes)) this.form.set(name, used.field);
  }

  /** The reader's changes are others now. */
  edited() {
    this.linked = undefined;
    this.form.mark(this.changes);
    this.workloads?.follow();
    this.writeAddress();
    this.compute();
  }

  /** A bill that was read sets parameters. @param {CustomEvent<{ parameters: Record<string, unknown> }>} event */
  used({ detail: { parameters } }) {
    for (const [name, value] of Object.entries(parameters)) {
      this.set(name, String(value));
      this.form.set(name, String(value));
    }
    this.find("[data-said]").textContent = this.say("bill-used", { list: Object.keys(parameters).map((name) => this.settings.labels[name] ?? name).join(this.say("list-separator")) });
    this.edited();
  }

  /** @param {MouseEvent} event */
  clicked({ target }) {
    const button = target instanceof Element && !target.closest("usage-import") ? target.closest("button") : null;
    const { command, view: { words } } = this.settings;
    const said = this.find("[data-said]");
    if (button?.name === "reset") {
      this.presets = [...this.settings.presets];
      this.linked = undefined;
      this.setChanges({});
      this.writeAddress();
    } else if (button?.name === "default") {
      const first = /** @type {HTMLElement | undefined} */ (this.form.controls.get(button.value)?.[0]);
      delete this.changes[button.value];
      this.edited();
      first?.focus();
    } else if (button?.name === "retry") this.compute();
    else if (button?.name === "read-all") {
      const short = this.find("[data-about]").classList.toggle("calculator-short");
      button.setAttribute("aria-expanded", String(!short));
    } else if (button?.name === "copy-link") void this.withAnswer(({ share, versions }) => copyAndSay(said, new URL(this.address({ ...this.ownDevice, ...(share ? { data: versions.data, then: share } : {}) }), location.href).href, words));
    else if (button?.name === "copy-command") void copyAndSay(said, this.commandLine(), words);
    else if (button?.name === "csv") void this.withAnswer((reply) => download(`${command}.csv`, "text/csv", csv(reply, this.settings)));
    else if (button?.name === "json") void this.withAnswer((reply) => download(`${command}.json`, "application/json", `${JSON.stringify(reply, null, 2)}\n`));
    else if (button?.name === "memo") void this.memo.open();
  }

  /** Does something with the answer to what the form says now. @param {(reply: Answer) => unknown} use */
  async withAnswer(use) {
    if (!this.reply && !this.asking) this.compute();
    await this.computed;
    if (this.reply && this.dataset.state !== "error") await use(this.reply);
    else this.find("[data-said]").textContent = this.find(".calculator-status").textContent;
  }

  /** @param {Partial<Request>} more @returns {Promise<Answer | Refusal>} */
  question(more) {
    const { command, view } = this.settings;
    /** @type {Request} */
    const request = { command, presets: this.presets, scenario: this.scenario, lang: view.lang, ...more };
    return /** @type {Promise<any>} */ (engine.ask(request));
  }

  /** @param {string} lang */
  async memoIn(lang) {
    try {
      const reply = await this.question({ lang, memo: today() });
      return reply.error ? null : reply.memo ?? null;
    } catch (error) {
      this.memo.dialog.close();
      this.failed(asFailure(error));
      return null;
    }
  }

  /** Asks for the newest inputs; while an answer is on its way, further changes wait for one more question. */
  compute() {
    if (this.asking) this.again = true;
    else this.computed = this.ask();
  }

  async ask() {
    this.asking = true;
    const ready = engine.engineReady();
    this.find(".calculator-state [name=retry]").hidden = true;
    this.state(ready ? "computing" : "loading", ready ? this.say("computing") : this.say("loading", { size: ENGINE_SIZE }));
    try {
      do {
        this.again = false;
        const reply = await this.question({ page: true, ...(this.explains ? { explain: true } : {}), ...(this.linked ? { then: this.linked } : {}) });
        if (!reply.error) this.show(reply);
        else if (!this.again) this.refused(reply.error);
      } while (this.again);
    } catch (error) {
      this.failed(asFailure(error));
    } finally {
      this.asking = false;
    }
  }

  /** @param {string} part @param {Node[]} nodes */
  put(part, nodes) {
    update(this.find(`[data-part=${part}]`), nodes);
  }

  /** Shows an answer; it stays dimmed while a newer question is open. @param {Answer} reply */
  show(reply) {
    const { view, short } = this.settings;
    this.put("verdict", verdictPart(document, reply, view));
    this.put("figures", figuresPart(document, reply, view));
    this.put("places", placesPart(document, reply, view));
    this.put("warnings", warningsPart(document, reply, view));
    if (reply.formulas) this.put("formulas", formulasPart(document, reply));
    const bar = this.find("[data-bar]");
    bar.dataset.verdict = reply.verdict ?? "";
    bar.textContent = short.filter((id) => reply.results[id]).map((id) => `${view.names[id]}: ${reply.results[id].text}`).join(" · ");
    this.form.clearErrors();
    // What the reader did not set follows from what was: show what the engine used.
    for (const [name, { field, note }] of Object.entries(reply.used ?? {})) {
      if (!(name in this.changes) && !this.form.emptied(name)) this.form.set(name, field);
      this.form.note(name, note);
    }
    this.workloads?.follow();
    this.find("[data-command-line]").textContent = this.commandLine();
    this.reply = reply;
    if (this.again) return;
    this.state("ready", this.say("ready"));
    void this.drawCharts(reply);
  }

  /** Charts are drawn by a library of some weight, which is fetched with the first of them. @param {Answer} reply */
  async drawCharts(reply) {
    const part = this.find("[data-part=charts]");
    part.toggleAttribute("data-old", true);
    try {
      const { chartFigure } = await import("./answer-charts.js");
      if (reply !== this.reply) return;
      const width = part.clientWidth || SLIM;
      this.put("charts", chartsPart(document, reply, this.settings.view, chartFigure, width < SLIM ? Math.max(280, width) : Math.min(760, width)));
      part.toggleAttribute("data-old", false);
    } catch (error) {
      console.warn("charts:", error);
    }
  }

  commandLine() {
    const { command, view } = this.settings;
    return commandLine(command, this.presets, this.scenario, view.lang);
  }

  /** Bad input: the sentence stands at its field, the last good answer stays, dimmed. @param {Refusal["error"]} error */
  refused({ field, text }) {
    this.form.clearErrors();
    const placed = this.form.error(field, text);
    this.state("error", placed ? this.say("refused") : text);
  }

  /** No engine: the answer returns to the default case; what was typed stays, to be tried again. @param {engine.EngineFailure} failure */
  failed(failure) {
    const blocked = failure.code === "engine-blocked";
    for (const [part, first] of this.answer) part.replaceChildren(...first.cloneNode(true).childNodes);
    this.reply = null;
    if (blocked) {
      this.changes = {};
      this.presets = [...this.settings.presets];
      for (const [name, first] of this.form.first) this.form.set(name, first);
      this.form.mark({});
      this.form.enable(false);
    }
    this.find("[data-command-line]").textContent = this.commandLine();
    this.find(".calculator-state [name=retry]").hidden = blocked;
    this.state("error", this.say(blocked ? failure.code : "engine-failed", { reason: engine.reasonOf(failure, (...why) => this.say(...why)) }));
  }
}

/** @param {unknown} error */
const asFailure = (error) => (error instanceof engine.EngineFailure ? error : new engine.EngineFailure("engine-failed", String(error)));

for (const tag of TAGS.split(",")) customElements.define(tag, class extends Calculator {});

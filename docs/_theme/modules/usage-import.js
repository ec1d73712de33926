// <usage-import>: "bring your own bill". A file is read in a worker of this site and nowhere else; what it says is shown
// first, and the event "usage" hands the figures that the reader wants to the calculator around it.
import { figuresOf } from "./usage-figures.js";
import { startWorker } from "./worker-start.js";

/** @typedef {import("./usage-sum.js").Format} Format */
/** @typedef {import("./usage-sum.js").Totals} Totals */
/** @typedef {import("./usage-worker.js").Column} Column */
/** @typedef {Extract<import("./usage-worker.js").Answer, { type: "result" }>} Result */
/** @typedef {{ words: Record<string, string>, labels: Record<string, string>, formats: Format[], monthDays: number, mostBytes: number }} Settings */

const ROLES = /** @type {const} */ (["requests", "input", "output", "cache_read", "cache_write", "reasoning", "time", "time_end", "model", "cost"]);
const SHOWN_MODELS = 8;
const BY_HAND = "by-hand";
let fields = 0; // made so far: ids are the page's

/**
 * An element with properties and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, unknown>} properties @param {(Node | string)[]} children
 */
function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

class UsageImport extends HTMLElement {
  /** @type {Settings} */
  settings = { words: {}, labels: {}, formats: [], monthDays: 0, mostBytes: 0 };
  /** @type {File | undefined} */
  file;
  /** @type {Worker | undefined} */
  worker;
  /** @type {Result | undefined} */
  result;

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.settings = JSON.parse(/** @type {HTMLTemplateElement} */ (this.find("[data-settings]")).content.textContent ?? "");
    this.find("[data-drop]").hidden = false;
    // What is typed here is no parameter of the calculator around.
    for (const type of ["input", "change"]) this.addEventListener(type, (event) => event.stopPropagation());
    const chooser = /** @type {HTMLInputElement} */ (this.find("input[name=usage_file]"));
    chooser.addEventListener("change", () => {
      const [file] = chooser.files ?? [];
      chooser.value = ""; // the same file may be chosen again after it changed
      if (file) this.read(file);
    });
    this.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.find("[data-drop]").dataset.over = "";
    });
    this.addEventListener("dragleave", () => delete this.find("[data-drop]").dataset.over);
    this.addEventListener("drop", (event) => this.dropped(event));
    this.find("button[name=cancel]").addEventListener("click", () => {
      this.stop();
      this.status(this.say("canceled"));
      this.find("input[name=usage_file]").focus();
    });
    this.dataset.state = "ready";
  }

  disconnectedCallback() {
    this.stop();
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const found = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    if (!found) throw new Error(`no ${selector} in <usage-import>`);
    return found;
  }

  /** @param {string} id @param {Record<string, string | number>} slots numbers are written as the language does */
  say(id, slots = {}) {
    return this.settings.words[id].replace(/\{(\w+)\}/g, (_, slot) => {
      const value = slots[slot] ?? "";
      return typeof value === "number" ? this.digits(value) : value;
    });
  }

  /** The reader's own numbers. @param {number} value @param {Intl.NumberFormatOptions} options */
  digits(value, options = { maximumFractionDigits: 2 }) {
    return new Intl.NumberFormat(this.dataset.lang, options).format(value);
  }

  status(text = "") {
    this.find("[data-status]").textContent = text;
  }

  /** @param {string} code @param {Record<string, string | number>} slots */
  fail(code, slots = {}) {
    this.stop();
    this.status();
    const error = this.find("[data-error]");
    error.textContent = this.say(`error-${code}`, { file: this.file?.name ?? "", ...slots });
    error.hidden = false;
    this.dataset.state = "error";
  }

  /** @param {DragEvent} event */
  dropped(event) {
    delete this.find("[data-drop]").dataset.over;
    const files = event.dataTransfer?.files;
    if (!files?.length) return;
    event.preventDefault();
    if (files.length > 1) return this.fail("several", { n: files.length });
    this.read(files[0]);
  }

  /** Ends what is under way. */
  stop() {
    this.worker?.terminate();
    this.worker = undefined;
    this.find("[data-progress]").hidden = true;
    if (this.dataset.state === "computing") this.dataset.state = "ready";
  }

  /** @param {File} file @param {Format} [chosen] the columns as the reader names them */
  read(file, chosen) {
    this.stop();
    this.file = file;
    this.result = undefined;
    for (const part of ["[data-error]", "[data-map]", "[data-result]"]) this.find(part).hidden = true;
    const { formats, mostBytes } = this.settings;
    const megabytes = (/** @type {number} */ bytes) => `${this.digits(bytes / 1e6, { maximumFractionDigits: 0 })} MB`;
    if (file.size > mostBytes) return this.fail("too-large", { size: megabytes(file.size), most: megabytes(mostBytes) });
    this.dataset.state = "computing";
    this.status(this.say("reading", { file: file.name }));
    const bar = /** @type {HTMLProgressElement} */ (this.find("progress"));
    bar.value = 0;
    this.find("[data-progress]").hidden = false;
    const worker = startWorker("usage-worker.js");
    this.worker = worker;
    worker.addEventListener("message", ({ data }) => {
      const answer = /** @type {import("./usage-worker.js").Answer} */ (data);
      if (answer.type === "progress") bar.value = answer.bytes / Math.max(1, file.size);
      else this.answered(answer, file, chosen);
    });
    worker.addEventListener("error", (event) => {
      console.error("usage-import:", event.message);
      this.fail("failed");
    });
    /** @type {import("./usage-worker.js").Question} */
    const question = { file, formats, chosen };
    worker.postMessage(question);
  }

  /** @param {Exclude<import("./usage-worker.js").Answer, { type: "progress" }>} answer @param {File} file @param {Format} [chosen] */
  answered(answer, file, chosen) {
    this.stop();
    this.status();
    if (answer.type === "error") return this.fail(answer.code, answer.slots);
    if (answer.type === "unknown") return this.askColumns(answer.columns, "map-unknown");
    const { rows, unused, faults } = answer.totals;
    this.result = answer;
    if (rows === unused + faults) this.fail("nothing");
    else this.status(this.say("done", { file: file.name, rows, faults }));
    this.showResult(answer, chosen);
  }

  /** @param {Column[]} columns @param {"map-unknown" | "map-known"} why @param {Format} [known] chosen at first */
  askColumns(columns, why, known) {
    const area = this.find("[data-map]");
    const select = (/** @type {typeof ROLES[number]} */ role) => {
      const list = make("select", { name: `role_${role}` });
      if (role === "requests") list.append(new Option(this.say("map-one"), "one"), new Option(this.say("map-totals"), "totals"));
      else list.append(new Option(this.say("map-none"), ""));
      for (const { name, values } of columns) {
        const label = values.length ? this.say("map-sample", { column: name, values: values.join(this.say("separator")) }) : name;
        list.append(new Option(label, name));
      }
      const wanted = known?.roles[role]?.find((name) => columns.some((column) => column.name === name));
      list.value = wanted ?? (role !== "requests" ? "" : known?.row === "bucket" ? "totals" : "one");
      return make("label", {}, this.say(`role-${role}`), list);
    };
    const box = (/** @type {string} */ name, /** @type {string} */ word, /** @type {boolean} */ checked) =>
      make("label", { className: "usage-tick" }, make("input", { type: "checkbox", name, checked }), this.say(word));
    const missing = make("p", { className: "usage-error", role: "alert", hidden: true });
    const read = make("button", { type: "button", name: "read", className: "md-button", textContent: this.say("map-read") });
    read.addEventListener("click", () => this.readAsChosen(area, missing));
    area.replaceChildren(
      make("p", { className: "usage-title", textContent: this.say("map-title") }),
      make("p", { textContent: this.say(why, { file: this.file?.name ?? "" }) }),
      make("div", { className: "usage-roles" }, ...ROLES.map(select)),
      box("includes_cache", "map-includes-cache", known?.includes.includes("cache_read") ?? true),
      box("includes_reasoning", "map-includes-reasoning", known?.includes.includes("reasoning") ?? true),
      missing, read,
    );
    area.hidden = false;
    area.focus();
  }

  /** @param {HTMLElement} area @param {HTMLElement} missing */
  readAsChosen(area, missing) {
    const chosen = (/** @type {string} */ role) => /** @type {HTMLSelectElement} */ (area.querySelector(`[name=role_${role}]`)).value;
    const ticked = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (area.querySelector(`[name=${name}]`)).checked;
    const wanting = ["input", "output"].filter((role) => !chosen(role));
    missing.hidden = !wanting.length;
    missing.textContent = this.say("map-missing", { roles: wanting.map((role) => this.say(`role-${role}`)).join(this.say("separator")) });
    if (wanting.length || !this.file) return area.querySelector("select")?.focus();
    /** @type {Format["roles"]} */
    const roles = {};
    for (const role of ROLES) if (chosen(role) && !["one", "totals"].includes(chosen(role))) roles[role] = [chosen(role)];
    this.read(this.file, {
      id: BY_HAND, name: this.say("result-by-hand"), files: [], signature: [], lists: [], added: [], roles,
      row: chosen("requests") === "one" ? "request" : "bucket",
      includes: [...(ticked("includes_cache") ? ["cache_read", "cache_write"] : []), ...(ticked("includes_reasoning") ? ["reasoning"] : [])],
    });
  }

  /** @param {Result} result @param {Format} [chosen] */
  showResult(result, chosen) {
    const area = this.find("[data-result]");
    const format = chosen ?? this.settings.formats.find(({ id }) => id === result.format);
    const columns = make("button", { type: "button", name: "choose_columns", className: "md-button", textContent: this.say("choose-columns") });
    columns.addEventListener("click", () => {
      area.hidden = true;
      this.askColumns(result.columns, "map-known", format);
    });
    area.replaceChildren(
      make("p", { className: "usage-title", textContent: this.say("result-title") }),
      this.facts(result.totals, format?.name ?? ""),
      ...this.faultList(result),
      ...(this.dataset.state === "error" ? [] : [...this.modelTable(result.totals), ...this.figureParts(result.totals)]),
      columns,
    );
    area.hidden = false;
    area.focus();
  }

  /** @param {Totals} totals @param {string} format */
  facts(totals, format) {
    const list = make("dl", { className: "usage-facts" });
    const add = (/** @type {string} */ term, /** @type {string} */ name, /** @type {number | string | null} */ value) => {
      const text = value === null ? this.say("result-not-counted") : typeof value === "number" ? this.digits(value) : value;
      const output = make("output", { textContent: text });
      output.setAttribute("name", name);
      output.setAttribute("aria-live", "off"); // the status line tells that they are there
      if (typeof value === "number") output.dataset.value = String(value);
      list.append(make("div", {}, make("dt", { textContent: this.say(term) }), make("dd", {}, output)));
    };
    const moment = (/** @type {number} */ seconds) =>
      new Intl.DateTimeFormat(this.dataset.lang, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }).format(seconds * 1000);
    add("result-format", "usage_format", format);
    add("result-rows", "usage_rows", totals.rows);
    if (totals.unused) add("result-unused", "usage_unused", totals.unused);
    add("result-faults", "usage_faults", totals.faults);
    const { from, to } = totals;
    add("result-span", "usage_span", from === null || to === null ? this.say("result-no-span") : this.say("result-span-text", { from: moment(from), to: moment(to) }));
    add("role-requests", "usage_requests", totals.requests);
    add("role-input", "usage_input", totals.input);
    add("role-cache_read", "usage_cache_read", totals.cache_read);
    add("role-cache_write", "usage_cache_write", totals.cache_write);
    add("role-output", "usage_output", totals.output);
    add("role-reasoning", "usage_reasoning", totals.reasoning);
    if (totals.cost !== null) add("result-cost", "usage_cost", totals.cost);
    return list;
  }

  /** @param {Result} result */
  faultList({ totals, counted }) {
    if (!totals.faults) return [];
    const items = totals.first_faults.map(({ number, reason, value }) =>
      make("li", { textContent: this.say(`fault-${counted}`, { number, reason: this.say(`fault-${reason}`, { value }) }) }));
    const more = totals.faults - items.length;
    if (more) items.push(make("li", { textContent: this.say("fault-more", { n: more }) }));
    return [make("p", { className: "usage-subtitle", textContent: this.say("faults-title") }), make("ul", { className: "usage-faults" }, ...items)];
  }

  /** @param {Totals} totals */
  modelTable({ models, requests }) {
    if (models.length === 1 && !models[0].model) return [];
    const heads = ["role-model", ...(requests === null ? [] : ["role-requests"]), "role-input", "role-output"];
    const rows = models.slice(0, SHOWN_MODELS).map((sum) => {
      const cells = [...(requests === null ? [] : [sum.requests]), sum.input, sum.output].map((n) => make("td", { textContent: this.digits(n) }));
      return make("tr", {}, make("th", { scope: "row", textContent: sum.model || this.say("models-unnamed") }), ...cells);
    });
    const table = make("table", { className: "usage-models" },
      make("caption", { textContent: this.say("models-title") }),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col", textContent: this.say(head) })))),
      make("tbody", {}, ...rows));
    const more = models.length - rows.length;
    const frame = make("div", { className: "usage-scroll", tabIndex: 0, role: "region", ariaLabel: this.say("models-title") }, table);
    return [frame, ...(more ? [make("p", { textContent: this.say("models-more", { n: more }) })] : [])];
  }

  /** The fields that the reader fills, the figures that follow, and the button that hands them over. @param {Totals} totals */
  figureParts(totals) {
    const area = make("div", { className: "usage-figures" });
    const given = { days: totals.days, requests: /** @type {number | null} */ (null) };
    const show = () => this.showFigures(area, figuresOf(totals, { ...given, monthDays: this.settings.monthDays }));
    const field = (/** @type {"days" | "requests"} */ name, /** @type {string} */ help, /** @type {number | null} */ value) => {
      const error = make("span", { className: "usage-error", role: "alert", hidden: true, id: `usage-error-${++fields}` });
      const note = make("small", { textContent: this.say(help), id: `usage-help-${fields}` });
      const input = make("input", { type: "text", inputMode: "decimal", name: `usage_${name}`, value: value === null ? "" : String(Math.round(value * 100) / 100) });
      input.setAttribute("aria-describedby", `${note.id} ${error.id}`);
      input.addEventListener("input", () => {
        const text = input.value.normalize("NFKC").replace(/[\s,]/g, "");
        const number = Number(text);
        const wrong = Boolean(text) && !(number > 0 && Number.isFinite(number));
        error.hidden = !wrong;
        error.textContent = wrong ? this.say("not-positive") : "";
        input.setAttribute("aria-invalid", String(wrong));
        given[name] = !text || wrong ? null : number;
        show();
      });
      return make("label", {}, this.say(name), input, note, error);
    };
    const asked = [field("days", totals.days === null ? "days-help-ask" : "days-help", totals.days)];
    if (totals.requests === null) asked.push(field("requests", "requests-help", null));
    show();
    const told = make("p", { className: "usage-status", role: "status" });
    const use = make("button", { type: "button", name: "use_figures", className: "md-button md-button--primary", textContent: this.say("use") });
    use.addEventListener("click", () => this.hand(area, told));
    return [
      make("p", { className: "usage-subtitle", textContent: this.say("figures-title") }),
      make("div", { className: "usage-fields" }, ...asked), area, use, told,
    ];
  }

  /** @param {HTMLElement} area @param {ReturnType<typeof figuresOf>} found */
  showFigures(area, { figures, gaps }) {
    const off = new Set([...area.querySelectorAll("input")].filter((box) => !box.checked).map((box) => box.value));
    const items = figures.map(({ id, value, how, slots }) => {
      const share = id.endsWith("_share");
      const text = this.digits(value, share ? { style: "percent", maximumFractionDigits: 2 } : { maximumFractionDigits: 2 });
      const output = make("output", { textContent: text });
      output.setAttribute("name", `usage_${id}`);
      output.setAttribute("aria-live", "off");
      output.dataset.value = String(value);
      const box = make("input", { type: "checkbox", name: "use", value: id, checked: !off.has(id) });
      return make("li", {}, make("label", { className: "usage-tick" }, box, make("span", {}, this.settings.labels[id], " ", output)), make("small", { textContent: this.say(how, slots) }));
    });
    const lacking = gaps.map(({ id, why }) => make("li", { textContent: this.say("gap", { name: this.settings.labels[id], why: this.say(why) }) }));
    area.replaceChildren(
      make("p", { textContent: this.say("figures-hint") }), make("ul", {}, ...items),
      ...(lacking.length ? [make("p", { className: "usage-subtitle", textContent: this.say("gaps-title") }), make("ul", { className: "usage-gaps" }, ...lacking)] : []),
    );
  }

  /** @param {HTMLElement} area @param {HTMLElement} told */
  hand(area, told) {
    const boxes = [...area.querySelectorAll("input")].filter((box) => box.checked);
    const value = (/** @type {string} */ id) => Number(/** @type {HTMLElement} */ (area.querySelector(`output[name=usage_${id}]`)).dataset.value);
    const parameters = Object.fromEntries(boxes.map(({ value: id }) => [id, value(id)]));
    if (!boxes.length) return void (told.textContent = this.say("used-none"));
    this.dispatchEvent(new CustomEvent("usage", { bubbles: true, detail: { parameters } }));
    told.textContent = this.say("used", { names: boxes.map(({ value: id }) => this.settings.labels[id]).join(this.say("separator")) });
  }
}

customElements.define("usage-import", UsageImport);

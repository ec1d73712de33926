// <price-chart>: the chart of API prices. Its first drawing is in the page; the reader's choice is drawn here, with
// Plot, which is fetched from this site once the form is first touched. The choice stands in the URL's fragment
// (#?price=in&models=a,b), which it shares with the table of the page.
import { viewOf } from "./address.js";

/** @typedef {import("./price-figure.js").Row} Row */
/** @typedef {import("./price-figure.js").Price} Price */
/** @typedef {{ price: Price, models: string[], words: Record<string, string> }} Settings */

const COLORS = 8;
const drawing = () => import("./price-figure.js");

class PriceChart extends HTMLElement {
  /** @type {Settings} the first choice, and all words */
  settings = { price: "out", models: [], words: {} };
  /** @type {Row[]} */
  rows = [];
  /** @type {Map<string, string>} id -> name of every model */
  names = new Map();
  /** @type {Price} */
  price = "out";
  /** @type {string[]} */
  models = [];
  /** What the drawing shows: choice and width. */
  shown = "";
  width = 0;
  resized = new ResizeObserver(([{ contentRect }]) => {
    const width = Math.round(contentRect.width);
    if (!width || Math.abs(width - this.width) < 2) return;
    this.width = width;
    if (this.shown) void this.draw();
  });

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.settings = JSON.parse(this.template("[data-settings]"));
    this.rows = JSON.parse(this.template("[data-rows]"));
    this.names = new Map(this.rows.map(({ model, name }) => [model, name]));
    this.reset();
    this.form.hidden = false;
    // The first touch fetches what draws, so that it is there by the time something is chosen.
    this.form.addEventListener("focusin", () => void drawing().catch(() => {}), { once: true });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.added(this.control("add").value.trim());
    });
    this.form.addEventListener("reset", () => setTimeout(() => {
      this.reset();
      this.changed();
    }));
    this.form.addEventListener("input", (event) => this.input(/** @type {HTMLInputElement} */ (event.target)));
    this.form.addEventListener("click", (event) => this.clicked(event));
    addEventListener("hashchange", this.readAddress);
    this.width = Math.round(this.find(".chart-drawing").clientWidth);
    this.resized.observe(this.find(".chart-drawing"));
    this.dataset.state = "ready";
    this.readAddress();
    this.list();
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this.readAddress);
    this.resized.disconnect();
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const found = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    if (!found) throw new Error(`no ${selector} in <price-chart>`);
    return found;
  }

  /** @param {string} selector */
  template(selector) {
    return /** @type {HTMLTemplateElement} */ (this.find(selector)).content.textContent ?? "";
  }

  get form() {
    return /** @type {HTMLFormElement} */ (this.find(".chart-form"));
  }

  /** @param {"price" | "add"} name */
  control(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement} */ (this.form.elements.namedItem(name));
  }

  /** @param {string} id @param {Record<string, string | number>} slots */
  say(id, slots = {}) {
    return this.settings.words[id].replace(/\{(\w+)\}/g, (_, slot) => String(slots[slot] ?? ""));
  }

  status(text = "") {
    this.find("[data-status]").textContent = text;
  }

  /** The choice of the page. */
  reset() {
    this.price = this.settings.price;
    this.models = [...this.settings.models];
  }

  readAddress = () => {
    if (!location.hash.startsWith("#?")) return; // a row of the table: the chart stays as it is
    const view = viewOf();
    this.reset();
    const price = view.get("price") ?? "";
    if (`price-${price}` in this.settings.words) this.price = /** @type {Price} */ (price);
    const models = view.get("models");
    if (models !== null) this.models = [...new Set(models.split(","))].filter((id) => this.names.has(id));
    this.control("price").value = this.price;
    this.list();
    if (this.shown || !this.isDefault) void this.draw();
  };

  get isDefault() {
    return this.price === this.settings.price && this.models.join() === this.settings.models.join();
  }

  /** Sets the chart's keys where they differ from the page's choice; all others belong to the table. */
  writeAddress() {
    const view = viewOf();
    if (this.price === this.settings.price) view.delete("price");
    else view.set("price", this.price);
    if (this.models.join() === this.settings.models.join()) view.delete("models");
    else view.set("models", this.models.join());
    const text = view.toString().replaceAll("%2C", ",");
    if (!text && !location.hash.startsWith("#?")) return;
    history.replaceState(history.state, "", location.pathname + location.search + (text ? `#?${text}` : ""));
  }

  changed() {
    this.writeAddress();
    this.list();
    void this.draw();
  }

  /** @param {HTMLInputElement} control */
  input(control) {
    if (control.name === "price") {
      this.price = /** @type {Price} */ (control.value);
      this.changed();
    } else if ([...this.names.values()].includes(control.value) && !this.ambiguous(control.value)) this.added(control.value);
  }

  /** Typing "GPT-5" on the way to "GPT-5.4" must not add it yet. @param {string} name */
  ambiguous(name) {
    return [...this.names.values()].some((other) => other !== name && folded(other).startsWith(folded(name)));
  }

  /** @param {string} typed a model's name or id, or a part that only one of them has */
  added(typed) {
    if (!typed) return;
    const wanted = folded(typed);
    const all = [...this.names];
    const exact = all.filter(([id, name]) => folded(name) === wanted || id === wanted);
    const found = exact.length ? exact : all.filter(([, name]) => folded(name).includes(wanted));
    if (found.length !== 1) return this.status(this.say("no-model", { name: typed }));
    this.control("add").value = "";
    if (!this.models.includes(found[0][0])) this.models.push(found[0][0]);
    this.changed();
  }

  /** @param {MouseEvent} event */
  clicked({ target }) {
    const button = target instanceof Element ? /** @type {HTMLButtonElement | null} */ (target.closest("button[name=remove]")) : null;
    if (!button) return;
    const place = this.models.indexOf(button.value);
    this.models = this.models.filter((id) => id !== button.value);
    this.changed();
    // The button is gone; the keyboard goes on from its neighbor.
    const left = /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("button[name=remove]"));
    (left[Math.min(place, left.length - 1)] ?? this.control("add")).focus();
  }

  /** The chosen models, each with its color and a way to remove it. */
  list() {
    this.find(".chart-chosen").replaceChildren(...this.models.map((id, i) => {
      const name = this.names.get(id) ?? id;
      const item = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button", name: "remove", value: id, textContent: name });
      button.setAttribute("aria-label", this.say("remove", { name }));
      button.style.setProperty("--chart-color", `var(--chart-${(i % COLORS) + 1})`);
      item.append(button);
      return item;
    }));
  }

  /** Draws the choice, unless a newer one has come meanwhile. */
  async draw() {
    const wanted = `${this.price} ${this.models.join()} ${this.width}`;
    if (wanted === this.shown) return;
    this.shown = wanted;
    const slow = setTimeout(() => this.status(this.say("loading")), 300);
    try {
      const { linesOf, priceFigure, priceOf } = await drawing();
      if (this.shown !== wanted) return;
      const { price, width } = this;
      const { words } = this.settings;
      const lang = this.dataset.lang ?? "en";
      const rows = this.models.flatMap((id) => this.rows.filter(({ model }) => model === id));
      this.find(".chart-drawing").replaceChildren(priceFigure({ document, rows, lang, words, price, width: width || 840 }));
      const without = this.models.filter((id) => !rows.some((row) => row.model === id && priceOf(row, price)));
      const said = [this.say("drawn", { n: linesOf(rows, price, lang, words).length })];
      if (without.length) said.push(this.say("without", { names: without.map((id) => this.names.get(id)).join(this.say("separator")) }));
      this.status(said.join(this.say("stop")));
    } catch (error) {
      if (this.shown === wanted) this.shown = "";
      this.status(this.say("failed"));
      console.warn("price-chart:", error);
    } finally {
      clearTimeout(slow);
    }
  }
}

/** One spelling for search. @param {string} text */
function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

customElements.define("price-chart", PriceChart);

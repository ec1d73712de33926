// <data-table>: sorting, filters, comparison and citation for a table whose rows and tools are complete in the HTML. The
// reader's view stands in the URL's fragment (#?sort=…&q=…&compare=a,b); a plain #id leads to a row. Rows of further
// static pages are fetched from this site when a view first needs them.
import { placeOf, viewOf } from "./address.js";
import { ofThisEdition } from "./offline-wanted.js";
import { copy, today } from "./take.js";

/** @typedef {{ version: string, pages: number, compares: boolean, strings: Record<string, string> }} Settings */

const COMPARED = 4;
const TOOLS = "input, button, .table-anchor"; // what stands in a cell beside its words
const SHOWN = 200; // rows in the page at once, where there are more than one static page holds

/** A row, and what it is searched and sorted by, which is read when first asked for. */
class Entry {
  #text = "";

  /** @param {HTMLTableRowElement} row */
  constructor(row) {
    this.row = row;
    this.id = row.id;
  }

  get text() {
    return (this.#text ||= folded([...this.row.cells].map(wordsOf).join(" ")));
  }

  /** @param {HTMLTableCellElement} head of the column @returns {number | string | null} null: unknown */
  sort(head) {
    const cell = this.row.cells[head.cellIndex];
    const { sort } = cell.dataset;
    if (sort === undefined) return "byValue" in head.dataset ? null : wordsOf(cell);
    const number = Number(sort);
    return Number.isNaN(number) ? sort : number;
  }
}

class DataTable extends HTMLElement {
  /** @type {Settings} */
  settings = { version: "", pages: 1, compares: false, strings: {} };
  /** @type {Entry[]} */
  entries = [];
  /** @type {URLSearchParams} */
  view = new URLSearchParams();
  /** @type {Promise<void> | null} */
  others = null;
  shown = SHOWN;
  more = Object.assign(document.createElement("button"), { type: "button", name: "more", className: "md-button", hidden: true });
  /** @type {HTMLInputElement[]} the boxes of the rows that are compared */
  checked = [];

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.settings = JSON.parse(/** @type {HTMLTemplateElement} */ (this.find("[data-settings]")).content.textContent ?? "{}");
    this.take(this.body.rows);
    for (const head of this.heads) this.makeSortable(head);
    this.form.hidden = false;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.filtered());
    this.form.addEventListener("reset", () => setTimeout(() => this.filtered()));
    this.find(".table-scroll").addEventListener("keydown", (event) => this.keydown(/** @type {KeyboardEvent} */ (event)));
    this.body.addEventListener("change", (event) => this.chosen(/** @type {HTMLInputElement} */ (event.target)));
    this.addEventListener("click", (event) => this.clicked(event));
    addEventListener("hashchange", this.readAddress);
    this.dataset.state = "ready";
    this.readAddress();
    // Chosen before this script was there.
    for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (this.body.querySelectorAll("input:checked"))) {
      if (!this.compared.includes(box.value)) this.chosen(box);
    }
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this.readAddress);
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const found = /** @type {HTMLElement | null} */ (this.querySelector(selector));
    if (!found) throw new Error(`no ${selector} in <data-table>`);
    return found;
  }

  get form() {
    return /** @type {HTMLFormElement} */ (this.find(".table-form"));
  }

  get body() {
    return /** @type {HTMLTableSectionElement} */ (this.find("tbody"));
  }

  get heads() {
    return /** @type {HTMLTableCellElement[]} */ ([...this.querySelectorAll("thead th")]);
  }

  /** @param {string} id @param {Record<string, string | number>} slots */
  say(id, slots = {}) {
    return this.settings.strings[id].replace(/\{(\w+)\}/g, (_, slot) => String(slots[slot] ?? ""));
  }

  /** @param {Iterable<HTMLTableRowElement>} rows */
  take(rows) {
    for (const row of rows) this.entries.push(new Entry(row));
  }

  /** @param {HTMLTableCellElement} head */
  makeSortable(head) {
    const button = Object.assign(document.createElement("button"), { type: "button", name: "sort", value: head.dataset.column ?? "" });
    button.append(...head.childNodes);
    head.append(button);
  }

  readAddress = () => {
    this.view = viewOf();
    for (const name of [...this.view.keys()]) if (!this.owns(name)) this.view.delete(name);
    for (const control of this.form.elements) {
      if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement) control.value = this.view.get(control.name) ?? "";
    }
    const row = placeOf();
    void this.apply().then(() => {
      const there = row ? document.getElementById(row) : null;
      if (row && !there && this.settings.pages > 1) return this.reveal(row);
      // The browser went there before the table took its place.
      if (this.contains(there)) there?.scrollIntoView({ block: "center" });
      return undefined;
    });
  };

  /** A row that stands on another static page. @param {string} id */
  async reveal(id) {
    if (!(await this.load())) return;
    const index = this.visible().findIndex((entry) => entry.id === id);
    if (index < 0) return;
    this.shown = Math.max(this.shown, index + 1);
    this.draw();
    document.getElementById(id)?.scrollIntoView({ block: "center" });
  }

  filtered() {
    for (const control of this.form.elements) {
      if (!(control instanceof HTMLInputElement || control instanceof HTMLSelectElement)) continue;
      if (control.value) this.view.set(control.name, control.value);
      else this.view.delete(control.name);
    }
    this.shown = SHOWN;
    this.writeAddress();
    void this.apply();
  }

  /** Whether a key of the fragment is the table's; others (the chart's) stay as they are. @param {string} name */
  owns(name) {
    return ["sort", "order", "compare"].includes(name) || this.form.elements.namedItem(name) !== null;
  }

  writeAddress() {
    const others = [...viewOf()].filter(([name]) => !this.owns(name));
    const view = new URLSearchParams([...this.view, ...others]).toString().replaceAll("%2C", ",");
    history.replaceState(history.state, "", location.pathname + location.search + (view ? `#?${view}` : ""));
  }

  /** Draws the view; with several static pages it needs all of them first. */
  async apply() {
    if (this.settings.pages > 1 && this.view.size && !(await this.load())) return;
    if (this.settings.pages === 1 || this.others) this.draw();
  }

  /** The rows of the other static pages, once; says so and returns false where they do not come. */
  async load() {
    try {
      await (this.others ??= this.takeOthers());
      return true;
    } catch {
      this.others = null; // the next change of the view tries again
      this.find("output").textContent = this.say("unread");
      return false;
    }
  }

  async takeOthers() {
    this.find("output").textContent = this.say("loading");
    const here = Number(this.getAttribute("page") ?? 1);
    const links = /** @type {HTMLAnchorElement[]} */ ([...this.querySelectorAll(".table-pages a")]);
    const pages = await Promise.all(links.map(({ href }) => rowsOf(href)));
    const before = this.entries;
    this.entries = [];
    pages.slice(0, here - 1).forEach((rows) => this.take(rows));
    this.entries.push(...before);
    pages.slice(here - 1).forEach((rows) => this.take(rows));
    this.find(".table-pages").hidden = true;
  }

  /** The entries that pass the filters, in the order of the view. */
  visible() {
    const query = folded(this.view.get("q") ?? "").split(/\s+/).filter(Boolean);
    const facets = [...this.view].filter(([name]) => !["q", "sort", "order", "compare"].includes(name));
    const kept = this.entries.filter((entry) =>
      query.every((word) => entry.text.includes(word)) &&
      facets.every(([name, value]) => (entry.row.dataset[name] ?? "").split("|").includes(value)));
    const column = this.heads.find((head) => head.dataset.column === this.view.get("sort"));
    if (!column) return kept;
    const sign = this.view.get("order") === "down" ? -1 : 1;
    const words = new Intl.Collator(document.documentElement.lang, { numeric: true });
    const values = new Map(kept.map((entry) => [entry, entry.sort(column)]));
    return kept.sort((one, other) => {
      const [a = null, b = null] = [values.get(one), values.get(other)];
      if (a === null || b === null) return Number(a === null) - Number(b === null); // unknown stands last
      return sign * (typeof a === "number" && typeof b === "number" ? a - b : words.compare(String(a), String(b)));
    });
  }

  draw() {
    const kept = this.visible();
    const limit = this.settings.pages > 1 ? this.shown : kept.length;
    const rows = kept.slice(0, limit).map(({ row }) => row);
    const { rows: there } = this.body;
    // A large table takes long to lay out: what stands in its place already stays.
    if (rows.length !== there.length || rows.some((row, i) => row !== there[i])) this.body.replaceChildren(...rows);
    const { length } = this.entries;
    this.find("output").textContent = kept.length === length ? this.say("rows", { n: length }) : this.say("rows-of", { n: kept.length, all: length });
    this.more.textContent = this.say("more", { n: kept.length - limit });
    this.more.hidden = limit >= kept.length;
    if (!this.more.isConnected && !this.more.hidden) this.find(".table-scroll").after(this.more);
    const [sorted, order] = [this.view.get("sort"), this.view.get("order")];
    for (const head of this.heads) {
      if (head.dataset.column === sorted) head.setAttribute("aria-sort", order === "down" ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    this.compare();
  }

  get compared() {
    if (!this.settings.compares) return [];
    return (this.view.get("compare") ?? "").split(",").filter(Boolean).slice(0, COMPARED);
  }

  /** @param {HTMLInputElement} box */
  chosen(box) {
    if (box.name !== "compare") return;
    const ids = this.compared.filter((id) => id !== box.value);
    if (box.checked) ids.push(box.value);
    else this.checked = this.checked.filter((other) => other !== box);
    if (ids.length) this.view.set("compare", ids.slice(-COMPARED).join(","));
    else this.view.delete("compare");
    this.writeAddress();
    this.compare();
  }

  /** The chosen rows side by side, one column each. */
  compare() {
    const chosen = this.compared.map((id) => this.entries.find((entry) => entry.id === id)).filter((entry) => entry !== undefined);
    for (const box of this.checked) box.checked = false;
    this.checked = chosen.map(({ row }) => /** @type {HTMLInputElement} */ (row.querySelector("input[name=compare]")));
    for (const box of this.checked) box.checked = true;
    const panel = this.find(".table-compare");
    panel.hidden = !chosen.length;
    if (!chosen.length) return panel.replaceChildren();
    const table = document.createElement("table");
    table.createCaption().textContent = chosen.length === 1 ? this.say("compare-one") : this.say("compare", { n: chosen.length });
    this.heads.forEach((head, column) => {
      const line = table.insertRow();
      const label = Object.assign(document.createElement("th"), { scope: "row", textContent: head.textContent });
      line.append(label);
      for (const { row } of chosen) {
        const cell = /** @type {HTMLElement} */ (row.cells[column].cloneNode(true));
        for (const tool of cell.querySelectorAll(TOOLS)) tool.remove();
        if (column === 0) cell.setAttribute("scope", "col");
        line.append(cell);
      }
    });
    const clear = Object.assign(document.createElement("button"), { type: "button", name: "clear", className: "md-button", textContent: this.say("compare-clear") });
    panel.replaceChildren(table, clear);
  }

  /** @param {MouseEvent} event */
  clicked({ target }) {
    const button = target instanceof Element ? /** @type {HTMLButtonElement | null} */ (target.closest("button")) : null;
    if (button?.name === "sort") {
      const again = this.view.get("sort") === button.value;
      const down = again && this.view.get("order") !== "down";
      if (again && !down) for (const key of ["sort", "order"]) this.view.delete(key); // third press: the order of the page
      else this.view.set("sort", button.value);
      if (down) this.view.set("order", "down");
      this.writeAddress();
      void this.apply();
    } else if (button?.name === "clear") {
      const [box] = this.checked;
      this.view.delete("compare");
      this.writeAddress();
      this.compare();
      // The button is gone; the keyboard goes on where the comparison began.
      (box?.isConnected ? box : this.find("[name=q]")).focus();
    } else if (button?.name === "more") {
      const next = this.shown;
      this.shown += SHOWN;
      this.draw();
      if (this.more.hidden) focusOn(this.body.rows[next].cells[0]);
    } else if (button?.name === "cite") void this.cite(button);
  }

  /** Copies the row with its figures, sources and address. @param {HTMLButtonElement} button */
  async cite(button) {
    const row = /** @type {HTMLTableRowElement} */ (button.closest("tr"));
    const name = wordsOf(row.cells[0]);
    const figures = [...row.cells].slice(1).map((cell, i) => {
      const data = cell.querySelector("data");
      const note = data?.dataset.note ?? data?.title;
      return `${this.heads[i + 1].textContent}: ${(cell.textContent ?? "").trim()}${note ? ` [${note}]` : ""}`;
    });
    const address = `${location.origin}${location.pathname}#${row.id}`;
    const text = this.say("citation", { name, figures: figures.join("; "), version: this.settings.version, address, today: today() });
    // The button has a name of its own, so the status tells those who don't see it.
    const said = (button.textContent = await copy(text, { done: this.say("cited"), refused: this.say("cite-refused") }));
    this.find("[data-said]").textContent = said;
    this.dataset.citation = text;
    setTimeout(() => {
      button.textContent = this.say("cite");
      this.find("[data-said]").textContent = "";
    }, 2000);
  }

  /** Arrow keys walk from figure to figure; a table is one stop of the Tab key. @param {KeyboardEvent} event */
  keydown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return; // the browser's own keys
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || (event.target instanceof HTMLInputElement && event.target.type !== "checkbox")) return;
    const cell = /** @type {HTMLTableCellElement | null} */ (document.activeElement?.closest("td, th")) ?? null;
    const row = /** @type {HTMLTableRowElement | null | undefined} */ (cell?.closest("tbody tr"));
    const rows = this.body.rows;
    const y = row ? [...rows].indexOf(row) + step[0] : 0;
    const x = row && cell ? cell.cellIndex + step[1] : 1;
    const next = rows[y]?.cells[x];
    if (!next) return;
    event.preventDefault();
    focusOn(next);
  }
}

/** What is in the cell, or the cell. @param {HTMLTableCellElement} cell */
function focusOn(cell) {
  const target = /** @type {HTMLElement} */ (cell.querySelector("data, a, input") ?? cell);
  if (!target.matches("a, input")) target.tabIndex = -1;
  target.focus();
}

/** The rows of another static page, their figures as those of this one. @param {string} href */
async function rowsOf(href) {
  const response = await fetch(ofThisEdition(href));
  const page = new DOMParser().parseFromString(response.ok ? await response.text() : "", "text/html");
  const body = page.querySelector("data-table tbody");
  if (!body) throw new Error(`no rows at ${href}: ${response.status}`);
  dispatchEvent(new CustomEvent("figures", { detail: page }));
  return /** @type {HTMLTableSectionElement} */ (document.importNode(body, true)).rows;
}

/** A cell's words, without its tools. @param {HTMLTableCellElement} cell */
function wordsOf(cell) {
  const words = [...cell.childNodes].filter((node) => !(node instanceof HTMLElement && node.matches(TOOLS)));
  return words.map((node) => node.textContent).join("").trim();
}

/** One spelling for search: width, case and accents don't matter. @param {string} text */
function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

customElements.define("data-table", DataTable);

// The workloads of a portfolio as cards. The list itself is the JSON in the text area; keys that the cards do not know
// stay as they are.

/** @typedef {Record<string, unknown>} Workload */
/** @typedef {{ uid: string, words: Record<string, string>, labels: Record<string, string>,
 *   choices: Record<string, [string, string][]> }} Words */

export const MOST = 8;
const KEYS = ["id", "requests_per_month", "tokens_per_month", "isl", "osl", "data_class", "offline", "allowed_tiers"];
const SAME_LOAD = { tokens_per_month: "requests_per_month", requests_per_month: "tokens_per_month" };

/** @param {string} text @returns {Workload[] | null} null: no list */
export function workloadsOf(text) {
  try {
    const found = JSON.parse(text);
    return Array.isArray(found) && found.every((one) => one && typeof one === "object" && !Array.isArray(one)) ? found : null;
  } catch {
    return null;
  }
}

/** A number with its digits grouped, as it may also be typed. @param {unknown} value */
const shown = (value) => (typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 12 }) : typeof value === "string" ? value : "");

/**
 * The cards and the button below them; pure, so that they stand in the page before any script.
 * @param {Document} document @param {Workload[]} list @param {Words} view
 */
export function workloadCards(document, list, { uid, words, labels, choices }) {
  const make = (/** @type {string} */ tag, /** @type {Record<string, string>} */ attributes, /** @type {(Node | string)[]} */ ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  /** @type {Record<string, string>} */
  const label = { ...labels, id: words["workload-name"], requests_per_month: words["workload-requests"], tokens_per_month: words["workload-tokens"] };
  const cards = list.map((one, i) => {
    const fields = KEYS.map((key) => {
      const id = `${uid}-workload-${i}-${key}`;
      const common = { id, name: `workloads[${i}].${key}`, "data-key": key };
      if (key === "allowed_tiers") {
        const on = Array.isArray(one[key]) ? one[key] : [];
        const boxes = choices[key].map(([value, text]) => make("label", { class: "calculator-check" },
          make("input", { type: "checkbox", name: common.name, "data-key": key, value, ...(on.includes(value) ? { checked: "" } : {}) }), ` ${text}`));
        return make("div", { class: "calculator-wide", role: "group", "aria-label": label[key] }, make("span", {}, label[key]), ...boxes);
      }
      if (key === "offline") return make("label", { class: "calculator-check calculator-wide" }, make("input", { ...common, type: "checkbox", ...(one[key] === true ? { checked: "" } : {}) }), ` ${label[key]}`);
      if (key === "data_class") {
        const options = [["", words["workload-shared"]], ...choices[key]].map(([value, text]) => make("option", { value, ...(value === (one[key] ?? "") ? { selected: "" } : {}) }, text));
        return make("div", {}, make("label", { for: id }, label[key]), make("select", common, ...options));
      }
      const input = make("input", { ...common, type: "text", autocomplete: "off", value: shown(one[key]), ...(key === "id" ? {} : { inputmode: "decimal", placeholder: words["workload-shared"] }) });
      return make("div", {}, make("label", { for: id }, label[key]), input);
    });
    const others = Object.entries(one).filter(([key]) => !KEYS.includes(key)).map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
    const number = String(i + 1), name = String(one.id ?? number);
    return make("fieldset", { class: "calculator-workload", "data-workload": String(i) },
      make("legend", {}, words.workload.replace("{n}", number)),
      ...fields,
      ...(others.length ? [make("p", { class: "calculator-help calculator-wide" }, words["workload-others"].replace("{list}", others.join(", ")))] : []),
      make("p", { class: "calculator-error calculator-wide", role: "alert", hidden: "" }),
      make("button", { type: "button", name: "remove-workload", value: String(i), ...(list.length === 1 ? { disabled: "" } : {}) }, words["workload-remove"].replace("{name}", name)));
  });
  const add = make("button", { type: "button", name: "add-workload", ...(list.length >= MOST ? { disabled: "" } : {}) }, words["workload-add"]);
  return [...cards, add];
}

export class Workloads {
  /** @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {Words} view */
  constructor(box, area, view) {
    this.box = box;
    this.area = area;
    this.view = view;
    this.text = area.value;
    box.addEventListener("input", (event) => this.input(/** @type {HTMLInputElement} */ (event.target)));
    box.addEventListener("click", (event) => this.clicked(event));
  }

  /** The cards follow the text, unless they wrote it. */
  follow() {
    const list = this.text === this.area.value ? null : workloadsOf(this.area.value);
    if (!list) return;
    this.text = this.area.value;
    this.box.replaceChildren(...workloadCards(document, list, this.view));
  }

  /** @param {Workload[]} list */
  write(list) {
    this.text = this.area.value = JSON.stringify(list);
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {HTMLInputElement} control */
  input(control) {
    const key = control.dataset.key;
    const list = workloadsOf(this.area.value);
    const card = /** @type {HTMLElement | null} */ (control.closest("[data-workload]"));
    if (!key || !list || !card) return;
    const one = list[Number(card.dataset.workload)];
    const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (card.querySelectorAll(`[data-key=${key}]`));
    /** @type {unknown} */
    let value = control.value.trim();
    if (key === "allowed_tiers") value = [...boxes].filter(({ checked }) => checked).map((one) => one.value);
    if (key === "offline") value = control.checked;
    if (value === "" || value === false || (Array.isArray(value) && !value.length)) delete one[key];
    else one[key] = value;
    const other = SAME_LOAD[/** @type {keyof typeof SAME_LOAD} */ (key)];
    if (other && value !== "") {
      delete one[other];
      /** @type {HTMLInputElement} */ (card.querySelector(`[data-key=${other}]`)).value = "";
    }
    this.write(list);
  }

  /** @param {MouseEvent} event */
  clicked({ target }) {
    const button = target instanceof Element ? /** @type {HTMLButtonElement | null} */ (target.closest("button")) : null;
    const list = workloadsOf(this.area.value);
    if (!button || !list) return;
    let place = Number(button.value);
    if (button.name === "add-workload") {
      let n = list.length + 1;
      const name = () => this.view.words["workload-new"].replace("{n}", String(n));
      while (list.some(({ id }) => id === name())) n++;
      place = list.push({ id: name() }) - 1;
    } else list.splice(place, 1);
    this.box.replaceChildren(...workloadCards(document, list, this.view));
    this.write(list);
    // The keyboard goes on in the new card, or beside the one that is gone.
    const cards = this.box.querySelectorAll("[data-workload]");
    /** @type {HTMLInputElement} */ (cards[Math.min(place, cards.length - 1)].querySelector("[data-key=id]")).select();
  }
}

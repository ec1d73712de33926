// The controls of a calculator: one text a parameter, whatever the control; marks of what was changed; errors at fields.

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

export class Form {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<string, Control[]>} parameter id -> its controls; several are boxes of a list */
    this.controls = new Map();
    const found = /** @type {NodeListOf<Control>} */ (root.querySelectorAll("[data-control] [name]:not(button, [data-key])"));
    for (const control of found) this.controls.set(control.name, [...(this.controls.get(control.name) ?? []), control]);
    /** What the page was built with. */
    this.first = new Map([...this.controls.keys()].map((name) => [name, this.get(name)]));
  }

  /** The value as the engine and the address take it. @param {string} name */
  get(name) {
    const [control] = this.controls.get(name) ?? [];
    if (!control) return "";
    if (control.type !== "checkbox") return control.value.trim();
    if (!control.hasAttribute("value")) return String(/** @type {HTMLInputElement} */ (control).checked);
    const boxes = /** @type {HTMLInputElement[]} */ (this.controls.get(name));
    return boxes.filter(({ checked }) => checked).map(({ value }) => value).join(",") || "[]";
  }

  /** @param {string} name @param {string} text */
  set(name, text) {
    const controls = this.controls.get(name);
    if (!controls || this.get(name) === text) return;
    const [control] = controls;
    if (control.type === "checkbox") {
      const boxes = /** @type {HTMLInputElement[]} */ (controls);
      const chosen = control.hasAttribute("value") ? listOf(text) : text === "true" ? ["on"] : [];
      for (const box of boxes) box.checked = chosen.includes(box.value);
    } else if (control instanceof HTMLSelectElement) {
      if (![...control.options].some(({ value }) => value === text)) control.add(new Option(text, text));
      control.value = text;
    } else {
      if (control.type === "range" && Number(text) > Number(/** @type {HTMLInputElement} */ (control).max)) control.setAttribute("max", text);
      control.value = control.type === "text" && text.startsWith("[\"") ? listOf(text).join(",") : text;
    }
  }

  /** @param {string} name */
  has(name) {
    return this.controls.has(name);
  }

  /** Whether somebody is about to type into an empty field. @param {string} name */
  emptied(name) {
    return this.get(name) === "" && this.controls.get(name)?.[0] === document.activeElement;
  }

  /** @param {boolean} on */
  enable(on) {
    const sets = /** @type {NodeListOf<HTMLFieldSetElement>} */ (this.root.querySelectorAll(":scope > form fieldset:not([data-workload])"));
    for (const set of sets) set.disabled = !on;
  }

  /** Marks what differs from the case's defaults. @param {Record<string, string>} changes */
  mark(changes) {
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("[data-control]"))) {
      const changed = (box.dataset.control ?? "") in changes;
      box.toggleAttribute("data-changed", changed);
      /** @type {HTMLElement} */ (box.querySelector("button[name=default]")).hidden = !changed;
    }
  }

  /** The value in words, beside its control; a slider has no other place to say it. @param {string} name @param {string} note */
  note(name, note) {
    const place = this.root.querySelector(`[data-used="${name}"]`);
    const control = this.controls.get(name)?.[0];
    if (place) place.textContent = note || (control?.type === "range" ? control.value : "");
  }

  clearErrors() {
    for (const note of this.root.querySelectorAll(".calculator-error")) {
      note.textContent = "";
      /** @type {HTMLElement} */ (note).hidden = true;
    }
    for (const control of this.root.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  }

  /** Puts a sentence at its field, opened to view. Returns whether there is such a field. @param {string} field @param {string} text */
  error(field, text) {
    const [name] = field.split(/[.[]/);
    const control = /** @type {Control | null} */ (this.root.querySelector(`[name="${CSS.escape(field)}"]`)) ?? this.controls.get(name)?.[0];
    const note = /** @type {HTMLElement | null | undefined} */ (control?.closest("[data-control], [data-workload]")?.querySelector(".calculator-error"));
    if (!control || !note) return false;
    control.setAttribute("aria-invalid", "true");
    note.textContent = text;
    note.hidden = false;
    for (let box = note.closest("details"); box; box = box.parentElement?.closest("details") ?? null) box.open = true;
    return true;
  }
}

/** A list written as JSON or with commas. @param {string} text @returns {string[]} */
function listOf(text) {
  if (!text.startsWith("[")) return text ? text.split(",").map((one) => one.trim()) : [];
  try {
    return JSON.parse(text).map(String);
  } catch {
    return [];
  }
}

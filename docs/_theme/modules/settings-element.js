// What the elements of the device pages share: their settings and words come from a template inside them.

/**
 * @template {{ lang: string, words: Record<string, string> }} Settings
 */
export class SettingsElement extends HTMLElement {
  /** Read by readSettings(). @type {Settings} */
  settings = /** @type {any} */ (undefined);

  readSettings() {
    this.settings = JSON.parse(/** @type {HTMLTemplateElement} */ (this.find("template[data-settings]")).content.textContent ?? "{}");
  }

  /** @template {HTMLElement} [T=HTMLElement] @param {string} selector @returns {T} */
  find(selector) {
    const found = /** @type {T | null} */ (this.querySelector(selector));
    if (!found) throw new Error(`no ${selector} in <${this.localName}>`);
    return found;
  }

  /** @param {string} id @param {Record<string, string | number>} slots */
  say(id, slots = {}) {
    return this.settings.words[id].replace(/\{(\w+)\}/g, (_, slot) => String(slots[slot] ?? ""));
  }

  /** @param {string} text */
  status(text) {
    this.find("[data-status]").textContent = text;
  }
}

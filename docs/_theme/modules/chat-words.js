// The chat's sentences and figures in the page's language.

/**
 * @typedef {import("./demo-error.js").Slots} Slots
 * @typedef {{ code: string, slots: Slots }} Sentence an id of data/strings/chat.yml and what fills its slots
 */

export class Words {
  /** @param {Record<string, string>} strings of data/strings/chat.yml, by id */
  constructor(strings) {
    this.strings = strings;
  }

  /**
   * @param {string} code
   * @param {Slots} [slots] numbers that need a unit come ready-made; `…_bytes` become megabytes
   * @returns {string}
   */
  say(code, slots = {}) {
    const string = this.strings[code] ?? this.strings.unexpected;
    /** @type {Slots} */
    const filled = { detail: code, ...slots };
    return string.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = filled[name];
      if (value === undefined) return whole;
      if (typeof value !== "number") return value;
      return name.endsWith("_bytes") ? this.megabytes(value) : this.number(value, 2);
    });
  }

  /**
   * @param {number} bytes
   * @returns {string}
   */
  megabytes(bytes) {
    return this.say("megabytes", { value: this.number(bytes / 1e6, 1) });
  }

  /**
   * @param {number} value
   * @param {number} digits after the point
   */
  number(value, digits) {
    const language = document.documentElement.lang || "en";
    return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  }
}

// What a reader takes away from a calculator: command line, CSV, JSON, memo.
import { memoPart } from "./answer-view.js";
import { copy, download } from "./take.js";

/** @typedef {import("./answer-types.js").Answer} Answer */
/** @typedef {Record<string, string>} Words */

/**
 * @param {string} command @param {string[]} presets @param {Record<string, string>} scenario @param {string} lang
 */
export function commandLine(command, presets, scenario, lang) {
  const quoted = (/** @type {string} */ text) => (/^[\w.:,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const parts = [...presets.map((id) => `--preset ${quoted(id)}`), ...Object.entries(scenario).map(([name, value]) => `--set ${quoted(`${name}=${value}`)}`)];
  return [".venv/bin/python -m calculators", command, ...parts, ...(lang === "ja" ? ["--lang ja"] : [])].join(" ");
}

/** Inputs and results as a table that a spreadsheet opens. @param {Answer} reply
 * @param {{ labels: Words, units: Words, view: { words: Words, names: Words } }} settings */
export function csv(reply, { labels, units, view: { words, names } }) {
  const cell = (/** @type {unknown} */ value) => {
    if (typeof value === "number") return String(value);
    const text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    // A spreadsheet would run what begins like a formula.
    return `"${(/^[=+@\t-]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  };
  const rows = [["csv-kind", "csv-id", "csv-label", "csv-value", "csv-unit", "csv-low", "csv-high"].map((id) => words[id])];
  const all = reply.used ?? reply.inputs;
  /** @type {unknown[][]} */
  const lines = Object.entries(all).map(([id, { value }]) => [words["csv-input"], id, labels[id], value, units[id], "", ""]);
  for (const [id, { value, unit, low, high }] of Object.entries(reply.results)) lines.push([words["csv-result"], id, names[id], value, unit, low, high]);
  return `\uFEFF${[...rows, ...lines].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Says whether it worked. @param {HTMLElement} place @param {string} text @param {Words} words */
export async function copyAndSay(place, text, words) {
  place.textContent = await copy(text, { done: words.copied, refused: words["copy-failed"].replace("{text}", text) });
}

/** The memo in a dialog; it lies below <body> while it is open, so that it can be printed alone. */
export class Memo {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {{ words: Words, lang: string, command: string }} settings
   * @param {(lang: string) => Promise<Answer["memo"] | null>} ask
   */
  constructor(dialog, { words, lang, command }, ask) {
    this.dialog = dialog;
    this.words = words;
    this.ask = ask;
    this.file = `${command}-memo`;
    /** @type {Answer["memo"] | null} */
    this.memo = null;
    this.choice.value = lang;
    this.choice.addEventListener("change", () => void this.fill());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", ({ target }) => {
      const { name } = /** @type {HTMLButtonElement} */ (target);
      if (!this.memo) return;
      if (name === "copy-memo") void copyAndSay(this.said, this.memo.markdown, words);
      if (name === "download-memo") download(`${this.file}.md`, "text/markdown", this.memo.markdown);
      if (name === "print-memo") print();
    });
    dialog.remove();
  }

  get choice() {
    return /** @type {HTMLSelectElement} */ (this.dialog.querySelector("[name=memo-language]"));
  }

  get said() {
    return /** @type {HTMLElement} */ (this.dialog.querySelector("[data-memo-said]"));
  }

  async open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    await this.fill();
  }

  async fill() {
    const lang = this.choice.value;
    const place = /** @type {HTMLElement} */ (this.dialog.querySelector("[data-memo]"));
    this.said.textContent = this.words.computing;
    const memo = await this.ask(lang);
    if (lang !== this.choice.value) return; // a newer choice is on its way
    this.said.textContent = memo ? "" : this.words.refused;
    this.memo = memo;
    place.lang = lang;
    place.replaceChildren(...(memo ? memoPart(document, memo) : []));
  }
}

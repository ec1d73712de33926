// The figures of the chat, each in its <output>, and how full the model's memory of the conversation is.

/**
 * @typedef {import("./chat-session.js").Figure} Figure
 * @typedef {import("./chat-words.js").Words} Words
 * @type {Partial<Record<Figure, (value: number, words: Words) => string>>}
 */
const FORMATS = {
  backend: (value, words) => words.say(`backend_${value}`),
  adapter: (value) => String(value),
  threads: (value, words) => words.number(value, 0),
  bytes_downloaded: (value, words) => words.megabytes(value),
  memory_bytes: (value, words) => words.megabytes(value),
  load_ms: (value, words) => words.say("seconds", { value: words.number(value / 1000, 1) }),
  ttft_ms: (value, words) => words.say("seconds", { value: words.number(value / 1000, 2) }),
  decode_tokens_per_second: (value, words) => words.say("tokens_per_second", { value: words.number(value, 1) }),
  requests_since_ready: (value, words) => words.number(value, 0),
};

/**
 * @param {HTMLElement} chat
 * @param {Partial<Record<Figure, string | number>>} figures
 * @param {Words} words
 */
export function showFigures(chat, figures, words) {
  for (const [name, format] of Object.entries(FORMATS)) {
    const value = figures[/** @type {Figure} */ (name)];
    const output = /** @type {HTMLElement} */ (chat.querySelector(`output[name=${name}]`));
    const unknown = name === "adapter" && figures.backend === "wasm" ? "no_adapter" : "unknown";
    const text = value === undefined ? words.say(unknown) : format(/** @type {number} */ (value), words);
    if (output.textContent !== text) output.textContent = text;
    if (value === undefined) delete output.dataset.value;
    else output.dataset.value = String(value);
  }
  const { context_used: used = 0, context_tokens: total } = /** @type {Record<string, number>} */ (figures);
  const meter = /** @type {HTMLElement} */ (chat.querySelector("[data-context]"));
  meter.hidden = !total;
  if (!total) return;
  const bar = /** @type {HTMLMeterElement} */ (meter.querySelector("meter"));
  [bar.max, bar.high, bar.value] = [total, total * 0.85, used];
  const text = words.say("context_of", { used: words.number(used, 0), total: words.number(total, 0) });
  /** @type {HTMLElement} */ (meter.querySelector("output")).textContent = text;
}

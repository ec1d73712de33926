// How the next reply is drawn: temperature and seed.

/**
 * @param {HTMLFieldSetElement} fields
 * @param {{ temperature: number, seed: number }} settings takes what is typed, as far as it is allowed
 * @param {import("./chat-words.js").Words} words
 * @param {AbortSignal} signal ends its listeners
 */
export function listenToSettings(fields, settings, words, signal) {
  const [temperature, seed] = ["temperature", "seed"].map((name) => /** @type {HTMLInputElement} */ (fields.elements.namedItem(name)));
  const shown = /** @type {HTMLElement} */ (fields.querySelector("output"));
  const bad = /** @type {HTMLElement} */ (fields.querySelector("[data-bad]"));
  const show = () => {
    shown.textContent = words.number(settings.temperature, 1);
    // The seed chooses among words only where there is a choice.
    seed.disabled = settings.temperature === 0;
  };
  temperature.value = String(settings.temperature);
  seed.value = String(settings.seed);
  fields.disabled = false;
  temperature.addEventListener("input", () => { settings.temperature = temperature.valueAsNumber; show(); }, { signal });
  seed.addEventListener("input", () => {
    const valid = seed.value !== "" && seed.checkValidity();
    if (valid) settings.seed = seed.valueAsNumber;
    bad.textContent = valid ? "" : words.say("bad_seed", { used: String(settings.seed), max: seed.max });
    bad.hidden = valid;
  }, { signal });
  show();
}

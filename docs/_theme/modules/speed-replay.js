// <speed-replay>: shows a text at the speed at which a device once wrote. Needs neither WebGPU nor WebAssembly.
import { SettingsElement } from "./settings-element.js";

/** `speed`: mean tokens/s; `times`: of each token, ms since the request, where they were recorded.
 * @typedef {{ device: string, speed: number, times?: number[] }} Run */
/** @typedef {{ lang: string, words: Record<string, string>, tokens: string[], runs: Run[] }} Settings */

/** When each token is due, ms after the first one: as recorded, else evenly. A recording that is too short goes on at its mean.
 * @param {Run} run @param {number} count */
function dueTimes({ speed, times }, count) {
  const even = (/** @type {number} */ i) => (i * 1000) / speed;
  if (!times?.length) return Array.from({ length: count }, (_, i) => even(i));
  const last = times.length - 1;
  return Array.from({ length: count }, (_, i) => (i <= last ? times[i] - times[0] : times[last] - times[0] + even(i - last)));
}

/** @extends {SettingsElement<Settings>} */
class SpeedReplay extends SettingsElement {
  frame = 0;

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.readSettings();
    for (const button of this.querySelectorAll("button")) button.hidden = false;
    this.find("[data-live]").hidden = false;
    this.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.name === "play") this.play(this.settings.runs[Number(button.value)]);
      if (button?.name === "stop") this.end(this.say("stopped"));
    });
    this.dataset.state = "ready";
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.frame);
  }

  /** @param {Run} run */
  play(run) {
    const { tokens, lang } = this.settings, text = this.find("[data-text]");
    const due = dueTimes(run, tokens.length);
    const told = { device: run.device, tokens: String(tokens.length), seconds: (due[due.length - 1] / 1000).toLocaleString(lang, { maximumFractionDigits: 1 }) };
    cancelAnimationFrame(this.frame);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      text.textContent = tokens.join("");
      return this.end(this.say("still", told));
    }
    this.dataset.state = "computing";
    this.find("[name=stop]").toggleAttribute("disabled", false);
    this.status(this.say(run.times ? "playing-recorded" : "playing-even", told));
    text.textContent = "";
    const started = performance.now();
    let shown = 0;
    const step = () => {
      const spent = performance.now() - started;
      while (shown < tokens.length && due[shown] <= spent) text.append(tokens[shown++]);
      if (shown < tokens.length) this.frame = requestAnimationFrame(step);
      else this.end(this.say("ended", told));
    };
    step();
  }

  /** @param {string} told */
  end(told) {
    cancelAnimationFrame(this.frame);
    this.dataset.state = "ready";
    this.find("[name=stop]").toggleAttribute("disabled", true);
    this.status(told);
  }
}

customElements.define("speed-replay", SpeedReplay);

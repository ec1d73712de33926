// <on-device-chat>: talks to a small language model that runs in this tab. Enhances the HTML pre-rendered from
// docs/_theme/elements/on-device-chat.html; what it shows lives in chat-session.js and outlives a page change.
// Attributes: backend ("webgpu" or "wasm"; `?backend=` and `#?backend=` of the URL win), max-new-tokens.

import { session } from "./chat-session.js";

/**
 * @typedef {import("./chat-session.js").Sentence} Sentence
 * @typedef {import("./chat-session.js").Figure} Figure
 */

const DEFAULT_MAX_NEW_TOKENS = 256;
const LOW_MEMORY_GIB = 4;

class OnDeviceChat extends HTMLElement {
  /** @type {Record<string, string>} */ #strings = {};
  /** @type {AbortController | undefined} */ #connected;
  #listed = "";

  connectedCallback() {
    this.#strings = JSON.parse(/** @type {HTMLTemplateElement} */ (this.#find("template[data-strings]")).content.textContent ?? "{}");
    this.#connected = new AbortController();
    this.#listen(this.#connected.signal);
    this.#warnOfLowMemory();
    session.watch(this);
  }

  disconnectedCallback() {
    session.unwatch(this);
    this.#connected?.abort();
  }

  /** Shows the whole state of the session. */
  changed() {
    const { state, messages, progress } = session;
    this.dataset.state = state;
    this.setAttribute("aria-busy", String(state === "loading" || state === "computing"));
    const usable = state === "ready";
    const prompt = this.#find("textarea[name=prompt]", HTMLTextAreaElement);
    prompt.disabled = !(usable || state === "computing");
    if (session.unanswered) prompt.value ||= session.unanswered;
    session.unanswered = undefined;
    const load = this.#button("load");
    load.disabled = !(state === "static" || state === "error");
    load.hidden = !(state === "static" || state === "error" || state === "loading");
    this.#button("send").disabled = !usable;
    this.#button("stop").disabled = state !== "computing";
    this.#button("clear").disabled = !messages.length;
    for (const button of this.querySelectorAll("button[data-example]")) {
      /** @type {HTMLButtonElement} */ (button).disabled = !usable;
    }

    const bar = this.#find("progress", HTMLProgressElement);
    bar.hidden = state !== "loading";
    if (progress?.total) bar.value = progress.loaded / progress.total;
    else bar.removeAttribute("value");

    this.#showStatus();
    this.#show("[data-error]", session.error ? [session.error] : []);
    this.#show("[data-notices]", session.notices);
    this.#showConversation();
    this.#showFigures();
  }

  /** @param {string} text the newest piece of the reply */
  token(text) {
    const reply = this.#find("output[name=reply]");
    if (reply.lastChild instanceof Text) reply.lastChild.appendData(text);
    else reply.append(text);
    this.#showStatus();
    this.#showFigures();
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const prompt = this.#find("textarea[name=prompt]", HTMLTextAreaElement);
    this.#button("load").addEventListener("click", () => session.load(this.#forcedBackend()), { signal });
    this.#button("stop").addEventListener("click", () => session.stop(), { signal });
    this.#button("clear").addEventListener("click", () => { session.clear(); prompt.focus(); }, { signal });
    this.#find("form").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); }, { signal });
    prompt.addEventListener("keydown", (event) => {
      // While an input method composes, Enter picks a candidate; Safari reports that key as code 229 only.
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || composing) return;
      event.preventDefault();
      this.#send();
    }, { signal });
    for (const button of this.querySelectorAll("button[data-example]")) {
      button.addEventListener("click", () => {
        prompt.value = button.textContent?.trim() ?? "";
        prompt.focus();
      }, { signal });
    }
  }

  #send() {
    const prompt = this.#find("textarea[name=prompt]", HTMLTextAreaElement);
    const text = prompt.value.trim();
    if (!text || session.state !== "ready") return;
    prompt.value = "";
    const limit = Number.parseInt(this.getAttribute("max-new-tokens") ?? "", 10);
    session.send(text, limit > 0 ? limit : DEFAULT_MAX_NEW_TOKENS);
  }

  /** @returns {"wasm" | "webgpu" | undefined} */
  #forcedBackend() {
    const fragment = new URLSearchParams(location.hash.startsWith("#?") ? location.hash.slice(2) : "");
    const asked = fragment.get("backend") ?? new URLSearchParams(location.search).get("backend") ?? this.getAttribute("backend");
    return asked === "wasm" || asked === "webgpu" ? asked : undefined;
  }

  #warnOfLowMemory() {
    const { deviceMemory } = /** @type {{ deviceMemory?: number }} */ (navigator);
    const warning = this.#find("[data-low-memory]");
    if (deviceMemory === undefined || deviceMemory >= LOW_MEMORY_GIB) return;
    warning.textContent = this.#text({ code: "low_memory", slots: { gib: this.#number(deviceMemory, 2) } });
    warning.hidden = false;
  }

  #showStatus() {
    const { status, progress } = session;
    /** @type {Record<string, string>} */
    const slots = progress ? { loaded: this.#megabytes(progress.loaded), total: this.#megabytes(progress.total) } : {};
    const code = status?.code === "downloading" && progress ? "downloading_of" : status?.code;
    const line = code ? this.#text({ code, slots: { ...status?.slots, ...slots } }) : "";
    const element = this.#find("[data-status]");
    if (element.textContent !== line) element.textContent = line;
  }

  /**
   * @param {string} selector
   * @param {Sentence[]} sentences
   */
  #show(selector, sentences) {
    const element = this.#find(selector);
    const text = sentences.map((sentence) => this.#text(sentence)).join(" ");
    if (element.textContent !== text) element.textContent = text;
    element.hidden = !text;
  }

  /** The list holds what was said before; the newest reply stands in the output until the next question. */
  #showConversation() {
    const { messages } = session;
    const last = messages.at(-1);
    const earlier = last?.role === "assistant" ? messages.slice(0, -1) : messages;
    const list = this.#find("[data-conversation]");
    const key = JSON.stringify(earlier);
    if (key !== this.#listed) {
      this.#listed = key;
      list.replaceChildren(...earlier.map(({ role, content }) => this.#turn(role, content)));
    }
    list.hidden = !earlier.length;
    const reply = this.#find("output[name=reply]");
    const text = last?.role === "assistant" ? last.content : "";
    if (reply.textContent !== text) reply.textContent = text;
    this.#find("[data-reply]").hidden = !messages.length;
  }

  /**
   * @param {string} role
   * @param {string} content
   */
  #turn(role, content) {
    const item = document.createElement("li");
    item.dataset.role = role;
    const who = document.createElement("span");
    who.className = "chat-who";
    who.textContent = this.#text({ code: role === "user" ? "you" : "model_says", slots: {} });
    const text = document.createElement("p");
    text.className = "chat-text";
    text.textContent = content;
    item.append(who, text);
    return item;
  }

  #showFigures() {
    const { figures } = session;
    /** @type {Record<Figure, (value: number) => string>} */
    const formats = {
      backend: () => this.#text({ code: `backend_${figures.backend}`, slots: {} }),
      bytes_downloaded: (value) => this.#megabytes(value),
      load_ms: (value) => this.#text({ code: "seconds", slots: { value: this.#number(value / 1000, 1) } }),
      ttft_ms: (value) => this.#text({ code: "seconds", slots: { value: this.#number(value / 1000, 2) } }),
      decode_tokens_per_second: (value) => this.#text({ code: "tokens_per_second", slots: { value: this.#number(value, 1) } }),
      requests_since_ready: (value) => this.#number(value, 0),
    };
    for (const name of /** @type {Figure[]} */ (Object.keys(formats))) {
      const value = figures[name];
      const output = this.#find(`output[name=${name}]`);
      const text = value === undefined ? this.#text({ code: "unknown", slots: {} }) : formats[name](Number(value));
      if (output.textContent !== text) output.textContent = text;
      if (value === undefined) delete output.dataset.value;
      else output.dataset.value = String(value);
    }
  }

  /** @param {Sentence} sentence */
  #text({ code, slots }) {
    const string = this.#strings[code] ?? this.#strings.unexpected;
    const filled = { detail: code, ...slots };
    return string.replace(/\{(\w+)\}/g, (whole, name) => String(filled[/** @type {keyof typeof filled} */ (name)] ?? whole));
  }

  /** @param {number} bytes */
  #megabytes(bytes) {
    return this.#text({ code: "megabytes", slots: { value: this.#number(bytes / 1e6, 1) } });
  }

  /**
   * @param {number} value
   * @param {number} digits after the point
   */
  #number(value, digits) {
    const language = document.documentElement.lang || "en";
    return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  }

  /** @param {string} name */
  #button(name) {
    return this.#find(`button[name=${name}]`, HTMLButtonElement);
  }

  /**
   * @template {HTMLElement} [T=HTMLElement]
   * @param {string} selector
   * @param {new () => T} [type]
   * @returns {T}
   */
  #find(selector, type) {
    const element = this.querySelector(selector);
    if (element instanceof (type ?? HTMLElement)) return /** @type {T} */ (element);
    throw new Error(`<on-device-chat> has no ${selector}`);
  }
}

customElements.define("on-device-chat", OnDeviceChat);

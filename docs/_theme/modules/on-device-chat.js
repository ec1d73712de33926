// <on-device-chat>: talks to a small language model that runs in this tab. Enhances the HTML pre-rendered from
// docs/_theme/elements/on-device-chat.html; what it shows lives in chat-session.js and outlives a page change.
// Attributes: backend ("webgpu" or "wasm"; `?backend=` and `#?backend=` of the URL win), max-new-tokens; hub: it talks to
// a larger model that <model-verdicts> loads, and has no button for the demo's own.

import { viewOf } from "./address.js";
import { showFigures } from "./chat-figures.js";
import { session } from "./chat-session.js";
import { listenToSettings } from "./chat-settings.js";
import { StoragePanel } from "./chat-storage.js";
import { nameCopy, showMarkdown, showTurns, transcript } from "./chat-turns.js";
import { Words } from "./chat-words.js";
import { bytesToDownload, filesFor, sizeOf } from "./model-files.js";
import { HUB_STORE, OWN_STORE } from "./model-store.js";
import { copy } from "./take.js";

const DEFAULT_MAX_NEW_TOKENS = 256;
const LOW_MEMORY_GIB = 4;

class OnDeviceChat extends HTMLElement {
  #words = new Words({});
  /** @type {AbortController | undefined} */ #connected;
  /** @type {StoragePanel | undefined} */ #storage;
  /** @type {string | undefined} */ #looked;
  #listed = "";

  get #hub() {
    return this.hasAttribute("hub");
  }

  connectedCallback() {
    this.#words = new Words(JSON.parse(this.#find("template[data-strings]", HTMLTemplateElement).content.textContent ?? "{}"));
    this.#connected = new AbortController();
    const { signal } = this.#connected;
    this.#storage = new StoragePanel(this.#find("[data-storage]"), this.#words, signal, () => void this.#labelLoad(),
      this.#hub ? HUB_STORE : OWN_STORE);
    this.#listen(signal);
    this.#warnOfLowMemory();
    session.watch(this);
  }

  disconnectedCallback() {
    session.unwatch(this);
    this.#connected?.abort();
  }

  /** Shows the whole state of the session. */
  changed() {
    const { state, turns } = session;
    const focused = document.activeElement;
    this.dataset.state = state;
    this.setAttribute("aria-busy", String(state === "loading" || state === "computing"));
    const loadable = (state === "static" || state === "error") && !this.#hub;
    this.#show("load", loadable);
    this.#show("load_unstored", loadable && session.error?.code === "storage_short");
    this.#show("cancel", state === "loading", session.status?.code !== "canceling");
    this.#show("retry", session.unanswered && state !== "static" && state !== "error", state === "ready");
    this.#show("copy_all", turns.length > 0);
    this.#button("send").disabled = state !== "ready";
    this.#button("stop").disabled = state !== "computing";
    this.#button("clear").disabled = !turns.length;
    this.#takeBack();
    if (this.#looked !== state && state !== "loading" && state !== "computing") {
      void this.#storage?.show();
      void this.#labelLoad();
    }
    this.#looked = state;
    this.#showStatus();
    this.#say("[data-error]", session.error ? [session.error] : []);
    this.#say("[data-notices]", session.notices);
    this.#showConversation();
    showFigures(this, session.figures, this.#words);
    if (focused instanceof HTMLButtonElement && this.contains(focused) && (focused.hidden || focused.disabled)) this.#next().focus();
  }

  /** What the keyboard goes on with when the pressed button is gone. */
  #next() {
    const names = { loading: "cancel", computing: "stop", static: "load", error: "load", ready: "" };
    const button = this.querySelector(`button[name="${names[session.state]}"]:enabled`);
    return button instanceof HTMLElement ? button : this.#find("textarea[name=prompt]");
  }

  /** Shows that the reply has grown. */
  token() {
    showMarkdown(this.#find("output[name=reply]"), session.turns.at(-1)?.content ?? "");
    this.#showStatus();
    showFigures(this, session.figures, this.#words);
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const prompt = this.#find("textarea[name=prompt]", HTMLTextAreaElement);
    prompt.disabled = false;
    prompt.value ||= session.draft;
    prompt.addEventListener("input", () => { session.draft = prompt.value; session.keep(); }, { signal });
    /** @type {Record<string, () => void>} */
    const actions = {
      load: () => void session.load(this.#forcedBackend()),
      load_unstored: () => void session.load(this.#forcedBackend(), { store: false }),
      cancel: () => session.cancel(),
      stop: () => session.stop(),
      retry: () => session.retry(),
      clear: () => { session.clear(); prompt.focus(); },
      copy_all: () => void this.#copy(transcript(session.turns, this.#words), this.#button("copy_all")),
    };
    for (const [name, action] of Object.entries(actions)) this.#button(name).addEventListener("click", action, { signal });
    this.#find("form").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); }, { signal });
    prompt.addEventListener("keydown", (event) => {
      // While an input method composes, Enter picks a candidate; Safari reports that key as code 229 only.
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || composing) return;
      event.preventDefault();
      this.#send();
    }, { signal });
    for (const button of this.querySelectorAll("button[data-example]")) {
      if (!(button instanceof HTMLButtonElement)) continue;
      button.disabled = false;
      button.addEventListener("click", () => {
        this.#fill(button.dataset.example ?? "");
        prompt.focus();
      }, { signal });
    }
    this.addEventListener("click", ({ target }) => {
      const button = target instanceof HTMLButtonElement && "copy" in target.dataset ? target : undefined;
      const item = button?.closest("li");
      const place = item ? [...this.#find("[data-conversation]").children].indexOf(item) : session.turns.length - 1;
      if (button) void this.#copy(session.turns[place]?.content ?? "", button);
    }, { signal });
    listenToSettings(this.#find("[data-settings]", HTMLFieldSetElement), session.settings, this.#words, signal);
  }

  #send() {
    const prompt = this.#find("textarea[name=prompt]", HTMLTextAreaElement);
    const text = prompt.value.trim();
    if (session.state === "static") this.#say("[data-notices]", [{ code: this.#hub ? "hub_not_ready" : "not_ready", slots: {} }]);
    if (!text || session.state !== "ready") return;
    this.#fill("");
    const limit = Number.parseInt(this.getAttribute("max-new-tokens") ?? "", 10);
    session.send(text, limit > 0 ? limit : DEFAULT_MAX_NEW_TOKENS);
  }

  /** A question that cannot be asked as it is returns to the field, before what was typed meanwhile. */
  #takeBack() {
    if (session.returned === undefined) return;
    const { value } = this.#find("textarea[name=prompt]", HTMLTextAreaElement);
    this.#fill([session.returned, value].filter(Boolean).join("\n"));
    session.returned = undefined;
  }

  /** @param {string} text what stands in the field from now on */
  #fill(text) {
    this.#find("textarea[name=prompt]", HTMLTextAreaElement).value = session.draft = text;
    session.keep();
  }

  /**
   * @param {string} text
   * @param {HTMLButtonElement} button says for a moment how it went; so does the status, which is read out
   */
  async #copy(text, button) {
    const said = await copy(text, { done: this.#words.say("copied"), refused: this.#words.say("copy_failed") });
    button.textContent = this.#find("[data-status]").textContent = said;
    setTimeout(() => {
      button.textContent = this.#words.say(button.name === "copy_all" ? "copy_all" : "copy");
      this.#showStatus();
    }, 2_000);
  }

  /** @returns {"wasm" | "webgpu" | undefined} */
  #forcedBackend() {
    const asked = viewOf().get("backend") ?? new URLSearchParams(location.search).get("backend") ?? this.getAttribute("backend");
    return asked === "wasm" || asked === "webgpu" ? asked : undefined;
  }

  /** The button says what pressing it would download. */
  async #labelLoad() {
    const backend = this.#forcedBackend() ?? "wasm";
    const [missing, whole] = [await bytesToDownload(backend), sizeOf(filesFor(backend))];
    const code = missing === 0 ? "load_stored" : missing < whole ? "load_rest" : "load";
    this.#button("load").textContent = this.#words.say(code, { size: this.#words.megabytes(missing) });
    this.#button("load_unstored").textContent = this.#words.say("load_unstored", { size: this.#words.megabytes(whole) });
  }

  #warnOfLowMemory() {
    const { deviceMemory } = /** @type {{ deviceMemory?: number }} */ (navigator);
    if (deviceMemory !== undefined && deviceMemory < LOW_MEMORY_GIB) {
      this.#say("[data-low-memory]", [{ code: "low_memory", slots: { gib: deviceMemory } }]);
    }
  }

  #showStatus() {
    const { status, progress } = session;
    const known = progress && (status?.code === "downloading" || (status?.code === "prefill" && progress.total > 0));
    const amount = (/** @type {number} */ n) => (status?.code === "prefill" ? this.#words.number(n, 0) : this.#words.megabytes(n));
    /** @type {import("./demo-error.js").Slots} */
    const slots = known ? { loaded: amount(progress.loaded), total: amount(progress.total) } : {};
    const line = status ? this.#words.say(known ? `${status.code}_of` : status.code, { ...status.slots, ...slots }) : "";
    const element = this.#find("[data-status]");
    if (element.textContent !== line) element.textContent = line;
    const bar = this.#find("progress", HTMLProgressElement);
    bar.hidden = session.state !== "loading";
    if (progress?.total) bar.value = progress.loaded / progress.total;
    else bar.removeAttribute("value");
  }

  /**
   * @param {string} selector
   * @param {import("./chat-words.js").Sentence[]} sentences
   */
  #say(selector, sentences) {
    const element = this.#find(selector);
    const text = sentences.map(({ code, slots }) => this.#words.say(code, slots)).join("\n");
    if (element.textContent !== text) element.textContent = text;
    element.hidden = !text;
  }

  /** The list holds what was said before; the newest reply stands in the output until the next question. */
  #showConversation() {
    const { turns } = session;
    const last = turns.at(-1);
    const reply = last?.role === "assistant" ? last : undefined;
    const earlier = reply ? turns.slice(0, -1) : turns;
    const list = this.#find("[data-conversation]");
    const key = JSON.stringify(earlier);
    if (key !== this.#listed) {
      this.#listed = key;
      showTurns(list, earlier, this.#words);
    }
    list.hidden = !earlier.length;
    showMarkdown(this.#find("output[name=reply]"), reply?.content ?? "");
    const shown = this.#find("[data-reply]");
    shown.hidden = !reply;
    const copy = /** @type {HTMLButtonElement} */ (shown.querySelector("[data-copy]"));
    copy.hidden = copy.disabled = !reply?.content || session.state === "computing";
    if (!copy.hidden) nameCopy(copy, reply?.content ?? "", this.#words);
  }

  /**
   * @param {string} name of a button
   * @param {boolean} shown
   * @param {boolean} [enabled]
   */
  #show(name, shown, enabled = true) {
    const button = this.#button(name);
    button.hidden = !shown;
    button.disabled = !shown || !enabled;
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

// <keep-book>: keeps the pages of one or both languages, with everything they need, for reading without a network; shows what
// is kept and its size, removes it, and turns the service worker off.
import { OWN_STORE, storedSizes } from "./model-store.js";
import { ask, start, stop } from "./offline-start.js";
import { build, remember, wanted } from "./offline-wanted.js";
import { SettingsElement } from "./settings-element.js";
import { siteRoot } from "./worker-start.js";

/** @typedef {import("./offline-types").Contents} Contents */
/** @typedef {import("./offline-types").Kept} Kept */
/** @typedef {{ lang: string, words: Record<string, string> }} Settings */

const AT_ONCE = 4;
/** How a title writes what HTML writes otherwise. @type {Record<string, string>} */
const SIGNS = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** @extends {SettingsElement<Settings>} */
class KeepBook extends SettingsElement {
  /** @type {ServiceWorker | undefined} */
  worker;
  /** @type {AbortController | undefined} ends the keeping that goes on */
  going;

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.readSettings();
    this.addEventListener("click", ({ target }) => this.clicked(target));
    this.addEventListener("change", ({ target }) => this.changed(/** @type {HTMLInputElement} */ (target)));
    this.showMissing();
    void this.begin();
  }

  disconnectedCallback() {
    this.going?.abort();
  }

  /** The page that the service worker had not, in whose place it showed this one. */
  showMissing() {
    const missing = new URLSearchParams(location.search).get("missing");
    const url = missing !== null && URL.canParse(missing, siteRoot) ? new URL(missing, siteRoot) : undefined;
    if (!url?.href.startsWith(siteRoot.href)) return;
    this.find("[data-missing]").hidden = false;
    this.find("[data-missing-text]").textContent = this.say("missing", { page: url.pathname });
    this.find("[data-missing-link]").setAttribute("href", url.href);
  }

  async begin() {
    this.dataset.state = "loading";
    const unable = (/** @type {string} */ text) => {
      this.find("[data-unable]").hidden = !text;
      this.find("[data-unable]").textContent = text;
      this.find("[data-live]").hidden = true;
    };
    this.find("[data-switch]").hidden = !navigator.serviceWorker;
    this.field("offline").checked = wanted();
    try {
      if (!navigator.serviceWorker) unable(this.say("unsupported"));
      else if (!build) unable(this.say("draft"));
      else if (!wanted()) unable(this.say("turned-off"));
      else {
        this.worker = await start();
        unable("");
        this.find("[data-live]").hidden = false;
        await this.show();
      }
    } catch (error) {
      unable(this.say("refused", { reason: error instanceof Error ? error.message : String(error) }));
    }
    this.dataset.state = "ready";
  }

  /** @param {string} name @returns {HTMLInputElement} */
  field(name) {
    return this.find(`[name=${name}]`);
  }

  /** @param {import("./offline-types").Message} message */
  ask(message) {
    return ask(/** @type {ServiceWorker} */ (this.worker), message);
  }

  /** @param {number} bytes */
  size(bytes) {
    return this.say("megabytes", { n: (bytes / 1e6).toLocaleString(this.settings.lang, { maximumFractionDigits: 1 }) });
  }

  /** @param {string} [happened] what to say first */
  async show(happened) {
    /** @type {Contents} */
    const contents = await this.ask({ type: "contents" });
    const kept = contents.filter(([, , there]) => there);
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-size]"))) {
      const own = contents.filter(([file]) => groupOf(file) === place.dataset.size);
      const [all, done] = [sum(own), sum(own.filter(([, , there]) => there))];
      const id = done === all ? "size-kept" : done ? "size-part" : "megabytes";
      place.textContent = id === "megabytes" ? this.size(all) : this.say(id, { size: this.size(all), kept: this.size(done) });
    }
    const missing = sum(this.chosen(contents));
    const button = this.find("[name=keep]");
    button.hidden = !missing;
    const begun = kept.length > contents.length / 4; // a reader's own pages are fewer
    button.textContent = this.say(begun ? "resume" : "keep", { size: this.size(missing) });
    this.find("[name=remove]").hidden = !kept.length;
    this.find("[name=cancel]").hidden = this.find("[data-progress]").hidden = true;
    const state = missing ? this.say("some-kept", { size: this.size(sum(kept)) }) : this.say("all-kept");
    this.status(happened ?? state);
    const { bytes } = await storedSizes(OWN_STORE);
    this.find("[data-model]").textContent = bytes ? this.say("model-kept", { size: this.size(bytes) }) : this.say("model-none");
    await this.showPages();
  }

  async showPages() {
    /** @type {[string, string][]} */
    const titles = await this.ask({ type: "titles", lang: this.settings.lang });
    const others = titles.filter(([address]) => new URL(address).pathname !== location.pathname);
    this.find("[data-pages]").hidden = this.find("[data-rest]").hidden = !others.length;
    this.find("[data-pages] ul").replaceChildren(...others.map(([address, title]) => {
      const [item, link] = [document.createElement("li"), document.createElement("a")];
      link.href = address;
      link.textContent = title.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => SIGNS[name]).replace(/ - [^-]*$/, ""); // the site's name
      item.append(link);
      return item;
    }));
  }

  /** What is wanted and not there. @param {Contents} contents */
  chosen(contents) {
    const languages = [.../** @type {NodeListOf<HTMLInputElement>} */ (this.querySelectorAll("[name=language]:checked"))].map(({ value }) => value);
    return contents.filter(([file, , there]) => !there && ["shared", ...languages].includes(groupOf(file)));
  }

  /** @param {EventTarget | null} target */
  clicked(target) {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.name === "keep") void this.keep();
    if (button?.name === "cancel") this.going?.abort();
    if (button?.name === "remove") void this.ask({ type: "forget" }).then(() => this.again()).then(() => this.show(this.say("removed"))).then(() => this.find("[name=keep]").focus());
  }

  /** This page goes on working without a network. */
  again() {
    const urls = [location.href, ...performance.getEntriesByType("resource").map(({ name }) => name)];
    return this.ask({ type: "start", urls });
  }

  /** @param {HTMLInputElement} field */
  async changed({ name, checked }) {
    if (name === "language") return this.show();
    if (name !== "offline") return;
    this.going?.abort();
    remember(checked ? "on" : "off");
    if (!checked) await stop();
    await this.begin();
    if (checked && this.worker) await this.again().then(() => this.show());
  }

  async keep() {
    // Without this, a browser that runs short of room may delete it all.
    void navigator.storage?.persist?.().catch(() => {});
    const going = (this.going = new AbortController());
    const wanted = this.chosen(await this.ask({ type: "contents" }));
    const total = sum(wanted);
    let done = 0;
    this.dataset.state = "computing";
    this.error("");
    this.find("[name=keep]").hidden = this.find("[name=remove]").hidden = true;
    const cancel = this.find("[name=cancel]");
    cancel.hidden = this.find("[data-progress]").hidden = false;
    cancel.focus();
    /** @type {Kept | undefined} */
    let failed;
    const next = wanted.values();
    const one = async () => {
      for (const [file, bytes] of next) {
        if (failed || going.signal.aborted) return;
        /** @type {Kept} */
        const end = await this.ask({ type: "keep", file });
        if (end !== "kept") failed ??= end;
        done += bytes;
        /** @type {HTMLProgressElement} */ (this.find("[data-progress]")).value = done / total;
        this.status(this.say("keeping", { done: this.size(done), size: this.size(total) }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    if (!this.isConnected) return;
    if (failed && failed !== "off") this.error(this.say(`error-${failed}`));
    const held = document.activeElement === cancel;
    if (failed !== "off") await this.show(failed ? "" : going.signal.aborted ? this.say("stopped") : undefined);
    if (held) /** @type {HTMLElement | null} */ (this.querySelector(":is([name=keep], [name=remove]):not([hidden])"))?.focus();
    this.dataset.state = "ready";
  }

  /** @param {string} text */
  error(text) {
    this.find("[data-error]").hidden = !text;
    this.find("[data-error]").textContent = text;
  }
}

/** @param {Contents} files */
function sum(files) {
  return files.reduce((bytes, [, one]) => bytes + one, 0);
}

/** @param {string} file */
function groupOf(file) {
  return file.match(/^(en|ja)\//)?.[1] ?? "shared";
}

customElements.define("keep-book", KeepBook);

// What the demo keeps on this device: its size, deleting it, and asking the browser not to.

import { deleteStored, storedSizes } from "./model-store.js";

/** @typedef {import("./chat-words.js").Words} Words */

export class StoragePanel {
  /**
   * @param {HTMLElement} panel
   * @param {Words} words
   * @param {AbortSignal} signal ends its listeners
   * @param {() => void} changed called when something was deleted
   * @param {string} store its name
   */
  constructor(panel, words, signal, changed, store) {
    this.panel = panel;
    this.store = store;
    this.words = words;
    this.remove = /** @type {HTMLButtonElement} */ (panel.querySelector("button[name=delete]"));
    this.persist = /** @type {HTMLButtonElement} */ (panel.querySelector("button[name=persist]"));
    this.remove.addEventListener("click", async () => {
      const { bytes } = await storedSizes(store);
      await deleteStored(store);
      await this.show("storage_deleted", { size_bytes: bytes });
      changed();
    }, { signal });
    this.persist.addEventListener("click", async () => {
      const granted = await persisted(() => navigator.storage.persist());
      await this.show(granted ? undefined : "storage_not_persisted");
    }, { signal });
  }

  /**
   * @param {string} [code] what has just happened
   * @param {import("./chat-words.js").Slots} [slots]
   */
  async show(code, slots) {
    const { bytes } = await storedSizes(this.store);
    const kept = bytes > 0 && (await persisted(() => navigator.storage.persisted()));
    const now = bytes ? this.words.say(kept ? "storage_persisted" : "storage_holds", { size_bytes: bytes }) : this.words.say("storage_empty");
    const sentences = code ? [this.words.say(code, slots), ...(bytes ? [now] : [])] : [now];
    /** @type {HTMLElement} */ (this.panel.querySelector("[data-stored]")).textContent = sentences.join("\n");
    this.remove.hidden = this.remove.disabled = !bytes;
    this.persist.hidden = this.persist.disabled = !bytes || kept || !("storage" in navigator);
  }
}

/** @param {() => Promise<boolean>} ask */
async function persisted(ask) {
  try {
    return await ask();
  } catch {
    return false;
  }
}

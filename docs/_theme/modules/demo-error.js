// A failure of the demo that the page has a sentence for.

/** @typedef {Record<string, string | number>} Slots */

/** `code`: an id of data/strings/chat.yml; `slots`: what fills its slots. */
export class DemoError extends Error {
  /**
   * @param {string} code
   * @param {Slots} [slots]
   */
  constructor(code, slots = {}) {
    super(`${code} ${JSON.stringify(slots)}`);
    this.name = "DemoError";
    this.code = code;
    this.slots = slots;
  }
}

/**
 * @param {unknown} error
 * @param {string} otherwise code of a failure that says nothing recognizable
 * @returns {DemoError}
 */
export function asDemoError(error, otherwise) {
  if (error instanceof DemoError) return error;
  if (error instanceof DOMException && error.name === "AbortError") return new DemoError("canceled");
  const detail = String(error instanceof Error ? error.message : error).split("\n")[0].slice(0, 200);
  const full = /bad_alloc|out of memory|allocation failed|invalid array (buffer )?length|could not allocate/i;
  return full.test(detail) ? new DemoError("out_of_memory", { detail }) : new DemoError(otherwise, { detail });
}

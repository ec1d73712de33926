// What a reader takes away: a text for the clipboard, a file, and the day of it. All of it is made in this tab.

/**
 * @param {string} text
 * @param {{ done: string, refused: string }} words
 * @returns {Promise<string>} which of them is true
 */
export async function copy(text, { done, refused }) {
  try {
    await navigator.clipboard.writeText(text);
    return done;
  } catch {
    return refused;
  }
}

/** @param {string} name @param {string} type @param {string} text */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** The reader's day, as an ISO date. */
export const today = () => new Date().toLocaleDateString("sv");

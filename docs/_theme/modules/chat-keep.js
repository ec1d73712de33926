// Keeps the conversation and what is being typed through a reload or a crash of the tab, and no longer: the browser
// forgets a tab's session storage when the tab is closed.

/** @typedef {import("./chat-session.js").Turn} Turn */

const KEY = "edge-demo-conversation";

/**
 * @param {Turn[]} turns
 * @param {string} draft
 */
export function keep(turns, draft) {
  try {
    if (turns.length || draft) sessionStorage.setItem(KEY, JSON.stringify({ turns, draft }));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage, a reload begins anew.
  }
}

/** @returns {{ turns: Turn[], draft: string }} */
export function recall() {
  try {
    const { turns, draft } = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    const whole = Array.isArray(turns) && turns.every(({ role, content }) => /^(user|assistant)$/.test(role) && typeof content === "string");
    return { turns: whole ? turns : [], draft: typeof draft === "string" ? draft : "" };
  } catch {
    return { turns: [], draft: "" };
  }
}

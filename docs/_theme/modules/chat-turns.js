// The conversation as the reader sees it: earlier turns in a list, the newest reply in its output.

import { renderMarkdown } from "./chat-markdown.js";

/** @typedef {import("./chat-session.js").Turn} Turn */

/**
 * @param {HTMLElement} list
 * @param {Turn[]} turns
 * @param {import("./chat-words.js").Words} words
 */
export function showTurns(list, turns, words) {
  list.replaceChildren(...turns.map((turn) => {
    const item = document.createElement("li");
    item.dataset.role = turn.role;
    const who = document.createElement("span");
    who.className = "chat-who";
    who.textContent = speaker(turn, words);
    const text = document.createElement("div");
    text.className = "chat-text";
    text.lang = "en";
    // What the reader typed stands as it was typed.
    if (turn.role === "user") text.textContent = turn.content;
    else showMarkdown(text, turn.content);
    item.append(who, text);
    if (turn.role === "assistant") item.append(copyButton(turn.content, words));
    return item;
  }));
}

const BEGINNING = 40;

/** Which reply a button copies: it is named by its beginning, for whoever does not see where it stands.
 * @param {HTMLElement} button @param {string} reply @param {import("./chat-words.js").Words} words */
export function nameCopy(button, reply, words) {
  const text = reply.length > BEGINNING ? `${reply.slice(0, BEGINNING)}…` : reply;
  button.ariaLabel = words.say("copy_reply", { text: text.replace(/\s+/g, " ") });
}

/** @param {string} reply @param {import("./chat-words.js").Words} words */
function copyButton(reply, words) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.copy = "";
  button.textContent = words.say("copy");
  nameCopy(button, reply, words);
  return button;
}

/**
 * Blocks that have not changed stay as they are, so that what the reader has selected in them does, too.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function showMarkdown(target, text) {
  const blocks = renderMarkdown(text);
  let same = 0;
  while (same < blocks.length && target.childNodes[same]?.isEqualNode(blocks[same])) same++;
  while (target.childNodes.length > same) target.lastChild?.remove();
  target.append(...blocks.slice(same));
}

/**
 * @param {Turn[]} turns
 * @param {import("./chat-words.js").Words} words
 * @returns {string} plain text, as it was typed and written
 */
export function transcript(turns, words) {
  return turns.map((turn) => words.say("said", { who: speaker(turn, words), text: turn.content })).join("\n\n");
}

/**
 * @param {Turn} turn
 * @param {import("./chat-words.js").Words} words
 */
function speaker({ role }, words) {
  return words.say(role === "user" ? "you" : "model_says");
}

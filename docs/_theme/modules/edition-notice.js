// Says in one sentence that a new edition of the site lies ready, and lets the reader choose when to change to it.

/** @type {Record<string, Record<string, string>>} */
const WORDS = JSON.parse(EDITION_WORDS);

const EMPTY_MS = 100;

/** @param {() => void} change */
export function announce(change) {
  if (document.querySelector(".edition-notice")) return;
  const lang = document.documentElement.lang;
  const styles = document.createElement("link");
  styles.rel = "stylesheet";
  styles.href = new URL("offline.css", import.meta.url).href;
  const notice = document.createElement("div");
  notice.className = "edition-notice";
  notice.role = "status";
  const sentence = document.createElement("p");
  sentence.textContent = WORDS["edition-new"][lang];
  const button = (/** @type {string} */ name, /** @type {() => void} */ press) => {
    const made = document.createElement("button");
    made.type = "button";
    made.name = name;
    made.textContent = WORDS[name][lang];
    made.addEventListener("click", press);
    return made;
  };
  // A status speaks of what changes in it, so it enters the page empty. The sheet stands inside, since the theme replaces
  // what is in the head.
  document.body.append(notice);
  setTimeout(() => notice.append(styles, sentence, button("edition-change", change), button("edition-later", () => notice.remove())), EMPTY_MS);
}

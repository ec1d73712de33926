// Every figure bound to data/ tells its source, date and age when it is pointed at or focused, and opens what stands
// behind it (figure-note.js) when it is clicked; a glossary term tells its definition. What changes with time and is
// older than STALE_DAYS is marked. Without scripts the browser's own tooltip tells source and date.

import { ageInDays, ageWords, fill, words } from "./figure-note.js";

const STALE_DAYS = 90;
const FIGURE = "data[data-fact]";
const WITH_ITS_OWN_CLICK = "a, button, label, summary";

/** @type {HTMLElement | null} */
let note = null;
/** @type {HTMLElement | null} the figure or term whose note is shown */
let told = null;
/** The note was opened by a click and stays; else it is a hint that goes with the pointer. */
let stays = false;
/** @type {HTMLElement | null} gets the focus back from its note: no hint again */
let returning = null;
/** @type {HTMLElement | null} its note is open as the pointer goes down, so that the click only closes it */
let pressed = null;

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function figureOf(target, selector = `${FIGURE}, a.term`) {
  return target instanceof Element ? target.closest(selector) : null;
}

/** Moves the tooltip's text where the note and the print style find it. @param {HTMLElement} figure */
function prepare(figure) {
  if (figure.title) {
    figure.dataset.note = figure.title;
    figure.removeAttribute("title");
  }
}

/** What a hint says. @param {HTMLElement} figure @returns {(Node | string)[]} */
function hint(figure) {
  const head = document.createElement("strong");
  head.textContent = figure.matches(FIGURE) ? figure.getAttribute("value") : figure.textContent;
  const lines = [head, document.createElement("br"), figure.dataset.note ?? ""];
  const age = ageWords(figure);
  return age ? [...lines, document.createElement("br"), age] : lines;
}

/** @param {HTMLElement} figure @param {boolean} [open] as a dialog that stays */
function show(figure, open = false) {
  hide();
  prepare(figure);
  if (!note) {
    note = Object.assign(document.createElement("div"), { className: "figure-note", id: "figure-note", tabIndex: -1 });
    note.addEventListener("beforetoggle", closing);
    // Its own toggle, and that of the list inside, which makes it longer.
    note.addEventListener("toggle", () => { returning = null; place(); }, { capture: true });
  }
  (figure.closest("main") ?? document.body).append(note);
  note.popover = open ? "auto" : "manual";
  note.role = open ? "dialog" : "tooltip";
  note.ariaLabel = open ? words("about") : null;
  if (open) {
    fill(note, figure);
    figure.ariaExpanded = "true";
  } else {
    note.replaceChildren(...hint(figure));
    figure.setAttribute("aria-describedby", note.id);
  }
  told = figure;
  stays = open;
  // The source puts the note's links next to the figure in the order of the Tab key.
  /** @type {(of: object) => void} */ (note.showPopover).call(note, open ? { source: figure } : {});
  place();
  if (open) note.focus({ preventScroll: true });
}

/** The browser closes an open note, too: by Escape, and by a click outside. @param {Event} event */
function closing(event) {
  if (/** @type {ToggleEvent} */ (event).newState !== "closed" || !told) return;
  told.removeAttribute("aria-describedby");
  if (stays) {
    told.ariaExpanded = "false";
    returning = told;
    if (note?.contains(document.activeElement)) told.focus({ preventScroll: true });
  }
  told = null;
  stays = false;
}

/** Below the figure, or above where there is no room; a figure that is scrolled away takes its note along. */
function place() {
  if (!note || !told) return;
  const box = told.getBoundingClientRect();
  if (!told.isConnected || box.bottom < 0 || box.top > innerHeight) return hide();
  const { offsetWidth: width, offsetHeight: height } = note;
  note.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - width - 8))}px`;
  note.style.top = `${box.bottom + height + 8 < innerHeight ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
}

function hide() {
  if (told && note?.isConnected) note.hidePopover();
}

/** Marks what is stale and makes figures of the text reachable by the keyboard; tables have their own keys. */
export function watchFigures(page = document) {
  hide();
  for (const figure of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(FIGURE))) {
    if ("ages" in figure.dataset && ageInDays(figure.dataset.date ?? "") > STALE_DAYS) figure.dataset.stale = "";
    if (figure.closest(WITH_ITS_OWN_CLICK)) continue;
    if (!figure.closest("data-table")) figure.tabIndex = 0;
    figure.role = "button";
    figure.ariaHasPopup = "dialog";
    figure.ariaExpanded = "false";
  }
}

// A page of which a part is taken over into this one.
addEventListener("figures", (event) => watchFigures(/** @type {CustomEvent<Document>} */ (event).detail));
document.addEventListener("pointerover", ({ target, pointerType }) => {
  const figure = figureOf(target);
  if (figure && !stays && pointerType !== "touch") show(figure);
});
document.addEventListener("pointerout", ({ target }) => figureOf(target) && !stays && hide());
document.addEventListener("focusin", ({ target }) => {
  const figure = figureOf(target);
  if (figure && figure !== told && figure !== returning) show(figure);
});
document.addEventListener("focusout", ({ target }) => figureOf(target) && !stays && hide());
document.addEventListener("pointerdown", () => (pressed = stays ? told : null), { capture: true });
document.addEventListener("click", ({ target }) => {
  if (note?.contains(/** @type {Node} */ (target))) return figureOf(target, "a") && hide();
  const figure = figureOf(target, FIGURE);
  if (!figure || figure.closest(WITH_ITS_OWN_CLICK)) return;
  if (figure === pressed) hide();
  else show(figure, true);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !stays) return hide();
  const figure = figureOf(event.target, FIGURE);
  if (!figure || !["Enter", " "].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  show(figure, true);
});
addEventListener("scroll", place, { passive: true, capture: true });
addEventListener("beforeprint", () => document.querySelectorAll(FIGURE).forEach((figure) => prepare(/** @type {HTMLElement} */ (figure))));

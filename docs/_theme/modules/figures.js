// Every figure bound to data/ tells its source, date and age when it is pointed at or focused; what changes with time
// and is older than STALE_DAYS is marked. Without scripts the browser's own tooltip tells source and date.

const STALE_DAYS = 90;
const DAY_MS = 86_400_000;

/** @type {HTMLElement | null} */
let note = null;
/** @type {HTMLElement | null} the figure whose note is shown */
let told = null;

/** @param {string} date ISO date; a month counts from its first day */
export function ageInDays(date, now = Date.now()) {
  return Math.floor((now - Date.parse(date)) / DAY_MS);
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function figureOf(target) {
  return target instanceof Element ? target.closest("data[data-fact]") : null;
}

/** @type {Record<string, Record<string, string>>} */
const WORDS = JSON.parse(FIGURE_WORDS);

/** @param {string} id @param {string} n */
function words(id, n = "") {
  return (WORDS[`figure-${id}`][document.documentElement.lang] ?? "").replace("{n}", n);
}

/** Moves the tooltip's text where the note and the print style find it. @param {HTMLElement} figure */
function prepare(figure) {
  if (figure.title) {
    figure.dataset.note = figure.title;
    figure.removeAttribute("title");
  }
}

/** @param {HTMLElement} figure */
function show(figure) {
  prepare(figure);
  if (!note) {
    note = Object.assign(document.createElement("div"), { className: "figure-note", id: "figure-note", role: "tooltip" });
    note.setAttribute("popover", "manual");
  }
  document.body.append(note);
  const { note: text = "", date = "" } = figure.dataset;
  const value = document.createElement("strong");
  value.textContent = figure.getAttribute("value") ?? "";
  const age = ageInDays(date);
  note.replaceChildren(value, document.createElement("br"), text, document.createElement("br"),
    words(age === 0 ? "today" : age === 1 ? "day" : "days", age.toLocaleString(document.documentElement.lang)), ...("stale" in figure.dataset ? [" — ", words("stale")] : []));
  figure.setAttribute("aria-describedby", note.id);
  told = figure;
  note.showPopover();
  place();
}

/** Below the figure, or above where there is no room; a figure that is scrolled away takes its note along. */
function place() {
  if (!note || !told) return;
  const box = told.getBoundingClientRect();
  if (!told.isConnected || box.bottom < 0 || box.top > innerHeight) return hide();
  const { offsetWidth: width, offsetHeight: height } = note;
  note.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  note.style.top = `${box.bottom + height + 8 < innerHeight ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
}

function hide() {
  told?.removeAttribute("aria-describedby");
  told = null;
  if (note?.isConnected) note.hidePopover();
}

/** Marks what is stale and makes figures of the text reachable by the keyboard; tables have their own keys. */
export function watchFigures() {
  for (const figure of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("data[data-fact]"))) {
    if ("ages" in figure.dataset && ageInDays(figure.dataset.date ?? "") > STALE_DAYS) figure.dataset.stale = "";
    if (!figure.closest("data-table") && !figure.closest("a")) figure.tabIndex = 0;
  }
}

document.addEventListener("pointerover", ({ target }) => {
  const figure = figureOf(target);
  if (figure) show(figure);
});
document.addEventListener("pointerout", ({ target }) => figureOf(target) && hide());
document.addEventListener("focusin", ({ target }) => {
  const figure = figureOf(target);
  if (figure) show(figure);
});
document.addEventListener("focusout", ({ target }) => figureOf(target) && hide());
document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
addEventListener("scroll", place, { passive: true, capture: true });
addEventListener("beforeprint", () => document.querySelectorAll("data[data-fact]").forEach((figure) => prepare(/** @type {HTMLElement} */ (figure))));

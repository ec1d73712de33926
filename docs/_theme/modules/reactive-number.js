// A number inside a sentence: a text field that is dragged sideways, moved by arrow keys or typed into, and its slider.

/** `show`: a value; `words`: a value that the engine has put into words; `refused`: marks what was typed as bad.
 * @typedef {{ show(value: string): void, words(value: string, text: string): void, refused(bad: boolean): void }} Control */

const STEP_PX = 6; // a step of the number for so much of the hand's way
const STILL_PX = 4; // less is a click
const LEAP = 10;

/**
 * @param {string} name
 * @param {string} label
 * @param {[string, string][]} steps values and their words, rising
 * @param {HTMLInputElement} slider
 * @param {string} describedBy
 * @param {(value: string, moving: boolean) => void} changed a value or what was typed, and whether the hand still moves
 * @returns {Control & { field: HTMLInputElement }}
 */
export function typedNumber(name, label, steps, slider, describedBy, changed) {
  const field = document.createElement("input");
  Object.assign(field, { name, type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false, ariaLabel: label });
  field.setAttribute("aria-describedby", describedBy);
  slider.setAttribute("aria-describedby", describedBy);
  let shown = "";
  let typing = false;

  /** @param {string} text */
  const put = (text) => {
    shown = text;
    typing = false;
    field.value = text;
    // Where the browser does not fit a field to its text by itself.
    field.size = Math.max(2, [...text].reduce((sum, sign) => sum + (sign > "\u2e7f" ? 2 : 1), 0));
  };
  /** @param {string} value */
  const nearest = (value) => {
    const wanted = Number(value);
    let best = 0;
    steps.forEach(([step], i) => {
      if (Math.abs(Number(step) - wanted) < Math.abs(Number(steps[best][0]) - wanted)) best = i;
    });
    return best;
  };
  /** @param {string} value @param {string} text */
  const words = (value, text) => {
    if (!typing) put(text);
    slider.value = String(nearest(value));
    slider.setAttribute("aria-valuetext", text);
  };
  /** @param {string} value */
  const show = (value) => {
    typing = false;
    words(value, steps.find(([step]) => step === value)?.[1] ?? value);
  };
  /** @param {number} at @param {boolean} moving */
  const go = (at, moving) => {
    const [value] = steps[Math.max(0, Math.min(steps.length - 1, at))];
    show(value);
    changed(value, moving);
  };

  // A slider whose value a script sets tells no `change`: what ends its movement is told by all that may end it.
  let sliding = false;
  slider.addEventListener("input", () => {
    sliding = true;
    go(Number(slider.value), true);
  });
  for (const event of ["change", "pointerup", "pointercancel", "keyup", "blur"]) {
    slider.addEventListener(event, () => {
      if (!sliding) return;
      sliding = false;
      go(Number(slider.value), false);
    });
  }

  const commit = () => {
    if (!typing) return;
    typing = false;
    if (field.value.trim() === shown) return;
    changed(field.value.trim(), false);
  };
  field.addEventListener("input", () => void (typing = true));
  field.addEventListener("change", commit);
  field.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return; // the browser's own keys
    const by = { ArrowUp: 1, ArrowDown: -1, PageUp: LEAP, PageDown: -LEAP }[event.key];
    if (by) {
      event.preventDefault();
      go(Number(slider.value) + by, false);
    } else if (event.key === "Enter" && !event.isComposing) commit();
    else if (event.key === "Escape") put(shown);
  });

  /** @type {{ x: number, at: number, moved: boolean } | undefined} */
  let drag;
  field.addEventListener("pointerdown", (event) => {
    if (event.button || document.activeElement === field) return; // somebody types: the pointer sets the caret
    if (event.pointerType === "mouse") event.preventDefault(); // no selecting of text on the way
    drag = { x: event.clientX, at: Number(slider.value), moved: false };
    field.setPointerCapture(event.pointerId);
  });
  field.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const way = event.clientX - drag.x;
    if (!drag.moved && Math.abs(way) < STILL_PX) return;
    drag.moved = true;
    const at = Math.max(0, Math.min(steps.length - 1, drag.at + Math.round(way / STEP_PX)));
    if (at !== Number(slider.value)) go(at, true);
  });
  field.addEventListener("pointerup", () => {
    const moved = drag?.moved;
    if (!drag) return;
    drag = undefined;
    if (moved) return changed(steps[Number(slider.value)][0], false);
    field.focus();
    field.select();
  });
  field.addEventListener("pointercancel", () => {
    if (drag?.moved) changed(steps[Number(slider.value)][0], false);
    drag = undefined;
  });
  return { field, show, words, refused: (bad) => (bad ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid")) };
}

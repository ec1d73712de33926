// The answer of a calculator as DOM: the same code runs at build in Node (scripts/render_answers.mjs), so that the answer
// stands in the page before any script, and live in the browser. Every word and number comes with the reply.

/** @typedef {import("./answer-types.js").Answer} Answer */
/** @typedef {import("./answer-types.js").Result} Result */
/** @typedef {import("./answer-types.js").Chart} Chart */
/** `words`: data/strings/calculators.yml; `names`: result id -> its name, `place.<id>` -> name of a place.
 * @typedef {{ lang: string, uid: string, words: Record<string, string>, names: Record<string, string> }} View */
/** @typedef {(document: Document, chart: Chart, options: { lang: string, words: Record<string, string>, width: number }) => HTMLElement | null} DrawChart */
/** @typedef {{ tier: string, id?: string, reason?: string, relaxation?: string }} Ruling */

/** Results that the part about places shows; all others are figures. */
const OF_PLACES = ["eliminated", "near_tie", "needs_confirmation", "verify"];

/**
 * @param {Document} document
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
function element(document, tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const child of children) if (child !== null) made.append(child);
  return made;
}

/** @param {unknown} value a result's raw value as an attribute */
const raw = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** @param {Document} document @param {string} name @param {Result} result @param {string} text */
function output(document, name, result, text = result.text) {
  const made = element(document, "output", { name, "data-value": raw(result.value) }, text);
  if (result.value === null) made.setAttribute("class", "calculator-nothing");
  return made;
}

/** @param {Document} document @param {View} view @param {"reasons" | "changes"} name @param {string[]} [sentences] */
function list(document, { uid, words }, name, sentences) {
  if (!sentences?.length) return null;
  const items = sentences.map((text) => element(document, "li", {}, text));
  return element(document, "div", { class: `calculator-${name}` }, element(document, "h2", { id: `${uid}-${name}` }, words[name]), element(document, "ul", {}, ...items));
}

/**
 * The headline, colored by the verdict, with its reasons and what would change it.
 * @param {Document} document @param {Answer} reply @param {View} view
 */
export function verdictPart(document, reply, view) {
  const box = element(document, "div", { class: "calculator-box", "data-verdict": reply.verdict ?? "" });
  if (reply.then) box.append(element(document, "p", { class: "calculator-then" }, reply.then));
  if (reply.headline) {
    const said = element(document, "output", { name: "headline", "data-verdict": reply.verdict ?? "" }, reply.headline);
    box.append(element(document, "p", { class: "calculator-headline" }, said));
  }
  const more = [list(document, view, "reasons", reply.reasons), list(document, view, "changes", reply.changes)];
  for (const part of more) if (part) box.append(part);
  return [box];
}

/** @param {Document} document @param {Answer} reply @param {View} view */
export function figuresPart(document, reply, { uid, words, names }) {
  const rows = Object.entries(reply.results).filter(([name]) => !OF_PLACES.includes(name)).map(([name, result]) => element(document, "div", {},
    element(document, "dt", {}, names[name] ?? name),
    element(document, "dd", {}, output(document, name, result), " ",
      element(document, "small", { "data-range": name }, result.range_text ?? ""))));
  return [element(document, "h2", { id: `${uid}-figures` }, words.figures), element(document, "dl", { class: "calculator-results" }, ...rows)];
}

/** What is ruled out with its reason, near ties, and what needs confirmation. @param {Document} document @param {Answer} reply @param {View} view */
export function placesPart(document, reply, { uid, words, names }) {
  const { eliminated, near_tie: tie, needs_confirmation: confirm, verify } = reply.results;
  if (!eliminated) return [];
  const place = (/** @type {string} */ id) => names[`place.${id}`] ?? id;
  const parts = [element(document, "h2", { id: `${uid}-places` }, words.places)];
  const said = (/** @type {string} */ name, /** @type {Result} */ result, /** @type {string} */ lead, /** @type {string} */ text) =>
    element(document, "p", {}, ...(lead ? [element(document, "b", {}, lead), " "] : []), output(document, name, result, text));
  const told = /** @type {Ruling[]} */ (Array.isArray(eliminated.value) ? eliminated.value : []);
  const explained = told.length > 0 && told.every(({ reason, id }) => reason && !id);
  const which = [...new Set(told.map(({ tier }) => tier))];
  parts.push(said("eliminated", eliminated, words["ruled-out"], explained ? which.map(place).join(words["list-separator"]) : eliminated.text));
  if (explained) {
    const items = told.map(({ tier, reason, relaxation }) => element(document, "li", {}, element(document, "b", {}, words["ruled-out-place"].replace("{place}", place(tier))), ` ${reason} `,
      relaxation ? element(document, "span", { class: "calculator-relaxation" }, relaxation) : null));
    parts.push(element(document, "ul", { class: "calculator-ruled-out" }, ...items));
  }
  if (tie) parts.push(said("near_tie", tie, "", words[tie.value ? "near-tie-yes" : "near-tie-no"]));
  if (verify) parts.push(said("verify", verify, words.verify, verify.text));
  if (confirm) parts.push(said("needs_confirmation", confirm, words["confirm"], confirm.text));
  return parts;
}

/** @param {Document} document @param {Answer} reply @param {View} view */
export function warningsPart(document, reply, { uid, words }) {
  if (!reply.warnings.length) return [];
  const items = reply.warnings.map(({ id, text }) => element(document, "li", { "data-warning": id }, text));
  return [element(document, "h2", { id: `${uid}-warnings` }, words.warnings), element(document, "ul", { class: "calculator-warnings" }, ...items)];
}

/**
 * Who sees the prompt: a card a group, in it the hops with what is known of each.
 * @param {Document} document @param {Chart} chart @param {View} view
 */
function mapChart(document, chart, { uid, words }) {
  const groups = /** @type {import("./answer-types.js").MapGroup[]} */ (chart.groups).map((group) => {
    const hops = group.hops.map(({ label, cells }) => element(document, "li", {}, element(document, "h4", {}, label),
      element(document, "dl", {}, ...cells.map((cell) => element(document, "div", cell.known ? {} : { class: "calculator-unknown" },
        element(document, "dt", {}, cell.label),
        element(document, "dd", {}, cell.text, cell.source_text ? element(document, "small", {}, cell.source_text) : null))))));
    const title = element(document, "summary", {}, group.label, group.chosen ? element(document, "span", { class: "calculator-chosen" }, words.chosen) : null);
    return element(document, "details", { "data-key": group.id, ...(group.chosen ? { open: "" } : {}) }, title, element(document, "ol", {}, ...hops));
  });
  return element(document, "section", { class: "calculator-map", "data-chart": chart.id, "data-key": chart.id },
    element(document, "h3", { id: `${uid}-${chart.id}` }, chart.title), element(document, "p", {}, chart.summary), ...groups);
}

/**
 * @param {Document} document @param {Answer} reply @param {View} view @param {DrawChart} draw @param {number} width
 */
export function chartsPart(document, reply, view, draw, width) {
  if (!reply.charts?.length) return [];
  const drawn = reply.charts.map((chart) => {
    if (chart.kind === "map") return mapChart(document, chart, view);
    const figure = draw(document, chart, { lang: view.lang, words: view.words, width });
    figure?.setAttribute("data-key", chart.id);
    return figure;
  });
  return [element(document, "h2", { id: `${view.uid}-charts` }, view.words.charts), ...drawn.filter((one) => one !== null)];
}

/** Every formula with the numbers in place. @param {Document} document @param {Answer} reply */
export function formulasPart(document, reply) {
  const rows = (reply.formulas ?? []).map(({ id, formula, inputs, text }) => element(document, "li", { "data-key": id },
    element(document, "p", {}, element(document, "code", {}, id), " = ", element(document, "b", {}, text)),
    element(document, "p", { class: "calculator-formula" }, formula),
    element(document, "p", { class: "calculator-with" }, ...Object.entries(inputs).flatMap(([name, value], i) => [i ? ", " : "", element(document, "code", {}, name), ` = ${value}`]))));
  return rows.length ? [element(document, "ol", { class: "calculator-formulas" }, ...rows)] : [];
}

/** The memo. @param {Document} document @param {NonNullable<Answer["memo"]>} memo */
export function memoPart(document, memo) {
  return memo.blocks.map(({ kind, text, items, head, rows }) => {
    if (kind === "ul") return element(document, "ul", {}, ...(items ?? []).map((item) => element(document, "li", {}, item)));
    if (kind !== "table") return element(document, kind, {}, text ?? "");
    const cells = (/** @type {string} */ tag, /** @type {string[]} */ row) => element(document, "tr", {}, ...row.map((cell) => element(document, tag, {}, cell)));
    return element(document, "table", { class: "calculator-memo-table" }, element(document, "thead", {}, cells("th", head ?? [])), element(document, "tbody", {}, ...(rows ?? []).map((row) => cells("td", row))));
  });
}

/**
 * Makes `old` like `fresh` and touches only what differs, so that focus, scroll and opened details stay.
 * @param {Element} old @param {Node[]} fresh
 */
export function update(old, fresh) {
  const before = [...old.childNodes];
  fresh.forEach((child, i) => {
    const twin = before[i];
    if (!twin) old.append(child);
    else if (!sameKind(twin, child)) twin.replaceWith(child);
    else if (twin.nodeType === 3) {
      if (twin.nodeValue !== child.nodeValue) twin.nodeValue = child.nodeValue;
    } else {
      const [here, there] = /** @type {[Element, Element]} */ ([twin, child]);
      if (here.isEqualNode(there)) return;
      for (const { name } of [...here.attributes]) if (!there.hasAttribute(name) && name !== "open") here.removeAttribute(name);
      for (const { name, value } of [...there.attributes]) if (name !== "open" && here.getAttribute(name) !== value) here.setAttribute(name, value);
      update(here, [...there.childNodes]);
    }
  });
  for (const rest of before.slice(fresh.length)) rest.remove();
}

/** A drawing is replaced as a whole; keyed elements only become themselves. @param {Node} one @param {Node} other */
function sameKind(one, other) {
  if (one.nodeName !== other.nodeName) return false;
  if (one.nodeType !== 1) return true;
  const key = (/** @type {Node} */ node) => /** @type {Element} */ (node).getAttribute("data-key");
  return one.nodeName.toLowerCase() !== "svg" && key(one) === key(other);
}

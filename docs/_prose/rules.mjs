// Rules of style for scripts/prose_style.mjs. What is turned off or loosened says why: silence has to mean something.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
/** @param {string} name @returns {any} */
const rule = (name) => { const found = require(`textlint-rule-${name}`); return found.default ?? found; };
/** @param {string} lang */
const terms = (lang) => ({ ruleId: "terms", rule: rule("prh"), options: { rulePaths: [fileURLToPath(new URL(`terms-${lang}.yml`, import.meta.url))] } });

/** @type {Record<string, any>} false: off; an object: instead of the preset's options */
const JA = {
  // 一つ is a word of the house style; a numeral has to come from data/, which another check sees to.
  "arabic-kanji-numbers": false,
  // Saying how sure one is (かもしれない) is what this book is about.
  "ja-no-weak-phrase": false,
  // Formulas and units are written with spaces around a slash.
  "ja-no-space-around-slash": false,
  // An essay has longer sentences than a manual.
  "sentence-length": { max: 120 },
  "max-ten": { max: 5 },
  // 「AもBも」「AやB」 are parallels, and に of さらに, 代わりに, ずに is no particle, which the analysis doesn't tell apart.
  "no-doubled-joshi": { min_interval: 1, allow: ["も", "や", "か", "でも", "ても", "に"] },
  // A term has the length that it has.
  "max-kanji-continuous-len": { max: 6, allow: ["浮動小数点演算", "浮動小数点形式", "演算性能利用率"] },
  // A line that ends in a colon introduces what follows.
  "ja-no-mixed-period": { periodMark: "。", allowPeriodMarks: ["："] },
  // Variables of the formulas stand between Japanese.
  "ja-unnatural-alphabet": { allow: ["/[a-zA-Z]/"] },
};
// Of write-good, doubled words and clichés; its views on passives, adverbs and "so" are not ours.
const EN = { illusion: true, cliches: true, passive: false, weasel: false, so: false, thereIs: false, adverb: false, tooWordy: false };

/** The rules of a preset, as the kernel wants them. @param {string} name @param {Record<string, any>} ours */
function preset(name, ours) {
  const { rules, rulesConfig } = rule(name);
  return Object.entries(rules).map(([ruleId, found]) => ({ ruleId, rule: found, options: ours[ruleId] ?? rulesConfig[ruleId] ?? false }));
}

/** @param {"en" | "ja"} lang @param {string} manner how Japanese sentences end: である, or as most do where it is empty */
export function rulesOf(lang, manner) {
  if (lang === "en") return [{ ruleId: "write-good", rule: rule("write-good"), options: EN }, terms(lang)];
  const ours = { ...JA, "no-mix-dearu-desumasu": { preferInHeader: "", preferInBody: manner, preferInList: manner, strict: false } };
  const rules = [...preset("preset-ja-technical-writing", ours), ...preset("preset-ja-spacing", ours)];
  return [...rules.filter(({ options }) => options !== false), terms(lang)];
}

// Style and spelling of plain prose: reads {words, texts: [{lang, manner, text}]} as JSON from standard input, writes
// for each text a list of {line, message}. scripts/prose_style.py starts it and has put words in place of macros.
import { TextlintKernel } from "@textlint/kernel";
import markdown from "@textlint/textlint-plugin-markdown";
import { spellCheckDocument } from "cspell-lib";
import { json } from "node:stream/consumers";
import { rulesOf } from "../docs/_prose/rules.mjs";

/** @typedef {{lang: "en" | "ja", manner: string, text: string}} Text */
/** @typedef {{line: number, message: string}} Finding */

/** @type {{words: string[], texts: Text[]}} */
const { words, texts } = /** @type {any} */ (await json(process.stdin));
// Capitals alone are an abbreviation, which a dictionary of words can't judge.
const ABBREVIATION = "/\\b[A-Z]{2,6}s?\\b/g";
const kernel = new TextlintKernel();
const plugin = /** @type {any} */ (markdown);
const plugins = [{ pluginId: "markdown", plugin: plugin.default ?? plugin }];

/** @param {Text} text @returns {Promise<Finding[]>} */
async function style({ lang, manner, text }) {
  const options = { ext: ".md", filePath: "text.md", plugins, rules: rulesOf(lang, manner) };
  const { messages } = await kernel.lintText(text, options);
  return messages.map((m) => ({ line: m.line, message: `${m.message.split("\n")[0]} (${m.ruleId})` }));
}

/** @param {Text} text @returns {Promise<Finding[]>} */
async function misspelt({ lang, text }) {
  if (lang !== "en") return [];
  const document = { uri: "text.txt", text, languageId: "plaintext", locale: "en-US" };
  const { issues } = await spellCheckDocument(document, { noConfigSearch: true, generateSuggestions: true }, { language: "en-US", words, ignoreRegExpList: [ABBREVIATION] });
  return issues.map((issue) => {
    const others = (issue.suggestions ?? []).slice(0, 3).join(", ");
    return { line: text.slice(0, issue.offset).split("\n").length, message: `"${issue.text}" is not in the dictionary${others && ` (${others}?)`}; a name goes into docs/_prose/words.txt` };
  });
}

const found = [];
for (const text of texts) found.push([...await style(text), ...await misspelt(text)].sort((a, b) => a.line - b.line));
process.stdout.write(JSON.stringify(found));

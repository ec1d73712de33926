// Makes smaller copies of the theme's script and styles. Called by scripts/theme.py.
// Usage: node scripts/trim_theme.mjs < JSON {styles: [file], script: text, used: [file], words: [text], cut: [pattern],
//   variables: [name], out: folder}
// `used`: files whose words may be classes, `words`: further ones; `cut`: classes to drop whatever names them; `variables`: custom
// properties that our own styles read. Writes theme.css, theme.js and dropped.json (classes that only the dropped rules name).
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { minify } from "terser";

// Its ES module does not start: it takes `glob` for a default export that is none (8.0.0).
const { PurgeCSS } = createRequire(import.meta.url)("purgecss");

/** @type {{ styles: string[], script: string, used: string[], words: string[], cut: string[], variables: string[], out: string }} */
const { styles, script, used, words, cut, variables, out } = JSON.parse(readFileSync(0, "utf8"));
const read = (/** @type {string} */ file) => readFileSync(file, "utf8");
const classes = (/** @type {string} */ css) => new Set(Array.from(css.matchAll(/\.(-?[a-zA-Z_][\w-]*)/g), (match) => match[1]));

// What nothing uses any more goes in passes: each finds what the one before it left alone.
const { code } = await minify(script.replace(/\/\/# sourceMappingURL.*/, ""), { ecma: 2020, compress: { ecma: 2020, passes: 4 }, mangle: true });
if (!code) throw new Error("nothing is left of the theme's script");

const full = styles.map((file) => read(file).replace(/\/\*# sourceMappingURL.*?\*\//, "").replace('@charset "UTF-8";', "")).join("\n");
const purged = await new PurgeCSS().purge({
  content: [...used.map(read), code, words.join(" ")].map((raw) => ({ raw, extension: "html" })),
  css: [{ raw: full }],
  // Set by the theme's inline script as a reader chooses.
  safelist: { greedy: [/data-md-color-scheme/, /focus-visible/, /highlight/], variables },
  blocklist: cut.map((pattern) => new RegExp(`^(?:${pattern})$`)),
  variables: true, keyframes: true,
  defaultExtractor: (/** @type {string} */ content) => content.match(/[\w-]+/g) ?? [],
});
// Both languages are written from left to right.
const onlyRtl = (/** @type {string} */ selectors) => selectors.split(",").every((selector) => selector.includes("[dir=rtl]"));
const trimmed = purged[0].css.replace(/([^{}]+)\{[^{}]*\}/g, (/** @type {string} */ rule, /** @type {string} */ selectors) => (onlyRtl(selectors) ? "" : rule));
writeFileSync(`${out}/theme.css`, trimmed);
const kept = classes(trimmed);
writeFileSync(`${out}/dropped.json`, JSON.stringify([...classes(full)].filter((name) => !kept.has(name)).sort()));
writeFileSync(`${out}/theme.js`, code);

// Lighthouse over kinds of pages of a built site: the median of several runs, mobile and desktop, both languages.
// Usage: node scripts/bench_lighthouse.mjs [--site site] [--runs 5] [--form mobile] [--only en/demo/ --only ja/]
// (SITE_URL as the site was built for)
// A figure of Performance is worth something only on a machine with nothing else to do.
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const { values } = parseArgs({ options: {
  site: { type: "string", default: "site" }, runs: { type: "string", default: "5" }, only: { type: "string", multiple: true },
  form: { type: "string", multiple: true, default: ["mobile", "desktop"] },
} });
const KINDS = ["", "book/part-2/inference-efficiency/", "calculators/fit/", "demo/", "data/models/", "notebooks/prices/"];
const FORMS = { mobile: undefined, desktop: desktopConfig };
const METRICS = { FCP: "first-contentful-paint", LCP: "largest-contentful-paint", SI: "speed-index", TBT: "total-blocking-time" };
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json",
  ".svg": "image/svg+xml", ".wasm": "application/wasm", ".xml": "application/xml", ".txt": "text/plain", ".png": "image/png" };

// As a reader's host would: compressed, and what is named by its hash for good.
const server = createServer((request, response) => {
  let file = join(values.site, decodeURIComponent(new URL(request.url ?? "/", "http://host").pathname));
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
  if (!existsSync(file)) { response.writeHead(404).end(); return; }
  const cache = /\/(assets|models)\/[0-9a-f]{16}\//.test(file) ? "max-age=31536000, immutable" : "max-age=600";
  const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(file))] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "content-encoding": "gzip", "cache-control": cache });
  response.end(gzipSync(readFileSync(file)));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());

// Chromium draws its address bar by a web page, whose process starts beside the page under test (see scripts/browser.py).
const WINDOW = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup";
const chrome = await launch({
  chromePath: process.env.CHROME_PATH ?? "/usr/bin/chromium", chromeFlags: ["--headless=new", "--no-sandbox", WINDOW],
});
const median = (/** @type {number[]} */ of) => of.sort((a, b) => a - b)[of.length >> 1];
const pages = values.only ?? ["en/", "ja/"].flatMap((lang) => KINDS.map((kind) => lang + kind));
try {
  console.log(`median of ${values.runs}: performance, accessibility, best practices, SEO (range of performance); audits below 1; median ms`);
  for (const page of pages) {
    for (const form of values.form) {
      if (!Object.hasOwn(FORMS, form)) throw new Error(`--form ${form}: give ${Object.keys(FORMS).join(" or ")}`);
      const config = FORMS[/** @type {keyof typeof FORMS} */ (form)];
      /** @type {Record<string, number[]>} */
      const scores = {};
      /** @type {Record<string, number[]>} */
      const times = {};
      const failed = new Set();
      for (let run = 0; run < Number(values.runs); run++) {
        const result = await lighthouse(`http://127.0.0.1:${port}/${page}`, { port: chrome.port, logLevel: "error" }, config);
        if (!result) throw new Error(`${page}: Lighthouse gave no result`);
        for (const [name, id] of Object.entries(METRICS)) (times[name] ??= []).push(result.lhr.audits[id]?.numericValue ?? NaN);
        for (const [id, category] of Object.entries(result.lhr.categories)) {
          (scores[id] ??= []).push(Math.round(100 * (category.score ?? NaN)));
          if (id === "performance") continue;
          for (const { id: audit, weight } of category.auditRefs) {
            const { score } = result.lhr.audits[audit];
            if (weight && score !== null && score < 1) failed.add(audit);
          }
        }
      }
      const speed = [...scores.performance ?? []].sort((a, b) => a - b);
      console.log(`${page} ${form}: ${["performance", "accessibility", "best-practices", "seo"].map((id) => median([...scores[id]])).join(" ")}`
        + ` (${speed[0]}-${speed.at(-1)}) ${[...failed].join(" ")} `
        + Object.entries(times).map(([name, all]) => `${name} ${Math.round(median(all))}`).join(" "));
    }
  }
} finally {
  chrome.kill();
  server.close();
}

// A calculator in Firefox, driven through WebDriver BiDi: node firefox.mjs FIREFOX URL < {name: text to type} > what was seen.
// Whatever isn't for this machine goes to a proxy, which notes the host and has no answer.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

const [executablePath, url] = process.argv.slice(2);
const typed = JSON.parse(readFileSync(0, "utf8"));
const LONG_MS = 90_000;
const ELSEWHERE = "http://elsewhere.example/";

const asked = [];
const proxy = createServer((request, response) => {
  asked.push(request.headers.host);
  response.writeHead(502).end();
});
proxy.on("connect", (request, socket) => {
  asked.push(request.url);
  socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
});
await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));
const { port } = proxy.address();

const browser = await puppeteer.launch({
  browser: "firefox", executablePath, timeout: LONG_MS,
  // With this Firefox heeds the first preference: no settings from its maker.
  env: { ...process.env, MOZ_REMOTE_SETTINGS_DEVTOOLS: "1" },
  extraPrefsFirefox: {
    "services.settings.server": "http://127.0.0.1:9",
    "network.proxy.type": 1, "network.proxy.no_proxies_on": "127.0.0.1",
    "network.proxy.http": "127.0.0.1", "network.proxy.http_port": port,
    "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": port,
  },
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(LONG_MS);
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  const said = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll("article output[name]")].map((output) => [output.name, [output.dataset.value, output.textContent]])));

  await page.goto(url);
  await page.waitForSelector("[data-state=ready]");
  const before = await said();
  for (const [name, text] of Object.entries(typed)) await page.locator(`input[name=${name}]`).fill(text);
  await page.waitForSelector("[data-state=ready] > .calculator-state > .calculator-status:not(:empty)");
  await page.waitForSelector("[data-part=charts]:not([data-old]) svg");
  const after = await said();
  const [hosts, wrong] = [[...asked], [...errors]];

  // The page may not ask elsewhere; the proxy would have noted it.
  const refused = await page.evaluate((elsewhere) => fetch(elsewhere).then(() => false, () => true), ELSEWHERE) && asked.length === hosts.length;
  await page.goto(ELSEWHERE).catch(() => {});
  process.stdout.write(JSON.stringify({ before, after, errors: wrong, hosts, refused, noted: asked.includes(new URL(ELSEWHERE).host) }));
} finally {
  await browser.close();
  proxy.close();
}

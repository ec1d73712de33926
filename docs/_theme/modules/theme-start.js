// Runs before the theme's own script: puts our search worker in place of the theme's, started from a blob so that
// the page's Content-Security-Policy holds in it.
const element = /** @type {HTMLScriptElement} */ (document.currentScript);
const config = /** @type {HTMLScriptElement} */ (document.getElementById("__config"));
const settings = JSON.parse(config.textContent ?? "{}");
const worker = new URL("search-worker.js", element.src).href;
const root = new URL(settings.base + "/", location.href).href;
const failed = JSON.parse(SEARCH_FAILED)[document.documentElement.lang];
const bootstrap = `self.languageRoot=${JSON.stringify(root)};self.searchFailed=${JSON.stringify(failed)};importScripts(${JSON.stringify(worker)});`;
settings.search = URL.createObjectURL(new Blob([bootstrap], { type: "text/javascript" }));
config.textContent = JSON.stringify(settings);

// Runs before the theme's own script: puts our search worker in place of the theme's, started from a blob so that
// the page's Content-Security-Policy holds in it. Until the first query it is these few lines, which say that it is ready.
const element = /** @type {HTMLScriptElement} */ (document.currentScript);
const config = /** @type {HTMLScriptElement} */ (document.getElementById("__config"));
const settings = JSON.parse(config.textContent ?? "{}");
const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3;
const given = {
  languageRoot: new URL(settings.base + "/", location.href).href,
  build: /** @type {HTMLMetaElement | null} */ (document.querySelector("[name=build]"))?.content,
  searchFailed: JSON.parse(SEARCH_FAILED)[document.documentElement.lang],
};
const worker = new URL("search-worker.js", element.src).href;
const failed = { location: "", title: given.searchFailed, text: "", terms: {}, tags: [], score: 0 };
const bootstrap = `Object.assign(self,${JSON.stringify(given)});
addEventListener("message",({data:{type,data}})=>{
if(type===${SETUP})postMessage({type:${READY}});
if(type!==${QUERY})return;
if(!self.answer&&data.trim())try{importScripts(${JSON.stringify(worker)})}catch{}
if(self.answer)self.answer(data);
else postMessage({type:${RESULT},data:{items:data.trim()?[[${JSON.stringify(failed)}]]:[]}})});`;
settings.search = URL.createObjectURL(new Blob([bootstrap], { type: "text/javascript" }));
config.textContent = JSON.stringify(settings);

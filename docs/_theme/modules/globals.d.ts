// Folders of the built site, relative to its root; set by scripts/build.py when the modules are bundled.
declare const RUNTIME_PATH: string;
/** JSON of the engine's files: name -> {path, bytes, sha256}. */
declare const ENGINE_FILES: string;
/** JSON of what Pyodide's lock file says about the build. */
declare const PYODIDE_INFO: string;
/** What the engine weighs, as a reader sees it: "13.2 MB". */
declare const ENGINE_SIZE: string;
/** JSON of the words beside a figure: {"figure-days": {"en": "…", "ja": "…"}, …}. */
declare const FIGURE_WORDS: string;
/** JSON of what the search box says when its text could not be fetched: {"en": "…", "ja": "…"}. */
declare const SEARCH_FAILED: string;
/** JSON of what is said when a new edition lies ready: {"edition-new": {"en": "…", "ja": "…"}, …}. */
declare const EDITION_WORDS: string;
/** The edition of the site, at the head of sw.js; set by scripts/offline.py. */
declare const BUILD_ID: string;
/** JSON of what the demo fetches: [{name, path, bytes, sha256, backends}, …]. */
declare const MODEL_FILES: string;
/** Compiled from docs/_theme/kernels by scripts/bundle.mjs, for one thread and for several. */
declare module "kernels:plain" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "kernels:probe" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "kernels:shared" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

// Folders of the built site, relative to its root; set by scripts/build.py when the modules are bundled.
declare const RUNTIME_PATH: string;
declare const ENGINE_PATH: string;
declare const MODEL_PATH: string;
declare const ORT_PATH: string;
/** What the engine weighs, as a reader sees it: "13.2 MB". */
declare const ENGINE_SIZE: string;
/** JSON of the words beside a figure: {"figure-days": {"en": "…", "ja": "…"}, …}. */
declare const FIGURE_WORDS: string;

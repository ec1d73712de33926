// What the page and the demo model's worker (chat-worker.js) say to each other.
// A worker serves one backend; to change it, end the worker and start another.

export type Backend = "wasm" | "webgpu";
export type Message = { role: "system" | "user" | "assistant"; content: string };
/** What fills the slots of a sentence of data/strings/chat.yml. */
export type Slots = Record<string, string | number>;

/** Page to worker. */
export type Request =
  /**
   * `threads`: 1 unless the page is cross-origin isolated. `store`: false runs without keeping files in the browser.
   * `hub`: the model, in hub-worker.js; chat-worker.js has one of its own.
   */
  | { type: "load"; backend: Backend; threads: number; store: boolean; hub?: HubModel }
  /** Stops a load under way at once; answered by the error "canceled". */
  | { type: "cancel" }
  /** `temperature` 0 is greedy; `seed` is a uint32 and matters above 0 only. */
  | { type: "generate"; id: number; messages: Message[]; maxNewTokens: number; temperature: number; seed: number }
  /** Stops at the next token, or between two parts of the prompt. */
  | { type: "interrupt" };

/** A model of data/browser-models/ on a host of data/model-hosts/. `sha256`: of files whose hash is known from elsewhere. */
export type HubModel = {
  id: string;
  origin: string;
  repository: string;
  revision: string;
  graph: string;
  precision: "fp16" | "fp32";
  download_bytes: number;
  sha256: Record<string, string>;
};

/** "listing": asking a host for its files; "waiting": for another tab's download. */
export type Phase = "listing" | "waiting" | "downloading" | "checking" | "retrying" | "preparing" | "warming_up" | "prefill" | "decode";
export type Precision = "fp32" | "fp16" | "int16 activations";

export type Ready = {
  type: "ready";
  backend: Backend;
  /** Name of the graphics adapter; empty on wasm. */
  adapter: string;
  threads: number;
  precision: Precision;
  load_ms: number;
  bytes_downloaded: number;
  bytes_cached: number;
  /** What the model holds in memory by its own count; 0 where it cannot be known. */
  memory_bytes: number;
  context_tokens: number;
  /** Ids of data/strings/chat.yml. */
  notices: string[];
};

export type Done = {
  type: "done";
  id: number;
  text: string;
  /** Oldest exchanges left out of the prompt. */
  dropped: number;
  finish: "end" | "interrupted" | "length";
  tokens: number;
  prompt_tokens: number;
  /** Tokens of the prompt that were already in memory. */
  reused_tokens: number;
  context_used: number;
  memory_bytes: number;
  /** Since the request, one a token. */
  token_times_ms: number[];
};

/** Worker to page. */
export type Report =
  | { type: "phase"; phase: Phase; slots?: Slots }
  /** Bytes in the phase "downloading", tokens in the phase "prefill". */
  | { type: "progress"; loaded: number; total: number }
  | Ready
  | { type: "token"; id: number; text: string; count: number; elapsed_ms: number; prompt_tokens: number; context_used: number }
  | Done
  /** Requests to the network since "ready"; there should be none. */
  | { type: "requests"; count: number }
  | { type: "error"; id?: number; code: string; slots: Slots };

/** manifest.json of the model's folder, written by scripts/build_model.py. */
export type Manifest = {
  schema: number;
  context_tokens: number;
  end_token: number;
  shape: Record<"layers" | "width" | "feed_forward" | "heads" | "kv_heads" | "vocabulary" | "norm_epsilon", number>;
  /** Where each tensor lies. */
  tensors: Record<string, [file: string, offset: number, length: number]>;
  files: { path: string; bytes: number; sha256: string; backends: Backend[] }[];
};

// The files of a model on a host that is not this site, asked for only after the reader agreed. The host tells the hash
// of every file; what is known from elsewhere must agree, and a file is kept only where it has its hash.

import { DemoError } from "./demo-error.js";
import { hexDigest } from "./hex-digest.js";
import { PRIVATE } from "./model-download.js";
import { fetchFiles, filesFor } from "./model-files.js";
import { HUB_STORE, keepList, keepWhole, openStore, readList, sha256 } from "./model-store.js";
import { RUNTIME } from "./webgpu-decoder.js";

/**
 * @typedef {import("./chat-protocol.d.ts").HubModel} HubModel
 * @typedef {import("./model-files.js").Options} Options
 * @typedef {{ type: string, path: string, size: number, oid: string, lfs?: { oid: string, size: number } }} Entry of the host's list
 * @typedef {{ path: string, bytes: number, sha256: string }} Listed
 */

const TEXTS = ["config.json", "tokenizer.json", "tokenizer_config.json"];
const TEXTS_IF_THERE = ["generation_config.json", "chat_template.jinja"];
/** How much more than the dialog named may be fetched without asking again. */
const MOST_MORE = 1.1;

/**
 * The runtime from this site, the model from its host or the browser's storage.
 * @param {HubModel} model
 * @param {Options} options
 */
export async function fetchHub(model, options) {
  const wanted = await fileList(model, options);
  const runtime = await fetchFiles(filesFor("webgpu").filter(({ name }) => name === RUNTIME), options);
  const fetched = await fetchFiles(wanted.map((file) => ({ ...file, name: file.path, url: address(model, file.path) })), { ...options, storeName: HUB_STORE });
  fetched.files.set(RUNTIME, /** @type {Uint8Array<ArrayBuffer>} */ (runtime.files.get(RUNTIME)));
  fetched.networkBytes += runtime.networkBytes;
  fetched.cachedBytes += runtime.cachedBytes;
  return fetched;
}

/** @param {HubModel} model @param {string} path */
function address({ origin, repository, revision }, path) {
  return new URL(`${origin}/${repository}/resolve/${revision}/${path}`);
}

/**
 * What to fetch: as kept from an earlier visit, so that this one asks nobody, else as the host lists it.
 * @param {HubModel} model
 * @param {Options} options
 * @returns {Promise<Listed[]>}
 */
async function fileList(model, { store = true, signal, onPhase }) {
  const cache = store ? await openStore(HUB_STORE) : undefined;
  const kept = cache && (await readList(cache, model));
  if (kept) return kept;
  onPhase?.("listing");
  const { origin, repository, revision } = model;
  const response = await ask(new URL(`${origin}/api/models/${repository}/tree/${revision}?recursive=true`), signal);
  const entries = /** @type {Entry[]} */ (await response.json().catch(() => { throw new DemoError("hub_list", { host: new URL(origin).host }); }));
  const wanted = chosen(model, entries);
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  if (total > model.download_bytes * MOST_MORE) throw new DemoError("hub_larger", { need_bytes: total, said_bytes: model.download_bytes });
  /** @type {Listed[]} */
  const list = [];
  for (const entry of wanted) {
    const hash = entry.lfs?.oid ?? (await hashOfText(model, entry, cache, signal));
    if ((model.sha256[entry.path] ?? hash) !== hash) throw new DemoError("hub_changed", { file: entry.path });
    list.push({ path: entry.path, bytes: entry.size, sha256: hash });
  }
  if (cache) await keepList(cache, model, list);
  return list;
}

/**
 * The model's part of the list: the graph, the weights beside it, and what the tokenizer needs.
 * @param {HubModel} model
 * @param {Entry[]} entries
 */
function chosen(model, entries) {
  const files = new Map(entries.filter(({ type }) => type === "file").map((entry) => [entry.path, entry]));
  for (const path of [model.graph, ...TEXTS]) if (!files.has(path)) throw new DemoError("missing_file", { file: path });
  const names = [model.graph, ...[...files.keys()].filter((path) => path.startsWith(`${model.graph}_data`)), ...TEXTS, ...TEXTS_IF_THERE];
  return names.flatMap((path) => files.get(path) ?? []);
}

/**
 * A small file lies in the host's Git itself, under another hash: it is fetched at once and compared with that.
 * @param {HubModel} model
 * @param {Entry} entry
 * @param {Cache | undefined} cache
 * @param {AbortSignal} [signal]
 */
async function hashOfText(model, { path, size, oid }, cache, signal) {
  const bytes = new Uint8Array(await (await ask(address(model, path), signal)).arrayBuffer());
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const blob = new Uint8Array(head.length + bytes.length);
  blob.set(head);
  blob.set(bytes, head.length);
  if (bytes.length !== size || (await hexDigest("SHA-1", blob)) !== oid) throw new DemoError("checksum", { file: path });
  const hash = await sha256(bytes);
  if (cache) await keepWhole(cache, { sha256: hash }, bytes);
  return hash;
}

/**
 * @param {URL} url
 * @param {AbortSignal} [signal]
 */
async function ask(url, signal) {
  const response = await fetch(url, { ...PRIVATE, signal, cache: "no-store" }).catch((error) => {
    if (signal?.aborted) throw new DemoError("canceled");
    throw error instanceof TypeError ? new DemoError("hub_unreachable", { host: url.host }) : error;
  });
  const file = url.pathname.split("/").pop() ?? "";
  if (response.status === 404) throw new DemoError("missing_file", { file });
  if (!response.ok) throw new DemoError("http_status", { file, status: response.status });
  return response;
}

// Where everything lies in the one memory. Every thread computes the same layout from the same sizes, so only
// sizes are passed. Lengths are in elements, addresses in bytes, sizes of one array rounded up to 64 bytes.

/** Weights of one block, sharing a scale. */
export const BLOCK: i32 = 32;
/** Tokens read together; also the most that one interruption waits for. */
export const BATCH: i32 = 16;
/** Rows that lie interleaved: two SIMD registers of four. */
export const TILE: i32 = 8;
/** Bytes of TILE rows of one block: nibbles or bytes, then TILE scales and (4 bits only) TILE minima of 16 bits. */
export const TILE_BYTES_4: i32 = 160;
export const TILE_BYTES_8: i32 = 272;
/** Tokens in one piece of the cache; pieces are appended as the conversation grows. */
export const PIECE: i32 = 256;
export const HEAD_WIDTH: i32 = 64;

// Addresses of what the threads tell each other, each in a cache line of its own where it is waited for.
/** Jobs given so far. */
export const EPOCH: usize = 64;
/** Threads that have come to the meeting point, and how often all have. */
export const ARRIVED: usize = 128;
export const ROUND: usize = 192;
/** The job: what to do, tokens (or which one), position of the first. */
export const KIND: usize = 256;
export const TOKENS: usize = 260;
export const START: usize = 264;
const FIRST: usize = 320;

export let layers: i32 = 0;
export let width: i32 = 0;
export let hidden: i32 = 0;
export let heads: i32 = 0;
export let kvHeads: i32 = 0;
export let vocabulary: i32 = 0;
export let context: i32 = 0;
export let epsilon: f32 = 0;
export let threads: i32 = 1;
export let qkvWidth: i32 = 0;

export let cosines: usize = 0; // f32 [context, HEAD_WIDTH / 2]
export let sines: usize = 0;
export let norms: usize = 0; // f32 [2 * layers + 1, width]: attention and feed-forward of each layer, then the last
export let embedding: usize = 0; // 8-bit tiles [vocabulary, width], also the output head
export let linears: usize = 0; // 4-bit tiles: qkv, attention output, gate and up, down of each layer
export let residual: usize = 0; // f32 [BATCH, width]
export let ids: usize = 0; // i32 [BATCH]
let own: usize = 0; // of each thread, see below
let ownBytes: usize = 0;
export let projected: usize = 0; // f32 [BATCH, 2 * hidden]: q, k, v or gate, up
export let attended: usize = 0; // f32 [BATCH, width]
export let scores: usize = 0; // f32 [threads, context]
export let logits: usize = 0; // f32 [vocabulary]
export let staging: usize = 0; // raw weights on their way into tiles
export let cache: usize = 0; // pieces: [layer, kv head, key or value][PIECE, HEAD_WIDTH] i16, then their f32 scales
export let pieceBytes: i32 = 0;

/** Bytes of the staging area: enough for the largest linear. */
export const STAGING_BYTES: i32 = 2 << 20;

let end: usize = 0;
function place(bytes: usize): usize {
  const at = end;
  end += (bytes + 63) & ~63;
  return at;
}

export function linearBytes(rows: i32, columns: i32): usize {
  return usize(rows / TILE) * usize(columns / BLOCK) * usize(TILE_BYTES_4);
}

/** Lays the memory out. Returns the bytes needed before the first piece of the cache. */
export function configure(
  layers_: i32, width_: i32, hidden_: i32, heads_: i32, kvHeads_: i32, vocabulary_: i32, context_: i32, epsilon_: f32, threads_: i32,
): usize {
  layers = layers_; width = width_; hidden = hidden_; heads = heads_; kvHeads = kvHeads_;
  vocabulary = vocabulary_; context = context_; epsilon = epsilon_; threads = threads_;
  qkvWidth = width + 2 * kvHeads * HEAD_WIDTH;
  end = FIRST;
  cosines = place(context * HEAD_WIDTH * 2);
  sines = place(context * HEAD_WIDTH * 2);
  norms = place((2 * layers + 1) * width * 4);
  embedding = place(usize(vocabulary / TILE) * usize(width / BLOCK) * usize(TILE_BYTES_8));
  linears = place(usize(layers) * layerBytes());
  residual = place(BATCH * width * 4);
  ids = place(BATCH * 4);
  ownBytes = BATCH * hidden * 2 + BATCH * (hidden / BLOCK) * 8 + hidden * 4;
  own = place(usize(threads) * ownBytes);
  projected = place(BATCH * 2 * hidden * 4);
  attended = place(BATCH * width * 4);
  scores = place(threads * (context + 16) * 4);
  logits = place(vocabulary * 4);
  staging = place(STAGING_BYTES);
  cache = end;
  pieceBytes = layers * kvHeads * 2 * PIECE * (HEAD_WIDTH * 2 + 4);
  return end;
}

/** A thread's input of a linear, i16 [BATCH, columns], permuted as matmul.ts says. */
@inline export function quantized(thread: i32): usize {
  return own + usize(thread) * ownBytes;
}

/** Scale and sum of each of its blocks, f32 [BATCH, columns / BLOCK, 2]. */
@inline export function scales(thread: i32): usize {
  return quantized(thread) + usize(BATCH * hidden * 2);
}

/** A thread's room for one token, f32 [hidden]. */
@inline export function scratch(thread: i32): usize {
  return scales(thread) + usize(BATCH * (hidden / BLOCK) * 8);
}

export function layerBytes(): usize {
  return linearBytes(qkvWidth, width) + linearBytes(width, width) + linearBytes(2 * hidden, width) + linearBytes(width, hidden);
}

/** Address of linear 0 to 3 of a layer, in the order of `linears`. */
export function linearAt(layer: i32, part: i32): usize {
  let at = linears + usize(layer) * layerBytes();
  if (part > 0) at += linearBytes(qkvWidth, width);
  if (part > 1) at += linearBytes(width, width);
  if (part > 2) at += linearBytes(2 * hidden, width);
  return at;
}

/** Keys (0) or values (1) of a head from a token on; the rest of its piece follows. */
@inline export function cachedAt(layer: i32, head: i32, part: i32, token: i32): usize {
  const inPiece = ((layer * kvHeads + head) * 2 + part) * PIECE + token % PIECE;
  return cache + usize(token / PIECE) * usize(pieceBytes) + usize(inPiece) * usize(HEAD_WIDTH * 2);
}

/** The scale that belongs to `cachedAt`. */
@inline export function cachedScaleAt(layer: i32, head: i32, part: i32, token: i32): usize {
  const inPiece = ((layer * kvHeads + head) * 2 + part) * PIECE + token % PIECE;
  const scalesAt = layers * kvHeads * 2 * PIECE * HEAD_WIDTH * 2;
  return cache + usize(token / PIECE) * usize(pieceBytes) + usize(scalesAt) + usize(inPiece) * 4;
}

// A llama decoder for one conversation. JavaScript lays out and fills the memory (layout.ts, pack.ts), writes token
// ids to `ids`, and calls read() and score(). Several threads run the same code on one memory: each computes its share
// of the rows and waits for the others where their results are needed.
import { attend, remember } from "./attention";
import {
  BATCH, BLOCK, HEAD_WIDTH, STAGING_BYTES, TILE, TILE_BYTES_8, attended, cache, configure as layOut, embedding, epsilon, heads, hidden,
  kvHeads, layers, linearAt, linearBytes, logits, norms, pieceBytes, projected, quantized, qkvWidth, residual, scales, staging, threads,
  vocabulary, width, cosines, sines, ids, scratch, START, TOKENS, EPOCH, KIND, ARRIVED, ROUND,
} from "./layout";
import { gated, normed } from "./math";
import { linear4, linear8, quantize, row8 } from "./matmul";
import { pack4, pack8 } from "./pack";

export { BATCH as batch, ids, logits, norms, cosines, sines, staging, cache, pieceBytes };

const READ: i32 = 1, SCORE: i32 = 2, END: i32 = 3;
/** Looks at a value that another thread will change this often before it sleeps. */
const SPINS: i32 = 5000;

let me: i32 = 0;

/** Lays out the memory for these sizes and this thread; returns the bytes needed without the cache. */
export function configure(
  layers: i32, width: i32, hidden: i32, heads: i32, kvHeads: i32, vocabulary: i32, context: i32, epsilon: f32, threads: i32, thread: i32,
): usize {
  me = thread;
  return layOut(layers, width, hidden, heads, kvHeads, vocabulary, context, epsilon, threads);
}

/** Most rows of a matrix whose packed form fits into the staging area; a multiple of TILE. */
export function stagedRows(columns: i32): i32 {
  return (STAGING_BYTES / (columns + 64)) & ~(TILE - 1);
}

/** Takes rows of a 4-bit linear from the staging area: nibbles, then scales, then minima. */
export function takeLinear(layer: i32, part: i32, row: i32, rows: i32): void {
  const columns = part == 3 ? hidden : width;
  const blocks = columns / BLOCK;
  const d = staging + usize(rows * blocks * 16);
  pack4(rows, columns, staging, d, d + usize(rows * blocks * 2), linearAt(layer, part) + linearBytes(row, columns));
}

/** Takes rows of the embedding from the staging area: bytes, then scales. */
export function takeEmbedding(row: i32, rows: i32): void {
  const blocks = width / BLOCK;
  pack8(rows, width, staging, staging + usize(rows * width), embedding + usize(row / TILE * blocks) * usize(TILE_BYTES_8));
}

/** Reads the batch in `ids`; the first of its tokens has this position. */
export function read(tokens: i32, start: i32): void {
  store<i32>(TOKENS, tokens);
  store<i32>(START, start);
  begin(READ);
  readMyPart();
}

/** Scores of what follows one token of the batch just read, into `logits`. */
export function score(token: i32): void {
  store<i32>(TOKENS, token);
  begin(SCORE);
  scoreMyPart();
}

/** What a helper thread does until end(). */
export function serve(): void {
  for (let epoch = 0; ; ) {
    waitWhile(EPOCH, epoch);
    epoch = atomic.load<i32>(EPOCH);
    const kind = load<i32>(KIND);
    if (kind == READ) readMyPart();
    else if (kind == SCORE) scoreMyPart();
    else return;
  }
}

/** Lets the helpers return. */
export function end(): void {
  begin(END);
}

function begin(kind: i32): void {
  if (threads == 1) return;
  store<i32>(KIND, kind);
  atomic.add<i32>(EPOCH, 1);
  atomic.notify(EPOCH, -1);
}

function waitWhile(at: usize, value: i32): void {
  for (let spin = 0; spin < SPINS; spin++) {
    if (atomic.load<i32>(at) != value) return;
  }
  while (atomic.load<i32>(at) == value) atomic.wait<i32>(at, value, -1);
}

/** Returns when every thread has come here. */
function meet(): void {
  if (threads == 1) return;
  const round = atomic.load<i32>(ROUND);
  if (atomic.add<i32>(ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(ARRIVED, 0);
    atomic.add<i32>(ROUND, 1);
    atomic.notify(ROUND, -1);
  } else waitWhile(ROUND, round);
}

/** Where this thread's share of `count` begins; share `me + 1` is the next thread's. */
@inline function share(count: i32, thread: i32): i32 {
  return count * thread / threads;
}

/** My rows of a 4-bit linear over the batch in my `quantized`. */
function multiply(layer: i32, part: i32, rows: i32, columns: i32, tokens: i32, to: usize, add: boolean): void {
  const tiles = rows / TILE;
  linear4(linearAt(layer, part), rows, columns, share(tiles, me), share(tiles, me + 1), tokens, quantized(me), scales(me), to, add);
  meet();
}

/** Every thread makes the linears' input for itself: that is cheaper than to wait for it. */
function prepareNormed(gain: usize, tokens: i32): void {
  for (let token = 0; token < tokens; token++) {
    normed(residual + usize(token * width * 4), gain, width, epsilon, scratch(me));
    prepare(scratch(me), token, width);
  }
}

@inline function prepare(from: usize, token: i32, columns: i32): void {
  quantize(from, columns, quantized(me) + usize(token * columns * 2), scales(me) + usize(token * (columns / BLOCK) * 8));
}

function readMyPart(): void {
  const tokens = load<i32>(TOKENS), start = load<i32>(START);
  for (let token = me; token < tokens; token += threads) {
    row8(embedding, load<i32>(ids + token * 4), width, residual + usize(token * width * 4));
  }
  meet();
  for (let layer = 0; layer < layers; layer++) {
    const gain = norms + usize(2 * layer * width * 4);
    prepareNormed(gain, tokens);
    multiply(layer, 0, qkvWidth, width, tokens, projected, false);
    for (let item = me; item < tokens * kvHeads; item += threads) {
      remember(layer, item % kvHeads, item / kvHeads, start + item / kvHeads);
    }
    meet();
    for (let item = me; item < tokens * heads; item += threads) {
      attend(layer, item % heads, item / heads, start + item / heads, me);
    }
    meet();
    for (let token = 0; token < tokens; token++) prepare(attended + usize(token * width * 4), token, width);
    multiply(layer, 1, width, width, tokens, residual, true);
    prepareNormed(gain + usize(width * 4), tokens);
    multiply(layer, 2, 2 * hidden, width, tokens, projected, false);
    for (let token = 0; token < tokens; token++) {
      const gate = projected + usize(token * 2 * hidden * 4);
      gated(gate, gate + usize(hidden * 4), hidden, scratch(me));
      prepare(scratch(me), token, hidden);
    }
    multiply(layer, 3, width, hidden, tokens, residual, true);
  }
}

function scoreMyPart(): void {
  const token = load<i32>(TOKENS), tiles = vocabulary / TILE;
  normed(residual + usize(token * width * 4), norms + usize(2 * layers * width * 4), width, epsilon, scratch(me));
  prepare(scratch(me), 0, width);
  linear8(embedding, width, share(tiles, me), share(tiles, me + 1), quantized(me), scales(me), logits);
  meet();
}

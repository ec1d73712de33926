// Rotary embedding, the cache of keys and values (16-bit integers, one scale a vector), and attention over it.
import { HEAD_WIDTH, PIECE, attended, cachedAt, cachedScaleAt, context, cosines, heads, kvHeads, projected, qkvWidth, scores, sines, width } from "./layout";
import { expOf } from "./math";

/** Bytes of a vector of a head, in i16 (and of half of one in f32). */
const SHORT: usize = 2 * HEAD_WIDTH;

/** Turns f32 [HEAD_WIDTH] in place by its position; elements i and i + HEAD_WIDTH / 2 are a pair. */
function rotate(at: usize, position: i32): void {
  const row = usize(position * HEAD_WIDTH * 2);
  for (let i: usize = 0; i < SHORT; i += 16) {
    const c = v128.load(cosines + row + i), s = v128.load(sines + row + i);
    const a = v128.load(at + i), b = v128.load(at + SHORT + i);
    v128.store(at + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    v128.store(at + SHORT + i, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
  }
}

/** f32 [HEAD_WIDTH] to i16; returns the scale. */
function shorten(from: usize, to: usize): f32 {
  let most = f32x4.splat(0);
  for (let i: usize = 0; i < 2 * SHORT; i += 16) most = f32x4.max(most, f32x4.abs(v128.load(from + i)));
  most = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  const peak = max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
  const inverse = f32x4.splat(peak > 0 ? <f32>32767 / peak : 0);
  for (let i: usize = 0; i < SHORT; i += 16) {
    const low = f32x4.nearest(f32x4.mul(v128.load(from + i * 2), inverse));
    const high = f32x4.nearest(f32x4.mul(v128.load(from + i * 2, 16), inverse));
    v128.store(to + i, i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(low), i32x4.trunc_sat_f32x4_s(high)));
  }
  return peak / <f32>32767;
}

/** Puts key and value of one head of one token of the batch into the cache. */
export function remember(layer: i32, head: i32, token: i32, position: i32): void {
  const key = projected + usize((token * qkvWidth + width + head * HEAD_WIDTH) * 4);
  rotate(key, position);
  store<f32>(cachedScaleAt(layer, head, 0, position), shorten(key, cachedAt(layer, head, 0, position)));
  const value = key + usize(kvHeads * HEAD_WIDTH * 4);
  store<f32>(cachedScaleAt(layer, head, 1, position), shorten(value, cachedAt(layer, head, 1, position)));
}

/** Sum of the products of two i16 [HEAD_WIDTH], in four lanes. */
@inline function products(a: usize, b: usize): v128 {
  let sum = f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(v128.load(a), v128.load(b)));
  for (let i: usize = 16; i < SHORT; i += 16) {
    sum = f32x4.add(sum, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(v128.load(a + i), v128.load(b + i))));
  }
  return sum;
}

/** What one head of one token sees, f32 [HEAD_WIDTH] into `attended`. `thread` has scores of its own. */
export function attend(layer: i32, head: i32, token: i32, position: i32, thread: i32): void {
  const query = projected + usize((token * qkvWidth + head * HEAD_WIDTH) * 4);
  const kvHead = head / (heads / kvHeads);
  const seen = position + 1;
  const mine = scores + usize(thread) * usize((context + 16) * 4);
  rotate(query, position);
  const scale = shorten(query, query) / <f32>Math.sqrt(HEAD_WIDTH); // in place: what is written was read before

  // Scores in fours; those past the end are of cache that holds something or zero, and are overwritten.
  let most: f32 = -Infinity;
  for (let at = 0; at < seen; at += 4) {
    const keys = cachedAt(layer, kvHead, 0, at);
    const a = products(query, keys), b = products(query, keys + SHORT);
    const c = products(query, keys + 2 * SHORT), d = products(query, keys + 3 * SHORT);
    const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
    const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
    const sums = f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
    const found = f32x4.mul(f32x4.mul(sums, v128.load(cachedScaleAt(layer, kvHead, 0, at))), f32x4.splat(scale));
    v128.store(mine + at * 4, found);
  }
  for (let at = seen; at < ((seen + 3) & ~3); at++) store<f32>(mine + at * 4, -Infinity);
  for (let at = 0; at < seen; at++) most = max(most, load<f32>(mine + at * 4));
  let total = f32x4.splat(0);
  for (let at = 0; at < seen; at += 4) {
    const share = expOf(f32x4.sub(v128.load(mine + at * 4), f32x4.splat(most)));
    total = f32x4.add(total, share);
    v128.store(mine + at * 4, f32x4.mul(share, v128.load(cachedScaleAt(layer, kvHead, 1, at))));
  }
  const sum = f32x4.extract_lane(total, 0) + f32x4.extract_lane(total, 1) + f32x4.extract_lane(total, 2) + f32x4.extract_lane(total, 3);
  const inverse = f32x4.splat(<f32>1 / sum);
  const out = attended + usize((token * width + head * HEAD_WIDTH) * 4);
  for (let part: usize = 0; part < SHORT; part += 32) mix(layer, kvHead, part, seen, mine, out + part * 2, inverse);
}

/** Weighs 16 of a head's elements of all values. */
function mix(layer: i32, kvHead: i32, part: usize, seen: i32, weights: usize, out: usize, inverse: v128): void {
  let a = f32x4.splat(0), b = f32x4.splat(0), c = f32x4.splat(0), d = f32x4.splat(0);
  for (let from = 0; from < seen; from += PIECE) {
    let value = cachedAt(layer, kvHead, 1, from) + part;
    const end = weights + min(seen, from + PIECE) * 4;
    for (let weight = weights + from * 4; weight < end; weight += 4, value += SHORT) {
      const w = v128.load32_splat(weight), low = v128.load(value), high = v128.load(value, 16);
      a = f32x4.add(a, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low))));
      b = f32x4.add(b, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low))));
      c = f32x4.add(c, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high))));
      d = f32x4.add(d, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high))));
    }
  }
  v128.store(out, f32x4.mul(a, inverse));
  v128.store(out, f32x4.mul(b, inverse), 16);
  v128.store(out, f32x4.mul(c, inverse), 32);
  v128.store(out, f32x4.mul(d, inverse), 48);
}

// Products of packed weights with 16-bit activations, exact in integers within a block of 32.
//
// A tile is 8 rows of one block, four rows a register: lane r of i32x4.dot_i16x8_s belongs to row r. Seen as 8 x u16,
// a register holds four columns in each lane, one a nibble: nibble n of the lanes 2r and 2r + 1 are columns n and n + 4
// of row r. So activations lie in the order 0 4 1 5 2 6 3 7 within each 8, and one 32-bit splat is the pair that all
// rows need. Nibbles 1 and 2 are left where they are and count 16 and 256 times; 3840 * 32767 * 8 fits into 32 bits.
//
// 16-bit floats become 32-bit ones by a shift, 2^-112 times too small. Half of that is in the activations' scales and
// the other half comes at the end, so that nothing overflows.
import { BLOCK, TILE, TILE_BYTES_4, TILE_BYTES_8 } from "./layout";

const HALF_RANGE: f32 = 72057594037927936; // 2^56

@inline function halves(eight: v128, high: boolean): v128 {
  const wide = high ? i32x4.extend_high_i16x8_s(eight) : i32x4.extend_low_i16x8_s(eight);
  return v128.and(i32x4.shl(wide, 13), i32x4.splat(0x8fffe000));
}

@inline function sum3(ones: v128, sixteens: v128, many: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.add(ones, i32x4.add(i32x4.shr_s(sixteens, 4), i32x4.shr_s(many, 8))));
}

@inline function put(to: usize, value: v128, add: boolean): void {
  const scaled = f32x4.mul(value, f32x4.splat(HALF_RANGE));
  v128.store(to, add ? f32x4.add(v128.load(to), scaled) : scaled);
}

/** Quantizes f32 [columns] to i16 with a scale and a sum for each block. */
export function quantize(from: usize, columns: i32, to: usize, scales: usize): void {
  for (let block = 0; block < columns; block += BLOCK, from += 128, to += 64, scales += 8) {
    let most = f32x4.splat(0);
    for (let i: usize = 0; i < 128; i += 16) most = f32x4.max(most, f32x4.abs(v128.load(from + i)));
    most = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
    const peak = max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
    const inverse = f32x4.splat(peak > 0 ? <f32>32767 / peak : 0);
    let sum = i32x4.splat(0);
    for (let i: usize = 0; i < 4; i++) {
      const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from + i * 32), inverse)));
      const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from + i * 32, 16), inverse)));
      sum = i32x4.add(sum, i32x4.add(low, high));
      const eight = i16x8.narrow_i32x4_s(low, high);
      v128.store(to + i * 16, v128.shuffle<i16>(eight, eight, 0, 4, 1, 5, 2, 6, 3, 7));
    }
    const total = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
    const scale = peak / <f32>32767 * HALF_RANGE;
    store<f32>(scales, scale);
    store<f32>(scales, <f32>total * scale, 4);
  }
}

/** One token times the rows of one tile, 4-bit weights. */
function tile4x1(w: usize, blocks: i32, x: usize, s: usize, to: usize, add: boolean): void {
  const m0 = i16x8.splat(0x000f), m1 = i16x8.splat(0x00f0), m2 = i16x8.splat(0x0f00);
  let outA = f32x4.splat(0), outB = f32x4.splat(0);
  for (; blocks > 0; blocks--, w += TILE_BYTES_4, s += 8) {
    let a0 = i32x4.splat(0), a1 = i32x4.splat(0), a2 = i32x4.splat(0);
    let b0 = i32x4.splat(0), b1 = i32x4.splat(0), b2 = i32x4.splat(0);
    const last = x + 64;
    let v = w;
    for (; x < last; x += 16, v += 16) {
      const a = v128.load(v), b = v128.load(v, 64);
      const x0 = v128.load32_splat(x), x1 = v128.load32_splat(x, 4), x2 = v128.load32_splat(x, 8), x3 = v128.load32_splat(x, 12);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.and(a, m0), x0));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(v128.and(b, m0), x0));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.and(a, m1), x1));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(v128.and(b, m1), x1));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.and(a, m2), x2));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(v128.and(b, m2), x2));
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(i16x8.shr_u(a, 12), x3));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(i16x8.shr_u(b, 12), x3));
    }
    const d = v128.load(w, 128), m = v128.load(w, 144);
    const scale = v128.load32_splat(s), sum = v128.load32_splat(s, 4);
    outA = f32x4.add(outA, f32x4.mul(sum3(a0, a1, a2), f32x4.mul(halves(d, false), scale)));
    outB = f32x4.add(outB, f32x4.mul(sum3(b0, b1, b2), f32x4.mul(halves(d, true), scale)));
    outA = f32x4.add(outA, f32x4.mul(halves(m, false), sum));
    outB = f32x4.add(outB, f32x4.mul(halves(m, true), sum));
  }
  put(to, outA, add);
  put(to + 16, outB, add);
}

/** Four tokens times four of a tile's rows, 4-bit weights: unpacked once. Two sums a token instead of three keep it in registers. */
function half4x4(w: usize, high: boolean, blocks: i32, x: usize, xStride: usize, s: usize, sStride: usize, to: usize, toStride: usize, add: boolean): void {
  const m0 = i16x8.splat(0x000f), m1 = i16x8.splat(0x00f0);
  const half: usize = high ? 64 : 0;
  let xb = x + xStride, xc = xb + xStride, xd = xc + xStride;
  let outA = f32x4.splat(0), outB = f32x4.splat(0), outC = f32x4.splat(0), outD = f32x4.splat(0);
  for (; blocks > 0; blocks--, w += TILE_BYTES_4, s += 8) {
    let a0 = i32x4.splat(0), a1 = i32x4.splat(0), b0 = i32x4.splat(0), b1 = i32x4.splat(0);
    let c0 = i32x4.splat(0), c1 = i32x4.splat(0), d0 = i32x4.splat(0), d1 = i32x4.splat(0);
    const last = x + 64;
    let v = w + half;
    for (; x < last; x += 16, xb += 16, xc += 16, xd += 16, v += 16) {
      const packed = v128.load(v), upper = i16x8.shr_u(packed, 8);
      const q0 = v128.and(packed, m0), q1 = v128.and(packed, m1), q2 = v128.and(upper, m0), q3 = v128.and(upper, m1);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q0, v128.load32_splat(x)));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q0, v128.load32_splat(xb)));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(q0, v128.load32_splat(xc)));
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(q0, v128.load32_splat(xd)));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q1, v128.load32_splat(x, 4)));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q1, v128.load32_splat(xb, 4)));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(q1, v128.load32_splat(xc, 4)));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(q1, v128.load32_splat(xd, 4)));
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q2, v128.load32_splat(x, 8)));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q2, v128.load32_splat(xb, 8)));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(q2, v128.load32_splat(xc, 8)));
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(q2, v128.load32_splat(xd, 8)));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q3, v128.load32_splat(x, 12)));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q3, v128.load32_splat(xb, 12)));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(q3, v128.load32_splat(xc, 12)));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(q3, v128.load32_splat(xd, 12)));
    }
    const scale = halves(high ? v128.load64_zero(w, 136) : v128.load64_zero(w, 128), false);
    const least = halves(high ? v128.load64_zero(w, 152) : v128.load64_zero(w, 144), false);
    const sb = s + sStride, sc = sb + sStride, sd = sc + sStride;
    outA = f32x4.add(outA, f32x4.add(f32x4.mul(sum2(a0, a1), f32x4.mul(scale, v128.load32_splat(s))), f32x4.mul(least, v128.load32_splat(s, 4))));
    outB = f32x4.add(outB, f32x4.add(f32x4.mul(sum2(b0, b1), f32x4.mul(scale, v128.load32_splat(sb))), f32x4.mul(least, v128.load32_splat(sb, 4))));
    outC = f32x4.add(outC, f32x4.add(f32x4.mul(sum2(c0, c1), f32x4.mul(scale, v128.load32_splat(sc))), f32x4.mul(least, v128.load32_splat(sc, 4))));
    outD = f32x4.add(outD, f32x4.add(f32x4.mul(sum2(d0, d1), f32x4.mul(scale, v128.load32_splat(sd))), f32x4.mul(least, v128.load32_splat(sd, 4))));
  }
  put(to, outA, add);
  put(to + toStride, outB, add);
  put(to + 2 * toStride, outC, add);
  put(to + 3 * toStride, outD, add);
}

@inline function sum2(ones: v128, sixteens: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.add(ones, i32x4.shr_s(sixteens, 4)));
}

/** Tiles `first` to `last` of a 4-bit linear, all tokens: f32 [tokens, rows], added to what is there if `add`. */
export function linear4(w: usize, rows: i32, columns: i32, first: i32, last: i32, tokens: i32, x: usize, s: usize, to: usize, add: boolean): void {
  const blocks = columns / BLOCK;
  const xStride = usize(columns * 2), sStride = usize(blocks * 8), toStride = usize(rows * 4);
  for (let tile = first; tile < last; tile++) {
    const weights = w + usize(tile * blocks) * usize(TILE_BYTES_4);
    let left = tokens, at = x, scalesAt = s;
    let out = to + usize(tile * TILE * 4);
    for (; left >= 4; left -= 4, at += 4 * xStride, scalesAt += 4 * sStride, out += 4 * toStride) {
      half4x4(weights, false, blocks, at, xStride, scalesAt, sStride, out, toStride, add);
      half4x4(weights, true, blocks, at, xStride, scalesAt, sStride, out + 16, toStride, add);
    }
    for (; left > 0; left--, at += xStride, scalesAt += sStride, out += toStride) {
      tile4x1(weights, blocks, at, scalesAt, out, add);
    }
  }
}

@inline function pairs(low: v128, high: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7)));
}

/** Tiles `first` to `last` of an 8-bit table times one token. A register holds four columns of four rows. */
export function linear8(w: usize, columns: i32, first: i32, last: i32, x: usize, s: usize, to: usize): void {
  const blocks = columns / BLOCK;
  w += usize(first * blocks) * usize(TILE_BYTES_8);
  to += usize(first * TILE * 4);
  for (let tile = first; tile < last; tile++, to += TILE * 4) {
    let outA = f32x4.splat(0), outB = f32x4.splat(0);
    let at = x, scales = s;
    for (let block = 0; block < blocks; block++, w += TILE_BYTES_8, scales += 8) {
      let a0 = i32x4.splat(0), a1 = i32x4.splat(0), b0 = i32x4.splat(0), b1 = i32x4.splat(0);
      const end = at + 64;
      let v = w;
      for (; at < end; at += 8, v += 16) {
        const four = v128.load64_splat(at), a = v128.load(v), b = v128.load(v, 128);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(a), four));
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(a), four));
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(b), four));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(b), four));
      }
      const d = v128.load(w, 256), scale = v128.load32_splat(scales);
      outA = f32x4.add(outA, f32x4.mul(pairs(a0, a1), f32x4.mul(halves(d, false), scale)));
      outB = f32x4.add(outB, f32x4.mul(pairs(b0, b1), f32x4.mul(halves(d, true), scale)));
    }
    put(to, outA, false);
    put(to + 16, outB, false);
  }
}

/** One row of an 8-bit table as f32 [columns]. */
export function row8(w: usize, row: i32, columns: i32, to: usize): void {
  const blocks = columns / BLOCK, lane = row % TILE;
  w += usize(row / TILE * blocks) * usize(TILE_BYTES_8);
  for (let block = 0; block < blocks; block++, w += TILE_BYTES_8, to += BLOCK * 4) {
    const scale = half(load<u16>(w + lane * 2, 256));
    for (let at = 0; at < BLOCK; at++) {
      const value = load<i8>(w + (lane / 4) * 128 + (at / 4) * 16 + (lane % 4) * 4 + at % 4);
      const column = (at & 24) + ((at & 7) >> 1) + ((at & 1) << 2);
      store<f32>(to + column * 4, scale * <f32>value);
    }
  }
}

/** Value of a 16-bit float. */
@inline function half(bits: u16): f32 {
  const wide = reinterpret<f32>((<u32>(bits & 0x8000) << 16) | (<u32>(bits & 0x7fff) << 13));
  return wide * HALF_RANGE * HALF_RANGE;
}

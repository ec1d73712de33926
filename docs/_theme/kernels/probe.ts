// What the device probe times on the CPU (AssemblyScript, WebAssembly SIMD): reading memory, multiplying matrices.
// Addresses and lengths are bytes unless said otherwise; the caller grows the memory.

/** Reads `bytes` (a multiple of 128) from `from` on. Returns a sum over all of it, so that no read can be left out. */
export function read(from: usize, bytes: usize): i64 {
  let a = i64x2.splat(0), b = a, c = a, d = a;
  const end = from + bytes;
  for (let at = from; at < end; at += 128) {
    a = i64x2.add(a, i64x2.add(v128.load(at), v128.load(at, 64)));
    b = i64x2.add(b, i64x2.add(v128.load(at, 16), v128.load(at, 80)));
    c = i64x2.add(c, i64x2.add(v128.load(at, 32), v128.load(at, 96)));
    d = i64x2.add(d, i64x2.add(v128.load(at, 48), v128.load(at, 112)));
  }
  const all = i64x2.add(i64x2.add(a, b), i64x2.add(c, d));
  return i64x2.extract_lane(all, 0) + i64x2.extract_lane(all, 1);
}

/** C = A B for square matrices of n x n: 16-bit integers, summed up in 32 bits, as decoder.ts computes. A lies row by row;
 * B in panels of 8 columns, pairs of rows interleaved, as engines pack their weights. n is a multiple of 8. 2 n^3 operations. */
export function multiply(a: usize, b: usize, c: usize, n: i32): void {
  const row = <usize>n << 1, out = <usize>n << 2;
  for (let i = 0; i < n; i += 4) {
    for (let j = 0; j < n; j += 8) {
      let r00 = i32x4.splat(0), r01 = r00, r10 = r00, r11 = r00, r20 = r00, r21 = r00, r30 = r00, r31 = r00;
      let left = a + <usize>i * row, right = b + <usize>j * row;
      for (let k = 0; k < n; k += 2) {
        const b0 = v128.load(right), b1 = v128.load(right, 16);
        const a0 = v128.load32_splat(left), a1 = v128.load32_splat(left + row);
        const a2 = v128.load32_splat(left + 2 * row), a3 = v128.load32_splat(left + 3 * row);
        r00 = i32x4.add(r00, i32x4.dot_i16x8_s(a0, b0));
        r01 = i32x4.add(r01, i32x4.dot_i16x8_s(a0, b1));
        r10 = i32x4.add(r10, i32x4.dot_i16x8_s(a1, b0));
        r11 = i32x4.add(r11, i32x4.dot_i16x8_s(a1, b1));
        r20 = i32x4.add(r20, i32x4.dot_i16x8_s(a2, b0));
        r21 = i32x4.add(r21, i32x4.dot_i16x8_s(a2, b1));
        r30 = i32x4.add(r30, i32x4.dot_i16x8_s(a3, b0));
        r31 = i32x4.add(r31, i32x4.dot_i16x8_s(a3, b1));
        left += 4;
        right += 32;
      }
      const at = c + <usize>i * out + (<usize>j << 2);
      v128.store(at, r00), v128.store(at, r01, 16);
      v128.store(at + out, r10), v128.store(at + out, r11, 16);
      v128.store(at + 2 * out, r20), v128.store(at + 2 * out, r21, 16);
      v128.store(at + 3 * out, r30), v128.store(at + 3 * out, r31, 16);
    }
  }
}

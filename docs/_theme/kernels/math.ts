// Functions of f32 vectors.

/** e^x in four lanes, within 2 units in the last place; 0 below -87 (Cephes' expf). */
@inline export function expOf(x: v128): v128 {
  const bounded = f32x4.min(f32x4.max(x, f32x4.splat(-87.3)), f32x4.splat(88));
  const n = f32x4.nearest(f32x4.mul(bounded, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(bounded, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let y = f32x4.splat(1.9875691500e-4);
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.3981999507e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(8.3334519073e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(4.1665795894e-2));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.6666665459e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(5.0000001201e-1));
  y = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(y, r), r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(y, power), f32x4.ge(x, f32x4.splat(-87.3)));
}

/** SiLU of the gate times up, f32 [count], into `to`. */
export function gated(gate: usize, up: usize, count: i32, to: usize): void {
  const one = f32x4.splat(1);
  for (let i: usize = 0; i < usize(count * 4); i += 16) {
    const g = v128.load(gate + i);
    v128.store(to + i, f32x4.mul(f32x4.div(g, f32x4.add(one, expOf(f32x4.neg(g)))), v128.load(up + i)));
  }
}

/** Root-mean-square norm of f32 [count] with its gain. */
export function normed(from: usize, gain: usize, count: i32, epsilon: f32, to: usize): void {
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < usize(count * 4); i += 16) {
    const x = v128.load(from + i);
    squares = f32x4.add(squares, f32x4.mul(x, x));
  }
  const sum = f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1) + f32x4.extract_lane(squares, 2) + f32x4.extract_lane(squares, 3);
  const inverse = f32x4.splat(<f32>(1.0 / Math.sqrt(<f64>sum / <f64>count + <f64>epsilon)));
  for (let i: usize = 0; i < usize(count * 4); i += 16) {
    v128.store(to + i, f32x4.mul(f32x4.mul(v128.load(from + i), inverse), v128.load(gain + i)));
  }
}

// Picks the next token from the model's scores.

/**
 * @param {number} temperature 0 takes the best one
 * @param {number} seed uint32; the same seed and scores give the same tokens
 * @returns {(scores: Float32Array) => number}
 */
export function sampler(temperature, seed) {
  if (!(temperature > 0)) return best;
  const random = mulberry32(seed);
  return (scores) => {
    const most = scores[best(scores)];
    const shares = scores.map((score) => Math.exp((score - most) / temperature));
    let left = random() * shares.reduce((sum, share) => sum + share, 0);
    const found = shares.findIndex((share) => (left -= share) < 0);
    return found < 0 ? best(scores) : found; // rounding may leave a little
  };
}

/** The first of the highest. @param {Float32Array} scores */
export function best(scores) {
  let found = 0;
  for (let id = 1; id < scores.length; id++) if (scores[id] > scores[found]) found = id;
  return found;
}

/**
 * Tommy Ettinger's mulberry32: 32 bits of state, uniform in 0..1.
 * @param {number} state
 */
function mulberry32(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

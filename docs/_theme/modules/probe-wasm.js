// The probe on the CPU: one thread of WebAssembly with SIMD, as the demo model has where it runs without WebGPU.
import kernel from "kernels:probe";
import { repeat } from "./probe-sum.js";

/** @typedef {import("./probe-sum.js").Sum} Sum */
/** @typedef {{ bandwidth: Sum, compute: Sum, buffer_bytes: number }} Measured rates in bytes/s and FLOP/s */

const PAGE = 65536;
const BASE = 4 * PAGE; // above what the kernel itself uses
// Larger than the last cache of nearly every processor; less where the memory cannot be had.
const BUFFERS = [256, 128, 64].map((mib) => mib * 2 ** 20);
const SIDE = 256; // rows and columns: three such matrices lie in the cache, so that arithmetic is timed, not memory
const LEAST_MS = 15; // clocks tick in steps of up to a millisecond

/** @param {number} ms @param {(share: number) => void} onProgress @returns {Promise<Measured>} Rejects where WebAssembly or SIMD is missing. */
export async function probeWasm(ms, onProgress) {
  const memory = new WebAssembly.Memory({ initial: BASE / PAGE });
  const { instance } = await WebAssembly.instantiate(kernel, { env: { memory } });
  const { read, multiply } = /** @type {{ read(from: number, bytes: number): bigint,
    multiply(a: number, b: number, c: number, n: number): void }} */ (/** @type {unknown} */ (instance.exports));
  const bytes = grow(memory);
  new Uint8Array(memory.buffer, BASE, bytes).fill(1); // memory that was never written does not exist yet
  const bandwidth = await repeat(() => rate(bytes, () => read(BASE, bytes)), ms / 2, (share) => onProgress(share / 2));
  const matrix = SIDE * SIDE * 2; // bytes of 16-bit numbers; those of the product are 32 bits
  new Int16Array(memory.buffer, BASE, 2 * SIDE * SIDE).fill(3);
  const once = () => multiply(BASE, BASE + matrix, BASE + 2 * matrix, SIDE);
  const compute = await repeat(() => rate(2 * SIDE ** 3, once), ms / 2, (share) => onProgress(0.5 + share / 2));
  return { bandwidth, compute, buffer_bytes: bytes };
}

/** @param {WebAssembly.Memory} memory */
function grow(memory) {
  for (const bytes of BUFFERS) {
    try {
      memory.grow(Math.max(0, (BASE + bytes - memory.buffer.byteLength) / PAGE));
      return bytes;
    } catch {
      // The next smaller one.
    }
  }
  throw new RangeError("no memory");
}

/** Units a second of work that is repeated until the clock can time it. @param {number} units of one go @param {() => unknown} work */
function rate(units, work) {
  const started = performance.now();
  for (let n = 1; ; n++) {
    work();
    const ms = performance.now() - started;
    if (ms >= LEAST_MS) return (units * n * 1000) / ms;
  }
}

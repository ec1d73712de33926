// Multiplies matrices with the probe's kernel and with plain loops; prints how many results differ.
import { compileKernels } from "../../scripts/build_kernels.mjs";

const N = 64, BASE = 4 * 65536;
const memory = new WebAssembly.Memory({ initial: 64 });
const { instance } = await WebAssembly.instantiate(await compileKernels("probe", false), { env: { memory } });
const { multiply, read } = instance.exports;
const a = new Int16Array(memory.buffer, BASE, N * N), packed = new Int16Array(memory.buffer, BASE + 2 * N * N, N * N);
const c = new Int32Array(memory.buffer, BASE + 4 * N * N, N * N);
const some = () => Math.floor(Math.random() * 65536 - 32768) >> 4; // so that sums stay within 32 bits
const b = Array.from({ length: N * N }, some);
for (let i = 0; i < N * N; i++) a[i] = some();
for (let k = 0; k < N; k++) for (let j = 0; j < N; j++) packed[(j >> 3) * 8 * N + (k >> 1) * 16 + (j & 7) * 2 + (k & 1)] = b[k * N + j];
multiply(BASE, BASE + 2 * N * N, BASE + 4 * N * N, N);
let differing = 0;
for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) {
  let sum = 0;
  for (let k = 0; k < N; k++) sum += a[i * N + k] * b[k * N + j];
  if (sum !== c[i * N + j]) differing++;
}
// Reading adds up every 64-bit word once.
let words = 0n;
for (const word of new BigInt64Array(memory.buffer, BASE, 1024)) words = BigInt.asIntN(64, words + word);
console.log(JSON.stringify({ differing, read: read(BASE, 8192) === words }));

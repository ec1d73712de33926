// Compiles docs/_theme/kernels to WebAssembly and hands it to esbuild as "kernels:plain" and "kernels:shared" (the decoder)
// and "kernels:probe".
import asc from "assemblyscript/asc";

/** Pages of 64 KiB a shared memory may grow to; it must be named beforehand. */
const MOST_PAGES = 8192;

/**
 * @param {"decoder" | "probe"} name
 * @param {boolean} shared whether several threads run on one memory
 * @returns {Promise<Uint8Array>}
 */
export async function compileKernels(name, shared) {
  /** @type {Map<string, string | Uint8Array>} */
  const written = new Map();
  const options = [`docs/_theme/kernels/${name}.ts`, "--outFile", `${name}.wasm`, "-O3", "--noAssert", "--converge",
    "--runtime", "stub", "--use", "abort=", "--enable", "simd,threads", "--importMemory",
    ...(shared ? ["--sharedMemory", "--initialMemory", "1", "--maximumMemory", String(MOST_PAGES)] : [])];
  const { error, stderr } = await asc.main(options, { writeFile: (file, content) => { written.set(file, content); } });
  const binary = written.get(`${name}.wasm`);
  if (error || !(binary instanceof Uint8Array)) throw new Error(`kernels: ${stderr.toString() || error}`);
  return binary;
}

/** @type {import("esbuild").Plugin} */
export const kernels = {
  name: "kernels",
  setup(build) {
    build.onResolve({ filter: /^kernels:/ }, ({ path }) => ({ path, namespace: "kernels" }));
    build.onLoad({ filter: /./, namespace: "kernels" }, async ({ path }) => (
      { contents: await compileKernels(path === "kernels:probe" ? "probe" : "decoder", path === "kernels:shared"), loader: "binary" }
    ));
  },
};

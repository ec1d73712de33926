// Compiles the kernels of docs/_theme/kernels (AssemblyScript) to WebAssembly with SIMD.
// Usage: node scripts/build_kernels.mjs --out DIR [--help]
// DIR receives one <name>.wasm a kernel, with no runtime and no collector: memory is the caller's.
import asc from "assemblyscript/asc";
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";

const SOURCE = "docs/_theme/kernels";
const { values } = parseArgs({ options: { out: { type: "string" }, help: { type: "boolean" } } });
if (values.help || !values.out) {
  console.log("node scripts/build_kernels.mjs --out DIR");
  process.exit(values.help ? 0 : 2);
}
for (const file of readdirSync(SOURCE).filter((name) => name.endsWith(".ts"))) {
  const out = `${values.out}/${file.replace(".ts", ".wasm")}`;
  const { error, stderr } = await asc.main([`${SOURCE}/${file}`, "--outFile", out, "-O3", "--noAssert", "--runtime", "stub", "--enable", "simd"]);
  if (error) {
    console.error(`${file}: ${error.message}\n${stderr}`);
    process.exit(1);
  }
}

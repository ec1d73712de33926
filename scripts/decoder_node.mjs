// The page's own decoder in Node.js, for tests and scores.
// node scripts/decoder_node.mjs MODEL_DIR --scores FILE < [[ids], …]   f32 scores after every token, [tokens, vocabulary]
// node scripts/decoder_node.mjs MODEL_DIR --greedy N < [[ids], …]      prints the N ids that each list goes on with
import { build } from "esbuild";
import { readFileSync, openSync, rmSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { best } from "../docs/_theme/modules/sampler.js";
import { kernels } from "./build_kernels.mjs";

/**
 * @param {string} folder of the built model
 * @returns {Promise<import("../docs/_theme/modules/decoder.js").Decoder>}
 */
export async function openDecoder(folder) {
  const outfile = resolve("build", `decoder-${process.pid}.mjs`);
  await build({ entryPoints: ["docs/_theme/modules/decoder.js"], bundle: true, format: "esm", target: "es2022", outfile, plugins: [kernels], logLevel: "warning" });
  const { Decoder } = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const names = manifest.files.map((/** @type {{ path: string }} */ { path }) => path).filter((/** @type {string} */ path) => path.endsWith(".bin"));
  return Decoder.create(manifest, new Map(names.map((/** @type {string} */ name) => [name, new Uint8Array(readFileSync(join(folder, name)))])));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({ options: { greedy: { type: "string" }, scores: { type: "string" } }, allowPositionals: true });
  const decoder = await openDecoder(positionals[0]);
  const file = values.scores && openSync(values.scores, "w");
  const continued = [];
  for (const ids of /** @type {number[][]} */ (JSON.parse(readFileSync(0, "utf8")))) {
    decoder.forget(0);
    let scores = /** @type {Float32Array} */ (new Float32Array());
    for (let at = 0; at < ids.length; at += decoder.batch) {
      const part = ids.slice(at, at + decoder.batch);
      await decoder.read(part);
      for (let index = file ? 0 : part.length - 1; index < part.length; index++) {
        scores = decoder.score(index);
        if (file) writeSync(file, scores);
      }
    }
    const reply = [];
    for (let count = Number(values.greedy ?? 0); count > 0; count--) {
      reply.push(best(scores));
      scores = /** @type {Float32Array} */ (await decoder.read(reply.slice(-1), true));
    }
    continued.push(reply);
  }
  if (values.greedy) console.log(JSON.stringify(continued));
}

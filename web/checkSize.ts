import { basename, join } from "node:path";
import { FIRST_LOAD_LIMIT, measureFirstLoad, type LoadedFile } from "./measureFirstLoad.ts";

/** `node web/checkSize.ts [directory]`: prints what the built page costs, and fails when a first visit costs too much. */
const { first, later, total } = measureFirstLoad(process.argv[2] ?? join(import.meta.dirname, "../dist/web"));
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
const print = (files: LoadedFile[]): void => {
  for (const { file, bytes } of files) console.log(`${kilobytes(bytes).padStart(10)}  ${basename(file)}`);
};

console.log("First load, gzip:");
print(first);
console.log(`${kilobytes(total).padStart(10)}  of ${kilobytes(FIRST_LOAD_LIMIT)} in all`);
console.log("Later:");
print(later);
if (total > FIRST_LOAD_LIMIT) {
  console.error(`The first load is ${kilobytes(total - FIRST_LOAD_LIMIT)} too large.`);
  process.exitCode = 1;
}

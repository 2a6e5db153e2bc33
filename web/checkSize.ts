import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

/** What a first visit may cost, compressed. */
const LIMIT_BYTES = 150_000;

const root = process.argv[2] ?? join(import.meta.dirname, "../dist/web");
const html = readFileSync(join(root, "index.html"), "utf8");

/** The page and everything it loads before anything is clicked: its scripts, what they import at once, and its styles. */
function firstLoad(): string[] {
  const files = new Set(["index.html"]);
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    if (!file.endsWith(".js")) return;
    const source = readFileSync(join(root, file), "utf8");
    // Static imports alone: `import"./a.js"`, `import{b}from"./a.js"`, `export{c}from"./a.js"`.
    for (const match of source.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([\w.-]+\.js)"/g))
      visit(join("assets", match[1] ?? ""));
  };
  for (const match of html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="\/([^"]+\.(?:js|css))"/g))
    visit(match[1] ?? "");
  return [...files];
}

const size = (file: string): number => gzipSync(readFileSync(join(root, file)), { level: 9 }).length;
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;

const first = firstLoad();
const total = first.reduce((sum, file) => sum + size(file), 0);
console.log("First load, gzip:");
for (const file of first.sort((a, b) => size(b) - size(a)))
  console.log(`${kilobytes(size(file))}  ${basename(file)}`);
console.log(`${kilobytes(total)}  of ${kilobytes(LIMIT_BYTES).trim()} in all`);
console.log("Later:");
for (const name of readdirSync(join(root, "assets"))) {
  const file = join("assets", name);
  if (/\.(?:js|css)$/.test(name) && !first.includes(file)) console.log(`${kilobytes(size(file))}  ${name}`);
}
if (first.some((file) => file.includes("TerminalView"))) {
  console.error("The terminal must not be part of the first load.");
  process.exitCode = 1;
}
if (total > LIMIT_BYTES) {
  console.error(`The first load is ${kilobytes(total - LIMIT_BYTES).trim()} too large.`);
  process.exitCode = 1;
}

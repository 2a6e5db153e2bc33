import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { tempDir } from "../testing/tempDir.ts";
import { LOG_KEEP, openRotatingLog } from "./openRotatingLog.ts";

test("keeps a bounded number of bounded files, the newest lines in the first", ({ expect }) => {
  const dir = tempDir();
  const path = join(dir, "logs/edge.log");
  const log = openRotatingLog(path, 100);
  for (let i = 0; i < 100; i++) log.write(`line ${String(i).padStart(3, "0")}\n`);
  log.close();
  const names = readdirSync(join(dir, "logs")).sort();
  expect(names).toEqual(["edge.log", ...Array.from({ length: LOG_KEEP }, (_, i) => `edge.log.${i + 1}`)]);
  for (const name of names) expect(statSync(join(dir, "logs", name)).size).toBeLessThanOrEqual(100);
  expect(readFileSync(path, "utf8")).toMatch(/line 099\n$/);
  const lines = names.toReversed().flatMap((name) =>
    readFileSync(join(dir, "logs", name), "utf8")
      .trim()
      .split("\n"),
  );
  expect(lines).toEqual(
    Array.from({ length: lines.length }, (_, i) => `line ${String(100 - lines.length + i).padStart(3, "0")}`),
  );
});

test("goes on in the file that is there, and takes one chunk larger than the limit", ({ expect }) => {
  const path = join(tempDir(), "a.log");
  for (let i = 0; i < 3; i++) {
    const log = openRotatingLog(path, 1_000);
    log.write(new TextEncoder().encode(`${i}\n`));
    log.close();
  }
  const log = openRotatingLog(path, 4);
  log.write("larger than four\n");
  log.write("x");
  log.close();
  expect([
    readFileSync(`${path}.2`, "utf8"),
    readFileSync(`${path}.1`, "utf8"),
    readFileSync(path, "utf8"),
  ]).toEqual(["0\n1\n2\n", "larger than four\n", "x"]);
});

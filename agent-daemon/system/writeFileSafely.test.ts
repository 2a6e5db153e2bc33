import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import * as z from "zod";
import { tempDir } from "../testing/tempDir.ts";
import { readFileIfThere } from "./readFileIfThere.ts";
import { readJsonFile } from "./readJsonFile.ts";
import { writeFileSafely } from "./writeFileSafely.ts";

test("replaces a file whole, for its owner alone, and leaves nothing beside it", ({ expect }) => {
  const dir = tempDir();
  const path = join(dir, "a/b.json");
  writeFileSafely(path, "one");
  writeFileSafely(path, "two");
  expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777, readdirSync(join(dir, "a"))]).toEqual([
    "two",
    0o600,
    ["b.json"],
  ]);
});

test("that fails leaves what was there", ({ expect }) => {
  const dir = tempDir();
  mkdirSync(join(dir, "a"));
  expect(() => writeFileSafely(join(dir, "a"), "text")).toThrow();
  expect(readdirSync(dir)).toEqual(["a"]);
});

test("a JSON file that is missing, broken or of another shape is null", ({ expect }) => {
  const dir = tempDir();
  const schema = z.object({ a: z.number() });
  const read = (text: string) => {
    writeFileSync(join(dir, "x.json"), text);
    return readJsonFile(join(dir, "x.json"), schema);
  };
  expect([readJsonFile(join(dir, "none"), schema), read("{"), read('{"a":"b"}'), read('{"a":1}')]).toEqual([
    null,
    null,
    null,
    { a: 1 },
  ]);
  expect(readFileIfThere(join(dir, "x.json/below"))).toBeNull();
});

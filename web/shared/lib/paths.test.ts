import { expect, it } from "vitest";
import { shortPath, splitPath } from "./paths.ts";

it.each([
  ["/home/dev", "~"],
  ["/home/dev/work", "~/work"],
  ["/Users/dev/code", "~/code"],
  ["/root/x", "~/x"],
  ["/rooted", "/rooted"],
  ["/home", "/home"],
  ["/", "/"],
])("%s is %s for short", (path, short) => {
  expect(shortPath(path)).toBe(short);
});

it.each([
  ["/home/dev/work/relay", "~/work", "/relay"],
  ["/tmp/x/", "/tmp", "/x/"],
  ["/tmp", "", "/tmp"],
  ["/", "", "/"],
  ["/home/dev", "", "~"],
  ["/home/dev/work", "~", "/work"],
])("%s keeps its end", (path, head, tail) => {
  expect(splitPath(path)).toEqual({ head, tail });
});

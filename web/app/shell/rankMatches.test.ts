import { expect, it } from "vitest";
import { rankMatches } from "./rankMatches.ts";

const target = (title: string, hint = "", words = "") => ({ id: title, title, hint, words });
const targets = [
  target("fix the parser", "workshop", "/home/dev/parser"),
  target("parser tests"),
  target("notes", "parser-box"),
  target("New session"),
];
const titles = (typed: string): string[] => rankMatches(targets, typed).map(({ title }) => title);

it("ranks a title that starts with the words before one that holds them, before the rest", () => {
  expect(titles("parser")).toEqual(["parser tests", "fix the parser", "notes"]);
  expect(titles("PARSER fix")).toEqual(["fix the parser"]);
  expect(titles("workshop parser")).toEqual(["fix the parser"]);
  expect(titles("zebra")).toEqual([]);
});

it("keeps everything in its order when nothing is typed", () => {
  expect(titles("  ")).toEqual(targets.map(({ title }) => title));
});

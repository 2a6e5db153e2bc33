import { describe, expect, it } from "vitest";
import { type CodexProcess, createdAtOf, mapThreads, type OpenThread } from "./mapThreads.ts";

const BOOT = 1_795_000_000_000;
/** A conversation's id says when it began. */
function idAt(seconds: number, last = "0"): string {
  const hex = (BOOT + seconds * 1000).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-00000000000${last}`;
}
const terminal = (pid: number, seconds: number, over: Partial<CodexProcess> = {}): CodexProcess => ({
  pid,
  startedAt: BOOT + seconds * 1000,
  cwd: "/work",
  resumes: null,
  ...over,
});
const thread = (seconds: number, over: Partial<OpenThread> = {}): OpenThread => ({
  id: idAt(seconds),
  cwd: "/work",
  createdAt: BOOT + seconds * 1000,
  seenBegin: false,
  placed: false,
  ...over,
});
const map = (
  processes: CodexProcess[],
  threads: OpenThread[],
  known: [number, string][] = [],
  seconds = 1_000,
) => [...mapThreads(processes, threads, new Map(known), BOOT + seconds * 1000)];

describe("the conversation of a terminal", () => {
  it("is the one that began in its directory after it", () => {
    expect(map([terminal(1, 10)], [thread(12)])).toEqual([[1, idAt(12)]]);
    expect(map([terminal(1, 10)], [thread(12, { cwd: "/elsewhere" })])).toEqual([]);
    expect(map([terminal(1, 10)], [thread(5)])).toEqual([]);
  });

  it("is the one that its command line names, however old", () => {
    expect(map([terminal(1, 10, { resumes: idAt(2) })], [thread(2)])).toEqual([[1, idAt(2)]]);
    expect(map([terminal(1, 10, { resumes: idAt(3) })], [thread(2)])).toEqual([]);
  });

  it("stays what it was, until a new one is seen to begin", () => {
    const known: [number, string][] = [[1, idAt(12)]];
    expect(map([terminal(1, 10)], [thread(12), thread(50)], known)).toEqual(known);
    expect(map([terminal(1, 10)], [thread(12), thread(50, { seenBegin: true })], known)).toEqual([
      [1, idAt(50)],
    ]);
    // And not back again.
    const threads = [thread(12, { seenBegin: true, placed: true }), thread(50, { seenBegin: true })];
    expect(map([terminal(1, 10)], threads, [[1, idAt(50)]])).toEqual([[1, idAt(50)]]);
  });

  it("is told apart in one directory by who began when", () => {
    const two = [terminal(1, 10), terminal(2, 100)];
    expect(map(two, [thread(12), thread(102)])).toEqual([
      [1, idAt(12)],
      [2, idAt(102)],
    ]);
    expect(map(two, [thread(12)])).toEqual([[1, idAt(12)]]);
  });

  it.each([
    ["two terminals began at once", [terminal(1, 10), terminal(2, 10)], [thread(12), thread(13)], []],
    [
      "another began one while it started",
      [terminal(1, 10), terminal(2, 100)],
      [thread(12), thread(101), thread(102)],
      [[1, idAt(12)]],
    ],
    [
      "it may have been begun by another, much later",
      [terminal(1, 10), terminal(2, 100)],
      [thread(12), thread(300)],
      [[1, idAt(12)]],
    ],
    ["one that has ended may have begun one of them", [terminal(1, 10)], [thread(12), thread(50)], []],
    ["it ran in a terminal that has ended", [terminal(1, 10)], [thread(12, { placed: true })], []],
  ] as const)("is none where two could be meant: %s", (_, processes, threads, expected) => {
    expect(map([...processes], [...threads])).toEqual(expected);
  });

  it("is not told beside another before that had the time to show its own", () => {
    const two = [terminal(1, 10), terminal(2, 100)];
    expect(map(two, [thread(12), thread(101)], [], 103)).toEqual([[1, idAt(12)]]);
  });

  it("belongs to one terminal", () => {
    const both = [terminal(1, 10, { resumes: idAt(2) }), terminal(2, 11, { resumes: idAt(2) })];
    expect(map(both, [thread(2)])).toEqual([[1, idAt(2)]]);
  });
});

it("reads when a conversation began from its id", () => {
  expect(createdAtOf("01a1f8c1-2a0a-74c1-8478-e3a82b26b5e6")).toBe(1_795_174_771_210);
  expect(createdAtOf("0a1f8c12-2a0a-44c1-8478-e3a82b26b5e6")).toBeNull();
});

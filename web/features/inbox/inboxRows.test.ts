import { describe, expect, it } from "vitest";
import { sampleApproval, sampleHost } from "../../fixtures/sample.ts";
import { inboxRows, neighbour, readInboxFilter, writeInboxFilter } from "./inboxRows.ts";

const host = sampleHost().id;
const a = sampleApproval({ created_at: 1, host, tool: "run_command" });
const b = sampleApproval({ created_at: 2, status: "allowed" });
const c = sampleApproval({ created_at: 3, tool: "edit_file" });
const all = { host: null, tool: null };
const nobody = new Set<string>();

describe("the inbox", () => {
  it("shows what waits, oldest first, and what was decided while it was looked at, in its place", () => {
    expect(inboxRows([c, b, a], nobody, all)).toEqual([a, c]);
    expect(inboxRows([c, b, a], new Set([b.id]), all)).toEqual([a, b, c]);
  });

  it("is narrowed by host and tool", () => {
    expect(inboxRows([a, c], nobody, { host, tool: null })).toEqual([a]);
    expect(inboxRows([a, c], nobody, { host: null, tool: "edit_file" })).toEqual([c]);
    expect(inboxRows([a, c], nobody, { host, tool: "edit_file" })).toEqual([]);
  });

  it("keeps its filter in the address", () => {
    for (const filter of [all, { host, tool: null }, { host, tool: "edit_file" }])
      expect(readInboxFilter(writeInboxFilter(filter))).toEqual(filter);
    expect(writeInboxFilter(all)).toBe("");
  });

  it("moves from one that waits to the next, past those that do not", () => {
    const rows = [a, b, c];
    expect(neighbour(rows, null, 1)).toBe(a.id);
    expect(neighbour(rows, null, -1)).toBe(c.id);
    expect(neighbour(rows, a.id, 1)).toBe(c.id);
    expect(neighbour(rows, c.id, -1)).toBe(a.id);
    expect(neighbour(rows, c.id, 1)).toBe(c.id);
    expect(neighbour(rows, b.id, 1)).toBe(c.id);
    expect(neighbour([], null, 1)).toBeNull();
    expect(neighbour([a], "gone", 1)).toBe(a.id);
  });
});

import { describe, expect, it } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import type { Work } from "../../../protocol/work.ts";
import { draftOf, workOf } from "./workDraft.ts";

const host = newId("hst");
const WORKS: Work[] = [
  { kind: "message", session: newId("ses"), text: "go on" },
  { kind: "task", spec: { provider: "edge", prompt: "look" } },
  { kind: "task", spec: { provider: "edge", prompt: "look", host, cwd: "/work", model: "offline/builtin" } },
  { kind: "task", spec: { provider: "codex", prompt: "look", host, cwd: "/work" } },
  {
    kind: "task",
    spec: { provider: "claude", prompt: "look", host, cwd: "/work", mode: "plan", worktree: { branch: "b" } },
  },
  { kind: "task", spec: { provider: "acp", program: "gemini", prompt: "look", host, cwd: "/work" } },
  { kind: "workflow", workflow: "multi-review", args: { base: "main" }, defaults: { host, cwd: "/work" } },
  { kind: "workflow", workflow: "multi-review", args: null, defaults: {} },
];

describe("the fields of a work", () => {
  it("say again what they were made from", () => {
    for (const work of WORKS) expect(workOf(draftOf(work))).toEqual(work);
  });

  it("say nothing while something is missing", () => {
    const draft = draftOf(null);
    const missing = [
      draft,
      { ...draft, session: newId("ses"), text: "  " },
      { ...draft, kind: "task", text: "" },
      { ...draft, kind: "task", text: "look", agent: "codex" },
      { ...draft, kind: "task", text: "look", host, cwd: "" },
      { ...draft, kind: "task", text: "look", host, cwd: "not absolute" },
      { ...draft, kind: "workflow", workflow: "" },
      { ...draft, kind: "workflow", workflow: "multi-review", args: "{" },
    ] as const;
    for (const each of missing) expect(workOf(each)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import { TemplateFields } from "../../../protocol/templates.ts";
import { readDraft, type Draft } from "./newSession.ts";
import { draftOf, fieldsOf } from "./templateDraft.ts";

const draft: Draft = {
  host: newId("hst"),
  cwd: "/work",
  kind: "shell",
  command: "",
  agent: "claude",
  terminal: true,
  mode: "",
  resume: null,
  prompt: "",
  model: "",
  chatModel: "",
  sandbox: "",
  worktree: false,
  branch: "",
  base: "",
  title: "",
};

describe("a template", () => {
  it.each<Partial<Draft>>([
    {},
    { kind: "command", command: "npm run 'dev server'" },
    {
      kind: "agent",
      agent: "codex",
      prompt: "fix it",
      model: "m",
      mode: "read-only",
      worktree: true,
      branch: "b",
    },
    { kind: "agent", agent: "claude", terminal: false, mode: "plan", title: "T" },
    { kind: "agent", agent: "acp:goose", terminal: false },
    { kind: "codex", prompt: "do", sandbox: "workspace-write" },
    { kind: "chat", chatModel: "offline/builtin" },
  ])("begins the same session again: %o", (over) => {
    const wish = { ...draft, ...over };
    const fields = TemplateFields.parse(JSON.parse(JSON.stringify(fieldsOf(wish))));
    const other: Draft = {
      ...draft,
      host: newId("hst"),
      cwd: "/else",
      prompt: "old",
      model: "old",
      mode: "plan",
    };
    expect(readDraft(draftOf(fields, other))).toEqual(readDraft(wish));
    expect(readDraft(wish).ok).toBe(true);
  });

  it("leaves open what it does not say, and never holds a conversation", () => {
    const resume = { id: "0b51", title: "x" };
    expect(fieldsOf({ ...draft, kind: "agent", resume, host: "", cwd: "" })).toEqual({
      kind: "agent",
      agent: "claude",
      terminal: true,
    });
    const there = draftOf({ kind: "shell" }, { ...draft, cwd: "/here", resume });
    expect(there).toMatchObject({ cwd: "/here", host: draft.host, resume: null });
  });
});

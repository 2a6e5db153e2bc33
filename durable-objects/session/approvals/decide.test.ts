import { describe, test } from "vitest";
import type { Approval } from "../../../protocol/approvals.ts";
import { newId } from "../../../protocol/ids.ts";
import { decide, deliver, end } from "./decide.ts";
import { summarizeCall } from "../../../protocol/tools.ts";
import { isAllowed, type Act } from "../../../protocol/isAllowed.ts";

const PENDING: Approval = {
  id: newId("apr"),
  team: "main",
  session: newId("ses"),
  host: null,
  requester: "edge",
  request: "t1.s1.c00",
  tool: "run_command",
  scope: "execute",
  input: '{"argv":["ls"]}',
  input_sha256: "aa",
  summary: "run_command ls",
  touches: ["/w"],
  status: "pending",
  delivery: "none",
  decided_by: null,
  decided_at: null,
  decision_scope: null,
  message: null,
  edited_input: null,
  created_at: 1,
  expires_at: null,
  version: 1,
};
const given = { by: "ann", now: 5, editedInput: null };

describe("an approval", () => {
  test("is decided once; the second decider learns who and when", ({ expect }) => {
    const first = decide(PENDING, { decision: "allow" }, given);
    if (!first.ok) throw new Error("not decided");
    expect(first.approval).toMatchObject({
      status: "allowed",
      delivery: "pending",
      decided_by: "ann",
      decided_at: 5,
      version: 2,
    });
    const second = decide(first.approval, { decision: "deny" }, { ...given, by: "bob" });
    expect(second).toEqual({
      ok: false,
      reason: "already_decided",
      message: "ann has allowed this already at 1970-01-01T00:00:00.005Z.",
    });
  });

  test("keeps an edited input only when it is allowed", ({ expect }) => {
    const edited = { ...given, editedInput: '{"argv":["ls","-l"]}' };
    expect(decide(PENDING, { decision: "allow" }, edited)).toMatchObject({
      approval: { edited_input: edited.editedInput },
    });
    expect(decide(PENDING, { decision: "deny", message: "no" }, edited)).toMatchObject({
      approval: { edited_input: null, message: "no" },
    });
  });

  test("that ended without a decision cannot be decided any more", ({ expect }) => {
    const withdrawn = end(PENDING, "withdrawn", 7);
    expect(withdrawn).toMatchObject({ status: "withdrawn", delivery: "gone", version: 2 });
    expect(decide(withdrawn, { decision: "allow" }, given)).toMatchObject({ ok: false });
    expect(end(withdrawn, "expired", 9)).toBe(withdrawn);
  });

  test("keeps the first word about its delivery", ({ expect }) => {
    const decided = decide(PENDING, { decision: "allow" }, given);
    if (!decided.ok) throw new Error("not decided");
    const applied = deliver(decided.approval, "applied");
    expect(applied.delivery).toBe("applied");
    expect(deliver(applied, "indeterminate")).toBe(applied);
  });
});

describe("what may happen without asking", () => {
  const act: Act = {
    requester: "edge",
    tool: "run_command",
    scope: "execute",
    summary: "run_command git status",
    input_sha256: "aa",
    host: "h1",
    workspace: "/w",
  };
  const rule = {
    id: newId("rul"),
    team: "main",
    tool: "run_command",
    host: null,
    workspace: null,
    pattern: "run_command git",
    input_sha256: null,
    reason: "",
    by: "ann",
    created_at: 1,
    expires_at: null,
  };
  const grant = {
    id: newId("grt"),
    session: newId("ses"),
    scope: "execute" as const,
    by: "ann",
    created_at: 1,
    expires_at: 10,
  };

  test("reads inside the workspace; nothing else by itself", ({ expect }) => {
    expect(isAllowed({ ...act, scope: "read" }, [], [], 5)).not.toBeNull();
    for (const scope of ["write", "execute", "type", "service", "read_outside"] as const)
      expect(isAllowed({ ...act, scope }, [], [], 5)).toBeNull();
  });

  test("what a grant allows, while it lasts", ({ expect }) => {
    expect(isAllowed(act, [grant], [], 9)).toEqual({ by: grant.id });
    expect(isAllowed(act, [grant], [], 10)).toBeNull();
    expect(isAllowed({ ...act, scope: "write" }, [grant], [], 9)).toBeNull();
  });

  test("what a rule's pattern begins with, at a word's end, on its host and workspace", ({ expect }) => {
    expect(isAllowed(act, [], [rule], 5)).toEqual({ by: rule.id });
    expect(isAllowed({ ...act, summary: "run_command gitk" }, [], [rule], 5)).toBeNull();
    expect(isAllowed({ ...act, tool: "write_file" }, [], [rule], 5)).toBeNull();
    expect(isAllowed(act, [], [{ ...rule, host: "h2" }], 5)).toBeNull();
    expect(isAllowed(act, [], [{ ...rule, workspace: "/w" }], 5)).not.toBeNull();
    expect(isAllowed(act, [], [{ ...rule, expires_at: 5 }], 5)).toBeNull();
  });

  test("nothing that was read off a screen, whatever allows the rest", ({ expect }) => {
    expect(isAllowed({ ...act, unverified: true }, [grant], [rule], 5)).toBeNull();
    expect(isAllowed({ ...act, scope: "free", unverified: true }, [], [], 5)).toBeNull();
  });

  test("where a shell reads it, nothing that follows a pattern as another command, or that is cut off", ({
    expect,
  }) => {
    const bash = { ...rule, tool: "Bash", pattern: "Bash git status" };
    const asked = { ...act, requester: "claude", tool: "Bash" } as const;
    const allowed = (summary: string, pattern = bash.pattern) =>
      isAllowed({ ...asked, summary }, [], [{ ...bash, pattern }], 5) !== null;
    expect(allowed("Bash git status")).toBe(true);
    expect(allowed("Bash git status --short src")).toBe(true);
    for (const more of [
      "; rm x",
      "&& rm x",
      "| sh",
      "$(rm x)",
      "`rm x`",
      "> x",
      "\nrm x",
      "<(rm x)",
      "A_TOKEN=[secret]",
    ])
      expect(allowed(`Bash git status -s ${more}`), more).toBe(false);
    expect(allowed("Bash git status; rm x", "Bash git status; rm x")).toBe(true);
    const cut = `Bash git status ${"x".repeat(500)}`.slice(0, 500);
    expect(allowed(cut)).toBe(false);
    expect(allowed(cut, cut)).toBe(false);
    const typed = { ...act, tool: "type_into_pane" } as const;
    const type = { ...rule, tool: "type_into_pane", pattern: "type_into_pane git status" };
    for (const [text, is] of [
      ["git status -s", true],
      ["git status -s; rm x", false],
      ["git status -s\nrm x", false],
    ] as const) {
      const summary = summarizeCall("type_into_pane", { pane: "%1", text });
      expect(isAllowed({ ...typed, summary }, [], [type], 5) !== null, text).toBe(is);
    }
    const argument = 'run_command git commit -m "a; b"';
    expect(isAllowed({ ...act, summary: argument }, [], [rule], 5)).not.toBeNull();
  });

  test("exactly the input, for a rule without a pattern", ({ expect }) => {
    const exact = { ...rule, pattern: null, input_sha256: "aa" };
    expect(isAllowed(act, [], [exact], 5)).not.toBeNull();
    expect(isAllowed({ ...act, input_sha256: "bb" }, [], [exact], 5)).toBeNull();
  });
});

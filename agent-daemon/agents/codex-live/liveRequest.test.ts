import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CommandOf } from "../../../protocol/commands.ts";
import { AgentRequest } from "../../../protocol/requests.ts";
import { agentRequest, isForPerson, LiveRequest, replyTo, requestKey } from "./liveRequest.ts";

/** The first request of a kind that the real app server made. */
function recorded(name: string, method: string): LiveRequest {
  const lines = readFileSync(join(import.meta.dirname, "fixtures", `${name}.jsonl`), "utf8").split("\n");
  return LiveRequest.parse(JSON.parse(lines.find((line) => line.includes(`"${method}"`)) ?? "{}"));
}
const told = (asked: LiveRequest, item: unknown = null) =>
  AgentRequest.parse(agentRequest(requestKey(asked), asked, item, "/work"));
const decide = (over: Partial<CommandOf<"decide">> = {}): CommandOf<"decide"> => ({
  type: "decide",
  request: "r",
  allow: true,
  ...over,
});
const of = (method: string, params: object): LiveRequest =>
  LiveRequest.parse({ method, params: { threadId: "t", turnId: "u", itemId: "i", ...params } });

describe("what Codex asks", () => {
  it("is a command", () => {
    const asked = recorded("join", "item/commandExecution/requestApproval");
    expect(told(asked)).toMatchObject({
      requester: "codex",
      tool: "shell",
      scope: "execute",
      summary: "shell touch /rig/w/tui1.txt",
      touches: ["/rig/w/codex"],
    });
    expect(replyTo(asked, decide())).toEqual({ decision: "accept" });
    expect(replyTo(asked, decide({ allow: false }))).toEqual({ decision: "decline" });
    expect(replyTo(asked, decide({ remember: true }))).toEqual({ decision: "acceptForSession" });
    expect(replyTo(asked, decide({ allow: false, interrupt: true }))).toEqual({ decision: "cancel" });
  });

  it("is a change of files, with what is known of it", () => {
    const asked = recorded("turns", "item/fileChange/requestApproval");
    const changes = [{ path: "/w/new.txt", kind: { type: "add" }, diff: "hello\n" }];
    expect(told(asked, { changes })).toMatchObject({ scope: "write", touches: ["/w/new.txt"] });
    expect(told(asked, { changes }).input).toContain("hello");
    expect(told(asked)).toMatchObject({ summary: "apply_patch /work", touches: ["/work"] });
  });

  it("is a question; the answers go back by its id", () => {
    const asked = recorded("questions", "item/tool/requestUserInput");
    expect(told(asked)).toMatchObject({
      scope: "free",
      questions: [{ question: "Which?", header: "H", options: [{ label: "A" }, { label: "B" }] }],
    });
    expect(replyTo(asked, decide({ input: { answers: { "Which?": "B" } } }))).toEqual({
      answers: { q1: { answers: ["B"] } },
    });
    expect(replyTo(asked, decide({ allow: false }))).toEqual({ answers: {} });
  });

  it("is more permissions, for this turn", () => {
    const asked = of("item/permissions/requestApproval", {
      permissions: { network: { enabled: true }, fileSystem: null },
      reason: "to fetch",
    });
    expect(told(asked).summary).toBe("permissions to fetch");
    expect(replyTo(asked, decide())).toEqual({
      permissions: { network: { enabled: true } },
      scope: "turn",
    });
    expect(replyTo(asked, decide({ allow: false }))).toEqual({ permissions: {}, scope: "turn" });
  });

  it("is what a tool server wants; a form is filled in at the terminal", () => {
    const asking = { serverName: "calendar", message: "May I?", mode: "form" };
    const plain = of("mcpServer/elicitation/request", { ...asking, requestedSchema: { properties: {} } });
    expect(told(plain).summary).toBe("calendar: May I?");
    expect(replyTo(plain, decide())).toMatchObject({ action: "accept" });
    const form = of("mcpServer/elicitation/request", {
      ...asking,
      requestedSchema: { properties: { a: {} } },
    });
    expect(replyTo(form, decide())).toBeNull();
    expect(replyTo(form, decide({ allow: false }))).toMatchObject({ action: "decline" });
  });

  it("is of a kind that is not known: a card, which only the terminal can answer", () => {
    const asked = of("item/teleport/requestApproval", { where: "Mars" });
    expect(told(asked)).toMatchObject({ tool: "item/teleport/requestApproval", scope: "execute" });
    expect(replyTo(asked, decide())).toBeNull();
    const odd = of("item/commandExecution/requestApproval", { command: 7 });
    expect(told(odd).summary).toContain("answer it at the terminal");
  });

  it("is cut when it is too long for a card", () => {
    const asked = of("item/commandExecution/requestApproval", { command: "x".repeat(200_000), cwd: "/work" });
    expect(told(asked).input.length).toBeLessThan(64 * 1024);
  });
});

it("names a request the same on every connection, and no two the same", () => {
  const asked = recorded("join", "item/commandExecution/requestApproval");
  const again = { ...asked, id: 77 };
  expect(requestKey(again)).toBe(requestKey(asked));
  expect(requestKey({ ...asked, params: { ...asked.params, turnId: "u" } })).not.toBe(requestKey(asked));
  expect(requestKey({ ...asked, params: { ...asked.params, approvalId: "x" } })).not.toBe(requestKey(asked));
});

it.each([
  ["item/commandExecution/requestApproval", true],
  ["item/tool/requestUserInput", true],
  ["mcpServer/elicitation/request", true],
  ["execCommandApproval", true],
  ["item/tool/call", false],
  ["account/chatgptAuthTokens/refresh", false],
  ["attestation/generate", false],
])("%s is for a person: %s", (method, person) => {
  expect(isForPerson(method)).toBe(person);
});

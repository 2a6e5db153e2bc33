import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, onTestFinished, test } from "vitest";
import { Answer } from "../../../protocol/questions.ts";
import { MAX_CONVERSATIONS } from "../../../protocol/conversations.ts";
import { newId } from "../../../protocol/ids.ts";
import { startPast } from "./startPast.ts";

const SESSION = newId("ses");
let home: string;
let clock: number;
let past: ReturnType<typeof startPast>;

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
function put(path: string, lines: unknown[], at = clock++): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
  );
  utimesSync(path, at, at);
}
const claudeFile = (n: number, project = "-work") =>
  join(home, ".claude/projects", project, `${uuid(n)}.jsonl`);
const said = (text: unknown, over: object = {}) => ({
  type: "user",
  cwd: "/work/relay",
  gitBranch: "fix/retry",
  message: { role: "user", content: text },
  ...over,
});
const titles = async (text?: string) =>
  (await past.look({ type: "conversations", ...(text === undefined ? {} : { text }) })).items.map(
    ({ title }) => title,
  );

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "signalbox-past-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  clock = 1_700_000_000;
  past = startPast({ env: { HOME: home }, sessionOf: (id) => (id === uuid(2) ? SESSION : null) });
});

describe("past conversations", () => {
  test("are titled by their first prompt, or the name that they were given", async ({ expect }) => {
    put(claudeFile(1), [
      { type: "permission-mode", permissionMode: "default" },
      said("<command-name>/clear</command-name>", {}),
      said("a caveat", { isMeta: true }),
      said([{ type: "text", text: "Keep the retry budget\nand more" }]),
      { type: "assistant", message: { role: "assistant", content: [{ type: "text", text: "no" }] } },
    ]);
    put(claudeFile(2), [
      said("first"),
      { type: "ai-title", aiTitle: "By Claude" },
      { type: "custom-title", customTitle: "Mine" },
    ]);
    put(join(home, ".codex/sessions/2026/11/20", `rollout-2026-11-20T10-00-00-${uuid(3)}.jsonl`), [
      {
        type: "session_meta",
        payload: { id: uuid(3), cwd: "/work/app", source: "cli", git: { branch: "main" } },
      },
      {
        type: "response_item",
        payload: {
          type: "message",
          role: "user",
          content: [{ type: "input_text", text: "<environment_context>x" }],
        },
      },
      { type: "event_msg", payload: { type: "user_message", message: "Name the columns" } },
    ]);
    const answer = await past.look({ type: "conversations" });
    expect(Answer.safeParse(answer).success).toBe(true);
    expect(answer).toMatchObject({
      total: 3,
      unread: 0,
      items: [
        {
          agent: "codex",
          id: uuid(3),
          title: "Name the columns",
          directory: "/work/app",
          branch: "main",
          session: null,
        },
        { agent: "claude", id: uuid(2), title: "Mine", session: SESSION },
        {
          agent: "claude",
          id: uuid(1),
          title: "Keep the retry budget",
          directory: "/work/relay",
          branch: "fix/retry",
        },
      ],
    });
    expect(await titles("retry RELAY")).toEqual(["Mine", "Keep the retry budget"]);
    expect((await past.look({ type: "conversations", agent: "codex" })).total).toBe(1);
  });

  test("that are broken, empty, cut, closed or of a helper are passed over", async ({ expect }) => {
    put(claudeFile(1), ["not json", '{"type":"user","message":', said("told after rubbish")]);
    put(claudeFile(2), []);
    put(claudeFile(3), ["\u0000".repeat(5_000)]);
    put(claudeFile(4), [said("of a subagent", { isSidechain: true })]);
    put(claudeFile(5), [said("closed")]);
    chmodSync(claudeFile(5), 0o000);
    put(join(home, ".claude/projects/-work", "agent-abc.jsonl"), [said("a subagent's own file")]);
    put(claudeFile(6), [
      { type: "user", message: { role: "user", content: { odd: 1 } } },
      said("after an odd one"),
    ]);
    mkdirSync(claudeFile(7), { recursive: true });
    put(join(home, ".codex/sessions/2026/11/20", `rollout-x-${uuid(8)}.jsonl`), [
      { type: "session_meta", payload: { cwd: "/w", source: { subagent: "review" } } },
      { type: "event_msg", payload: { type: "user_message", message: "a helper's" } },
    ]);
    const found = await titles();
    // Root reads closed files, too.
    expect(found.filter((title) => title !== "closed")).toEqual(["after an odd one", "told after rubbish"]);
  });

  test("are found behind a long beginning, and cut when their words are long", async ({ expect }) => {
    const filler = Array.from({ length: 40 }, () => ({ type: "attachment", text: "x".repeat(2_000) }));
    put(claudeFile(1), [...filler, said("behind 80 KB")]);
    put(claudeFile(2), [said("y".repeat(100_000))]);
    const [long, behind] = await titles();
    expect(behind).toBe("behind 80 KB");
    expect(long).toBe(`${"y".repeat(200)}…`);
  });

  test("of five thousand files: the last hundred, the rest by search, and each file is read once", async ({
    expect,
  }) => {
    for (let n = 0; n < 5_000; n++) put(claudeFile(n, `-p${n % 50}`), [said(`task number ${n}`)]);
    const first = await past.look({ type: "conversations" });
    expect(first.items).toHaveLength(MAX_CONVERSATIONS);
    expect(first.items[0]?.title).toBe("task number 4999");
    expect(first.total + first.unread).toBe(5_000);
    // What has been read is known also when the files cannot be read any more; one that changed is read again.
    const again = await past.look({ type: "conversations" });
    expect(again.unread).toBe(0);
    put(claudeFile(17, "-p17"), [said("another beginning")]);
    expect(await titles("another beginning")).toEqual(["another beginning"]);
    expect(await titles("number 4242")).toEqual(["task number 4242"]);
  });

  test("are none where no agent ever ran", async ({ expect }) => {
    expect(await past.look({ type: "conversations" })).toEqual({
      status: "conversations",
      items: [],
      total: 0,
      unread: 0,
    });
  });
});

import { describe, expect, it } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import { sampleHost, sampleSession } from "../../fixtures/sample.ts";
import { readDraft, type Draft } from "./newSession.ts";
import { places } from "../../shared/lib/places.ts";

const host = newId("hst");
const draft: Draft = {
  host,
  cwd: "/home/dev/work",
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

describe("a draft of a session", () => {
  it.each<[Partial<Draft>, object]>([
    [{}, { provider: "tmux", host, cwd: "/home/dev/work" }],
    [
      { kind: "command", command: `npm run "dev server"` },
      { provider: "tmux", host, cwd: "/home/dev/work", argv: ["npm", "run", "dev server"] },
    ],
    [
      { kind: "agent", agent: "gemini", title: " look " },
      { provider: "tmux", host, cwd: "/home/dev/work", agent: "gemini", title: "look" },
    ],
    [
      {
        kind: "codex",
        prompt: "fix it\n",
        model: "gpt-5",
        sandbox: "read-only",
        worktree: true,
        branch: "fix/it",
        base: "main",
      },
      {
        provider: "codex",
        host,
        cwd: "/home/dev/work",
        prompt: "fix it\n",
        model: "gpt-5",
        sandbox: "read-only",
        worktree: { branch: "fix/it", base: "main" },
      },
    ],
    [
      { kind: "agent", agent: "codex", mode: "read-only", resume: { id: "0b51", title: "x" }, prompt: "on" },
      {
        provider: "tmux",
        host,
        cwd: "/home/dev/work",
        agent: "codex",
        mode: "read-only",
        resume: "0b51",
        prompt: "on",
      },
    ],
    [
      { kind: "agent", agent: "codex", terminal: false, model: "m" },
      { provider: "codex", interactive: true, host, cwd: "/home/dev/work", model: "m" },
    ],
    [
      { kind: "agent", agent: "acp:goose" },
      { provider: "acp", program: "goose", host, cwd: "/home/dev/work" },
    ],
    // Gemini runs in a terminal alone.
    [
      { kind: "agent", agent: "gemini", terminal: false },
      { provider: "tmux", host, cwd: "/home/dev/work", agent: "gemini" },
    ],
    [{ kind: "chat" }, { provider: "edge", host, cwd: "/home/dev/work" }],
    [{ kind: "chat", host: "", prompt: "x" }, { provider: "edge" }],
    [
      { kind: "chat", cwd: "", title: " plan " },
      { provider: "edge", title: "plan" },
    ],
    [
      { kind: "chat", host: "", chatModel: "openai/gpt-5.5" },
      { provider: "edge", model: "openai/gpt-5.5" },
    ],
    // What belongs to another kind is not sent.
    [
      { kind: "shell", command: "rm -rf /", prompt: "x", branch: "y" },
      { provider: "tmux", host, cwd: "/home/dev/work" },
    ],
  ])("%o", (change, request) => {
    expect(readDraft({ ...draft, ...change })).toEqual({ ok: true, request });
  });

  it.each<[Partial<Draft>, object]>([
    [{ host: "" }, { host: "Choose a host." }],
    [{ cwd: "" }, { cwd: "Choose a directory." }],
    [{ cwd: "work" }, { cwd: "The directory must be an absolute path." }],
    [{ kind: "command", command: "echo 'x" }, { command: "A ' is not closed." }],
    [{ kind: "chat", cwd: "work" }, { cwd: "The directory must be an absolute path." }],
    [{ kind: "codex", prompt: "  " }, { prompt: "Say what is to be done." }],
    [{ worktree: true }, { branch: "Name the new branch." }],
    [{ worktree: true, branch: "a..b" }, { branch: "Not a branch name." }],
    [{ worktree: true, branch: "--force" }, { branch: "Not a branch name." }],
    [{ kind: "codex", prompt: "x", model: "--yolo" }, { model: expect.stringMatching(/./) }],
  ])("%o is refused", (change, errors) => {
    expect(readDraft({ ...draft, ...change })).toEqual({ ok: false, errors });
  });
});

it("offers recent directories, then workspaces, each once, and repositories in place of worktrees", () => {
  const at = sampleHost();
  const sessions = [
    sampleSession({ host: at.id, cwd: "/a", updated_at: 1 }),
    sampleSession({ host: at.id, cwd: "/b", updated_at: 3 }),
    sampleSession({ host: at.id, cwd: "/home/dev", updated_at: 2 }),
    sampleSession({ host: sampleHost().id, cwd: "/other", updated_at: 9 }),
    sampleSession({
      host: at.id,
      cwd: "/w/x",
      updated_at: 4,
      worktree: { path: "/w/x", branch: "x", base: "main", repo: "/b" },
    }),
  ];
  expect(places(at, sessions)).toEqual(["/b", "/home/dev", "/a", "/home/dev/work"]);
  expect(places(null, sessions)).toEqual([]);
});

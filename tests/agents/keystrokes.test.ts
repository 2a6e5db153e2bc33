import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startKeystrokes } from "../../agent-daemon/agents/keystrokes/startKeystrokes.ts";
import type { Part } from "../../agent-daemon/parts.ts";
import { makeRig, noTmux, type Rig } from "../../agent-daemon/tmux/rig/tmuxRig.ts";
import { newId } from "../../protocol/ids.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { makeCodexHome } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { until } from "../support/signalbox.ts";

// Settled, but slow: the recorded screens of the same programs are in every run.
const wanted = process.env["LIVE_AGENTS"] === "1";
const [claude, codex] = await Promise.all([findAgent("claude"), findAgent("codex")]);
for (const found of [claude, codex]) if ("missing" in found) console.warn(`Skipped: ${found.missing}`);

describe.skipIf(!wanted || "missing" in claude || "missing" in codex || noTmux !== null)(
  "real agents that tell nothing: Claude without its hook, Codex without its server",
  () => {
    let model: Awaited<ReturnType<typeof startFakeModel>>;
    let rig: Rig;
    let cwd: string;
    let part: Part;

    beforeAll(async () => {
      model = await startFakeModel();
    });
    afterAll(() => model.stop());
    beforeEach(() => {
      rig = makeRig();
      cwd = join(rig.directory, "work");
      mkdirSync(cwd);
    });
    afterEach(async () => {
      await part.stop();
      await rig.end();
    });

    const screen = () => rig.tmux("default", "capture-pane", "-p", "-t", "%0");
    const shows = (what: RegExp) => until(`${what} on the screen`, () => what.test(screen()), 30_000);
    const requests = () => rig.messages.flatMap((message) => (message.kind === "request" ? [message] : []));

    async function begin(...argv: string[]): Promise<void> {
      rig.tmux("default", "new-session", "-d", "-x", "100", "-y", "40", "-c", cwd, ...argv);
      const panes = await rig.start({ poll_ms: 500 });
      part = startKeystrokes({
        policy: "agents",
        store: rig.store(),
        outlet: rig.outlet(),
        panes,
        claudeHook: () => false,
        log: () => {},
      });
    }
    async function ask(text: string, dialog: RegExp): Promise<void> {
      rig.tmux("default", "set-buffer", text);
      rig.tmux("default", "paste-buffer", "-p", "-d", "-t", "%0");
      await until("the dialog", async () => {
        await sleep(700);
        if (!dialog.test(screen())) rig.tmux("default", "send-keys", "-t", "%0", "Enter");
        await sleep(700);
        return dialog.test(screen());
      });
    }
    async function decideLast(allow: boolean, count: number) {
      const { session, request } = await until("the request", () => requests()[count - 1], 30_000);
      const context = { id: newId("cmd"), session, signal: new AbortController().signal };
      return { request, result: await part.run({ type: "decide", request: request.id, allow }, context) };
    }
    const applied = { status: "done", value: { type: "decided", end: "applied" } };

    it("Claude runs what was allowed and not what was denied", async () => {
      if ("missing" in claude) return;
      Object.assign(rig.env, makeClaudeHome(rig.directory, cwd, model.url, claude.version));
      await begin(claude.path, "--permission-mode", "manual");
      await shows(/manual mode on/);
      const bash = (command: string) => `CALL: Bash ${JSON.stringify({ command })}`;
      await ask(bash("touch a"), /Do you want to proceed/);
      const first = await decideLast(true, 1);
      expect(first.request).toMatchObject({ requester: "claude", unverified: true });
      expect(first.result).toEqual(applied);
      await until("the file", () => existsSync(join(cwd, "a")));
      await shows(/tool said/);
      await ask(bash("touch b"), /Do you want to proceed/);
      expect((await decideLast(false, 2)).result).toEqual(applied);
      await sleep(1_000);
      expect([existsSync(join(cwd, "b")), requests().length]).toEqual([false, 2]);
    });

    it("Codex runs what was allowed and not what was denied", async () => {
      if ("missing" in codex) return;
      const { PATH, CODEX_HOME, TMPDIR, FAKE_KEY } = makeCodexHome(rig.directory, model.url, cwd);
      Object.assign(rig.env, { PATH, CODEX_HOME, TMPDIR, FAKE_KEY });
      await begin(codex.path, "--no-daemon", "-a", "on-request");
      await shows(/Ask Codex to do anything/);
      const touch = (name: string) =>
        `CALL: exec_command ${JSON.stringify({ cmd: `touch ${join(cwd, name)}`, sandbox_permissions: "require_escalated", justification: "for the test" })}`;
      await ask(touch("a"), /Would you like to run/);
      const first = await decideLast(true, 1);
      expect(first.request).toMatchObject({ requester: "codex", unverified: true });
      expect(first.result).toEqual(applied);
      await until("the file", () => existsSync(join(cwd, "a")));
      await shows(/tool said/);
      await ask(touch("b"), /Would you like to run/);
      expect((await decideLast(false, 2)).result).toEqual(applied);
      await sleep(1_000);
      expect([existsSync(join(cwd, "b")), requests().length]).toEqual([false, 2]);
    });
  },
);

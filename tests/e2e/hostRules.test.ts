import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execFileSync } from "node:child_process";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { hookSocketPath } from "../../agent-daemon/agents/claude/startClaude.ts";
import { HOOK_WORD } from "../../agent-daemon/agents/claude/hookWire.ts";
import { noTmux } from "../../agent-daemon/tmux/rig/tmuxRig.ts";
import { Approval, Rule } from "../../protocol/approvals.ts";
import { Session } from "../../protocol/session.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { AGENT, Signalbox, until } from "../support/signalbox.ts";

let signalbox: Signalbox;
let host: RemoteHost;
beforeAll(async () => {
  signalbox = await Signalbox.start();
  host = await RemoteHost.enrol(signalbox, "field");
});
afterAll(async () => {
  await host.stop();
  await signalbox.stop();
});

const approvals = async (session: string) =>
  (await signalbox.api(z.object({ items: z.array(Approval) }), `/api/approvals?session=${session}`)).items;
const answer = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** Claude Code's hook, as it runs in a pane: the real one, asking for a command. */
function hook(pane: string, command: string): string {
  const file = join(host.dir, `${command.replaceAll(" ", "-")}-${Date.now()}`);
  const asked = {
    session_id: "of the test",
    cwd: host.dir,
    hook_event_name: "PermissionRequest",
    tool_name: "Bash",
    tool_input: { command },
  };
  writeFileSync(`${file}.in`, JSON.stringify(asked));
  const socket = hookSocketPath(join(host.dir, "state"));
  const line = `CLAUDE_PID=$$ ${process.execPath} ${AGENT} ${HOOK_WORD} ${socket} < ${file}.in > ${file}.out`;
  tmux("send-keys", "-t", pane, `(${line}; echo over >> ${file}.out) &`, "Enter");
  return `${file}.out`;
}

function tmux(...args: string[]): string {
  const env = { ...signalbox.env, TMUX_TMPDIR: join(host.dir, "tmux") };
  return execFileSync("tmux", ["-f", "/dev/null", ...args], { env, encoding: "utf8" }).trim();
}

async function aPane(): Promise<{ pane: string; session: string }> {
  const pane = tmux("new-session", "-d", "-P", "-F", "#{pane_id}", "-c", host.dir, "sh");
  const session = await until("the session", async () => {
    const { items } = await signalbox.api(z.object({ items: z.array(Session) }), "/api/sessions");
    return items.find((each) => each.host === host.id && each.pane?.pane === pane)?.id;
  });
  return { pane, session };
}

async function cut(): Promise<void> {
  host.proxy.refusing = true;
  host.proxy.cut();
  await host.presence("offline");
}

describe.skipIf(noTmux !== null)("a host that is away", () => {
  test("goes by its copy of the rules, asks for the rest, and tells the ledger once", async ({ expect }) => {
    const { pane, session } = await aPane();
    const rule = await signalbox.api(Rule, "/api/rules", {
      body: {
        tool: "Bash",
        host: host.id,
        workspace: null,
        pattern: "Bash make",
        reason: "",
        expires_at: null,
      },
    });
    await sleep(1_000); // its copy is on its way
    await cut();
    const allowed = hook(pane, "make all");
    await until("the hook to be answered", () => answer(allowed).includes("over"));
    expect(answer(allowed)).toContain('"behavior":"allow"');
    const waits = hook(pane, "rm all");
    await sleep(2_000);
    expect(answer(waits)).toBe("");
    // The daemon dies before the edge has heard a word.
    await host.kill();
    host.proxy.refusing = false;
    await host.start();
    await until("the ledger", async () => (await approvals(session)).length === 2);
    await until("the delivery", async () =>
      (await approvals(session)).some(({ delivery }) => delivery === "applied"),
    );
    const ledger = await approvals(session);
    const done = ledger.find(({ status }) => status === "allowed");
    const pending = ledger.find(({ status }) => status === "pending");
    expect(done).toMatchObject({
      summary: "Bash make all",
      rule: rule.id,
      decided_on_host: true,
      decided_by: "owner",
    });
    expect(pending).toMatchObject({ summary: "Bash rm all", status: "pending" });
    await signalbox.api(z.unknown(), `/api/approvals/${pending?.id}/decision`, {
      body: { decision: "deny" },
    });
    await until("the hook to be answered", () => answer(waits).includes("over"));
    expect(answer(waits)).toContain('"behavior":"deny"');
    expect(await approvals(session)).toHaveLength(2);
  });

  test("asks again for what a rule that was revoked had allowed", async ({ expect }) => {
    const { pane, session } = await aPane();
    const { items } = await signalbox.api(z.object({ items: z.array(Rule) }), "/api/rules");
    for (const { id } of items) await signalbox.api(z.unknown(), `/api/rules/${id}`, { method: "DELETE" });
    await sleep(1_000);
    await cut();
    const waits = hook(pane, "make all");
    await sleep(2_000);
    expect(answer(waits)).toBe("");
    host.proxy.refusing = false;
    const approval = await until("the approval", async () => (await approvals(session))[0]);
    expect(approval).toMatchObject({ status: "pending" });
    expect(approval.rule).toBeUndefined();
  });
});

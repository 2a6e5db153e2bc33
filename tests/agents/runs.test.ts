import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Approval } from "../../protocol/approvals.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { Host } from "../../protocol/host.ts";
import { Run } from "../../protocol/run.ts";
import { RunDetail, type RunStep } from "../../protocol/runs.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { codexVariables, makeCodexHome } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const claude = await findAgent("claude");
const codex = await findAgent("codex");
for (const agent of [claude, codex]) if ("missing" in agent) console.warn(`Skipped: ${agent.missing}`);

const SCHEMA = `{ type: "object", properties: { n: { type: "integer", minimum: 2 } }, required: ["n"] }`;

const Asked = z.object({
  model: z.string(),
  reasoning: z.object({ effort: z.string() }).optional(),
  output_config: z.object({ effort: z.string() }).optional(),
});

/** Five agents at once: a chat, and both real ones, in worktrees, with work that stays and without. */
const TOGETHER = `
const tree = { isolation: "worktree", model: "opus", effort: "max" };
return parallel([
  () => agent("SAY: a chat", { provider: "edge" }),
  () => agent('CALL: Bash {"command":"echo one >> made"}\\nSAY: claude has made it', { ...tree, label: "claude" }),
  () => agent("RUN: sh -c 'echo one >> made'\\nSAY: codex has made it", { ...tree, label: "codex", provider: "codex", mode: "untrusted" }),
  () => agent('SAY: {"n": 1}', { ...tree, schema: ${SCHEMA}, label: "claude, shaped" }),
  () => agent('SAY: {"n": 1}', { ...tree, schema: ${SCHEMA}, label: "codex, shaped", provider: "codex" }),
]);`;

describe.skipIf("missing" in claude || "missing" in codex)("a run with real agents", () => {
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let dir: string;
  let repo: string;
  let host: string;
  let signalbox: Signalbox;
  const runs: string[] = [];

  beforeAll(async () => {
    model = await startFakeModel();
    dir = mkdtempSync(join(tmpdir(), "signalbox-runs-"));
    repo = join(dir, "repo");
    mkdirSync(repo);
    git("init", "-q", "-b", "main");
    git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "begin");
    const version = "version" in claude ? claude.version : "";
    const paths = [claude, codex].map((agent) => ("path" in agent ? agent.path : ""));
    signalbox = await Signalbox.start({
      env: {
        ...makeClaudeHome(dir, repo, model.url, version),
        ...codexVariables(makeCodexHome(dir, model.url, repo)),
      },
      config: `agents: {claude: ${paths[0]}, codex: ${paths[1]}}\n`,
    });
    const { items } = await signalbox.api(z.object({ items: z.array(Host) }), "/api/hosts");
    host = items[0]?.id ?? "";
  });
  afterAll(async () => {
    // What of a test that failed still works would outlive the daemon.
    for (const id of runs) {
      await signalbox.api(z.unknown(), `/api/runs/${id}/cancel`, { body: {} });
      for (const each of (await detail(id)).items)
        if (each.session !== null && each.kind === "agent")
          await until("its end", async () => (await events(each)).some(({ type }) => type === "ended"));
    }
    await signalbox?.stop();
    await model?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  function git(...args: string[]): string {
    return execFileSync("git", ["-C", repo, ...args], { encoding: "utf8" });
  }
  async function start(name: string, body: string): Promise<string> {
    const script = `export const meta = { name: "${name}", description: "" };${body}`;
    await signalbox.api(z.unknown(), `/api/workflows/${name}`, { method: "PUT", body: { script } });
    const run = { provider: "claude", host, cwd: repo };
    const { id } = await signalbox.api(Run, `/api/workflows/${name}/runs`, { body: run });
    runs.push(id);
    return id;
  }
  const detail = (id: string) => signalbox.api(RunDetail, `/api/runs/${id}`);
  const ended = (id: string) =>
    until(`the end of ${id}`, async () => {
      const found = await detail(id);
      return found.run.ended_at === null ? null : found;
    });
  const step = ({ items }: RunDetail, label: string): RunStep => {
    const found = items.find((each) => each.label === label);
    if (found === undefined) throw new Error(`there is no step ${label}`);
    return found;
  };
  const events = async ({ session }: RunStep): Promise<SessionEvent[]> => {
    const page = z.object({ items: z.array(z.custom<SessionEvent>()) });
    return (await signalbox.api(page, `/api/sessions/${session}/events?after=0&limit=1000`)).items;
  };
  const pidOf = async (of: RunStep): Promise<number | null> => {
    if (of.session === null) return null; // it has not begun
    for (const event of await events(of))
      if (event.type === "command_result" && event.result.status === "done")
        if (event.result.value.type === "job") return event.result.value.pid;
    return null;
  };

  test("ends with what each has said and made, asked in the inbox, through the death of the daemon", async () => {
    const id = await start("together", TOGETHER);
    const approvals = await until("two approvals", async () => {
      const list = z.object({ items: z.array(Approval) });
      const { items } = await signalbox.api(list, "/api/approvals?status=pending");
      return items.length === 2 ? items : null;
    });
    await until("both steps to say that they wait", async () => {
      const found = await detail(id);
      return ["claude", "codex"].every((label) => step(found, label).waits?.startsWith("Waits for you"));
    });
    await signalbox.kill("agent");
    for (const { id: approval } of approvals)
      await signalbox.api(z.unknown(), `/api/approvals/${approval}/decision`, {
        body: { decision: "allow" },
      });

    const over = await ended(id);
    const says = (branch: string) => `Anything that it changed is on the branch ${branch}, in `;
    const [made, other] = [step(over, "claude"), step(over, "codex")];
    expect(over.result).toEqual([
      "a chat",
      expect.stringContaining(`claude has made it\n\n${says(made.worktree?.branch ?? "-")}`),
      expect.stringContaining(`codex has made it\n\n${says(other.worktree?.branch ?? "-")}`),
      { n: 2 },
      { n: 2 },
    ]);
    for (const each of over.items) {
      expect(each).toMatchObject({ status: "completed", attempt: 1 });
      expect(each.tokens.output).toBeGreaterThan(0);
    }
    const sum = over.items.reduce((all, { tokens }) => all + tokens.input + tokens.output, 0);
    expect(over.run.spent).toBe(sum);
    // Each did its work once, in a worktree of its own, which stays; those without work do not.
    for (const { worktree } of [made, other])
      expect(readFileSync(join(worktree?.path ?? "", "made"), "utf8")).toBe("one\n");
    expect(existsSync(join(repo, "made"))).toBe(false);
    for (const each of over.items.slice(1)) {
      const removal = await until("the removal of a worktree", async () =>
        (await events(each)).find(
          (event) => event.type === "command_result" && event.command === "remove_worktree",
        ),
      );
      expect(removal).toMatchObject({
        result: each.label?.includes("shaped") === true ? { status: "done" } : { code: "would_lose_work" },
      });
    }
    expect(git("worktree", "list").trim().split("\n")).toHaveLength(3);
    expect(git("branch", "--list", "signalbox/*").trim().split("\n")).toHaveLength(2);
    for (const each of over.items.slice(1)) {
      const told = await events(each);
      const rounds = each.label?.includes("shaped") === true ? 2 : 1;
      expect(told.filter(({ type }) => type === "turn_started")).toHaveLength(rounds);
      await until("its end", async () => (await events(each)).some(({ type }) => type === "ended"));
    }
    // The model and the effort, each in its agent's own words.
    const asked = new Set(model.asked.map(({ body }) => JSON.stringify(Asked.parse(body))));
    expect(asked).toContain(JSON.stringify({ model: "gpt-5.5", reasoning: { effort: "xhigh" } }));
    expect([...asked]).toContainEqual(
      expect.stringMatching(/^\{"model":"claude-opus-[^"]*","output_config":\{"effort":"max"\}\}$/),
    );
  });

  test("ends their processes when it is cancelled, or a step is skipped", async () => {
    const id = await start(
      "slow",
      `return parallel(["claude", "codex"].map((provider) => () => agent("SLOW: 500\\nSAY: " + "many words ".repeat(100), { provider, label: provider })));`,
    );
    const pids = await until("both processes", async () => {
      const found = await detail(id);
      if (found.items.length < 2) return null;
      const both = await Promise.all(["claude", "codex"].map((label) => pidOf(step(found, label))));
      const pids = both.filter((pid) => pid !== null);
      return model.open() >= 2 && pids.length === 2 ? pids : null;
    });
    const gone = (pid: number | undefined) => !existsSync(`/proc/${pid}`);
    expect(pids.map(gone)).toEqual([false, false]);
    const first = step(await detail(id), "claude");
    await signalbox.api(z.unknown(), `/api/runs/${id}/steps/${first.key}`, { body: { type: "skip" } });
    await until("the process of the skipped step to end", () => gone(pids[0]));
    expect(gone(pids[1])).toBe(false);
    await signalbox.api(z.unknown(), `/api/runs/${id}/cancel`, { body: {} });
    await until("the other process to end", () => gone(pids[1]));
    expect((await ended(id)).items.map(({ status }) => status)).toEqual(["skipped", "cancelled"]);
  });
});

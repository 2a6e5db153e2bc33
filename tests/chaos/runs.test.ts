import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { Run } from "../../protocol/run.ts";
import { RunDetail } from "../../protocol/runs.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { pipelineScript } from "../support/pipelineRun.ts";
import { Signalbox, until } from "../support/signalbox.ts";

/** Runs that are struck; several at once, so that one blow falls on all of them. RUN_ROUNDS=50 for more. */
const ROUNDS = Number(process.env.RUN_ROUNDS ?? 10);
const AT_ONCE = 10;
const SEED = 11;
const AGENTS = 12;
/** Between two blows, at most. */
const PAUSE_MS = 1_500;

const HostList = z.object({ items: z.array(z.object({ id: z.string(), presence: z.string() })) });

let signalbox: Signalbox;
let host: string;
let trail: string;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  trail = join(signalbox.work, "trail");
  appendFileSync(trail, "");
  host = await until("an online host", async () => {
    const { items } = await signalbox.api(HostList, "/api/hosts");
    return items.find(({ presence }) => presence === "online")?.id;
  });
  const rule = {
    tool: "run_command",
    host,
    workspace: signalbox.work,
    expires_at: null,
    reason: "",
    pattern: "run_command sh",
  };
  await signalbox.api(z.unknown(), "/api/rules", { body: rule });
  await save(pipelineScript("pipeline", trail));
});
afterAll(() => signalbox.stop());

async function save(script: string): Promise<void> {
  await signalbox.api(z.unknown(), "/api/workflows/pipeline", { method: "PUT", body: { script } });
}

async function start(fresh: boolean, name: string): Promise<string> {
  const body = { id: newId("run"), fresh, args: { run: name }, host, cwd: signalbox.work };
  return (await signalbox.api(Run, "/api/workflows/pipeline/runs", { body })).id;
}

function ended(id: string): Promise<RunDetail> {
  return until(
    `run ${id} to end`,
    async () => {
      const found = await signalbox.api(RunDetail, `/api/runs/${id}`);
      return found.run.ended_at === null ? null : found;
    },
    400_000,
  );
}

/** What the agents of a run have left, in order of their names. */
function marksOf(name: string): string[] {
  const marks = readFileSync(trail, "utf8").split("\n");
  return marks
    .filter((mark) => mark.startsWith(`${name}-`))
    .map((mark) => mark.slice(name.length + 1))
    .sort();
}

/** Everything of a run that must be as in any other. */
function sumOf({ run, result, items }: RunDetail) {
  return {
    status: run.status,
    result,
    spent: run.spent,
    steps: items
      .map(({ n, phase, status, preview }) => ({ n, phase, status, preview }))
      .sort((a, b) => String(a.preview).localeCompare(String(b.preview)))
      .map(({ n: _n, ...rest }) => rest),
  };
}

test("a run that is struck anywhere does each agent once, and ends as any other", async () => {
  const undisturbed = await ended(await start(true, "r00"));
  expect(undisturbed.run).toMatchObject({ status: "completed", steps: { completed: AGENTS } });
  const marks = marksOf("r00");
  expect(marks).toHaveLength(AGENTS);

  const random = new Random(SEED);
  let blows = 0;
  for (let round = 1; round <= ROUNDS; round += AT_ONCE) {
    const names = Array.from({ length: AT_ONCE }, (_, i) => `r${String(round + i).padStart(2, "0")}`);
    const ids = await Promise.all(names.map((name) => start(true, name)));
    let struck = false;
    const over = Promise.all(ids.map(ended));
    const end = new AbortController();
    void over.finally(() => end.abort()).catch(() => {}); // awaited below
    for (;;) {
      await sleep(random.below(PAUSE_MS));
      if (end.signal.aborted || (struck && random.below(2) === 0)) break;
      await (random.below(4) === 0 ? signalbox.kill("edge") : signalbox.killRuntime());
      struck = true;
      blows++;
    }
    for (const [index, detail] of (await over).entries()) {
      expect(sumOf(detail)).toEqual(sumOf(undisturbed));
      expect(marksOf(names[index] ?? "")).toEqual(marks);
    }
  }
  expect(blows).toBeGreaterThanOrEqual(ROUNDS / AT_ONCE);
}, 900_000);

test("a changed prompt for one agent does exactly that one again", async () => {
  const first = await ended(await start(false, "again"));
  expect(first.run.steps).toEqual({ completed: AGENTS });
  await save(pipelineScript("pipeline", trail, "verdict"));
  const second = await ended(await start(false, "again"));
  expect(second.items.filter(({ cached }) => !cached).map(({ prompt }) => prompt)).toEqual([
    expect.stringMatching(/verdict/),
  ]);
  const marks = marksOf("again");
  expect(marks).toHaveLength(AGENTS + 1);
  expect(new Set(marks).size).toBe(AGENTS + 1);
});

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
import { RemoteHost } from "../support/RemoteHost.ts";
import { Signalbox, until } from "../support/signalbox.ts";

/** Runs that must have been struck at least once between their start and their end. RUN_ROUNDS=500 for more. */
const ROUNDS = Number(process.env.RUN_ROUNDS ?? 50);
/** Runs that are under way at once, each somewhere else: a blow strikes them all. */
const AT_ONCE = 10;
const SEED = Number(process.env.RUN_SEED ?? 11);
const AGENTS = 12;
/** Agents that begin between two blows, at most. With fewer nothing would ever go on. */
const BETWEEN = 40;
/** A place that no run comes to so soon is not waited for. */
const PATIENCE_MS = 5_000;
const LOOK_MS = 800;
/** A run begins so long after the one before it, at most. */
const SPREAD_MS = 2_000;

/** Where a blow finds a run. */
const PLACES = ["before its first agent", "in a command", "between agents", "after its last agent"] as const;
type Place = (typeof PLACES)[number];
type Blow = readonly [name: string, strike: () => Promise<unknown>];

let signalbox: Signalbox;
let host: RemoteHost;
let trail: string;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  host = await RemoteHost.enrol(signalbox, "struck");
  trail = join(host.dir, "trail");
  for (const path of [trail, `${trail}.begun`]) appendFileSync(path, "");
  const rule = {
    tool: "run_command",
    host: host.id,
    workspace: host.dir,
    expires_at: null,
    reason: "",
    pattern: "run_command sh",
  };
  await signalbox.api(z.unknown(), "/api/rules", { body: rule });
  await save(pipelineScript("pipeline", trail));
});
afterAll(async () => {
  await host?.stop();
  await signalbox?.stop();
});

async function save(script: string): Promise<void> {
  await signalbox.api(z.unknown(), "/api/workflows/pipeline", { method: "PUT", body: { script } });
}

async function start(fresh: boolean, name: string): Promise<string> {
  const body = { id: newId("run"), fresh, args: { run: name }, host: host.id, cwd: host.dir };
  return (await signalbox.api(Run, "/api/workflows/pipeline/runs", { body })).id;
}

function ended(id: string): Promise<RunDetail> {
  return until(
    `run ${id} to end`,
    async () => {
      const found = await signalbox.api(RunDetail, `/api/runs/${id}`);
      if (found.run.ended_at !== null) return found;
      await sleep(LOOK_MS);
      return null;
    },
    400_000,
  );
}

/** What the agents of a run have left in a file, in order of their names. */
function marksOf(name: string, path = trail): string[] {
  return linesOf(path)
    .filter((mark) => mark.startsWith(`${name}-`))
    .map((mark) => mark.slice(name.length + 1))
    .sort();
}

function linesOf(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").filter(Boolean);
}

/** Where each of some runs is. */
function placesOf(names: Iterable<string>): Map<string, Place> {
  const runOf = (mark: string) => mark.slice(0, mark.indexOf("-"));
  const counts = (path: string) => Map.groupBy(linesOf(path), runOf);
  const [done, begun] = [counts(trail), counts(`${trail}.begun`)];
  return new Map(
    Array.from(names, (name) => {
      const ended = done.get(name)?.length ?? 0;
      const inCommand = (begun.get(name)?.length ?? 0) > ended;
      const between = ended === 0 ? PLACES[0] : ended === AGENTS ? PLACES[3] : PLACES[2];
      return [name, inCommand ? PLACES[1] : between];
    }),
  );
}

/** Everything of a run that must be as in any other. */
function sumOf({ run, result, items }: RunDetail) {
  return {
    status: run.status,
    result,
    spent: run.spent,
    steps: items
      .map(({ phase, status, preview }) => ({ phase, status, preview }))
      .sort((a, b) => String(a.preview).localeCompare(String(b.preview))),
  };
}

/** All of one length: what they cost is counted. */
const nameOf = (run: number) => `r${String(run).padStart(4, "0")}`;

test(`a run that is struck anywhere does each agent once, and ends as any other (${ROUNDS} runs)`, async () => {
  const undisturbed = await ended(await start(true, nameOf(0)));
  expect(undisturbed.run).toMatchObject({ status: "completed", steps: { completed: AGENTS } });
  const marks = marksOf(nameOf(0));
  expect(marks).toHaveLength(AGENTS);

  const random = new Random(SEED);
  const blows: { at: number; names: Set<string> }[] = [];
  const struck = new Set<string>();
  const found = new Map<string, number>();
  const underWay = new Set<string>();
  const over = new AbortController();
  let runs = 0;

  const carry = async (own: Random) => {
    while (struck.size + underWay.size < ROUNDS && !over.signal.aborted) {
      await sleep(own.below(SPREAD_MS));
      const name = nameOf(++runs);
      const id = await start(true, name);
      underWay.add(name);
      const detail = await ended(id);
      underWay.delete(name);
      expect(sumOf(detail), name).toEqual(sumOf(undisturbed));
      expect(marksOf(name), name).toEqual(marks);
      expect(marksOf(name, `${trail}.begun`), name).toEqual(marks);
      // One that may have ended before the blow does not count.
      if (blows.some(({ at, names }) => names.has(name) && at < (detail.run.ended_at ?? 0))) struck.add(name);
    }
  };
  const killDaemon = () => host.kill().then(() => void host.run());
  // The edge's process seldom, since its supervisor takes longer each time; the runtime in it ends it, too.
  const deck: [Blow, ...Blow[]] = [
    ["runtime", () => signalbox.killRuntime()],
    ["edge", () => signalbox.kill("edge")],
    ["daemon and runtime", () => Promise.all([killDaemon(), signalbox.killRuntime()])],
    ...Array.from({ length: 5 }, (): Blow => ["daemon", killDaemon]),
  ];
  const begun = () => linesOf(`${trail}.begun`).length;
  const strike = async () => {
    for (let next = 0; !over.signal.aborted; next = begun() + random.below(BETWEEN)) {
      await until("the runs to go on", () => over.signal.aborted || begun() >= next, 300_000);
      const wanted = PLACES[blows.length % PLACES.length] ?? PLACES[0];
      const isThere = () => over.signal.aborted || [...placesOf(underWay).values()].includes(wanted);
      await until(wanted, isThere, PATIENCE_MS).catch(() => null);
      if (over.signal.aborted) break; // what comes next begins with an edge that is there
      const [what, blow] = random.pick(deck);
      const names = new Set(underWay);
      const places = [...placesOf(names).values()];
      const at = Date.now();
      await blow();
      blows.push({ at, names });
      for (const place of places) found.set(`${what}: ${place}`, (found.get(`${what}: ${place}`) ?? 0) + 1);
    }
  };
  const striking = strike();
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => carry(new Random(SEED + n)))).finally(() =>
    over.abort(),
  );
  await striking;
  if (process.env.RUN_SAY !== undefined)
    console.log(runs, blows.length, struck.size, Object.fromEntries(found));
  expect(struck.size).toBeGreaterThanOrEqual(ROUNDS);
  for (const place of PLACES)
    expect([...found.keys()].filter((each) => each.endsWith(place)).length, place).toBeGreaterThan(0);
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

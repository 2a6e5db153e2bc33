import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChildren } from "../../agent-daemon/edge/findChildren.ts";
import { page } from "../../protocol/api.ts";
import { newId } from "../../protocol/ids.ts";
import { WholeTask } from "../../protocol/taskApi.ts";
import { Task, type TaskStatus } from "../../protocol/tasks.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { kill, Signalbox, until } from "../support/signalbox.ts";

const TASKS = 100;
const BLOWS = 20;
const SEED = 5;
/** Tasks that end between two blows, at most. */
const BETWEEN = 4;

let signalbox: Signalbox;
let host: RemoteHost;
let trail: string;

beforeAll(async () => {
  signalbox = await Signalbox.start({
    env: { SIGNALBOX_TASKS_AT_ONCE: "12", SIGNALBOX_TASKS_PER_HOST: "12" },
  });
  host = await RemoteHost.enrol(signalbox, "struck");
  trail = join(host.dir, "trail");
  appendFileSync(trail, "");
  const base = { tool: "run_command", host: host.id, workspace: host.dir, expires_at: null, reason: "" };
  await signalbox.api(z.unknown(), "/api/rules", { body: { ...base, pattern: "run_command sh" } });
});
afterAll(async () => {
  await host?.stop();
  await signalbox?.stop();
});

const marks = () => readFileSync(trail, "utf8").split("\n").filter(Boolean);

/** Asked with an id of its own, so that an answer that is lost may be asked for again. */
function add(number: number): Promise<Task> {
  const prompt = `run sh -c "sleep 0.1; echo ${number} >> ${trail}"\nthen say the ${number}. answer`;
  const spec = { provider: "edge", host: host.id, cwd: host.dir, model: "offline/builtin", prompt };
  const body = { id: newId("tsk"), title: `Task ${number}`, tries: 1, spec };
  return signalbox.api(Task, "/api/tasks", { body });
}

async function countOf(status: TaskStatus): Promise<number> {
  const { items } = await signalbox.api(page(Task), "/api/tasks?limit=200");
  return items.filter((task) => task.status === status).length;
}

test(`${TASKS} tasks and more end once each while daemon and edge are killed ${BLOWS} times and more`, async () => {
  const random = new Random(SEED);
  const over = new AbortController();
  let blows = 0;
  let left = 0;
  const killDaemon = () => host.kill().then(() => void host.run());
  const killRuntime = async () => {
    const edge = await until("an edge", () => signalbox.record()?.edge.process?.pid);
    const [runtime] = await findChildren(edge);
    if (runtime === undefined) return; // it is starting
    // At best while a consumer starts what it has claimed.
    for (let look = 0; look < 20 && (await countOf("claimed")) === 0; look++);
    kill(runtime.pid, "SIGKILL");
    // The queue is gone with its process: what is claimed now, and not started, was left by a consumer that died.
    left += await countOf("claimed");
  };
  const deck = [killDaemon, killDaemon, killDaemon, killDaemon, killRuntime, killRuntime] as const;
  const strike = async () => {
    for (let next = killRuntime; !over.signal.aborted; next = random.pick(deck)) {
      await next();
      blows++;
      const enough = marks().length + random.below(BETWEEN);
      await until("the tasks to go on", () => over.signal.aborted || marks().length >= enough, 120_000);
      await sleep(random.below(200));
    }
  };
  const isStruckEnough = () => blows >= BLOWS;
  const addAll = async () => {
    const added = await Promise.all(Array.from({ length: TASKS }, (_, number) => add(number)));
    // As long as there are to be blows, there is something for them to fall on.
    for (; !isStruckEnough(); await sleep(200))
      if (marks().length + 12 > added.length) added.push(await add(added.length));
    return added;
  };
  const areOver = async (count: number) => {
    await sleep(300);
    const counts = await Promise.all((["completed", "failed", "dead"] as const).map(countOf));
    return counts.reduce((sum, each) => sum + each) >= count;
  };
  const work = async () => {
    const added = await addAll();
    await until("the end of all tasks", () => areOver(added.length), 300_000);
    return Promise.all(added.map(({ id }) => signalbox.api(WholeTask, `/api/tasks/${id}`)));
  };
  const [all] = await Promise.all([work().finally(() => over.abort()), strike()]);
  if (process.env.RUN_SAY !== undefined) console.log(blows, left);
  expect(all.map(({ status, tries }) => `${status} ${tries}`)).toEqual(all.map(() => "completed 1"));
  for (const [number, { result }] of all.entries()) expect(result).toContain(`the ${number}. answer`);
  expect(marks().toSorted()).toEqual([...all.keys()].map(String).toSorted());
}, 400_000);

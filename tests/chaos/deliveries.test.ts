import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { page } from "../../protocol/api.ts";
import { newId } from "../../protocol/ids.ts";
import { Run } from "../../protocol/run.ts";
import { Execution, Schedule } from "../../protocol/schedules.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { Delivery, WebhookWithSecret } from "../../protocol/webhooks.ts";
import { ApiFailure, Signalbox, until } from "../support/signalbox.ts";

const IDS = 30;
const TIMES = 3;
const BLOWS = 3;
const SEED = 9;
/** They come within so long; the blows fall in the middle of it, and on what they have started. */
const SPREAD_MS = 3_000;
const SCRIPT = `export const meta = { name: "noted", description: "Says what it was given" };
log("given " + args.id);
return args.id;
`;

let signalbox: Signalbox;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  await signalbox.api(z.unknown(), "/api/workflows/noted", { method: "PUT", body: { script: SCRIPT } });
});
afterAll(() => signalbox?.stop());

/** Sends a delivery as GitHub would, until it gets a good answer: a sender that is not answered brings it again. */
async function deliver(webhook: string, secret: string, delivery: string): Promise<void> {
  const body = JSON.stringify({ id: delivery });
  const headers = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": delivery,
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  };
  await until(`delivery ${delivery}`, async () => {
    const answer = await fetch(`${signalbox.url}/hooks/${webhook}`, { method: "POST", headers, body }).catch(
      () => null, // the edge is restarting
    );
    if (answer !== null && answer.status >= 400 && answer.status < 500)
      throw new Error(`${delivery} was refused: ${await answer.text()}`);
    return answer?.ok;
  });
}

/** Kills the edge while `work` goes on. */
async function whileKilled(random: Random, work: Promise<unknown>): Promise<void> {
  let over = false;
  const done = work.finally(() => (over = true));
  for (let blow = 0; blow < BLOWS; blow++) {
    await sleep(random.below(400));
    if (blow === 0) expect(over, "all was done before the first blow").toBe(false);
    await (random.below(2) === 0 ? signalbox.kill("edge") : signalbox.killRuntime());
    await signalbox.api(z.unknown(), "/api/runs?limit=1");
  }
  await done;
}

async function runsOf(title: string, count: number): Promise<Run[]> {
  return until("the end of all runs", async () => {
    await sleep(300);
    const { items } = await signalbox.api(page(Run), "/api/runs?limit=200");
    const mine = items.filter((run) => run.title === title);
    return mine.length >= count && mine.every(({ ended_at }) => ended_at !== null) ? mine : null;
  });
}

test(`deliveries that arrive while the edge is killed start one run for each id`, async () => {
  const random = new Random(SEED);
  const work = { kind: "workflow", workflow: "noted", args: { id: "{{payload.id}}" } };
  const body = { name: "pushes", work };
  const { webhook, secret } = await signalbox.api(WebhookWithSecret, "/api/webhooks", { body });
  const ids = Array.from({ length: IDS }, (_, i) => `delivery-${i}`);
  const sent = ids.flatMap((id) =>
    Array.from({ length: TIMES }, async () => {
      await sleep(random.below(SPREAD_MS));
      await deliver(webhook.id, secret, id);
    }),
  );
  await whileKilled(random, Promise.all(sent));
  const runs = await runsOf("pushes", IDS);
  expect(runs.map(({ status }) => status)).toEqual(ids.map(() => "completed"));
  const log = await signalbox.api(page(Delivery), `/api/webhooks/${webhook.id}/deliveries?limit=200`);
  expect(log.items.map(({ delivery, status }) => `${delivery} ${status}`).toSorted()).toEqual(
    ids.map((id) => `${id} started`).toSorted(),
  );
  expect(new Set(log.items.map((each) => each.work?.id))).toEqual(new Set(runs.map(({ id }) => id)));
});

test("a schedule that is run while the edge is killed starts one run for each time that it was asked", async () => {
  const random = new Random(SEED);
  const body = {
    id: newId("sch"),
    name: "times",
    when: { kind: "once", at: Date.now() + 2_000 },
    work: { kind: "workflow", workflow: "noted", args: { id: "by the clock" } },
    overlap: "parallel",
  };
  const schedule = await signalbox.api(Schedule, "/api/schedules", { body });
  const asked = Array.from({ length: 10 }, () => newId("exe"));
  const path = `/api/schedules/${schedule.id}`;
  const ask = async (id: string) => {
    await sleep(random.below(SPREAD_MS));
    await Promise.all(
      [0, 1].map(() =>
        until(`execution ${id}`, () =>
          signalbox.api(Execution, `${path}/run`, { body: { id } }).catch((error: unknown) => {
            if (error instanceof ApiFailure && error.status < 500) throw error;
            return null; // asked again
          }),
        ),
      ),
    );
  };
  await whileKilled(random, Promise.all(asked.map(ask)));
  const runs = await runsOf("times", asked.length + 1);
  expect(runs).toHaveLength(asked.length + 1);
  const { items } = await signalbox.api(page(Execution), `${path}/executions?limit=50`);
  expect(items.map(({ state }) => state)).toEqual(runs.map(() => "started"));
  expect(new Set(items.map(({ work }) => work?.id))).toEqual(new Set(runs.map(({ id }) => id)));
  expect(
    items
      .filter(({ cause }) => cause === "manual")
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(asked.toSorted());
});

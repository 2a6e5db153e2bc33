import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test } from "vitest";
import type { HubServerFrame } from "../../protocol/hubFrames.ts";
import { DEFAULT_TEAM, newId } from "../../protocol/ids.ts";
import { type Delivery, REPLAY_WINDOW_MS, type WebhookWithSecret } from "../../protocol/webhooks.ts";
import { addDelivery, bodyKey, readDelivery } from "../../worker/webhooks/deliveryStore.ts";
import { parsePayload } from "../../worker/webhooks/parsePayload.ts";
import { renderWork } from "../../worker/webhooks/renderWork.ts";
import { startLeft } from "../../worker/webhooks/receiveDelivery.ts";
import { verifySignature } from "../../worker/webhooks/verifySignature.ts";
import { call, open } from "./support/edge.ts";
import { query } from "./support/faults.ts";

const encoder = new TextEncoder();
const bytes = (text: string) => new Uint8Array(encoder.encode(text));

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes(text)));
}

const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The headers of a delivery as GitHub signs it. */
async function github(secret: string, body: string, delivery: string, event = "issues") {
  return {
    "content-type": "application/json",
    "x-github-event": event,
    "x-github-delivery": delivery,
    "x-hub-signature-256": `sha256=${hex(await hmac(bytes(secret), body))}`,
  };
}

/** The headers of a delivery as Standard Webhooks signs it. */
async function standard(secret: string, body: string, id: string, at = Date.now()) {
  const key = Uint8Array.from(atob(secret.replace("whsec_", "")), (letter) => letter.charCodeAt(0));
  const time = String(Math.floor(at / 1_000));
  const signature = await hmac(key, `${id}.${time}.${body}`);
  return {
    "webhook-id": id,
    "webhook-timestamp": time,
    "webhook-signature": `v1,${btoa(String.fromCharCode(...signature))}`,
  };
}

async function deliver(id: string, body: string, headers: Record<string, string>) {
  const answer = await call(`/hooks/${id}`, { body, token: null, headers });
  return { http: answer.status, ...(await answer.json<{ status?: string; again?: boolean }>()) };
}

/** A webhook that says something to a chat of its own. */
async function aWebhook(how: Record<string, unknown> = {}) {
  const made = await call("/api/sessions", { body: { provider: "edge" } });
  const { id: session } = await made.json<{ id: string }>();
  const work = { kind: "message", session, text: "{{event}}: {{payload.issue.title}}" };
  const answer = await call("/api/webhooks", { body: { name: "issues", work, ...how } });
  const { webhook, secret } = await answer.json<WebhookWithSecret>();
  const said = async () => {
    const page = await call(`/api/sessions/${session}/events?after=0&limit=1000`);
    const { items } = await page.json<{ items: { type: string; item?: { kind: string; text: string } }[] }>();
    return items.flatMap(({ item }) => (item?.kind === "user_message" ? [item.text] : []));
  };
  return { id: webhook.id, secret, session, said, webhook };
}

/** A delivery that was stored, and whose edge died then. */
function left(webhook: string, delivery: string, received_at: number): Delivery {
  return {
    id: newId("dlv", received_at),
    webhook,
    delivery,
    event: "issues",
    status: "received",
    work: null,
    reason: null,
    again_of: null,
    bytes: ISSUE.length,
    received_at,
  };
}

const ISSUE = JSON.stringify({ action: "opened", issue: { title: "It breaks" } });

describe("a signature", () => {
  test("of GitHub's published example is right, and nothing else is", async ({ expect }) => {
    const secret = "It's a Secret to Everybody";
    const headers = new Headers({
      "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    });
    const check = (body: string, keys: string[]) => verifySignature(headers, bytes(body), keys, Date.now());
    expect(await check("Hello, World!", [secret])).toMatchObject({ ok: true });
    expect(await check("Hello, World!", ["another one", secret])).toMatchObject({ ok: true });
    expect(await check("Hello, World.", [secret])).toMatchObject({ ok: false, status: 401 });
    expect(await check("Hello, World!", ["It's no Secret"])).toMatchObject({ ok: false, status: 401 });
    expect(await check("Hello, World!", [])).toMatchObject({ ok: false, status: 401 });
  });

  test("is looked for among a few only: a stranger cannot have thousands tried", async ({ expect }) => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const right = await standard(secret, "{}", "msg_1");
    const of = (...signatures: string[]) =>
      verifySignature(
        new Headers({ ...right, "webhook-signature": signatures.join(" ") }),
        bytes("{}"),
        [secret],
        Date.now(),
      );
    const wrong = "v1,AAAA";
    expect(await of(wrong, "v2,unknown", right["webhook-signature"])).toMatchObject({ ok: true });
    expect(await of(...Array.from({ length: 1000 }, () => wrong), right["webhook-signature"])).toMatchObject({
      ok: false,
      status: 401,
    });
  });

  test("of Standard Webhooks' published example is right at its time only", async ({ expect }) => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const headers = new Headers({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v0,nothing v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
    const at = 1_614_265_330_000;
    const check = (now: number) => verifySignature(headers, bytes('{"test": 2432232314}'), [secret], now);
    expect(await check(at)).toMatchObject({ ok: true, delivery: "msg_p5jXN8AQM9LWM0D4loKWxJek" });
    expect(await check(at + REPLAY_WINDOW_MS + 1)).toMatchObject({ ok: false, code: "stale" });
    expect(await check(at - REPLAY_WINDOW_MS - 1)).toMatchObject({ ok: false, code: "stale" });
  });
});

describe("a delivery", () => {
  test("that is signed starts its work, once, however often it comes", async ({ expect }) => {
    const { id, secret, said } = await aWebhook();
    const headers = await github(secret, ISSUE, "one");
    expect(await deliver(id, ISSUE, headers)).toMatchObject({ status: "started", again: false });
    expect(await deliver(id, ISSUE, headers)).toMatchObject({ status: "started", again: true });
    await expect.poll(said).toEqual(["issues: It breaks"]);
    const other = await standard(secret, ISSUE, "two");
    expect(await deliver(id, ISSUE, other)).toMatchObject({ status: "started" });
    expect(await deliver(id, ISSUE, other)).toMatchObject({ again: true });
    await expect.poll(async () => (await said()).length).toBe(2);
  });

  test("without a right signature, of another time, too big, or no JSON is refused and leaves nothing", async ({
    expect,
  }) => {
    const { id, secret, said } = await aWebhook();
    const status = async (body: string, headers: Record<string, string>, to = id) =>
      (await call(`/hooks/${to}`, { body, token: null, headers })).status;
    const right = await github(secret, ISSUE, "one");
    expect(await status(ISSUE, {})).toBe(401);
    expect(await status(ISSUE, await github("another secret", ISSUE, "one"))).toBe(401);
    expect(await status(`${ISSUE} `, right)).toBe(401);
    expect(await status(ISSUE, { ...right, "x-hub-signature-256": "sha256=zz" })).toBe(401);
    expect(await status(ISSUE, { ...right, "x-hub-signature-256": "sha1=00" })).toBe(401);
    const { "x-github-delivery": _, ...unnamed } = right;
    expect(await status(ISSUE, unnamed)).toBe(400);
    expect(await status(ISSUE, await standard(secret, ISSUE, "old", Date.now() - 2 * REPLAY_WINDOW_MS))).toBe(
      401,
    );
    const big = JSON.stringify("x".repeat(1024 * 1024));
    expect(await status(big, await github(secret, big, "big"))).toBe(413);
    expect(await status("no json", await github(secret, "no json", "text"))).toBe(400);
    const deep = "[".repeat(200_000);
    expect(await status(deep, await github(secret, deep, "deep"))).toBe(400);
    expect(await status(ISSUE, right, newId("whk"))).toBe(404);
    expect(await status(ISSUE, right, "whk_x")).toBe(400);
    expect(await said()).toEqual([]);
    const log = await (await call(`/api/webhooks/${id}/deliveries`)).json<{ items: Delivery[] }>();
    expect(log.items).toEqual([]);
  });

  test("500 at once of 100 ids start 100", async ({ expect }) => {
    const { id, secret, said } = await aWebhook({ events: ["issues"] });
    const each = Array.from({ length: 500 }, async (_, index) => {
      const number = index % 100;
      const body = JSON.stringify({ issue: { title: `number ${number}` } });
      return deliver(id, body, await github(secret, body, `delivery-${number}`));
    });
    const answers = await Promise.all(each);
    expect(answers.filter(({ again }) => again === false)).toHaveLength(100);
    expect(answers.every(({ status }) => status === "started")).toBe(true);
    const words = async () => new Set(await said()).size;
    await expect.poll(words, { timeout: 60_000 }).toBe(100);
    expect((await said()).length).toBe(100);
  });

  test("whose edge died before its work began is begun by whoever brings it again, once", async ({
    expect,
  }) => {
    const { id, secret, said } = await aWebhook();
    const lost = left(id, "one", Date.now());
    await addDelivery(env, lost);
    const headers = await github(secret, ISSUE, "one");
    for (let time = 0; time < 2; time++)
      expect(await deliver(id, ISSUE, headers)).toMatchObject({ status: "started", again: true });
    await expect.poll(said).toEqual(["issues: It breaks"]);
  });

  test("whose edge died before its work began is begun by the clock when nobody brings it again, once", async ({
    expect,
  }) => {
    const { id, secret, said } = await aWebhook();
    await deliver(id, ISSUE, await github(secret, ISSUE, "whole"));
    const clock = env.CLOCK.getByName(DEFAULT_TEAM);
    // The edge was away for days since.
    const due = Date.now() - 3 * 24 * 60 * 60 * 1000;
    const lost = left(id, "lost", due - 50_000);
    await env.BLOBS.put(bodyKey(id, lost.id), ISSUE);
    const young = left(id, "young", Date.now());
    await env.BLOBS.put(bodyKey(id, young.id), ISSUE);
    const empty = left(id, "empty", due - 40_000);
    for (const each of [lost, young, empty]) await addDelivery(env, each);
    for (let time = 0; time < 2; time++) {
      await query(clock, `UPDATE alarm SET at = ${due} WHERE name = 'deliveries'`);
      await runDurableObjectAlarm(clock);
    }
    await expect.poll(said).toEqual(["issues: It breaks", "issues: It breaks"]);
    const status = async (each: Delivery) => (await readDelivery(env, id, each.id))?.status;
    expect(await Promise.all([lost, young, empty].map(status))).toEqual(["started", "received", "failed"]);
    // As long as one is left it looks again, and then no more.
    const armed = () => query(clock, "SELECT at FROM alarm WHERE name = 'deliveries'");
    expect(await armed()).toHaveLength(1);
    await startLeft(env, young);
    await query(clock, "UPDATE alarm SET at = 1 WHERE name = 'deliveries'");
    await runDurableObjectAlarm(clock);
    expect(await armed()).toHaveLength(0);
  });

  test("that does not fit is noted and starts nothing", async ({ expect }) => {
    const { id, secret, said } = await aWebhook({
      events: ["issues"],
      condition: "payload.action == 'opened' && payload.issue.labels[?name == 'agent']",
    });
    const labelled = JSON.stringify({
      ...JSON.parse(ISSUE),
      issue: { title: "It breaks", labels: [{ name: "agent" }] },
    });
    expect(await deliver(id, ISSUE, await github(secret, ISSUE, "ping", "ping"))).toMatchObject({
      status: "ignored",
    });
    expect(await deliver(id, ISSUE, await github(secret, ISSUE, "plain"))).toMatchObject({
      status: "ignored",
      reason: "Its condition does not hold.",
    });
    expect(await deliver(id, labelled, await github(secret, labelled, "wanted"))).toMatchObject({
      status: "started",
    });
    await call(`/api/webhooks/${id}`, { method: "PATCH", body: { paused: true } });
    expect(await deliver(id, labelled, await github(secret, labelled, "paused"))).toMatchObject({
      status: "ignored",
    });
    await expect.poll(said).toEqual(["issues: It breaks"]);
    const log = await (await call(`/api/webhooks/${id}/deliveries`)).json<{ items: Delivery[] }>();
    expect(log.items.map(({ delivery }) => delivery)).toEqual(["paused", "wanted", "plain", "ping"]);
  });

  test("can be sent again by a person, by the webhook as it is now", async ({ expect }) => {
    const { id, secret, said, session } = await aWebhook({ condition: "payload.never" });
    await deliver(id, ISSUE, await github(secret, ISSUE, "one"));
    const log = await (await call(`/api/webhooks/${id}/deliveries`)).json<{ items: Delivery[] }>();
    const first = log.items[0];
    const work = { kind: "message", session, text: "Look at {{payload.issue.title}}" };
    await call(`/api/webhooks/${id}`, { method: "PATCH", body: { condition: null, work } });
    const again = await call(`/api/webhooks/${id}/deliveries/${first?.id}/redeliver`, { method: "POST" });
    expect(again.status).toBe(202);
    expect(await again.json()).toMatchObject({ status: "started", again_of: first?.id });
    await expect.poll(said).toEqual(["Look at It breaks"]);
    const whole = await call(`/api/webhooks/${id}/deliveries/${first?.id}`);
    expect(await whole.json()).toMatchObject({ payload: JSON.parse(ISSUE) });
  });
});

describe("a delivery starts", () => {
  const body = JSON.stringify({ n: 3, issue: { title: "It breaks", labels: ["a", "b"] } });

  test("a task, with what was sent in its prompt and title, once", async ({ expect }) => {
    const spec = { provider: "edge", prompt: "say {{payload.issue.title}}" };
    const work = { kind: "task", title: "Issue {{payload.n}}", spec };
    const { id, secret } = await aWebhook({ work });
    const answers = await Promise.all(
      [1, 2, 3].map(async () => deliver(id, body, await github(secret, body, "one"))),
    );
    expect(answers.filter(({ again }) => again === false)).toHaveLength(1);
    const log = await (await call(`/api/webhooks/${id}/deliveries`)).json<{ items: Delivery[] }>();
    const task = log.items[0]?.work;
    expect(task?.kind).toBe("task");
    const shown = async () => (await call(`/api/tasks/${task?.id}`)).json();
    await expect
      .poll(shown, { timeout: 30_000 })
      .toMatchObject({ title: "Issue 3", status: "completed", spec: { prompt: "say It breaks" } });
  });

  test("a run of a workflow, with what was sent as its arguments", async ({ expect }) => {
    const script = "export const meta = { name: 'echo', description: 'Says it again' };\nreturn args;";
    const saved = await call("/api/workflows/echo", { method: "PUT", body: { script } });
    expect(saved.status).toBe(200);
    const args = {
      title: "{{payload.issue.title}}",
      n: "{{payload.n}}",
      all: ["{{payload.issue.labels}}", "x{{payload.n}}"],
    };
    const { id, secret } = await aWebhook({ work: { kind: "workflow", workflow: "echo", args } });
    await deliver(id, body, await github(secret, body, "one"));
    const log = await (await call(`/api/webhooks/${id}/deliveries`)).json<{ items: Delivery[] }>();
    const run = async () => (await call(`/api/runs/${log.items[0]?.work?.id}`)).json();
    await expect.poll(run, { timeout: 30_000 }).toMatchObject({
      run: { status: "completed", title: "issues", by: id },
      result: { title: "It breaks", n: 3, all: [["a", "b"], "x3"] },
    });
    const much = JSON.stringify({ issue: { title: "x".repeat(300_000), labels: "x".repeat(300_000) } });
    expect(await deliver(id, much, await github(secret, much, "much"))).toMatchObject({
      status: "failed",
      reason: expect.stringMatching(/arguments have at most/),
    });
    await call("/api/workflows/echo", { method: "DELETE" });
    expect(await deliver(id, body, await github(secret, body, "two"))).toMatchObject({
      status: "failed",
      reason: "There is no workflow echo (any more).",
    });
  });
});

test("pages are told that a list has changed, by whatever changed it, and nothing is stored for it", async ({
  expect,
}) => {
  const page = await open("/api/live");
  page.send({ type: "hello", version: 1 });
  const { rev } = await page.until<Extract<HubServerFrame, { type: "ready" }>>("ready");
  const work = { kind: "message", session: newId("ses"), text: "go on" };
  const told = async () => (await page.until<Extract<HubServerFrame, { type: "news" }>>("news")).lists;
  const { webhook, secret } = await (
    await call("/api/webhooks", { body: { name: "called", work } })
  ).json<WebhookWithSecret>();
  expect(await told()).toEqual(["webhooks"]);
  await deliver(webhook.id, ISSUE, await github(secret, ISSUE, "one"));
  expect(await told()).toEqual(["webhooks"]);
  const when = { kind: "cron", cron: "@daily", time_zone: "UTC" };
  const made = await call("/api/schedules", { body: { name: "daily", when, work } });
  expect(await told()).toEqual(["schedules"]);
  await call(`/api/schedules/${(await made.json<{ id: string }>()).id}/run`, { body: {} });
  expect(await told()).toEqual(["schedules"]);
  page.close();
  const later = await open("/api/live");
  later.send({ type: "hello", version: 1 });
  expect((await later.until<Extract<HubServerFrame, { type: "ready" }>>("ready")).rev).toBe(rev);
  later.close();
});

describe("a webhook", () => {
  test("shows its secret once, and after it was rotated takes both for a while", async ({ expect }) => {
    const { id, secret } = await aWebhook();
    expect(secret).toMatch(/^whsec_/);
    const shown = await (await call(`/api/webhooks/${id}`)).text();
    const listed = await (await call("/api/webhooks")).text();
    expect(shown + listed).not.toContain(secret);
    const rotate = async (overlap_ms: number) =>
      (await (await call(`/api/webhooks/${id}/rotate`, { body: { overlap_ms } })).json<WebhookWithSecret>())
        .secret;
    const second = await rotate(60_000);
    expect(await deliver(id, ISSUE, await github(secret, ISSUE, "by the old"))).toMatchObject({
      status: "started",
    });
    expect(await deliver(id, ISSUE, await github(second, ISSUE, "by the new"))).toMatchObject({
      status: "started",
    });
    const third = await rotate(0);
    for (const old of [secret, second])
      expect((await deliver(id, ISSUE, await github(old, ISSUE, "late"))).http).toBe(401);
    expect(await deliver(id, ISSUE, await github(third, ISSUE, "by the third"))).toMatchObject({
      status: "started",
    });
  });

  test("is made by an administrator, once for its id, and gone when it is removed", async ({ expect }) => {
    const { id, secret, webhook } = await aWebhook();
    const again = await call("/api/webhooks", { body: { id, name: "x", work: webhook.work } });
    expect(again.status).toBe(409);
    expect((await call("/api/webhooks", { token: null, body: {} })).status).toBe(401);
    const stale = await call(`/api/webhooks/${id}`, { method: "PATCH", body: { name: "y", version: 7 } });
    expect(stale.status).toBe(409);
    await deliver(id, ISSUE, await github(secret, ISSUE, "one"));
    expect((await call(`/api/webhooks/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await deliver(id, ISSUE, await github(secret, ISSUE, "two"))).http).toBe(404);
    expect((await call(`/api/webhooks/${id}/deliveries`)).status).toBe(404);
  });

  test("whose expressions cannot be read is not saved", async ({ expect }) => {
    const work = { kind: "message", session: newId("ses"), text: "{{payload.[}}" };
    const answer = await call("/api/webhooks", { body: { name: "x", work } });
    expect(answer.status).toBe(400);
    expect((await answer.json<{ error: { message: string } }>()).error.message).toMatch(
      /expression cannot be read/,
    );
  });
});

describe("an expression", () => {
  const work = (text: string) => ({ kind: "message", session: newId("ses"), text }) as const;

  test("an expression that makes much of little gives a sentence", ({ expect }) => {
    const work = { kind: "workflow", workflow: "x", args: `{{${"[@,@]|".repeat(40)}@}}` } as const;
    const payload = parsePayload("{}");
    expect(renderWork(work, { event: null, delivery: "1", payload })).toMatchObject({
      ok: false,
      message: expect.stringMatching(/gives more than/),
    });
  });

  test("fills in values; what is filled in is not read again, and nothing is left out silently", ({
    expect,
  }) => {
    const fill = (text: string, payload: unknown) => {
      const json = parsePayload(JSON.stringify(payload));
      const rendered = renderWork(work(text), { event: null, delivery: "one", payload: json });
      return rendered.ok ? rendered.work : rendered.message;
    };
    expect(fill("{{payload.a}} and {{ payload.b }}", { a: "{{payload.b}}", b: { c: 1 } })).toMatchObject({
      text: '{{payload.b}} and {"c":1}',
    });
    expect(fill("[{{payload.missing}}]", {})).toMatchObject({ text: "[]" });
    expect(fill("{{payload.missing}}", {})).toMatch(/not valid/);
    expect(fill("{{length(payload)}}", "four")).toMatchObject({ text: "4" });
    expect(fill("{{payload.__proto__}}{{payload.constructor}}!", {})).toMatchObject({ text: "!" });
  });
});

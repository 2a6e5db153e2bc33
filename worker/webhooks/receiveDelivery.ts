import type { JSONValue } from "@jmespath-community/jmespath";
import type { Env } from "../../durable-objects/shared/env.ts";
import { clockName } from "../../durable-objects/shared/names.ts";
import { tellNews } from "../../durable-objects/shared/tellNews.ts";
import { newId } from "../../protocol/ids.ts";
import { type Delivery, MOST_DELIVERIES_A_MINUTE, type Webhook } from "../../protocol/webhooks.ts";
import { Problem } from "../problem.ts";
import { startWork } from "../work/startWork.ts";
import {
  addDelivery,
  bodyKey,
  countDeliveries,
  endDelivery,
  findDelivery,
  forgetOld,
} from "./deliveryStore.ts";
import { parsePayload } from "./parsePayload.ts";
import { type Context, holds, renderWork } from "./renderWork.ts";
import { verifySignature } from "./verifySignature.ts";
import { openSecrets, readWebhook, webhookOf } from "./webhookStore.ts";

const MINUTE_MS = 60_000;

/** What a delivery came to. `again`: it was here before. */
export type Received = { delivery: Delivery; again: boolean };

/**
 * Takes a signed delivery and starts its work. A sender's id is taken once: who brings it again is told what became of
 * it. Resolves when the work is started, so that a sender who gets no good answer knows to bring it again.
 */
export async function receiveDelivery(
  env: Env,
  id: string,
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
): Promise<Received> {
  const now = Date.now();
  const row = await readWebhook(env, id);
  if (row === null) throw new Problem(404, "not_found", "There is no such webhook.");
  const verified = await verifySignature(headers, body, await openSecrets(env, row, now), now);
  if (!verified.ok) throw new Problem(verified.status, verified.code, verified.message);
  const known = await findDelivery(env, id, verified.delivery);
  const payload = parse(body);
  if (known !== null)
    return { delivery: await startUnlessEnded(env, webhookOf(row), known, payload), again: true };
  if ((await countDeliveries(env, id, now - MINUTE_MS)) >= MOST_DELIVERIES_A_MINUTE)
    throw new Problem(429, "too_many", `A webhook takes ${MOST_DELIVERIES_A_MINUTE} deliveries a minute.`);
  const { delivery: given, event } = verified;
  const fresh: Delivery = {
    id: newId("dlv", now),
    webhook: id,
    delivery: given,
    event,
    status: "received",
    work: null,
    reason: null,
    again_of: null,
    bytes: body.length,
    received_at: now,
  };
  // The body lies there, and somebody looks after it, before anything says so.
  await Promise.all([
    env.BLOBS.put(bodyKey(id, fresh.id), body),
    env.CLOCK.getByName(clockName(row.team)).watchDeliveries(),
  ]);
  const faster = await addDelivery(env, fresh);
  if (faster !== null) {
    await env.BLOBS.delete(bodyKey(id, fresh.id));
    return { delivery: await startUnlessEnded(env, webhookOf(row), faster, payload), again: true };
  }
  await forgetOld(env, id, now);
  return { delivery: await startDelivery(env, webhookOf(row), fresh, payload), again: false };
}

/** Starts the work of a stored delivery, or says why not. */
export async function startDelivery(
  env: Env,
  webhook: Webhook,
  delivery: Delivery,
  payload: JSONValue,
): Promise<Delivery> {
  const ended = { ...delivery, ...(await workOf(env, webhook, delivery, payload)) };
  await endDelivery(env, ended);
  await tellNews(env, webhook.team, "webhooks");
  return ended;
}

async function workOf(
  env: Env,
  { team, name, work, events, condition, paused, id: webhook }: Webhook,
  { id, event, delivery }: Delivery,
  payload: JSONValue,
): Promise<Pick<Delivery, "status" | "reason" | "work">> {
  const none = (status: "ignored" | "failed", reason: string) => ({ status, reason, work: null });
  if (paused) return none("ignored", "The webhook is paused.");
  if (events.length > 0 && !events.includes(event ?? ""))
    return none("ignored", `It takes no ${event ?? "delivery without an event"}.`);
  const context: Context = { event, delivery, payload };
  const fits = condition === null ? ({ ok: true, holds: true } as const) : holds(condition, context);
  if (!fits.ok) return none("failed", fits.message);
  if (!fits.holds) return none("ignored", "Its condition does not hold.");
  const rendered = renderWork(work, context);
  if (!rendered.ok) return none("failed", rendered.message);
  const started = await startWork(env, { team, id, work: rendered.work, by: webhook, title: name });
  return started.ok
    ? { status: "started", reason: null, work: started.work }
    : none("failed", started.message);
}

/** Of one that came before: its start may have been lost with its edge, or be under way. Started again by its id, it begins once. */
function startUnlessEnded(
  env: Env,
  webhook: Webhook,
  known: Delivery,
  payload: JSONValue,
): Promise<Delivery> | Delivery {
  return known.status === "received" ? startDelivery(env, webhook, known, payload) : known;
}

/** Starts the work of a delivery that was stored and left. */
export async function startLeft(env: Env, delivery: Delivery): Promise<void> {
  const row = await readWebhook(env, delivery.webhook);
  if (row === null) return;
  const payload = await readPayload(env, delivery);
  if (payload === undefined)
    await endDelivery(env, {
      ...delivery,
      status: "failed",
      reason: "What it brought is not kept any more.",
    });
  else await startDelivery(env, webhookOf(row), delivery, payload);
}

/** What a delivery brought; undefined when it is not kept any more. */
export async function readPayload(env: Env, { webhook, id }: Delivery): Promise<JSONValue | undefined> {
  const blob = await env.BLOBS.get(bodyKey(webhook, id));
  return blob === null ? undefined : parsePayload(await blob.text());
}

function parse(body: Uint8Array): JSONValue {
  try {
    return parsePayload(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    throw new Problem(400, "not_json", "The delivery is not JSON. At GitHub, choose application/json.");
  }
}

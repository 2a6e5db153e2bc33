import * as z from "zod";
import { DeliveryId, TeamId, WebhookId } from "./ids.ts";
import { Work, WorkRef } from "./work.ts";

/** Largest delivery, in bytes. */
export const MAX_DELIVERY_BYTES = 1024 * 1024;
/** Deliveries that one webhook takes in a minute. */
export const MOST_DELIVERIES_A_MINUTE = 1_000;
/** How old a signed time may be, and how far ahead. */
export const REPLAY_WINDOW_MS = 5 * 60_000;
/** How long deliveries are remembered: within it, one that comes again starts nothing. */
export const KEEP_DELIVERIES_MS = 30 * 24 * 60 * 60_000;
/** How long a secret stays valid after it was rotated, unless it is said otherwise. */
export const ROTATION_OVERLAP_MS = 24 * 60 * 60_000;

/**
 * What a person says of a webhook. In the texts of `work` (a message, a prompt, a title, arguments) `{{ … }}` stands for
 * a JMESPath expression over `{event, delivery, payload}`; an argument that is nothing but one takes its value as it is.
 */
export const NewWebhook = z.object({
  name: z.string().trim().min(1).max(100),
  work: Work,
  /** The kinds of event it takes (GitHub's `X-GitHub-Event`); all when empty. */
  events: z.array(z.string().min(1).max(100)).max(50).default([]),
  /** A JMESPath expression: what it does not hold for is noted and starts nothing. */
  condition: z.string().trim().min(1).max(2_000).nullable().default(null),
  paused: z.boolean().default(false),
});
export type NewWebhook = z.infer<typeof NewWebhook>;

/** `POST /api/webhooks`. The secret is made here, unless the sender has one already. */
export const PostWebhook = NewWebhook.extend({
  id: WebhookId.optional(),
  secret: z.string().min(16).max(200).optional(),
});

/** `PATCH /api/webhooks/:id`; `version` refuses to change what somebody else has changed meanwhile. */
export const WebhookChange = z.object({
  name: NewWebhook.shape.name.optional(),
  work: Work.optional(),
  events: z.array(z.string().min(1).max(100)).max(50).optional(),
  condition: z.string().trim().min(1).max(2_000).nullable().optional(),
  paused: z.boolean().optional(),
  version: z.number().int().optional(),
});
export type WebhookChange = z.infer<typeof WebhookChange>;

/** `POST /api/webhooks/:id/rotate`: the old secret stays valid for so long. */
export const RotateSecret = z.object({
  overlap_ms: z
    .number()
    .int()
    .min(0)
    .max(30 * 24 * 60 * 60_000)
    .default(ROTATION_OVERLAP_MS),
});

/** An address that others call to start work. Times are milliseconds since 1970. */
export const Webhook = z.object({
  id: WebhookId,
  team: TeamId,
  name: z.string(),
  work: Work,
  events: z.array(z.string()),
  condition: z.string().nullable(),
  paused: z.boolean(),
  /** Until when the secret before this one is valid, when there is such a one. */
  previous_until: z.number().nullable(),
  by: z.string(),
  created_at: z.number(),
  changed_at: z.number(),
  version: z.number().int(),
});
export type Webhook = z.infer<typeof Webhook>;

/** Answer to making a webhook or rotating its secret: the only time that the secret is shown. */
export const WebhookWithSecret = z.object({ webhook: Webhook, secret: z.string() });
export type WebhookWithSecret = z.infer<typeof WebhookWithSecret>;

/**
 * One call of a webhook. `received`: its work is being started. `ignored`: its event or condition does not fit, or the
 * webhook is paused.
 */
export const Delivery = z.object({
  id: DeliveryId,
  webhook: WebhookId,
  /** The sender's own id of it. */
  delivery: z.string(),
  event: z.string().nullable(),
  status: z.enum(["received", "started", "ignored", "failed"]),
  work: WorkRef.nullable(),
  /** Why it was ignored, or failed. */
  reason: z.string().nullable(),
  /** The delivery that a person has sent again. */
  again_of: DeliveryId.nullable(),
  bytes: z.number().int(),
  received_at: z.number(),
});
export type Delivery = z.infer<typeof Delivery>;

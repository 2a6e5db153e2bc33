import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { WebhookId } from "../../protocol/ids.ts";
import { MAX_DELIVERY_BYTES } from "../../protocol/webhooks.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";
import { receiveDelivery } from "../webhooks/receiveDelivery.ts";

const limit = bodyLimit({
  maxSize: MAX_DELIVERY_BYTES,
  onError: () => {
    throw new Problem(413, "too_large", `A delivery has at most ${MAX_DELIVERY_BYTES} bytes.`);
  },
});

/** `POST /hooks/:id`: signed deliveries from elsewhere. Nobody signs in here: the signature says who it is. */
export const hookRoutes = new Hono<App>().post(
  "/:id",
  validate("param", z.object({ id: WebhookId })),
  limit,
  async (c) => {
    const body = new Uint8Array(await c.req.arrayBuffer());
    const { delivery, again } = await receiveDelivery(
      c.env,
      c.req.valid("param").id,
      c.req.raw.headers,
      body,
    );
    const { id, status, work, reason } = delivery;
    return c.json({ id, status, work, reason, again }, again ? 200 : 202);
  },
);

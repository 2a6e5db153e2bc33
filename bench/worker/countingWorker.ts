import { HostObject as Host } from "../../durable-objects/host/HostObject.ts";
import { HubObject as Hub } from "../../durable-objects/hub/HubObject.ts";
import { SessionObject as Session } from "../../durable-objects/session/SessionObject.ts";
import type { Env } from "../../durable-objects/shared/env.ts";
import worker from "../../worker/index.ts";
import { runColdScript, runColdWorker } from "./coldScripts.ts";
import { countCalls, countD1, countStorage, readCounters } from "./counters.ts";

/** The worker itself with meters on what a deployment pays for; the bench reads them at `/bench/counters`. */
export class SessionObject extends Session {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage("session", ctx.storage);
    super(ctx, env);
  }
}

export class HostObject extends Host {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage("host", ctx.storage);
    super(ctx, env);
  }
}

export class HubObject extends Hub {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage("hub", ctx.storage);
    super(ctx, env);
  }
}

export { ClockObject } from "../../durable-objects/clock/ClockObject.ts";
export { RunWorkflow } from "../../worker/workflows/RunWorkflow.ts";

countCalls("session", Session.prototype, SessionObject.prototype);
countCalls("host", Host.prototype, HostObject.prototype);
countCalls("hub", Hub.prototype, HubObject.prototype);

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    countD1(env.DB);
    switch (new URL(request.url).pathname) {
      case "/bench/counters":
        return Response.json(readCounters());
      case "/bench/cold/script":
        await runColdScript(env.LOADER, ctx);
        return new Response("done");
      case "/bench/cold/bare":
        await runColdWorker(env.LOADER);
        return new Response("done");
      default:
        return worker.fetch(request, env, ctx);
    }
  },
  queue: worker.queue,
};

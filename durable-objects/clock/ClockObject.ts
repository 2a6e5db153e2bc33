import { DurableObject } from "cloudflare:workers";
import { Alarms } from "../shared/alarms.ts";
import { openDatabase } from "../shared/database.ts";
import type { Env } from "../shared/env.ts";
import migrations from "./migrations/migrations.js";

/** A team's clock: what must happen later and belongs to no session and no host. */
export class ClockObject extends DurableObject<Env> {
  readonly #alarms: Alarms<"runs">;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarms = new Alarms(openDatabase(ctx, migrations), ctx.storage, { runs: () => {} });
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run();
  }
}

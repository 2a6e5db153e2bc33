import { listUnended } from "../../worker/webhooks/deliveryStore.ts";
import { startLeft } from "../../worker/webhooks/receiveDelivery.ts";
import { logError } from "../shared/logError.ts";
import type { Env } from "../shared/env.ts";

const LOOK_MS = 60_000;
/** One that is younger may be under way. */
const LATE_MS = 30_000;
/** What could not be started for so long is left to a person. */
const PATIENCE_MS = 60 * 60 * 1000;

/** Begins the work of deliveries whose edge died when they had just been stored: not every sender brings them again. */
export class DeliveryWatch {
  readonly #env: Env;
  readonly #team: string;
  readonly #lookAt: (at: number) => void;

  constructor(env: Env, team: string, lookAt: (at: number) => void) {
    this.#env = env;
    this.#team = team;
    this.#lookAt = lookAt;
  }

  /** There is a delivery to look after. */
  begin(): void {
    this.#lookAt(Date.now() + LOOK_MS);
  }

  /** `due`: when it was to look. What is to be begun came shortly before, however long nobody was there since. */
  async look(due: number): Promise<void> {
    const now = Date.now();
    const left = await listUnended(this.#env, this.#team, due - PATIENCE_MS);
    if (left.length > 0) this.begin();
    for (const delivery of left.filter(({ received_at }) => now - received_at > LATE_MS))
      try {
        await startLeft(this.#env, delivery);
      } catch (error) {
        logError(`delivery ${delivery.id} was not begun`, error);
      }
  }
}

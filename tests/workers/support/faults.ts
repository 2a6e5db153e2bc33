import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import type { Env } from "../../../durable-objects/shared/env.ts";

type Stub = DurableObjectStub<Rpc.DurableObjectBranded & DurableObject>;

/** A binding that answers every call in the same way. */
function binding(answer: () => unknown): unknown {
  const it: unknown = new Proxy(() => it, {
    get: (_, name) => (name === "getByName" ? () => it : name === "then" ? undefined : answer),
  });
  return it;
}

const FAULTS = {
  away: binding(() => {
    throw new Error("away for the test");
  }),
  hanging: binding(() => new Promise(() => undefined)),
};

/** Takes bindings away from an object as it stands in memory, while `work` runs. */
export async function without(
  stub: Stub,
  bindings: (keyof Env)[],
  work: () => Promise<void>,
  fault: keyof typeof FAULTS = "away",
): Promise<void> {
  const set = (away: boolean) =>
    runInDurableObject(stub, (instance) => {
      const whole: Env = Reflect.get(instance, "whole") ?? Reflect.get(instance, "env");
      const env = { ...whole, ...Object.fromEntries(bindings.map((name) => [name, FAULTS[fault]])) };
      Object.defineProperty(instance, "whole", { value: whole, configurable: true });
      Object.defineProperty(instance, "env", { value: away ? env : whole, configurable: true });
    });
  await set(true);
  try {
    await work();
  } finally {
    await set(false);
  }
}

/** Runs SQL in an object's own database. */
export function query(stub: Stub, sql: string, ...values: (string | number)[]) {
  return runInDurableObject(stub, (_, { storage }) => storage.sql.exec(sql, ...values).toArray());
}

/** Makes every alarm of an object due, and runs it. */
export async function runAlarms(stub: Stub): Promise<void> {
  await query(stub, "UPDATE alarm SET at = 1");
  await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(Date.now() + 60_000));
  await runDurableObjectAlarm(stub);
}

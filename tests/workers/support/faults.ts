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

/** As a binding, but those of its objects that `gone` names cannot be reached. */
export function partly(namespace: object, gone: (name: string) => boolean): unknown {
  return new Proxy(namespace, {
    get: (target, key) =>
      key === "getByName"
        ? (name: string) =>
            Reflect.apply(Reflect.get(gone(name) ? Object(FAULTS.away) : target, key), target, [name])
        : Reflect.get(target, key),
  });
}

/** Takes bindings away from an object as it stands in memory, while `work` runs. */
export async function without(
  stub: Stub,
  bindings: (keyof Env)[],
  work: () => Promise<void>,
  fault: keyof typeof FAULTS | ((namespace: object) => unknown) = "away",
): Promise<void> {
  const instead = (namespace: unknown) =>
    typeof fault === "string" ? FAULTS[fault] : fault(Object(namespace));
  const set = (away: boolean) =>
    runInDurableObject(stub, (instance) => {
      const whole: Env = Reflect.get(instance, "whole") ?? Reflect.get(instance, "env");
      const env = { ...whole, ...Object.fromEntries(bindings.map((name) => [name, instead(whole[name])])) };
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

import { fork } from "node:child_process";
import { join } from "node:path";
import * as z from "zod";

/** A process of the bench that answers questions. */
export type Helper = {
  pid: number;
  /** Asks, and waits for the answer; rejects when the helper failed or ended. */
  ask<T>(what: string, input: unknown, answer: z.ZodType<T>): Promise<T>;
  stop(): Promise<void>;
};

const Answer = z.object({ id: z.number(), value: z.unknown().optional(), error: z.string().optional() });

/** Starts a script of the bench (relative to `bench/`) in a process of its own; it ends with this one. */
export function startHelper(script: string, env: NodeJS.ProcessEnv = {}): Helper {
  const child = fork(join(import.meta.dirname, "..", script), {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  child.on("message", (message) => {
    const { id, value, error } = Answer.parse(message);
    if (error === undefined) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new Error(`${script}: ${error}`));
    waiting.delete(id);
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  child.on("exit", (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${script} ended (${signal ?? code})`));
    waiting.clear();
    end();
  });
  return {
    pid: child.pid ?? 0,
    async ask(what, input, answer) {
      const id = ++lastId;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.set(id, { resolve, reject });
      child.send({ id, what, input });
      return answer.parse(await promise);
    },
    async stop() {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

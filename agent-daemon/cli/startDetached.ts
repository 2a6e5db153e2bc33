import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { HomeFiles } from "../edge/homeFiles.ts";
import { launch } from "../run.ts";
import { Sentence } from "../system/Sentence.ts";
import type { Context } from "./context.ts";

/** The hidden word by which this program becomes the supervisor in the background. */
export const SUPERVISE_WORD = "__supervise";

/** What the supervisor in the background tells the terminal that started it. */
export const DetachedMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), lines: z.array(z.string()) }),
  z.object({ type: z.literal("failed"), message: z.string(), exitCode: z.number() }),
]);
export type DetachedMessage = z.infer<typeof DetachedMessage>;

/** Starts the supervisor in the background and waits until it runs. Throws its sentence when it cannot. */
export async function startDetached(
  context: Context,
  files: HomeFiles,
  port: number,
): Promise<{ lines: string[] }> {
  const output = openSync(join(files.logs, "supervisor.out"), "a", 0o600);
  const child = launch({
    argv: [
      process.execPath,
      ...(context.self.execArgv ?? []),
      context.self.selfPath,
      SUPERVISE_WORD,
      "--port",
      String(port),
    ],
    cwd: files.home,
    env: { ...context.env, SIGNALBOX_HOME: files.home },
    stdio: ["ignore", output, output, "ipc"],
    detached: true,
  });
  closeSync(output);
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  child.on("message", (raw) => {
    const message = DetachedMessage.safeParse(raw);
    if (!message.success) return;
    if (message.data.type === "ready") resolve(message.data.lines);
    else reject(new Sentence(message.data.message, message.data.exitCode));
  });
  child.on("error", (error) => reject(new Sentence(`The supervisor could not be started: ${error.message}`)));
  child.on("exit", (code) =>
    reject(new Sentence(`The supervisor ended (${code}); ${files.logs} says more.`)),
  );
  const interrupt = () => {
    child.kill("SIGTERM");
    reject(new Sentence("Interrupted; nothing was left running.", 130));
  };
  process.once("SIGINT", interrupt);
  try {
    return { lines: await promise };
  } finally {
    process.off("SIGINT", interrupt);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

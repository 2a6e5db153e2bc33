import { EXIT } from "../../system/exitCodes.ts";
import { Sentence, say } from "../../system/Sentence.ts";
import { needCheckout } from "../context.ts";
import type { Context } from "../context.ts";
import type { DetachedMessage } from "../startDetached.ts";
import { runForeground } from "./up.ts";

/** The supervisor in the background: `up` without a terminal. Tells the process that started it once, then goes on alone. */
export async function supervise(port: number, context: Context): Promise<number> {
  const tell = async (message: DetachedMessage) => {
    // From here on nobody's end is ours.
    process.removeAllListeners("disconnect");
    if (process.send === undefined || !process.connected) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    process.send(message, () => resolve());
    await promise;
    if (process.connected) process.disconnect();
  };
  try {
    const { lines, ended } = await runForeground({ ...needCheckout(context), port, context });
    await tell({ type: "ready", lines });
    return await ended;
  } catch (error) {
    await tell({
      type: "failed",
      message: say(error),
      exitCode: error instanceof Sentence ? error.exitCode : EXIT.failed,
    });
    throw error;
  }
}

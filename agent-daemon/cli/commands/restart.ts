import { readEdgeManifest } from "../../edge/edgeManifest.ts";
import { readRunRecord } from "../../edge/runRecord.ts";
import { makeHome } from "../../edge/startSupervisor.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { isLocked } from "../../system/lock.ts";
import { choosePort, needCheckout } from "../context.ts";
import type { Context } from "../context.ts";
import type { RestartArgs } from "../invocation.ts";
import { startDetached } from "../startDetached.ts";
import { endSupervisor } from "./down.ts";
import type { CommandSpec } from "../CommandSpec.ts";
import { PORT_OPTION, readPort } from "../readValues.ts";

/** `signalbox restart` on the command line. */
export const restartSpec: CommandSpec = {
  usage: "[--port PORT]",
  summary: "end it and run it again in the background",
  options: { port: PORT_OPTION },
  words: { least: 0, most: 0 },
  read: (values) => ({ command: "restart", args: { port: readPort(values) } }),
};

/** `signalbox restart`: it runs in the background afterwards, on the port it had. */
export async function restart({ port }: RestartArgs, context: Context): Promise<number> {
  const { files, dist } = needCheckout(context);
  readEdgeManifest(dist); // before anything is ended
  const before = isLocked(files.lock) ? readRunRecord(files.run) : null;
  const chosen = port ?? before?.port ?? choosePort(null, context.env);
  makeHome(files);
  await endSupervisor(files);
  const { lines } = await startDetached(context, files, chosen);
  for (const line of lines) context.print(line);
  return EXIT.ok;
}

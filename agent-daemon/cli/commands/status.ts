import { DEFAULT_CONFIG_PATH, readConfig } from "../../config.ts";
import { readSecret } from "../../edge/secretFiles.ts";
import { makeSignInLink } from "../../edge/startSupervisor.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { say } from "../../system/Sentence.ts";
import { findHome } from "../context.ts";
import type { Context } from "../context.ts";
import { gatherStatus, isHealthy } from "../gatherStatus.ts";
import type { StatusArgs } from "../invocation.ts";
import { renderStatus } from "../renderStatus.ts";
import type { CommandSpec } from "../CommandSpec.ts";
import { CONFIG_OPTION, JSON_OPTION, readText } from "../readValues.ts";

/** `signalbox status` on the command line. */
export const statusSpec: CommandSpec = {
  usage: "[--json]",
  summary: "what runs here and whether it is connected, with a sign-in link",
  options: { json: JSON_OPTION, config: CONFIG_OPTION },
  words: { least: 0, most: 0 },
  read: (values) => ({
    command: "status",
    args: { json: values["json"] === true, config: readText(values, "config") },
  }),
};

/** `signalbox status`: ends with 0 when what should run does and is connected. */
export async function status({ json, config }: StatusArgs, context: Context): Promise<number> {
  const files = findHome(context);
  const report = gatherStatus(files, readConfig(config ?? DEFAULT_CONFIG_PATH).state_dir);
  const healthy = isHealthy(report);
  if (json) {
    context.print(JSON.stringify({ ...report, healthy }, null, 2));
    return healthy ? EXIT.ok : EXIT.failed;
  }
  const token = files === null ? null : readSecret(files.ownerToken);
  const record = report.local?.running === true ? report.local.record : null;
  const link =
    token !== null && record?.ready === true ? await makeSignInLink(record.url, token).catch(say) : null;
  for (const line of renderStatus(report, Date.now(), link)) context.print(line);
  return healthy ? EXIT.ok : EXIT.failed;
}

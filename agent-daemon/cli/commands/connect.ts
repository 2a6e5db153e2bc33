import { DEFAULT_CONFIG_PATH, readConfig } from "../../config.ts";
import { readToken } from "../../readToken.ts";
import { readAgentStatus } from "../../agentStatus.ts";
import type { AgentStatus } from "../../agentStatus.ts";
import { alreadyRuns, openState } from "../../openState.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import type { Context } from "../context.ts";
import { enrol } from "../enrol.ts";
import type { ConnectArgs } from "../invocation.ts";
import { rememberUrl } from "../rememberUrl.ts";
import { runDaemon } from "../runDaemon.ts";
import { installService, planServiceHere } from "../service/installService.ts";
import type { CommandSpec } from "../CommandSpec.ts";
import { CONFIG_OPTION, readUrl, readText } from "../readValues.ts";

/** `signalbox connect` on the command line. */
export const connectSpec: CommandSpec = {
  usage: "[URL] [--code CODE] [--name NAME] [--service]",
  summary: "make this machine a host of a Signalbox and run its daemon",
  details:
    "With a one-time code from the hosts page, the machine is enrolled first. Without --service the daemon runs in\nthe foreground; with it, a systemd user unit or launchd agent is installed and started.",
  options: {
    code: { type: "string", short: "c", value: "CODE", help: "one-time code from the hosts page" },
    name: {
      type: "string",
      value: "NAME",
      help: "how the machine introduces itself (default: its host name)",
    },
    service: { type: "boolean", help: "install and start it as a service of this user" },
    config: CONFIG_OPTION,
  },
  words: { least: 0, most: 1 },
  read: (values, [url]) => ({
    command: "connect",
    args: {
      url: url === undefined ? null : readUrl(url),
      code: readText(values, "code"),
      name: readText(values, "name"),
      service: values["service"] === true,
      config: readText(values, "config"),
    },
  }),
};

/** `signalbox connect`. */
export async function connect(
  { url, code, name, service, config: file }: ConnectArgs,
  context: Context,
): Promise<number> {
  const path = file ?? DEFAULT_CONFIG_PATH;
  const before = readConfig(path);
  const config = url === null ? before : { ...before, url };
  if (new URL(config.url).protocol === "http:" && !isLoopback(config.url)) {
    context.note(
      `${config.url} is not encrypted: anybody on the way can read the token and the terminals. Use https.`,
    );
  }
  const holder = service ? null : holderOf(config.state_dir);
  if (holder !== null && (code === null || holder.url !== config.url))
    throw alreadyRuns(config.state_dir, holder);
  // Before the code is used up: the token must have a place to be kept in.
  if (holder === null && !service) openState(config.state_dir).close();
  if (code !== null) {
    const outcome = await enrol(config, code, name);
    context.note(
      outcome.how === "enrolled"
        ? `This machine is enrolled as ${outcome.name}.`
        : `${outcome.why} This machine keeps the token that it has.`,
    );
  }
  const token = readToken(config);
  if ("missing" in token) throw new Sentence(token.missing);
  if (url !== null && url !== before.url) rememberUrl(path, url);
  if (holder !== null) {
    context.print(`The daemon that runs here already (process ${holder.pid}) goes on with this token.`);
    return EXIT.ok;
  }
  if (service) {
    const argv = [process.execPath, ...(context.self.execArgv ?? []), context.self.selfPath, "connect"];
    if (file !== null) argv.push("--config", file);
    context.print(await installService(planServiceHere(argv, config.state_dir)));
    return EXIT.ok;
  }
  return runDaemon(config, context.self);
}

/** The daemon that holds a state directory now. */
function holderOf(stateDir: string): AgentStatus | null {
  const agent = readAgentStatus(stateDir);
  return agent?.running === true ? agent.status : null;
}

function isLoopback(url: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}

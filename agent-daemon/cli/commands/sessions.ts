import { EXIT } from "../../system/exitCodes.ts";
import type { Context } from "../context.ts";
import { listSessions } from "../findSession.ts";
import type { SessionsArgs } from "../invocation.ts";
import { renderSessions } from "../renderSessions.ts";
import { targetOf } from "../targetOf.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { JSON_OPTION, TARGET_OPTIONS, readList, readTarget, readText } from "../readValues.ts";
import { Provider, SessionStatus } from "../../../protocol/session.ts";

/** `signalbox sessions` on the command line. */
export const sessionsSpec: CommandSpec = {
  usage: "[WORDS…] [--json] [filters]",
  summary: "list sessions; words must all occur in title, directory, branch, command or last line",
  options: {
    json: JSON_OPTION,
    host: { type: "string", value: "HOST", help: "only those of this host (its id)" },
    status: {
      type: "string",
      value: "LIST",
      help: `only these, separated by commas: ${SessionStatus.options.join(", ")}`,
    },
    provider: {
      type: "string",
      value: "LIST",
      help: `only these, separated by commas: ${Provider.options.join(", ")}`,
    },
    attention: { type: "boolean", short: "a", help: "only those that need a person" },
    ended: { type: "boolean", help: "only those that have ended" },
    running: { type: "boolean", help: "only those that have not" },
    ...TARGET_OPTIONS,
  },
  words: { least: 0, most: 20 },
  read: (values, words) => {
    if (values["ended"] === true && values["running"] === true)
      throw new UsageProblem("--ended and --running exclude each other.");
    return {
      command: "sessions",
      args: {
        ...readTarget(values),
        json: values["json"] === true,
        host: readText(values, "host"),
        status: readList(values, "status", SessionStatus.options),
        provider: readList(values, "provider", Provider.options),
        attention: values["attention"] === true,
        ended: values["ended"] === true ? true : values["running"] === true ? false : null,
        text: words.length === 0 ? null : words.join(" "),
      },
    };
  },
};

/** `signalbox sessions`. */
export async function sessions(args: SessionsArgs, context: Context): Promise<number> {
  const found = await listSessions(targetOf(args, context), sessionsQuery(args));
  if (args.json) context.print(JSON.stringify(found, null, 2));
  else
    for (const line of renderSessions(found, Date.now(), process.stdout.columns ?? 200)) context.print(line);
  return EXIT.ok;
}

/** The filters as the API takes them. Pure. */
export function sessionsQuery({
  host,
  status,
  provider,
  attention,
  ended,
  text,
}: SessionsArgs): URLSearchParams {
  const query = new URLSearchParams();
  if (host !== null) query.set("host", host);
  if (status.length > 0) query.set("status", status.join(","));
  if (provider.length > 0) query.set("provider", provider.join(","));
  if (attention) query.set("attention", "true");
  if (ended !== null) query.set("ended", String(ended));
  if (text !== null) query.set("text", text);
  return query;
}

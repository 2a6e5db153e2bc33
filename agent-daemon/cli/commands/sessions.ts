import { EXIT } from "../../system/exitCodes.ts";
import type { Context } from "../context.ts";
import { listSessions } from "../findSession.ts";
import type { SessionsArgs } from "../invocation.ts";
import { renderSessions } from "../renderSessions.ts";
import { targetOf } from "../targetOf.ts";

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

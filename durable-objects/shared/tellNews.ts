import type { ListName } from "../../protocol/hubFrames.ts";
import type { Env } from "./env.ts";
import { logError } from "./logError.ts";
import { hubName } from "./names.ts";

/** Tells pages that a list has changed. It is only news: what came of it stands already, so it fails nothing. */
export async function tellNews(env: Env, team: string, list: ListName): Promise<void> {
  await env.HUB.getByName(hubName(team))
    .news(list)
    .catch((error: unknown) => logError(`pages were not told of ${list}`, error));
}

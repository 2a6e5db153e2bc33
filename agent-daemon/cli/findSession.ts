import { SessionPage } from "../../protocol/api.ts";
import { SessionId } from "../../protocol/ids.ts";
import { Session, isEnded } from "../../protocol/session.ts";
import { Sentence } from "../system/Sentence.ts";
import { callApi } from "./callApi.ts";
import type { ApiAccess } from "./callApi.ts";

/** Every session that a query finds, page by page. */
export async function listSessions(api: ApiAccess, query: URLSearchParams): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let cursor: string | null = null; ;) {
    const asked = new URLSearchParams(query);
    asked.set("limit", "200");
    if (cursor !== null) asked.set("cursor", cursor);
    const page: { items: Session[]; next_cursor: string | null } = await callApi(api, {
      path: `/api/sessions?${asked}`,
      schema: SessionPage,
    });
    sessions.push(...page.items);
    cursor = page.next_cursor;
    if (cursor === null) return sessions;
  }
}

/** The session a person means by its id, a part of it at either end, or its title. */
export async function findSession(api: ApiAccess, meant: string): Promise<Session> {
  if (SessionId.safeParse(meant).success)
    return callApi(api, { path: `/api/sessions/${meant}`, schema: Session });
  return chooseSession(await listSessions(api, new URLSearchParams()), meant);
}

/** Picks the one session that fits; throws a sentence when none or several do. Pure. */
export function chooseSession(sessions: Session[], meant: string): Session {
  const word = meant.toLowerCase();
  const fits = sessions.filter(({ id, title }) => {
    const short = id.slice("ses_".length);
    return (
      title.toLowerCase() === word ||
      id.startsWith(word) ||
      short.startsWith(word) ||
      (word.length >= 4 && short.endsWith(word))
    );
  });
  const live = fits.filter((session) => !isEnded(session));
  const found = live.length > 0 ? live : fits;
  const [only] = found;
  if (only === undefined)
    throw new Sentence(`There is no session ${meant}. \`signalbox sessions\` lists them.`);
  if (found.length > 1) {
    const list = found.slice(0, 5).map(({ id, title }) => `${id} (${title})`);
    throw new Sentence(
      `${meant} could be ${found.length} sessions: ${list.join(", ")}${found.length > 5 ? ", …" : ""}. Give the id.`,
    );
  }
  return only;
}

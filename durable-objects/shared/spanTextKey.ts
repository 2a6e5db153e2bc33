import type { SpanSide } from "../../protocol/traces.ts";
import { sha256 } from "../../worker/auth/secrets.ts";

/** The folder of the texts of a session's spans. */
export function spanFolder(team: string, session: string): string {
  return `spans/${team}/${session}/`;
}

/** Where the whole text of a span is. Hashed: an agent's own id of a call may hold anything. */
export async function spanTextKey(
  team: string,
  session: string,
  span: string,
  side: SpanSide,
): Promise<string> {
  return `${spanFolder(team, session)}${await sha256(`${side} ${span}`)}`;
}

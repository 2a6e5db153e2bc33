import { and, desc, eq, gt, isNull, or } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import {
  HostRule,
  MAX_COPIED_RULES,
  MAX_COPY_CHARS,
  RULES_COPY_LIFE_MS,
  RULES_KEY_LABEL,
  type RulesCopy,
  type SignedRules,
} from "../../protocol/hostRules.ts";
import { isToolName } from "../../protocol/tools.ts";
import { rules } from "../../worker/db/schema.ts";

/** Carries the key of a host's copies from the Worker, which sees the host's token, to the host's object. */
export const RULES_KEY_HEADER = "x-signalbox-rules-key";

/** The key that the copies of a host are signed with (hex). Nothing that is stored here gives it away: of a token only a hash is. */
export function rulesKey(token: string): Promise<string> {
  return hmac(Uint8Array.from(new TextEncoder().encode(token)), RULES_KEY_LABEL);
}

/** A copy of the team's rules for a host. `issued_at`: from before the rules were read, so that a newer copy is never older. */
export async function signRules(
  d1: D1Database,
  { id, team }: { id: string; team: string },
  key: string,
  issued_at: number,
): Promise<SignedRules> {
  const rows = await drizzle(d1)
    .select({ json: rules.json })
    .from(rules)
    .where(
      and(
        eq(rules.team, team),
        isNull(rules.removed_at),
        or(isNull(rules.expires_at), gt(rules.expires_at, issued_at)),
      ),
    )
    .orderBy(desc(rules.id));
  const copied = rows
    .map(({ json }): HostRule => HostRule.parse(JSON.parse(json)))
    // What chats ask for is asked of the edge alone.
    .filter(({ tool, host }) => (host === null || host === id) && !isToolName(tool))
    .slice(0, MAX_COPIED_RULES);
  const expires_at = issued_at + RULES_COPY_LIFE_MS;
  const copy = fit({ host: id, issued_at, expires_at, rules: copied });
  return { copy, signature: await hmac(bytesOf(key), copy) };
}

/** A copy that is too long loses its oldest rules: what they allow is asked for. */
function fit(copy: RulesCopy): string {
  const text = JSON.stringify(copy);
  if (text.length <= MAX_COPY_CHARS) return text;
  return fit({ ...copy, rules: copy.rules.slice(0, Math.floor(copy.rules.length / 2)) });
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", imported, new TextEncoder().encode(text));
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

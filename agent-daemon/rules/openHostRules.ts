import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import {
  type HostRule,
  RULES_COPY_LIFE_MS,
  RULES_KEY_LABEL,
  RulesCopy,
  type SignedRules,
} from "../../protocol/hostRules.ts";
import { type Act, isAllowed } from "../../protocol/isAllowed.ts";
import { hostOfToken } from "../../protocol/tokens.ts";
import type { Log } from "../parts.ts";
import type { TokenAnswer } from "../readToken.ts";
import type { Store } from "../store.ts";

export type HostRulesDeps = {
  store: Store;
  /** The host's token, as it is now: with another one no earlier copy is good. */
  token: () => TokenAnswer;
  log: Log;
  now?: () => number;
  /** Milliseconds that this process has run; no clock that anybody sets. */
  uptime?: () => number;
};

/** How far this machine's clock may be from the edge's, and how far it may be put back without being doubted. */
const SKEW_MS = 5 * 60_000;
const PUT_BACK_MS = 10_000;

const Row = z.object({
  copy: z.string(),
  signature: z.string(),
  received_at: z.number(),
  seen_at: z.number(),
  newest: z.number(),
});

export type HostRules = ReturnType<typeof openHostRules>;

/**
 * The host's copy of the team's rules, in the store. Everything about it is checked each time it is used, and what is
 * doubtful (its signature, its age, this machine's clock) is as if there was none: then a person is asked.
 */
export function openHostRules({
  store,
  token,
  log,
  now = Date.now,
  uptime = () => performance.now(),
}: HostRulesDeps) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS host_rules (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      copy TEXT NOT NULL,
      signature TEXT NOT NULL,
      received_at INTEGER NOT NULL,
      seen_at INTEGER NOT NULL,
      newest INTEGER NOT NULL
    ) STRICT;
  `);
  const read = store.db.prepare("SELECT * FROM host_rules");
  const write = store.db.prepare("INSERT OR REPLACE INTO host_rules VALUES (1, ?, ?, ?, ?, ?)");
  const see = store.db.prepare("UPDATE host_rules SET seen_at = max(seen_at, ?)");
  // An older copy is not taken after that either.
  const drop = store.db.prepare("UPDATE host_rules SET copy = '', signature = ''");
  /** When this process got its copy, by its own time. */
  let takenAt: number | null = null;

  const stored = () => Row.optional().parse(read.get());

  /** What a copy says, if the edge has signed it for this host. */
  function verified({ copy, signature }: SignedRules): RulesCopy | null {
    const answer = token();
    if ("missing" in answer) return null;
    const key = createHmac("sha256", answer.token).update(RULES_KEY_LABEL).digest();
    const right = createHmac("sha256", key).update(copy).digest();
    const given = Buffer.from(signature, "hex");
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
    const parsed = RulesCopy.safeParse(JSON.parse(copy)); // signed, so it is JSON
    return parsed.success && parsed.data.host === hostOfToken(answer.token) ? parsed.data : null;
  }

  /** Why the copy does not count; null when it does. */
  function doubt(
    { issued_at, expires_at }: RulesCopy,
    { received_at, seen_at, newest }: z.infer<typeof Row>,
  ) {
    const at = now();
    if (issued_at < newest) return "it is older than one that was here before";
    if (at < seen_at - PUT_BACK_MS) return "the clock of this machine was put back";
    if (at < issued_at - SKEW_MS) return "the clock of this machine is behind the edge's";
    const over =
      at >= expires_at ||
      at - received_at >= RULES_COPY_LIFE_MS ||
      (takenAt !== null && uptime() - takenAt >= RULES_COPY_LIFE_MS);
    return over ? "it has expired" : null;
  }

  return {
    /** From the edge. */
    take(signed: SignedRules): void {
      const copy = verified(signed);
      if (copy === null) return log("warn", "The copy of the rules is not signed for this host.");
      const newest = stored()?.newest ?? 0;
      if (copy.issued_at < newest)
        return log("warn", "The copy of the rules is older than the one that is here.");
      write.run(signed.copy, signed.signature, now(), now(), copy.issued_at);
      takenAt = uptime();
    },

    /** The rule that allows an act now; null when a person is to be asked. */
    find(act: Act): HostRule | null {
      const row = stored();
      if (row === undefined || row.copy === "") return null;
      const copy = verified(row);
      const why = copy === null ? "its signature is wrong" : doubt(copy, row);
      if (copy === null || why !== null) {
        log("warn", "The copy of the rules does not count; a person is asked.", { why });
        return null;
      }
      store.unsynced(() => see.run(now()));
      const by = isAllowed(act, [], copy.rules, now())?.by;
      return copy.rules.find(({ id }) => id === by) ?? null;
    },

    /** Notes the time, so that a clock that is put back is found out. */
    tick(): void {
      store.unsynced(() => see.run(now()));
    },

    /** The edge does not know this host any more. */
    forget(): void {
      if ((stored()?.copy ?? "") !== "") drop.run();
    },
  };
}

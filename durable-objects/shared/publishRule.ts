import { and, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Approval, type Rule } from "../../protocol/approvals.ts";
import { approvals } from "../../worker/db/schema.ts";
import { actOf, matches } from "../../protocol/isAllowed.ts";
import { allDone } from "./allDone.ts";
import type { Env } from "./env.ts";
import { sessionName } from "./names.ts";
import { saveRule } from "./saveToIndex.ts";

/**
 * Writes a rule to the index, and tells the sessions that wait for what it covers to look again; each reads the rules
 * itself, so that one that was removed meanwhile releases nothing. Throws when a session could not be told: called
 * again, it releases nothing twice. `except`: the session that has looked already.
 */
export async function publishRule(env: Env, rule: Rule, except: string | null = null): Promise<void> {
  await saveRule(env.DB, rule);
  const { team, tool } = rule;
  const waiting = await drizzle(env.DB)
    .select({ json: approvals.json })
    .from(approvals)
    .where(
      and(
        eq(approvals.team, team),
        eq(approvals.status, "pending"),
        sql`json_extract(${approvals.json}, '$.tool') = ${tool}`,
      ),
    );
  const sessions = waiting
    .map(({ json }) => Approval.parse(JSON.parse(json)))
    .filter((approval) => approval.session !== except && matches(rule, actOf(approval)))
    .map(({ session }) => session);
  await allDone(
    [...new Set(sessions)].map(async (id) => env.SESSION.getByName(sessionName(team, id)).reconsider()),
  );
}

import { and, eq, isNull, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Approval, type Rule } from "../../protocol/approvals.ts";
import { approvals, hosts } from "../../worker/db/schema.ts";
import { isToolName } from "../../protocol/tools.ts";
import { actOf, matches } from "../../protocol/isAllowed.ts";
import { allDone } from "./allDone.ts";
import type { Env } from "./env.ts";
import { hostName, sessionName } from "./names.ts";
import { saveRule } from "./saveToIndex.ts";

/** A rule's change, as the hub keeps it until everybody knows. */
export type RuleNews = { rule: Rule } | { removed: Rule };

/** Tells everybody of a rule that was removed from the index: the hosts' copies lose it, and chats what it let through and no host has yet. */
export async function publishRemoval(env: Env, rule: Rule): Promise<void> {
  await allDone([tellHosts(env, rule.team), takeBack(env, rule)]);
}

/** A rule covers less than before: chats judge anew what they have sent to hosts that do not have it yet. */
async function takeBack(env: Env, { team, tool }: Rule): Promise<void> {
  if (!isToolName(tool)) return; // an agent's own
  const all = await drizzle(env.DB)
    .select({ id: hosts.id })
    .from(hosts)
    .where(and(eq(hosts.team, team), isNull(hosts.removed_at)));
  const waiting = await Promise.all(
    all.map(async ({ id }) => env.HOST.getByName(hostName(team, id)).unsentCalls(tool)),
  );
  await allDone(
    [...new Set(waiting.flat())].map(async (id) =>
      env.SESSION.getByName(sessionName(team, id)).ruleEnded(tool),
    ),
  );
}

/** The hosts that are there get a new copy of the rules; the others ask for one when they are back. */
async function tellHosts(env: Env, team: string): Promise<void> {
  const here = await drizzle(env.DB)
    .select({ id: hosts.id })
    .from(hosts)
    .where(
      and(
        eq(hosts.team, team),
        isNull(hosts.removed_at),
        sql`json_extract(${hosts.json}, '$.presence') = 'online'`,
      ),
    );
  await allDone(here.map(async ({ id }) => env.HOST.getByName(hostName(team, id)).rulesChanged()));
}

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
  const told = waiting
    .map(({ json }) => Approval.parse(JSON.parse(json)))
    .filter((approval) => approval.session !== except && matches(rule, actOf(approval)))
    .map(({ session }) => session);
  await allDone([
    tellHosts(env, team),
    ...((rule.version ?? 1) > 1 ? [takeBack(env, rule)] : []),
    ...[...new Set(told)].map(async (id) => env.SESSION.getByName(sessionName(team, id)).reconsider()),
  ]);
}

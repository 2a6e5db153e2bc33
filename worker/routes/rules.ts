import { and, desc, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono, type Context } from "hono";
import * as z from "zod";
import { NewRule, RuleChange } from "../../protocol/api.ts";
import type { Rule } from "../../protocol/approvals.ts";
import { newId, RuleId } from "../../protocol/ids.ts";
import { hubName } from "../../durable-objects/shared/names.ts";
import { requireRole } from "../auth/requireRole.ts";
import { auditEntry } from "../db/audit.ts";
import { audit, rules } from "../db/schema.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const MOST_RULES = 1_000;
const ById = validate("param", z.object({ id: RuleId }));

/** `/api/rules`: standing decisions of the team. */
export const ruleRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), async (c) => {
    const rows = await drizzle(c.env.DB)
      .select({ json: rules.json })
      .from(rules)
      .where(and(eq(rules.team, c.get("actor").team), isNull(rules.removed_at)))
      .orderBy(desc(rules.id))
      .limit(MOST_RULES);
    return c.json({ items: rows.map(({ json }): Rule => JSON.parse(json)), next_cursor: null });
  })
  .post("/", requireRole("admin"), validate("json", NewRule), async (c) => {
    const actor = c.get("actor");
    const rule: Rule = {
      ...c.req.valid("json"),
      id: newId("rul"),
      team: actor.team,
      input_sha256: null,
      by: actor.id,
      created_at: Date.now(),
      version: 1,
    };
    await put(c, rule);
    return c.json(rule, 201);
  })
  .patch("/:id", requireRole("admin"), ById, validate("json", RuleChange), async (c) => {
    const { id } = c.req.valid("param");
    const { version, pattern, host, workspace, expires_at, reason } = c.req.valid("json");
    const before = await read(c, id);
    if (version !== undefined && version !== (before.version ?? 1)) throw changedMeanwhile(before);
    const rule: Rule = {
      ...before,
      // With a pattern, a rule no longer holds for one exact input only.
      ...(pattern === undefined ? {} : { pattern, input_sha256: null }),
      ...(host === undefined ? {} : { host }),
      ...(workspace === undefined ? {} : { workspace }),
      ...(expires_at === undefined ? {} : { expires_at }),
      ...(reason === undefined ? {} : { reason }),
      version: (before.version ?? 1) + 1,
      changed_by: c.get("actor").id,
      changed_at: Date.now(),
    };
    await put(c, rule);
    const after = await read(c, id);
    if (JSON.stringify(after) !== JSON.stringify(rule)) throw changedMeanwhile(after);
    return c.json(rule);
  })
  .delete("/:id", requireRole("admin"), ById, async (c) => {
    const { id } = c.req.valid("param");
    const removed = await read(c, id);
    const db = drizzle(c.env.DB);
    await db.batch([
      db.update(rules).set({ removed_at: Date.now() }).where(eq(rules.id, id)),
      db.insert(audit).values(auditEntry(c.get("actor"), "rule.delete", id)),
    ]);
    // It allows nothing more on the edge; who still goes by it is told as soon as can be.
    await c.env.HUB.getByName(hubName(removed.team)).ruleRemoved(removed);
    return c.body(null, 204);
  });

/** A rule that was made or changed goes through the hub, which keeps it until every session that waits for it knows. */
async function put(c: Context<App>, rule: Rule): Promise<void> {
  await c.env.HUB.getByName(hubName(rule.team)).putRule(rule);
}

async function read(c: Context<App>, id: string): Promise<Rule> {
  const row = await drizzle(c.env.DB)
    .select({ json: rules.json })
    .from(rules)
    .where(and(eq(rules.id, id), eq(rules.team, c.get("actor").team), isNull(rules.removed_at)))
    .get();
  if (row === undefined) throw new Problem(404, "not_found", "There is no such rule (any more).");
  return JSON.parse(row.json);
}

function changedMeanwhile({ changed_by, changed_at, by }: Rule): Problem {
  const at = changed_at === undefined ? "" : ` at ${new Date(changed_at).toISOString()}`;
  return new Problem(409, "changed", `${changed_by ?? by} has changed this rule${at}. Look at it again.`);
}

import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono } from "hono";
import * as z from "zod";
import { Rule } from "../../protocol/approvals.ts";
import { newId, RuleId } from "../../protocol/ids.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import { rules } from "../db/schema.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const NewRule = Rule.pick({ tool: true, host: true, workspace: true, expires_at: true, reason: true }).extend(
  {
    pattern: z.string().min(1).max(500),
  },
);

/** `/api/rules`: standing decisions of the team. */
export const ruleRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), async (c) => {
    const rows = await drizzle(c.env.DB)
      .select({ json: rules.json })
      .from(rules)
      .where(eq(rules.team, c.get("actor").team))
      .limit(1000);
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
    };
    await drizzle(c.env.DB)
      .insert(rules)
      .values({
        id: rule.id,
        team: rule.team,
        tool: rule.tool,
        expires_at: rule.expires_at,
        json: JSON.stringify(rule),
      });
    await note(c.env.DB, actor, "rule.create", rule.id, `${rule.tool} ${rule.pattern}`);
    return c.json(rule, 201);
  })
  .delete("/:id", requireRole("admin"), validate("param", z.object({ id: RuleId })), async (c) => {
    const { id } = c.req.valid("param");
    const gone = await drizzle(c.env.DB)
      .delete(rules)
      .where(and(eq(rules.id, id), eq(rules.team, c.get("actor").team)))
      .returning({ id: rules.id });
    if (gone.length === 0) throw new Problem(404, "not_found", "There is no such rule.");
    await note(c.env.DB, c.get("actor"), "rule.delete", id);
    return c.body(null, 204);
  });

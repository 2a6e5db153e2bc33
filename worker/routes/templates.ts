import { and, asc, count, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono } from "hono";
import * as z from "zod";
import { redact } from "../../protocol/redact.ts";
import { MAX_TEMPLATES, TemplateFields, TemplateName, type Template } from "../../protocol/templates.ts";
import { requireRole } from "../auth/requireRole.ts";
import { auditEntry } from "../db/audit.ts";
import { audit, templates } from "../db/schema.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const ByName = validate("param", z.object({ name: TemplateName }));

/** `/api/templates`: how the team's sessions begin, by name. Costs a row and an audit row when one is saved or removed. */
export const templateRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), async (c) => {
    const rows = await drizzle(c.env.DB)
      .select()
      .from(templates)
      .where(eq(templates.team, c.get("actor").team))
      .orderBy(asc(templates.name))
      .limit(MAX_TEMPLATES);
    const items = rows.map(({ name, json, updated_at, updated_by }): Template => {
      return { name, fields: TemplateFields.parse(JSON.parse(json)), updated_at, updated_by };
    });
    return c.json({ items, next_cursor: null });
  })
  .put("/:name", requireRole("operator"), ByName, validate("json", TemplateFields), async (c) => {
    const { name } = c.req.valid("param");
    const fields = c.req.valid("json");
    const actor = c.get("actor");
    const words = Object.values(fields).flatMap((value) =>
      typeof value === "string" ? [value] : Array.isArray(value) ? [...value, value.join(" ")] : [],
    );
    if (words.some((word) => redact(word) !== word))
      throw new Problem(
        400,
        "looks_like_a_secret",
        "Something in it looks like a key or a password. A template is for the whole team: leave it out.",
      );
    const db = drizzle(c.env.DB);
    const mine = and(eq(templates.team, actor.team), eq(templates.name, name));
    const there = await db.select({ name: templates.name }).from(templates).where(mine).get();
    const [all] = await db.select({ n: count() }).from(templates).where(eq(templates.team, actor.team));
    if (there === undefined && (all?.n ?? 0) >= MAX_TEMPLATES)
      throw new Problem(409, "too_many", `A team has at most ${MAX_TEMPLATES} templates. Remove one first.`);
    const row = { json: JSON.stringify(fields), updated_at: Date.now(), updated_by: actor.id };
    await db.batch([
      db
        .insert(templates)
        .values({ team: actor.team, name, ...row })
        .onConflictDoUpdate({ target: [templates.team, templates.name], set: row }),
      db.insert(audit).values(auditEntry(actor, "template.save", name)),
    ]);
    const { updated_at, updated_by } = row;
    return c.json({ name, fields, updated_at, updated_by } satisfies Template);
  })
  .delete("/:name", requireRole("operator"), ByName, async (c) => {
    const { name } = c.req.valid("param");
    const actor = c.get("actor");
    const db = drizzle(c.env.DB);
    await db.batch([
      db.delete(templates).where(and(eq(templates.team, actor.team), eq(templates.name, name))),
      db.insert(audit).values(auditEntry(actor, "template.delete", name)),
    ]);
    return c.body(null, 204);
  });

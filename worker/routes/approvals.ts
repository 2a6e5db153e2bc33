import { and, desc, eq, inArray, lt, or, type SQL } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono } from "hono";
import * as z from "zod";
import { type Approval, ApprovalStatus, Decision } from "../../protocol/approvals.ts";
import { ApprovalId, HostId, SessionId, sessionOfApproval } from "../../protocol/ids.ts";
import { sessionName } from "../../durable-objects/shared/names.ts";
import { requireRole } from "../auth/requireRole.ts";
import { decodeCursor, encodeCursor } from "../db/cursor.ts";
import { approvals } from "../db/schema.ts";
import type { App } from "../env.ts";
import { orProblem, Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
  /** One, or several with commas between them. */
  status: z
    .string()
    .transform((text) => text.split(",").filter(Boolean))
    .pipe(z.array(ApprovalStatus).min(1))
    .optional(),
  session: SessionId.optional(),
  host: HostId.optional(),
});

/** `/api/approvals`: one inbox across sessions and hosts. */
export const approvalRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), validate("query", ListQuery), async (c) => {
    const { limit, cursor, status, session, host } = c.req.valid("query");
    const wanted: (SQL | undefined)[] = [eq(approvals.team, c.get("actor").team)];
    if (status !== undefined) wanted.push(inArray(approvals.status, status));
    if (session !== undefined) wanted.push(eq(approvals.session, session));
    if (host !== undefined) wanted.push(eq(approvals.host, host));
    if (cursor !== undefined) {
      const [at, id] = decodeCursor(cursor);
      wanted.push(or(lt(approvals.created_at, at), and(eq(approvals.created_at, at), lt(approvals.id, id))));
    }
    const rows = await drizzle(c.env.DB)
      .select({ id: approvals.id, at: approvals.created_at, json: approvals.json })
      .from(approvals)
      .where(and(...wanted))
      .orderBy(desc(approvals.created_at), desc(approvals.id))
      .limit(limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return c.json({
      items: page.map(({ json }): Approval => JSON.parse(json)),
      next_cursor: rows.length > limit && last !== undefined ? encodeCursor(last.at, last.id) : null,
    });
  })
  .post(
    "/:id/decision",
    requireRole("operator"),
    validate("param", z.object({ id: ApprovalId })),
    validate("json", Decision),
    async (c) => {
      const { id } = c.req.valid("param");
      const decision = c.req.valid("json");
      const actor = c.get("actor");
      if (decision.scope === "always" && actor.role !== "admin")
        throw new Problem(
          403,
          "forbidden",
          "A rule for the team needs the role admin; allow it for once or for the session.",
        );
      const found = sessionOfApproval(id) ?? (await sessionInIndex(c.env.DB, actor.team, id));
      if (found === null) throw new Problem(404, "not_found", "There is no such approval.");
      const session = c.env.SESSION.getByName(sessionName(actor.team, found));
      return c.json(orProblem<Approval>(await session.decide(id, decision, actor.id)));
    },
  );

/** The session of an approval whose id does not carry it yet. */
async function sessionInIndex(d1: D1Database, team: string, id: string): Promise<string | null> {
  const row = await drizzle(d1)
    .select({ session: approvals.session })
    .from(approvals)
    .where(and(eq(approvals.id, id), eq(approvals.team, team)))
    .get();
  return row?.session ?? null;
}

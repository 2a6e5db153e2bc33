import { and, asc, eq, gt, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono, type Context } from "hono";
import * as z from "zod";
import { CreateHost } from "../../protocol/api.ts";
import type { Host } from "../../protocol/host.ts";
import { ConversationsQuestion } from "../../protocol/conversations.ts";
import { PlaceQuestion } from "../../protocol/places.ts";
import { HostId, newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import { RemoveWorktree } from "../../protocol/worktrees.ts";
import { askHost } from "../askHost.ts";
import { hostName, sessionName } from "../../durable-objects/shared/names.ts";
import { dropCodes, issueCode } from "../auth/logins.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import { hosts, sessions } from "../db/schema.ts";
import type { App } from "../env.ts";
import { orProblem, Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const ById = validate("param", z.object({ id: HostId }));
const Adopt = z.object({ socket: z.string().max(4096), pane: z.string().regex(/^%\d+$/) });
const PastQuery = ConversationsQuestion.pick({ agent: true, text: true });
const PlaceQuery = PlaceQuestion.pick({ directory: true });
const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(100),
  cursor: HostId.optional(),
});

/** `/api/hosts`. */
export const hostRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), validate("query", ListQuery), async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const rows = await drizzle(c.env.DB)
      .select({ id: hosts.id })
      .from(hosts)
      .where(and(eq(hosts.team, c.get("actor").team), isNull(hosts.removed_at), gt(hosts.id, cursor ?? "")))
      .orderBy(asc(hosts.id))
      .limit(limit + 1);
    const found = await Promise.all(rows.slice(0, limit).map(({ id }) => hostOf(c, id).read()));
    const items = found.flatMap((host): Host[] => (host === null ? [] : [host]));
    return c.json({ items, next_cursor: rows.length > limit ? (rows[limit - 1]?.id ?? null) : null });
  })
  .post("/", requireRole("admin"), validate("json", CreateHost), async (c) => {
    const actor = c.get("actor");
    const id = newId("hst");
    const { name } = c.req.valid("json");
    await drizzle(c.env.DB).insert(hosts).values({ id, team: actor.team, name, created_at: Date.now() });
    const host = await hostOf(c, id).create({ id, team: actor.team, name });
    await note(c.env.DB, actor, "host.create", id, name);
    return c.json({ host, ...(await invite(c, id)) }, 201);
  })
  .get("/:id", requireRole("viewer"), ById, async (c) => c.json(await known(c, c.req.valid("param").id)))
  .patch("/:id", requireRole("admin"), ById, validate("json", CreateHost), async (c) => {
    const host = await known(c, c.req.valid("param").id);
    const { name } = c.req.valid("json");
    await hostOf(c, host.id).rename(name);
    return c.json(await known(c, host.id));
  })
  .delete("/:id", requireRole("admin"), ById, async (c) => {
    const host = await known(c, c.req.valid("param").id);
    const db = drizzle(c.env.DB);
    // First the right to come back, then everything else: a daemon must not slip in between.
    await db.update(hosts).set({ token_sha256: null, removed_at: Date.now() }).where(eq(hosts.id, host.id));
    await dropCodes(c.env.DB, "enrol", host.id);
    const lived = await db
      .select({ id: sessions.id })
      .from(sessions)
      .where(and(eq(sessions.host, host.id), eq(sessions.ended, 0)));
    await hostOf(c, host.id).remove(lived.map(({ id }) => id));
    await note(c.env.DB, c.get("actor"), "host.remove", host.id, host.name);
    return c.body(null, 204);
  })
  .post("/:id/code", requireRole("admin"), ById, async (c) => {
    const host = await known(c, c.req.valid("param").id);
    return c.json({ host, ...(await invite(c, host.id)) }, 201);
  })
  .post("/:id/rotate", requireRole("admin"), ById, async (c) => {
    const host = await known(c, c.req.valid("param").id);
    await drizzle(c.env.DB).update(hosts).set({ token_sha256: null }).where(eq(hosts.id, host.id));
    await hostOf(c, host.id).dropLink("The host's token was rotated. Connect it again with the new code.");
    await note(c.env.DB, c.get("actor"), "host.rotate", host.id, host.name);
    return c.json({ host, ...(await invite(c, host.id)) }, 201);
  })
  .get("/:id/panes", requireRole("viewer"), ById, async (c) => {
    const host = await known(c, c.req.valid("param").id);
    return c.json({ items: await hostOf(c, host.id).panes() });
  })
  .get("/:id/conversations", requireRole("operator"), ById, validate("query", PastQuery), async (c) => {
    const host = await known(c, c.req.valid("param").id);
    const { agent, text } = c.req.valid("query");
    const question = {
      type: "conversations",
      ...(agent === undefined ? {} : { agent }),
      ...(text === undefined ? {} : { text }),
    } as const;
    return c.json(await askHost(c, host.id, question, "conversations"));
  })
  .get("/:id/place", requireRole("operator"), ById, validate("query", PlaceQuery), async (c) => {
    const host = await known(c, c.req.valid("param").id);
    return c.json(await askHost(c, host.id, { type: "place", ...c.req.valid("query") }, "place"));
  })
  .get("/:id/worktrees", requireRole("viewer"), ById, async (c) => {
    const host = await known(c, c.req.valid("param").id);
    return c.json(await askHost(c, host.id, { type: "worktrees" }, "worktrees"));
  })
  .post(
    "/:id/worktrees/remove",
    requireRole("operator"),
    ById,
    validate("json", RemoveWorktree),
    async (c) => {
      const host = await known(c, c.req.valid("param").id);
      const wish = c.req.valid("json");
      // Noted before it is done: an answer that never comes may be of something that was done.
      const detail = `${wish.path}${wish.snapshot === true ? ", after a snapshot" : ""}`;
      await note(c.env.DB, c.get("actor"), "host.remove_worktree", host.id, detail);
      return c.json(await askHost(c, host.id, { type: "remove_worktree", ...wish }, "removed"));
    },
  )
  .post("/:id/adopt", requireRole("operator"), ById, validate("json", Adopt), async (c) => {
    const host = await known(c, c.req.valid("param").id);
    const { socket, pane } = c.req.valid("json");
    const actor = c.get("actor");
    const seen = (await hostOf(c, host.id).panes()).find(
      (each) => each.socket === socket && each.pane === pane,
    );
    if (seen === undefined)
      throw new Problem(404, "pane_not_found", "The host sees no such pane, or it is a session already.");
    const id = newId("ses");
    const session = c.env.SESSION.getByName(sessionName(actor.team, id));
    const fresh = {
      id,
      team: actor.team,
      host: host.id,
      provider: "tmux",
      title: seen.title || seen.command,
      cwd: seen.cwd,
    } as const;
    const made = await session.create(fresh, {
      id: newId("cmd"),
      command: { type: "adopt", socket, pane },
      by: actor.id,
    });
    return c.json(orProblem<Session>(made), 201);
  });

function hostOf(c: Context<App>, id: string) {
  return c.env.HOST.getByName(hostName(c.get("actor").team, id));
}

async function known(c: Context<App>, id: string): Promise<Host> {
  const host = await hostOf(c, id).read();
  if (host === null) throw new Problem(404, "not_found", "There is no such host.");
  return host;
}

/** A fresh one-time code for a host, and the line to paste there. Older codes stop working. */
async function invite(c: Context<App>, id: string) {
  await dropCodes(c.env.DB, "enrol", id);
  const { code, expires_at } = await issueCode(c.env.DB, "enrol", id);
  const { origin } = new URL(c.req.url);
  return { code, expires_at, install: `curl -fsSL ${origin}/install.sh | sh -s -- ${code}` };
}

import { Hono, type Context } from "hono";
import * as z from "zod";
import {
  CreateSession,
  EditMessage,
  PatchSession,
  PostCommand,
  PostMessage,
  type QueuedMessage,
} from "../../protocol/api.ts";
import type { ChangesAnswer } from "../../protocol/changes.ts";
import type { Command } from "../../protocol/commands.ts";
import { SessionFilter } from "../../protocol/filter.ts";
import type { Grant } from "../../protocol/approvals.ts";
import { CommandId, GrantId, idAs, MessageId, newId, SessionId } from "../../protocol/ids.ts";
import { ToolScope } from "../../protocol/toolScope.ts";
import { SPAN_ID_CHARS, SpanKind, SpanSide, type SpanText } from "../../protocol/traces.ts";
import { defaultModel } from "../models/defaultModel.ts";
import { isInteractive, UNTITLED, waitsForAnswer, type Session } from "../../protocol/session.ts";
import { hostName, sessionName } from "../../durable-objects/shared/names.ts";
import { spanTextKey } from "../../durable-objects/shared/spanTextKey.ts";
import { askHost } from "../askHost.ts";
import { forwardViewer } from "../auth/loginSockets.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import { listSessions } from "../db/listSessions.ts";
import { listSpans } from "../db/listSpans.ts";
import type { App } from "../env.ts";
import { orProblem, Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const ById = validate("param", z.object({ id: SessionId }));
/** Several values in one query parameter, separated by commas. */
const Commas = z.string().transform((text) => text.split(",").filter(Boolean));
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
  host: SessionFilter.shape.host,
  status: Commas.pipe(SessionFilter.shape.status.unwrap()).optional(),
  provider: Commas.pipe(SessionFilter.shape.provider.unwrap()).optional(),
  attention: flag.optional(),
  ended: flag.optional(),
  text: SessionFilter.shape.text,
});
const ByMessage = validate("param", z.object({ id: SessionId, message: MessageId }));
const NewGrant = z.object({ scope: ToolScope, expires_at: z.number().int().optional() });
const TracesQuery = z.object({
  turn: z.coerce.number().int().min(0).optional(),
  kind: SpanKind.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
  cursor: z.string().max(500).optional(),
});
const ChangesQuery = z.object({ known: z.string().max(100).optional() });
const SpanParam = z.object({ id: SessionId, span: z.string().max(SPAN_ID_CHARS), side: SpanSide });
const EventsQuery = z.object({
  after: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});

/** `/api/sessions`. */
export const sessionRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), validate("query", ListQuery), async (c) => {
    const { limit, cursor, ...given } = c.req.valid("query");
    const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return c.json(
      await listSessions(c.env.DB, c.get("actor").team, SessionFilter.parse(filter), { limit, cursor }),
    );
  })
  .post("/", requireRole("operator"), validate("json", CreateSession), async (c) => {
    const wish = c.req.valid("json");
    const actor = c.get("actor");
    const id = wish.id ?? newId("ses");
    const host =
      wish.host === undefined
        ? undefined
        : await c.env.HOST.getByName(hostName(actor.team, wish.host)).welcome(id);
    if (host === null) throw new Problem(404, "host_not_found", "There is no such host.");
    const command =
      wish.provider === "edge" ? null : { id: idAs("cmd", id), command: startCommand(wish), by: actor.id };
    const fresh = {
      id,
      team: actor.team,
      host: wish.host ?? null,
      provider: wish.provider,
      title: wish.title ?? titleOf(wish),
      cwd: wish.cwd ?? null,
      ...(wish.provider === "edge" ? { model: wish.model ?? (await defaultModel(c.env, actor.team)) } : {}),
      ...(isOwned(wish)
        ? { interactive: true, ...(wish.model === undefined ? {} : { model: wish.model }) }
        : {}),
      ...(wish.provider === "edge" && wish.effort !== undefined ? { effort: wish.effort } : {}),
    };
    const made = orProblem<Session>(await sessionOf(c, id).create(fresh, command));
    if (made.provider !== wish.provider)
      throw new Problem(409, "id_taken", `The id names a session of ${made.provider} already.`);
    await note(c.env.DB, actor, "session.create", id, `${wish.provider} in ${wish.cwd ?? "no directory"}`);
    return c.json(made, 201);
  })
  .get("/:id", requireRole("viewer"), ById, async (c) => {
    const found = await sessionOf(c, c.req.valid("param").id).read();
    if (found === null) throw new Problem(404, "not_found", "No such session.");
    return c.json(found.session);
  })
  .patch("/:id", requireRole("operator"), ById, validate("json", PatchSession), async (c) => {
    const { id } = c.req.valid("param");
    return c.json(
      orProblem<Session>(await sessionOf(c, id).rename(c.req.valid("json").title, c.get("actor").id)),
    );
  })
  .delete("/:id", requireRole("operator"), ById, async (c) => {
    const { id } = c.req.valid("param");
    orProblem(await sessionOf(c, id).remove());
    await note(c.env.DB, c.get("actor"), "session.delete", id);
    return c.body(null, 204);
  })
  .post("/:id/seen", requireRole("operator"), ById, async (c) => {
    orProblem(await sessionOf(c, c.req.valid("param").id).seen(c.get("actor").id));
    return c.body(null, 204);
  })
  .get("/:id/events", requireRole("viewer"), ById, validate("query", EventsQuery), async (c) => {
    const { after, before, limit } = c.req.valid("query");
    const query = after === undefined ? { before: before ?? null, limit } : { after, limit };
    const page = await sessionOf(c, c.req.valid("param").id).events(query);
    if (page === null) throw new Problem(404, "not_found", "No such session.");
    const forwards = after !== undefined;
    const next =
      page.last === 0
        ? null
        : forwards
          ? page.last < page.head
            ? page.last
            : null
          : page.first > page.oldest
            ? page.first
            : null;
    // The stored bytes, as they are; only the frame around them is written here.
    const rest = JSON.stringify({
      next_cursor: next === null ? null : String(next),
      epoch: page.epoch,
      head: page.head,
    });
    return c.body(`{"items":${page.events},${rest.slice(1)}`, 200, { "content-type": "application/json" });
  })
  .get("/:id/traces", requireRole("viewer"), ById, validate("query", TracesQuery), async (c) => {
    const { id } = c.req.valid("param");
    // Asked before the index: what ends in between is then found in one of the two at least.
    const fresh = await sessionOf(c, id).spans();
    if (fresh === null) throw new Problem(404, "not_found", "No such session.");
    return c.json(
      await listSpans(c.env.DB, { team: c.get("actor").team, session: id }, fresh, c.req.valid("query")),
    );
  })
  .get("/:id/traces/:span/:side", requireRole("viewer"), validate("param", SpanParam), async (c) => {
    const { id, span, side } = c.req.valid("param");
    // Asked before R2: what is carried there in between is then found in one of the two at least.
    const found = await sessionOf(c, id).spanText(span, side);
    if (found === null) throw new Problem(404, "not_found", "No such session.");
    const key = await spanTextKey(c.get("actor").team, id, span, side);
    const text = found.text ?? (await (await c.env.BLOBS.get(key))?.text());
    if (text === undefined)
      throw new Problem(404, "not_found", "Nothing more is kept of this span than what it shows.");
    return c.json({ text } satisfies SpanText);
  })
  .get("/:id/changes", requireRole("viewer"), ById, validate("query", ChangesQuery), async (c) => {
    const found = await sessionOf(c, c.req.valid("param").id).read();
    if (found === null) throw new Problem(404, "not_found", "No such session.");
    const { id, host, cwd } = found.session;
    if (host === null || cwd === null)
      throw new Problem(409, "no_directory", "This session has no directory on a host.");
    const { known } = c.req.valid("query");
    const question = {
      type: "changes",
      session: id,
      directory: cwd,
      ...(known === undefined ? {} : { known }),
    } as const;
    return c.json((await askHost(c, host, question, "changes", "same")) satisfies ChangesAnswer);
  })
  .post("/:id/commands", requireRole("operator"), ById, validate("json", PostCommand), async (c) => {
    const { id: commandId, expires_in_ms, wait_ms, ...command } = c.req.valid("json");
    if (STARTS.has(command.type))
      throw new Problem(
        400,
        "invalid",
        `${command.type} is not given by a person; sessions start through POST /api/sessions.`,
      );
    return c.json(await run(c, c.req.valid("param").id, command, { id: commandId, expires_in_ms, wait_ms }));
  })
  .delete(
    "/:id/commands/:command",
    requireRole("operator"),
    validate("param", z.object({ id: SessionId, command: CommandId })),
    async (c) => {
      const { id, command } = c.req.valid("param");
      return c.json(orProblem(await sessionOf(c, id).cancelCommand(command)));
    },
  )
  .get(
    "/:id/commands/:command",
    requireRole("viewer"),
    validate("param", z.object({ id: SessionId, command: CommandId })),
    async (c) => {
      const { id, command } = c.req.valid("param");
      return c.json(orProblem(await sessionOf(c, id).commandStatus(command)));
    },
  )
  .post("/:id/messages", requireRole("operator"), ById, validate("json", PostMessage), async (c) => {
    const { id } = c.req.valid("param");
    const { text, attachments = [], steer, id: given = newId("msg"), ...rest } = c.req.valid("json");
    const found = await sessionOf(c, id).read();
    if (found === null) throw new Problem(404, "not_found", "No such session.");
    const { provider } = found.session;
    if (provider !== "edge") {
      if (attachments.length > 0) {
        const message = `A session of ${provider} takes no attachments. Nothing was sent.`;
        throw new Problem(409, "not_supported", message);
      }
      const command = messageCommand(found.session, text);
      return c.json(await run(c, id, command, { ...rest, id: idAs("cmd", given) }));
    }
    const said = { id: idAs("msg", given), text, by: c.get("actor").id, created_at: Date.now() };
    const message = steer === true ? { ...said, steer } : said;
    return c.json(orProblem<QueuedMessage>(await sessionOf(c, id).say(message, attachments)));
  })
  .get("/:id/queue", requireRole("viewer"), ById, async (c) =>
    c.json({ items: await sessionOf(c, c.req.valid("param").id).queued(), next_cursor: null }),
  )
  .patch(
    "/:id/queue/:message",
    requireRole("operator"),
    ByMessage,
    validate("json", EditMessage),
    async (c) => {
      const { id, message } = c.req.valid("param");
      orProblem(await sessionOf(c, id).changeQueued(message, c.req.valid("json"), c.get("actor").id));
      return c.body(null, 204);
    },
  )
  .delete("/:id/queue/:message", requireRole("operator"), ByMessage, async (c) => {
    const { id, message } = c.req.valid("param");
    orProblem(await sessionOf(c, id).changeQueued(message, null, c.get("actor").id));
    return c.body(null, 204);
  })
  .get("/:id/grants", requireRole("viewer"), ById, async (c) =>
    c.json({ items: await sessionOf(c, c.req.valid("param").id).grants(), next_cursor: null }),
  )
  .post("/:id/grants", requireRole("operator"), ById, validate("json", NewGrant), async (c) => {
    const { id } = c.req.valid("param");
    const { scope, expires_at } = c.req.valid("json");
    const actor = c.get("actor");
    const grant = orProblem<Grant>(await sessionOf(c, id).grant(scope, actor.id, expires_at ?? null));
    return c.json(grant, 201);
  })
  .delete(
    "/:id/grants/:grant",
    requireRole("operator"),
    validate("param", z.object({ id: SessionId, grant: GrantId })),
    async (c) => {
      const { id, grant } = c.req.valid("param");
      orProblem(await sessionOf(c, id).revoke(grant, c.get("actor").id));
      return c.body(null, 204);
    },
  )
  .get("/:id/live", requireRole("viewer"), ById, (c) =>
    forwardViewer(c, sessionOf(c, c.req.valid("param").id), "/live", c.req.valid("param").id),
  )
  .get("/:id/console", requireRole("viewer"), ById, (c) =>
    forwardViewer(c, sessionOf(c, c.req.valid("param").id), "/console", c.req.valid("param").id),
  );

/** Commands that come from elsewhere: those that make a session (`POST /api/sessions`), and a model's own calls. */
const STARTS = new Set<Command["type"]>(["spawn", "adopt", "tool", "decide", "agent_start"]);

function sessionOf(c: Context<App>, id: string) {
  return c.env.SESSION.getByName(sessionName(c.get("actor").team, id));
}

async function run(
  c: Context<App>,
  session: string,
  command: Command,
  how: { id?: string | undefined; expires_in_ms?: number | undefined; wait_ms?: number | undefined },
) {
  const actor = c.get("actor");
  const request = { id: how.id ?? newId("cmd"), command, by: actor.id, expiresInMs: how.expires_in_ms };
  const answer = orProblem(await sessionOf(c, session).command(request, how.wait_ms ?? 0));
  if (AUDITED.has(command.type)) await note(c.env.DB, actor, `session.${command.type}`, session);
  return answer;
}

const AUDITED = new Set<Command["type"]>([
  "kill",
  "remove_worktree",
  "codex_start",
  "codex_stop",
  "set_mode",
  "stop_background",
]);

/** Text for whatever the session talks to: typed into a pane, said to an agent, or the next turn of a job. */
export function messageCommand(session: Session, text: string): Command {
  if (waitsForAnswer(session))
    throw new Problem(
      409,
      "waits_for_answer",
      "The agent waits for an answer at its terminal, and would take a message for one. Answer it first.",
    );
  if (session.provider === "tmux") return { type: "paste", text, enter: true };
  if (isInteractive(session)) return { type: "agent_prompt", text };
  if (session.provider !== "codex" || session.cwd === null)
    throw new Problem(409, "not_supported", `A session of ${session.provider} takes no messages yet.`);
  return {
    type: "codex_start",
    prompt: text,
    cwd: session.cwd,
    ...(session.thread === null ? {} : { resume: session.thread }),
  };
}

type NewOwned = Extract<CreateSession, { interactive: true } | { provider: "claude" | "opencode" | "acp" }>;

/** Whether the wish is for an agent that its host runs without a terminal, and that is spoken to. */
function isOwned(wish: CreateSession): wish is NewOwned {
  if (wish.provider === "codex") return wish.interactive === true;
  return wish.provider !== "edge" && wish.provider !== "tmux";
}

function startCommand(wish: Exclude<CreateSession, { provider: "edge" }>): Command {
  if (isOwned(wish)) {
    const { id: _id, provider: agent, host: _host, title: _title, interactive: _spoken, ...start } = wish;
    return { type: "agent_start", agent, ...start };
  }
  if (wish.provider === "tmux") {
    const { id: _id, provider: _provider, host: _host, ...spawn } = wish;
    return { type: "spawn", ...spawn };
  }
  const { id: _id, provider: _provider, host: _host, title: _title, ...start } = wish;
  return { type: "codex_start", ...start };
}

function titleOf(wish: CreateSession): string {
  if (wish.provider === "edge") return UNTITLED;
  const place = wish.cwd.replace(/\/+$/, "").split("/").at(-1) || "/";
  if (wish.provider !== "tmux") {
    const name = (isOwned(wish) ? wish.program : undefined) ?? wish.provider;
    return wish.prompt?.split("\n")[0]?.slice(0, 80) || `${name} · ${place}`.slice(0, 200);
  }
  return `${wish.agent ?? wish.argv?.[0]?.split("/").at(-1) ?? "shell"} · ${place}`.slice(0, 200);
}

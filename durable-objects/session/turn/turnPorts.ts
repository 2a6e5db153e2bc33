import { and, eq, gt, isNull, or } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Rule } from "../../../protocol/approvals.ts";
import type { Session } from "../../../protocol/session.ts";
import { hosts, rules } from "../../../worker/db/schema.ts";
import { askModel, type ModelRequest } from "../../../worker/models/askModel.ts";
import { listModels } from "../../../worker/models/listModels.ts";
import { CAREFUL_CONTEXT } from "../../../worker/models/providers.ts";
import type { ModelConfig } from "../../../worker/models/modelEnv.ts";
import { readModelConfig } from "../../../worker/models/readModelConfig.ts";
import type { OpenAttachment } from "../../../worker/models/loadAttachments.ts";
import { subagentPorts } from "../../../worker/tasks/subagentPorts.ts";
import type { Env } from "../../shared/env.ts";
import { approvalLife } from "../approvals/approvalLife.ts";
import { sessionName } from "../../shared/names.ts";

/** What was read so long ago is read anew. */
const SAME_MOMENT_MS = 250;

/** What a turn needs from outside its object: the model (`openAttachment`: with files of its own), the team's rules and hosts, other sessions. */
export function turnPorts(env: Env, session: () => Session | null, openAttachment: OpenAttachment) {
  const team = () => session()?.team ?? "";
  /** What was read for a model's window just now: the request that follows takes it, so that both read once. */
  let justRead: { model: string; config: ModelConfig; at: number } | null = null;
  const configFor = async (model: string): Promise<ModelConfig> => {
    const known = justRead;
    justRead = null;
    return known?.model === model && Date.now() - known.at < SAME_MOMENT_MS
      ? known.config
      : readModelConfig(env, team(), model);
  };
  return {
    askModel: (request: ModelRequest, onRetry: (why: string) => void) =>
      askModel(() => configFor(request.model), request, openAttachment, onRetry),

    /** Tokens that fit into a model's window. */
    contextOf: async (model: string): Promise<number> => {
      const config = await readModelConfig(env, team(), model);
      justRead = { model, config, at: Date.now() };
      return listModels(config).find(({ id }) => id === model)?.context ?? CAREFUL_CONTEXT;
    },

    rules: async (tool: string): Promise<Rule[]> => {
      const open = or(isNull(rules.expires_at), gt(rules.expires_at, Date.now()));
      const rows = await drizzle(env.DB)
        .select({ json: rules.json })
        .from(rules)
        .where(and(eq(rules.team, team()), eq(rules.tool, tool), isNull(rules.removed_at), open));
      return rows.map(({ json }) => Rule.parse(JSON.parse(json)));
    },

    subagents: subagentPorts(env, session),

    approvalLife: () => approvalLife(env.SIGNALBOX_APPROVAL_EXPIRY),

    findHost: async (wanted: string): Promise<{ id: string; name: string } | null> => {
      const found = await drizzle(env.DB)
        .select({ id: hosts.id, name: hosts.name })
        .from(hosts)
        .where(
          and(
            eq(hosts.team, team()),
            isNull(hosts.removed_at),
            or(eq(hosts.id, wanted), eq(hosts.name, wanted)),
          ),
        )
        .get();
      return found ?? null;
    },

    hostName: async (id: string): Promise<string | null> => {
      const found = await drizzle(env.DB)
        .select({ name: hosts.name })
        .from(hosts)
        .where(eq(hosts.id, id))
        .get();
      return found?.name ?? null;
    },

    readSession: async (id: string, events: number): Promise<string | null> => {
      const page = await env.SESSION.getByName(sessionName(team(), id)).events({
        before: null,
        limit: events,
      });
      return page === null ? null : page.events;
    },

    hash: async (text: string): Promise<string> => {
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
      return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    },
  };
}

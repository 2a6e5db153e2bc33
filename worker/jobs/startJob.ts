import type { Env } from "../../durable-objects/shared/env.ts";
import { hostName, sessionName } from "../../durable-objects/shared/names.ts";
import type { Refused } from "../../durable-objects/session/refused.ts";
import type { Command } from "../../protocol/commands.ts";
import type { JobSpec } from "../../protocol/jobs.ts";
import type { JobOwner, Session } from "../../protocol/session.ts";
import { defaultModel } from "../models/defaultModel.ts";

/** What is started, for whom; `session` is the caller's own new id. */
export type JobStart = {
  team: string;
  session: string;
  owner: JobOwner;
  title: string;
  spec: JobSpec;
  by: string;
  /** How long an agent's start waits for a host that is away. */
  waitMs?: number;
};

/**
 * Starts a session for an owner, which is told how it ends. The same session again changes nothing. Refused when it can
 * never be started: its host is not there, or it was cancelled before.
 */
export async function startJob(
  env: Env,
  { team, session, owner, title, spec, by, waitMs }: JobStart,
): Promise<Session | Refused> {
  if (
    spec.host !== undefined &&
    (await env.HOST.getByName(hostName(team, spec.host)).welcome(session)) === null
  )
    return { refused: "not_found", message: "There is no such host." };
  const { provider, host = null, cwd = null } = spec;
  const base = { id: session, team, host, cwd, provider, title, job: owner };
  const object = env.SESSION.getByName(sessionName(team, session));
  if (spec.provider !== "edge") {
    const command = startCommand(spec);
    const own = command.type === "agent_start" ? { interactive: true, ...modelOf(spec) } : {};
    return object.startJob({ ...base, ...own }, { command, ...(waitMs === undefined ? {} : { waitMs }) }, by);
  }
  const model = spec.model ?? (await defaultModel(env, team));
  const effort = spec.effort === undefined ? {} : { effort: spec.effort };
  return object.startJob({ ...base, model, ...effort }, { prompt: spec.prompt }, by);
}

/** Ends what an owner has started, or will never start now. True when no end will be told: there was nothing yet. */
export async function cancelJob(env: Env, team: string, session: string, by: string): Promise<boolean> {
  return env.SESSION.getByName(sessionName(team, session)).cancelJob(session, by);
}

function startCommand(spec: Exclude<JobSpec, { provider: "edge" }>): Command {
  const { provider, host: _host, ...start } = spec;
  if (spec.provider === "codex" && spec.sandbox !== undefined) {
    const { prompt, cwd, model, sandbox, worktree } = spec;
    return { type: "codex_start", prompt, cwd, model, sandbox, worktree };
  }
  return { type: "agent_start", agent: provider, ...start };
}

function modelOf({ model }: JobSpec): { model?: string } {
  return model === undefined ? {} : { model };
}

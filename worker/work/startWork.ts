import type { Env } from "../../durable-objects/shared/env.ts";
import { sessionName } from "../../durable-objects/shared/names.ts";
import { idAs } from "../../protocol/ids.ts";
import type { Work, WorkRef } from "../../protocol/work.ts";
import { messageCommand } from "../routes/sessions.ts";
import { Problem } from "../problem.ts";

/** What is to be started, and by whom. `id` names it: the same one again starts nothing anew. */
export type WorkOrder = { team: string; id: string; work: Work; by: string; title: string };

/** What was started, or why it never will be. */
export type Started = { ok: true; work: WorkRef } | { ok: false; message: string };

/** Starts what a schedule or a webhook asks for. Throws when it may be tried again. */
export async function startWork(env: Env, order: WorkOrder): Promise<Started> {
  switch (order.work.kind) {
    case "message":
      return sendMessage(env, order, order.work);
  }
}

/** Whether what was started has ended. */
export async function isWorkOver(_env: Env, _team: string, work: WorkRef): Promise<boolean> {
  switch (work.kind) {
    case "message":
      return true; // it waits its turn by itself
    case "task":
    case "workflow":
      return false;
  }
}

async function sendMessage(
  env: Env,
  { team, id, by }: WorkOrder,
  { session, text }: Extract<Work, { kind: "message" }>,
): Promise<Started> {
  const object = env.SESSION.getByName(sessionName(team, session));
  const found = await object.read();
  if (found === null) return { ok: false, message: "Its session is not there any more." };
  const work = { kind: "message", id: session } as const;
  if (found.session.provider === "edge") {
    const said = await object.say({ id: idAs("msg", id), text, by, created_at: Date.now() }, []);
    return "refused" in said ? { ok: false, message: said.message } : { ok: true, work };
  }
  try {
    const command = messageCommand(found.session, text);
    const request = { id: idAs("cmd", id), command, by, expiresInMs: undefined };
    const answer = await object.command(request, 0);
    return "refused" in answer ? { ok: false, message: answer.message } : { ok: true, work };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, message: error.message };
    throw error;
  }
}

import { and, desc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { SubagentPorts } from "../../durable-objects/session/turn/SubagentTools.ts";
import type { Env } from "../../durable-objects/shared/env.ts";
import type { Session } from "../../protocol/session.ts";
import { tasks } from "../db/schema.ts";
import { addTask } from "./addTask.ts";
import { cancelTask } from "./cancelTask.ts";
import { readResult, readTask, taskOf } from "./taskStore.ts";

/** Subagents of a chat, as tasks. */
export function subagentPorts(env: Env, session: () => Session | null): SubagentPorts {
  const parent = () => {
    const found = session();
    if (found === null) throw new Error("This session does not exist.");
    return found;
  };
  const mine = async (id: string) => {
    const row = await readTask(env, parent().team, id);
    return row?.parent === parent().id ? row : null;
  };
  return {
    depth: async () => {
      const { team, job } = parent();
      if (job?.kind !== "task") return 1;
      return ((await readTask(env, team, job.id))?.depth ?? 0) + 1;
    },
    list: async () => {
      const { team, id } = parent();
      const rows = await drizzle(env.DB)
        .select()
        .from(tasks)
        .where(and(eq(tasks.parent, id), eq(tasks.team, team)))
        .orderBy(desc(tasks.id));
      return rows.map(taskOf);
    },
    find: async (id) => {
      const row = await mine(id);
      return row === null ? null : { task: taskOf(row), result: await readResult(env, row) };
    },
    spawn: async ({ id, title, prompt, model }, { depth, tell }) => {
      const { team, id: chat, host, cwd, effort } = parent();
      const place = host === null ? {} : { host, ...(cwd === null ? {} : { cwd }) };
      const how = { ...(model === null ? {} : { model }), ...(effort == null ? {} : { effort }) };
      const spec = { provider: "edge", prompt, ...place, ...how } as const;
      const wish = { id, ...(title === undefined ? {} : { title }), tries: 1, spec };
      const row = await addTask(env, wish, {
        team,
        by: `chat ${chat}`,
        parent: { session: chat, depth, owed: tell },
      });
      if (row === null) throw new Error("The id of a subagent is taken.");
      return taskOf(row);
    },
    cancel: async (id) => {
      const { team, id: chat } = parent();
      await cancelTask(env, team, id, `chat ${chat}`);
    },
  };
}

import type * as z from "zod";
import { idOfTime } from "../../../protocol/ids.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import type { Session } from "../../../protocol/session.ts";
import type { Task } from "../../../protocol/tasks.ts";
import { TOOLS, type ToolName } from "../../../protocol/tools.ts";
import { failure, type Call, type Outcome } from "./callResult.ts";

/** The tools of a chat that hand work to other chats. */
export const SUBAGENT_TOOLS = [
  "spawn_subagent",
  "subagent_status",
  "subagent_result",
  "cancel_subagent",
] as const satisfies ToolName[];
type SubagentTool = (typeof SUBAGENT_TOOLS)[number];

export function isSubagentTool(tool: ToolName): tool is SubagentTool {
  return SUBAGENT_TOOLS.some((each) => each === tool);
}

/** Subagents of a chat that may run or wait at once, and how many it may have in all. */
export const MOST_OPEN = 8;
export const MOST_SUBAGENTS = 64;
/** A person's chat has subagents, and they may have some; those have none. */
export const MOST_DEPTH = 2;

/** A subagent as its parent may see it, and all that it said. */
export type Subagent = { task: Task; result: string | null };

/** What subagents are made of: tasks whose parent is this chat. */
export type SubagentPorts = {
  /** How deep this chat's subagents would be. */
  depth: () => Promise<number>;
  list: () => Promise<Task[]>;
  find: (id: string) => Promise<Subagent | null>;
  /** The same id again changes nothing. */
  spawn: (
    wish: { id: string; title: string | undefined; prompt: string; model: string | null },
    how: { depth: number; tell: boolean },
  ) => Promise<Task>;
  cancel: (id: string) => Promise<void>;
};

type Parts = {
  subagents: SubagentPorts;
  hash: (text: string) => Promise<string>;
  /** Before it is spawned: this session's own work waits for its end. */
  await: (task: string) => void;
};

const done = (text: string): Outcome => ({ state: "completed", output: text, output_cut: 0, error: null });

/** Carries out a subagent tool. May be done again for the same call: it spawns one subagent. */
export async function runSubagentTool(
  { subagents, hash, await: waitFor }: Parts,
  session: Session,
  {
    tool,
    id: call,
    input,
    began_at,
  }: Pick<Call, "id"> & { tool: SubagentTool; input: unknown; began_at: number },
): Promise<Outcome> {
  if (tool === "spawn_subagent") {
    const { prompt, title, model, tell = true } = read(TOOLS.spawn_subagent, input);
    const own = (await hash(`${session.id} ${call}`)).slice(0, 16);
    const id = idOfTime("tsk", began_at, own);
    const [depth, all] = await Promise.all([subagents.depth(), subagents.list()]);
    if (!all.some((task) => task.id === id)) {
      if (depth > MOST_DEPTH) return failure("A subagent of a subagent has none of its own. Do it yourself.");
      if (all.length >= MOST_SUBAGENTS)
        return failure(`This chat has had ${MOST_SUBAGENTS} subagents; no more.`);
      if (all.filter(({ ended_at }) => ended_at === null).length >= MOST_OPEN)
        return failure(`${MOST_OPEN} subagents of this chat are not done yet. Wait until one has ended.`);
    }
    if (tell && session.job !== undefined) waitFor(id);
    const wish = { id, title, prompt, model: model ?? session.model ?? null };
    const task = await subagents.spawn(wish, { depth, tell });
    return done(`${task.id} ${task.status}: ${task.title}${tell ? ". You are told when it has ended." : ""}`);
  }
  if (tool === "subagent_status") {
    const { id } = read(TOOLS.subagent_status, input);
    const all = (await subagents.list()).filter((task) => id === undefined || task.id === id);
    return done(all.map(inWords).join("\n") || (id === undefined ? "There are none." : NOT_MINE));
  }
  const { id } = read(TOOLS[tool], input);
  const found = await subagents.find(id);
  if (found === null) return failure(NOT_MINE);
  if (tool === "cancel_subagent") {
    if (found.task.ended_at !== null) return done(inWords(found.task));
    await subagents.cancel(id);
    return done(`${id} is being ended.`);
  }
  if (found.task.ended_at === null) return failure(`It has not ended: ${inWords(found.task)}`);
  const { from = 0 } = read(TOOLS.subagent_result, input);
  const text = found.result ?? "";
  const part = text.slice(from, from + MAX_OUTPUT_BYTES);
  const left = text.length - from - part.length;
  return done(`${inWords(found.task)}\n\n${part}${left > 0 ? `\n… (${left} characters more)` : ""}`);
}

const NOT_MINE = "This chat has no such subagent.";

function inWords({ id, title, status, session, error }: Task): string {
  const where = session === null ? "" : ` in ${session}`;
  return `${id} ${status}${where}: ${title}${error === null ? "" : ` (${error})`}`;
}

function read<T extends z.ZodType>(tool: { input: T }, input: unknown): z.infer<T> {
  return tool.input.parse(input);
}

import { type JobAgent, JobSpec, readJobAgent } from "../../../protocol/jobs.ts";
import { RunDefaults } from "../../../protocol/runs.ts";
import type { Work } from "../../../protocol/work.ts";

/** A work as its fields show it: what was typed for one kind is there when another has been looked at. */
export type WorkDraft = {
  kind: Work["kind"];
  session: string;
  /** The message, or the prompt of a task. */
  text: string;
  agent: JobAgent;
  /** What else a task says of its agent, which has no field. */
  more: Partial<Record<"mode" | "effort" | "sandbox" | "worktree", unknown>>;
  host: string;
  cwd: string;
  model: string;
  workflow: string;
  /** JSON. */
  args: string;
};

const EMPTY: WorkDraft = {
  kind: "message",
  session: "",
  text: "",
  agent: "edge",
  more: {},
  host: "",
  cwd: "",
  model: "",
  workflow: "",
  args: "{}",
};

/** The fields of a work, or those of a new one. */
export function draftOf(work: Work | null): WorkDraft {
  switch (work?.kind) {
    case undefined:
      return EMPTY;
    case "message":
      return { ...EMPTY, kind: "message", session: work.session, text: work.text };
    case "task": {
      const { provider, prompt, host = "", cwd = "", model = "", ...rest } = work.spec;
      const { program, ...more } = { program: "", ...rest };
      const agent = provider === "acp" ? (`acp:${program}` as const) : provider;
      return { ...EMPTY, kind: "task", agent, more, text: prompt, host, cwd, model };
    }
    case "workflow": {
      const { host = "", cwd = "" } = work.defaults ?? {};
      const args = JSON.stringify(work.args ?? null, null, 2);
      return { ...EMPTY, kind: "workflow", workflow: work.workflow, args, host, cwd };
    }
  }
}

/** What the fields say; null while something is missing. */
export function workOf(draft: WorkDraft): Work | null {
  const text = draft.text.trim();
  const place = placeOf(draft);
  if (place === null) return null;
  switch (draft.kind) {
    case "message":
      return draft.session === "" || text === "" ? null : { kind: "message", session: draft.session, text };
    case "task": {
      if (text === "") return null;
      const model = draft.model.trim() === "" ? {} : { model: draft.model.trim() };
      const spec = JobSpec.safeParse({
        ...readJobAgent(draft.agent),
        prompt: text,
        ...place,
        ...model,
        ...draft.more,
      });
      return spec.success ? { kind: "task", spec: spec.data } : null;
    }
    case "workflow": {
      const args = readArgs(draft.args);
      if (draft.workflow === "" || args === undefined) return null;
      return { kind: "workflow", workflow: draft.workflow, args, defaults: place };
    }
  }
}

/** Where it works: a host and a directory, or neither; null while one is missing. */
function placeOf({ kind, host, cwd }: WorkDraft): { host?: string; cwd?: string } | null {
  if (kind === "message" || host === "") return {};
  const place = RunDefaults.pick({ host: true, cwd: true }).safeParse({ host, cwd: cwd.trim() });
  if (!place.success || place.data.host === undefined || place.data.cwd === undefined) return null;
  return { host: place.data.host, cwd: place.data.cwd };
}

/** Arguments as they are typed; undefined while they are not JSON. */
export function readArgs(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // still being typed
  }
}

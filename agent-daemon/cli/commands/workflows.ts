import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { page } from "../../../protocol/api.ts";
import { isRunEnded, Run } from "../../../protocol/run.ts";
import { RunDetail, Workflow } from "../../../protocol/runs.ts";
import { newId } from "../../../protocol/ids.ts";
import { hostOfToken } from "../../../protocol/tokens.ts";
import { agentFiles } from "../../agentStatus.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { readFileIfThere } from "../../system/readFileIfThere.ts";
import { Sentence } from "../../system/Sentence.ts";
import { ApiRefusal, callApi, type ApiAccess } from "../callApi.ts";
import { findHome, type Context } from "../context.ts";
import type { WorkflowsArgs } from "../invocation.ts";
import { renderNotes, renderRun, renderRuns, renderWorkflows } from "../renderRuns.ts";
import { targetOf } from "../targetOf.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { JSON_OPTION, TARGET_OPTIONS, readAgent, readJson, readTarget, readText } from "../readValues.ts";

const WORKFLOW_ACTIONS = ["list", "run", "runs", "show", "logs", "cancel"] as const;

/** `signalbox workflows` on the command line. */
export const workflowsSpec: CommandSpec = {
  usage: "[list | run NAME | runs | show [RUN] | logs [RUN] | cancel RUN]",
  summary: "list workflows, run one and follow it, look at runs",
  details:
    "`run` follows the run to its end and prints what it returned; its agents work on this machine in this directory,\nunless --host and --cwd say otherwise. A run is named by its id or the end of it.",
  options: {
    args: {
      type: "string",
      short: "a",
      value: "JSON",
      help: "what the workflow is given: JSON, or else text",
    },
    budget: { type: "string", value: "TOKENS", help: "tokens that it may spend at most" },
    agent: {
      type: "string",
      value: "NAME",
      help: "who its agents are, unless the script says it: edge (default), claude, codex, opencode, acp:NAME",
    },
    model: { type: "string", value: "MODEL", help: "model of its agents, unless the script names one" },
    mode: { type: "string", value: "MODE", help: "how freely they act, in the agent's own word" },
    host: { type: "string", value: "HOST", help: "host that its agents work on (its id)" },
    cwd: { type: "string", value: "DIR", help: "directory that they work in" },
    fresh: { type: "boolean", help: "do everything, also what an earlier run has done" },
    detach: { type: "boolean", short: "d", help: "print the run's id and do not wait for its end" },
    json: JSON_OPTION,
    ...TARGET_OPTIONS,
  },
  words: { least: 0, most: 2 },
  read: (values, [word = "list", what = null]) => {
    const action = WORKFLOW_ACTIONS.find((each) => each === word);
    if (action === undefined) throw new UsageProblem(`It is ${WORKFLOW_ACTIONS.join(", ")}; not ${word}.`);
    if (what === null && (action === "run" || action === "cancel"))
      throw new UsageProblem(
        `Something is missing: signalbox workflows ${action} ${action === "run" ? "NAME" : "RUN"}`,
      );
    const given = readText(values, "args");
    return {
      command: "workflows",
      args: {
        ...readTarget(values),
        action,
        what,
        args: given === null ? null : readJson(given),
        budget: readBudget(readText(values, "budget")),
        agent: readAgent(readText(values, "agent")),
        model: readText(values, "model"),
        mode: readText(values, "mode"),
        host: readText(values, "host"),
        cwd: readText(values, "cwd"),
        fresh: values["fresh"] === true,
        detach: values["detach"] === true,
        json: values["json"] === true,
      },
    };
  },
};

const LOOK_MS = 500;

/** `signalbox workflows`: lists them and their runs, starts one and follows it, shows and ends runs. */
export async function workflows(args: WorkflowsArgs, context: Context): Promise<number> {
  const api = targetOf(args, context);
  const { action, what, json } = args;
  const show = (value: unknown, lines: string[]) => {
    if (json) context.print(JSON.stringify(value, null, 2));
    else for (const line of lines) context.print(line);
  };
  switch (action) {
    case "list": {
      const items = await listWorkflows(api, placeOf(args, context), context);
      show(items, renderWorkflows(items));
      return EXIT.ok;
    }
    case "runs": {
      const { items } = await callApi(api, { path: "/api/runs", schema: page(Run) });
      show(items, renderRuns(items, Date.now()));
      return EXIT.ok;
    }
    case "run":
      return start(args, api, context);
    case "show": {
      const detail = await readRun(api, await findRun(api, what));
      show(detail, renderRun(detail, Date.now()));
      return EXIT.ok;
    }
    case "logs": {
      const detail = await readRun(api, await findRun(api, what));
      show(detail.notes, renderNotes(detail.notes));
      return EXIT.ok;
    }
    case "cancel": {
      const id = await findRun(api, what);
      await callApi(api, { method: "POST", path: `/api/runs/${id}/cancel`, schema: z.unknown() });
      show({ id }, ["It is stopped."]);
      return EXIT.ok;
    }
  }
}

async function start(args: WorkflowsArgs, api: ApiAccess, context: Context): Promise<number> {
  const place = placeOf(args, context);
  const known = await listWorkflows(api, place, context);
  const file =
    place.host !== undefined && known.some(({ name, path }) => name === args.what && path !== undefined);
  const body = {
    id: newId("run"),
    ...(args.args === null ? {} : { args: args.args }),
    ...(args.budget === null ? {} : { budget: args.budget }),
    ...(args.agent === null ? {} : { provider: args.agent }),
    ...(args.model === null ? {} : { model: args.model }),
    ...(args.mode === null ? {} : { mode: args.mode }),
    fresh: args.fresh,
    ...(file ? { file } : {}),
    ...place,
  };
  const path = `/api/workflows/${encodeURIComponent(args.what ?? "")}/runs`;
  const run = await callApi(api, { method: "POST", path, body, schema: Run });
  if (args.detach) {
    context.print(args.json ? JSON.stringify(run, null, 2) : run.id);
    return EXIT.ok;
  }
  context.note(
    `${run.id} runs; Ctrl-C leaves it running, \`signalbox workflows cancel ${run.id.slice(-6)}\` ends it.`,
  );
  let told = 0;
  let stepsTold = "";
  for (;;) {
    const detail = await readRun(api, run.id);
    for (const line of renderNotes(detail.notes.slice(told))) context.note(line);
    told = detail.notes.length;
    const now = renderRuns([detail.run], Date.now())[0] ?? "";
    const state = JSON.stringify(detail.run.steps);
    if (state !== stepsTold) context.note(now);
    stepsTold = state;
    if (isRunEnded(detail.run.status)) {
      context.print(args.json ? JSON.stringify(detail, null, 2) : JSON.stringify(detail.result, null, 2));
      if (detail.run.error !== null) context.note(detail.run.error);
      return detail.run.status === "completed" ? EXIT.ok : EXIT.failed;
    }
    await sleep(LOOK_MS);
  }
}

/** Every workflow that can be run here: files of this directory first. A host that is away is said, and passed over. */
async function listWorkflows(
  api: ApiAccess,
  place: { host?: string; cwd?: string },
  context: Context,
): Promise<Workflow[]> {
  const all = (query: string) =>
    callApi(api, { path: `/api/workflows${query}`, schema: page(Workflow), timeoutMs: 30_000 });
  if (place.host === undefined) return (await all("")).items;
  try {
    return (await all(`?${new URLSearchParams(place)}`)).items;
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.status !== 409) throw error;
    context.note(error.message);
    return (await all("")).items;
  }
}

/** Where its agents work: as asked, or on this machine in this directory. */
function placeOf({ host, cwd, url }: WorkflowsArgs, context: Context): { host?: string; cwd?: string } {
  const files = url === null ? findHome(context) : null;
  const own =
    files === null ? null : hostOfToken(readFileIfThere(agentFiles(files.agent).token)?.trim() ?? "");
  const on = host ?? own;
  if (on === null) return {};
  return { host: on, cwd: cwd ?? realpathSync(process.cwd()) };
}

function readRun(api: ApiAccess, id: string): Promise<RunDetail> {
  return callApi(api, { path: `/api/runs/${id}`, schema: RunDetail });
}

/** The one run that an id, or the end of one, means; the newest when none is given. */
async function findRun(api: ApiAccess, meant: string | null): Promise<string> {
  if (meant !== null && /^run_.{26}$/.test(meant)) return meant;
  const { items } = await callApi(api, { path: "/api/runs?limit=200", schema: page(Run) });
  const found =
    meant === null ? items.slice(0, 1) : items.filter(({ id }) => meant.length >= 4 && id.endsWith(meant));
  const [only] = found;
  if (only === undefined)
    throw new Sentence(
      meant === null
        ? "Nothing has run yet."
        : `There is no run ${meant}. \`signalbox workflows runs\` lists them.`,
    );
  if (found.length > 1) throw new Sentence(`${meant} could be ${found.length} runs. Give more of the id.`);
  return only.id;
}

function readBudget(value: string | null): number | null {
  if (value === null) return null;
  const budget = Number(value.replaceAll("_", ""));
  if (!Number.isInteger(budget) || budget < 1) throw new UsageProblem(`${value} is not a number of tokens.`);
  return budget;
}

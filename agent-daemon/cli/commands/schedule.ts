import * as z from "zod";
import { page } from "../../../protocol/api.ts";
import { newId } from "../../../protocol/ids.ts";
import { Execution, Schedule, type PostSchedule } from "../../../protocol/schedules.ts";
import type { Work } from "../../../protocol/work.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import { callApi, type ApiAccess } from "../callApi.ts";
import type { Context } from "../context.ts";
import { findHost } from "../findHost.ts";
import { findSession } from "../findSession.ts";
import type { ScheduleArgs } from "../invocation.ts";
import { printable } from "../renderSessions.ts";
import { targetOf } from "../targetOf.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { JSON_OPTION, TARGET_OPTIONS, readJson, readList, readTarget, readText } from "../readValues.ts";

const SCHEDULE_ACTIONS = ["list", "add", "run", "pause", "resume", "remove"] as const;

/** `signalbox schedule` on the command line. */
export const scheduleSpec: CommandSpec = {
  usage: "[list | add NAME TEXT… | run WHICH | pause WHICH | resume WHICH | remove WHICH]",
  summary: "list what begins by the clock, add to it, or change it",
  details:
    "`add` needs --cron or --at. TEXT is a task for an agent of its own, or with --session a message to that session;\nwith --workflow a workflow runs. WHICH is a name, an id or the end of one.",
  options: {
    cron: { type: "string", short: "c", value: "CRON", help: 'when, such as "30 9 * * MON-FRI"' },
    at: { type: "string", value: "TIME", help: "once, such as 2026-12-24T18:00 (or with a zone)" },
    zone: {
      type: "string",
      short: "z",
      value: "ZONE",
      help: "time zone of --cron (default: this machine's)",
    },
    session: { type: "string", short: "s", value: "SESSION", help: "say TEXT to this session" },
    workflow: { type: "string", short: "w", value: "NAME", help: "run this workflow" },
    args: {
      type: "string",
      short: "a",
      value: "JSON",
      help: "what the workflow is given: JSON, or else text",
    },
    host: { type: "string", value: "HOST", help: "host of --cwd (default: this machine)" },
    cwd: { type: "string", value: "DIR", help: "directory that the agents work in" },
    "catch-up": { type: "string", value: "HOW", help: "missed times: one (made up for once) or none" },
    overlap: { type: "string", value: "HOW", help: "while it still runs: skip, queue or parallel" },
    json: JSON_OPTION,
    ...TARGET_OPTIONS,
  },
  words: { least: 0, most: 10_000 },
  read: (values, [word = "list", ...words]) => {
    const action = SCHEDULE_ACTIONS.find((each) => each === word);
    if (action === undefined) throw new UsageProblem(`It is ${SCHEDULE_ACTIONS.join(", ")}; not ${word}.`);
    const at = readText(values, "at");
    const cron = readText(values, "cron");
    const workflow = readText(values, "workflow");
    if (action !== "list" && words.length === 0)
      throw new UsageProblem(
        `Something is missing: signalbox schedule ${action} ${action === "add" ? "NAME" : "WHICH"}`,
      );
    if (action === "add" && (cron === null) === (at === null))
      throw new UsageProblem("say when, by --cron or by --at.");
    if (action === "add" && words.length < 2 && workflow === null)
      throw new UsageProblem("say what is to be done, or give --workflow.");
    const given = readText(values, "args");
    return {
      command: "schedule",
      args: {
        ...readTarget(values),
        action,
        words,
        cron,
        at: at === null ? null : readTime(at),
        zone: readText(values, "zone"),
        session: readText(values, "session"),
        workflow,
        args: given === null ? null : readJson(given),
        host: readText(values, "host"),
        cwd: readText(values, "cwd"),
        catchUp: readList(values, "catch-up", ["one", "none"] as const)[0] ?? "one",
        overlap: readList(values, "overlap", ["skip", "queue", "parallel"] as const)[0] ?? "skip",
        json: values["json"] === true,
      },
    };
  },
};

/** `signalbox schedule`: lists the team's schedules, makes one, or changes, runs or removes one. */
export async function schedule(args: ScheduleArgs, context: Context): Promise<number> {
  const api = targetOf(args, context);
  const shown = await act(api, args);
  if (args.json) context.print(JSON.stringify(shown, null, 2));
  else for (const line of shown === null ? ["Removed."] : renderSchedules(shown)) context.print(line);
  return EXIT.ok;
}

/** Schedules, some lines each. Pure. */
export function renderSchedules(schedules: Schedule[]): string[] {
  if (schedules.length === 0) return ["Nothing begins by the clock."];
  return schedules.flatMap(({ id, name, when, work, paused, next_at, last }) => {
    const next = paused ? "paused" : next_at === null ? "is over" : `next ${new Date(next_at).toISOString()}`;
    const how = when.kind === "cron" ? `${when.cron} in ${when.time_zone}` : "once";
    const before = last === null ? "" : `, last ${last.state}${last.error === null ? "" : `: ${last.error}`}`;
    return [
      `${id.slice(-6)}  ${printable(name)}  (${next}${printable(before)})`,
      `        ${printable(how)}: ${printable(wordsOf(work))}`,
    ];
  });
}

/** What was done, as the schedules to show; null when one was removed. */
async function act(api: ApiAccess, args: ScheduleArgs): Promise<Schedule[] | null> {
  if (args.action === "list") return listSchedules(api);
  if (args.action === "add") {
    const body = await wishOf(api, args);
    return [await callApi(api, { method: "POST", path: "/api/schedules", body, schema: Schedule })];
  }
  const { id } = choose(await listSchedules(api), args.words[0] ?? "");
  const path = `/api/schedules/${id}`;
  switch (args.action) {
    case "run":
      await callApi(api, {
        method: "POST",
        path: `${path}/run`,
        body: { id: newId("exe") },
        schema: Execution,
      });
      return [await callApi(api, { path, schema: Schedule })];
    case "pause":
    case "resume": {
      const body = { paused: args.action === "pause" };
      return [await callApi(api, { method: "PATCH", path, body, schema: Schedule })];
    }
    case "remove":
      await callApi(api, { method: "DELETE", path, schema: z.null() });
      return null;
  }
}

async function listSchedules(api: ApiAccess): Promise<Schedule[]> {
  return (await callApi(api, { path: "/api/schedules", schema: page(Schedule) })).items;
}

/** The one schedule that a name, an id or the end of one means; throws a sentence when none or several do. Pure. */
export function choose(schedules: Schedule[], meant: string): Schedule {
  const found = schedules.filter(
    ({ id, name }) =>
      id === meant || (meant.length >= 4 && id.endsWith(meant)) || name.toLowerCase() === meant.toLowerCase(),
  );
  const [only] = found;
  if (only === undefined)
    throw new Sentence(`There is no schedule ${meant}. \`signalbox schedule\` lists them.`);
  if (found.length > 1) throw new Sentence(`${meant} could be ${found.length} schedules. Give the id.`);
  return only;
}

async function wishOf(api: ApiAccess, args: ScheduleArgs): Promise<z.input<typeof PostSchedule>> {
  const { cron, at, zone, catchUp, overlap, words } = args;
  const [name = "", ...rest] = words;
  const when: z.input<typeof PostSchedule>["when"] =
    at === null
      ? {
          kind: "cron",
          cron: cron ?? "",
          time_zone: zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
        }
      : { kind: "once", at };
  const work = await workOf(api, args, rest.join(" "));
  return { id: newId("sch"), name, when, work, catch_up: catchUp, overlap };
}

async function workOf(api: ApiAccess, args: ScheduleArgs, text: string): Promise<Work> {
  const host = args.cwd === null ? null : (await findHost(api, args.host)).id;
  const place = host === null || args.cwd === null ? {} : { host, cwd: args.cwd };
  if (args.workflow !== null)
    return { kind: "workflow", workflow: args.workflow, args: args.args, defaults: place };
  if (args.session !== null)
    return { kind: "message", session: (await findSession(api, args.session)).id, text };
  return { kind: "task", spec: { provider: "edge", prompt: text, ...place } };
}

function wordsOf(work: Work): string {
  switch (work.kind) {
    case "message":
      return `says to ${work.session.slice(-6)}: ${work.text}`;
    case "task":
      return `gives a task: ${work.spec.prompt}`;
    case "workflow":
      return `runs ${work.workflow}`;
  }
}

/** A moment that a person wrote, in this machine's time unless it says another. */
function readTime(value: string): number {
  const at = Date.parse(value);
  if (Number.isNaN(at)) throw new UsageProblem(`${value} is not a time such as 2026-12-24T18:00.`);
  return at;
}

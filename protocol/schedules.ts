import * as z from "zod";
import { ExecutionId, ScheduleId, TeamId } from "./ids.ts";
import { Work, WorkRef } from "./work.ts";

/** A cron expression: five fields, or six with seconds first; `@daily` and the like; `L`, `#`, names of days and months. */
const CronText = z.string().trim().min(1).max(200);
/** An IANA name, such as Europe/Berlin. */
const TimeZone = z.string().trim().min(1).max(100);

/** When a schedule is due: by a cron expression as the clocks of a time zone show it, or once. Times are milliseconds since 1970. */
export const When = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cron"), cron: CronText, time_zone: TimeZone }),
  z.object({ kind: z.literal("once"), at: z.number().int().min(0).max(8.64e15) }),
]);
export type When = z.infer<typeof When>;

/** What happens when the clock was not there at a due time. `one`: the work is done once, however many were missed. */
export const CatchUp = z.enum(["one", "none"]);
/** What happens when the work of an earlier time still runs. */
export const Overlap = z.enum(["skip", "queue", "parallel"]);

/** What a person says of a schedule. */
export const NewSchedule = z.object({
  name: z.string().trim().min(1).max(100),
  when: When,
  work: Work,
  catch_up: CatchUp.default("one"),
  overlap: Overlap.default("skip"),
  paused: z.boolean().default(false),
});
export type NewSchedule = z.infer<typeof NewSchedule>;

/** `POST /api/schedules`; a caller's own new id makes a repeated request harmless. */
export const PostSchedule = NewSchedule.extend({ id: ScheduleId.optional() });
/** `POST /api/schedules/:id/run`; the same id again runs nothing more. */
export const RunSchedule = z.object({ id: ExecutionId.optional() });

/** `PATCH /api/schedules/:id`; `version` refuses to change what somebody else has changed meanwhile. */
export const ScheduleChange = z.object({
  name: NewSchedule.shape.name.optional(),
  when: When.optional(),
  work: Work.optional(),
  catch_up: CatchUp.optional(),
  overlap: Overlap.optional(),
  paused: z.boolean().optional(),
  version: z.number().int().optional(),
});
export type ScheduleChange = z.infer<typeof ScheduleChange>;

/**
 * One time that a schedule was due, or was run by hand.
 * `starting`: its work is being started. `waiting`: for the work before it (overlap `queue`). `skipped`: an earlier one
 * still ran. `missed`: the clock was not there, and nothing is caught up.
 */
export const Execution = z.object({
  id: ExecutionId,
  schedule: ScheduleId,
  /** The time it was due; for one by hand, when it was asked for. */
  due_at: z.number(),
  cause: z.enum(["clock", "catch_up", "manual"]),
  state: z.enum(["starting", "waiting", "started", "skipped", "missed", "failed"]),
  /** Due times before this one that passed without an execution of their own. */
  passed_over: z.number().int(),
  /** What was started. */
  work: WorkRef.nullable(),
  error: z.string().nullable(),
  by: z.string(),
  /** When it came to its state. */
  at: z.number(),
});
export type Execution = z.infer<typeof Execution>;

/** Work that begins by the clock. */
export const Schedule = z.object({
  ...NewSchedule.shape,
  catch_up: CatchUp,
  overlap: Overlap,
  paused: z.boolean(),
  id: ScheduleId,
  team: TeamId,
  /** Null when it is paused, or has no further time. */
  next_at: z.number().nullable(),
  /** The newest of its executions. */
  last: Execution.nullable(),
  by: z.string(),
  created_at: z.number(),
  changed_at: z.number(),
  version: z.number().int(),
});
export type Schedule = z.infer<typeof Schedule>;

/** Answer to `POST /api/schedules/times`: when an expression is due next. */
export const NextTimes = z.object({ items: z.array(z.number()) });
export type NextTimes = z.infer<typeof NextTimes>;

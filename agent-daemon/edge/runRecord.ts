import * as z from "zod";
import { ProcessIdentity } from "../system/processIdentity.ts";
import { readJsonFile } from "../system/readJsonFile.ts";
import { writeFileSafely } from "../system/writeFileSafely.ts";

export const ChildState = z.enum(["starting", "running", "restarting", "stopped"]);
export type ChildState = z.infer<typeof ChildState>;

/** `run.json`: what the supervisor has started, so that whoever comes after it finds exactly that. */
export const RunRecord = z.object({
  /** Names this run; the edge's processes carry it in their environment. */
  run: z.string(),
  supervisor: ProcessIdentity,
  port: z.number().int(),
  url: z.string(),
  started_at: z.number(),
  /** Set once everything answers. */
  ready: z.boolean(),
  edge: z.object({
    state: ChildState,
    restarts: z.number().int(),
    process: ProcessIdentity.nullable(),
    children: z.array(ProcessIdentity),
  }),
  agent: z.object({ state: ChildState, restarts: z.number().int(), process: ProcessIdentity.nullable() }),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** Name of the variable by which a process of the edge is known as one of a run. */
export const RUN_VARIABLE = "SIGNALBOX_RUN";

export function readRunRecord(path: string): RunRecord | null {
  return readJsonFile(path, RunRecord);
}

export function writeRunRecord(path: string, record: RunRecord): void {
  writeFileSafely(path, JSON.stringify(record, null, 1));
}

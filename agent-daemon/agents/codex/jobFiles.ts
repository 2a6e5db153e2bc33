import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { SessionId } from "../../../protocol/ids.ts";
import { Worktree } from "../../../protocol/session.ts";
import { claimDurably, readIfThere, writeDurably } from "./durableFiles.ts";
import { ProcessIdentity } from "../../system/processIdentity.ts";

/** What a supervisor runs. The prompt is a file of its own: it becomes the process's stdin. */
export const JobSpec = z.object({
  session: SessionId,
  turn: z.number().int().min(1),
  argv: z.tuple([z.string()]).rest(z.string()),
  cwd: z.string(),
  /** Not for the supervisor: for a daemon whose store was wiped. */
  worktree: Worktree.nullable(),
});
export type JobSpec = z.infer<typeof JobSpec>;

/** How the process ended, as its supervisor saw it. `error`: it never ran, and why. */
export const JobExit = z.object({
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  error: z.string().nullable(),
});
export type JobExit = z.infer<typeof JobExit>;

/** The job was given up by the daemon before a supervisor took it; no supervisor runs it afterwards. */
const GivenUp = z.object({ given_up: z.literal(true) });
const Claim = z.union([ProcessIdentity, GivenUp]);
export type Claim = z.infer<typeof Claim>;

/** The environment variable by which every process of a job is known. */
export const JOB_VARIABLE = "SIGNALBOX_JOB";

/** Where the files of a job are. */
export function jobPaths(dir: string) {
  return {
    spec: join(dir, "job.json"),
    prompt: join(dir, "prompt"),
    stdout: join(dir, "stdout"),
    stderr: join(dir, "stderr"),
    /** Its supervisor; made once, so that a job is never run twice. */
    claim: join(dir, "claim.json"),
    /** The agent's process. */
    child: join(dir, "child.json"),
    exit: join(dir, "exit.json"),
    /** What the supervisor itself had to complain about. */
    log: join(dir, "supervisor.log"),
  };
}

/** The directory of one turn of a session. */
export function jobDir(stateDir: string, session: string, turn: number): string {
  return join(stateDir, "jobs", session, String(turn));
}

/** Makes a job's directory anew, with what its supervisor needs. */
export async function createJobFiles(dir: string, spec: JobSpec, prompt: string): Promise<void> {
  const paths = jobPaths(dir);
  await removeJobFiles(dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(paths.prompt, prompt, { mode: 0o600 });
  await writeFile(paths.stdout, "", { mode: 0o600 });
  await writeFile(paths.stderr, "", { mode: 0o600 });
  await writeDurably(paths.spec, JSON.stringify(spec));
}

/** Removes a job's files; what is in the journal needs them no more. */
export async function removeJobFiles(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
}

/** Throws when the job has no readable specification. */
export async function readSpec(dir: string): Promise<JobSpec> {
  return JobSpec.parse(JSON.parse((await readIfThere(jobPaths(dir).spec)) ?? "null"));
}

/** Whether the job still has files. */
export async function hasSpec(dir: string): Promise<boolean> {
  return (await readIfThere(jobPaths(dir).spec)) !== null;
}

/** Takes the job; false when somebody has it already. */
export function claimJob(dir: string, claim: Claim): Promise<boolean> {
  return claimDurably(jobPaths(dir).claim, JSON.stringify(claim));
}

export async function readClaim(dir: string): Promise<Claim | null> {
  return readAs(Claim, jobPaths(dir).claim);
}

export async function writeChild(dir: string, child: ProcessIdentity): Promise<void> {
  await writeDurably(jobPaths(dir).child, JSON.stringify(child));
}

export async function readChild(dir: string): Promise<ProcessIdentity | null> {
  return readAs(ProcessIdentity, jobPaths(dir).child);
}

export async function writeExit(dir: string, exit: JobExit): Promise<void> {
  await writeDurably(jobPaths(dir).exit, JSON.stringify(exit));
}

export async function readExit(dir: string): Promise<JobExit | null> {
  return readAs(JobExit, jobPaths(dir).exit);
}

/** Null also for a file that is not what it should be: somebody else's doing, and treated as if it were missing. */
async function readAs<T>(schema: z.ZodType<T>, path: string): Promise<T | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON
  }
}

import * as z from "zod";
import type { Env } from "../../durable-objects/shared/env.ts";
import { hostName } from "../../durable-objects/shared/names.ts";
import type { Answer, Question } from "../../protocol/questions.ts";
import { WorkflowListing } from "../../protocol/workflowFiles.ts";
import { listingOf } from "./contract/listingOf.ts";

/** Where a workflow's files are looked for: a directory of a host, and its home directory. */
export type HostPlace = { host: string; cwd?: string | undefined };

/** What was found on a host: the first file of the name, those of the directory before those of the home directory. */
export type HostWorkflow =
  | { kind: "found"; script: string; source: "project" | "home" }
  | { kind: "none" }
  | { kind: "failed"; code: string; message: string };

/** Asks which workflow scripts lie in a directory of a host. */
export function workflowsQuestion(cwd: string | undefined): Question {
  return { type: "workflows", ...(cwd === undefined ? {} : { directory: cwd }) };
}

/** What a host told of its workflow files, and whether it is away now. */
export async function readTold(
  env: Env,
  team: string,
  host: string,
): Promise<{ items: WorkflowListing[]; away: boolean }> {
  const { json, away } = await env.HOST.getByName(hostName(team, host)).workflows();
  return { items: z.array(WorkflowListing).parse(JSON.parse(json)), away };
}

/** A workflow of a host, by its name or by the path of its file. */
export async function findHostWorkflow(
  env: Env,
  team: string,
  { host, cwd }: HostPlace,
  wanted: string | { path: string },
): Promise<HostWorkflow> {
  const answer: Answer = await env.HOST.getByName(hostName(team, host)).ask(workflowsQuestion(cwd));
  if (answer.status === "failed") {
    const { code, message } = answer;
    // Of a host that is away, or does not answer, it is known what it had; what it has not is looked for elsewhere.
    if (typeof wanted === "string") {
      const { items } = await readTold(env, team, host);
      const had = items.some(
        ({ meta, place, root }) => meta.name === wanted && (place === "home" || root === cwd),
      );
      if (!had) return { kind: "none" };
      return {
        kind: "failed",
        code,
        message: `${wanted} is a file of a host that gives no answer: ${message}`,
      };
    }
    return { kind: "failed", code, message };
  }
  if (answer.status !== "workflows")
    return {
      kind: "failed",
      code: "unreadable",
      message: "The host answered something else than it was asked.",
    };
  for (const file of answer.items) {
    const { meta, problem } = listingOf({ ...file, root: cwd ?? "", hash: null });
    if (typeof wanted === "string" ? meta.name !== wanted : !isPath(file.path, wanted.path, cwd)) continue;
    if (problem !== null || file.script === null)
      return {
        kind: "failed",
        code: "invalid_script",
        message: `${file.path}: ${problem ?? "It cannot be read."}`,
      };
    return { kind: "found", script: file.script, source: file.place };
  }
  return { kind: "none" };
}

function isPath(path: string, wanted: string, cwd: string | undefined): boolean {
  return path === wanted || path === `${cwd ?? ""}/${wanted.replace(/^\.\//, "")}`;
}

import { resolve } from "node:path";
import { RemovedWorktree, Worktrees, type WorktreeEntry } from "../../../protocol/worktrees.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { ApiRefusal, callApi } from "../callApi.ts";
import type { Context } from "../context.ts";
import { findHost } from "../findHost.ts";
import type { WorktreesArgs } from "../invocation.ts";
import { printable } from "../renderSessions.ts";
import { ago } from "../renderStatus.ts";
import { targetOf } from "../targetOf.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { HOST_OPTION, JSON_OPTION, TARGET_OPTIONS, readTarget, readText } from "../readValues.ts";

/** `signalbox worktrees` on the command line. */
export const worktreesSpec: CommandSpec = {
  usage: "[remove PATH [--snapshot]] [--host HOST]",
  summary: "list a host's worktrees with what they hold, or remove one",
  details:
    "One that holds uncommitted files or commits that are nowhere else stays, unless --snapshot keeps it in a ref of\nits repository first.",
  options: {
    json: JSON_OPTION,
    host: HOST_OPTION,
    snapshot: { type: "boolean", help: "keep what would be lost in a ref, and say how it comes back" },
    ...TARGET_OPTIONS,
  },
  words: { least: 0, most: 2 },
  read: (values, [verb, path]) => {
    if (verb !== undefined && (verb !== "remove" || path === undefined))
      throw new UsageProblem("say nothing, or remove and a path.");
    return {
      command: "worktrees",
      args: {
        ...readTarget(values),
        host: readText(values, "host"),
        remove: path ?? null,
        snapshot: values["snapshot"] === true,
        json: values["json"] === true,
      },
    };
  },
};

/** A large worktree is read whole for a snapshot. */
const TIMEOUT_MS = 45_000;

/** `signalbox worktrees`: lists a host's worktrees; with `remove`, removes one. */
export async function worktrees(args: WorktreesArgs, context: Context): Promise<number> {
  const api = targetOf(args, context);
  const host = await findHost(api, args.host);
  const path = `/api/hosts/${host.id}/worktrees`;
  if (args.remove === null) {
    const found = await callApi(api, { path, schema: Worktrees, timeoutMs: TIMEOUT_MS });
    if (args.json) context.print(JSON.stringify(found, null, 2));
    else for (const line of renderWorktrees(found, Date.now())) context.print(line);
    return EXIT.ok;
  }
  try {
    const removed = await callApi(api, {
      method: "POST",
      path: `${path}/remove`,
      body: { path: resolve(args.remove), snapshot: args.snapshot },
      schema: RemovedWorktree,
      timeoutMs: TIMEOUT_MS,
    });
    if (args.json) context.print(JSON.stringify(removed, null, 2));
    else for (const line of renderRemoval(removed)) context.print(line);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.code !== "would_lose_work") throw error;
    context.note(error.message);
    for (const line of error.details) context.note(`  ${printable(line)}`);
    context.note("Nothing was removed. With --snapshot it is kept in a ref of its repository first.");
    return EXIT.failed;
  }
}

/** Worktrees, some lines each, and what was kept of others. Pure. */
export function renderWorktrees({ root, items, more, snapshots }: Worktrees, now: number): string[] {
  const lines = items.flatMap((item) => {
    const age = item.made_at === null ? "" : `, made ${ago(now - item.made_at)} ago`;
    const size = item.bytes === null ? "" : `, ${Math.ceil(item.bytes / 1_000_000)} MB`;
    return [`${printable(item.path)}`, `    ${printable(stateOf(item))}${size}${age}`];
  });
  if (items.length === 0) lines.push(`No worktrees in ${root}.`);
  if (more > 0) lines.push(`… and ${more} more`);
  if (snapshots.length > 0)
    lines.push("", "Snapshots of worktrees that were removed, and what brings each back:");
  for (const { restore } of snapshots) lines.push(`    ${printable(restore)}`);
  return lines;
}

function stateOf(item: WorktreeEntry): string {
  const branch = item.branch ?? "no branch";
  if (item.problem !== null) return `${branch}: ${item.problem}`;
  const work = [
    item.doing === null ? null : `${item.doing} in progress`,
    item.dirty === 0 ? null : `${item.dirty ?? "?"} not committed`,
    item.only_here === 0 ? null : `${item.only_here ?? "?"} commits only here`,
  ].filter((each) => each !== null);
  const state = work.length === 0 ? "clean" : work.join(", ");
  return `${branch}: ${state}${item.in_use ? ", in use" : ""}`;
}

/** What became of a worktree. Pure. */
export function renderRemoval({ snapshot }: RemovedWorktree): string[] {
  return snapshot === null
    ? ["The worktree was removed."]
    : [
        `The worktree was removed; what was in it is in ${snapshot.ref}. This brings it back:`,
        snapshot.restore,
      ];
}

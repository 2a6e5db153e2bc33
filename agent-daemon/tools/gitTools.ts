import { relative } from "node:path";
import type { CommandResult } from "../../protocol/commands.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import { explainRun } from "../run.ts";
import type { RunResult } from "../run.ts";
import { runGit } from "../worktrees/runGit.ts";
import { confine } from "./confine.ts";
import { isWithin } from "./isWithin.ts";
import type { ToolCall } from "./toolCall.ts";
import { refused, told } from "./toolResult.ts";

/** Nothing of a repository is run, and no directory is taken for a repository that only looks like one. */
const HARMLESS = ["-c", "safe.bareRepository=explicit", "-c", "core.quotePath=false"];
const TIMEOUT_MS = 20_000;

/** Shows what is changed in the workspace. */
export async function gitStatusTool(_input: ToolInput<"git_status">, call: ToolCall): Promise<CommandResult> {
  const args = [
    ...HARMLESS,
    "--literal-pathspecs",
    "status",
    "--short",
    "--branch",
    "--untracked-files=normal",
    "--",
    ".",
  ];
  return describe(await runGit(call.place.root, args, TIMEOUT_MS), "Nothing is changed.", call.signal);
}

/** Shows how it is changed. */
export async function gitDiffTool(input: ToolInput<"git_diff">, call: ToolCall): Promise<CommandResult> {
  const { root, secrets } = call.place;
  let path = ".";
  let without = leftOut(call.place);
  if (input.path !== undefined) {
    const confined = await confine(call.place, input.path, "read");
    if (!confined.ok) return refused(confined.code, confined.message);
    path = relative(root, confined.path) || ".";
    if (path === ".." || path.startsWith("../"))
      return refused("outside_workspace", "Only the workspace itself can be compared.");
    if (secrets.holds(confined.path)) without = []; // it was given by name
  }
  const args = [
    ...HARMLESS,
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    ...(input.staged === true ? ["--cached"] : []),
    "--",
    `:(literal)${path}`,
    ...without,
  ];
  return describe(await runGit(root, args, TIMEOUT_MS), "There is no difference.", call.signal);
}

/** Pathspecs that leave out what no file tool shows unasked; a repository can hold it, too. */
function leftOut({ root, closed, secrets }: ToolCall["place"]): string[] {
  const inside = [...secrets.paths, ...closed].filter((path) =>
    isWithin(root.toLowerCase(), path.toLowerCase()),
  );
  return [
    ...inside.map((path) => `:(exclude,icase,literal)${path.slice(root.length + 1) || "."}`),
    ...secrets.names.flatMap((name) => [
      `:(exclude,icase,glob)**/${name}`,
      `:(exclude,icase,glob)**/${name}/**`,
    ]),
  ];
}

function describe(result: RunResult, nothing: string, signal: AbortSignal): CommandResult {
  if (signal.aborted) return { status: "cancelled" };
  if (result.status !== "exited" || result.code !== 0) {
    return told(false, `${explainRun("git", result)}.`, {
      exitCode: result.status === "exited" ? result.code : null,
    });
  }
  const text = result.stdout.toString("utf8").replace(/\n$/, "");
  return told(true, text === "" ? nothing : text, { cut: result.cut, exitCode: 0 });
}

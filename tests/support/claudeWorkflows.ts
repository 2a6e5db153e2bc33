import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { makeClaudeHome } from "./claudeHome.ts";

/** A line of Claude Code's output, as far as it tells of workflows. */
const Line = z.looseObject({
  subtype: z.string().optional(),
  /** Of `task_started`: the script of a workflow. */
  prompt: z.string().optional(),
  output_file: z.string().optional(),
});
const Output = z.object({ result: z.unknown(), logs: z.array(z.string()) });

/** What became of a prompt in the real Claude Code: all that it wrote, and its workflow if it ran one. */
export type ClaudeRun = {
  text: string;
  script: string | null;
  ended: z.infer<typeof Output> | null;
};

/** Lets the real Claude Code answer one prompt. The model server decides which tools it calls. */
export async function askClaude(
  claude: { path: string; version: string },
  modelUrl: string,
  prompt: string,
): Promise<ClaudeRun> {
  const dir = mkdtempSync(join(tmpdir(), "signalbox-claude-"));
  const cwd = join(dir, "work");
  mkdirSync(cwd);
  const env = {
    ...process.env,
    ...makeClaudeHome(dir, cwd, modelUrl, claude.version),
    CLAUDE_CODE_TMPDIR: dir,
  };
  const how = ["--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions"];
  try {
    const running = promisify(execFile)(claude.path, ["-p", prompt, ...how], {
      cwd,
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
    running.child.stdin?.end();
    const { stdout: text } = await running;
    const lines = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => Line.parse(JSON.parse(line)));
    const of = (subtype: string) => lines.find((line) => line.subtype === subtype);
    const file = of("task_notification")?.output_file;
    // A workflow without agents is over before its file is written.
    const output = file === undefined ? "" : readFileSync(file, "utf8");
    return {
      text,
      script: of("task_started")?.prompt ?? null,
      ended: output === "" ? null : Output.parse(JSON.parse(output)),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A piece of a text that stands indented by two blanks, from its first words to its last. */
export function pieceOf(text: string, first: string, last: string): string {
  const begin = text.indexOf(first);
  const end = text.indexOf(last, begin);
  if (begin === -1 || end === -1) throw new Error(`there is no ${first} … ${last} in it any more`);
  return text.slice(begin, end + last.length).replaceAll(/^ {2}/gm, "");
}

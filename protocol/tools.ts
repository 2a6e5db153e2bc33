import * as z from "zod";
import { CommandId, SessionId, TaskId } from "./ids.ts";
import { MAX_INPUT_BYTES } from "./limits.ts";
import type { ToolScope } from "./toolScope.ts";

/** Where a tool runs: on the session's active host, or in the session's object. */
export type ToolPlace = "host" | "edge";

const Path = z
  .string()
  .min(1)
  .max(4096)
  .describe("A path inside the workspace; relative ones start at its root");
const Service = z
  .string()
  .regex(/^[\w.@-]{1,100}$/)
  .describe("Name of a configured service");

/** Bounds of run_command. */
export const RUN_DEFAULT_MS = 30_000;
export const RUN_MOST_MS = 120_000;

type Tool<T extends z.ZodType> = { place: ToolPlace; scope: ToolScope; description: string; input: T };
const tool = <T extends z.ZodType>(
  place: ToolPlace,
  scope: ToolScope,
  description: string,
  input: T,
): Tool<T> => ({
  place,
  scope,
  description,
  input,
});

/** Every tool the model has. The daemon carries out those of place `host`, by the same schemas. */
export const TOOLS = {
  run_command: tool(
    "host",
    "execute",
    "Runs a program without a shell: an argument vector, in a directory of the workspace. Output is cut at 32 KB.",
    z.object({
      argv: z.array(z.string().max(8192)).min(1).max(200).describe("Program and arguments; no shell syntax"),
      cwd: Path.optional(),
      timeout_ms: z.number().int().min(100).max(RUN_MOST_MS).optional(),
      background: z
        .boolean()
        .optional()
        .describe(
          "Return at once with an id; the program goes on until it ends, is stopped, or its timeout_ms, if it has one, is over",
        ),
      keep: z.boolean().optional().describe("Of a background command: it goes on when this chat is deleted"),
    }),
  ),
  command_output: tool(
    "host",
    "read",
    "Shows how a background command stands and the end of what it has printed.",
    z.object({
      command: CommandId.describe("The id that run_command gave"),
      wait_ms: z.number().int().min(0).max(RUN_MOST_MS).optional().describe("Waits so long for its end"),
    }),
  ),
  command_stop: tool(
    "host",
    "free",
    "Stops a background command of this chat, with everything that it has started.",
    z.object({ command: CommandId }),
  ),
  read_file: tool(
    "host",
    "read",
    "Reads a text file, with line numbers.",
    z.object({
      path: Path,
      from_line: z.number().int().min(1).optional(),
      lines: z.number().int().min(1).max(2000).optional(),
    }),
  ),
  write_file: tool(
    "host",
    "write",
    "Writes a whole file, making its directories.",
    z.object({ path: Path, text: z.string().max(512 * 1024) }),
  ),
  edit_file: tool(
    "host",
    "write",
    "Replaces text in a file; the old text must occur exactly once.",
    z.object({
      path: Path,
      old_text: z
        .string()
        .min(1)
        .max(128 * 1024),
      new_text: z.string().max(128 * 1024),
    }),
  ),
  list_files: tool(
    "host",
    "read",
    "Lists a directory.",
    z.object({ path: Path.optional(), depth: z.number().int().min(1).max(5).optional() }),
  ),
  search_files: tool(
    "host",
    "read",
    "Searches the text of files by a regular expression.",
    z.object({
      pattern: z.string().min(1).max(500),
      path: Path.optional(),
      limit: z.number().int().min(1).max(500).optional(),
    }),
  ),
  git_status: tool("host", "read", "Shows git's status of the workspace.", z.object({})),
  git_diff: tool(
    "host",
    "read",
    "Shows git's diff of the workspace.",
    z.object({ path: Path.optional(), staged: z.boolean().optional() }),
  ),
  read_pane: tool(
    "host",
    "read",
    "Reads the screen of another session's terminal on this host.",
    z.object({ session: SessionId, lines: z.number().int().min(1).max(500).optional() }),
  ),
  type_into_pane: tool(
    "host",
    "type",
    "Types a line into another session's terminal on this host.",
    z.object({ session: SessionId, text: z.string().max(8192), enter: z.boolean().optional() }),
  ),
  service_status: tool(
    "host",
    "read",
    "Shows the status of a configured service.",
    z.object({ service: Service }),
  ),
  service_jobs: tool(
    "host",
    "read",
    "Lists the jobs of a configured service.",
    z.object({ service: Service }),
  ),
  service_restart: tool(
    "host",
    "service",
    "Restarts a configured service and verifies that exactly one instance runs.",
    z.object({ service: Service }),
  ),
  hop: tool(
    "edge",
    "free",
    "Changes the host and workspace that the host tools work in.",
    z.object({
      host: z.string().min(1).max(200).describe("A host's name or id"),
      workspace: z.string().min(1).max(4096).startsWith("/"),
    }),
  ),
  ask_user: tool(
    "edge",
    "free",
    "Asks the person a question and waits for the answer.",
    z.object({
      question: z.string().min(1).max(4000),
      options: z.array(z.string().max(200)).max(10).optional(),
    }),
  ),
  request_read_access: tool(
    "edge",
    "read_outside",
    "Asks for leave to read a path outside the workspace, or one in it that holds secrets.",
    z.object({ path: z.string().min(1).max(4096).startsWith("/"), why: z.string().max(500).optional() }),
  ),
  read_session: tool(
    "edge",
    "read",
    "Reads the end of another session's log.",
    z.object({ session: SessionId, events: z.number().int().min(1).max(200).optional() }),
  ),
  spawn_subagent: tool(
    "edge",
    "free",
    "Hands work to a subagent: another chat that begins with your prompt alone, on this chat's host and directory. Returns its id at once; you are told when it has ended, so do not wait for it or ask again and again.",
    z.object({
      prompt: z
        .string()
        .min(1)
        .max(MAX_INPUT_BYTES)
        .describe("Everything it must know: it sees nothing of this conversation"),
      title: z.string().min(1).max(100).optional().describe("A few words that tell people what it does"),
      model: z.string().max(200).optional().describe("Another model than this chat's"),
      tell: z
        .boolean()
        .optional()
        .describe("False: its end is not told as a message; ask subagent_result for it"),
    }),
  ),
  subagent_status: tool(
    "edge",
    "free",
    "Shows how this chat's subagents stand.",
    z.object({ id: TaskId.optional().describe("One of them") }),
  ),
  subagent_result: tool(
    "edge",
    "free",
    "Gives what a subagent that has ended said last.",
    z.object({
      id: TaskId,
      from: z.number().int().min(0).optional().describe("Characters to leave out before"),
    }),
  ),
  cancel_subagent: tool("edge", "free", "Ends a subagent of this chat.", z.object({ id: TaskId })),
} as const;
export type ToolName = keyof typeof TOOLS;
export type ToolInput<N extends ToolName> = z.infer<(typeof TOOLS)[N]["input"]>;

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

/** One line that says what a call would do. */
export function summarizeCall(name: string, input: unknown): string {
  const fields = z.record(z.string(), z.unknown()).safeParse(input);
  const at = (key: string) =>
    fields.success && typeof fields.data[key] === "string" ? fields.data[key] : "";
  const argv =
    fields.success && Array.isArray(fields.data.argv) ? fields.data.argv.map(quoted).join(" ") : "";
  const what =
    argv ||
    at("path") ||
    at("service") ||
    at("text")
      .trim()
      .replace(/[\r\n]+/g, " ⏎ ") ||
    at("host") ||
    at("question") ||
    at("command") ||
    at("title") ||
    at("prompt").trim().split("\n", 1).join("") ||
    at("id");
  return `${name} ${what}`.trim().replace(/\s+/g, " ").slice(0, 500);
}

function quoted(word: unknown): string {
  const text = String(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text);
}

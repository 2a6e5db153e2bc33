import * as z from "zod";
import type { Item } from "../../../protocol/events.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { cutEnd, cutMiddle } from "../codex/cutText.ts";
import type { ToolPart } from "./opencodeWire.ts";

const MAX_INPUT_BYTES = 8 * 1024;
const Todos = z.looseObject({
  todos: z.array(z.looseObject({ content: z.string(), status: z.string().catch("") })).max(1000),
});

/** A tool call, as all agents' items are told. `denied`: a person said no to it. */
export function opencodeItem({ tool, state }: ToolPart, denied: boolean): Item {
  const { input, metadata } = state;
  const status = denied && state.status === "error" ? ("declined" as const) : STATUS[state.status];
  const output = cutMiddle(state.output ?? state.error ?? metadata?.output ?? "", MAX_OUTPUT_BYTES);
  if (tool === "bash")
    return {
      kind: "command",
      command: cutEnd(text(input["command"]) ?? tool, MAX_INPUT_BYTES),
      output: output.text,
      output_cut: output.cut,
      exit_code: metadata?.exit ?? null,
      status,
    };
  const path = text(input["filePath"]) ?? metadata?.filepath;
  if (EDITS.has(tool) && path != null && status !== "failed") {
    const change = tool === "write" && metadata?.exists === false ? ("add" as const) : ("update" as const);
    return { kind: "file_change", changes: [{ path: path.slice(0, 4096), change }], status };
  }
  const todos = tool === "todowrite" ? Todos.safeParse(input).data?.todos : undefined;
  if (todos !== undefined)
    return {
      kind: "plan",
      steps: todos.map(({ content, status: done }) => ({ text: content, done: done === "completed" })),
    };
  return {
    kind: "tool",
    name: tool.slice(0, 100),
    input: cutMiddle(JSON.stringify(input), MAX_INPUT_BYTES).text,
    output: state.status === "error" || output.text === "" ? null : output.text,
    error: state.status === "error" ? output.text : null,
    status,
  };
}

const STATUS = {
  pending: "in_progress",
  running: "in_progress",
  completed: "completed",
  error: "failed",
} as const;
const EDITS: ReadonlySet<string> = new Set(["edit", "write", "multiedit", "patch", "apply_patch"]);

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

import { createHash } from "node:crypto";
import * as z from "zod";
import type { Item } from "../../../protocol/events.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { cutEnd, cutMiddle } from "../codex/cutText.ts";
import type { Content, ToolCallUpdate, ToolContent } from "./acpWire.ts";

const MAX_INPUT_BYTES = 8 * 1024;
const MAX_TITLE_BYTES = 1000;
const MAX_CHANGES = 200;
const MAX_DIFFS = 48 * 1024;
const Change = z.object({ path: z.string(), change: z.enum(["add", "update", "delete"]) });

/** A tool call as far as it was told: each update adds to it. */
export const AcpCall = z.object({
  id: z.string(),
  title: z.string(),
  name: z.string().nullable(),
  kind: z.string(),
  status: z.enum(["pending", "in_progress", "completed", "failed"]),
  command: z.string().nullable(),
  /** JSON text. */
  input: z.string(),
  /** Of all of the input, and of all that is to be changed, where not all of it is kept here. */
  wholeInput: z.string().nullable(),
  wholeDiffs: z.string().nullable(),
  changes: z.array(Change),
  /** What is to be changed, as it was told, while it is not too long. */
  diffs: z.array(z.unknown()),
  paths: z.array(z.string()),
  output: z.string(),
  outputCut: z.number().int(),
  exitCode: z.number().int().nullable(),
  /** A person said no to it. */
  denied: z.boolean(),
});
export type AcpCall = z.infer<typeof AcpCall>;

/** A call of which nothing is known but its id. */
export function newCall(id: string): AcpCall {
  return {
    id,
    title: "",
    name: null,
    kind: "other",
    status: "pending",
    command: null,
    input: "",
    wholeInput: null,
    wholeDiffs: null,
    changes: [],
    diffs: [],
    paths: [],
    output: "",
    outputCut: 0,
    exitCode: null,
    denied: false,
  };
}

/** The call after an update. */
export function updateCall(before: AcpCall, update: ToolCallUpdate): AcpCall {
  const status = update.status ?? before.status;
  // Before it runs, the content says what it is for.
  const output = outputOf(before, status === "pending" ? { ...update, content: undefined } : update);
  const input = update.rawInput;
  const command = commandOf(input);
  const diffs = (update.content ?? []).filter(isDiff);
  const { _meta: meta } = update;
  const exit = meta?.terminal_exit?.exit_code ?? RawOutput.safeParse(update.rawOutput).data?.metadata?.exit;
  return {
    ...before,
    title: cutEnd(update.title ?? before.title, MAX_TITLE_BYTES),
    name: update.name?.slice(0, 100) ?? before.name,
    kind: update.kind?.slice(0, 40) ?? before.kind,
    status,
    command: command === null ? before.command : cutEnd(command, MAX_INPUT_BYTES),
    ...(isEmpty(input) ? {} : keepInput(JSON.stringify(input))),
    changes: diffs.length === 0 ? before.changes : diffs.slice(0, MAX_CHANGES).map(changeOf),
    ...(diffs.length === 0 ? {} : keepDiffs(diffs)),
    paths: update.locations?.slice(0, MAX_CHANGES).map(({ path }) => path.slice(0, 4096)) ?? before.paths,
    output: output.text,
    outputCut: output.cut,
    exitCode: exit ?? before.exitCode,
  };
}

function keepInput(json: string): Pick<AcpCall, "input" | "wholeInput"> {
  const { text, cut } = cutMiddle(json, MAX_INPUT_BYTES);
  return { input: text, wholeInput: cut > 0 ? sha256(json) : null };
}

function keepDiffs(diffs: Diff[]): Pick<AcpCall, "diffs" | "wholeDiffs"> {
  const json = JSON.stringify(diffs);
  return json.length > MAX_DIFFS ? { diffs: [], wholeDiffs: sha256(json) } : { diffs, wholeDiffs: null };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A call that had no end of its own, when its turn has ended. */
export function closeCall(call: AcpCall, well: boolean): AcpCall {
  return { ...call, status: well && !call.denied ? "completed" : "failed" };
}

/** Whether nothing more is expected of the call. */
export function isOver({ status }: AcpCall): boolean {
  return status === "completed" || status === "failed";
}

/** The call, as all agents' items are told. */
export function callItem(call: AcpCall): Item {
  const status = itemStatus(call);
  const { output, title } = call;
  if (call.kind === "execute")
    return {
      kind: "command",
      command: call.command ?? (title === "" ? (call.name ?? "command") : title),
      output,
      output_cut: call.outputCut,
      exit_code: call.exitCode,
      status,
    };
  if (WRITES.has(call.kind)) {
    const change = call.kind === "delete" ? ("delete" as const) : ("update" as const);
    const changes = call.changes.length > 0 ? call.changes : call.paths.map((path) => ({ path, change }));
    if (changes.length > 0 && (status !== "failed" || output === ""))
      return { kind: "file_change", changes, status };
  }
  const failed = call.status === "failed";
  return {
    kind: "tool",
    name: toolName(call),
    input: call.input === "" ? title : call.input,
    output: failed || output === "" ? null : output,
    error: failed ? (output === "" ? "It failed." : output) : null,
    status,
  };
}

function itemStatus({ status, denied }: AcpCall) {
  if (status === "pending") return "in_progress";
  return status === "failed" && denied ? "declined" : status;
}

/** What the tool is called: by the agent, or else by what it does. */
export function toolName({ name, kind, title }: Pick<AcpCall, "name" | "kind" | "title">): string {
  if (name !== null) return name;
  if (kind === "execute") return "shell";
  if (kind !== "other") return kind;
  return /^[\w.-]{1,60}$/.test(title) ? title : "tool";
}

/** Kinds of calls that change files. */
export const WRITES: ReadonlySet<string> = new Set(["edit", "delete", "move"]);

const RawOutput = z.looseObject({
  output: z.string().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
  metadata: z
    .looseObject({ exit: z.number().int().nullish().catch(null) })
    .optional()
    .catch(undefined),
});

/** The whole output as the update tells it, or what was known with what it adds. */
function outputOf(before: AcpCall, { content, rawOutput, _meta }: ToolCallUpdate) {
  const added = _meta?.terminal_output_delta?.data;
  const raw = typeof rawOutput === "string" ? { output: rawOutput } : RawOutput.safeParse(rawOutput).data;
  const told = raw?.output ?? raw?.error ?? textOf(content ?? []);
  if (told !== null) return cutMiddle(told, MAX_OUTPUT_BYTES);
  if (added === undefined) return { text: before.output, cut: before.outputCut };
  const { text, cut } = cutMiddle(before.output + added, MAX_OUTPUT_BYTES);
  return { text, cut: cut + before.outputCut };
}

/** Null when there is no text in it. */
function textOf(content: readonly ToolContent[]): string | null {
  const texts = content.filter(isContent).map(({ content: part }) => unfence(sayContent(part)));
  return texts.length === 0 ? null : texts.join("\n");
}

/** What a piece of content says; what is no text is named. */
export function sayContent({ type, text, uri }: Content): string {
  return text ?? (uri == null ? `[${type}]` : `[${type} ${uri}]`);
}

/** Some agents wrap what a program printed for a page that shows Markdown. */
function unfence(text: string): string {
  return /^```\w*\n([^]*?)\n?```$/.exec(text)?.[1] ?? text;
}

function isContent(each: ToolContent): each is Extract<ToolContent, { content: Content }> {
  return each.type === "content" && "content" in each;
}

type Diff = Extract<ToolContent, { newText: string }>;

function isDiff(each: ToolContent): each is Diff {
  return each.type === "diff" && typeof each["newText"] === "string" && typeof each["path"] === "string";
}

function changeOf({ path, oldText, newText, _meta }: Diff): z.infer<typeof Change> {
  const said = z.looseObject({ kind: Change.shape.change }).safeParse(_meta);
  const change =
    said.data?.kind ?? (oldText == null || oldText === "" ? "add" : newText === "" ? "delete" : "update");
  return { path: path.slice(0, 4096), change };
}

/** Some say it as a line, some as an argument vector. */
export function commandOf(input: unknown): string | null {
  const told = z
    .looseObject({ command: z.union([z.string(), z.array(z.string()).transform((argv) => argv.join(" "))]) })
    .safeParse(input);
  return told.success ? told.data.command : null;
}

function isEmpty(input: unknown): boolean {
  return input == null || (typeof input === "object" && Object.keys(input).length === 0);
}

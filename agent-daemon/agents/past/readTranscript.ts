import { open, type FileHandle } from "node:fs/promises";
import * as z from "zod";
import type { Transcript } from "./findTranscripts.ts";

/** What a file tells of its conversation; a null title: nothing was said in it. */
export type TranscriptFacts = { title: string | null; directory: string | null; branch: string | null };

const NOTHING: TranscriptFacts = { title: null, directory: null, branch: null };
/** So much of the beginning is read: the first prompt comes after what the agent tells itself. */
const HEADS = [32 * 1024, 256 * 1024];
/** Names that were given later stand near the end. */
const TAIL_BYTES = 32 * 1024;
const MAX_TITLE = 200;

const Content = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).transform((parts) =>
    parts
      .filter(({ type }) => type === "text" || type === "input_text")
      .map(({ text }) => text ?? "")
      .join(" "),
  ),
]);
const ClaudeLine = z.looseObject({
  type: z.string(),
  cwd: z.string().optional().catch(undefined),
  gitBranch: z.string().optional().catch(undefined),
  isMeta: z.boolean().optional().catch(undefined),
  isSidechain: z.boolean().optional().catch(undefined),
  message: z.looseObject({ role: z.string(), content: Content }).optional().catch(undefined),
  customTitle: z.string().optional().catch(undefined),
  aiTitle: z.string().optional().catch(undefined),
  summary: z.string().optional().catch(undefined),
  lastPrompt: z.string().optional().catch(undefined),
});
const CodexLine = z.looseObject({
  type: z.string(),
  payload: z.looseObject({
    type: z.string().optional().catch(undefined),
    cwd: z.string().optional().catch(undefined),
    git: z.looseObject({ branch: z.string().nullish() }).nullish().catch(undefined),
    source: z.unknown().optional(),
    role: z.string().optional().catch(undefined),
    message: z.string().optional().catch(undefined),
    content: Content.optional().catch(undefined),
  }),
});

/** Reads what a file tells of its conversation, and no more of it than is needed. A broken file tells nothing. */
export async function readTranscript({ agent, path, bytes }: Transcript): Promise<TranscriptFacts> {
  const file = await open(path, "r").catch(() => null); // gone, or not ours to read
  if (file === null) return NOTHING;
  try {
    let facts = NOTHING;
    for (const size of HEADS) {
      const head = await readPart(file, 0, Math.min(size, bytes));
      facts = agent === "claude" ? readClaude(head) : readCodex(head);
      if (facts.title !== null || bytes <= size) break;
    }
    if (agent === "codex") return facts;
    const tail = readClaudeName(await readPart(file, Math.max(0, bytes - TAIL_BYTES), TAIL_BYTES));
    return tail === null ? facts : { ...facts, title: titleOf(tail) };
  } catch {
    return NOTHING; // an error of the disk, or a file that is none
  } finally {
    await file.close();
  }
}

async function readPart(file: FileHandle, from: number, size: number): Promise<string> {
  const buffer = Buffer.alloc(size);
  const { bytesRead } = await file.read(buffer, 0, size, from);
  return buffer.toString("utf8", 0, bytesRead);
}

/** The lines of a part that are whole JSON; the first and the last may be cut. */
function* linesOf<T>(part: string, schema: z.ZodType<T>): Generator<T> {
  for (const line of part.split("\n")) {
    if (!line.startsWith("{")) continue;
    try {
      const parsed = schema.safeParse(JSON.parse(line));
      if (parsed.success) yield parsed.data;
    } catch {
      // half a line, or a broken one
    }
  }
}

/** Pure. */
export function readClaude(head: string): TranscriptFacts {
  let facts = NOTHING;
  let summary: string | null = null;
  for (const line of linesOf(head, ClaudeLine)) {
    if (line.isSidechain === true) continue;
    facts = {
      ...facts,
      directory: facts.directory ?? line.cwd ?? null,
      branch: facts.branch ?? branchOf(line.gitBranch),
    };
    if (line.type === "summary") summary ??= line.summary ?? null;
    if (line.type !== "user" || line.isMeta === true || facts.title !== null) continue;
    facts = { ...facts, title: titleOf(line.message?.content ?? "") };
    if (facts.title !== null && facts.directory !== null) break;
  }
  return summary === null || facts.title === null ? facts : { ...facts, title: titleOf(summary) };
}

/** The name that a conversation was given last, by a person or by Claude. Pure. */
export function readClaudeName(tail: string): string | null {
  let custom: string | null = null;
  let own: string | null = null;
  for (const line of linesOf(tail, ClaudeLine)) {
    if (line.type === "custom-title") custom = line.customTitle ?? custom;
    if (line.type === "ai-title") own = line.aiTitle ?? own;
  }
  return custom ?? own;
}

/** Pure. */
export function readCodex(head: string): TranscriptFacts {
  let facts = NOTHING;
  let said: string | null = null;
  for (const { type, payload } of linesOf(head, CodexLine)) {
    if (type === "session_meta") {
      // A conversation of a helper belongs to another one.
      if (typeof payload.source === "object" && payload.source !== null) return NOTHING;
      facts = { ...facts, directory: payload.cwd ?? null, branch: branchOf(payload.git?.branch) };
    }
    if (type === "event_msg" && payload.type === "user_message") {
      const title = titleOf(payload.message ?? "");
      if (title !== null) return { ...facts, title };
    }
    if (type === "response_item" && payload.type === "message" && payload.role === "user")
      said ??= titleOf(payload.content ?? "");
  }
  return { ...facts, title: said };
}

function branchOf(name: string | null | undefined): string | null {
  return name === undefined || name === null || name === "" || name === "HEAD" ? null : name.slice(0, 300);
}

/** The first line that a person said; null of what the agents say to themselves in a person's name. */
function titleOf(text: string): string | null {
  const plain = text.trim();
  if (plain === "" || /^(?:<[a-z_-]+>|# AGENTS\.md|Caveat:|\[Request interrupted)/.test(plain)) return null;
  const line = plain.split("\n", 1)[0] ?? "";
  return line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE)}…` : line;
}

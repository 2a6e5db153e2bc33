import { APICallError } from "@ai-sdk/provider";
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolResultPart,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import { FILE_MARK as MARK } from "./loadAttachments.ts";
import { digestOf, STEPS_REPLACED, SUMMARY_INSTRUCTIONS } from "./summaryRequest.ts";
import { splitForm } from "./jsonForm.ts";
import { sampleOf } from "./sampleOf.ts";
import { OFFLINE_HELP, parseCommands } from "./offlineCommands.ts";
import type { OfflineCommand, OfflineStep } from "./offlineCommands.ts";

const TOKEN_CHARACTERS = 4;
const CHUNK_CHARACTERS = 12;
const SLOW_CHUNK_MS = 100;
const RESULT_CHARACTERS = 600;
const KEPT_FAILURES = 1000;

const WHAT_I_AM =
  "I am the offline model that is built into Signalbox: no language model is connected, and I understand nothing but a few commands.";
const HOW_TO_CONNECT =
  "To talk to a real model, set OPENAI_COMPATIBLE_BASE_URL and OPENAI_COMPATIBLE_MODELS (Ollama, vLLM or any server of that kind), OPENAI_API_KEY, DEEPSEEK_API_KEY or ANTHROPIC_API_KEY where the edge starts, and start it again.";

/** How often a request has already failed as its message asked; of one isolate, which is as long as a retry lasts. */
const failures = new Map<string, number>();

/**
 * The language model that needs no network, no key and no luck. It does what the last message says, in the small
 * language of {@link parseCommands}, and says plainly that it is offline. The same prompt gets the same answer.
 */
export function createOfflineModel(): LanguageModelV4 {
  return {
    specificationVersion: "v4",
    provider: "offline",
    modelId: "builtin",
    supportedUrls: {},
    async doStream(options) {
      const answer = think(options);
      return { stream: streamOf(answer, options.abortSignal) };
    },
    async doGenerate(options): Promise<LanguageModelV4GenerateResult> {
      const answer = think(options);
      const content: LanguageModelV4Content[] = [];
      if (answer.reasoning !== "") content.push({ type: "reasoning", text: answer.reasoning });
      if (answer.text !== "") content.push({ type: "text", text: answer.text });
      return {
        content: [...content, ...answer.calls],
        finishReason: finishOf(answer),
        usage: answer.usage,
        warnings: [],
      };
    },
  };
}

type Call = { type: "tool-call"; toolCallId: string; toolName: string; input: string };
type Answer = {
  reasoning: string;
  text: string;
  /** The text comes in this many chunks with pauses between them; null: in small ones, at once. */
  slow: number | null;
  calls: Call[];
  ending: "whole" | "break" | "hang";
  usage: LanguageModelV4Usage;
};

/** Reads the prompt and makes up the answer; throws the error that the message asks for. */
function think({ prompt }: LanguageModelV4CallOptions): Answer {
  if (textOf(prompt[0]) === SUMMARY_INSTRUCTIONS) return summarized(prompt);
  const asked = findAsked(prompt);
  const { words, schema } = splitForm(textOf(prompt[asked]));
  // Each answer since then that made calls was a step, and so were those that a summary before it stands for.
  const replaced = new RegExp(`\\((\\d+) ${STEPS_REPLACED}`).exec(textOf(prompt[asked - 1]))?.[1] ?? "0";
  const done =
    Number(replaced) +
    prompt
      .slice(asked + 1)
      .filter(
        (message) =>
          message.role === "assistant" && message.content.some((part) => part.type === "tool-call"),
      ).length;
  const answered = prompt.findLastIndex((message) => message.role === "assistant");
  const results =
    answered < asked
      ? []
      : prompt
          .slice(answered)
          .flatMap((message) => (message.role === "tool" ? message.content : []))
          .filter((part) => part.type === "tool-result");
  const steps = parseCommands(words);
  // Words of a person that want an answer of a certain form: they are not to be taken for commands.
  const isForm = schema !== undefined && steps.flat().some(({ kind }) => kind === "unknown");
  const rounds = toRounds(isForm ? [[{ kind: "say", text: JSON.stringify(sampleOf(schema)) }]] : steps);
  const round = rounds[done] ?? rounds.at(-1)?.filter((command) => command.kind === "loop") ?? [];

  const key = fingerprint(prompt);
  const failed = failNow(round, key, asked > 0 && prompt[asked - 1]?.role === "user");
  const paragraphs = results.map(describeResult);
  const files = answered < asked ? filesOf(prompt[asked]) : [];
  if (files.length > 0) paragraphs.push(describeFiles(files));
  const thoughts: string[] = [];
  const calls: Call[] = [];
  let slow: number | null = null;
  const callTool = (toolName: string, input: string) =>
    calls.push({ type: "tool-call", toolCallId: `call_${key}_${calls.length + 1}`, toolName, input });
  for (const command of round) {
    if (command.kind === "call") callTool(command.tool, JSON.stringify(command.input));
    if (command.kind === "loop") callTool("run_command", JSON.stringify({ argv: command.argv }));
    if (command.kind === "raw") callTool(command.tool, command.json);
    if (command.kind === "say") paragraphs.push(command.text);
    if (command.kind === "think") thoughts.push(command.text);
    if (command.kind === "long") paragraphs.push(countTo(command.words));
    if (command.kind === "slow") {
      slow = command.chunks;
      paragraphs.push(countTo(command.chunks));
    }
    if (command.kind === "summaries") paragraphs.push("I will make my summaries like that.");
    if (command.kind === "summarize") paragraphs.push(summary(prompt.slice(0, asked)));
    if (command.kind === "help") paragraphs.push(WHAT_I_AM, help(), HOW_TO_CONNECT);
  }
  const unknown = round.filter((command) => command.kind === "unknown");
  if (unknown.length > 0 || (rounds.length === 0 && results.length === 0 && files.length === 0)) {
    const complaints = unknown.map(({ line, why }) => `I cannot do “${shorten(line, 100)}”: ${why}.`);
    paragraphs.push(
      WHAT_I_AM,
      ...complaints,
      "Type “help” for what I understand, for example “run git status”.",
      HOW_TO_CONNECT,
    );
  }
  if (calls.length > 0)
    thoughts.push(`The message asks for ${calls.map((made) => made.toolName).join(" and ")}.`);
  if (paragraphs.length === 0 && calls.length === 0)
    paragraphs.push(thoughts.length > 0 ? "I have thought about it." : "That is all.");
  const answer = {
    reasoning: thoughts.join("\n"),
    text: paragraphs.join("\n\n"),
    slow,
    calls,
    ending: failed,
  };
  return { ...answer, usage: usageOf(prompt, answer) };
}

/**
 * Where the message stands that is being answered: the person's last one. A message between two steps that holds no
 * command is a remark, and the plan goes on.
 */
function findAsked(prompt: LanguageModelV4Prompt): number {
  let asked = prompt.findLastIndex((message) => message.role === "user");
  while (asked > 0 && prompt[asked - 1]?.role === "tool") {
    const commands = parseCommands(textOf(prompt[asked])).flat();
    const earlier = prompt.slice(0, asked).findLastIndex((message) => message.role === "user");
    if (earlier < 0 || commands.some(({ kind }) => kind !== "unknown")) break;
    asked = earlier;
  }
  return asked;
}

/**
 * Steps as the model takes them: one that makes no call cannot wait for anything, so it goes together with the next.
 * A step with a loop is the last.
 */
function toRounds(steps: OfflineStep[]): OfflineStep[] {
  const rounds: OfflineStep[] = [];
  let open: OfflineCommand[] = [];
  for (const step of steps) {
    open = [...open, ...step];
    if (!step.some(({ kind }) => kind === "call" || kind === "raw" || kind === "loop")) continue;
    rounds.push(open);
    open = [];
    if (step.some(({ kind }) => kind === "loop")) return rounds;
  }
  if (open.length > 0) rounds.push(open);
  return rounds;
}

/** Throws, or says how the answer ends, as often as the message wants it; after that all is well again. */
function failNow(round: OfflineStep, key: string, shortened: boolean): Answer["ending"] {
  const command = round.find(({ kind }) => kind === "fail");
  if (command?.kind !== "fail") return "whole";
  if (command.how === "full") {
    if (shortened) return "whole";
    throw errorOf(413);
  }
  const before = failures.get(key) ?? 0;
  if (before >= command.times) {
    failures.delete(key);
    return "whole";
  }
  failures.set(key, before + 1);
  for (const oldest of failures.keys()) {
    if (failures.size <= KEPT_FAILURES) break;
    failures.delete(oldest);
  }
  if (command.how === "break" || command.how === "hang") return command.how;
  throw errorOf(command.how);
}

function errorOf(status: number): APICallError {
  return new APICallError({
    message: `the message asked for an error ${status}`,
    url: "offline:",
    requestBodyValues: {},
    statusCode: status,
    ...(status === 429 ? { responseHeaders: { "retry-after-ms": "200" } } : {}),
  });
}

/** The summary of a record: what was asked and called. It is made as the record's last word about it says. */
function summarized(prompt: LanguageModelV4Prompt): Answer {
  const record = textOf(prompt.at(-1));
  const [, how, n = "0"] = [...record.matchAll(/^PERSON: summaries (slow|fail) (\d+)$/gm)].at(-1) ?? [];
  if (how === "fail") throw errorOf(Number(n));
  const answer: Omit<Answer, "usage"> = {
    reasoning: "",
    text: `## Done\n${digestOf(record)}`,
    slow: how === "slow" ? Number(n) : null,
    calls: [],
    ending: "whole",
  };
  return { ...answer, usage: usageOf(prompt, answer) };
}

function describeResult({ toolName, output }: LanguageModelV4ToolResultPart): string {
  if (output.type === "execution-denied") {
    return `${toolName} was not allowed${output.reason === undefined ? "." : `: ${output.reason}`}`;
  }
  const value = output.type === "content" ? textOfParts(output.value) : output.value;
  const text = (typeof value === "string" ? value : JSON.stringify(value)).trim();
  const failed = output.type === "error-text" || output.type === "error-json";
  if (text === "") return failed ? `${toolName} did not work.` : `${toolName} gave back nothing.`;
  return `${toolName} ${failed ? "did not work" : "gave back"}:\n${fence(shorten(text, RESULT_CHARACTERS))}`;
}

/** Whether a part is a file, or tells of one: no words of the person, and no commands. */
function isFile(part: { type: string }): boolean {
  return part.type === "file" || ("providerOptions" in part && MARK in Object(part.providerOptions));
}

function filesOf(message: LanguageModelV4Prompt[number] | undefined): string[] {
  if (message?.role !== "user") return [];
  return message.content
    .filter(isFile)
    .map((part) => (part.type === "text" ? part.text : `[An image, ${part.filename ?? part.mediaType}.]`));
}

function describeFiles(files: string[]): string {
  const got = files.length === 1 ? "a file" : `${files.length} files`;
  return `I got ${got} with it, and can only say so:\n${fence(shorten(files.join("\n"), RESULT_CHARACTERS))}`;
}

/** A code block that its text cannot end. */
function fence(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}`;
}

function help(): string {
  return OFFLINE_HELP.map((line) => `- ${line.replace(/[<>]/g, (mark) => (mark === "<" ? "‹" : "›"))}`).join(
    "\n",
  );
}

function summary(earlier: LanguageModelV4Prompt): string {
  const lines = earlier.flatMap((message) => {
    if (message.role === "user") return [`- asked: ${shorten(textOf(message), 120)}`];
    if (message.role !== "assistant") return [];
    const tools = message.content.flatMap((part) => (part.type === "tool-call" ? [part.toolName] : []));
    return tools.length > 0 ? [`- called: ${tools.join(", ")}`] : [];
  });
  return ["What was said so far:", ...(lines.length > 0 ? lines.slice(-40) : ["- nothing"])].join("\n");
}

function countTo(n: number): string {
  return Array.from({ length: n }, (_, index) => `word${index + 1}`).join(" ");
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}

function textOf(message: LanguageModelV4Prompt[number] | undefined): string {
  if (message === undefined) return "";
  return typeof message.content === "string" ? message.content : textOfParts(message.content);
}

function textOfParts(parts: readonly { type: string }[]): string {
  return parts
    .map((part) => ("text" in part && typeof part.text === "string" && !isFile(part) ? part.text : ""))
    .filter(Boolean)
    .join("\n");
}

/** A short name of a prompt (FNV-1a): the same prompt makes the same call ids, a longer one makes others. */
function fingerprint(prompt: LanguageModelV4Prompt): string {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(prompt)) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash.toString(36).padStart(7, "0"); // of one length: what it makes of a prompt is counted as tokens
}

/**
 * Counts as a provider with a prompt cache does. The request before this one of the same conversation was this prompt
 * up to the last answer: that is the longest prefix that both have.
 */
function usageOf(prompt: LanguageModelV4Prompt, answer: Omit<Answer, "usage">): LanguageModelV4Usage {
  const size = (messages: LanguageModelV4Prompt) =>
    Math.ceil(JSON.stringify(messages).length / TOKEN_CHARACTERS);
  const total = size(prompt);
  const answered = prompt.findLastIndex((message) => message.role === "assistant");
  const cached = answered < 0 ? 0 : Math.min(total, size(prompt.slice(0, answered)));
  const reasoning = Math.ceil(answer.reasoning.length / TOKEN_CHARACTERS);
  const calls = answer.calls.reduce((sum, made) => sum + made.toolName.length + made.input.length, 0);
  const text = Math.ceil((answer.text.length + calls) / TOKEN_CHARACTERS);
  return {
    inputTokens: { total, noCache: total - cached, cacheRead: cached, cacheWrite: 0 },
    outputTokens: { total: text + reasoning, text, reasoning },
  };
}

function finishOf(answer: Answer): LanguageModelV4GenerateResult["finishReason"] {
  return answer.calls.length > 0
    ? { unified: "tool-calls", raw: "tool_calls" }
    : { unified: "stop", raw: "stop" };
}

/** The answer in small chunks; made as they are wanted, so that a reader who stops stops it. */
function streamOf(
  answer: Answer,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> {
  const parts = partsOf(answer, signal);
  return new ReadableStream<LanguageModelV4StreamPart>(
    {
      async pull(controller) {
        try {
          const { done, value } = await parts.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
}

async function* partsOf(
  answer: Answer,
  signal: AbortSignal | undefined,
): AsyncGenerator<LanguageModelV4StreamPart, void> {
  yield { type: "stream-start", warnings: [] };
  if (answer.reasoning !== "") {
    yield { type: "reasoning-start", id: "thought" };
    for (const delta of chunks(answer.reasoning, null))
      yield { type: "reasoning-delta", id: "thought", delta };
    yield { type: "reasoning-end", id: "thought" };
  }
  if (answer.text !== "") {
    yield { type: "text-start", id: "text" };
    const all = chunks(answer.text, answer.slow);
    for (const [index, delta] of all.entries()) {
      if (answer.ending !== "whole" && index >= all.length / 2) break;
      if (answer.slow !== null && index > 0) await pause(SLOW_CHUNK_MS, signal);
      yield { type: "text-delta", id: "text", delta };
    }
    if (answer.ending === "whole") yield { type: "text-end", id: "text" };
  }
  if (answer.ending === "hang") await pause(null, signal);
  if (answer.ending === "break") throw new TypeError("the stream broke off, as the message asked");
  for (const call of answer.calls) {
    yield { type: "tool-input-start", id: call.toolCallId, toolName: call.toolName };
    for (const delta of chunks(call.input, null))
      yield { type: "tool-input-delta", id: call.toolCallId, delta };
    yield { type: "tool-input-end", id: call.toolCallId };
    yield call;
  }
  yield { type: "finish", finishReason: finishOf(answer), usage: answer.usage };
}

/** Cuts a text into `count` chunks, or into words of about the usual size; no character is cut in two. */
function chunks(text: string, count: number | null): string[] {
  if (count === null)
    return (
      text
        .match(new RegExp(`[^]{0,${CHUNK_CHARACTERS}}?(?:\\s|$)|[^]{${CHUNK_CHARACTERS}}`, "gu"))
        ?.filter(Boolean) ?? []
    );
  const characters = [...text];
  const size = Math.max(1, Math.ceil(characters.length / count));
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, index) =>
    characters.slice(index * size, (index + 1) * size).join(""),
  );
}

/** Waits (for ever without a time), until the signal is raised. */
function pause(ms: number | null, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer =
      ms === null
        ? undefined
        : setTimeout(() => {
            signal?.removeEventListener("abort", stopped);
            resolve();
          }, ms);
    if (signal?.aborted === true) return stopped();
    signal?.addEventListener("abort", stopped, { once: true });
  });
}

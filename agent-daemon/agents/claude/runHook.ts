import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  HOOK_LIFE_MS,
  HookAnswer,
  type HookHello,
  MAX_HOOK_BYTES,
  PermissionHook,
  PRINTED,
  SUBAGENT_WAIT_MS,
} from "./hookWire.ts";

/** How often a daemon that went away is looked for. */
const RETRY_MS = 500;
/** How long one is looked for that was killed before this hook came: its socket stands there, and nobody listens. */
const KILLED_MS = 10 * 60_000;
/** After this a subagent's hook leaves by itself: the daemon, which should have told it to, hangs. */
const SUBAGENT_GIVE_UP_MS = SUBAGENT_WAIT_MS + 10_000;

type Streams = { stdin: NodeJS.ReadableStream; stdout: NodeJS.WritableStream };

/**
 * Claude Code's hook: hands a permission request to the daemon, waits, and prints the decision. It never fails and
 * never says a word of its own: whatever goes wrong, Claude's dialog decides.
 */
export async function runHook(
  socketPath: string,
  env: NodeJS.ProcessEnv,
  { stdin, stdout }: Streams,
): Promise<void> {
  const hook = parseHook(await readAll(stdin));
  if (hook === null) return;
  const parent = process.ppid;
  const hello: HookHello = {
    id: randomUUID(),
    hook,
    hook_pid: process.pid,
    pid: numberOf(env["CLAUDE_PID"]),
    tmux: env["TMUX"] ?? null,
    pane: env["TMUX_PANE"] ?? null,
  };
  const began = Date.now();
  const until = began + HOOK_LIFE_MS;
  let met = false;
  while (Date.now() < until && process.ppid === parent) {
    const heard = await ask(socketPath, hello, stdout);
    if (heard === "done") return;
    if (heard === "connected") met = true;
    if (hook.agent_id !== undefined) return; // its dialog opens only now
    if (!met && (!existsSync(socketPath) || Date.now() - began > KILLED_MS)) return; // no daemon here
    await sleep(RETRY_MS);
  }
}

/** One connection: `done` when there is nothing more to wait for, `connected` when it was lost, `refused` when there was none. */
function ask(
  path: string,
  hello: HookHello,
  stdout: NodeJS.WritableStream,
): Promise<"done" | "connected" | "refused"> {
  return new Promise((resolve) => {
    let met = false;
    let answered = false;
    let buffer = "";
    const socket = createConnection(path);
    if (hello.hook.agent_id !== undefined) setTimeout(() => socket.destroy(), SUBAGENT_GIVE_UP_MS).unref();
    socket.setEncoding("utf8");
    socket.on("connect", () => {
      met = true;
      socket.write(`${JSON.stringify(hello)}\n`);
    });
    socket.on("data", (chunk) => {
      if (answered) return;
      buffer += String(chunk);
      const end = buffer.indexOf("\n");
      if (end === -1 && buffer.length <= MAX_HOOK_BYTES) return;
      // Whatever becomes of the connection from here on: a second answer would make both unreadable for Claude.
      answered = true;
      const answer = parseAnswer(buffer.slice(0, end));
      if (answer?.type !== "print") return (socket.destroy(), resolve("done"));
      stdout.write(`${answer.text}\n`, (error) => {
        if (error !== undefined && error !== null) return (socket.destroy(), resolve("done"));
        // Told before this process ends, so that the daemon knows what became of the decision.
        socket.end(`${PRINTED}\n`, () => resolve("done"));
      });
    });
    socket.on("error", () => {}); // `close` follows
    socket.on("close", () => {
      if (!answered) resolve(met ? "connected" : "refused");
    });
  });
}

function parseHook(text: string): PermissionHook | null {
  try {
    const parsed = PermissionHook.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON: nothing we can decide
  }
}

function parseAnswer(line: string): HookAnswer | null {
  try {
    const parsed = HookAnswer.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_HOOK_BYTES) return "";
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function numberOf(text: string | undefined): number | null {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : null;
}

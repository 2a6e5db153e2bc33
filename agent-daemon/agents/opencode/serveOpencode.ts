import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { launch } from "../../run.ts";
import { say } from "../../system/Sentence.ts";
import { openOpencode } from "./openOpencode.ts";
import { ServerAsk } from "./opencodeWire.ts";

/** How long the server may take to say where it listens. */
const START_MS = 60_000;

/**
 * OpenCode's server as a program that speaks lines: what it is to ask the server comes on stdin, what the server tells
 * and answers goes to stdout. The server listens on loopback, and answers only who knows its password, which no other
 * person of this machine can read. It ends with whoever started this.
 */
export async function serveOpencode(program: string): Promise<number> {
  const password = randomBytes(32).toString("base64url");
  const child = launch({
    argv: [program, "serve", "--hostname", "127.0.0.1", "--port", "0"],
    cwd: process.cwd(),
    env: { ...process.env, OPENCODE_SERVER_USERNAME: "signalbox", OPENCODE_SERVER_PASSWORD: password },
    stdio: ["ignore", "pipe", "inherit"],
    detached: false,
  });
  const ended = Promise.withResolvers<number>();
  child.on("error", (error) => {
    process.stderr.write(`${program} could not be started: ${error.message}\n`);
    ended.resolve(127);
  });
  child.on("exit", (code) => ended.resolve(code ?? 1));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  // It is read to its end, whatever follows.
  const url = Promise.withResolvers<string>();
  if (child.stdout !== null)
    createInterface(child.stdout).on("line", (line) => {
      const found = /listening on (http:\/\/\S+)/.exec(line)?.[1];
      if (found !== undefined) url.resolve(found);
    });
  const late = setTimeout(() => url.reject(new Error("OpenCode did not say where it listens.")), START_MS);
  void ended.promise.then(() => url.reject(new Error("OpenCode ended.")));
  try {
    await relay(await url.promise, password, ended.promise);
  } catch (error) {
    process.stderr.write(`${say(error)}\n`);
  } finally {
    clearTimeout(late);
    child.kill("SIGTERM");
  }
  const code = await Promise.race([ended.promise, patience()]);
  child.kill("SIGKILL");
  return code;
}

/** Passes lines until either side has ended. */
async function relay(url: string, password: string, ended: Promise<number>): Promise<void> {
  const server = openOpencode({ url, user: "signalbox", password, directory: process.cwd() });
  const lost = server.follow((event) => write({ event }));
  const asked = createInterface(process.stdin);
  asked.on("line", (line) => {
    const parsed = ServerAsk.safeParse(parse(line));
    if (!parsed.success) return; // no line of ours
    const { ask, method, path, body } = parsed.data;
    void server.ask(method, path, body).then((answer) => write({ answer: ask, ...answer }));
  });
  const left = new Promise<void>((resolve) => asked.on("close", resolve));
  await Promise.race([lost, left, ended]);
  server.close();
}

const GRACE_MS = 3_000;

function patience(): Promise<number> {
  return new Promise((resolve) => setTimeout(() => resolve(1), GRACE_MS).unref());
}

function write(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null; // no line of ours
  }
}

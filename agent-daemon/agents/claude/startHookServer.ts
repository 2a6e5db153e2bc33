import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Log } from "../../parts.ts";
import { Sentence } from "../../system/Sentence.ts";
import { type HookAnswer, HookHello, MAX_HOOK_BYTES, PRINTED } from "./hookWire.ts";

/** A hook that waits at the other end of a connection. */
export type WaitingHook = {
  hello: HookHello;
  /** Gives it its one answer; resolves to whether Claude was given it (null: the connection broke before that was told). */
  answer(answer: HookAnswer): Promise<boolean | null>;
  /** Called when the connection is gone. */
  onGone(listener: () => void): void;
};

/** How long a hook may take to print what it was given. */
const PRINT_MS = 10_000;

/** Listens for Claude's hooks on a Unix socket that only this user can reach. */
export async function startHookServer(deps: {
  path: string;
  onHook: (hook: WaitingHook) => void;
  log: Log;
}): Promise<{ stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // `close` follows
    readHello(socket, (hello) => deps.onHook(waiting(socket, hello)));
  });
  ensureOurs(dirname(deps.path));
  rmSync(deps.path, { force: true }); // of a daemon that was killed: the state directory is ours alone
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(deps.path, () => resolve());
  });
  chmodSync(deps.path, 0o600);
  server.on("error", (error) => deps.log("error", "The hook socket failed.", { error: String(error) }));
  return {
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      rmSync(deps.path, { force: true });
    },
  };
}

/** Makes the socket's directory; one that is somebody else's is refused. */
function ensureOurs(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (lstatSync(directory).uid !== process.getuid?.())
    throw new Sentence(`${directory} is not this user's; hooks cannot be served from it.`);
}

function readHello(socket: Socket, take: (hello: HookHello) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_HOOK_BYTES) return void socket.destroy();
    if (!chunk.includes(10)) return;
    socket.off("data", onData);
    const hello = parseHello(Buffer.concat(chunks).toString("utf8"));
    if (hello === null) socket.destroy();
    else take(hello);
  };
  socket.on("data", onData);
}

function parseHello(line: string): HookHello | null {
  try {
    const parsed = HookHello.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function waiting(socket: Socket, hello: HookHello): WaitingHook {
  return {
    hello,
    answer: (answer) =>
      new Promise((resolve) => {
        if (socket.destroyed) return resolve(false); // it never got it
        let said = "";
        const timer = setTimeout(() => socket.destroy(), PRINT_MS);
        socket.on("data", (chunk: Buffer) => {
          said += chunk.toString("utf8");
        });
        socket.on("close", () => {
          clearTimeout(timer);
          resolve(said.startsWith(PRINTED) ? true : answer.type === "leave" ? false : null);
        });
        socket.write(`${JSON.stringify(answer)}\n`);
      }),
    onGone: (listener) => void (socket.destroyed ? listener() : socket.on("close", listener)),
  };
}

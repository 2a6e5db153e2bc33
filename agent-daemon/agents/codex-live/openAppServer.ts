import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { VERSION } from "../../version.ts";
import { MAX_MESSAGE_BYTES, RpcMessage, type RpcId } from "./appServerWire.ts";

/** What a connection to Codex's app server tells. */
export type AppServerEvents = {
  notified(method: string, params: Record<string, unknown>): void;
  asked(id: RpcId, method: string, params: Record<string, unknown>): void;
  /** Once, however it ended. */
  closed(reason: string): void;
};

/** The app server has a request, and will not do it. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Refused";
  }
}

/** A connection to Codex's app server. */
export type AppServer = {
  /** Rejects when the server refuses ({@link Refused}), does not answer in time, or goes away. */
  request(method: string, params: Record<string, unknown>): Promise<unknown>;
  /** Answers a request of the server; false when it cannot be sent any more. */
  answer(id: RpcId, result: unknown): boolean;
  close(): void;
};

/** A server that is just starting, or ending, may take a connection and never speak: then another one is tried. */
const HELLO_MS = 3_000;
const ANSWER_MS = 10_000;
/**
 * Whoever says hello first gives the whole server its name, towards the model's provider too, and every conversation in
 * it. That must be Codex's terminal, so this name is one that Codex passes over: that of its own look at the server.
 */
const CLIENT_NAME = "codex_app_server_daemon";

/** Where Codex keeps what is its own. */
export function codexHome(env: NodeJS.ProcessEnv): string {
  return env.CODEX_HOME ?? join(env.HOME ?? homedir(), ".codex");
}

/** The socket of the app server that Codex's terminals share; null while there is none. */
export function appServerSocket(env: NodeJS.ProcessEnv): string | null {
  try {
    return realpathSync(join(codexHome(env), "app-server-control", "app-server-control.sock"));
  } catch {
    return null; // Codex has not been started here
  }
}

/** Connects and says hello. Rejects when nobody answers there. */
export async function openAppServer(path: string, events: AppServerEvents): Promise<AppServer> {
  const socket = new WebSocket(`ws+unix://${path}:/`, {
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: HELLO_MS,
  });
  const waiting = new Map<RpcId, PromiseWithResolvers<unknown>>();
  let count = 0;

  const send = (message: object): boolean => {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  };
  async function request(method: string, params: Record<string, unknown>): Promise<unknown> {
    const id = ++count;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    const timer = setTimeout(() => answer.reject(new Error(`${method} was not answered.`)), ANSWER_MS);
    try {
      if (!send({ id, method, params })) throw new Error("Codex's app server is gone.");
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  }
  function take(data: unknown): void {
    const message = RpcMessage.safeParse(parse(String(data)));
    if (!message.success) return; // of a kind that is not known here
    const told = message.data;
    if ("method" in told) {
      if ("id" in told) events.asked(told.id, told.method, told.params);
      else events.notified(told.method, told.params);
    } else if ("error" in told) waiting.get(told.id)?.reject(new Refused(told.error.message));
    else waiting.get(told.id)?.resolve(told.result);
  }

  const opened = Promise.withResolvers<void>();
  let reason = "it was closed";
  socket.on("open", () => opened.resolve());
  socket.on("message", take);
  socket.on("error", (error) => {
    reason = error.message; // a close follows
  });
  socket.on("close", () => {
    opened.reject(new Error(reason));
    for (const { reject } of waiting.values()) reject(new Error(reason));
    events.closed(reason);
  });
  await opened.promise;
  try {
    await request("initialize", {
      clientInfo: { name: CLIENT_NAME, title: "Signalbox", version: VERSION },
      capabilities: { experimentalApi: true, requestAttestation: false },
    });
  } catch (error) {
    socket.terminate();
    throw error;
  }
  send({ method: "initialized" });
  return {
    request,
    answer: (id, result) => send({ id, result }),
    close: () => socket.terminate(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

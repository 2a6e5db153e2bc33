import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";
import { WebSocketServer, type WebSocket } from "ws";
import { FLUSH_WINDOW_MS } from "../../durable-objects/shared/Batcher.ts";
import { serveHelper } from "../lib/serveHelper.ts";

/**
 * The same loop in Node `ws`, bare: no log, no checks, no resume. What a source sends on `/link` goes to everybody on
 * `/live`: one frame per event, or gathered (the first at once, the rest every few milliseconds).
 */
const Start = z.object({ gathered: z.boolean() });

type Frame = {
  type: string;
  messages: { seq: number; message: { events: { at: number; event: object }[] } }[];
};

function startServer(gathered: boolean): Promise<string> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  const viewers = new Set<WebSocket>();
  let head = 0;
  let waiting: string[] = [];
  let timer: NodeJS.Timeout | null = null;

  function broadcast(events: string[]): void {
    const frame = `{"type":"events","first":${head + 1},"events":[${events.join(",")}]}`;
    head += events.length;
    for (const viewer of viewers) viewer.send(frame);
  }

  function flush(): void {
    timer = null;
    if (waiting.length === 0) return;
    const events = waiting;
    waiting = [];
    timer = setTimeout(flush, FLUSH_WINDOW_MS);
    broadcast(events);
  }

  function take(data: string): unknown {
    const frame: Frame = JSON.parse(data);
    if (frame.type !== "messages") return { type: "welcome", acked: 0 };
    for (const { message } of frame.messages)
      for (const { at, event } of message.events) {
        if (!gathered) broadcast([JSON.stringify({ seq: head + 1, at, ...event })]);
        else waiting.push(JSON.stringify({ seq: head + waiting.length + 1, at, ...event }));
      }
    if (gathered && timer === null) flush();
    return { type: "ack", seq: frame.messages.at(-1)?.seq };
  }

  sockets.on("connection", (socket, request) => {
    if (request.url === "/link") {
      socket.on("message", (data) => {
        const text = data.toString();
        socket.send(text === "ping" ? "pong" : JSON.stringify(take(text)));
      });
      return;
    }
    socket.once("message", () => {
      socket.send(
        JSON.stringify({ type: "gap", version: 1, epoch: "peer", head, first: head + 1, session: SESSION }),
      );
      viewers.add(socket);
    });
    socket.on("close", () => viewers.delete(socket));
  });
  return new Promise((resolve) => {
    http.listen(0, "127.0.0.1", () => {
      // SAFETY: a server that listens on a TCP port has an address with a port.
      const { port } = http.address() as AddressInfo;
      resolve(`ws://127.0.0.1:${port}`);
    });
  });
}

/** The least that the viewers' schema takes for a session. */
const SESSION = {
  id: "ses_00000000000000000000000000",
  team: "main",
  host: null,
  provider: "tmux",
  title: "peer",
  status: "working",
  status_reason: null,
  status_since: 0,
  exit: null,
  thread: null,
  seq: 0,
  created_at: 0,
  updated_at: 0,
  ended_at: null,
  version: 1,
  cwd: null,
  command: null,
  agent: null,
  git: null,
  pane: null,
  worktree: null,
  preview: null,
};

serveHelper({ start: (input) => startServer(Start.parse(input).gathered) });

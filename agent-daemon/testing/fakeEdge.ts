import { PROTOCOL_VERSION } from "../../protocol/limits.ts";
import { newId } from "../../protocol/ids.ts";
import { LinkClientFrame } from "../../protocol/link.ts";
import type { LinkServerFrame, OutputPiece } from "../../protocol/link.ts";
import type { RequestListener } from "node:http";
import { startSocketServer } from "./socketServer.ts";
import type { ServerSocket } from "./socketServer.ts";

/** What the edge may do instead of what it should, at a message frame. */
export type Mischief =
  | "none"
  | "cut_before_commit"
  | "cut_before_ack"
  | "ack_late"
  | "freeze"
  | "close"
  | "half_commit"
  | "no_ack";

export type FakeEdgeOptions = {
  /** Asked at every frame of messages. */
  mischief?: () => Mischief;
  /** Asked at every connection. */
  refuse?: () => { code: number; reason: string } | "silence" | null;
  /** Answers plain requests. */
  onRequest?: RequestListener;
};

/** A host object in memory: commits messages in order per epoch, drops what it has, acks what it committed. */
export async function startFakeEdge(options: FakeEdgeOptions = {}) {
  const committed = new Map<string, { seq: number; bodies: unknown[] }>();
  const hellos: Extract<LinkClientFrame, { type: "hello" }>[] = [];
  const problems: string[] = [];
  const frames: number[] = [];
  const outputs: OutputPiece[] = [];
  const answers: { id: string; answer?: unknown }[] = [];
  const host = newId("hst");
  let current: ServerSocket | null = null;
  let connections = 0;
  const watching: string[] = [];

  const server = await startSocketServer((socket) => {
    connections += 1;
    const refusal = options.refuse?.() ?? null;
    if (refusal !== null && refusal !== "silence") socket.close(refusal.code, refusal.reason);
    let log: { seq: number; bodies: unknown[] } | null = null;
    let frozen = false;
    return {
      text(text) {
        if (frozen || refusal !== null) return;
        if (text === "ping") return socket.send("pong");
        const parsed = LinkClientFrame.safeParse(JSON.parse(text));
        if (!parsed.success) return void problems.push(parsed.error.message);
        const frame = parsed.data;
        if (frame.type === "hello") {
          hellos.push(frame);
          if (current !== null && current !== socket) current.close(4409, "a newer socket");
          current = socket;
          log = committed.get(frame.epoch) ?? { seq: frame.acked, bodies: [] };
          committed.set(frame.epoch, log);
          send(socket, {
            type: "welcome",
            version: PROTOCOL_VERSION,
            host,
            name: "test",
            acked: log.seq,
            watching: [...watching],
          });
          return;
        }
        if (log === null) return void problems.push("messages before hello");
        if (current !== socket) return;
        if (frame.type === "output") return void outputs.push(frame);
        if (frame.type === "answer") return void answers.push(frame);
        if (frame.type === "want_rules") return;
        frames.push(frame.messages.length);
        const act = options.mischief?.() ?? "none";
        if (act === "cut_before_commit") return socket.cut();
        if (act === "freeze") {
          frozen = true;
          return;
        }
        const take =
          act === "half_commit"
            ? frame.messages.slice(0, Math.ceil(frame.messages.length / 2))
            : frame.messages;
        for (const { seq, message } of take) {
          if (seq <= log.seq) continue; // it has that
          if (seq !== log.seq + 1) problems.push(`a hole: ${seq} after ${log.seq}`);
          log.seq = seq;
          log.bodies.push(message);
        }
        const { seq } = log;
        if (act === "cut_before_ack" || act === "half_commit") return socket.cut();
        if (act === "close") return socket.close(1011, "restarting");
        if (act === "no_ack") return;
        if (act === "ack_late") setTimeout(() => send(socket, { type: "ack", seq }), 5);
        else send(socket, { type: "ack", seq });
      },
      closed() {
        if (current === socket) current = null;
      },
    };
  }, options.onRequest);

  function send(socket: ServerSocket, frame: LinkServerFrame): void {
    socket.send(JSON.stringify(frame));
  }

  return {
    url: server.url,
    host,
    hellos,
    problems,
    /** Messages in each frame that came. */
    frames,
    /** Pieces of output that came. */
    outputs,
    answers,
    watching,
    connections: () => connections,
    sockets: server.sockets,
    /** Messages of all epochs, in the order of their commit. */
    bodies: () => [...committed.values()].flatMap((log) => log.bodies),
    epochs: () => [...committed.keys()],
    send(frame: LinkServerFrame | string) {
      current?.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    },
    current: () => current,
    stop: server.stop,
  };
}

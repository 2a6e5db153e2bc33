import * as z from "zod";
import { WebSocket } from "ws";
import { SendWindow } from "../../agent-daemon/link/sendWindow.ts";
import { PING_INTERVAL_MS, PROTOCOL_VERSION } from "../../protocol/limits.ts";
import type { HostInfo } from "../../protocol/host.ts";
import type { LinkClientFrame } from "../../protocol/link.ts";

const INFO: HostInfo = {
  hostname: "bench",
  os: "linux",
  arch: "x64",
  agent_version: "0.0.0",
  node_version: process.version,
  tmux_version: null,
  agents: {},
  workspaces: [],
  problems: [],
};

const ServerFrame = z.object({ type: z.string(), acked: z.number().optional(), seq: z.number().optional() });

export type LinkSender = {
  /** Sends messages (each as JSON) in the frames and within the window of the daemon's link; resolves when all are acked. */
  send(messages: readonly string[]): Promise<void>;
  /** Frames sent since it was opened. */
  frames(): number;
  close(): void;
};

/** A daemon's end of the link without its journal: what the edge sees is the same, and nothing else is measured. */
export async function openLinkSender(
  url: string,
  token: string,
  epoch = crypto.randomUUID(),
): Promise<LinkSender> {
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  const window = new SendWindow();
  /** Messages after the last acked one. */
  let queue: string[] = [];
  let queuedFrom = 0;
  let head = 0;
  let frames = 0;
  let done = Promise.withResolvers<void>();
  const welcomed = Promise.withResolvers<void>();

  const pings = setInterval(() => socket.send("ping"), PING_INTERVAL_MS);

  const fail = (error: Error) => {
    clearInterval(pings);
    welcomed.reject(error);
    done.reject(error);
  };
  // Whoever waits gets the error; nobody waiting is fine.
  done.promise.catch(() => {});
  socket.on("error", fail);
  socket.on("close", (code, reason) =>
    fail(new Error(`The link closed: ${code} ${reason.toString("utf8")}`)),
  );
  socket.on("open", () => {
    const hello: LinkClientFrame = { type: "hello", version: PROTOCOL_VERSION, epoch, acked: 0, info: INFO };
    socket.send(JSON.stringify(hello));
  });
  socket.on("message", (data) => {
    if (data.toString() === "pong") return;
    const frame = ServerFrame.parse(JSON.parse(data.toString()));
    if (frame.type === "welcome") {
      head = frame.acked ?? 0;
      queuedFrom = head;
      window.reset(head, head, 0);
      welcomed.resolve();
    } else if (frame.type === "ack" && frame.seq !== undefined) {
      window.ack(frame.seq);
      pump();
      if (frame.seq === head) done.resolve();
    }
  });

  function pump(): void {
    for (;;) {
      const limit = window.nextFrame();
      if (limit === null) return;
      const items: { seq: number; bytes: number }[] = [];
      const parts: string[] = [];
      let bytes = 0;
      for (let seq = window.sent + 1; seq <= head && items.length < limit.messages; seq++) {
        const message = queue[seq - queuedFrom - 1] ?? "";
        if (items.length > 0 && bytes + message.length > limit.bytes) break;
        bytes += message.length;
        items.push({ seq, bytes: message.length });
        parts.push(`{"seq":${seq},"message":${message}}`);
      }
      window.sentItems(items);
      frames += 1;
      socket.send(`{"type":"messages","messages":[${parts.join(",")}]}`);
    }
  }

  await welcomed.promise;
  return {
    send(messages) {
      done = Promise.withResolvers();
      done.promise.catch(() => {});
      queue = window.unacked ? [...queue, ...messages] : [...messages];
      if (!window.unacked) queuedFrom = head;
      head += messages.length;
      window.put(
        head,
        messages.reduce((sum, message) => sum + message.length, 0),
      );
      pump();
      return done.promise;
    },
    frames: () => frames,
    close() {
      clearInterval(pings);
      socket.removeAllListeners("close");
      socket.close();
    },
  };
}

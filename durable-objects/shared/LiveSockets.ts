import * as z from "zod";
import { LIVE_WINDOW_BYTES } from "../../protocol/limits.ts";

/** A frame and the position (seq or rev) that a client has reached once it has it. */
export type Positioned = { position: number; frame: string };

/** Where a client is. `unacked`: bytes sent since the last ack. */
type Client = { sent: number; unacked: number };

/** What a socket's attachment says, since it survives hibernation: who it is, and where it stands if it is not in step. */
const Attachment = z.looseObject({ ready: z.boolean().optional(), behind: z.number().nullable().optional() });

type Parts = {
  ctx: DurableObjectState;
  /** Tag of the sockets that are served here. */
  tag: string;
  /** The position of the newest frame: a socket that slept with the object has it, unless its attachment says otherwise. */
  head: () => number;
  /** What a client that stands at `sent` still lacks, oldest first. */
  rest: (ws: WebSocket, sent: number) => Iterable<Positioned>;
};

/**
 * Fans frames out to sockets that stand at a position in one order (the log's seq, the hub's rev).
 * A client that does not ack stops getting frames, and goes on from storage when it does: memory stays bounded.
 */
export class LiveSockets {
  readonly #parts: Parts;
  readonly #clients = new Map<WebSocket, Client>();

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const ws of parts.ctx.getWebSockets(parts.tag)) {
      const { ready, behind } = attachmentOf(ws);
      if (!ready) continue;
      const client = {
        sent: behind ?? parts.head(),
        unacked: typeof behind === "number" ? LIVE_WINDOW_BYTES : 0,
      };
      this.#clients.set(ws, client);
    }
  }

  get count(): number {
    return this.#clients.size;
  }

  /** Puts a client at a position and sends it the rest. */
  start(ws: WebSocket, position: number): void {
    this.#clients.set(ws, { sent: position, unacked: 0 });
    ws.serializeAttachment({ ...attachmentOf(ws), ready: true, behind: null });
    this.#pump(ws);
  }

  /** The client has taken in what was sent. */
  ack(ws: WebSocket): void {
    const client = this.#clients.get(ws);
    if (client === undefined) return;
    const wasBehind = client.unacked >= LIVE_WINDOW_BYTES;
    client.unacked = 0;
    if (!wasBehind) return;
    ws.serializeAttachment({ ...attachmentOf(ws), behind: null });
    this.#pump(ws);
  }

  /** Whether the client has said hello. */
  has(ws: WebSocket): boolean {
    return this.#clients.has(ws);
  }

  drop(ws: WebSocket): void {
    this.#clients.delete(ws);
  }

  /** Sends what just happened to every client that is in step; `from` is the position before it. */
  broadcast(from: number, next: Positioned): void {
    for (const [ws, client] of this.#clients) {
      if (client.sent === from && client.unacked < LIVE_WINDOW_BYTES) this.#send(ws, client, next);
    }
  }

  /** As {@link broadcast}, for frames that differ by client; null sends none but moves the client on. */
  broadcastEach(from: number, position: number, frameFor: (ws: WebSocket) => string | null): void {
    for (const [ws, client] of this.#clients) {
      if (client.sent !== from || client.unacked >= LIVE_WINDOW_BYTES) continue;
      const frame = frameFor(ws);
      if (frame === null) client.sent = position;
      else this.#send(ws, client, { position, frame });
    }
  }

  /** Sends a frame that stands outside the order (a newer one replaces it anyway). */
  tell(frame: string): void {
    for (const [ws, client] of this.#clients) {
      if (client.unacked < LIVE_WINDOW_BYTES) this.#send(ws, client, { position: client.sent, frame });
    }
  }

  #pump(ws: WebSocket): void {
    const client = this.#clients.get(ws);
    if (client === undefined || client.unacked >= LIVE_WINDOW_BYTES) return;
    for (const next of this.#parts.rest(ws, client.sent)) {
      this.#send(ws, client, next);
      if (client.unacked >= LIVE_WINDOW_BYTES || !this.#clients.has(ws)) return;
    }
  }

  #send(ws: WebSocket, client: Client, { position, frame }: Positioned): void {
    try {
      ws.send(frame);
    } catch {
      this.#clients.delete(ws); // it closed under us; its close event follows
      return;
    }
    client.sent = position;
    client.unacked += frame.length;
    if (client.unacked >= LIVE_WINDOW_BYTES)
      ws.serializeAttachment({ ...attachmentOf(ws), behind: position });
  }
}

function attachmentOf(ws: WebSocket): z.infer<typeof Attachment> {
  const parsed = Attachment.safeParse(ws.deserializeAttachment());
  return parsed.success ? parsed.data : {};
}

import * as z from "zod";
import { LIVE_ACK_BYTES, LIVE_WINDOW_BYTES } from "../../protocol/limits.ts";

/** A frame and the position (seq or rev) that a client has reached once it has it. */
export type Positioned = { position: number; frame: string };

/** About as much as a client acks at once, and the position it has reached with it. */
type Stretch = { position: number; bytes: number };

/** Where a client is. `unacked`: bytes on their way to it, in stretches, oldest first. */
type Client = { sent: number; unacked: number; onTheWay: Stretch[] };

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
  /** The newest frames that stand outside the order: a client that was behind has missed them. */
  latest?: () => string[];
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
      const isBehind = typeof behind === "number";
      this.#clients.set(ws, {
        sent: isBehind ? behind : parts.head(),
        unacked: isBehind ? LIVE_WINDOW_BYTES : 0,
        // How much of it is on the way is forgotten; any ack says that the client still reads.
        onTheWay: isBehind ? [{ position: 0, bytes: LIVE_WINDOW_BYTES }] : [],
      });
    }
  }

  get count(): number {
    return this.#clients.size;
  }

  /** Puts a client at a position and sends it the rest. */
  start(ws: WebSocket, position: number): void {
    this.#clients.set(ws, { sent: position, unacked: 0, onTheWay: [] });
    ws.serializeAttachment({ ...attachmentOf(ws), ready: true, behind: null });
    this.#pump(ws);
  }

  /** The client has taken in what was sent up to a position; at least one stretch, whatever position it names. */
  ack(ws: WebSocket, position: number): void {
    const client = this.#clients.get(ws);
    if (client === undefined) return;
    const wasBehind = client.unacked >= LIVE_WINDOW_BYTES;
    const last = client.onTheWay.findLastIndex((stretch) => stretch.position <= position);
    for (const { bytes } of client.onTheWay.splice(0, Math.max(last + 1, 1))) client.unacked -= bytes;
    if (!wasBehind || client.unacked >= LIVE_WINDOW_BYTES) return;
    ws.serializeAttachment({ ...attachmentOf(ws), behind: null });
    this.#pump(ws);
    if (client.unacked >= LIVE_WINDOW_BYTES) return;
    for (const frame of this.#parts.latest?.() ?? [])
      this.#send(ws, client, { position: client.sent, frame });
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
    client.sent = position;
    client.unacked += frame.length;
    const open = client.onTheWay.at(-1);
    if (open === undefined || open.bytes >= LIVE_ACK_BYTES)
      client.onTheWay.push({ position, bytes: frame.length });
    else Object.assign(open, { position, bytes: open.bytes + frame.length });
    try {
      ws.send(frame);
      if (client.unacked >= LIVE_WINDOW_BYTES)
        ws.serializeAttachment({ ...attachmentOf(ws), behind: position });
    } catch {
      this.#clients.delete(ws); // it closed under us; its close event follows
    }
  }
}

function attachmentOf(ws: WebSocket): z.infer<typeof Attachment> {
  const parsed = Attachment.safeParse(ws.deserializeAttachment());
  return parsed.success ? parsed.data : {};
}

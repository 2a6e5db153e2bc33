import * as z from "zod";
import { WebSocket } from "ws";
import { LIVE_ACK_BYTES } from "../../protocol/limits.ts";
import { SessionServerFrame } from "../../protocol/sessionFrames.ts";
import { serveHelper } from "./serveHelper.ts";

/** Asks for something that takes many frames, and times it until the last byte is there. */
const Fetch = z.object({
  url: z.string(),
  token: z.string(),
  /** The text that asks. */
  ask: z.string(),
  /** It is there with the event of this seq; null: with the first message. A session's frames are acked, and checked after the clock has stopped. */
  lastSeq: z.number().nullable(),
});

async function open(url: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return socket;
}

serveHelper({
  async fetch(input) {
    const { url, token, ask, lastSeq } = Fetch.parse(input);
    const socket = await open(url, token);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const frames: Buffer[] = [];
    let unacked = 0;
    socket.on("error", reject);
    socket.on("message", (data: Buffer) => {
      frames.push(data);
      const seq = lastSeq === null ? 0 : seqAtEnd(data);
      if (lastSeq === null || seq === lastSeq) return resolve(performance.now());
      unacked += data.length;
      if (unacked < LIVE_ACK_BYTES) return;
      unacked = 0;
      socket.send(`{"type":"ack","seq":${seq}}`);
    });
    const began = performance.now();
    socket.send(ask);
    const ms = (await promise) - began;
    socket.close(1000);
    return {
      ms,
      bytes: frames.reduce((sum, { length }) => sum + length, 0),
      frames: frames.length,
      ...(lastSeq === null ? {} : check(frames)),
    };
  },
});

function seqAtEnd(data: Buffer): number {
  const at = data.lastIndexOf('{"seq":');
  return at < 0 ? 0 : Number.parseInt(data.toString("latin1", at + 7, at + 24), 10);
}

/** How many events came; throws when one came twice, out of order or not at all. */
function check(frames: Buffer[]): { events: number } {
  let seq: number | null = null;
  let events = 0;
  for (const data of frames) {
    const frame = SessionServerFrame.parse(JSON.parse(data.toString("utf8")));
    if (frame.type !== "events") continue;
    for (const event of frame.events) {
      if (seq !== null && event.seq !== seq + 1) throw new Error(`event ${event.seq} came after ${seq}`);
      seq = event.seq;
      events += 1;
    }
  }
  return { events };
}

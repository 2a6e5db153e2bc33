import * as z from "zod";
import { WebSocket } from "ws";
import { LIVE_ACK_BYTES, PROTOCOL_VERSION } from "../../protocol/limits.ts";
import { SessionServerFrame } from "../../protocol/sessionFrames.ts";
import { serveHelper } from "./serveHelper.ts";

/** Many viewers of one session in one process, as pages follow it: hello, frames in order, acks. */
const Connect = z.object({ url: z.string(), token: z.string(), count: z.number() });
const Target = z.object({ seq: z.number() });

type Viewer = { socket: WebSocket; seq: number; frames: number; bytes: number; unacked: number };

let viewers: Viewer[] = [];
let target = Number.POSITIVE_INFINITY;
let arrived = 0;
let failure: Error | null = null;
let reached = Promise.withResolvers<number>();

const FIRST = Buffer.from('{"type":"events","first":');
const SEQ = Buffer.from('{"seq":');

/** Reads the first and last seq of an events frame without parsing what is between: the clients must not be what is measured. */
function rangeOf(data: Buffer): { first: number; last: number } | null {
  if (data.compare(FIRST, 0, FIRST.length, 0, FIRST.length) !== 0) return null;
  const lastAt = data.lastIndexOf(SEQ) + SEQ.length;
  return { first: numberAt(data, FIRST.length), last: numberAt(data, lastAt) };
}

function numberAt(data: Buffer, from: number): number {
  let value = 0;
  for (let at = from; at < data.length; at++) {
    const digit = (data[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

function take(viewer: Viewer, data: Buffer, check: boolean): void {
  const range = rangeOf(data);
  if (range === null) return;
  const { first, last } = range;
  if (first !== viewer.seq + 1) throw new Error(`a viewer got ${first} after ${viewer.seq}`);
  if (check) checkWhole(data, first);
  viewer.seq = last;
  viewer.frames += 1;
  viewer.bytes += data.length;
  viewer.unacked += data.length;
  if (viewer.unacked >= LIVE_ACK_BYTES) {
    viewer.unacked = 0;
    viewer.socket.send(`{"type":"ack","seq":${viewer.seq}}`);
  }
  if (last >= target && last - target < last - first + 1) {
    arrived += 1;
    if (arrived === viewers.length) reached.resolve(Date.now());
  }
}

/** One of the viewers reads everything: every event once, in order. */
function checkWhole(data: Buffer, first: number): void {
  const frame = SessionServerFrame.parse(JSON.parse(data.toString("utf8")));
  if (frame.type !== "events") throw new Error(`an events frame was a ${frame.type}`);
  frame.events.forEach(({ seq }, i) => {
    if (seq !== first + i) throw new Error(`event ${seq} stands where ${first + i} should`);
  });
}

function fail(error: unknown): void {
  failure = error instanceof Error ? error : new Error(String(error));
  reached.reject(failure);
}
reached.promise.catch(() => {}); // whoever waits gets it

async function open(url: string, token: string, check: boolean): Promise<Viewer> {
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  const viewer: Viewer = { socket, seq: 0, frames: 0, bytes: 0, unacked: 0 };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let started = false;
  socket.on("error", reject);
  socket.on("close", (code) => {
    if (code !== 1000) fail(new Error(`a viewer was closed: ${code}`));
  });
  socket.on("open", () => socket.send(JSON.stringify({ type: "hello", version: PROTOCOL_VERSION, tail: 0 })));
  socket.on("message", (data: Buffer) => {
    try {
      if (started) return take(viewer, data, check);
      const frame = SessionServerFrame.parse(JSON.parse(data.toString("utf8")));
      if (frame.type !== "gap") throw new Error(`hello was answered by ${frame.type}`);
      viewer.seq = frame.first - 1;
      started = true;
      resolve();
    } catch (error) {
      fail(error);
    }
  });
  await promise;
  return viewer;
}

serveHelper({
  /** Connects; answers the seq they all begin after. */
  async connect(input) {
    const { url, token, count } = Connect.parse(input);
    const opened: Viewer[] = [];
    while (opened.length < count) {
      const some = Array.from({ length: Math.min(50, count - opened.length) }, (_, i) =>
        open(url, token, opened.length + i === 0),
      );
      opened.push(...(await Promise.all(some)));
    }
    viewers = opened;
    return viewers[0]?.seq ?? 0;
  },
  /** Arms the clock for a seq that nobody has yet. */
  arm(input) {
    if (failure !== null) throw failure;
    target = Target.parse(input).seq;
    arrived = 0;
    reached = Promise.withResolvers();
    reached.promise.catch(() => {});
    for (const viewer of viewers) Object.assign(viewer, { frames: 0, bytes: 0 });
  },
  /** When every viewer had the seq, and what one viewer got on average. */
  async reached() {
    const at = await reached.promise;
    const sum = (pick: (viewer: Viewer) => number) =>
      viewers.reduce((total, viewer) => total + pick(viewer), 0);
    return {
      at,
      frames: sum(({ frames }) => frames) / viewers.length,
      bytes: sum(({ bytes }) => bytes) / viewers.length,
    };
  },
  /** Where the first viewer is. */
  state() {
    const { seq = 0, frames = 0, bytes = 0 } = viewers[0] ?? {};
    return { seq, frames, bytes };
  },
  close() {
    for (const { socket } of viewers) socket.close(1000);
    viewers = [];
    target = Number.POSITIVE_INFINITY;
  },
});

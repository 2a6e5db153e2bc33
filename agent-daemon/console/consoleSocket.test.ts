import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLOSE } from "../../protocol/closeCodes.ts";
import { MAX_FRAME_BYTES } from "../../protocol/limits.ts";
import { connectConsole } from "./consoleSocket.ts";
import { consoleUrl } from "./startConsoles.ts";
import type { ConsoleSocket } from "./webSocket.ts";

type Event = { data?: unknown; code?: number; reason?: string };

/** A socket that does only what the test says. */
class FakeSocket implements ConsoleSocket {
  static made: FakeSocket[] = [];
  binaryType = "";
  readyState = 0;
  bufferedAmount = 0;
  sent: unknown[] = [];
  closed: number | undefined;
  readonly url: string;
  readonly headers: Record<string, string>;
  #listeners = new Map<string, ((event: never) => void)[]>();

  constructor(url: string, options: { headers: Record<string, string> }) {
    this.url = url;
    this.headers = options.headers;
    FakeSocket.made.push(this);
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(code?: number): void {
    this.closed = code;
    this.readyState = 2;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  say(type: "open" | "message" | "close", event: Event = {}): void {
    if (type === "open") this.readyState = 1;
    if (type === "close") this.readyState = 3;
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

const made = (index: number) => {
  const socket = FakeSocket.made[index];
  if (socket === undefined) throw new Error(`no socket ${index}`);
  return socket;
};

function connect() {
  const seen = { up: 0, down: 0, over: 0, frames: [] as number[][] };
  const connection = connectConsole({
    url: "ws://edge/x",
    token: "secret",
    WebSocketImpl: FakeSocket,
    log: () => {},
    onUp: () => (seen.up += 1),
    onDown: () => (seen.down += 1),
    onFrame: (frame) => seen.frames.push([...frame]),
    onOver: () => (seen.over += 1),
  });
  return { connection, seen };
}

beforeEach(() => {
  FakeSocket.made = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
});
afterEach(() => vi.useRealTimers());

describe("connectConsole", () => {
  it("carries frames and the token, and pings as text", () => {
    const { connection, seen } = connect();
    expect(made(0).headers).toEqual({ authorization: "Bearer secret" });
    expect(connection.send(Uint8Array.of(1))).toBe(false);
    made(0).say("open");
    expect(connection.send(Uint8Array.of(1))).toBe(true);
    made(0).say("message", { data: Uint8Array.of(7, 8).buffer });
    vi.advanceTimersByTime(10_000);
    made(0).say("message", { data: "pong" });
    expect(seen).toEqual({ up: 1, down: 0, over: 0, frames: [[7, 8]] });
    expect(made(0).sent).toEqual([Uint8Array.of(1), "ping"]);
    connection.stop();
  });

  it("gives a silent socket up, and does not listen to it any more", () => {
    const { connection, seen } = connect();
    made(0).say("open");
    for (let pings = 0; pings < 6; pings++) {
      vi.advanceTimersByTime(10_000);
      made(0).say("message", { data: "pong" });
    }
    expect(FakeSocket.made).toHaveLength(1);
    vi.advanceTimersByTime(41_000);
    expect(made(0).closed).toBe(CLOSE.silent);
    expect([FakeSocket.made.length, seen.down]).toEqual([2, 1]);
    made(1).say("open");
    made(0).say("message", { data: Uint8Array.of(9).buffer });
    made(0).say("close", { code: CLOSE.nobodyWatching, reason: "" });
    expect(seen).toEqual({ up: 2, down: 1, over: 0, frames: [] });
    connection.stop();
  });

  it("gives an attempt up that neither opens nor fails", () => {
    const { connection, seen } = connect();
    vi.advanceTimersByTime(10_500);
    expect([FakeSocket.made.length, seen.up, seen.down]).toEqual([2, 0, 0]);
    connection.stop();
    vi.advanceTimersByTime(100_000);
    expect(FakeSocket.made).toHaveLength(2);
  });

  it("tries again ever more slowly, and quickly again once it has heard something", () => {
    const { connection } = connect();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      made(attempt).say("close", { code: 1006, reason: "" });
      const began = performance.now();
      while (FakeSocket.made.length === attempt + 1) vi.advanceTimersByTime(5);
      waits.push(performance.now() - began);
    }
    expect(waits[0]).toBeLessThanOrEqual(255);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_005);
    made(9).say("open");
    made(9).say("message", { data: "pong" });
    made(9).say("close", { code: 1012, reason: "" });
    vi.advanceTimersByTime(255);
    expect(FakeSocket.made).toHaveLength(11);
    connection.stop();
  });

  it.each([CLOSE.nobodyWatching, CLOSE.unauthenticated, CLOSE.forbidden, CLOSE.notFound, CLOSE.version])(
    "is over after %i",
    (code) => {
      const { seen } = connect();
      made(0).say("open");
      made(0).say("close", { code, reason: "" });
      vi.advanceTimersByTime(100_000);
      expect([FakeSocket.made.length, seen.over, seen.down]).toEqual([1, 1, 1]);
    },
  );

  it("refuses a frame that is too large", () => {
    const { connection, seen } = connect();
    made(0).say("open");
    made(0).say("message", { data: new ArrayBuffer(MAX_FRAME_BYTES + 1) });
    expect([made(0).closed, seen.frames]).toEqual([CLOSE.tooLarge, []]);
    connection.stop();
  });
});

describe("consoleUrl", () => {
  it.each([
    ["http://127.0.0.1:8787", "ws://127.0.0.1:8787/api/link/console/ses_1"],
    ["https://box.example.com/", "wss://box.example.com/api/link/console/ses_1"],
  ])("%s", (base, url) => expect(consoleUrl(base, "ses_1")).toBe(url));
});

import { describe, expect, it } from "vitest";
import { CLOSE } from "../../../../protocol/closeCodes.ts";
import {
  CONSOLE,
  decodeConsole,
  decodeSize,
  decodeU32,
  encodeConsole,
  encodeNote,
  encodeSnapshot,
  type ConsoleNote,
} from "../../../../protocol/consoleFrames.ts";
import { newId } from "../../../../protocol/ids.ts";
import { MAX_PASTE_BYTES } from "../../../../protocol/limits.ts";
import { fakeEnvironment } from "../../../shared/live/fakeEnvironment.ts";
import type { ConsoleState } from "./consoleState.ts";
import { CREDIT_AT_BYTES, CREDIT_WITHIN_MS } from "./creditMeter.ts";
import { startConsole } from "./startConsole.ts";

const session = newId("ses");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function start() {
  const environment = fakeEnvironment();
  const drawn: { what: string; head?: unknown; done: () => void }[] = [];
  const states: ConsoleState[] = [];
  const refused: string[] = [];
  const console = startConsole({
    session,
    environment,
    screen: {
      snapshot: (head, bytes, done) => drawn.push({ what: new TextDecoder().decode(bytes), head, done }),
      output: (bytes, done) => drawn.push({ what: new TextDecoder().decode(bytes), done }),
    },
    onState: (state) => states.push(state),
    onRefused: (reason) => refused.push(reason),
  });
  environment.socket().opens();
  const says = (type: (typeof CONSOLE)[keyof typeof CONSOLE], payload: Uint8Array): void => {
    const frame = encodeConsole(type, 0, payload);
    environment.socket().says(frame.buffer.slice(0));
  };
  const note = (value: ConsoleNote): void => says(CONSOLE.note, encodeNote(value));
  const snapshot = (fresh = true): void =>
    says(CONSOLE.snapshot, encodeSnapshot({ cols: 80, rows: 24, fresh }, text("screen")));
  const goLive = (): void => {
    note({ state: "live" });
    snapshot();
  };
  const sent = () =>
    environment
      .socket()
      .sent.flatMap((data) => (typeof data === "string" ? [] : [decodeConsole(data)]))
      .flatMap((frame) => (frame === null ? [] : [{ type: frame.type, payload: frame.payload }]));
  return { environment, console, drawn, states, refused, says, note, snapshot, goLive, sent };
}

describe("a console", () => {
  it("asks for the session's console and is live only once a snapshot came", () => {
    const { environment, console, note, snapshot, drawn } = start();
    expect(environment.socket().url).toBe(`/api/sessions/${session}/console`);
    note({ state: "waiting", reason: "Asking the host for this terminal." });
    expect(console.state()).toEqual({ phase: "waiting", reason: "Asking the host for this terminal." });
    note({ state: "live" });
    expect(console.state().phase).toBe("connecting");
    expect(console.type("x")).toBe(false);
    snapshot();
    expect(console.state().phase).toBe("live");
    expect(drawn).toMatchObject([{ what: "screen", head: { cols: 80, rows: 24, fresh: true } }]);
  });

  it("sends what is typed as input and what is pasted as a paste", () => {
    const { console, goLive, sent } = start();
    goLive();
    expect(console.type("ls\r")).toBe(true);
    expect(console.type(new Uint8Array([0xff, 0x1b]))).toBe(true);
    expect(console.paste("žluťoučký\nkůň")).toBeNull();
    expect(sent()).toEqual([
      { type: CONSOLE.input, payload: text("ls\r") },
      { type: CONSOLE.input, payload: new Uint8Array([0xff, 0x1b]) },
      { type: CONSOLE.paste, payload: text("žluťoučký\nkůň") },
    ]);
  });

  it("sends nothing while the host is away, the pane has ended, or the connection is gone", () => {
    const { environment, console, goLive, note, sent } = start();
    goLive();
    for (const state of ["waiting", "ended"] as const) {
      note({ state, reason: "away" });
      expect(console.type("rm")).toBe(false);
      expect(console.paste("rm")).toMatch(/not live/);
    }
    expect(sent()).toEqual([]);
    environment.socket().closes(1006);
    expect(console.type("rm")).toBe(false);
  });

  it("takes the largest paste, refuses a larger one with a sentence, and counts bytes, not characters", () => {
    const { console, goLive, sent } = start();
    goLive();
    expect(console.paste("x".repeat(MAX_PASTE_BYTES))).toBeNull();
    expect(console.paste("x".repeat(MAX_PASTE_BYTES + 1))).toMatch(
      /769 kB.*at most 768 kB.*Nothing was pasted/,
    );
    expect(console.paste("ž".repeat(MAX_PASTE_BYTES / 2 + 1))).toMatch(/Nothing was pasted/);
    expect(sent()).toHaveLength(1);
  });

  it("cuts typing that is too long for a frame", () => {
    const { console, goLive, sent } = start();
    goLive();
    console.type("x".repeat(70_000));
    expect(sent().map((frame) => frame.payload.length)).toEqual([32_768, 32_768, 4_464]);
  });

  it("credits whole payloads once they are drawn, in few frames", () => {
    const { environment, drawn, goLive, says, sent } = start();
    goLive();
    for (let i = 0; i < 3; i++) says(CONSOLE.output, text("y".repeat(100)));
    environment.advance(CREDIT_WITHIN_MS * 2);
    expect(sent()).toEqual([]);
    drawn.forEach((each) => each.done());
    expect(sent()).toEqual([]);
    environment.advance(CREDIT_WITHIN_MS);
    const head = JSON.stringify({ cols: 80, rows: 24, fresh: true }).length;
    expect(sent().map((frame) => [frame.type, decodeU32(frame.payload)])).toEqual([
      [CONSOLE.credit, 300 + 2 + head + "screen".length],
    ]);
  });

  it("credits a flood at once when a quarter of the window is drawn", () => {
    const { drawn, goLive, says, sent } = start();
    goLive();
    says(CONSOLE.output, text("y".repeat(CREDIT_AT_BYTES)));
    drawn[1]?.done();
    expect(sent().map((frame) => decodeU32(frame.payload))).toEqual([CREDIT_AT_BYTES]);
  });

  it("does not credit to a new connection what an older one drew", () => {
    const { environment, drawn, goLive, says, sent } = start();
    goLive();
    says(CONSOLE.output, text("y".repeat(CREDIT_AT_BYTES)));
    drawn[0]?.done();
    environment.socket().closes(1006);
    environment.advance(20_000);
    environment.socket().opens();
    goLive();
    drawn[1]?.done();
    environment.advance(CREDIT_WITHIN_MS);
    expect(sent()).toEqual([]);
  });

  it("says that the connection was lost, and is live again after the next snapshot", () => {
    const { environment, console, goLive, states } = start();
    goLive();
    environment.socket().closes(1001);
    expect(console.state()).toMatchObject({ phase: "lost", reason: "Signalbox is restarting." });
    environment.advance(20_000);
    expect(console.state().phase).toBe("lost");
    environment.socket().opens();
    goLive();
    expect(console.state().phase).toBe("live");
    expect(states.map((state) => state.phase)).toContain("lost");
  });

  it("stays ended when the connection closes after the end", () => {
    const { environment, console, goLive, note } = start();
    goLive();
    note({ state: "ended", reason: "exit 0" });
    environment.socket().closes(1006);
    expect(console.state()).toEqual({ phase: "ended", reason: "exit 0" });
  });

  it("is refused for good when the session is gone", () => {
    const { environment, console } = start();
    environment.socket().closes(CLOSE.notFound);
    expect(console.state()).toEqual({ phase: "refused", reason: "This does not exist any more." });
  });

  it("passes on a refusal and stays live", () => {
    const { console, goLive, note, refused } = start();
    goLive();
    note({ state: "refused", reason: "Your role may watch, not type." });
    expect(refused).toEqual(["Your role may watch, not type."]);
    expect(console.state().phase).toBe("live");
  });

  it("tells its size when it is live, once per size, and again after each connection", () => {
    const { environment, console, goLive, sent } = start();
    console.resize(100, 30);
    expect(sent()).toEqual([]);
    goLive();
    console.resize(100, 30);
    console.resize(120, 40);
    console.resize(120, 40, true);
    expect(sent().map((frame) => decodeSize(frame.payload))).toEqual([
      { cols: 100, rows: 30 },
      { cols: 120, rows: 40 },
      { cols: 120, rows: 40 },
    ]);
    environment.socket().closes(1006);
    environment.advance(20_000);
    environment.socket().opens();
    goLive();
    expect(sent().map((frame) => decodeSize(frame.payload))).toEqual([{ cols: 120, rows: 40 }]);
  });

  it("ignores frames it does not know, and short or broken ones, and connects again after a broken snapshot", () => {
    const { environment, console, goLive, says, drawn } = start();
    goLive();
    environment.socket().says(new ArrayBuffer(3));
    environment.socket().says("text");
    environment.socket().says(new Uint8Array([99, 0, 0, 0, 0, 1]).buffer);
    says(CONSOLE.note, text("{"));
    says(CONSOLE.note, text('{"state":"dancing"}'));
    expect(console.state().phase).toBe("live");
    expect(drawn).toHaveLength(1);
    says(CONSOLE.snapshot, text("x"));
    expect(console.state()).toMatchObject({
      phase: "lost",
      reason: "The host sent something this page cannot draw.",
    });
  });
});

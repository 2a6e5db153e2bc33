import { describe, test } from "vitest";
import {
  CONSOLE,
  decodeConsole,
  decodeU32,
  encodeConsole,
  encodeNote,
  encodeSnapshot,
} from "../../../protocol/consoleFrames.ts";
import { readKeys } from "./attachKeys.ts";
import { viewConsole } from "./viewConsole.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function view() {
  const drawn: string[] = [];
  const waiting: (() => void)[] = [];
  const sent: { type: number; payload: Uint8Array }[] = [];
  const viewer = viewConsole(
    {
      draw(data, done) {
        drawn.push(new TextDecoder().decode(data));
        waiting.push(done);
      },
      note: (note) => drawn.push(`[${note.state}]`),
    },
    (frame) => {
      const decoded = decodeConsole(frame);
      if (decoded !== null) sent.push(decoded);
    },
  );
  return { viewer, drawn, sent, finish: () => waiting.splice(0).forEach((done) => done()) };
}

describe("a viewer in the terminal", () => {
  test("draws snapshots and output, and shows notes", ({ expect }) => {
    const { viewer, drawn } = view();
    viewer.receive(encodeConsole(CONSOLE.note, 0, encodeNote({ state: "live" })));
    viewer.receive(
      encodeConsole(
        CONSOLE.snapshot,
        1,
        encodeSnapshot({ cols: 80, rows: 24, fresh: true }, bytes("screen")),
      ),
    );
    viewer.receive(encodeConsole(CONSOLE.output, 0, bytes("more")));
    viewer.receive(
      encodeConsole(
        CONSOLE.snapshot,
        1,
        encodeSnapshot({ cols: 80, rows: 24, fresh: false }, bytes("again")),
      ),
    );
    expect(drawn).toEqual(["[live]", "screen", "more", "again"]);
  });

  test("gives credit back for the whole payload, once it is drawn", ({ expect }) => {
    const { viewer, sent, finish } = view();
    const snapshot = encodeSnapshot({ cols: 80, rows: 24, fresh: true }, new Uint8Array(20_000));
    viewer.receive(encodeConsole(CONSOLE.snapshot, 1, snapshot));
    viewer.receive(encodeConsole(CONSOLE.output, 0, new Uint8Array(1_000)));
    expect(sent).toEqual([]);
    finish();
    viewer.receive(encodeConsole(CONSOLE.output, 0, new Uint8Array(30_000)));
    finish();
    expect(sent.map(({ type, payload }) => [type, decodeU32(payload)])).toEqual([
      [CONSOLE.credit, snapshot.length],
      [CONSOLE.credit, 31_000],
    ]);
  });

  test("ignores what is malformed or newer", ({ expect }) => {
    const { viewer, drawn } = view();
    for (const data of [
      new Uint8Array(0),
      new Uint8Array(3),
      encodeConsole(CONSOLE.snapshot, 0, bytes("x")),
      encodeConsole(CONSOLE.note, 0, bytes("{")),
    ]) {
      viewer.receive(data);
    }
    const newer = encodeConsole(CONSOLE.output, 0, bytes("x"));
    newer[0] = 99;
    viewer.receive(newer);
    expect(drawn).toEqual([]);
  });

  test("cuts what is typed into frames, in order", ({ expect }) => {
    const { viewer, sent } = view();
    const paste = new Uint8Array(40_000).map((_, i) => i % 251);
    viewer.type(paste);
    viewer.resize(100, 30);
    expect(sent.map(({ type }) => type)).toEqual([
      CONSOLE.input,
      CONSOLE.input,
      CONSOLE.input,
      CONSOLE.resize,
    ]);
    expect(Buffer.concat(sent.slice(0, 3).map(({ payload }) => payload))).toEqual(Buffer.from(paste));
  });

  test("Ctrl-] leaves; what was typed before it still goes", ({ expect }) => {
    expect(readKeys(bytes("ls\r"))).toEqual({ input: bytes("ls\r"), leave: false });
    expect(readKeys(bytes("x\u001dy"))).toEqual({ input: bytes("x"), leave: true });
  });
});

import {
  CONSOLE,
  decodeConsole,
  decodeNote,
  decodeSnapshot,
  encodeConsole,
  encodeSize,
  encodeU32,
} from "../../../protocol/consoleFrames.ts";
import type { ConsoleNote } from "../../../protocol/consoleFrames.ts";

/** Credit is given back once this much was drawn, not for every frame. */
const CREDIT_BYTES = 16 * 1024;
/** The largest input of one frame; a paste into the terminal is cut into such pieces. */
const INPUT_BYTES = 16 * 1024;

/** What the console's client does to the terminal it runs in. */
export type Screen = {
  /** Draws bytes; `drawn` is called once they are out. */
  draw(bytes: Uint8Array, drawn: () => void): void;
  /** Shows the console's state beside the terminal. */
  note(note: ConsoleNote): void;
};

/** A viewer of a console: frames in, the terminal's bytes out, credit back. Knows no socket and no terminal. */
export function viewConsole(screen: Screen, send: (frame: Uint8Array) => void) {
  let owed = 0;
  const drawn = (bytes: number) => {
    owed += bytes;
    if (owed < CREDIT_BYTES) return;
    send(encodeConsole(CONSOLE.credit, 0, encodeU32(owed)));
    owed = 0;
  };
  return {
    receive(data: ArrayBuffer | Uint8Array): void {
      const frame = decodeConsole(data);
      if (frame === null) return; // too short to be one
      const { payload } = frame;
      switch (frame.type) {
        case CONSOLE.output:
          return screen.draw(payload, () => drawn(payload.length));
        case CONSOLE.snapshot: {
          const snapshot = decodeSnapshot(payload);
          if (snapshot === null) return;
          // Its bytes clear the screen themselves.
          return screen.draw(snapshot.bytes, () => drawn(payload.length));
        }
        case CONSOLE.note: {
          const note = decodeNote(payload);
          if (note !== null) screen.note(note);
          return;
        }
        default:
          return; // a newer edge says more
      }
    },
    type(bytes: Uint8Array): void {
      for (let at = 0; at < bytes.length; at += INPUT_BYTES) {
        send(encodeConsole(CONSOLE.input, 0, bytes.subarray(at, at + INPUT_BYTES)));
      }
    },
    resize(cols: number, rows: number): void {
      send(encodeConsole(CONSOLE.resize, 0, encodeSize(cols, rows)));
    },
  };
}

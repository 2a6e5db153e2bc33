import {
  CONSOLE,
  decodeConsole,
  decodeNote,
  decodeSnapshot,
  encodeConsole,
  encodeSize,
  encodeU32,
  type ConsoleNote,
  type SnapshotHead,
} from "../../../../protocol/consoleFrames.ts";
import { MAX_PASTE_BYTES } from "../../../../protocol/limits.ts";
import { startLiveSocket, type LiveSocket, type SocketState } from "../../../shared/live/liveSocket.ts";
import { browserEnvironment, type SocketEnvironment } from "../../../shared/live/socketEnvironment.ts";
import type { ConsoleState } from "./consoleState.ts";
import { startCreditMeter } from "./creditMeter.ts";

/** Longest stretch of typed bytes in one frame; more than this is a paste that took another way. */
const MAX_INPUT_FRAME = 32 * 1024;

/** Where the console is drawn. `drawn` is called once the bytes are on the screen. */
export type Screen = {
  snapshot(head: SnapshotHead, bytes: Uint8Array, drawn: () => void): void;
  output(bytes: Uint8Array, drawn: () => void): void;
};

export type ConsoleOptions = {
  session: string;
  screen: Screen;
  onState(state: ConsoleState): void;
  /** The pane refused what was just typed, pasted or asked. */
  onRefused(reason: string): void;
  environment?: SocketEnvironment;
};

export type Console = {
  state(): ConsoleState;
  /** False when typing goes nowhere now. */
  type(data: string | Uint8Array): boolean;
  /** Null when it was sent, otherwise why not. */
  paste(text: string): string | null;
  /** Tells the host what would fit here: when that changes, after each connection, and again when the person turns to it (`claim`). */
  resize(cols: number, rows: number, claim?: boolean): void;
  retryNow(): void;
  stop(): void;
};

const encoder = new TextEncoder();

/** Connects a screen to a session's pane: draws what comes, credits what is drawn, sends what is typed. */
export function startConsole(options: ConsoleOptions): Console {
  const environment = options.environment ?? browserEnvironment;
  let state: ConsoleState = { phase: "connecting" };
  let size: { cols: number; rows: number } | null = null;
  /** Counts connections: what an older one drew is not credited to a newer. */
  let connection = 0;

  const credit = startCreditMeter({
    send: (bytes) => send(CONSOLE.credit, encodeU32(bytes)),
    after: environment.after,
  });

  function become(next: ConsoleState): void {
    state = next;
    options.onState(next);
  }

  function send(type: (typeof CONSOLE)[keyof typeof CONSOLE], payload: Uint8Array): boolean {
    // SAFETY: encodeConsole allocates the frame, so its buffer is an ArrayBuffer.
    return socket.send(encodeConsole(type, 0, payload) as Uint8Array<ArrayBuffer>);
  }

  function onFrame(data: string | ArrayBuffer, live: LiveSocket): void {
    if (typeof data === "string") return;
    const frame = decodeConsole(data);
    if (frame === null) return;
    live.ready();
    const from = connection;
    const drawn = (): void => {
      if (from === connection) credit.drawn(frame.payload.length);
    };
    if (frame.type === CONSOLE.output) {
      options.screen.output(frame.payload, drawn);
    } else if (frame.type === CONSOLE.snapshot) {
      const snapshot = decodeSnapshot(frame.payload);
      if (snapshot === null) {
        live.reconnect("The host sent something this page cannot draw.");
        return;
      }
      options.screen.snapshot(snapshot.head, snapshot.bytes, drawn);
      if (state.phase !== "live") {
        become({ phase: "live" });
        if (size !== null) send(CONSOLE.resize, encodeSize(size.cols, size.rows));
      }
    } else if (frame.type === CONSOLE.note) {
      const note = decodeNote(frame.payload);
      if (note !== null) onNote(note);
    }
  }

  function onNote(note: ConsoleNote): void {
    if (note.state === "refused") options.onRefused(note.reason);
    else if (note.state === "waiting") become({ phase: "waiting", reason: note.reason });
    else if (note.state === "ended") become({ phase: "ended", reason: note.reason });
    // `live` alone is not enough to type: the screen still shows what was before; its snapshot follows.
    else if (state.phase !== "live") become({ phase: "connecting" });
  }

  function onSocket(next: SocketState): void {
    if (state.phase === "ended" && next.phase !== "live") return; // what ended stays so, whatever the connection does
    if (next.phase === "connecting") {
      connection++;
      credit.reset();
      if (next.attempt === 0) become({ phase: "connecting" });
    } else if (next.phase === "waiting")
      become({ phase: "lost", reason: next.reason, retryAt: next.retryAt });
    else if (next.phase === "refused") become({ phase: "refused", reason: next.reason });
  }

  const socket: LiveSocket = startLiveSocket({
    url: `/api/sessions/${options.session}/console`,
    environment,
    onOpen: () => undefined,
    onFrame,
    onState: onSocket,
  });

  return {
    state: () => state,
    type(data) {
      if (state.phase !== "live") return false;
      const bytes = typeof data === "string" ? encoder.encode(data) : data;
      for (let at = 0; at < bytes.length; at += MAX_INPUT_FRAME) {
        if (!send(CONSOLE.input, bytes.subarray(at, at + MAX_INPUT_FRAME))) return false;
      }
      return true;
    },
    paste(text) {
      if (state.phase !== "live") return "The terminal is not live, so nothing was pasted.";
      const bytes = encoder.encode(text);
      if (bytes.length > MAX_PASTE_BYTES) {
        const kilobytes = (value: number): string => `${Math.ceil(value / 1024)} kB`;
        return `That is ${kilobytes(bytes.length)}; a paste has at most ${kilobytes(MAX_PASTE_BYTES)}. Nothing was pasted. Put it in a file on the host instead.`;
      }
      return send(CONSOLE.paste, bytes) ? null : "The connection was lost, so nothing was pasted.";
    },
    resize(cols, rows, claim = false) {
      if (!claim && size?.cols === cols && size.rows === rows) return;
      size = { cols, rows };
      if (state.phase === "live") send(CONSOLE.resize, encodeSize(cols, rows));
    },
    retryNow: socket.retryNow,
    stop: socket.stop,
  };
}

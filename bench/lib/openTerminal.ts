import { WebSocket } from "ws";
import * as z from "zod";
import {
  CONSOLE,
  decodeConsole,
  decodeNote,
  decodeSnapshot,
  encodeConsole,
  encodeU32,
  type ConsoleNote,
} from "../../protocol/consoleFrames.ts";
import { startCreditMeter } from "../../web/features/session/terminal/creditMeter.ts";

/** `signalbox`: a session's console; `ttyd` and `wetty` (socket.io): their own protocols; `raw`: bytes both ways. */
export const TerminalAddress = z.object({
  kind: z.enum(["signalbox", "ttyd", "wetty", "raw"]),
  url: z.string(),
  token: z.string(),
});
export type TerminalAddress = z.infer<typeof TerminalAddress>;

export type Terminal = {
  type(bytes: Buffer): void;
  /** When these bytes were first there (performance.now), counted from this call; null when they were not in time. */
  waitFor(bytes: Buffer, limitMs: number): Promise<number | null>;
  seen: { bytes: number; snapshots: number };
  /** It stops reading: a laptop lid that closes. */
  stall(): void;
  close(): Promise<void>;
};

type Protocol = {
  open(socket: WebSocket): void;
  input(bytes: Buffer): Uint8Array;
  /** What is drawn of a message; null when it is none of that. */
  output(data: Buffer, socket: WebSocket): { bytes: Uint8Array; snapshot: boolean } | null;
};

/** Connects to a terminal; resolves when it shows something. */
export async function openTerminal({ kind, url, token }: TerminalAddress): Promise<Terminal> {
  const protocol = PROTOCOLS[kind]();
  const socket = new WebSocket(url, kind === "ttyd" ? ["tty"] : [], {
    perMessageDeflate: false,
    ...(token === "" ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  const seen = { bytes: 0, snapshots: 0 };
  let wanted: { bytes: Buffer; tail: Buffer; found: (at: number | null) => void } | null = null;
  const shown = Promise.withResolvers<void>();
  socket.on("error", shown.reject);
  socket.on("close", (code, reason) => {
    shown.reject(new Error(`the terminal closed: ${code} ${reason.toString("utf8")}`));
    wanted?.found(null);
  });
  socket.on("open", () => protocol.open(socket));
  socket.on("message", (data: Buffer) => {
    const output = protocol.output(data, socket);
    if (output === null) return;
    seen.bytes += output.bytes.length;
    if (output.snapshot) seen.snapshots += 1;
    shown.resolve();
    if (wanted === null) return;
    // A text may come in two pieces.
    const text = Buffer.concat([wanted.tail, output.bytes]);
    if (text.includes(wanted.bytes)) wanted.found(performance.now());
    else wanted.tail = text.subarray(Math.max(0, text.length - wanted.bytes.length + 1));
  });
  await shown.promise;
  return {
    // socket.io speaks text, the others bytes.
    type: (bytes) => socket.send(protocol.input(bytes), { binary: kind !== "wetty" }),
    waitFor(bytes, limitMs) {
      const { promise, resolve } = Promise.withResolvers<number | null>();
      const timer = setTimeout(() => wanted?.found(null), limitMs);
      wanted = {
        bytes,
        tail: Buffer.alloc(0),
        found(at) {
          clearTimeout(timer);
          wanted = null;
          resolve(at);
        },
      };
      return promise;
    },
    seen,
    stall: () => socket.pause(),
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return; // what ran there has ended
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.resume();
      socket.close(1000);
      await closed;
    },
  };
}

/** A terminal that is gone will never show anything. */
function failWhenOver(note: ConsoleNote | null): void {
  if (note?.state === "ended") throw new Error(`the terminal has ended: ${note.reason}`);
}

const PROTOCOLS: Record<TerminalAddress["kind"], () => Protocol> = {
  signalbox() {
    let credit: ReturnType<typeof startCreditMeter> | null = null;
    return {
      open(socket) {
        // What the page uses; here everything is drawn at once.
        credit = startCreditMeter({
          send: (bytes) => socket.send(encodeConsole(CONSOLE.credit, 0, encodeU32(bytes))),
          after(ms, task) {
            const timer = setTimeout(task, ms);
            return () => clearTimeout(timer);
          },
        });
      },
      input: (bytes) => encodeConsole(CONSOLE.input, 0, bytes),
      output(data) {
        const frame = decodeConsole(data);
        if (frame?.type === CONSOLE.note) failWhenOver(decodeNote(frame.payload));
        if (frame === null || (frame.type !== CONSOLE.output && frame.type !== CONSOLE.snapshot)) return null;
        credit?.drawn(frame.payload.length);
        if (frame.type === CONSOLE.output) return { bytes: frame.payload, snapshot: false };
        return { bytes: decodeSnapshot(frame.payload)?.bytes ?? new Uint8Array(), snapshot: true };
      },
    };
  },
  ttyd: () => ({
    open: (socket) => socket.send(JSON.stringify({ AuthToken: "", columns: 80, rows: 24 })),
    input: (bytes) => Buffer.concat([Buffer.from("0"), bytes]),
    output: (data) => (data[0] === 0x30 ? { bytes: data.subarray(1), snapshot: false } : null),
  }),
  wetty: () => ({
    open: () => {},
    input: (bytes) => Buffer.from(`42${JSON.stringify(["input", bytes.toString("utf8")])}`),
    output(data, socket) {
      const text = data.toString("utf8");
      if (text === "2") socket.send("3");
      if (text.startsWith("0")) socket.send("40");
      if (!text.startsWith('42["data",')) return null;
      const [, drawn] = z.tuple([z.string(), z.string()]).parse(JSON.parse(text.slice(2)));
      socket.send(`42${JSON.stringify(["commit", drawn.length])}`);
      return { bytes: Buffer.from(drawn), snapshot: false };
    },
  }),
  raw: () => ({
    open: () => {},
    input: (bytes) => bytes,
    output: (data) => ({ bytes: data, snapshot: false }),
  }),
};

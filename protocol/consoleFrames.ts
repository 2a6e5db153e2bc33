import * as z from "zod";

/**
 * The binary console frame: one byte type, four bytes viewer (big endian), payload.
 * Between daemon and session object `viewer` says whom it concerns (0: every viewer that is in step);
 * a browser sends 0 and ignores it. The object passes frames on without reading payloads.
 */
export const CONSOLE_HEADER_BYTES = 5;

export const CONSOLE = {
  /** down: bytes of the pane, for viewers in step. */
  output: 1,
  /** down: clears the screen and draws it anew; puts the viewer in step. Payload: u16 length, JSON {@link SnapshotHead}, bytes. */
  snapshot: 2,
  /** down: JSON {@link ConsoleNote}. */
  note: 3,
  /** down, to the object only: the viewer is out of step and gets no output until its next snapshot. */
  leave: 4,
  /** up: bytes typed. */
  input: 16,
  /** up: UTF-8 text pasted. */
  paste: 17,
  /** up: u16 columns, u16 rows: the viewer's size; with `fit` in {@link ConsoleJoin} or by command it becomes the pane's. */
  resize: 18,
  /** up: u32 bytes of output and snapshot payload that the viewer has drawn since its last credit. */
  credit: 19,
  /** object → daemon: a viewer came. */
  join: 20,
  /** object → daemon: a viewer went. */
  part: 21,
} as const;
export type ConsoleFrameType = (typeof CONSOLE)[keyof typeof CONSOLE];

/** `fresh`: it comes with history and replaces everything; otherwise it only redraws the screen and scrollback stays. */
export const SnapshotHead = z.object({
  cols: z.number().int().min(1).max(10_000),
  rows: z.number().int().min(1).max(10_000),
  fresh: z.boolean(),
});
export type SnapshotHead = z.infer<typeof SnapshotHead>;

/** The state of the console, shown as it is. */
export const ConsoleNote = z.discriminatedUnion("state", [
  /** The daemon is connected to this console. */
  z.object({ state: z.literal("live") }),
  /** The host is being asked, or is away; typing goes nowhere. */
  z.object({ state: z.literal("waiting"), reason: z.string() }),
  /** The pane is gone. */
  z.object({ state: z.literal("ended"), reason: z.string() }),
  /** What was just typed, pasted or asked was refused. */
  z.object({ state: z.literal("refused"), reason: z.string() }),
]);
export type ConsoleNote = z.infer<typeof ConsoleNote>;

export type ConsoleFrame = { type: number; viewer: number; payload: Uint8Array };

/** Builds a frame. */
export function encodeConsole(
  type: ConsoleFrameType,
  viewer: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const frame = new Uint8Array(CONSOLE_HEADER_BYTES + payload.length);
  frame[0] = type;
  new DataView(frame.buffer).setUint32(1, viewer);
  frame.set(payload, CONSOLE_HEADER_BYTES);
  return frame;
}

/** Splits a frame without copying; null when it is too short to be one. */
export function decodeConsole(data: ArrayBuffer | Uint8Array): ConsoleFrame | null {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  if (bytes.length < CONSOLE_HEADER_BYTES) return null;
  const viewer = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  return { type: bytes[0] ?? 0, viewer, payload: bytes.subarray(CONSOLE_HEADER_BYTES) };
}

/** Writes the viewer into a frame that is on its way to the daemon. */
export function stampViewer(data: ArrayBuffer, viewer: number): void {
  new DataView(data).setUint32(1, viewer);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Payload of a `snapshot`. */
export function encodeSnapshot(head: SnapshotHead, bytes: Uint8Array): Uint8Array {
  const json = encoder.encode(JSON.stringify(head));
  const payload = new Uint8Array(2 + json.length + bytes.length);
  new DataView(payload.buffer).setUint16(0, json.length);
  payload.set(json, 2);
  payload.set(bytes, 2 + json.length);
  return payload;
}

/** Reads a `snapshot` payload; null when it is malformed. */
export function decodeSnapshot(payload: Uint8Array): { head: SnapshotHead; bytes: Uint8Array } | null {
  if (payload.length < 2) return null;
  const length = new DataView(payload.buffer, payload.byteOffset).getUint16(0);
  if (payload.length < 2 + length) return null;
  const head = SnapshotHead.safeParse(parseJson(payload.subarray(2, 2 + length)));
  return head.success ? { head: head.data, bytes: payload.subarray(2 + length) } : null;
}

export function encodeNote(note: ConsoleNote): Uint8Array {
  return encoder.encode(JSON.stringify(note));
}

/** Reads a `note` payload; null when it is malformed or newer than this version. */
export function decodeNote(payload: Uint8Array): ConsoleNote | null {
  const note = ConsoleNote.safeParse(parseJson(payload));
  return note.success ? note.data : null;
}

export function encodeU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function decodeU32(payload: Uint8Array): number | null {
  return payload.length === 4 ? new DataView(payload.buffer, payload.byteOffset).getUint32(0) : null;
}

export function encodeSize(cols: number, rows: number): Uint8Array {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, cols);
  view.setUint16(2, rows);
  return bytes;
}

/** Reads a `resize` payload; null when it is malformed or not a size a pane can have. */
export function decodeSize(payload: Uint8Array): { cols: number; rows: number } | null {
  if (payload.length !== 4) return null;
  const view = new DataView(payload.buffer, payload.byteOffset);
  const cols = view.getUint16(0);
  const rows = view.getUint16(2);
  return cols >= 10 && cols <= 1000 && rows >= 3 && rows <= 1000 ? { cols, rows } : null;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined; // not UTF-8 or not JSON: the schema then refuses it
  }
}

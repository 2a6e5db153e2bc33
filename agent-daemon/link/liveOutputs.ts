import type { OutputPiece } from "../../protocol/link.ts";
import type { Clock } from "./clock.ts";

/** What comes within this goes out together: at first, soon, and after so many pieces less often. */
export const SOON_MS = 250;
export const LATER_MS = 1_000;
export const SOON_PIECES = 12;

/** The output of one running command. */
export type LiveOutput = {
  add(text: string): void;
  /** The command has ended: its result says the rest. */
  close(): void;
};

/** What running commands print, on its way to who watches. It is disposable: nothing is journalled, and nothing waits for it. */
export type LiveOutputs = {
  open(command: { id: string; session: string }): LiveOutput;
  /** The edge has no more of a command's output than this. */
  goOnFrom(id: string, offset: number): void;
  /** There is a new connection: what went out on the one before may be lost, so all goes out once more. */
  sendAgain(): void;
  /** Who sends pieces, and says whether it can now. */
  sendBy(send: (piece: OutputPiece) => boolean): void;
};

type Running = {
  session: string;
  text: string;
  /** Characters that were sent. */
  sent: number;
  pieces: number;
  /** Takes back the next piece; null while none is due. */
  cancel: (() => void) | null;
};

/** Gathers the output of running commands and sends it at a bounded rate. */
export function startLiveOutputs(clock: Clock): LiveOutputs {
  const running = new Map<string, Running>();
  let send: (piece: OutputPiece) => boolean = () => false;

  function wait(id: string): void {
    const output = running.get(id);
    if (output === undefined || output.cancel !== null || output.sent >= output.text.length) return;
    output.cancel = clock.after(output.pieces < SOON_PIECES ? SOON_MS : LATER_MS, () => {
      output.cancel = null;
      const { session, sent: offset, text } = output;
      if (send({ id, session, offset, text: text.slice(offset) })) {
        output.sent = text.length;
        output.pieces += 1;
      }
      wait(id);
    });
  }

  return {
    open({ id, session }) {
      running.set(id, { session, text: "", sent: 0, pieces: 0, cancel: null });
      return {
        add(text) {
          const output = running.get(id);
          if (output === undefined) return;
          output.text += text;
          wait(id);
        },
        close() {
          running.get(id)?.cancel?.();
          running.delete(id);
        },
      };
    },
    goOnFrom(id, offset) {
      const output = running.get(id);
      if (output === undefined || offset >= output.sent) return;
      output.sent = offset;
      wait(id);
    },
    sendAgain() {
      for (const [id, output] of running) {
        output.sent = 0;
        wait(id);
      }
    },
    sendBy(how) {
      send = how;
    },
  };
}

import { MAX_LIVE_OUTPUT_CHARS } from "../../../protocol/limits.ts";
import type { OutputPiece } from "../../../protocol/link.ts";
import type { TurnStore } from "./TurnStore.ts";

/**
 * What running calls print, before their results. It grows in the call's row, so that who comes in the middle gets it,
 * and stays there when a call ends without output of its own (cancelled, or its fate unknown). Each piece is one row.
 */
export class CallOutputs {
  readonly #turns: TurnStore;
  readonly #tell: (frame: string) => void;

  constructor(turns: TurnStore, tell: (frame: string) => void) {
    this.#turns = turns;
    this.#tell = tell;
  }

  /** Takes a piece of a command's output; how much of it is here then, or null when no more is wanted. */
  take({ id: command, offset, text }: Omit<OutputPiece, "session">): number | null {
    const call = this.#turns.callOfCommand(command);
    if (call?.state !== "dispatched") return null;
    const before = call.output ?? "";
    if (offset > before.length) return before.length;
    const output = (before + text.slice(before.length - offset)).slice(0, MAX_LIVE_OUTPUT_CHARS);
    if (output.length > before.length) {
      this.#turns.updateCall(call.id, { output });
      this.#tell(frameOf(call, before.length, output.slice(before.length)));
    }
    return output.length < MAX_LIVE_OUTPUT_CHARS ? output.length : null;
  }

  /** The frames that bring a client up to date that has just got the log. */
  frames(): string[] {
    const turn = this.#turns.active();
    if (turn === null) return [];
    return this.#turns
      .calls(turn.number, turn.step)
      .flatMap((call) =>
        call.state === "dispatched" && call.output !== null ? [frameOf(call, 0, call.output)] : [],
      );
  }
}

function frameOf({ id, turn }: { id: string; turn: number }, offset: number, text: string): string {
  return JSON.stringify({ type: "output", id, turn, offset, text });
}

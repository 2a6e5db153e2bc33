import type { Command, CommandResult } from "../protocol/commands.ts";
import type { DaemonMessage } from "../protocol/link.ts";

/** Where the parts of the daemon put what the edge must learn. What is put is durable when the call returns. */
export interface Outlet {
  /**
   * Stores messages in order, and runs `also` in the same transaction.
   * False when the journal is full: nothing was stored and `also` did not run; the caller keeps what it can
   * (a job's output stays in its file), or calls {@link lost}.
   */
  put(messages: DaemonMessage[], also?: () => void): boolean;
  /** Counts events that could not be stored; they become a `gap` event once there is room. */
  lost(session: string, events: number): void;
}

export type CommandContext = {
  id: string;
  session: string;
  /** Aborts when the command is cancelled or the daemon stops. */
  signal: AbortSignal;
};

/**
 * A command that was begun by a process that died: it never truly began and may come again, or it is followed to its end
 * (and ended when its signal aborts).
 */
export type LeftCommand =
  | { begun: false }
  | { begun: true; follow(context: CommandContext): Promise<CommandResult> };

/** A part that carries out commands (tmux, codex jobs). It never throws for what a command can do wrong: that is a `failed` result. */
export interface Part {
  /** Whether this part carries out the command: by its type, or because the session is its own. */
  handles(command: Command, session: string): boolean;
  run(command: Command, context: CommandContext): Promise<CommandResult>;
  /** Whether a command does nothing a second time: one that a process died with comes again, instead of being given up. */
  repeats?(command: Command): boolean;
  /** Notes that a command begins, in the transaction that says that it may. */
  begins?(command: Command, id: string): void;
  /** What became of a command that was begun by a process that died; null when the part does not know. */
  left?(id: string): LeftCommand | null;
  /** The result of a command is recorded: what was kept for its sake may go. */
  settled?(id: string): void;
  /** Ends what the part runs for itself; panes and jobs go on. */
  stop(): Promise<void>;
}

/** Why a command is aborted when nobody cancelled it. */
export class DaemonStops extends Error {
  constructor() {
    super("The daemon stops.");
    this.name = "DaemonStops";
  }
}

/** Whether a command was aborted because the daemon stops, and not because somebody cancelled it. */
export function wasDaemonStop(signal: AbortSignal): boolean {
  return signal.reason instanceof DaemonStops;
}

/** Writes one line of the daemon's log. */
export type Log = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Record<string, unknown>,
) => void;

/** A command that was refused or went wrong, as a result. */
export function failed(code: string, message: string, details?: string[]): CommandResult {
  return {
    status: "failed",
    code,
    message,
    ...(details === undefined ? {} : { details: details.slice(0, 100) }),
  };
}

/** A command that was carried out and gives nothing back. */
export const DONE: CommandResult = { status: "done", value: { type: "nothing" } };

import type { AgentName } from "../../protocol/session.ts";
import type { SessionPlace } from "../changes/startChanges.ts";
import type { Part } from "../parts.ts";
import type { KnownPlace } from "../worktrees/startWorktrees.ts";
import type { ClaudeSession } from "./claudeRegistry.ts";
import type { PaneStatus } from "./paneStatus.ts";

/** The screen of a pane as bytes for a terminal, taken at one instant. */
export type Screen = {
  cols: number;
  rows: number;
  /** Replaces everything, with history. */
  fresh(): Uint8Array;
  /** Whether it was read with history; a fresh one without would lack it. */
  hasHistory: boolean;
  /** Draws the screen anew and leaves scrollback alone. */
  redraw(): Uint8Array;
};

/** What a console hears of its pane. */
export type PaneNews =
  | { type: "appeared" }
  | { type: "resized"; cols: number; rows: number }
  /** `last`: its screen at the end, where tmux still had it. */
  | { type: "ended"; reason: string; last: Screen | null };

export type PaneState =
  | { state: "live" }
  | { state: "starting" }
  | { state: "ended"; reason: string }
  | { state: "unknown" };

/** Bytes of a pane as they are written, from exactly the instant of `screen` on. */
export type Attachment = {
  screen: Screen;
  /** Starts handing over bytes (those that came meanwhile first). */
  start(): void;
  /** Takes no bytes for a moment; tmux keeps them meanwhile, so it must be short. */
  pause(): void;
  resume(): void;
  /** Ends the pipe, unless a later attachment has taken its place. Bytes that are still on their way are dropped. */
  close(): Promise<void>;
};

export type AttachOptions = {
  /** Reads history too, which is most of the work and only a fresh snapshot needs. */
  history: boolean;
  onData: (bytes: Buffer) => void;
  /** The pipe has ended by no wish of ours. */
  onLost: (reason: string) => void;
};

export type AttachResult =
  | { status: "attached"; attachment: Attachment }
  /** Somebody else's `pipe-pane` is on the pane; it is left alone. */
  | { status: "occupied" }
  | { status: "gone"; reason: string }
  | { status: "failed"; reason: string };

export type TypeResult = { ok: true } | { ok: false; reason: string };

/** What the console needs of the panes. */
export interface PaneAccess {
  paneState(session: string): PaneState;
  /** Calls back when the session's pane appears, changes its size or ends; gives back how to stop. */
  listen(session: string, listener: (news: PaneNews) => void): () => void;
  attach(session: string, options: AttachOptions): Promise<AttachResult>;
  /** The screen alone, for a pane whose bytes cannot be had. */
  capture(
    session: string,
    options: { history: boolean },
  ): Promise<{ ok: true; screen: Screen } | { ok: false; reason: string }>;
  /** Types bytes as they are. Calls keep their order. */
  type(session: string, bytes: Uint8Array): Promise<TypeResult>;
  paste(session: string, text: string): Promise<TypeResult>;
  /** Gives the pane a size, unless a person looks at it with tmux itself. */
  fit(session: string, cols: number, rows: number): Promise<TypeResult>;
}

/** A pane as the last look found it. */
export type WatchedPane = {
  session: string;
  agent: AgentName;
  /** The program in the foreground, as tmux names it. */
  program: string;
  cwd: string;
  /** Its screen when it was last captured, which may be seconds ago; null when it was not yet. */
  text: string | null;
  /** When something in its window moved last, to the second. */
  activeAt: number;
  /** Its agent has said what it does, see `tell`. */
  tells: boolean;
};

/** The visible screen of a pane at one instant. */
export type SeenScreen = {
  lines: string[];
  cols: number;
  cursor: { x: number; y: number };
  program: string;
  /** Differs as soon as the program writes or scrolls. */
  state: string;
};

/** What the agents' parts need of the panes. */
export interface AgentPanes {
  /** The session whose pane a process says it runs in (`$TMUX`, `$TMUX_PANE`); a pane that is new is looked for once. */
  sessionAt(place: { tmux: string | null; pane: string | null }): Promise<string | null>;
  /** Sessions in whose pane Claude Code runs, with what it says of itself. */
  claudes(): { session: string; claude: ClaudeSession }[];
  /** Sessions in whose pane Codex runs, with the process that the pane began with. */
  codexes(): { session: string; panePid: number }[];
  /** The same for OpenCode. */
  opencodes(): { session: string; panePid: number }[];
  /** What an agent says of itself; it counts in place of what its screen looks like. Null: nothing. */
  tell(session: string, status: PaneStatus | null): void;
  /** Every live session's pane. */
  watched(): WatchedPane[];
  /** The argument vectors of what runs in a pane's foreground, and below that. */
  foreground(session: string): Promise<string[][]>;
  /** Looks at a pane's screen now; null when that cannot be had. */
  see(session: string): Promise<SeenScreen | null>;
  /** Types into a pane, if its cursor still stands where it was seen. */
  pressOn(session: string, seen: SeenScreen, bytes: Uint8Array): Promise<TypeResult>;
  /** A prompt on the screen waits for a person, as far as its agent tells nothing itself; null: none does any more. */
  prompted(session: string, reason: string | null): void;
  /** Calls back after each look at the panes; gives back how to stop. */
  onLook(listener: () => void): () => void;
}

/** The part of the daemon that knows tmux. */
export interface TmuxPart extends Part, PaneAccess, AgentPanes {
  /** tmux's version, for example `3.3a`; null while it is missing. */
  readonly version: string | null;
  /** What keeps this part from its work, in sentences for a person. */
  problems(): string[];
  /** Looks at every pane now; resolves when what changed has been put into the outlet. */
  refresh(): Promise<void>;
  /** Where the panes of live sessions are, as tmux says. */
  directories(): string[];
  /** Every session that is remembered, with where it works or worked. */
  places(): KnownPlace[];
  /** Where a session works, or worked when it has ended; null when it is not of a pane. */
  placeOf(session: string): SessionPlace | null;
  /** The directory that the edge was told of a session. */
  cwdOf(session: string): string | null;
  /** Tells the edge of every live session again, for an edge that has forgotten them. */
  announce(): void;
}

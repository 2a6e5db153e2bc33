import type { Log } from "../parts.ts";
import type { PaneAccess } from "../tmux/tmuxPart.ts";
import type { ConsoleSocketConstructor } from "./webSocket.ts";

export type ConsolesDeps = {
  /** Where Signalbox answers (`http` or `https`). */
  url: string;
  token: string;
  tmux: PaneAccess;
  log: Log;
  WebSocketImpl?: ConsoleSocketConstructor;
};

export type Consoles = {
  /** Somebody watches: opens the console of this session and keeps it open. Harmless when it is open already. */
  watch(session: string): void;
  unwatch(session: string): void;
  stop(): Promise<void>;
};

/** Carries the bytes of watched panes to the edge, and what is typed there back. */
export function startConsoles(deps: ConsolesDeps): Consoles {
  throw new Error(`not built yet (${deps.url})`);
}

/**
 * What can be done with the terminal now.
 * `live`: what is shown is the pane, and typing reaches it. In every other state typing goes nowhere.
 */
export type ConsoleState =
  | { phase: "connecting" }
  /** The host is being asked, or is away. */
  | { phase: "waiting"; reason: string }
  | { phase: "live" }
  /** This page lost its connection; it comes back by itself. */
  | { phase: "lost"; reason: string; retryAt: number }
  | { phase: "ended"; reason: string }
  | { phase: "refused"; reason: string };

import type { PaneAccess, Screen } from "../tmux/tmuxPart.ts";

export type ScreenPolling = {
  /** Why the pane is shown this way, in a sentence. */
  readonly reason: string;
  stop(): void;
};

export type ScreenPollingDeps = {
  session: string;
  tmux: PaneAccess;
  reason: string;
  /** Shows a screen that changed, or that somebody waits for. */
  show: (screen: Screen) => void;
  /** Who waits for a screen even if it has not changed. */
  wanted: () => "fresh" | "redraw" | null;
  /** It is time to ask for the pane's bytes again. */
  onRetry: () => void;
};

const POLL_MS = 500;
const LOOKS_PER_RETRY = 20;

/** Looks at a pane whose bytes cannot be had. */
export function startScreenPolling(deps: ScreenPollingDeps): ScreenPolling {
  let looks = 0;
  let shown = "";
  let stopped = false;
  let looking = false;

  const look = async () => {
    if (looking || stopped) return;
    looks += 1;
    if (looks > LOOKS_PER_RETRY) {
      deps.onRetry();
      return;
    }
    looking = true;
    const captured = await deps.tmux.capture(deps.session, { history: deps.wanted() === "fresh" });
    looking = false;
    if (stopped || !captured.ok) return;
    const text = Buffer.from(captured.screen.redraw()).toString("latin1");
    if (text === shown && deps.wanted() === null) return;
    shown = text;
    deps.show(captured.screen);
  };

  const timer = setInterval(() => void look(), POLL_MS);
  void look();
  return {
    reason: deps.reason,
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

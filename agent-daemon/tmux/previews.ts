import { isDue } from "./isDue.ts";
import { limitConcurrency } from "./limitConcurrency.ts";
import { previewOf } from "./paneFacts.ts";
import type { PaneRow } from "./paneFormat.ts";

export type Previews = {
  /** Looks at the screens that may have changed; the others keep what they had. */
  refresh(panes: readonly PreviewedPane[]): Promise<void>;
  get(session: string): string | null;
  /** The whole screen that was captured last. */
  screen(session: string): string | null;
  /** When the pane's screen was last seen to change. */
  changedAt(session: string): number;
  forget(session: string): void;
};

export type PreviewedPane = { session: string; row: PaneRow; capture: () => Promise<string | null> };

type Entry = { at: number; screen: string; preview: string | null; changedAt: number };

const INTERVAL_MS = 5_000;
/** Screens captured in one look; each costs tmux a fifth of a millisecond. */
const MAX_CAPTURES = 100;

/** Keeps the last line of each pane, capturing a screen only when its window was active since. */
export function startPreviews(clock: () => number): Previews {
  const entries = new Map<string, Entry>();
  const limit = limitConcurrency(4);
  return {
    async refresh(panes) {
      const now = clock();
      const due = panes
        .filter(({ session, row }) => {
          const entry = entries.get(session);
          if (entry === undefined) return true;
          // tmux tells activity in whole seconds. A clock that was put back tells nothing of it.
          const active = (row.windowActivity + 1) * 1000 >= entry.at || now < entry.at;
          return active && isDue(entry.at, INTERVAL_MS, now);
        })
        .toSorted((a, b) => (entries.get(a.session)?.at ?? 0) - (entries.get(b.session)?.at ?? 0))
        .slice(0, MAX_CAPTURES);
      await Promise.all(
        due.map(({ session, capture }) =>
          limit(async () => {
            const screen = await capture();
            if (screen === null) return;
            const before = entries.get(session);
            const same = before?.screen === screen;
            entries.set(session, {
              at: now,
              screen,
              preview: same ? before.preview : previewOf(screen),
              changedAt: same || before === undefined ? (before?.changedAt ?? 0) : now,
            });
          }),
        ),
      );
    },
    get: (session) => entries.get(session)?.preview ?? null,
    screen: (session) => entries.get(session)?.screen ?? null,
    changedAt: (session) => entries.get(session)?.changedAt ?? 0,
    forget: (session) => {
      entries.delete(session);
    },
  };
}

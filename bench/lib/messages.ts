import type { EventBody } from "../../protocol/events.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import type { SessionFacts } from "../../protocol/session.ts";

const FACTS: SessionFacts = {
  cwd: "/home/user/project",
  command: "codex",
  agent: "codex",
  git: null,
  pane: null,
  worktree: null,
  preview: null,
};

/** The message that makes a session, as JSON. */
export function sessionMessage(session: string): string {
  const message: DaemonMessage = { kind: "session", session, provider: "tmux", title: "bench", facts: FACTS };
  return JSON.stringify(message);
}

/** Messages of one event each, about 200 bytes in the log, as JSON. */
export function eventMessages(session: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const event: EventBody = {
      type: "item",
      id: `item_${i}`,
      turn: 1,
      item: {
        kind: "message",
        text: `Step ${i}: read the file, changed two lines, ran the tests that cover them; all pass.`,
      },
    };
    const message: DaemonMessage = {
      kind: "events",
      session,
      events: [{ at: 1_793_000_000_000 + i, event }],
    };
    return JSON.stringify(message);
  });
}

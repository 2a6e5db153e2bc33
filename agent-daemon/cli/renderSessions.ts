import type { Session } from "../../protocol/session.ts";
import { needsAttention } from "../../protocol/session.ts";
import { ago } from "./renderStatus.ts";

const SIGNS: Record<Session["status"], string> = {
  starting: "…",
  working: "●",
  waiting: "!",
  idle: "○",
  done: "✓",
  trouble: "✗",
};

/** Sessions as a table for a terminal of this width: what needs a person first, then the newest. Pure. */
export function renderSessions(sessions: Session[], now: number, width: number): string[] {
  const rows = [...sessions]
    .sort((a, b) => Number(needsAttention(b)) - Number(needsAttention(a)) || b.updated_at - a.updated_at)
    .map((session) => [
      `${SIGNS[session.status]} ${session.status}`,
      session.id.slice(-8),
      printable(session.title),
      printable(
        [session.agent ?? session.command ?? session.provider, session.git?.branch]
          .filter(Boolean)
          .join(" · "),
      ),
      session.cwd === null ? "" : printable(session.cwd),
      ago(now - session.status_since),
    ]);
  if (rows.length === 0) return ["No sessions."];
  const table = [["", "id", "title", "what", "where", "for"], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
      .slice(0, Math.max(40, width)),
  );
}

/** Without what would move a terminal's cursor or colour it. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "�");
}

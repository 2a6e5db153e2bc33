import type { PaneStatus } from "../../tmux/paneStatus.ts";
import type { ThreadStatus } from "./appServerWire.ts";

/** Whether a conversation waits for a person's answer. */
export function isWaiting({ activeFlags }: ThreadStatus): boolean {
  return activeFlags.includes("waitingOnApproval") || activeFlags.includes("waitingOnUserInput");
}

/** What a conversation says of itself, as its pane's status; null when it says nothing. */
export function statusOf({ type, activeFlags }: ThreadStatus): PaneStatus | null {
  if (type === "idle") return { status: "idle", reason: null };
  if (type !== "active") return null;
  if (activeFlags.includes("waitingOnApproval")) return { status: "waiting", reason: "permission prompt" };
  if (activeFlags.includes("waitingOnUserInput")) return { status: "waiting", reason: "question" };
  return { status: "working", reason: null };
}

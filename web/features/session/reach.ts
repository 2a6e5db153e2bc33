import { isEnded, isInteractive, waitsForAnswer, type Session } from "../../../protocol/session.ts";
import { agentLabel } from "../../shared/ui/AgentName.tsx";

/** How a message reaches what a session talks to. */
export type Reach = {
  way: "paste" | "turn" | "steer" | "queue" | "answer_first" | "ended";
  /** What becomes of it, for the person, before it is sent. */
  words: string;
};

/** The best way to what a session talks to, as things stand. */
export function reachOf(
  session: Pick<
    Session,
    "provider" | "agent" | "command" | "status" | "ended_at" | "pending_approvals" | "interactive" | "thread"
  >,
  host: { name: string; away: boolean },
): Reach {
  const who = agentLabel(session);
  if (isInteractive(session)) {
    if (host.away) return { way: "queue", words: `Queued: ${who} hears it when ${host.name} is back.` };
    if (session.status === "working" || session.status === "waiting")
      return { way: "steer", words: `${who} hears it while it works, as soon as it can.` };
    return isEnded(session)
      ? { way: "turn", words: `Starts ${who} again; it goes on with this conversation.` }
      : { way: "turn", words: `Goes to ${who} as its next turn.` };
  }
  if (session.provider !== "tmux") {
    return host.away
      ? { way: "queue", words: `Queued: the job goes on when ${host.name} is back.` }
      : { way: "turn", words: "Goes to the job as its next turn." };
  }
  if (isEnded(session)) return { way: "ended", words: "The terminal has ended; nobody reads here." };
  if (waitsForAnswer(session))
    return {
      way: "answer_first",
      words: `${who} waits for an answer, and would take a message for one. Answer it first.`,
    };
  // Where its terminal is not joined the message is pasted there, and it comes to the same.
  if (session.agent === "codex" && session.thread !== null && !host.away)
    return session.status === "working"
      ? { way: "steer", words: `${who} hears it while it works; its terminal shows it.` }
      : { way: "turn", words: `Goes to ${who} as its next turn; its terminal shows it.` };
  if (host.away)
    return { way: "queue", words: `Queued: pasted into the terminal when ${host.name} is back.` };
  return session.status === "working"
    ? { way: "paste", words: `Pasted into the terminal; ${who} takes it up while it works.` }
    : { way: "paste", words: "Pasted into the terminal, with Enter." };
}

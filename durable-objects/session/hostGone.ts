import type { EventBody } from "../../protocol/events.ts";
import type { AgentRequests } from "./approvals/AgentRequests.ts";
import type { Step } from "./SessionStore.ts";

const EXIT = { code: null, signal: null, message: "The host was removed." };

/** A chat is not its host: the person may choose another, or has. Nobody will tell what became of what ran there. */
export function hostOfChatGone(host: string): Step {
  return (chat) => {
    const lost = (chat.background ?? []).filter((each) => each.host === host);
    const events: EventBody[] = lost.map(({ id, summary }) => ({
      type: "background",
      id,
      host,
      summary,
      exit: EXIT,
    }));
    const message = "The host of this chat was removed. Choose another one.";
    if (chat.host === host) events.push({ type: "notice", level: "warning", message });
    const at = Date.now();
    return events.length === 0 ? null : { events: events.map((event) => ({ at, event })) };
  };
}

/** Any other session has ended with its host, and so has what it asked. */
export function hostOfSessionGone(requests: AgentRequests): Step {
  return () => {
    const now = Date.now();
    const ended = { type: "ended", status: "trouble", exit: EXIT } as const;
    return { events: [...requests.abandon(now), { at: now, event: ended }] };
  };
}

import * as z from "zod";
import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import type { AgentRequest, RequestEnd } from "../../../protocol/requests.ts";
import { failed, type Outlet } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { Asking, replyTo } from "../opencode/opencodeRequest.ts";
import type { Answer } from "../opencode/openOpencode.ts";
import { decided, openRequestStore } from "../requests/openRequestStore.ts";

const RETRY_MS = 1_000;
/** Ended requests are remembered this long, so that a late decision learns how they ended. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

/** Asks the server of a session's pane; null when there is none now. */
export type AskServer = (session: string, path: string, body: object) => Promise<Answer> | null;

/**
 * What OpenCode asks in its terminal. A request is stored before the edge is told of it, and a decision before OpenCode
 * is; the server takes one answer and refuses every other.
 */
export function startLiveRequests({ store, outlet, ask }: { store: Store; outlet: Outlet; ask: AskServer }) {
  const requests = openRequestStore(store, "opencode", z.object(Asking.shape));
  /** Decisions that are on their way to the server. */
  const giving = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  requests.prune(Date.now() - KEEP_MS);

  function later(work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, RETRY_MS);
    timers.add(timer.unref());
  }

  function finish(id: string, end: RequestEnd): void {
    const request = requests.get(id);
    if (request === null) return;
    const also = () => void requests.end(id, end, Date.now());
    if (!outlet.put([{ kind: "request_ended", session: request.session, request: id, end }], also))
      later(() => finish(id, end));
  }

  function asked(session: string, request: AgentRequest, asking: Asking): void {
    const known = requests.get(request.id);
    if (known !== null) {
      // A decision that an earlier process could not see through.
      if (known.decision !== null && !giving.has(known.id))
        void give(session, known.asked, known.decision).then((end) => {
          if (end !== null) finish(known.id, end);
        });
      return;
    }
    if (requests.knows(request.id)) return; // it is over
    const add = () => requests.add({ id: request.id, session, asked: asking, createdAt: Date.now() });
    if (!outlet.put([{ kind: "request", session, request }], add))
      later(() => asked(session, request, asking));
  }

  /** Null: whether the server has it is not known. */
  async function give(
    session: string,
    asking: Asking,
    decision: Pick<CommandOf<"decide">, "allow" | "input" | "message">,
  ): Promise<RequestEnd | null> {
    const { path, body } = replyTo(asking, decision);
    giving.add(asking.id);
    try {
      const answer = await ask(session, path, body);
      if (answer === null || answer.status === 0 || answer.status >= 500) return null;
      return answer.status < 300 && answer.body !== false ? "applied" : "stale";
    } finally {
      giving.delete(asking.id);
    }
  }

  return {
    knows: requests.knows,
    /** Where something is asked. */
    sessions: (): string[] => [...new Set(requests.open().map(({ session }) => session))],
    asked,
    /** The server says that it was answered, by whomever. */
    resolved(id: string): void {
      if (!giving.has(id)) finish(id, "stale");
    },
    /** What the server of a pane still waits with; the rest is over. */
    settle(session: string, open: readonly string[]): void {
      for (const request of requests.open()) {
        if (request.session !== session || open.includes(request.id) || giving.has(request.id)) continue;
        finish(request.id, request.decision === null ? "stale" : "gone");
      }
    },
    /** Sessions in whose terminal nobody waits any more. */
    gone(isGone: (session: string) => boolean): void {
      for (const { id, session } of requests.open())
        if (isGone(session) && !giving.has(id)) finish(id, "gone");
    },
    async decide(command: CommandOf<"decide">, session: string): Promise<CommandResult> {
      const before = requests.endOf(command.request);
      if (before !== null) return decided(before);
      const request = requests.get(command.request);
      if (request === null || request.session !== session)
        return failed("no_such_request", "This host does not know the request.");
      requests.decide(request.id, command, Date.now());
      const end = await give(session, request.asked, command);
      if (end === null)
        return {
          status: "indeterminate",
          message: "OpenCode could not be reached with the decision; its terminal shows whether it has it.",
        };
      requests.end(request.id, end, Date.now());
      return decided(end);
    },
    stop: () => timers.forEach(clearTimeout),
  };
}

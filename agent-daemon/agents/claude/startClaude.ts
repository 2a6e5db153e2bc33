import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import type { RequestEnd } from "../../../protocol/requests.ts";
import { failed, type Log, type Outlet, type Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { identify } from "../../system/processIdentity.ts";
import type { AgentPanes } from "../../tmux/tmuxPart.ts";
import { followTranscripts } from "./followTranscripts.ts";
import { hookReply, hookRequest } from "./hookRequest.ts";
import { isAnsweredHere } from "./isAnsweredHere.ts";
import { openRequestStore, type StoredRequest } from "./requestStore.ts";
import { startHookServer, type WaitingHook } from "./startHookServer.ts";

export type ClaudeDeps = {
  stateDir: string;
  env: NodeJS.ProcessEnv;
  store: Store;
  outlet: Outlet;
  panes: AgentPanes;
  log: Log;
};

/** After the daemon was away, a hook finds it again within this time; without one nobody waits any more. */
const RETURN_MS = 3_000;
/** While the journal is full. */
const RETRY_MS = 1_000;
/** Ended requests are remembered this long, so that a late decision learns how they ended. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

/** Where Claude Code's hooks find the daemon. */
export function hookSocketPath(stateDir: string): string {
  return join(stateDir, "hooks.sock");
}

/**
 * Claude Code in panes: what it says (from its transcript) and what it asks (from its hook). A request is stored before
 * the edge is told of it, and a decision before Claude is; Claude's own dialog stays open all the while, and the first
 * answer counts.
 */
export async function startClaude(deps: ClaudeDeps): Promise<Part> {
  const { store, outlet, panes, log } = deps;
  const requests = openRequestStore(store);
  const transcripts = followTranscripts(deps);
  const hooks = new Map<string, WaitingHook>();
  const arrivals = new Map<string, () => void>();
  const timers = new Set<NodeJS.Timeout>();
  const stopping = new AbortController();
  requests.prune(Date.now() - KEEP_MS);

  const later = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!stopping.signal.aborted) work();
    }, ms);
    timers.add(timer.unref());
  };

  /** Ends a request that no command of the edge ends, and tells; nothing when it has ended before. */
  function finish({ id, session }: StoredRequest, end: RequestEnd): void {
    if (requests.get(id) === null) return;
    const also = () => void requests.end(id, end, Date.now());
    if (!outlet.put([{ kind: "request_ended", session, request: id, end }], also))
      later(RETRY_MS, () => {
        const still = requests.get(id);
        if (still !== null) finish(still, end);
      });
    else void hooks.get(id)?.answer({ type: "leave" });
  }

  async function onHook(hook: WaitingHook): Promise<void> {
    const { id, hook: asked } = hook.hello;
    if (requests.endOf(id) !== null) return void (await hook.answer({ type: "leave" }));
    if (requests.get(id) === null) {
      const session = await panes.sessionAt(hook.hello);
      if (session === null) return void (await hook.answer({ type: "leave" })); // not a pane of ours
      const request = hookRequest(id, asked);
      const add = () => requests.add({ id, session, hello: hook.hello, createdAt: Date.now() });
      while (!stopping.signal.aborted && !outlet.put([{ kind: "request", session, request }], add))
        await sleep(RETRY_MS);
    }
    hooks.set(id, hook);
    arrivals.get(id)?.();
    hook.onGone(() => {
      if (hooks.get(id) !== hook) return;
      hooks.delete(id);
      later(RETURN_MS, () => void lost(id));
    });
    // A decision that an earlier process could not see through: this hook has not had it.
    const request = requests.get(id);
    if (request !== null && request.decision !== null) {
      const end = await give(request, request.decision);
      if (end !== null) finish(request, end);
    }
  }

  /** A hook went away without an answer from us: the dialog on the screen was answered, or Claude has ended. */
  async function lost(id: string): Promise<void> {
    const request = requests.get(id);
    if (request === null || hooks.has(id)) return;
    const end = await endUnanswered(request);
    if (!stopping.signal.aborted && !hooks.has(id)) finish(request, end);
  }

  /** Gives a decision to the hook that waits; null when what became of it cannot be known. */
  async function give(request: StoredRequest, decision: CommandOf<"decide">): Promise<RequestEnd | null> {
    const hook = hooks.get(request.id) ?? (await arrival(request.id));
    if (hook === null) return endUnanswered(request);
    const printed = await hook.answer({ type: "print", text: hookReply(request.hello.hook, decision) });
    if (printed === null) return null;
    return printed ? "applied" : endUnanswered(request);
  }

  /** The hook, when it comes back in time. */
  async function arrival(id: string): Promise<WaitingHook | null> {
    const { promise, resolve } = Promise.withResolvers<void>();
    arrivals.set(id, resolve);
    await Promise.race([promise, sleep(RETURN_MS)]);
    arrivals.delete(id);
    return hooks.get(id) ?? null;
  }

  async function decide(command: CommandOf<"decide">, session: string): Promise<CommandResult> {
    const over = requests.endOf(command.request);
    if (over !== null) return decided(over);
    const request = requests.get(command.request);
    if (request === null || request.session !== session)
      return failed("no_such_request", "This host does not know the request.");
    requests.decide(request.id, command);
    const end = await give(request, command);
    if (end === null) {
      requests.end(request.id, "gone", Date.now());
      return {
        status: "indeterminate",
        message:
          "Claude's hook ended while it was given the decision; the terminal shows whether it took it.",
      };
    }
    requests.end(request.id, end, Date.now());
    return decided(end);
  }

  /** After each look at the panes: what is said, and what was answered at the terminal. */
  function look(): void {
    const agents = panes.claudes();
    transcripts.follow(
      agents.flatMap(({ session, claude: { sessionId } }) =>
        sessionId === undefined ? [] : [{ session, thread: sessionId }],
      ),
    );
    let soon = Number.POSITIVE_INFINITY;
    for (const request of requests.open()) {
      if (request.decision !== null || !hooks.has(request.id)) continue;
      const claude = agents.find(({ claude: { pid } }) => pid === request.hello.pid)?.claude;
      const answered = isAnsweredHere(request.createdAt, claude, Date.now());
      if (answered === "yes") finish(request, "stale");
      else if (answered !== "no") soon = Math.min(soon, answered.askAgainIn);
    }
    if (Number.isFinite(soon)) later(soon, look);
  }

  const server = await startHookServer({
    path: hookSocketPath(deps.stateDir),
    onHook: (hook) => {
      onHook(hook).catch((error: unknown) =>
        log("error", "A hook was not served.", { error: String(error) }),
      );
    },
    log,
  });
  const stopLooking = panes.onLook(look);
  for (const { id } of requests.open()) later(RETURN_MS, () => void lost(id));

  return {
    handles: (command) => command.type === "decide",
    async run(command, { session }) {
      if (command.type !== "decide") return failed("not_here", `${command.type} is not for Claude.`);
      return decide(command, session);
    },
    async stop() {
      stopping.abort();
      stopLooking();
      timers.forEach(clearTimeout);
      await server.stop();
      await transcripts.stop();
    },
  };
}

function decided(end: RequestEnd): CommandResult {
  return { status: "done", value: { type: "decided", end } };
}

async function endUnanswered({ hello: { pid } }: StoredRequest): Promise<RequestEnd> {
  return pid === null || (await identify(pid)) !== null ? "stale" : "gone";
}

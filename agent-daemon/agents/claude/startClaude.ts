import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import type { DaemonMessage } from "../../../protocol/link.ts";
import type { RequestEnd } from "../../../protocol/requests.ts";
import { failed, type Log, type Outlet, type Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { identify } from "../../system/processIdentity.ts";
import type { AgentPanes } from "../../tmux/tmuxPart.ts";
import { decided, openRequestStore, type StoredRequest } from "../requests/openRequestStore.ts";
import { followTranscripts } from "./followTranscripts.ts";
import { HOOK_LIFE_MS, HookHello, SUBAGENT_WAIT_MS } from "./hookWire.ts";
import { hookReply, hookRequest } from "./hookRequest.ts";
import { isAnsweredHere } from "./isAnsweredHere.ts";
import { startHookServer, type WaitingHook } from "./startHookServer.ts";
import { callKey, type DecidedCall } from "./translate.ts";

export type ClaudeDeps = {
  stateDir: string;
  env: NodeJS.ProcessEnv;
  store: Store;
  outlet: Outlet;
  panes: AgentPanes;
  log: Log;
  /** For tests. */
  subagentWaitMs?: number;
};

/** After the daemon was away, a hook finds it again within this time; without one nobody waits any more. */
const RETURN_MS = 3_000;
/** How much sooner than after its time a hook may be seen to end by it. */
const HOOK_LIFE_SLACK_MS = 60_000;
/** A decision that comes again waits so long for what became of it, and looks so often. */
const AGAIN_MS = 15_000;
const POLL_MS = 100;
/** While the journal is full. */
const RETRY_MS = 1_000;
/** Requests are remembered this long, so that a late decision learns how they ended; a hook waits for a day at most. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

/** The longest path of a socket, in bytes, that every system takes. */
const MAX_SOCKET_PATH = 100;

/** A request as its hook told it. */
type Asked = StoredRequest<HookHello>;

/** Where Claude Code's hooks find the daemon: in its state directory, or in a place of this user with a short name. */
export function hookSocketPath(stateDir: string): string {
  const path = join(stateDir, "hooks.sock");
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  const name = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  return join("/tmp", `signalbox-${process.getuid?.() ?? 0}`, `${name}.sock`);
}

/**
 * Claude Code in panes: what it says (from its transcript) and what it asks (from its hook). A request is stored before
 * the edge is told of it, and a decision before Claude is; Claude's own dialog stays open all the while, and the first
 * answer counts.
 */
export async function startClaude(deps: ClaudeDeps): Promise<Part> {
  const { store, outlet, panes, log, subagentWaitMs = SUBAGENT_WAIT_MS } = deps;
  const requests = openRequestStore(store, "claude", HookHello);
  const transcripts = followTranscripts({ ...deps, decided: told });
  const hooks = new Map<string, WaitingHook>();
  const arrivals = new Map<string, () => void>();
  const timers = new Set<NodeJS.Timeout>();
  const stopping = new AbortController();

  const later = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!stopping.signal.aborted) work();
    }, ms);
    timers.add(timer.unref());
  };

  /** Ends a request that no command of the edge ends, and tells; nothing when it has ended before. */
  function finish({ id, session }: Asked, end: RequestEnd): void {
    if (requests.get(id) === null) return;
    const also = () => void requests.end(id, end, Date.now());
    if (!outlet.put([{ kind: "request_ended", session, request: id, end }], also))
      later(RETRY_MS, () => {
        const still = requests.get(id);
        if (still !== null) finish(still, end);
      });
    else void hooks.get(id)?.answer({ type: "leave" });
  }

  /** Whose answer Claude took: what was said of a request before is corrected, and one that nobody knows of is told. */
  function told(thread: string, calls: DecidedCall[]): { messages: DaemonMessage[]; also: () => void } {
    const ends = new Map<string, RequestEnd>();
    const messages: DaemonMessage[] = [];
    for (const { key, source } of calls) {
      const truth = (decided: boolean) => (decided && source === "hook" ? "applied" : "stale");
      const asked = requests.untold(`${thread} ${key}`).filter(({ id }) => !ends.has(id));
      // Of several with the same input it is the one that ended so.
      const one = asked.find(({ ended, decided }) => ended === truth(decided)) ?? asked[0];
      if (one === undefined) continue;
      const end = truth(one.decided);
      ends.set(one.id, end);
      if (one.ended !== end)
        messages.push({ kind: "request_ended", session: one.session, request: one.id, end });
    }
    const also = () => {
      for (const [id, end] of ends) {
        requests.tell(id, end, Date.now());
        void hooks.get(id)?.answer({ type: "leave" });
      }
    };
    return { messages, also };
  }

  async function onHook(hook: WaitingHook): Promise<void> {
    const { id, hook: asked } = hook.hello;
    const createdAt = Date.now();
    if (requests.endOf(id) !== null) return void (await hook.answer({ type: "leave" }));
    if (requests.get(id) === null) {
      const session = await panes.sessionAt(hook.hello);
      if (session === null) return void (await hook.answer({ type: "leave" })); // not a pane of ours
      const request = hookRequest(id, asked);
      const call = `${asked.session_id} ${callKey(asked.tool_name, asked.tool_input)}`;
      requests.prune(createdAt - KEEP_MS);
      const add = () => requests.add({ id, session, asked: hook.hello, createdAt, call });
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
    if (asked.agent_id !== undefined) later(subagentWaitMs, () => giveUp(id));
    // A decision that an earlier process could not see through: this hook has not had it.
    const request = requests.get(id);
    if (request !== null && request.decision !== null) {
      const end = await give(request, request.decision);
      if (end !== null) finish(request, end);
    }
  }

  /** A subagent's request has waited for us as long as it may: Claude asks at the terminal now. */
  function giveUp(id: string): void {
    const request = requests.get(id);
    if (request !== null && request.decision === null) finish(request, "gone");
  }

  /**
   * A hook went away without an answer from us: the dialog on the screen was answered, or Claude has ended. Where a
   * decision was under way only the transcript knows whether Claude took it.
   */
  async function lost(id: string): Promise<void> {
    const request = requests.get(id);
    if (request === null || request.decision !== null || hooks.has(id)) return;
    if (await isWaiting(request)) return later(RETURN_MS, () => void lost(id));
    const end = await endUnanswered(request);
    if (!stopping.signal.aborted && !hooks.has(id)) finish(request, end);
  }

  /** Gives a decision to the hook that waits; null when what became of it cannot be known. */
  async function give(request: Asked, decision: CommandOf<"decide">): Promise<RequestEnd | null> {
    const hook = hooks.get(request.id) ?? (await arrival(request));
    if (hook === null) return endUnanswered(request);
    const printed = await hook.answer({ type: "print", text: hookReply(request.asked.hook, decision) });
    if (printed === null) return null;
    return printed ? "applied" : endUnanswered(request);
  }

  /** The hook, when it comes back: for as long as its process runs, and for a moment when that is not known. */
  async function arrival(request: Asked): Promise<WaitingHook | null> {
    const { promise, resolve } = Promise.withResolvers<void>();
    arrivals.set(request.id, resolve);
    do await Promise.race([promise, sleep(RETURN_MS)]);
    while (!stopping.signal.aborted && !hooks.has(request.id) && (await isWaiting(request)));
    arrivals.delete(request.id);
    return hooks.get(request.id) ?? null;
  }

  /** The same decision again, of a process that died with it: its hook is given it by whoever meets it first. */
  async function decideAgain(request: Asked): Promise<CommandResult> {
    await arrival(request);
    for (let waited = 0; waited < AGAIN_MS && requests.endOf(request.id) === null; waited += POLL_MS)
      await sleep(POLL_MS);
    const end = requests.endOf(request.id);
    return end === null ? UNKNOWN : decided(end);
  }

  async function decide(command: CommandOf<"decide">, session: string): Promise<CommandResult> {
    const over = requests.endOf(command.request);
    if (over !== null) return decided(over);
    const request = requests.get(command.request);
    if (request === null || request.session !== session)
      return failed("no_such_request", "This host does not know the request.");
    if (request.decision !== null) return decideAgain(request);
    requests.decide(request.id, command, Date.now());
    const end = await give(request, command);
    if (end === null) return UNKNOWN;
    requests.end(request.id, end, Date.now());
    return decided(requests.endOf(request.id) ?? end);
  }

  /** After each look at the panes: what is said, and what was answered at the terminal. */
  function look(): void {
    const agents = panes.claudes();
    transcripts.follow(
      agents.flatMap(({ session, claude: { sessionId, status, statusUpdatedAt = null } }) =>
        sessionId === undefined
          ? []
          : [{ session, thread: sessionId, idleSince: status === "idle" ? statusUpdatedAt : null }],
      ),
    );
    let soon = Number.POSITIVE_INFINITY;
    for (const request of requests.open()) {
      if (request.decision !== null || !hooks.has(request.id)) continue;
      if (request.asked.hook.agent_id !== undefined) continue; // no dialog is open for it yet
      const claude = agents.find(({ claude: { pid } }) => pid === request.asked.pid)?.claude;
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
    handles: (command) => command.type === "decide" && requests.knows(command.request),
    repeats: () => true,
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

/** Whether a hook that is not connected runs still, and so comes back. */
async function isWaiting({ asked: { hook_pid } }: Asked): Promise<boolean> {
  return hook_pid !== undefined && (await identify(hook_pid)) !== null;
}

const UNKNOWN: CommandResult = {
  status: "indeterminate",
  message: "Claude's hook ended while it was given the decision; the terminal shows whether it took it.",
};

async function endUnanswered({ createdAt, asked: { pid, hook } }: Asked): Promise<RequestEnd> {
  // A subagent's dialog opens only now, and one whose hook has had its time is open still.
  if (hook.agent_id !== undefined || Date.now() - createdAt > HOOK_LIFE_MS - HOOK_LIFE_SLACK_MS)
    return "gone";
  return pid === null || (await identify(pid)) !== null ? "stale" : "gone";
}

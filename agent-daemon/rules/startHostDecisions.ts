import * as z from "zod";
import { newId } from "../../protocol/ids.ts";
import type { CommandOf, CommandResult } from "../../protocol/commands.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { DaemonStops, type Log, type Outlet, type Part } from "../parts.ts";
import type { Store } from "../store.ts";
import type { HostRules } from "./openHostRules.ts";

export type HostDecisionsDeps = {
  store: Store;
  journal: Outlet;
  rules: Pick<HostRules, "find">;
  /** Whether the edge cannot be asked. */
  offline: () => boolean;
  /** The host that this is; null while that is not known. */
  host: () => string | null;
  log: Log;
};

type Asked = Extract<DaemonMessage, { kind: "request" }>;
type Ended = Extract<DaemonMessage, { kind: "request_ended" }>["end"];

const Row = z.object({ request: z.string(), session: z.string(), begun: z.number() });
/** While the journal is full. */
const RETRY_MS = 1_000;

/**
 * Decides what agents ask while the edge is away, by the host's copy of the rules. The decision is in the journal
 * together with the request, before its agent hears of it, and what became of it follows.
 */
export function startHostDecisions({ store, journal, rules, offline, host, log }: HostDecisionsDeps) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS host_decisions (
      request TEXT PRIMARY KEY,
      session TEXT NOT NULL,
      begun INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `);
  const add = store.db.prepare("INSERT OR IGNORE INTO host_decisions VALUES (?, ?, 0)");
  const begin = store.db.prepare("UPDATE host_decisions SET begun = 1 WHERE request = ?");
  const drop = store.db.prepare("DELETE FROM host_decisions WHERE request = ?");
  const one = store.db.prepare("SELECT * FROM host_decisions WHERE request = ?");
  const all = store.db.prepare("SELECT * FROM host_decisions");
  const stopping = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  /** Null until they run: what is decided before is given then. */
  let parts: readonly Part[] | null = null;
  let workspaceOf: (session: string) => string | null = () => null;

  function judge(message: DaemonMessage): DaemonMessage {
    if (message.kind !== "request" || message.request.questions !== undefined || !offline()) return message;
    const { session, request } = message;
    const rule = rules.find({ ...request, host: host(), workspace: workspaceOf(session) });
    return rule === null ? message : { ...message, decided: { rule: rule.id, by: rule.by, at: Date.now() } };
  }

  /** Tells the agent, once; a process that died meanwhile is followed by one that says that it does not know. */
  async function carryOut(request: string): Promise<void> {
    if (parts === null || stopping.signal.aborted) return; // somebody goes on with it
    const row = Row.optional().parse(one.get(request));
    if (row === undefined) return; // it was not stored, or is done
    const { session } = row;
    const command: CommandOf<"decide"> = { type: "decide", request, allow: true };
    const part = parts.find((each) => each.handles(command, session));
    if (part === undefined) return tell(row, "gone");
    if (row.begun === 1 && part.repeats?.(command) !== true) return tell(row, "indeterminate");
    begin.run(request);
    const result = await part.run(command, { id: newId("cmd"), session, signal: stopping.signal });
    if (!stopping.signal.aborted) tell(row, endOf(result));
  }

  function tell({ request, session }: z.infer<typeof Row>, end: Ended): void {
    if (journal.put([{ kind: "request_ended", session, request, end }], () => void drop.run(request))) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      tell({ request, session, begun: 1 }, end);
    }, RETRY_MS);
    timers.add(timer.unref());
  }

  function start(request: string): void {
    carryOut(request).catch((error: unknown) =>
      log("error", "A decision by a rule was not carried out.", { request, error: String(error) }),
    );
  }

  return {
    /** Where agents put what they ask. */
    outlet: {
      lost: (session, events) => journal.lost(session, events),
      put(messages, also) {
        const judged = messages.map(judge);
        const decided = judged.filter((message): message is Asked => "decided" in message);
        if (decided.length === 0) return journal.put(messages, also);
        const stored = journal.put(judged, () => {
          also?.();
          for (const { request, session } of decided) add.run(request.id, session);
        });
        // After the transaction that this may be a part of.
        if (stored) for (const { request } of decided) setImmediate(() => start(request.id));
        return stored;
      },
    } satisfies Outlet,
    /** The parts run: what an earlier process has left is gone on with. */
    begin(started: readonly Part[], workspace: (session: string) => string | null): void {
      parts = started;
      workspaceOf = workspace;
      for (const row of all.all()) start(Row.parse(row).request);
    },
    stop(): void {
      stopping.abort(new DaemonStops());
      timers.forEach(clearTimeout);
    },
  };
}

function endOf(result: CommandResult): Ended {
  if (result.status === "done" && result.value.type === "decided") return result.value.end;
  return result.status === "failed" ? "gone" : "indeterminate";
}

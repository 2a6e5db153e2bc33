import { join } from "node:path";
import type { Command, CommandOf, CommandResult } from "../../../../protocol/commands.ts";
import type { EventBody, Item } from "../../../../protocol/events.ts";
import { newId } from "../../../../protocol/ids.ts";
import { DaemonMessage } from "../../../../protocol/link.ts";
import { AgentConfig } from "../../../config.ts";
import { openJournal } from "../../../link/journal.ts";
import { DaemonStops, type Log } from "../../../parts.ts";
import { openStore } from "../../../store.ts";
import { until } from "../../codex/testing/jobHarness.ts";
import { startOwned } from "../startOwned.ts";

/** The program whose hidden word makes a keeper. */
export const KEEPER_PROGRAM = join(import.meta.dirname, "keeperProgram.ts");

export type OwnedHarness = Awaited<ReturnType<typeof startOwnedHarness>>;

/** The part that runs agents over a real store and a real journal, without a link: what is put stays there to be looked at. */
export async function startOwnedHarness(options: {
  dir: string;
  agents: Partial<AgentConfig["agents"]>;
  env?: NodeJS.ProcessEnv;
  log?: Log;
  /** False: the journal takes nothing. */
  hasRoom?: () => boolean;
  longRecord?: number;
}) {
  const { dir, log = () => {}, hasRoom = () => true } = options;
  const config = AgentConfig.parse({
    state_dir: join(dir, "state"),
    worktrees_dir: join(dir, "worktrees"),
    agents: options.agents,
  });
  const store = openStore(join(dir, "state", "agent.db"));
  const journal = openJournal({ store, maxBytes: 1e9, log });
  const stopping = new AbortController();
  const part = await startOwned({
    config,
    store,
    outlet: {
      put: (messages, also) => hasRoom() && journal.put(messages, also),
      lost: journal.lost,
    },
    log,
    selfPath: KEEPER_PROGRAM,
    ...(options.longRecord === undefined ? {} : { longRecord: options.longRecord }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });

  function messages(): DaemonMessage[] {
    return journal
      .read(0, { messages: 1e9, bytes: 1e12 })
      .map(({ json }) => DaemonMessage.parse(JSON.parse(json)));
  }
  function told<K extends DaemonMessage["kind"]>(kind: K, session: string) {
    return messages().filter(
      (message): message is Extract<DaemonMessage, { kind: K; session: string }> =>
        message.kind === kind && "session" in message && message.session === session,
    );
  }
  function events(session: string): EventBody[] {
    return told("events", session).flatMap(({ events: some }) => some.map(({ event }) => event));
  }
  function items(session: string): Item[] {
    const byId = new Map<string, Item>();
    for (const event of events(session)) if (event.type === "item") byId.set(event.id, event.item);
    return [...byId.values()];
  }
  function run(session: string, command: Command, id = newId("cmd")): Promise<CommandResult> {
    return part.run(command, { id, session, signal: stopping.signal });
  }

  return {
    part,
    store,
    config,
    messages,
    events,
    items,
    run,
    /** Starts an agent, and gives back its session. */
    async start(command: Omit<CommandOf<"agent_start">, "type">, session = newId("ses")) {
      const result = await run(session, { type: "agent_start", ...command });
      return { session, result };
    },
    say: (session: string, text: string, id = newId("cmd")) =>
      run(session, { type: "agent_prompt", text }, id),
    decide: (session: string, request: string, over: Partial<CommandOf<"decide">> = {}, id = newId("cmd")) =>
      run(session, { type: "decide", request, allow: true, ...over }, id),
    requests: (session: string) => told("request", session).map(({ request }) => request),
    ends: (session: string) => told("request_ended", session),
    request: (session: string, at = 0) => until(() => told("request", session)[at]?.request ?? null),
    /** Waits until the agent has said something. */
    answered: (session: string, text: string) =>
      until(() => items(session).find((item) => item.kind === "message" && item.text.includes(text)) ?? null),
    /** Waits until so many turns have ended. */
    turns: (session: string, count: number) =>
      until(() => {
        const ended = events(session).filter(
          ({ type }) => type === "turn_completed" || type === "turn_failed",
        );
        return ended.length >= count ? ended : null;
      }),
    status: (session: string) =>
      events(session).findLast((event) => event.type === "status" || event.type === "ended")?.status ?? null,
    isStopped: () => stopping.signal.aborted,
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort(new DaemonStops());
      await part.stop();
      journal.stop();
      store.close();
    },
  };
}

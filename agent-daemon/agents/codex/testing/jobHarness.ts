import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, CommandResult } from "../../../../protocol/commands.ts";
import type { EventBody } from "../../../../protocol/events.ts";
import { newId } from "../../../../protocol/ids.ts";
import { DaemonMessage } from "../../../../protocol/link.ts";
import { AgentConfig } from "../../../config.ts";
import { openJournal } from "../../../link/journal.ts";
import type { Log } from "../../../parts.ts";
import { openStore } from "../../../store.ts";
import { startCodexJobs } from "../startCodexJobs.ts";

/** The program whose hidden word makes a supervisor. */
export const JOB_PROGRAM = join(import.meta.dirname, "jobProgram.ts");

/** A daemon for tests to kill (see runUntilKilled.ts). */
export const DAEMON_PROGRAM = join(import.meta.dirname, "runUntilKilled.ts");

export type HarnessOptions = {
  dir: string;
  /** The program that is run as codex. */
  codex: string;
  env?: NodeJS.ProcessEnv;
  journalMaxBytes?: number;
  log?: Log;
  selfPath?: string;
  /** Called before each put, with how many there were; may throw. */
  beforePut?: (puts: number) => void;
};

/** The codex part over a real store and a real journal, without a link: what is put stays there to be looked at. */
export async function startJobHarness(options: HarnessOptions) {
  const { dir, codex, log = () => {} } = options;
  const config = AgentConfig.parse({
    state_dir: join(dir, "state"),
    worktrees_dir: join(dir, "worktrees"),
    agents: { codex },
  });
  const store = openStore(join(dir, "state", "agent.db"));
  const journal = openJournal({ store, maxBytes: options.journalMaxBytes ?? 1e9, log });
  let puts = 0;
  const stopping = new AbortController();
  const part = await startCodexJobs({
    config,
    store,
    outlet: {
      put(messages, also) {
        puts += 1;
        options.beforePut?.(puts);
        return journal.put(messages, also);
      },
      lost: journal.lost,
    },
    log,
    selfPath: options.selfPath ?? JOB_PROGRAM,
    ...(options.env === undefined ? {} : { env: options.env }),
  });

  function messages(): DaemonMessage[] {
    return journal
      .read(0, { messages: 1e9, bytes: 1e12 })
      .map(({ json }) => DaemonMessage.parse(JSON.parse(json)));
  }

  function events(session: string): EventBody[] {
    return messages().flatMap((message) =>
      message.kind === "events" && message.session === session
        ? message.events.map(({ event }) => event)
        : [],
    );
  }

  return {
    part,
    store,
    journal,
    config,
    messages,
    events,
    puts: () => puts,
    run(session: string, command: Command, id = newId("cmd")): Promise<CommandResult> {
      return part.run(command, { id, session, signal: stopping.signal });
    },
    /** Waits for the end of a turn and gives it back. */
    async ended(session: string, turns = 1, timeoutMs = 30_000): Promise<EventBody & { type: "ended" }> {
      const ends = await until(() => {
        const found = events(session).filter((event) => event.type === "ended");
        return found.length >= turns ? found : null;
      }, timeoutMs);
      const last = ends.at(-1);
      if (last === undefined) throw new Error("no end");
      return last;
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      await part.stop();
      journal.stop();
      store.close();
    },
  };
}

/** Looks again and again until there is something. */
export async function until<T>(look: () => T | null | Promise<T | null>, timeoutMs = 30_000): Promise<T> {
  for (const began = Date.now(); Date.now() - began < timeoutMs; await sleep(25)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`waited ${timeoutMs} ms in vain`);
}

import type { Command } from "../../../protocol/commands.ts";
import type { QueuedMessage } from "../../../protocol/api.ts";
import { idAs } from "../../../protocol/ids.ts";
import { MAX_COMMAND_TTL_MS } from "../../../protocol/limits.ts";
import { isEnded, isInteractive, type Session } from "../../../protocol/session.ts";
import { logError } from "../../shared/logError.ts";
import type { NewSession } from "../newSession.ts";
import { NOT_FOUND, type Refused } from "../refused.ts";
import type { SessionCommands } from "../SessionCommands.ts";
import type { SessionStore } from "../SessionStore.ts";
import type { TurnRunner } from "../turn/TurnRunner.ts";
import type { SessionJob } from "./SessionJob.ts";

/** A command that begins a session, and how long it may wait for its host. */
export type StartCommand = { id: string; command: Command; by: string; expiresInMs?: number | undefined };

/** What a job is asked: a chat by a prompt, an agent by a command. */
export type JobStart = { prompt: string } | { command: Command; waitMs?: number };

type Parts = {
  store: SessionStore;
  commands: SessionCommands;
  turn: TurnRunner;
  job: SessionJob;
  create: (fresh: NewSession, command: StartCommand | null) => Promise<Session | Refused>;
  /** Makes the session with its first message; false when it cannot be. */
  begin: (fresh: NewSession, first: QueuedMessage) => Promise<boolean>;
  say: (message: QueuedMessage) => Promise<QueuedMessage | Refused>;
  goOn: () => void;
};

/** What the owner of a session asks of it: that it begins, goes on, and ends. Each may be said again. */
export class JobOrders {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async start(
    fresh: NewSession & Pick<Required<NewSession>, "job">,
    start: JobStart,
    by: string,
  ): Promise<Session | Refused> {
    const { store, create, begin, goOn } = this.#parts;
    const id = askedOf(fresh);
    if ("command" in start)
      return create(fresh, { id, command: start.command, by, expiresInMs: start.waitMs });
    if (!(await begin(fresh, { id, text: start.prompt, by, created_at: Date.now() }))) return NOT_FOUND;
    await this.#ask(start.prompt, by); // what was made before, and never asked
    goOn();
    return store.current?.session ?? NOT_FOUND;
  }

  async askAgain(round: number, message: { id: string; text: string }, by: string): Promise<Refused | null> {
    const { store, job } = this.#parts;
    const session = store.current?.session;
    if (session === undefined) return NOT_FOUND;
    const chat = session.provider === "edge";
    if (!chat && !isInteractive(session))
      return { refused: "not_supported", message: `A job of ${session.provider} is asked once.` };
    job.again(round, idAs(chat ? "msg" : "cmd", message.id));
    if (chat) await this.#ask(message.text, by);
    else await this.#tellAgent(message.text, by);
    return null;
  }

  async childEnded(task: string, message: QueuedMessage): Promise<void> {
    const { store, job, say } = this.#parts;
    if ("refused" in (await say(message))) return; // deleted: there is nobody to tell
    if (store.current?.session.job === undefined) return;
    await store.write(() => {
      job.childEnded(task);
      return null;
    });
  }

  /** True when there is nothing to wait for: the session never was, and will never be. */
  async cancel(id: string, by: string): Promise<boolean> {
    const { store, job, turn, goOn } = this.#parts;
    if (store.current === null) {
      store.bury(id);
      return true;
    }
    if (!job.cancel(by)) return false;
    await store.write(() => null); // what was never asked ends here
    if (job.ended) return false;
    const { session } = store.current;
    const alone = session.provider === "codex" && !isInteractive(session);
    if (session.provider === "edge") await turn.stop(by);
    else await this.#stopAgent(alone ? { type: "codex_stop" } : { type: "kill", force: true }, by);
    goOn();
    return false;
  }

  /** Ends an agent that nobody will ask any more, and takes away its worktree, unless that holds work. Inside a step. */
  tidyAgent(asked: string): void {
    const { store, commands, goOn } = this.#parts;
    const session = store.current?.session;
    if (session === undefined || session.provider === "edge") return;
    const give = (id: string, command: Command) => {
      if (!commands.knows(id)) commands.stage(id, command, "its owner", null);
    };
    if (!isEnded(session)) give(stopOf(asked), { type: "kill", force: true });
    if (session.worktree !== null) give(tidyOf(asked), { type: "remove_worktree" });
    goOn();
  }

  /** Says what the round is to begin with, unless it has begun. */
  async #ask(prompt: string, by: string): Promise<void> {
    const { job, say } = this.#parts;
    const id = job.unbegun();
    if (id !== null) await say({ id, text: prompt, by, created_at: Date.now() });
  }

  /** The same of an agent, which waits for it. */
  async #tellAgent(text: string, by: string): Promise<void> {
    const { job, commands } = this.#parts;
    const id = job.unbegun();
    if (id === null) return;
    await commands
      .start(id, { type: "agent_prompt", text }, by, MAX_COMMAND_TTL_MS)
      .catch((error: unknown) => logError("command not forwarded yet", error)); // recorded; the alarm hands it over
  }

  /** Takes back the start of an agent that has not left for its host, or asks the host to end it, once. */
  async #stopAgent(command: Command, by: string): Promise<void> {
    const { job, commands } = this.#parts;
    const { asked } = job;
    if (asked === null || (await commands.cancel(asked))) return;
    await commands
      .start(stopOf(asked), command, by, undefined)
      .catch((error: unknown) => logError("command not forwarded yet", error)); // recorded; the alarm hands it over
  }
}

/** The message or command that begins what a session is made for. */
export function askedOf({ id, provider }: Pick<NewSession, "id" | "provider">): string {
  return idAs(provider === "edge" ? "msg" : "cmd", id);
}

/** The command that stops what another began: its id, with a time that no other has for some thousand years. */
function stopOf(asked: string): string {
  return asked.replace("_0", "_z");
}

/** The same of the one that takes away its worktree. */
function tidyOf(asked: string): string {
  return asked.replace("_0", "_y");
}

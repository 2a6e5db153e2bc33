import type { CommandAnswer } from "../../protocol/api.ts";
import type { Command, CommandOf, CommandResult } from "../../protocol/commands.ts";
import { newId } from "../../protocol/ids.ts";
import { isEnded, isInteractive, type Session } from "../../protocol/session.ts";
import { logError } from "../shared/logError.ts";
import { NOT_FOUND, type Refused } from "./refused.ts";
import { renamed } from "./renamed.ts";
import type { SessionCommands } from "./SessionCommands.ts";
import type { SessionStore } from "./SessionStore.ts";
import type { Calls } from "./turn/Calls.ts";
import type { TurnRunner } from "./turn/TurnRunner.ts";

/** Commands of a chat: they begin here, whatever a host has to do for them. */
const EDGE_COMMANDS = new Set<Command["type"]>([
  "cancel_turn",
  "compact",
  "set_model",
  "hop",
  "answer",
  "stop_background",
]);

/** Commands that make sense when the pane or job has ended. */
const WORKS_AFTER_END = new Set<Command["type"]>([
  "codex_start",
  "agent_prompt",
  "remove_worktree",
  "rename",
]);

/** A person's command, with the id that its sender gave it. */
export type CommandRequest = { id: string; command: Command; by: string; expiresInMs: number | undefined };

type Parts = {
  store: SessionStore;
  commands: SessionCommands;
  calls: Calls;
  turn: TurnRunner;
  findHost: (wanted: string) => Promise<{ id: string; name: string } | null>;
  goOn: () => void;
};

/** Takes people's commands: says which of them this session takes now, and carries out what needs no host. */
export class CommandDesk {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async take(request: CommandRequest, session: Session, waitMs: number): Promise<CommandAnswer | Refused> {
    const { store, commands } = this.#parts;
    const { id, command, by } = request;
    if (command.type === "rename") {
      await store.write(renamed(command.title, by));
      return {
        id,
        session: session.id,
        status: "done",
        result: { status: "done", value: { type: "nothing" } },
      };
    }
    const chat = session.provider === "edge";
    const either = command.type === "set_model" && isInteractive(session);
    if (chat !== EDGE_COMMANDS.has(command.type) && !either)
      return {
        refused: "not_supported",
        message: chat
          ? `A chat has no terminal: it takes no ${command.type}.`
          : `Only a chat takes ${command.type}.`,
      };
    if (chat) {
      const done = await this.#edgeCommand(command, by);
      return { id, session: session.id, status: done.status, result: done };
    }
    const known = await commands.answer(id, 0);
    if (known === null) {
      if (isEnded(session) && !WORKS_AFTER_END.has(command.type))
        return { refused: "ended", message: "This session has ended; the command has nowhere to go." };
      if (command.type === "codex_start" && session.status === "working")
        return { refused: "busy", message: "The job still runs. Stop it, or wait until it is done." };
      try {
        await commands.start(id, command, by, request.expiresInMs);
      } catch (error) {
        logError("command not forwarded yet", error); // recorded; the alarm hands it over
      }
    }
    return (await commands.answer(id, waitMs)) ?? NOT_FOUND;
  }

  /** The commands of a chat, carried out here. */
  async #edgeCommand(command: Command, by: string): Promise<CommandResult> {
    const { store, calls, turn, findHost, goOn } = this.#parts;
    const done: CommandResult = { status: "done", value: { type: "nothing" } };
    if (command.type === "cancel_turn") await turn.cancel(by);
    if (command.type === "answer" && !(await calls.answer(command.question, command.text)))
      return {
        status: "failed",
        code: "not_waiting",
        message: "This question has its answer, or is no longer asked.",
      };
    if (command.type === "compact" && !(await turn.compact()))
      return { status: "failed", code: "nothing_to_shorten", message: "There is nothing to shorten yet." };
    if (command.type === "stop_background" && !(await this.#stopBackground(command, by)))
      return { status: "failed", code: "not_running", message: "This command does not run any more." };
    if (command.type === "set_model") {
      const event = { type: "model", model: command.model, effort: command.effort ?? null, by } as const;
      await store.write(() => ({ events: [{ at: Date.now(), event }] }));
    }
    if (command.type === "hop") {
      const host = await findHost(command.host);
      if (host === null)
        return { status: "failed", code: "host_not_found", message: "There is no such host." };
      const event = {
        type: "hopped",
        host: host.id,
        host_name: host.name,
        workspace: command.workspace,
      } as const;
      await store.write(() => ({ events: [{ at: Date.now(), event }] }));
    }
    goOn();
    return done;
  }

  /** Asks the hosts to stop background commands; false when none of those that are meant runs. */
  async #stopBackground({ command }: CommandOf<"stop_background">, by: string): Promise<boolean> {
    const { store, commands } = this.#parts;
    const running = store.current?.session.background ?? [];
    const wanted = running.filter(({ id }) => command === undefined || id === command);
    await store.write(() => {
      for (const host of new Set(wanted.map((each) => each.host)))
        commands.stage(
          newId("cmd"),
          { type: "stop_background", ...(command === undefined ? {} : { command }) },
          by,
          host,
        );
      return null;
    });
    await commands.forwardAll().catch((error: unknown) => logError("command not forwarded yet", error)); // recorded; the alarm hands it over
    return wanted.length > 0;
  }
}

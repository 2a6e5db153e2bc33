import type { Approval, Rule } from "../../../protocol/approvals.ts";
import type { CommandResult } from "../../../protocol/commands.ts";
import type { EventBody } from "../../../protocol/events.ts";
import { newId } from "../../../protocol/ids.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { redact } from "../../../protocol/redact.ts";
import type { Session } from "../../../protocol/session.ts";
import { isToolName, summarizeCall, type ToolName, TOOLS } from "../../../protocol/tools.ts";
import { logError } from "../../shared/logError.ts";
import { checkedInput } from "../approvals/checkedInput.ts";
import { type Act, isAllowed } from "../../../protocol/isAllowed.ts";
import type { Ledger } from "../approvals/Ledger.ts";
import type { SessionCommands } from "../SessionCommands.ts";
import type { Events, SessionStore } from "../SessionStore.ts";
import { failure, itemOf, outcomeOf, type Call, type Outcome } from "./callResult.ts";
import { isSubagentTool, runSubagentTool, type SubagentPorts } from "./SubagentTools.ts";
import { isFinal } from "./nextAction.ts";
import { judgeRepeat, REPEAT_WARNING } from "./runaway.ts";
import { turnStatus } from "./turnStatus.ts";
import type { Turn, TurnStore } from "./TurnStore.ts";

type Parts = {
  store: SessionStore;
  turns: TurnStore;
  ledger: Ledger;
  commands: SessionCommands;
  /** The team's rules for a tool, read anew each time. */
  rules: (tool: string) => Promise<Rule[]>;
  /** A host of the team by id or name. */
  findHost: (wanted: string) => Promise<{ id: string; name: string } | null>;
  /** The end of another session's log, as text. */
  readSession: (id: string, events: number) => Promise<string | null>;
  hash: (text: string) => Promise<string>;
  subagents: SubagentPorts;
  /** This session's own work waits for the end of a task that it is about to hand on. */
  await: (task: string) => void;
  /** How long an approval waits for its decision. */
  approvalLife: () => number;
  /** Sees to it that the turn is looked at again; part of the caller's transaction. */
  lookAgain: (now: number) => void;
};

/** The tool calls of a turn, from the model's proposal to their end: judged, parked for a decision, sent to a host, settled once. */
export class Calls {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Answers a question of the model; false when it does not wait for one. */
  async answer(question: string, text: string): Promise<boolean> {
    let done = false;
    await this.#parts.store.write((session) => {
      done = false; // a step may run twice
      const call = this.#parts.turns.call(question);
      if (call === null || call.tool !== "ask_user" || call.state !== "waiting") return null;
      done = true;
      const now = Date.now();
      this.#parts.lookAgain(now);
      const events = this.settle(
        call.id,
        { state: "completed", output: text, output_cut: 0, error: null },
        now,
      );
      return { events: [...events, ...turnStatus(session, this.#parts.turns, now)] };
    });
    return done;
  }

  /** A host command of a call has ended: the events that tell it. Runs inside the step that stores the result. */
  ended(session: Session, command: string, result: CommandResult, now: number): Events {
    const { turns } = this.#parts;
    const call = turns.callOfCommand(command);
    if (call === null) return [];
    const events = this.settle(call.id, outcomeOf(result), now);
    this.#parts.lookAgain(now);
    return [...events, ...turnStatus(session, turns, now)];
  }

  /** Settles a call that is still proposed, read anew; one that cannot be settled fails, and does not hold up the turn. */
  async judge(turn: Turn, id: string): Promise<void> {
    const call = this.#parts.turns.call(id);
    if (call?.state !== "proposed" || this.#parts.store.current === null) return;
    try {
      await this.#judge(turn, call);
    } catch (error) {
      logError("a call could not be settled", error);
      await this.#end(call, failure("The call could not be made; something went wrong on the edge."));
    }
  }

  /** Asks the hosts to end what runs for a cancelled turn. True when something ended by that. */
  async stop(calls: Call[]): Promise<boolean> {
    let ended = false;
    for (const { state, command } of calls)
      if (state === "dispatched" && command !== null && (await this.#parts.commands.cancel(command)))
        ended = true;
    return ended;
  }

  /** Judges one proposed call: refuses it, carries it out here, sends it to its host, or parks it for a decision. */
  async #judge(turn: Turn, call: Call): Promise<void> {
    const { store, turns } = this.#parts;
    const input = checkedInput(call.tool, JSON.parse(call.input));
    if (!input.ok) return this.#end(call, failure(input.message));
    if (call.approval === null && judgeRepeat(call, turns.earlierCalls(turn.number, turn.step)) !== "run")
      return this.#end(call, failure(REPEAT_WARNING));
    const session = store.current?.session;
    if (session === undefined || !isToolName(call.tool)) return;
    if (call.tool === "ask_user") return this.#ask(call, input.value);
    if (call.tool === "hop") return this.#hop(call, input.value);
    if (isSubagentTool(call.tool)) {
      const made = { id: call.id, tool: call.tool, input: input.value, began_at: turn.started_at };
      return this.#end(call, await runSubagentTool(this.#parts, session, made));
    }
    if (call.tool === "read_session") {
      const { session: other, events } = TOOLS.read_session.input.parse(input.value);
      const text = await this.#parts.readSession(other, events ?? 50);
      return this.#end(
        call,
        text === null
          ? failure("There is no such session.")
          : { state: "completed", ...endOf(text), error: null },
      );
    }
    if (TOOLS[call.tool].place === "host" && (session.host === null || session.cwd === null))
      return this.#end(
        call,
        failure("No host is chosen for this chat. Use the hop tool, or ask the person to choose one."),
      );
    const decided = call.approval === null ? null : this.#parts.ledger.get(call.approval);
    await this.#sendOrPark(
      call,
      input,
      // What a person has allowed needs no rule, and does not wait for them to be read.
      decided?.status === "allowed" ? [] : await this.#rules(call.tool),
      await this.#parts.hash(input.json),
    );
  }

  /** Without the rules nothing is allowed by one: the person is asked. */
  #rules(tool: string): Promise<Rule[]> {
    return this.#parts.rules(tool).catch((error: unknown): Rule[] => {
      logError("rules not read", error);
      return [];
    });
  }

  /** Looks at grants and rules now, at the moment of execution, and either sends the call or parks it. */
  async #sendOrPark(
    proposed: Call,
    input: { value: Record<string, unknown>; json: string },
    rules: Rule[],
    input_sha256: string,
  ): Promise<void> {
    const { store, turns, ledger } = this.#parts;
    const tool = proposed.tool;
    if (!isToolName(tool)) return;
    const { scope } = TOOLS[tool];
    await store.write((session) => {
      const call = turns.call(proposed.id);
      if (call === null || call.state !== "proposed") return null;
      const now = Date.now();
      const decided = call.approval === null ? null : ledger.get(call.approval);
      const summary = summarizeCall(tool, input.value);
      const { host, cwd: workspace } = session;
      const act: Act = { requester: "edge", tool, scope, summary, input_sha256, host, workspace };
      // What was allowed runs where the person was shown that it would, wherever the chat has gone since.
      const at = decided === null ? session : { host: decided.host, cwd: decided.workspace ?? session.cwd };
      if (decided?.status !== "allowed" && isAllowed(act, ledger.grants(now), rules, now) === null) {
        const { team, id, cwd, provider } = session;
        const { approval, events } = ledger.open(
          {
            team,
            session: id,
            host,
            requester: provider,
            request: call.id,
            tool,
            scope,
            workspace: cwd,
            input: input.json,
            input_sha256,
            summary: redact(summary),
            touches: touchesOf(input.value, cwd),
            expires_at: now + this.#parts.approvalLife(),
          },
          now,
        );
        const parked = turns.updateCall(call.id, { state: "waiting", approval: approval.id, host });
        if (parked !== null) events.push(this.card(parked, now));
        return { events: [...events, ...turnStatus(session, turns, now)] };
      }
      return { events: this.send(call, tool, input.value, at, now) };
    });
  }

  /** A call that may run: carried out here, or staged for its host, which `forwardAll` hands it to. Inside a step. */
  send(
    call: Call,
    tool: ToolName,
    input: Record<string, unknown>,
    at: Pick<Session, "host" | "cwd">,
    now: number,
  ): Events {
    if (TOOLS[tool].place === "edge")
      return this.settle(
        call.id,
        { state: "completed", output: "Allowed.", output_cut: 0, error: null },
        now,
      );
    const command = newId("cmd", now);
    const outside = this.#readable(at.host, now);
    this.#parts.commands.stage(
      command,
      { type: "tool", tool, input, root: at.cwd ?? "/", outside },
      "model",
      at.host,
    );
    const sent = this.#parts.turns.updateCall(call.id, {
      input: call.input,
      state: "dispatched",
      command,
      host: at.host,
    });
    return sent === null ? [] : [this.card(sent, now)];
  }

  /** Paths outside the workspace that may be read on a host: those that were allowed by name, and others while a grant holds. */
  #readable(host: string | null, now: number): string[] {
    const { turns, ledger } = this.#parts;
    const granted = ledger.grants(now).some(({ scope }) => scope === "read_outside");
    return turns.readablePaths(host).flatMap(({ path, approval }) => {
      const decided = approval === null ? null : ledger.get(approval);
      const named = decided !== null && decided.decision_scope !== "session";
      return named || granted ? [path] : [];
    });
  }

  async #ask(call: Call, input: Record<string, unknown>): Promise<void> {
    const { store, turns } = this.#parts;
    const { question, options } = TOOLS.ask_user.input.parse(input);
    await store.write((session) => {
      const now = Date.now();
      if (turns.call(call.id)?.state !== "proposed") return null;
      turns.updateCall(call.id, { state: "waiting" });
      const item = { kind: "question", question, options: options ?? [], answer: null } as const;
      return {
        events: [
          { at: now, event: { type: "item", id: call.id, turn: call.turn, item } },
          ...turnStatus(session, turns, now),
        ],
      };
    });
  }

  async #hop(call: Call, input: Record<string, unknown>): Promise<void> {
    const { host: wanted, workspace } = TOOLS.hop.input.parse(input);
    const host = await this.#parts.findHost(wanted);
    if (host === null) return this.#end(call, failure(`There is no host ${wanted}.`));
    await this.#parts.store.write(() => {
      const now = Date.now();
      const outcome: Outcome = {
        state: "completed",
        output: `Now on ${host.name} in ${workspace}.`,
        output_cut: 0,
        error: null,
      };
      const hopped: EventBody = { type: "hopped", host: host.id, host_name: host.name, workspace };
      const settled = this.settle(call.id, outcome, now);
      return settled.length === 0 ? null : { events: [...settled, { at: now, event: hopped }] };
    });
  }

  async #end(call: Call, outcome: Outcome): Promise<void> {
    await this.#parts.store.write(() => ({ events: this.settle(call.id, outcome, Date.now()) }));
  }

  /** Stores what a call came to, once, and tells its card and its approval. Inside a step. */
  settle(id: string, outcome: Outcome, now: number): Events {
    const { turns, ledger } = this.#parts;
    const before = turns.call(id);
    if (before === null || isFinal(before.state)) return [];
    // Of a call that ends without output of its own, what it had printed stays.
    const call = turns.updateCall(id, { ...outcome, output: outcome.output ?? before.output });
    if (call === null) return [];
    const turn = turns.active();
    if (turn?.number === call.turn)
      turns.update(turn.number, { mistakes: outcome.state === "failed" ? turn.mistakes + 1 : 0 });
    const events = [this.card(call, now)];
    if (call.approval !== null)
      events.push(
        ...ledger.end(call.approval, "withdrawn", now),
        ...ledger.deliver(call.approval, deliveryOf(outcome.state), now),
      );
    return events;
  }

  card(call: Call, now: number): Events[number] {
    if (call.tool === "ask_user" && call.state === "completed") {
      const asked = TOOLS.ask_user.input.parse(JSON.parse(call.input));
      const item = {
        kind: "question",
        question: asked.question,
        options: asked.options ?? [],
        answer: call.output,
      } as const;
      return { at: now, event: { type: "item", id: call.id, turn: call.turn, item } };
    }
    return { at: now, event: { type: "item", id: call.id, turn: call.turn, item: itemOf(call) } };
  }
}

/** What became of an approval whose call has ended. */
function deliveryOf(state: Outcome["state"]): Approval["delivery"] {
  if (state === "indeterminate") return "indeterminate";
  return state === "cancelled" || state === "expired" ? "gone" : "applied";
}

/** The end of a long text, and how many bytes of it are left out. */
function endOf(text: string): { output: string; output_cut: number } {
  const output = text.slice(-MAX_OUTPUT_BYTES);
  return { output, output_cut: text.length - output.length };
}

/** What a call would touch, for the person who decides. */
function touchesOf(input: Record<string, unknown>, cwd: string | null): string[] {
  const path = typeof input.path === "string" ? input.path : typeof input.cwd === "string" ? input.cwd : null;
  if (path === null) return cwd === null ? [] : [cwd];
  return [path.startsWith("/") || cwd === null ? path : `${cwd}/${path}`];
}

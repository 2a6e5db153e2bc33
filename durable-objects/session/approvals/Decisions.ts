import type { Decision, Grant, Rule } from "../../../protocol/approvals.ts";
import { newId } from "../../../protocol/ids.ts";
import { redact } from "../../../protocol/redact.ts";
import type { ToolScope } from "../../../protocol/toolScope.ts";
import { isToolName, summarizeCall, TOOLS } from "../../../protocol/tools.ts";
import type { SessionCommands } from "../SessionCommands.ts";
import type { Events, SessionStore } from "../SessionStore.ts";
import { failure, type Outcome } from "../turn/callResult.ts";
import type { Calls } from "../turn/Calls.ts";
import { turnStatus } from "../turn/turnStatus.ts";
import type { TurnStore } from "../turn/TurnStore.ts";
import type { AgentRequests } from "./AgentRequests.ts";
import { checkedInput, editedInput, notOffered } from "./checkedInput.ts";
import { actOf, isAllowed, isWithoutAsking, matches } from "../../../protocol/isAllowed.ts";
import type { Ledger } from "./Ledger.ts";

type Parts = {
  store: SessionStore;
  turns: TurnStore;
  ledger: Ledger;
  calls: Calls;
  /** Where the decisions go that no chat waits for. */
  requests: AgentRequests;
  commands: SessionCommands;
  /** The team's rules for a tool, read anew each time. */
  rules: (tool: string) => Promise<Rule[]>;
  hash: (text: string) => Promise<string>;
  /** Sees to it that the turn is looked at again; part of the caller's transaction. */
  lookAgain: (now: number) => void;
};

/** Decides approvals: by a person, by what they granted, by the team's rules, by the clock; and releases what waited. */
export class Decisions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Decides an approval; what it releases goes on by itself. */
  async decide(id: string, decision: Decision, by: string) {
    const { store, turns, ledger } = this.#parts;
    const approval = ledger.get(id);
    if (approval === null)
      return { ok: false, reason: "not_found", message: "There is no such approval." } as const;
    const edited = decision.input === undefined ? null : editedInput(approval, decision.input);
    if (edited !== null && !edited.ok)
      return { ok: false, reason: "invalid_input", message: edited.message } as const;
    const { requester, host, tool, workspace = null } = approval;
    const summary =
      edited === null || requester !== "edge" ? approval.summary : summarizeCall(tool, edited.value);
    const input_sha256 = edited === null ? approval.input_sha256 : await this.#parts.hash(edited.json);
    const always = decision.decision === "allow" && decision.scope === "always";
    if (approval.questions !== undefined && (decision.scope ?? "once") !== "once")
      return {
        ok: false,
        reason: "invalid_input",
        message: "A question is answered once; no rule or grant can answer it.",
      } as const;
    if (approval.unverified === true && (decision.scope ?? "once") !== "once")
      return {
        ok: false,
        reason: "invalid_input",
        message: "What was read off a screen is answered once; no rule or grant can answer it.",
      } as const;
    const wrong = notOffered(approval, decision);
    if (wrong !== null) return { ok: false, reason: "invalid_input", message: wrong } as const;
    const pattern = decision.pattern ?? null;
    // A rule is a word about this act: one that would not even allow it is a mistake.
    if (
      always &&
      !matches(
        { tool, host: null, workspace: null, pattern, input_sha256 },
        { requester, tool, host, workspace, summary, input_sha256 },
      )
    )
      return {
        ok: false,
        reason: "invalid_input",
        message: `The pattern must be how the summary begins, and where a shell reads it, all of its commands: ${summary}`,
      } as const;
    const held: { answer: ReturnType<Ledger["decide"]> | null } = { answer: null };
    await store.write((session) => {
      const now = Date.now();
      const answer = ledger.decide(id, decision, {
        by,
        now,
        editedInput: edited === null ? null : edited.json,
      });
      held.answer = answer;
      const overdue = this.#expireDue(now);
      if (!answer.ok) return { events: [...overdue, ...turnStatus(session, turns, now)] };
      const events: Events = [...overdue, ...answer.events];
      this.#parts.lookAgain(now);
      events.push(...this.#release(answer.approval.id, now, decision));
      const expires_at = decision.expires_at ?? null;
      if (decision.decision === "allow" && decision.scope === "session") {
        const { grant, events: given } = ledger.grant(
          { session: session.id, scope: approval.scope, by, expires_at },
          now,
        );
        events.push(...given, ...this.#releaseBy([grant], [], now));
      }
      if (always) {
        const rule: Rule = {
          id: newId("rul", now),
          team: session.team,
          tool,
          host,
          workspace: null,
          pattern,
          input_sha256: pattern === null ? input_sha256 : null,
          summary: redact(summary),
          reason: decision.reason ?? "",
          by,
          created_at: now,
          expires_at,
          version: 1,
        };
        ledger.rule(rule);
        events.push(...this.#releaseBy([], [rule], now));
      }
      return { events: [...events, ...turnStatus(session, turns, now)] };
    });
    return (
      held.answer ?? ({ ok: false, reason: "not_found", message: "There is no such approval." } as const)
    );
  }

  /** Gives the session a scope; what waits for it goes on by itself. */
  async grant(scope: ToolScope, by: string, expires_at: number | null): Promise<Grant | null> {
    const held: { grant: Grant | null } = { grant: null };
    await this.#parts.store.write((session) => {
      const now = Date.now();
      const { grant, events } = this.#parts.ledger.grant({ session: session.id, scope, by, expires_at }, now);
      held.grant = grant;
      events.push(...this.#expireDue(now), ...this.#releaseBy([grant], [], now));
      return { events: [...events, ...turnStatus(session, this.#parts.turns, now)] };
    });
    return held.grant;
  }

  /** Looks at what waits once more, by the grants and the team's rules as they are now. Throws when they cannot be read. */
  async reconsider(): Promise<void> {
    const { store, turns, ledger } = this.#parts;
    const tools = new Set(ledger.pending().map(({ tool }) => tool));
    const rules = (await Promise.all([...tools].map((tool) => this.#parts.rules(tool)))).flat();
    if (rules.length === 0 && ledger.grants(Date.now()).length === 0) return;
    await store.write((session) => {
      const now = Date.now();
      const events = this.#releaseBy(ledger.grants(now), rules, now);
      return events.length === 0 ? null : { events: [...events, ...turnStatus(session, turns, now)] };
    });
  }

  /** A grant has ended, or a rule of a `tool`: calls that only it let through, and that have not left for their host, are judged anew. */
  async takeBack(of: string | null = null): Promise<void> {
    const { turns, ledger, commands } = this.#parts;
    const turn = turns.active();
    if (turn === null) return;
    for (const { id, tool, state, approval, command } of turns.calls(turn.number, turn.step)) {
      if (state !== "dispatched" || approval !== null || command === null || !isToolName(tool)) continue;
      if (of !== null && of !== tool) continue;
      const { scope } = TOOLS[tool];
      if (isWithoutAsking(scope) || ledger.grants(Date.now()).some((grant) => grant.scope === scope))
        continue;
      await commands.takeBack(command, () => {
        const now = Date.now();
        const again = turns.updateCall(id, { state: "proposed", command: null });
        this.#parts.lookAgain(now);
        return again === null ? null : { events: [this.#parts.calls.card(again, now)] };
      });
    }
  }

  /** Ends the approvals whose time is over, and with them their calls; the model is told. */
  async expire(): Promise<void> {
    await this.#parts.store.write((session) => {
      const now = Date.now();
      const events = this.#expireDue(now);
      return { events: [...events, ...turnStatus(session, this.#parts.turns, now)] };
    });
  }

  /** As `expire`; inside a step. */
  #expireDue(now: number): Events {
    const { turns, ledger } = this.#parts;
    const { ids, events } = ledger.expireApprovals(now);
    if (ids.length > 0) this.#parts.lookAgain(now);
    const calls = ids.flatMap((id) => turns.callOfApproval(id) ?? []);
    const outcome: Outcome = {
      ...failure("Nobody decided on this in time, so it did not run."),
      state: "expired",
    };
    return [...events, ...calls.flatMap(({ id }) => this.#parts.calls.settle(id, outcome, now))];
  }

  /** Allows everything that waits and that new grants or rules allow now. Inside a step. */
  #releaseBy(grants: Grant[], rules: Rule[], now: number): Events {
    const { ledger } = this.#parts;
    return ledger.pending().flatMap((approval) => {
      const allowed = isAllowed(actOf(approval), grants, rules, now);
      const grant = grants.find(({ id }) => id === allowed?.by);
      const source = grant ?? rules.find(({ id }) => id === allowed?.by);
      if (source === undefined) return [];
      const decision = { decision: "allow", scope: grant === undefined ? "always" : "session" } as const;
      const rule = grant === undefined ? { rule: source.id } : {};
      const given = ledger.decide(approval.id, decision, { by: source.by, now, editedInput: null, rule });
      if (!given.ok) return [];
      this.#parts.lookAgain(now);
      return [...given.events, ...this.#release(approval.id, now)];
    });
  }

  /** An approval was decided: its call is sent, goes back to be judged, or ends. Runs inside the deciding step. */
  #release(approvalId: string, now: number, extras: Pick<Decision, "remember" | "interrupt"> = {}): Events {
    const { turns, ledger } = this.#parts;
    const approval = ledger.get(approvalId);
    if (approval !== null && approval.requester !== "edge") {
      this.#parts.requests.release(approval, extras, now);
      return [];
    }
    const call = turns.callOfApproval(approvalId);
    if (approval === null || call === null || call.state !== "waiting")
      return ledger.deliver(approvalId, "stale", now);
    if (approval.status === "denied") {
      const why =
        approval.message === null
          ? "The person denied this."
          : `The person denied this and says: ${approval.message}`;
      return this.#parts.calls.settle(call.id, { ...failure(why), state: "denied" }, now);
    }
    const input = approval.edited_input ?? call.input;
    const checked = checkedInput(call.tool, JSON.parse(input));
    const { host, workspace } = approval;
    // A person waits for what was allowed: it leaves with the decision. One that cannot fails where others do.
    if (checked.ok && isToolName(call.tool) && host !== null && workspace != null)
      return this.#parts.calls.send(
        { ...call, input },
        call.tool,
        checked.value,
        { host, cwd: workspace },
        now,
      );
    const released = turns.updateCall(call.id, { state: "proposed", input });
    return released === null ? [] : [this.#parts.calls.card(released, now)];
  }
}

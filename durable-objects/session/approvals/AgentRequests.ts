import type { Approval, Decision, Delivery } from "../../../protocol/approvals.ts";
import { type CommandOf, type CommandResult } from "../../../protocol/commands.ts";
import { newId } from "../../../protocol/ids.ts";
import type { HostDecision } from "../../../protocol/hostRules.ts";
import type { AgentRequest } from "../../../protocol/requests.ts";
import type { Session } from "../../../protocol/session.ts";
import type { SessionCommands } from "../SessionCommands.ts";
import type { Events } from "../SessionStore.ts";
import type { Ledger } from "./Ledger.ts";

/** What a decision asks of an agent beside its yes or no. */
type Extras = Pick<Decision, "remember" | "interrupt">;
type Parts = { ledger: Ledger; commands: () => SessionCommands; approvalLife: () => number };

/**
 * Requests of coding agents on a host, as approvals of the ledger. A decision travels as a command, and what the host
 * says of it is what became of it. Every method joins the caller's step.
 */
export class AgentRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** An agent asks; the same request again is the same approval. `decided`: its host has decided it by a rule, while it was away. */
  opened(
    session: Session,
    { id: request, ...asked }: AgentRequest,
    now: number,
    decided: HostDecision | null = null,
  ): Events {
    const { ledger, approvalLife } = this.#parts;
    const { team, id, host, cwd: workspace } = session;
    const expires_at = now + approvalLife();
    // Its clock may be ahead.
    const at = Math.min(decided?.at ?? now, now);
    const opened = ledger.open({ ...asked, request, team, session: id, host, workspace, expires_at }, at);
    if (decided === null) return opened.events;
    const { by, rule } = decided;
    const given = { by, now: at, editedInput: null, rule: { rule, decided_on_host: true } };
    const answer = ledger.decide(opened.approval.id, { decision: "allow", scope: "always" }, given);
    return answer.ok ? [...opened.events, ...answer.events] : opened.events;
  }

  /** A request ended on the host by itself: nobody needs to decide it, or the host knows better by now what became of it. */
  ended(request: string, end: Delivery, now: number): Events {
    const approval = this.#parts.ledger.ofRequest(request);
    return approval === null ? [] : this.#settle(approval, end, now, end !== "indeterminate");
  }

  /** A decision was made: it is on its way to the agent. Call `forwardAll` after the step. */
  release(approval: Approval, { remember, interrupt }: Extras, now: number): void {
    const { request, status, edited_input, message } = approval;
    const command: CommandOf<"decide"> = {
      type: "decide",
      request,
      allow: status === "allowed",
      ...(edited_input === null ? {} : { input: JSON.parse(edited_input) }),
      ...(message === null ? {} : { message }),
      ...(remember === true ? { remember } : {}),
      ...(interrupt === true ? { interrupt } : {}),
    };
    this.#parts.commands().stage(newId("cmd", now), command, approval.decided_by ?? "", null);
  }

  /** The command that carried a decision has ended. */
  delivered({ request }: CommandOf<"decide">, result: CommandResult, now: number): Events {
    const approval = this.#parts.ledger.ofRequest(request);
    return approval === null ? [] : this.#settle(approval, deliveryOf(result), now);
  }

  /** The host is gone, and with it everything that waited there. */
  abandon(now: number): Events {
    const { ledger } = this.#parts;
    return ledger.pending().flatMap(({ id }) => ledger.end(id, "withdrawn", now));
  }

  #settle({ id }: Approval, delivery: Delivery, now: number, sure = false): Events {
    const { ledger } = this.#parts;
    return [...ledger.end(id, "withdrawn", now, delivery), ...ledger.deliver(id, delivery, now, sure)];
  }
}

/** What a decision's command came to. What never reached the agent found nobody who waits for it. */
function deliveryOf(result: CommandResult): Delivery {
  switch (result.status) {
    case "done":
      return result.value.type === "decided" ? result.value.end : "indeterminate";
    case "indeterminate":
      return "indeterminate";
    case "failed":
    case "expired":
    case "cancelled":
      return "gone";
  }
}

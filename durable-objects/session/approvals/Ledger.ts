import { and, eq, isNotNull, lte, min } from "drizzle-orm";
import { Approval, type Decision, type Delivery, Grant, type Rule } from "../../../protocol/approvals.ts";
import { newApprovalId, newId } from "../../../protocol/ids.ts";
import { auditOfGrant } from "../../shared/audit.ts";
import type { Database } from "../../shared/database.ts";
import type { Publisher } from "../../shared/Publisher.ts";
import { approvals, grants } from "../schema.ts";
import type { Events } from "../SessionStore.ts";
import { decide, deliver, end, type Given } from "./decide.ts";

/** What a requester asks for. `request` is its own id: the same one again is the same approval. */
export type Request = Pick<
  Approval,
  | "team"
  | "session"
  | "host"
  | "workspace"
  | "requester"
  | "request"
  | "tool"
  | "scope"
  | "input"
  | "input_sha256"
  | "summary"
  | "touches"
  | "questions"
  | "offers"
  | "remembers"
  | "unverified"
> & { expires_at: number };

type Parts = {
  db: Database;
  publisher: Publisher;
  /** The team of the session. */
  team: () => string;
  /** Arms the alarm that calls `expireApprovals`, or `expireGrants`. */
  expireAt: (what: "approvals" | "grants", at: number) => void;
};

/**
 * The approvals and grants of a session. Every method joins the caller's transaction and returns the events that tell
 * what happened; the caller appends them in the same step.
 */
export class Ledger {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /** Opens an approval, or finds the one that this request has. */
  open(request: Request, now: number): { approval: Approval; events: Events } {
    const known = this.ofRequest(request.request);
    if (known !== null) return { approval: known, events: [] };
    const approval: Approval = {
      ...request,
      // What is longer cannot be read again; the input has it whole.
      summary: cut(request.summary),
      touches: request.touches.slice(0, MOST_TOUCHES).map(cut),
      id: newApprovalId(request.session, now),
      status: "pending",
      delivery: "none",
      decided_by: null,
      decided_at: null,
      decision_scope: null,
      message: null,
      edited_input: null,
      created_at: now,
      version: 1,
    };
    this.#parts.expireAt("approvals", request.expires_at);
    return { approval, events: this.#save(approval, now) };
  }

  get(id: string): Approval | null {
    const row = this.#db.select().from(approvals).where(eq(approvals.id, id)).get();
    return row === undefined ? null : Approval.parse(JSON.parse(row.json));
  }

  /** The approval of a requester's request. */
  ofRequest(request: string): Approval | null {
    const row = this.#db.select().from(approvals).where(eq(approvals.request, request)).get();
    return row === undefined ? null : Approval.parse(JSON.parse(row.json));
  }

  pending(): Approval[] {
    const rows = this.#db.select().from(approvals).where(eq(approvals.status, "pending")).all();
    return rows.map((row) => Approval.parse(JSON.parse(row.json)));
  }

  /** Decides one approval. */
  decide(id: string, decision: Decision, given: Given) {
    const approval = this.get(id);
    if (approval === null)
      return { ok: false, reason: "not_found", message: "There is no such approval." } as const;
    const decided = decide(approval, decision, given);
    return decided.ok ? { ...decided, events: this.#save(decided.approval, given.now) } : decided;
  }

  /** The requester of a decided approval has taken it in (or never will); a `sure` word corrects an earlier one. */
  deliver(id: string, delivery: Approval["delivery"], now: number, sure = false): Events {
    const approval = this.get(id);
    if (approval === null) return [];
    const next = deliver(approval, delivery, sure);
    return next === approval ? [] : this.#save(next, now);
  }

  /** Ends an approval that nobody decided; `delivery` says what became of its request. */
  end(id: string, status: "expired" | "withdrawn", now: number, delivery: Delivery = "gone"): Events {
    const approval = this.get(id);
    if (approval === null) return [];
    const next = end(approval, status, now, delivery);
    return next === approval ? [] : this.#save(next, now);
  }

  /** Ends the approvals whose time is over, and sees to it that the next one does. */
  expireApprovals(now: number): { ids: string[]; events: Events } {
    const due = this.#db
      .select({ id: approvals.id })
      .from(approvals)
      .where(and(eq(approvals.status, "pending"), lte(approvals.expires_at, now)))
      .all();
    const events = due.flatMap(({ id }) => this.end(id, "expired", now));
    const next = this.#db
      .select({ at: min(approvals.expires_at) })
      .from(approvals)
      .where(eq(approvals.status, "pending"))
      .get()?.at;
    if (next !== null && next !== undefined) this.#parts.expireAt("approvals", next);
    return { ids: due.map(({ id }) => id), events };
  }

  grants(now: number): Grant[] {
    return this.#db
      .select()
      .from(grants)
      .all()
      .map((row) => Grant.parse(JSON.parse(row.json)))
      .filter(({ expires_at }) => expires_at === null || expires_at > now);
  }

  /** Gives a scope to the session. */
  grant(fresh: Omit<Grant, "id" | "created_at">, now: number): { grant: Grant; events: Events } {
    const grant: Grant = { ...fresh, id: newId("grt", now), created_at: now };
    this.#db
      .insert(grants)
      .values({ id: grant.id, expires_at: grant.expires_at, json: JSON.stringify(grant) })
      .run();
    if (grant.expires_at !== null) this.#parts.expireAt("grants", grant.expires_at);
    return { grant, events: [this.#grantEvent(grant, "given", grant.by, now)] };
  }

  /** Takes a grant back. */
  revoke(id: string, by: string, now: number): Events {
    return this.#drop(id, "revoked", by, now);
  }

  /** Makes a standing decision of the team: it is on its way to the index once the step is committed. */
  rule(rule: Rule): void {
    this.#parts.publisher.put({ key: rule.id, version: 1, body: JSON.stringify({ rule }) });
  }

  /** Withdraws and forgets everything, for a session that is deleted. */
  clear(now: number): void {
    for (const { id } of this.pending()) this.end(id, "withdrawn", now);
    this.#db.delete(approvals).run();
    this.#db.delete(grants).run();
  }

  /** Drops the grants whose time is over, and sees to it that the next one is. */
  expireGrants(now: number): Events {
    const due = this.#db
      .select({ id: grants.id })
      .from(grants)
      .where(and(isNotNull(grants.expires_at), lte(grants.expires_at, now)))
      .all();
    const events = due.flatMap(({ id }) => this.#drop(id, "expired", "clock", now));
    const next = this.#db
      .select({ at: min(grants.expires_at) })
      .from(grants)
      .get()?.at;
    if (next !== null && next !== undefined) this.#parts.expireAt("grants", next);
    return events;
  }

  #drop(id: string, state: "revoked" | "expired", by: string, now: number): Events {
    const row = this.#db.select().from(grants).where(eq(grants.id, id)).get();
    if (row === undefined) return [];
    this.#db.delete(grants).where(eq(grants.id, id)).run();
    return [this.#grantEvent(Grant.parse(JSON.parse(row.json)), state, by, now)];
  }

  #grantEvent(grant: Grant, state: "given" | "revoked" | "expired", by: string, now: number): Events[number] {
    const audit = auditOfGrant(grant, state, { team: this.#parts.team(), by, at: now });
    this.#parts.publisher.put({ key: audit.id, version: 1, body: JSON.stringify({ audit }) });
    return { at: now, event: { type: "grant", grant, state, by } };
  }

  #save(approval: Approval, now: number): Events {
    const json = JSON.stringify(approval);
    const { status, expires_at } = approval;
    const row = { status, expires_at: status === "pending" ? expires_at : null, json };
    this.#db
      .insert(approvals)
      .values({ id: approval.id, request: approval.request, ...row })
      .onConflictDoUpdate({ target: approvals.id, set: row })
      .run();
    const { id: key, version, delivery } = approval;
    // What became of a decision nobody waits for.
    this.#parts.publisher.put(
      { key, version, body: JSON.stringify({ approval }) },
      delivery === "none" ? "now" : "soon",
    );
    return [{ at: now, event: { type: "approval", approval } }];
  }
}

const MOST_TOUCHES = 50;
const MOST_CHARS = 500;

function cut(text: string): string {
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS - 1)}…`;
}

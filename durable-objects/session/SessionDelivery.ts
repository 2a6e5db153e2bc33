import type { Approval, Rule } from "../../protocol/approvals.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import type { Session } from "../../protocol/session.ts";
import type { SpanSide } from "../../protocol/traces.ts";
import type { AuditEntry } from "../shared/audit.ts";
import { deleteBlobs } from "../shared/deleteBlobs.ts";
import type { Env } from "../shared/env.ts";
import { hubName, jobTextKey } from "../shared/names.ts";
import type { Outgoing } from "../shared/Publisher.ts";
import { publishRule } from "../shared/publishRule.ts";
import { type Indexed, removeSession, saveToIndex } from "../shared/saveToIndex.ts";
import { spanFolder, spanTextKey } from "../shared/spanTextKey.ts";
import type { Gone } from "./SessionStore.ts";
import type { EndedSpans } from "./traces/Traces.ts";

/** What is published: the session itself, and what else has changed of it. */
type Told = Session | Gone | EndedSpans | { approval: Approval } | { rule: Rule } | { audit: AuditEntry };

type Parts = {
  env: () => Env;
  /** The session; null before it is made and after it is deleted. */
  session: () => Session | null;
  /** Stores the long texts of spans that are on their way. */
  drainTexts: () => Promise<void>;
  /** Looks once more whether a rule allows what waits. */
  reconsider: () => Promise<void>;
};

/** Brings what a session has to tell to D1, the hub and R2. All of it may be done again. */
export class SessionDelivery {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** One write to D1 and one word to the hub for all that changed together. */
  async deliver(rows: Outgoing[]): Promise<void> {
    const { session, reconsider } = this.#parts;
    const env = this.#parts.env();
    const sum: Indexed = { sessions: [], approvals: [], spans: [], audit: [] };
    const rules: Rule[] = [];
    const gone: Gone[] = [];
    for (const { body } of rows) {
      const told: Told = JSON.parse(body);
      if ("spans" in told) sum.spans.push(...told.spans);
      else if ("audit" in told) sum.audit.push(told.audit);
      else if ("rule" in told) rules.push(told.rule);
      else if ("approval" in told) sum.approvals.push(told.approval);
      else if ("gone" in told) gone.push(told);
      else sum.sessions.push(told);
    }
    await saveToIndex(env.DB, sum);
    const changes = [
      ...sum.sessions.map((each) => ({ kind: "session", session: each }) as const),
      ...sum.approvals.map((approval) => ({ kind: "approval", approval }) as const),
    ];
    const team = sum.sessions[0]?.team ?? sum.approvals[0]?.team;
    if (team !== undefined) await this.#hub(team).publish(changes);
    for (const rule of rules) await publishRule(env, rule, session()?.id ?? "");
    for (const each of gone) await this.#publishGone(each);
    // A rule that came while one of these was on its way to the index has not found it there.
    if (sum.approvals.some(({ status }) => status === "pending")) await reconsider();
  }

  /** The session as it is to be published. */
  standing(): Outgoing | null {
    const session = this.#parts.session();
    return session === null
      ? null
      : { key: session.id, version: session.version, body: JSON.stringify(session) };
  }

  async keepSpanText(span: string, side: SpanSide, text: string): Promise<void> {
    const session = this.#parts.session();
    if (session === null) return; // deleted meanwhile
    await this.#parts.env().BLOBS.put(await spanTextKey(session.team, session.id, span, side), text);
  }

  async keepJobText({ team, session, round }: JobNotice, text: string): Promise<string> {
    const key = jobTextKey(team, session, round);
    await this.#parts.env().BLOBS.put(key, text);
    return key;
  }

  async #publishGone({ gone, team }: Gone): Promise<void> {
    const { drainTexts } = this.#parts;
    const env = this.#parts.env();
    await removeSession(env.DB, gone);
    await this.#hub(team).publish([{ kind: "session_removed", id: gone }]);
    // A text on its way would come back after the others are gone.
    await drainTexts();
    await deleteBlobs(env.BLOBS, spanFolder(team, gone));
  }

  #hub(team: string) {
    return this.#parts.env().HUB.getByName(hubName(team));
  }
}

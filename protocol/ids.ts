import * as z from "zod";

/** What an id names; the prefix makes ids readable in logs and refuses one kind where another is meant. */
export type IdPrefix =
  | "ses"
  | "hst"
  | "cmd"
  | "apr"
  | "grt"
  | "rul"
  | "msg"
  | "att"
  | "usr"
  | "inv"
  | "sgn"
  | "aud"
  | "con"
  | "tsk"
  | "sch"
  | "exe"
  | "whk"
  | "dlv"
  | "run";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford base 32: no i, l, o, u

/**
 * A new id: prefix, 10 characters of milliseconds and 16 random ones (80 bits).
 * Ids of one kind sort by the time they were made.
 */
export function newId(prefix: IdPrefix, now: number = Date.now()): string {
  let time = "";
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32))
    time = ALPHABET.charAt(rest % 32) + time;
  const random = crypto.getRandomValues(new Uint8Array(16));
  return `${prefix}_${time}${Array.from(random, (byte) => ALPHABET.charAt(byte % 32)).join("")}`;
}

/** An id of a time and of 16 characters that are its own, such as the beginning of a hash: the same ones give the same id. */
export function idOfTime(prefix: IdPrefix, time: number, own: string): string {
  return `${newId(prefix, time).slice(0, -16)}${own}`;
}

/** The id of another kind that belongs to an id, always the same one: what is made twice from one wish is made once. */
export function idAs(prefix: IdPrefix, id: string): string {
  return `${prefix}_${id.slice(id.indexOf("_") + 1)}`;
}

/** A new approval's id: it carries its session's, so that whoever has it finds the session without looking anything up. */
export function newApprovalId(session: string, now: number): string {
  return `${newId("apr", now)}${session.slice(OWN_LENGTH - ID_CHARS)}`;
}

/** The session that an approval's id carries; null for an older id. */
export function sessionOfApproval(id: string): string | null {
  const session = id.slice(OWN_LENGTH);
  return session === "" ? null : `ses_${session}`;
}

/** Characters of an id after its prefix, and with it. */
const ID_CHARS = 26;
const OWN_LENGTH = "apr_".length + ID_CHARS;

function idOf(prefix: IdPrefix) {
  return z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`), `expected an id like ${prefix}_…`);
}

export const SessionId = idOf("ses");
export const HostId = idOf("hst");
export const CommandId = idOf("cmd");
/** An approval's own 26 characters and those of its session; older ones have only their own. */
export const ApprovalId = z
  .string()
  .regex(/^apr_[0-9a-hjkmnp-tv-z]{26}([0-9a-hjkmnp-tv-z]{26})?$/, "expected an id like apr_…");
export const GrantId = idOf("grt");
export const RuleId = idOf("rul");
export const MessageId = idOf("msg");
export const AttachmentId = idOf("att");
export const TaskId = idOf("tsk");
export const ScheduleId = idOf("sch");
export const ExecutionId = idOf("exe");
export const WebhookId = idOf("whk");
export const DeliveryId = idOf("dlv");
export const RunId = idOf("run");

/** The team that a deployment starts with. */
export const DEFAULT_TEAM = "main";
export const TeamId = z.string().regex(/^[a-z0-9-]{1,40}$/);

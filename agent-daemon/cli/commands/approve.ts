import * as z from "zod";
import { Approval, type Decision } from "../../../protocol/approvals.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import { callApi, type ApiAccess } from "../callApi.ts";
import type { Context } from "../context.ts";
import type { ApproveArgs } from "../invocation.ts";
import { ago } from "../renderStatus.ts";
import { printable } from "../renderSessions.ts";
import { targetOf } from "../targetOf.ts";

const ApprovalPage = z.object({ items: z.array(Approval), next_cursor: z.string().nullable() });

/** `signalbox approve`: lists what waits for a decision; with an approval, decides it. */
export async function approve(args: ApproveArgs, context: Context): Promise<number> {
  const api = targetOf(args, context);
  const waiting = await listWaiting(api);
  if (args.approval === null) {
    if (args.json) context.print(JSON.stringify(waiting, null, 2));
    else for (const line of renderApprovals(waiting, Date.now())) context.print(line);
    return EXIT.ok;
  }
  const { id } = chooseApproval(waiting, args.approval);
  const decided = await callApi(api, {
    method: "POST",
    path: `/api/approvals/${id}/decision`,
    body: decisionOf(args),
    schema: Approval,
  });
  context.print(args.json ? JSON.stringify(decided, null, 2) : `${decided.summary}: ${decided.status}.`);
  return EXIT.ok;
}

/** What waits, a line each. Pure. */
export function renderApprovals(waiting: Approval[], now: number): string[] {
  if (waiting.length === 0) return ["Nothing waits for you."];
  return waiting.flatMap(({ id, requester, summary, questions, touches, created_at }) => {
    const asks = questions === undefined ? summary : questions.map(({ question }) => question).join(" ");
    const head = `${shortId(id)}  ${requester}  ${printable(asks)}  (${ago(now - created_at)})`;
    return touches.length === 0 ? [head] : [head, `          touches ${printable(touches.join(", "))}`];
  });
}

/** The one approval that an id, or a part of one at either end, means; throws a sentence when none or several do. Pure. */
export function chooseApproval(waiting: Approval[], meant: string): Approval {
  const found = waiting.filter(
    ({ id }) => id === meant || (meant.length >= 4 && (id.startsWith(meant) || ownPart(id).endsWith(meant))),
  );
  const [only] = found;
  if (only === undefined)
    throw new Sentence(
      `No approval ${meant} waits for a decision. \`signalbox approve\` lists those that do.`,
    );
  if (found.length > 1)
    throw new Sentence(`${meant} could be ${found.length} approvals. Give more of the id.`);
  return only;
}

/** An approval's id without the session's, which it ends with. */
function ownPart(id: string): string {
  return id.slice(0, OWN_LENGTH);
}
const OWN_LENGTH = "apr_".length + 26;

/** Enough of an id to tell it from others. */
function shortId(id: string): string {
  return ownPart(id).slice(-8);
}

function decisionOf({ deny, message, scope, answers }: ApproveArgs): Decision {
  return {
    decision: deny ? "deny" : "allow",
    ...(deny ? {} : { scope }),
    ...(message === null ? {} : { message }),
    ...(answers === null ? {} : { input: { answers } }),
  };
}

async function listWaiting(api: ApiAccess): Promise<Approval[]> {
  const waiting: Approval[] = [];
  for (let cursor = ""; ;) {
    const { items, next_cursor } = await callApi(api, {
      path: `/api/approvals?status=pending&limit=200${cursor}`,
      schema: ApprovalPage,
    });
    waiting.push(...items);
    if (next_cursor === null) return waiting;
    cursor = `&cursor=${encodeURIComponent(next_cursor)}`;
  }
}

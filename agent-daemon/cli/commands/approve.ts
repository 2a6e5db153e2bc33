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
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { JSON_OPTION, TARGET_OPTIONS, readTarget, readText } from "../readValues.ts";

/** `signalbox approve` on the command line. */
export const approveSpec: CommandSpec = {
  usage: "[APPROVAL] [--session | --always] [--deny] [--message TEXT]",
  summary: "list what waits for a decision, or decide one",
  details:
    "APPROVAL is an id, or the beginning or end of one. Without an option it is allowed once. A question is answered\nwith --answer 'QUESTION=ANSWER', once for each.",
  options: {
    json: JSON_OPTION,
    session: { type: "boolean", help: "allow its kind for this session" },
    always: { type: "boolean", help: "make a rule of it (administrators)" },
    deny: { type: "boolean", help: "deny it" },
    message: { type: "string", short: "m", value: "TEXT", help: "what is said with a denial" },
    answer: { type: "string", value: "QUESTION=ANSWER", multiple: true, help: "answer a question" },
    ...TARGET_OPTIONS,
  },
  words: { least: 0, most: 1 },
  read: (values, [approval = null]) => {
    const [session, always, deny] = ["session", "always", "deny"].map((name) => values[name] === true);
    if ([session, always, deny].filter(Boolean).length > 1)
      throw new UsageProblem("--session, --always and --deny exclude each other.");
    const given = values["answer"];
    return {
      command: "approve",
      args: {
        ...readTarget(values),
        approval,
        deny: deny === true,
        message: readText(values, "message"),
        scope: always === true ? "always" : session === true ? "session" : "once",
        answers: Array.isArray(given) ? readAnswers(given.map(String)) : null,
        json: values["json"] === true,
      },
    };
  },
};

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

/** `QUESTION=ANSWER`, split at the last sign: questions have them more often than answers. */
function readAnswers(given: string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((each) => {
      const at = each.lastIndexOf("=");
      if (at < 1) throw new UsageProblem("an answer is written QUESTION=ANSWER.");
      return [each.slice(0, at), each.slice(at + 1)];
    }),
  );
}

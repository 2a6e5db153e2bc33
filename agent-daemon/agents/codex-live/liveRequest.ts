import { createHash } from "node:crypto";
import * as z from "zod";
import type { CommandOf } from "../../../protocol/commands.ts";
import { redact } from "../../../protocol/redact.ts";
import { type AgentQuestion, type AgentRequest, MAX_REQUEST_INPUT } from "../../../protocol/requests.ts";

/** What a conversation asks of whoever looks at it, as the app server sent it. */
export const LiveRequest = z.object({
  method: z.string(),
  params: z.looseObject({
    threadId: z.string(),
    turnId: z.string().nullish(),
    itemId: z.string().nullish(),
    approvalId: z.string().nullish(),
  }),
});
export type LiveRequest = z.infer<typeof LiveRequest>;

const Command = z.looseObject({
  command: z.string().nullish(),
  cwd: z.string().nullish(),
  reason: z.string().nullish(),
});
const FileChange = z.looseObject({
  reason: z.string().nullish(),
  grantRoot: z.string().nullish(),
});
const Changes = z.looseObject({ changes: z.array(z.looseObject({ path: z.string() })) });
const Permissions = z.looseObject({
  reason: z.string().nullish(),
  cwd: z.string().nullish(),
  permissions: z.record(z.string(), z.unknown()),
});
const Elicitation = z.looseObject({
  serverName: z.string(),
  message: z.string(),
  mode: z.string(),
  url: z.string().optional(),
  requestedSchema: z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).optional(),
});
const Questions = z.looseObject({
  questions: z.array(
    z.looseObject({
      id: z.string(),
      header: z.string().nullish(),
      question: z.string(),
      options: z.array(z.looseObject({ label: z.string(), description: z.string().nullish() })).nullish(),
    }),
  ),
});
/** The kinds that are understood here. */
const KnownRequest = z.discriminatedUnion("method", [
  z.object({ method: z.literal("item/commandExecution/requestApproval"), params: Command }),
  z.object({ method: z.literal("item/fileChange/requestApproval"), params: FileChange }),
  z.object({ method: z.literal("item/permissions/requestApproval"), params: Permissions }),
  z.object({ method: z.literal("mcpServer/elicitation/request"), params: Elicitation }),
  z.object({ method: z.literal("item/tool/requestUserInput"), params: Questions }),
]);

/** What the page gives back for questions: by their text. */
const Answers = z.looseObject({
  answers: z.record(z.string(), z.union([z.string().transform((one) => [one]), z.array(z.string())])),
});

/** Names a request the same on every connection. */
export function requestKey({ method, params }: LiveRequest): string {
  const { threadId, turnId, itemId, approvalId } = params;
  // What belongs to no item is told apart by all that it says.
  const of = itemId ?? JSON.stringify(params);
  const name = JSON.stringify([method, threadId, turnId ?? null, of, approvalId ?? null]);
  return `codex_${createHash("sha256").update(name).digest("hex").slice(0, 40)}`;
}

/** What the conversation's own record knows a request's subject by, where that tells later what was answered. */
export function callOf(asked: LiveRequest): string | null {
  const { threadId, itemId, approvalId } = asked.params;
  return isAboutItem(asked) && itemId != null && approvalId == null ? `${threadId} ${itemId}` : null;
}

/** A command or a change of files. */
function isAboutItem({ method }: LiveRequest): boolean {
  return /^item\/(?:commandExecution|fileChange)\/requestApproval$/.test(method);
}

/** Whether what Codex asked to do was done, by what became of it; null while that is open, or not known. */
export function wasDone({ type, status }: Record<string, unknown>): boolean | null {
  if (type !== "commandExecution" && type !== "fileChange") return null;
  if (status === "completed" || status === "failed") return true;
  return status === "declined" ? false : null;
}

/** Whether a request of the app server is one for a person. The others are for the programs that started it. */
export function isForPerson(method: string): boolean {
  return /(?:\/request\w*|Approval)$/.test(method);
}

type Told = Pick<AgentRequest, "tool" | "scope" | "summary"> & {
  input: unknown;
  touches: string[];
  questions?: AgentQuestion[];
};

/** What Codex asks, as every agent's requests are told. `item`: what the request is about, where that is known. */
export function agentRequest(id: string, asked: LiveRequest, item: unknown, cwd: string): AgentRequest {
  const { input, touches, summary, ...told } = tell(asked, item, cwd);
  const json = JSON.stringify(input);
  return {
    id,
    requester: "codex",
    ...told,
    input:
      json.length > MAX_REQUEST_INPUT ? JSON.stringify({ cut: json.slice(0, MAX_REQUEST_INPUT / 4) }) : json,
    input_sha256: createHash("sha256").update(json).digest("hex"),
    summary: redact(summary).slice(0, 500),
    touches: touches.slice(0, 50).map((path) => path.slice(0, 500)),
    offers: isAboutItem(asked) ? ["remember", "interrupt"] : [],
  };
}

function tell(asked: LiveRequest, item: unknown, cwd: string): Told {
  const known = KnownRequest.safeParse(asked).data;
  switch (known?.method) {
    case "item/commandExecution/requestApproval": {
      const { command, reason, cwd: at } = known.params;
      const shown = command == null ? null : plainCommand(command);
      return {
        tool: "shell",
        scope: "execute",
        input: shown === null ? asked.params : { command: shown, cwd: at ?? cwd, ...because(reason) },
        summary: `shell ${shown ?? reason ?? ""}`.trim(),
        touches: [at ?? cwd],
      };
    }
    case "item/fileChange/requestApproval": {
      const { reason, grantRoot } = known.params;
      const changes = Changes.safeParse(item).data?.changes ?? [];
      const paths = changes.length === 0 ? [grantRoot ?? cwd] : changes.map(({ path }) => path);
      return {
        tool: "apply_patch",
        scope: "write",
        input: { ...(changes.length === 0 ? {} : { changes }), ...because(reason) },
        summary: `apply_patch ${paths.join(" ")}`,
        touches: paths,
      };
    }
    case "item/permissions/requestApproval": {
      const { permissions, reason, cwd: at } = known.params;
      return {
        tool: "permissions",
        scope: "execute",
        input: { permissions, ...because(reason) },
        summary: `permissions ${reason ?? JSON.stringify(permissions)}`,
        touches: [at ?? cwd],
      };
    }
    case "mcpServer/elicitation/request": {
      const { serverName, message } = known.params;
      return {
        tool: serverName.slice(0, 100) || "mcp",
        scope: "execute",
        input: asked.params,
        summary: `${serverName}: ${message}`,
        touches: [cwd],
      };
    }
    case "item/tool/requestUserInput": {
      const questions = agentQuestions(known.params);
      return {
        tool: "request_user_input",
        scope: "free",
        input: { questions },
        summary: questions[0]?.question ?? "A question",
        touches: [cwd],
        questions,
      };
    }
    case undefined: {
      const tool = asked.method.slice(0, 100);
      const summary = `${tool} (answer it at the terminal)`;
      return { tool, scope: "execute", input: asked.params, summary, touches: [cwd] };
    }
  }
}

/** What the app server is answered; null for a decision that only the terminal can make. */
export function replyTo(
  asked: LiveRequest,
  { allow, input, remember, interrupt }: CommandOf<"decide">,
): object | null {
  const known = KnownRequest.safeParse(asked).data;
  switch (known?.method) {
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
      if (allow) return { decision: remember === true ? "acceptForSession" : "accept" };
      return { decision: interrupt === true ? "cancel" : "decline" };
    case "item/permissions/requestApproval": {
      const granted = Object.entries(known.params.permissions).filter(([, value]) => value !== null);
      return { permissions: allow ? Object.fromEntries(granted) : {}, scope: "turn" };
    }
    case "mcpServer/elicitation/request": {
      if (!allow) return { action: "decline", content: null, _meta: null };
      const fields = Object.keys(known.params.requestedSchema?.properties ?? {});
      return fields.length > 0 ? null : { action: "accept", content: {}, _meta: null };
    }
    case "item/tool/requestUserInput": {
      const given = allow ? (Answers.safeParse(input).data?.answers ?? {}) : {};
      const byId = known.params.questions.flatMap(({ id, question }) => {
        const answers = given[question.slice(0, 4000)];
        return answers === undefined ? [] : [[id, { answers }] as const];
      });
      return { answers: Object.fromEntries(byId) };
    }
    case undefined:
      return null;
  }
}

function because(reason: string | null | undefined): { reason?: string } {
  return reason == null ? {} : { reason };
}

function agentQuestions({ questions }: z.infer<typeof Questions>): AgentQuestion[] {
  return questions.slice(0, 20).map(({ question, header, options }) => ({
    question: question.slice(0, 4000),
    header: header?.slice(0, 200) ?? null,
    options: (options ?? []).slice(0, 50).map(({ label, description }) => ({
      label: label.slice(0, 500),
      description: description?.slice(0, 2000) ?? null,
    })),
    many: false,
  }));
}

/** Codex runs commands through a shell; its own dialog shows what that is given. */
function plainCommand(command: string): string {
  return /^\S+ -l?c '([^']*)'$/.exec(command)?.[1] ?? command;
}

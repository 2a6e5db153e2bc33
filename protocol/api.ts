import * as z from "zod";
import { Rule } from "./approvals.ts";
import { AgentStart, Command, CommandResult, OwnedStart, WorktreeRequest } from "./commands.ts";
import { Host, UnadoptedPane } from "./host.ts";
import { AttachmentRef } from "./events.ts";
import { AttachmentId, CommandId, HostId, MessageId, SessionId } from "./ids.ts";
import { MAX_COMMAND_TTL_MS, MAX_INPUT_BYTES, MAX_MESSAGE_ATTACHMENTS } from "./limits.ts";
import { Session } from "./session.ts";

/** What every error of the API looks like; `message` is a sentence for a person. */
export const ApiError = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.array(z.string()).optional() }),
});
export type ApiError = z.infer<typeof ApiError>;

/** A list: `next_cursor` is opaque, null at the end. */
export function page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** A caller's own new id makes a repeated request harmless: the session that it names is answered, and started once. */
const NewSessionId = SessionId.optional();

const NewOwned = {
  id: NewSessionId,
  host: HostId,
  cwd: z.string().min(1).max(4096).startsWith("/", "the directory must be an absolute path"),
  title: z.string().min(1).max(200).optional(),
  ...OwnedStart,
  worktree: WorktreeRequest.optional(),
};

/** `POST /api/sessions`. */
export const CreateSession = z.discriminatedUnion("provider", [
  /** A chat with a model; its host tools work on `host` in `cwd`, which can be given later. */
  z.object({
    provider: z.literal("edge"),
    id: NewSessionId,
    host: HostId.optional(),
    cwd: z.string().min(1).max(4096).startsWith("/", "the directory must be an absolute path").optional(),
    title: z.string().min(1).max(200).optional(),
    model: z.string().max(200).optional(),
    effort: z.enum(["low", "medium", "high"]).optional(),
  }),
  z.object({
    provider: z.literal("tmux"),
    id: NewSessionId,
    host: HostId,
    cwd: z.string().min(1).max(4096).startsWith("/", "the directory must be an absolute path"),
    title: z.string().min(1).max(200).optional(),
    argv: z.array(z.string().max(8192)).min(1).max(200).optional(),
    agent: z.enum(["claude", "codex", "opencode", "gemini"]).optional(),
    ...AgentStart,
    worktree: WorktreeRequest.optional(),
    socket: z.string().max(200).optional(),
  }),
  /** A job of `codex exec`; with `interactive` a Codex that is spoken to, and asks. */
  z.discriminatedUnion("interactive", [
    z.object({
      provider: z.literal("codex"),
      interactive: z.literal(false).optional(),
      id: NewSessionId,
      host: HostId,
      cwd: z.string().min(1).max(4096).startsWith("/", "the directory must be an absolute path"),
      title: z.string().min(1).max(200).optional(),
      prompt: z.string().min(1).max(MAX_INPUT_BYTES),
      model: z
        .string()
        .max(100)
        .regex(/^(?!-)\S+$/)
        .optional(),
      sandbox: z.enum(["read-only", "workspace-write", "danger-full-access"]).optional(),
      worktree: WorktreeRequest.optional(),
    }),
    z.object({ provider: z.literal("codex"), interactive: z.literal(true), ...NewOwned }),
  ]),
  /** An agent that the host runs without a terminal. */
  z.object({
    provider: z.enum(["claude", "opencode", "acp"]),
    interactive: z.literal(true).optional(),
    ...NewOwned,
  }),
]);
export type CreateSession = z.infer<typeof CreateSession>;

/** `POST /api/sessions/:id/commands`: the command, how long it may wait for the host, and how long the caller waits for its result. */
export const PostCommand = z.intersection(
  Command,
  z.object({
    /** A caller's own id makes a repeated request harmless. */
    id: CommandId.optional(),
    expires_in_ms: z.number().int().min(1).max(MAX_COMMAND_TTL_MS).optional(),
    wait_ms: z.number().int().min(0).max(60_000).optional(),
  }),
);
export type PostCommand = z.infer<typeof PostCommand>;

/** Answer to a command: `queued` when no result came while the caller waited. */
export const CommandAnswer = z.object({
  id: CommandId,
  session: SessionId,
  status: z.enum(["queued", "done", "failed", "expired", "cancelled", "indeterminate"]),
  result: CommandResult.nullable(),
});
export type CommandAnswer = z.infer<typeof CommandAnswer>;

/** `POST /api/sessions/:id/messages`: text for whatever the session talks to. With attachments a chat needs no words. */
export const PostMessage = z
  .object({
    text: z.string().max(MAX_INPUT_BYTES),
    /** Ids of files that were uploaded to the chat. */
    attachments: z.array(AttachmentId).max(MAX_MESSAGE_ATTACHMENTS).optional(),
    /** Of a chat whose turn runs: the message is taken before the turn's next step, not after its end. */
    steer: z.boolean().optional(),
    /** A caller's own id makes a repeated request harmless, for a day; a new id of a message or of a command. */
    id: z.union([MessageId, CommandId]).optional(),
    expires_in_ms: z.number().int().min(1).max(MAX_COMMAND_TTL_MS).optional(),
    wait_ms: z.number().int().min(0).max(60_000).optional(),
  })
  .refine(({ text, attachments = [] }) => text !== "" || attachments.length > 0, {
    path: ["text"],
    message: "there is nothing in the message",
  });
export type PostMessage = z.infer<typeof PostMessage>;

export const PatchSession = z.object({ title: z.string().min(1).max(200) });

/** `POST /api/hosts`: makes a host and a one-time code that its daemon trades for a token. */
export const CreateHost = z.object({ name: z.string().trim().min(1).max(100) });
export const CreatedHost = z.object({
  host: Host,
  /** One-time code, valid for `expires_at`. */
  code: z.string(),
  expires_at: z.number(),
  /** The line to paste on that machine. */
  install: z.string(),
});
export type CreatedHost = z.infer<typeof CreatedHost>;

/** `POST /api/enrol` with a one-time code: the host's token, shown once. */
export const Enrol = z.object({
  code: z.string().min(10).max(200),
  hostname: z.string().max(200).optional(),
});
export const Enrolled = z.object({ host: HostId, name: z.string(), token: z.string() });

/** `GET /api/hosts/:id/panes`. */
export const HostPanes = z.object({ items: z.array(UnadoptedPane) });

/** `POST /api/rules`. */
export const NewRule = Rule.pick({
  tool: true,
  host: true,
  workspace: true,
  expires_at: true,
  reason: true,
}).extend({ pattern: z.string().trim().min(1).max(500) });
export type NewRule = z.infer<typeof NewRule>;

/** `PATCH /api/rules/:id`; with `version`, only if it is still that one. */
export const RuleChange = NewRule.omit({ tool: true })
  .partial()
  .extend({ version: z.number().int().optional() });
export type RuleChange = z.infer<typeof RuleChange>;

/** `GET /api/me`. */
export const Me = z.object({
  user: z.string(),
  role: z.enum(["admin", "operator", "viewer"]),
  team: z.string(),
  mode: z.enum(["local", "deployed"]),
  version: z.string(),
  /** Largest file that a chat takes. */
  attachment_max_bytes: z.number().int().optional(),
});
export type Me = z.infer<typeof Me>;

export const SessionPage = page(Session);
export const HostPage = page(Host);

/** `GET /api/models`: what a chat can talk to. `offline` is built in and always there. */
export const Model = z.object({
  /** `provider/model`, for example `offline/builtin` or `openai/gpt-5.5`. */
  id: z.string(),
  provider: z.string(),
  name: z.string(),
  /** Tokens that fit into one request. */
  context: z.number().int(),
  images: z.boolean(),
  reasoning: z.boolean(),
  /** True for the model that a new chat begins with. */
  default: z.boolean(),
});
export type Model = z.infer<typeof Model>;

/** `PATCH /api/sessions/:id/queue/:message`. */
export const EditMessage = z
  .object({ text: z.string().min(1).max(MAX_INPUT_BYTES).optional(), steer: z.boolean().optional() })
  .refine(({ text, steer }) => text !== undefined || steer !== undefined, "there is nothing to change");
export type EditMessage = z.infer<typeof EditMessage>;

/** A message that waits, as `GET /api/sessions/:id/queue` lists it; `PATCH {text?, steer?}` and `DELETE` while it does. */
export const QueuedMessage = z.object({
  id: MessageId,
  text: z.string(),
  by: z.string(),
  created_at: z.number(),
  attachments: z.array(AttachmentRef).optional(),
  /** True: it is taken before the next step of the running turn. */
  steer: z.boolean().optional(),
});
export type QueuedMessage = z.infer<typeof QueuedMessage>;

import * as z from "zod";
import { AgentMode } from "./commands.ts";
import { HostId } from "./ids.ts";

/** Templates of a team, at most. */
export const MAX_TEMPLATES = 200;

export const TemplateName = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[^/\\\p{C}]+$/u, "not a name");

/** How a session begins, as far as it shall always begin so; what is not given is chosen when it starts. */
export const TemplateFields = z.object({
  kind: z.enum(["chat", "shell", "command", "agent", "codex"]),
  agent: z.enum(["claude", "codex", "opencode", "gemini", "acp"]).optional(),
  /** Of `acp`: which one. */
  program: z.string().max(100).optional(),
  /** An agent in a terminal, or without one. */
  terminal: z.boolean().optional(),
  host: HostId.optional(),
  cwd: z.string().min(1).max(4096).startsWith("/", "the directory must be an absolute path").optional(),
  argv: z.array(z.string().max(8192)).min(1).max(200).optional(),
  prompt: z.string().min(1).max(16_000).optional(),
  model: z.string().min(1).max(200).optional(),
  mode: AgentMode.optional(),
  sandbox: z.enum(["read-only", "workspace-write", "danger-full-access"]).optional(),
  worktree: z.boolean().optional(),
  branch: z.string().min(1).max(200).optional(),
  base: z.string().min(1).max(200).optional(),
  title: z.string().min(1).max(200).optional(),
});
export type TemplateFields = z.infer<typeof TemplateFields>;

/** `GET /api/templates`; `PUT /api/templates/:name` with the fields, `DELETE`. */
export const Template = z.object({
  name: TemplateName,
  fields: TemplateFields,
  updated_at: z.number(),
  updated_by: z.string(),
});
export type Template = z.infer<typeof Template>;

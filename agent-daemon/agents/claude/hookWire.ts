import * as z from "zod";

/** The hidden word that starts this program as Claude Code's hook. */
export const HOOK_WORD = "claude-hook";

/** A hook waits this long, at most; Claude is asked to wait as long. */
export const HOOK_LIFE_MS = 24 * 60 * 60 * 1000;

/** The longest line either side sends; Claude's tools take whole files as input. */
export const MAX_HOOK_BYTES = 32 * 1024 * 1024;

/** For a subagent's request Claude opens its dialog only when the hook has left, so the hook leaves after this time. */
export const SUBAGENT_WAIT_MS = 60_000;

/** What Claude Code gives a hook that asks for permission; only what is used here. */
export const PermissionHook = z.looseObject({
  session_id: z.string().max(200),
  transcript_path: z.string().max(4096).optional(),
  cwd: z.string().max(4096),
  hook_event_name: z.literal("PermissionRequest"),
  tool_name: z.string().min(1).max(200),
  tool_input: z.record(z.string(), z.unknown()),
  /** How its own permissions could change, so that it asks for this no more. */
  permission_suggestions: z.array(z.unknown()).max(50).optional().catch(undefined),
  /** The subagent that asks; none when the conversation itself does. */
  agent_id: z.string().max(200).optional(),
});
export type PermissionHook = z.infer<typeof PermissionHook>;

/** The hook's first line to the daemon. The same `id` again is the same hook, after the daemon was away. */
export const HookHello = z.object({
  id: z.uuid(),
  hook: PermissionHook,
  /** The hook's own process: as long as it runs, it waits. */
  hook_pid: z.number().int().optional(),
  /** Claude's process. */
  pid: z.number().int().nullable(),
  /** `$TMUX` and `$TMUX_PANE`: where Claude runs. */
  tmux: z.string().max(4096).nullable(),
  pane: z.string().max(50).nullable(),
});
export type HookHello = z.infer<typeof HookHello>;

/** The daemon's one line to the hook: what to print, or that nobody waits for it any more. */
export const HookAnswer = z.discriminatedUnion("type", [
  z.object({ type: z.literal("print"), text: z.string() }),
  z.object({ type: z.literal("leave") }),
]);
export type HookAnswer = z.infer<typeof HookAnswer>;

/** The hook's last line: Claude has been given the answer. */
export const PRINTED = "printed";

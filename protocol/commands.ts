import * as z from "zod";
import { ConversationId } from "./conversations.ts";
import { CommandId, HostId, SessionId } from "./ids.ts";
import { MAX_INPUT_BYTES, MAX_PASTE_BYTES } from "./limits.ts";
import { RequestEnd } from "./requests.ts";
import { PaneAddress, Worktree } from "./session.ts";
import { ToolOutput } from "./toolOutput.ts";
import { Snapshot } from "./worktrees.ts";

/** A tmux key name: a character, a named key, with modifiers (`C-c`, `M-x`, `S-Up`, `F5`). */
export const KeyName = z
  .string()
  .regex(
    /^(?:[CMS]-){0,3}(?:[!-~]|Enter|Escape|Tab|BTab|Space|BSpace|Up|Down|Left|Right|Home|End|PageUp|PageDown|PPage|NPage|Insert|IC|Delete|DC|F(?:[1-9]|1[0-2]))$/,
    "expected a key such as Enter, C-c, M-x, Up or F5",
  );

/** A directory on a host. */
export const Cwd = z.string().min(1).max(4096).startsWith("/", "the directory must be an absolute path");
const Cols = z.number().int().min(10).max(1000);
const Rows = z.number().int().min(3).max(1000);
/** A branch name that git accepts and that cannot be read as an option. */
export const BranchName = z
  .string()
  .max(200)
  .regex(
    /^(?![-./])(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)))[^\s~^:?*[\\\x00-\x20\x7f]+(?<![./])$/,
    "not a branch name",
  );
export const WorktreeRequest = z.object({
  branch: BranchName,
  base: z
    .string()
    .max(200)
    .regex(/^(?!-)\S+$/)
    .optional(),
});

/** An agent's own word for how freely it acts (`plan`, `acceptEdits`, `read-only` …). */
export const AgentMode = z
  .string()
  .max(100)
  .regex(/^(?!-)\S+$/, "not the name of a mode");

/** The modes that an agent in a pane can begin in, the most careful first; the others have none. */
export const PANE_MODES: Record<"claude" | "codex" | "gemini", readonly string[]> = {
  claude: ["plan", "default", "acceptEdits", "auto", "dontAsk", "bypassPermissions"],
  codex: ["read-only", "workspace-write", "danger-full-access"],
  gemini: ["default", "auto_edit", "yolo"],
};

/** How an agent in a pane begins: the first thing it is told, the model it talks to, how freely it acts, what it goes on with. */
export const AgentStart = {
  prompt: z.string().min(1).max(4000).optional(),
  model: z
    .string()
    .max(100)
    .regex(/^(?!-)\S+$/, "not a model's name")
    .optional(),
  mode: AgentMode.optional(),
  resume: ConversationId.optional(),
};

/** The agents that the daemon runs without a terminal. `acp`: any that speaks it, by its name in the host's configuration. */
export const OwnedAgent = z.enum(["claude", "codex", "opencode", "acp"]);
export type OwnedAgent = z.infer<typeof OwnedAgent>;

/** How hard an agent thinks; each takes the nearest that it knows. */
export const AgentEffort = z.enum(["minimal", "low", "medium", "high", "xhigh", "max"]);
export type AgentEffort = z.infer<typeof AgentEffort>;

/** An agent that speaks ACP, by its name in the host's configuration. */
export const AcpName = z
  .string()
  .max(100)
  .regex(/^[\w.-]+$/);

/** One of Claude Code's types of agents: its own (`Explore`), or a file of `.claude/agents` by its name. */
export const AgentType = z
  .string()
  .max(200)
  .regex(/^[\p{L}\p{N}_][^\p{C}]*$/u, "it begins with a letter or a digit, and stands on one line");

/** How an agent without a terminal begins. */
export const OwnedStart = {
  /** Of `acp`: which one. */
  program: AcpName.optional(),
  prompt: z.string().min(1).max(MAX_INPUT_BYTES).optional(),
  model: AgentStart.model,
  mode: AgentMode.optional(),
  effort: AgentEffort.optional(),
  /** Of Claude; others pass it over. */
  agent_type: AgentType.optional(),
  resume: ConversationId.optional(),
  fork: z.boolean().optional(),
};

/** Everything that a host can be asked to do for a session. */
export const Command = z.discriminatedUnion("type", [
  /** Types text literally; with `enter`, presses Enter after it. */
  z.object({
    type: z.literal("send_input"),
    text: z.string().max(MAX_INPUT_BYTES),
    enter: z.boolean().optional(),
  }),
  z.object({ type: z.literal("send_keys"), keys: z.array(KeyName).min(1).max(100) }),
  /** Pastes text (bracketed where the program asked for it); with `enter`, presses Enter after it. */
  z.object({
    type: z.literal("paste"),
    text: z.string().max(MAX_PASTE_BYTES),
    enter: z.boolean().optional(),
  }),
  z.object({ type: z.literal("interrupt") }),
  z.object({ type: z.literal("resize"), cols: Cols, rows: Rows }),
  /** The visible text of the pane, with up to `history` lines above it. */
  z.object({ type: z.literal("snapshot"), history: z.number().int().min(0).max(5000).optional() }),
  z.object({
    type: z.literal("search"),
    pattern: z.string().min(1).max(1000),
    /** The pattern is a regular expression (linear-time engine); otherwise it is plain text. */
    regex: z.boolean().optional(),
    ignore_case: z.boolean().optional(),
    before: z.number().int().min(0).max(20).optional(),
    after: z.number().int().min(0).max(20).optional(),
    limit: z.number().int().min(1).max(500).optional(),
  }),
  /** Starts a pane: an argument vector, an agent by name, or the person's shell. */
  z.object({
    type: z.literal("spawn"),
    cwd: Cwd,
    argv: z.array(z.string().max(8192)).min(1).max(200).optional(),
    agent: z.enum(["claude", "codex", "opencode", "gemini"]).optional(),
    ...AgentStart,
    title: z.string().min(1).max(200).optional(),
    worktree: WorktreeRequest.optional(),
    /** Name of the tmux socket; `default` when it is not given. */
    socket: z.string().max(200).optional(),
    cols: Cols.optional(),
    rows: Rows.optional(),
  }),
  /** Makes a session of a pane that the daemon sees. */
  z.object({ type: z.literal("adopt"), socket: z.string().max(4096), pane: z.string().regex(/^%\d+$/) }),
  z.object({ type: z.literal("rename"), title: z.string().min(1).max(200) }),
  /** Ends the pane or job. Refused with `would_lose_work` when its worktree is dirty, unless `force`; a worktree is kept either way. */
  z.object({ type: z.literal("kill"), force: z.boolean().optional() }),
  /**
   * Removes the session's worktree; refused with `would_lose_work` when it holds uncommitted or unpushed work, unless a
   * `snapshot` shall be made of it first.
   */
  z.object({ type: z.literal("remove_worktree"), snapshot: z.boolean().optional() }),
  /** Runs `codex exec --json`, or its resume when `resume` names a thread. */
  z.object({
    type: z.literal("codex_start"),
    prompt: z.string().min(1).max(MAX_INPUT_BYTES),
    cwd: Cwd,
    model: z
      .string()
      .max(100)
      .regex(/^(?!-)\S+$/)
      .optional(),
    sandbox: z.enum(["read-only", "workspace-write", "danger-full-access"]).optional(),
    resume: z
      .string()
      .max(100)
      .regex(/^[\w-]+$/)
      .optional(),
    worktree: WorktreeRequest.optional(),
  }),
  z.object({ type: z.literal("codex_stop") }),
  /** Starts an agent without a terminal, run by the daemon; `resume` goes on with a conversation, `fork` with a copy of it. */
  z.object({
    type: z.literal("agent_start"),
    agent: OwnedAgent,
    cwd: Cwd,
    ...OwnedStart,
    worktree: WorktreeRequest.optional(),
  }),
  /** Text for such an agent: joins the turn that runs where the agent can do that, waits for its end otherwise. */
  z.object({ type: z.literal("agent_prompt"), text: z.string().min(1).max(MAX_INPUT_BYTES) }),
  /** How freely such an agent acts, in its own words. */
  z.object({ type: z.literal("set_mode"), mode: AgentMode }),
  /** Of a chat, carried out on the edge: stops the turn, shortens the conversation, changes the model, the host and directory, answers a question of the model. */
  z.object({ type: z.literal("cancel_turn") }),
  /** Of a chat: stops a command that goes on in the background; without one, all but those that were to be kept. */
  z.object({ type: z.literal("stop_background"), command: CommandId.optional() }),
  z.object({ type: z.literal("compact") }),
  z.object({ type: z.literal("hop"), host: HostId, workspace: Cwd }),
  z.object({
    type: z.literal("set_model"),
    model: z.string().max(200),
    effort: z.enum(["low", "medium", "high"]).nullable().optional(),
  }),
  z.object({
    type: z.literal("answer"),
    question: z.string().max(200),
    text: z.string().max(MAX_INPUT_BYTES),
  }),
  /** Answers an agent that waits with a request; `input` replaces what it asked for. Made by a decision, never by a person directly. */
  z.object({
    type: z.literal("decide"),
    request: z.string().max(200),
    allow: z.boolean(),
    input: z.record(z.string(), z.unknown()).optional(),
    message: z.string().max(4000).optional(),
    /** Allowed: the agent itself does not ask for the same again. Denied: it stops what it does. Where it offers that. */
    remember: z.boolean().optional(),
    interrupt: z.boolean().optional(),
  }),
  /** Carries out a tool call of a model; `root` is the workspace that confines it, `outside` paths it may also read. */
  z.object({
    type: z.literal("tool"),
    tool: z.string().max(100),
    input: z.record(z.string(), z.unknown()),
    root: Cwd,
    outside: z.array(z.string().max(4096)).max(50).optional(),
  }),
]);
export type Command = z.infer<typeof Command>;
export type CommandType = Command["type"];
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;

export const SearchMatch = z.object({
  /** Lines counted from the newest (0) upwards. */
  line: z.number().int(),
  text: z.string(),
  before: z.array(z.string()),
  after: z.array(z.string()),
});
export type SearchMatch = z.infer<typeof SearchMatch>;

/** What a command that was carried out gives back. */
export const CommandValue = z.discriminatedUnion("type", [
  z.object({ type: z.literal("nothing") }),
  z.object({
    type: z.literal("snapshot"),
    text: z.string(),
    cols: z.number().int(),
    rows: z.number().int(),
    cursor: z.object({ x: z.number().int(), y: z.number().int() }),
  }),
  z.object({
    type: z.literal("search"),
    matches: z.array(SearchMatch),
    /** Where the lines came from. */
    source: z.enum(["ring", "history"]),
    /** More matches exist than were returned. */
    more: z.boolean(),
    lines_searched: z.number().int(),
  }),
  /** Only when a snapshot was made first. */
  z.object({ type: z.literal("worktree_removed"), snapshot: Snapshot }),
  z.object({ type: z.literal("pane"), session: SessionId, pane: PaneAddress, worktree: Worktree.nullable() }),
  z.object({ type: z.literal("tool"), output: ToolOutput }),
  z.object({ type: z.literal("decided"), end: RequestEnd }),
  z.object({ type: z.literal("job"), pid: z.number().int(), worktree: Worktree.nullable() }),
]);
export type CommandValue = z.infer<typeof CommandValue>;

/**
 * How a command ended.
 * `indeterminate`: the host died between starting and recording it; it is never run again by itself.
 */
export const CommandResult = z.discriminatedUnion("status", [
  z.object({ status: z.literal("done"), value: CommandValue }),
  z.object({
    status: z.literal("failed"),
    code: z.string().max(60),
    message: z.string().max(4000),
    /** What would be lost, which files are in the way, and the like. */
    details: z.array(z.string().max(1000)).max(100).optional(),
  }),
  z.object({ status: z.literal("expired") }),
  z.object({ status: z.literal("cancelled") }),
  z.object({ status: z.literal("indeterminate"), message: z.string().max(4000) }),
]);
export type CommandResult = z.infer<typeof CommandResult>;
export type CommandStatus = "queued" | CommandResult["status"];

/** A command on its way to a host. */
export const QueuedCommand = z.object({ id: CommandId, session: SessionId, command: Command });
export type QueuedCommand = z.infer<typeof QueuedCommand>;

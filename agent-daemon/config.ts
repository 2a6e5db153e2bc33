import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { EXIT } from "./system/exitCodes.ts";
import { readFileIfThere } from "./system/readFileIfThere.ts";
import { Sentence, say } from "./system/Sentence.ts";
import { SecretsConfig } from "./tools/secretPlaces.ts";
import { ServicesConfig } from "./tools/services.ts";

const home = homedir();

const AcpName = z.string().regex(/^[\w.-]{1,40}$/);

/** `agent.yaml`. Every value has a default, so an empty file is a whole configuration. */
export const AgentConfig = z.strictObject({
  /** Where Signalbox answers, for example `https://signalbox.example.com`. */
  url: z.url({ protocol: /^https?$/ }).default("http://127.0.0.1:8787"),
  /** Journal, job output and sockets; must be writable. */
  state_dir: z.string().default(join(home, ".local/state/signalbox")),
  /** File with the host's token (mode 0600); `token` in the state directory when not given. */
  token_file: z.string().optional(),
  tmux: z
    .strictObject({
      path: z.string().default("tmux"),
      /** `auto`: every socket in tmux's directory; or names as for `tmux -L`, or absolute paths. */
      sockets: z.union([z.literal("auto"), z.array(z.string())]).default("auto"),
      /** Which panes become sessions by themselves: all, those with a coding agent, or none. */
      adopt: z.enum(["all", "agents", "none"]).default("all"),
      /** How often panes are looked at, in milliseconds; changes that tmux announces are seen at once. */
      poll_ms: z.number().int().min(200).default(2_000),
    })
    .prefault({}),
  /** Directories offered for new sessions. */
  workspaces: z.array(z.string()).default([home]),
  /** Where new worktrees are made. */
  worktrees_dir: z.string().default(join(home, ".local/share/signalbox/worktrees")),
  /** Programs of the agents; a bare name is looked up on PATH. */
  agents: z
    .strictObject({
      codex: z.string().default("codex"),
      claude: z.string().default("claude"),
      opencode: z.string().default("opencode"),
      gemini: z.string().default("gemini"),
      /** Agents that speak the Agent Client Protocol, each by a name and its command: they run without a terminal. */
      acp: z.record(AcpName, z.tuple([z.string().min(1)], z.string())).default({}),
    })
    .prefault({}),
  /** In which programs a prompt that is recognised on the screen becomes a request: all, coding agents, or none. */
  keystrokes: z.enum(["all", "agents", "none"]).default("all"),
  /** Services of this machine that chats may look at and restart. */
  services: ServicesConfig.default({}),
  /** Places in the workspaces that chats read only when a person allows it. */
  secrets: SecretsConfig.prefault({}),
  /** The journal takes no more than this; beyond it, lost events are counted and told. */
  journal_max_bytes: z
    .number()
    .int()
    .min(1024 * 1024)
    .default(256 * 1024 * 1024),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** Where the configuration is looked for when no path is given. */
export const DEFAULT_CONFIG_PATH = join(home, ".config/signalbox/agent.yaml");

/**
 * Reads the configuration; a missing file is an empty one. `over` wins over the file.
 * Throws a sentence with the path and what is wrong in it.
 */
export function readConfig(path: string, over: Partial<z.input<typeof AgentConfig>> = {}): AgentConfig {
  let value: unknown;
  try {
    value = parse(readFileIfThere(path) ?? "");
  } catch (error) {
    throw new Sentence(`${path} cannot be read: ${say(error)}`, EXIT.usage);
  }
  // A file that is not a mapping stays as it is, so that the schema says so.
  const whole = value === null || isMapping(value) ? { ...value, ...over } : value;
  const parsed = AgentConfig.safeParse(whole);
  if (!parsed.success)
    throw new Sentence(`${path} is not valid:\n${z.prettifyError(parsed.error)}`, EXIT.usage);
  return parsed.data;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && !Array.isArray(value);
}

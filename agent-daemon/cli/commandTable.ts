import type { ParseArgsConfig } from "node:util";
import { JobAgent } from "../../protocol/jobs.ts";
import { Provider, SessionStatus } from "../../protocol/session.ts";
import { TaskStatus } from "../../protocol/tasks.ts";
import { LOGS, STARTS, TASK_ACTIONS, type Invocation, type Target } from "./invocation.ts";

/** What `parseArgs` read: every option is a string, a flag, or not given. */
export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;
export type Option = {
  type: "string" | "boolean";
  short?: string;
  value?: string;
  /** May be given several times. */
  multiple?: boolean;
  help: string;
};

export type CommandSpec = {
  /** After the command's name. */
  usage: string;
  summary: string;
  /** More, for `--help`. */
  details?: string;
  options: Record<string, Option>;
  /** How many words may stand beside the options. */
  words: { least: number; most: number };
  /** Turns what was read into an invocation; throws a {@link UsageProblem}. */
  read(values: Values, words: string[]): Invocation;
};

/** A command line that cannot be meant; the message says what is wrong with it. */
export class UsageProblem extends Error {}

const JSON_OPTION: Option = { type: "boolean", help: "print JSON for programs" };
const CONFIG_OPTION: Option = { type: "string", value: "FILE", help: "another agent.yaml" };
const PORT_OPTION: Option = {
  type: "string",
  short: "p",
  value: "PORT",
  help: "port on 127.0.0.1 (default 8787, or $SIGNALBOX_PORT)",
};
const HOST_OPTION: Option = {
  type: "string",
  value: "HOST",
  help: "its name or id (default: this machine, or the only one)",
};
const TARGET_OPTIONS: Record<string, Option> = {
  url: { type: "string", value: "URL", help: "another Signalbox than this machine's (or $SIGNALBOX_URL)" },
  "token-file": {
    type: "string",
    value: "FILE",
    help: "file with an API token for it (or $SIGNALBOX_TOKEN)",
  },
};

const WORKFLOW_ACTIONS = ["list", "run", "runs", "show", "logs", "cancel"] as const;

/** Every command of `signalbox`, as data. */
export const COMMANDS: Record<Invocation["command"], CommandSpec> = {
  up: {
    usage: "[--detach] [--port PORT]",
    summary: "run Signalbox on this machine: the edge and the daemon",
    details: "Stays in the foreground until Ctrl-C. Nothing listens but 127.0.0.1.",
    options: {
      detach: { type: "boolean", short: "d", help: "run in the background; `signalbox down` ends it" },
      port: PORT_OPTION,
    },
    words: { least: 0, most: 0 },
    read: (values) => ({
      command: "up",
      args: { detach: values["detach"] === true, port: readPort(values) },
    }),
  },
  down: {
    usage: "",
    summary: "end what `up` runs; panes and jobs go on",
    options: {},
    words: { least: 0, most: 0 },
    read: () => ({ command: "down", args: {} }),
  },
  restart: {
    usage: "[--port PORT]",
    summary: "end it and run it again in the background",
    options: { port: PORT_OPTION },
    words: { least: 0, most: 0 },
    read: (values) => ({ command: "restart", args: { port: readPort(values) } }),
  },
  status: {
    usage: "[--json]",
    summary: "what runs here and whether it is connected, with a sign-in link",
    options: { json: JSON_OPTION, config: CONFIG_OPTION },
    words: { least: 0, most: 0 },
    read: (values) => ({
      command: "status",
      args: { json: values["json"] === true, config: text(values, "config") },
    }),
  },
  connect: {
    usage: "[URL] [--code CODE] [--name NAME] [--service]",
    summary: "make this machine a host of a Signalbox and run its daemon",
    details:
      "With a one-time code from the hosts page, the machine is enrolled first. Without --service the daemon runs in\nthe foreground; with it, a systemd user unit or launchd agent is installed and started.",
    options: {
      code: { type: "string", short: "c", value: "CODE", help: "one-time code from the hosts page" },
      name: {
        type: "string",
        value: "NAME",
        help: "how the machine introduces itself (default: its host name)",
      },
      service: { type: "boolean", help: "install and start it as a service of this user" },
      config: CONFIG_OPTION,
    },
    words: { least: 0, most: 1 },
    read: (values, [url]) => ({
      command: "connect",
      args: {
        url: url === undefined ? null : readUrl(url),
        code: text(values, "code"),
        name: text(values, "name"),
        service: values["service"] === true,
        config: text(values, "config"),
      },
    }),
  },
  sessions: {
    usage: "[WORDS…] [--json] [filters]",
    summary: "list sessions; words must all occur in title, directory, branch, command or last line",
    options: {
      json: JSON_OPTION,
      host: { type: "string", value: "HOST", help: "only those of this host (its id)" },
      status: {
        type: "string",
        value: "LIST",
        help: `only these, separated by commas: ${SessionStatus.options.join(", ")}`,
      },
      provider: {
        type: "string",
        value: "LIST",
        help: `only these, separated by commas: ${Provider.options.join(", ")}`,
      },
      attention: { type: "boolean", short: "a", help: "only those that need a person" },
      ended: { type: "boolean", help: "only those that have ended" },
      running: { type: "boolean", help: "only those that have not" },
      ...TARGET_OPTIONS,
    },
    words: { least: 0, most: 20 },
    read: (values, words) => {
      if (values["ended"] === true && values["running"] === true)
        throw new UsageProblem("--ended and --running exclude each other.");
      return {
        command: "sessions",
        args: {
          ...readTarget(values),
          json: values["json"] === true,
          host: text(values, "host"),
          status: readList(values, "status", SessionStatus.options),
          provider: readList(values, "provider", Provider.options),
          attention: values["attention"] === true,
          ended: values["ended"] === true ? true : values["running"] === true ? false : null,
          text: words.length === 0 ? null : words.join(" "),
        },
      };
    },
  },
  attach: {
    usage: "SESSION [--fit]",
    summary: "open a session's terminal here; Ctrl-] leaves it",
    details: "SESSION is an id, the beginning or end of one, or a title.",
    options: {
      fit: { type: "boolean", help: "give the pane the size of this terminal" },
      ...TARGET_OPTIONS,
    },
    words: { least: 1, most: 1 },
    read: (values, [session = ""]) => ({
      command: "attach",
      args: { ...readTarget(values), session, fit: values["fit"] === true },
    }),
  },
  send: {
    usage: "SESSION TEXT…",
    summary: "send text to a session: typed into a pane, or the next turn of a job",
    details: "TEXT may be - for what comes on standard input.",
    options: { json: JSON_OPTION, ...TARGET_OPTIONS },
    words: { least: 2, most: 10_000 },
    read: (values, [session = "", ...words]) => ({
      command: "send",
      args: { ...readTarget(values), session, text: words.join(" "), json: values["json"] === true },
    }),
  },
  approve: {
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
          message: text(values, "message"),
          scope: always === true ? "always" : session === true ? "session" : "once",
          answers: Array.isArray(given) ? readAnswers(given.map(String)) : null,
          json: values["json"] === true,
        },
      };
    },
  },
  start: {
    usage: "WHAT [PROMPT…] [options]",
    summary: "start an agent, a shell, a job or a chat on a host",
    details: `WHAT is ${STARTS.join(", ")}; with --template it may be left out. PROMPT is the first thing it is told.`,
    options: {
      json: JSON_OPTION,
      host: HOST_OPTION,
      cwd: {
        type: "string",
        value: "DIR",
        help: "directory on the host (default: this one, on this machine)",
      },
      model: { type: "string", value: "MODEL", help: "the model it talks to" },
      mode: { type: "string", value: "MODE", help: "how freely it acts: a permission mode or a sandbox" },
      worktree: { type: "string", value: "BRANCH", help: "in a new git worktree, on this new branch" },
      base: { type: "string", value: "COMMIT", help: "what that branch starts from" },
      resume: { type: "string", value: "ID", help: "go on with a conversation that was kept on the host" },
      title: { type: "string", value: "TITLE", help: "what it is called" },
      template: { type: "string", short: "t", value: "NAME", help: "begin as a template of the team says" },
      headless: { type: "boolean", help: "an agent without a terminal" },
      ...TARGET_OPTIONS,
    },
    words: { least: 0, most: 10_000 },
    read: (values, words) => {
      const what = STARTS.find((each) => each === words[0]) ?? null;
      const template = text(values, "template");
      if (what === null && template === null)
        throw new UsageProblem(`say what to start: ${STARTS.join(", ")}; or --template.`);
      const rest = (what === null ? words : words.slice(1)).join(" ").trim();
      return {
        command: "start",
        args: {
          ...readTarget(values),
          what,
          prompt: rest === "" ? null : rest,
          host: text(values, "host"),
          cwd: text(values, "cwd"),
          model: text(values, "model"),
          mode: text(values, "mode"),
          branch: text(values, "worktree"),
          base: text(values, "base"),
          resume: text(values, "resume"),
          title: text(values, "title"),
          template,
          headless: values["headless"] === true,
          json: values["json"] === true,
        },
      };
    },
  },
  worktrees: {
    usage: "[remove PATH [--snapshot]] [--host HOST]",
    summary: "list a host's worktrees with what they hold, or remove one",
    details:
      "One that holds uncommitted files or commits that are nowhere else stays, unless --snapshot keeps it in a ref of\nits repository first.",
    options: {
      json: JSON_OPTION,
      host: HOST_OPTION,
      snapshot: { type: "boolean", help: "keep what would be lost in a ref, and say how it comes back" },
      ...TARGET_OPTIONS,
    },
    words: { least: 0, most: 2 },
    read: (values, [verb, path]) => {
      if (verb !== undefined && (verb !== "remove" || path === undefined))
        throw new UsageProblem("say nothing, or remove and a path.");
      return {
        command: "worktrees",
        args: {
          ...readTarget(values),
          host: text(values, "host"),
          remove: path ?? null,
          snapshot: values["snapshot"] === true,
          json: values["json"] === true,
        },
      };
    },
  },
  workflows: {
    usage: "[list | run NAME | runs | show [RUN] | logs [RUN] | cancel RUN]",
    summary: "list workflows, run one and follow it, look at runs",
    details:
      "`run` follows the run to its end and prints what it returned; its agents work on this machine in this directory,\nunless --host and --cwd say otherwise. A run is named by its id or the end of it.",
    options: {
      args: {
        type: "string",
        short: "a",
        value: "JSON",
        help: "what the workflow is given: JSON, or else text",
      },
      budget: { type: "string", value: "TOKENS", help: "tokens that it may spend at most" },
      agent: {
        type: "string",
        value: "NAME",
        help: "who its agents are, unless the script says it: edge (default), claude, codex, opencode, acp:NAME",
      },
      model: { type: "string", value: "MODEL", help: "model of its agents, unless the script names one" },
      mode: { type: "string", value: "MODE", help: "how freely they act, in the agent's own word" },
      host: { type: "string", value: "HOST", help: "host that its agents work on (its id)" },
      cwd: { type: "string", value: "DIR", help: "directory that they work in" },
      fresh: { type: "boolean", help: "do everything, also what an earlier run has done" },
      detach: { type: "boolean", short: "d", help: "print the run's id and do not wait for its end" },
      json: JSON_OPTION,
      ...TARGET_OPTIONS,
    },
    words: { least: 0, most: 2 },
    read: (values, [word = "list", what = null]) => {
      const action = WORKFLOW_ACTIONS.find((each) => each === word);
      if (action === undefined) throw new UsageProblem(`It is ${WORKFLOW_ACTIONS.join(", ")}; not ${word}.`);
      if (what === null && (action === "run" || action === "cancel"))
        throw new UsageProblem(
          `Something is missing: signalbox workflows ${action} ${action === "run" ? "NAME" : "RUN"}`,
        );
      const given = text(values, "args");
      return {
        command: "workflows",
        args: {
          ...readTarget(values),
          action,
          what,
          args: given === null ? null : readJson(given),
          budget: readBudget(text(values, "budget")),
          agent: readAgent(text(values, "agent")),
          model: text(values, "model"),
          mode: text(values, "mode"),
          host: text(values, "host"),
          cwd: text(values, "cwd"),
          fresh: values["fresh"] === true,
          detach: values["detach"] === true,
          json: values["json"] === true,
        },
      };
    },
  },
  tasks: {
    usage: "[list | add PROMPT… | show TASK | cancel TASK | retry TASK]",
    summary: "list tasks, add one for an agent that runs without you, look at it, end it, run it again",
    details:
      "A new task is a chat that only thinks, unless --host or --cwd name a place, or --agent an agent that works on\none. PROMPT may be - for what comes on standard input. A task is named by its id or the end of it.",
    options: {
      status: {
        type: "string",
        value: "LIST",
        help: `only these, separated by commas: ${TaskStatus.options.join(", ")}`,
      },
      agent: {
        type: "string",
        value: "NAME",
        help: "who does it: edge (default), claude, codex, opencode, or acp:NAME as the host's configuration names it",
      },
      provider: { type: "string", value: "NAME", help: "the same as --agent" },
      host: HOST_OPTION,
      cwd: {
        type: "string",
        value: "DIR",
        help: "directory on the host (default: this one, on this machine)",
      },
      model: { type: "string", value: "MODEL", help: "the model it talks to" },
      mode: {
        type: "string",
        value: "MODE",
        help: "how freely an agent acts, in its own word; otherwise it asks",
      },
      effort: { type: "string", value: "LEVEL", help: "how hard it thinks: low, medium, high …" },
      worktree: {
        type: "string",
        value: "BRANCH",
        help: "it works in a worktree of its own, on this new branch",
      },
      title: { type: "string", value: "TITLE", help: "what it is called" },
      json: JSON_OPTION,
      ...TARGET_OPTIONS,
    },
    words: { least: 0, most: 10_000 },
    read: (values, [word = "list", ...rest]) => {
      const action = TASK_ACTIONS.find((each) => each === word);
      if (action === undefined) throw new UsageProblem(`It is ${TASK_ACTIONS.join(", ")}; not ${word}.`);
      const said = rest.join(" ").trim();
      if (action !== "list" && said === "")
        throw new UsageProblem(
          `Something is missing: signalbox tasks ${action} ${action === "add" ? "PROMPT" : "TASK"}`,
        );
      return {
        command: "tasks",
        args: {
          ...readTarget(values),
          action,
          text: said,
          status: readList(values, "status", TaskStatus.options),
          agent: readAgent(text(values, "agent") ?? text(values, "provider")) ?? "edge",
          host: text(values, "host"),
          cwd: text(values, "cwd"),
          model: text(values, "model"),
          mode: text(values, "mode"),
          effort: text(values, "effort"),
          worktree: text(values, "worktree"),
          title: text(values, "title"),
          json: values["json"] === true,
        },
      };
    },
  },
  schedule: {
    usage: "[list | add NAME TEXT… | run WHICH | pause WHICH | resume WHICH | remove WHICH]",
    summary: "list what begins by the clock, add to it, or change it",
    details:
      "`add` needs --cron or --at. TEXT is a task for an agent of its own, or with --session a message to that session;\nwith --workflow a workflow runs. WHICH is a name, an id or the end of one.",
    options: {
      cron: { type: "string", short: "c", value: "CRON", help: 'when, such as "30 9 * * MON-FRI"' },
      at: { type: "string", value: "TIME", help: "once, such as 2026-12-24T18:00 (or with a zone)" },
      zone: {
        type: "string",
        short: "z",
        value: "ZONE",
        help: "time zone of --cron (default: this machine's)",
      },
      session: { type: "string", short: "s", value: "SESSION", help: "say TEXT to this session" },
      workflow: { type: "string", short: "w", value: "NAME", help: "run this workflow" },
      args: {
        type: "string",
        short: "a",
        value: "JSON",
        help: "what the workflow is given: JSON, or else text",
      },
      host: { type: "string", value: "HOST", help: "host of --cwd (default: this machine)" },
      cwd: { type: "string", value: "DIR", help: "directory that the agents work in" },
      "catch-up": { type: "string", value: "HOW", help: "missed times: one (made up for once) or none" },
      overlap: { type: "string", value: "HOW", help: "while it still runs: skip, queue or parallel" },
      json: JSON_OPTION,
      ...TARGET_OPTIONS,
    },
    words: { least: 0, most: 10_000 },
    read: (values, [word = "list", ...words]) => {
      const action = SCHEDULE_ACTIONS.find((each) => each === word);
      if (action === undefined) throw new UsageProblem(`It is ${SCHEDULE_ACTIONS.join(", ")}; not ${word}.`);
      const at = text(values, "at");
      const cron = text(values, "cron");
      const workflow = text(values, "workflow");
      if (action !== "list" && words.length === 0)
        throw new UsageProblem(
          `Something is missing: signalbox schedule ${action} ${action === "add" ? "NAME" : "WHICH"}`,
        );
      if (action === "add" && (cron === null) === (at === null))
        throw new UsageProblem("say when, by --cron or by --at.");
      if (action === "add" && words.length < 2 && workflow === null)
        throw new UsageProblem("say what is to be done, or give --workflow.");
      const given = text(values, "args");
      return {
        command: "schedule",
        args: {
          ...readTarget(values),
          action,
          words,
          cron,
          at: at === null ? null : readTime(at),
          zone: text(values, "zone"),
          session: text(values, "session"),
          workflow,
          args: given === null ? null : readJson(given),
          host: text(values, "host"),
          cwd: text(values, "cwd"),
          catchUp: readList(values, "catch-up", ["one", "none"] as const)[0] ?? "one",
          overlap: readList(values, "overlap", ["skip", "queue", "parallel"] as const)[0] ?? "skip",
          json: values["json"] === true,
        },
      };
    },
  },
  hooks: {
    usage: "install | remove | status",
    summary: "let Claude Code's permission requests reach Signalbox, or no longer",
    details:
      "Writes one hook into Claude Code's settings and touches nothing else there. Claude's own dialog stays open: the\nfirst answer counts, there or here.",
    options: { config: CONFIG_OPTION },
    words: { least: 1, most: 1 },
    read: (values, [action]) => {
      if (action !== "install" && action !== "remove" && action !== "status")
        throw new UsageProblem("say install, remove or status.");
      return { command: "hooks", args: { action, config: text(values, "config") } };
    },
  },
  logs: {
    usage: "[edge | agent | supervisor] [--lines N] [--follow]",
    summary: "what Signalbox itself wrote on this machine (words of a run: `signalbox workflows logs`)",
    options: {
      lines: { type: "string", short: "n", value: "N", help: "how many of the last lines (default 100)" },
      follow: { type: "boolean", short: "f", help: "go on with what is written next" },
    },
    words: { least: 0, most: 1 },
    read: (values, [word = "edge"]) => {
      const part = LOGS.find((each) => each === word);
      if (part === undefined) throw new UsageProblem(`It is ${LOGS.join(", ")}; not ${word}.`);
      const lines = text(values, "lines") ?? "100";
      if (!/^\d{1,6}$/.test(lines)) throw new UsageProblem(`${lines} is not a number of lines.`);
      return { command: "logs", args: { part, lines: Number(lines), follow: values["follow"] === true } };
    },
  },
  doctor: {
    usage: "[--json]",
    summary: "look for what keeps Signalbox from working here",
    options: { json: JSON_OPTION, config: CONFIG_OPTION },
    words: { least: 0, most: 0 },
    read: (values) => ({
      command: "doctor",
      args: { json: values["json"] === true, config: text(values, "config") },
    }),
  },
};

const SCHEDULE_ACTIONS = ["list", "add", "run", "pause", "resume", "remove"] as const;

/** The options of a command as `parseArgs` takes them. */
export function parseOptions({ options }: CommandSpec): NonNullable<ParseArgsConfig["options"]> {
  const entries = Object.entries(options).map(
    ([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }] as const,
  );
  return { ...Object.fromEntries(entries), help: { type: "boolean", short: "h" } };
}

function readAgent(name: string | null): JobAgent | null {
  if (name === null) return null;
  const read = JobAgent.safeParse(name);
  if (read.success) return read.data;
  throw new UsageProblem(`There is no agent ${name}: it is edge, claude, codex, opencode, or acp:NAME.`);
}

function text(values: Values, name: string): string | null {
  const value = values[name];
  if (typeof value !== "string") return null;
  if (value.trim() === "") throw new UsageProblem(`--${name} is empty.`);
  return value;
}

function readTarget(values: Values): Target {
  const url = text(values, "url");
  return { url: url === null ? null : readUrl(url), tokenFile: text(values, "token-file") };
}

function readPort(values: Values): number | null {
  const value = text(values, "port");
  return value === null ? null : parsePort(value);
}

/** A port a person wrote. */
export function parsePort(value: string): number {
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port < 1 || port > 65_535)
    throw new UsageProblem(`${value} is not a port (1 to 65535).`);
  return port;
}

/** A moment that a person wrote, in this machine's time unless it says another. */
function readTime(value: string): number {
  const at = Date.parse(value);
  if (Number.isNaN(at)) throw new UsageProblem(`${value} is not a time such as 2026-12-24T18:00.`);
  return at;
}

/** JSON, or when it is none the text itself. */
function readJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value; // words
  }
}

function readBudget(value: string | null): number | null {
  if (value === null) return null;
  const budget = Number(value.replaceAll("_", ""));
  if (!Number.isInteger(budget) || budget < 1) throw new UsageProblem(`${value} is not a number of tokens.`);
  return budget;
}

function readUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageProblem(`${value} is not an address such as https://signalbox.example.com.`);
  }
  return url.origin;
}

function readList<T extends string>(values: Values, name: string, known: readonly T[]): T[] {
  const value = text(values, name);
  if (value === null) return [];
  return value.split(",").map((word) => {
    const found = known.find((each) => each === word.trim());
    if (found === undefined) throw new UsageProblem(`--${name} knows ${known.join(", ")}; not ${word}.`);
    return found;
  });
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

import { hostname } from "node:os";
import { resolve } from "node:path";
import * as z from "zod";
import { CreateSession } from "../../../protocol/api.ts";
import type { Host } from "../../../protocol/host.ts";
import { newId } from "../../../protocol/ids.ts";
import { Session } from "../../../protocol/session.ts";
import { Template, type TemplateFields } from "../../../protocol/templates.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import { callApi, type ApiAccess } from "../callApi.ts";
import type { Context } from "../context.ts";
import { findHost } from "../findHost.ts";
import { type StartArgs, STARTS } from "../invocation.ts";
import { targetOf } from "../targetOf.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { HOST_OPTION, JSON_OPTION, TARGET_OPTIONS, readTarget, readText } from "../readValues.ts";

/** `signalbox start` on the command line. */
export const startSpec: CommandSpec = {
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
    const template = readText(values, "template");
    if (what === null && template === null)
      throw new UsageProblem(`say what to start: ${STARTS.join(", ")}; or --template.`);
    const rest = (what === null ? words : words.slice(1)).join(" ").trim();
    return {
      command: "start",
      args: {
        ...readTarget(values),
        what,
        prompt: rest === "" ? null : rest,
        host: readText(values, "host"),
        cwd: readText(values, "cwd"),
        model: readText(values, "model"),
        mode: readText(values, "mode"),
        branch: readText(values, "worktree"),
        base: readText(values, "base"),
        resume: readText(values, "resume"),
        title: readText(values, "title"),
        template,
        headless: values["headless"] === true,
        json: values["json"] === true,
      },
    };
  },
};

const TemplatePage = z.object({ items: z.array(Template) });

/** `signalbox start`: starts a session, and says which. */
export async function start(args: StartArgs, context: Context): Promise<number> {
  const api = targetOf(args, context);
  const template = args.template === null ? null : await findTemplate(api, args.template);
  const fields = startFields(args, template);
  const placeless = fields.kind === "chat" && fields.host === undefined && args.host === null;
  const host = placeless ? null : await findHost(api, args.host ?? fields.host ?? null);
  const request = startRequest({ fields, resume: args.resume, host, here: hostname(), cwd: process.cwd() });
  const body = { ...request, id: newId("ses") };
  const session = await callApi(api, { method: "POST", path: "/api/sessions", body, schema: Session });
  if (args.json) context.print(JSON.stringify(session, null, 2));
  else {
    const away = host !== null && host.presence !== "online";
    context.print(`${session.id}  ${session.title}${away ? ` (starts when ${host.name} is back)` : ""}`);
    context.print(new URL(`/sessions/${session.id}`, api.url).href);
  }
  return EXIT.ok;
}

async function findTemplate(api: ApiAccess, name: string): Promise<Template> {
  const { items } = await callApi(api, { path: "/api/templates", schema: TemplatePage });
  const found = items.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = items.map((each) => each.name).join(", ");
  throw new Sentence(
    `There is no template ${name}. ${names === "" ? "None is saved yet." : `There are: ${names}.`}`,
  );
}

/** What is wished: a template's fields, and over them what was said here. Pure. */
export function startFields(args: StartArgs, template: Template | null): TemplateFields {
  const kind = args.what === null ? null : KINDS[args.what];
  if (template === null && kind === null) throw new Sentence("Say what to start.", EXIT.usage);
  const given: Partial<TemplateFields> = {
    ...kind,
    ...(args.headless ? { terminal: false } : {}),
    ...(args.cwd === null ? {} : { cwd: resolve(args.cwd) }),
    ...(args.prompt === null ? {} : { prompt: args.prompt }),
    ...(args.model === null ? {} : { model: args.model }),
    ...(args.mode === null ? {} : { mode: args.mode }),
    ...(args.branch === null ? {} : { worktree: true, branch: args.branch }),
    ...(args.base === null ? {} : { base: args.base }),
    ...(args.title === null ? {} : { title: args.title }),
  };
  return { ...(template?.fields ?? { kind: "shell" }), ...given };
}

const agent = (name: "claude" | "codex" | "opencode" | "gemini") => ({ kind: "agent", agent: name }) as const;
const KINDS = {
  claude: agent("claude"),
  codex: agent("codex"),
  opencode: agent("opencode"),
  gemini: agent("gemini"),
  shell: { kind: "shell" },
  chat: { kind: "chat" },
  job: { kind: "codex" },
} as const;

/** The request that starts it; throws a sentence that says what is missing. Pure. */
export function startRequest(wish: {
  fields: TemplateFields;
  resume: string | null;
  host: Host | null;
  /** This machine, and where the command was given. */
  here: string;
  cwd: string;
}): CreateSession {
  const { fields, host } = wish;
  const { kind, prompt, model, mode, title } = fields;
  const cwd = fields.cwd ?? (host?.info?.hostname === wish.here ? wish.cwd : undefined);
  if (kind !== "chat" && cwd === undefined)
    throw new Sentence(`Say in which directory of ${host?.name ?? "the host"}, by --cwd.`, EXIT.usage);
  if (fields.worktree === true && fields.branch === undefined)
    throw new Sentence("The template wants a new worktree. Name its branch, by --worktree.", EXIT.usage);
  const worktree =
    fields.worktree === true && fields.branch !== undefined
      ? { branch: fields.branch, ...(fields.base === undefined ? {} : { base: fields.base }) }
      : undefined;
  const resume = wish.resume ?? undefined;
  const place = { host: host?.id, cwd, title };
  const owned = kind === "agent" && (fields.terminal === false || fields.agent === "acp");
  const request =
    kind === "chat"
      ? { provider: "edge", ...place, model }
      : kind === "codex"
        ? { provider: "codex", ...place, prompt, model, sandbox: fields.sandbox ?? mode, worktree }
        : owned
          ? {
              provider: fields.agent ?? "claude",
              ...(fields.agent === "codex" ? { interactive: true } : {}),
              ...(fields.program === undefined ? {} : { program: fields.program }),
              ...place,
              prompt,
              model,
              mode,
              resume,
              worktree,
            }
          : kind === "agent"
            ? {
                provider: "tmux",
                ...place,
                agent: fields.agent ?? "claude",
                prompt,
                model,
                mode,
                resume,
                worktree,
              }
            : { provider: "tmux", ...place, argv: fields.argv, worktree };
  const parsed = CreateSession.safeParse(request);
  if (parsed.success) return parsed.data;
  throw new Sentence(`That cannot be started:\n${z.prettifyError(parsed.error)}`, EXIT.usage);
}

import { Bot, MessagesSquare, SquareTerminal, TerminalSquare, Workflow, type LucideIcon } from "lucide-react";
import { useMemo, useRef, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { CreateSession } from "../../../protocol/api.ts";
import type { Host } from "../../../protocol/host.ts";
import { newId } from "../../../protocol/ids.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { useModels } from "../../shared/api/models.ts";
import { classes } from "../../shared/lib/classes.ts";
import { useHosts, useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Field, Input, Select, Textarea } from "../../shared/ui/Field.tsx";
import { AgentFields, agentsOf } from "./AgentFields.tsx";
import { inTerminal, readDraft, type Draft, type Kind } from "./newSession.ts";
import { PlaceFields, placeProblem, usePlace } from "./PlaceFields.tsx";
import { TemplateBar } from "./TemplateBar.tsx";
import { draftOf, fieldsOf } from "./templateDraft.ts";
import { parseArgv, shellSigns } from "../../shared/lib/parseArgv.ts";
import { places } from "../../shared/lib/places.ts";

const KINDS: { kind: Kind; label: string; icon: LucideIcon }[] = [
  { kind: "chat", label: "Chat", icon: MessagesSquare },
  { kind: "shell", label: "Shell", icon: TerminalSquare },
  { kind: "command", label: "Command", icon: SquareTerminal },
  { kind: "agent", label: "Agent", icon: Bot },
  { kind: "codex", label: "Codex job", icon: Workflow },
];
/** Starts a session on a host. */
export function SpawnDialog({
  onClose,
  host: wantedHost,
  cwd,
}: {
  onClose(): void;
  host?: string | undefined;
  cwd?: string | undefined;
}) {
  const hosts = useHosts();
  const first =
    hosts.find((host) => host.id === wantedHost) ??
    hosts.find((host) => host.presence === "online") ??
    hosts[0];
  // Asked for at a place, it is something that runs there; from nowhere, it is a chat.
  const kind = wantedHost === undefined && cwd === undefined ? "chat" : "shell";
  return <SpawnForm onClose={onClose} firstHost={first?.id ?? ""} cwd={cwd} firstKind={kind} />;
}

function SpawnForm({
  onClose,
  firstHost,
  cwd,
  firstKind,
}: {
  onClose(): void;
  firstHost: string;
  cwd: string | undefined;
  firstKind: Kind;
}) {
  const { sessions, hosts } = useHub();
  const hostList = useHosts();
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState<Draft>(() => ({
    host: firstHost,
    cwd: cwd ?? places(hosts.get(firstHost) ?? null, sessions.values())[0] ?? "",
    kind: firstKind,
    command: "",
    agent: agentOn(hosts.get(firstHost) ?? null, { agent: "claude" }).agent ?? "claude",
    terminal: true,
    mode: "",
    resume: null,
    prompt: "",
    model: "",
    chatModel: "",
    sandbox: "",
    worktree: false,
    branch: "",
    base: "",
    title: "",
  }));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = useRef({ id: "", wish: "" });
  const models = useModels() ?? [];
  const host = hosts.get(draft.host) ?? null;
  const offered = useMemo(() => places(host, sessions.values()), [host, sessions]);
  const { place, current } = usePlace(draft, host);
  const problem = placeProblem(draft, host, place);
  const read = readDraft(draft);
  const errors = tried && !read.ok ? read.errors : {};
  const set = (patch: Partial<Draft>): void => setDraft((before) => ({ ...before, ...patch }));

  /** An attempt that failed may have arrived all the same: the same wish keeps its id. */
  function idOf(request: CreateSession): string {
    const wish = JSON.stringify(request);
    if (attempt.current.wish !== wish) attempt.current = { id: newId("ses"), wish };
    return attempt.current.id;
  }

  async function start(): Promise<void> {
    setTried(true);
    if (!read.ok || busy || (current && problem !== null)) return;
    setBusy(true);
    setFailure(null);
    try {
      const session = await api.createSession({ ...read.request, id: idOf(read.request) });
      onClose();
      navigate(`/sessions/${session.id}`);
    } catch (error) {
      setFailure(failureSentence(error));
      setBusy(false);
    }
  }

  const chat = draft.kind === "chat";
  const homeless = hostList.length === 0;
  const terminal = draft.kind === "agent" ? inTerminal(draft) : draft.kind !== "codex" && !chat;
  const noTmux = host?.info?.tmux_version === null && terminal;
  const there = agentsOf(host).map(([id]) => id);
  const missing =
    draft.kind === "agent"
      ? !there.includes(draft.agent)
      : draft.kind === "codex" && !there.includes("codex");

  return (
    <Dialog open onClose={onClose} wide title="New session" testId="spawn-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void start();
        }}
      >
        <div className="flex flex-col gap-4 p-5">
          <TemplateBar
            fields={() => fieldsOf(draft)}
            onPick={(fields) => setDraft((before) => draftOf(fields, before))}
          />
          <fieldset>
            <legend className="sr-only">What to start</legend>
            <div className="grid grid-cols-5 gap-2 phone:gap-1.5">
              {KINDS.map(({ kind, label, icon: Icon }) => (
                <label
                  key={kind}
                  className={classes(
                    "flex h-14 min-w-0 flex-col items-center justify-center gap-1 rounded-base border text-center leading-4 has-focus-visible:outline-2 has-focus-visible:outline-focus",
                    draft.kind === kind ? "border-edge bg-selected" : "border-line text-muted hover:bg-hover",
                    kind !== "chat" && homeless && "opacity-45",
                  )}
                >
                  <input
                    type="radio"
                    name="kind"
                    className="sr-only"
                    data-testid={`kind-${kind}`}
                    disabled={kind !== "chat" && homeless}
                    checked={draft.kind === kind}
                    onChange={() => set({ kind })}
                  />
                  <Icon size={16} aria-hidden />
                  {label}
                </label>
              ))}
            </div>
          </fieldset>

          {draft.kind === "codex" && (
            <Field
              label="Prompt"
              error={errors.prompt ?? null}
              hint="Codex works on it by itself, in the sandbox below, and stops when it is done."
            >
              {(ids) => (
                <Textarea
                  {...ids}
                  rows={4}
                  data-testid="prompt"
                  placeholder="What is to be done"
                  value={draft.prompt}
                  onChange={(event) => set({ prompt: event.target.value })}
                />
              )}
            </Field>
          )}
          {draft.kind === "command" && (
            <Field label="Command" error={errors.command ?? null} hint={<ArgvPreview line={draft.command} />}>
              {(ids) => (
                <Input
                  {...ids}
                  className="font-mono"
                  data-testid="command"
                  placeholder="npm run dev"
                  autoCapitalize="off"
                  spellCheck={false}
                  value={draft.command}
                  onChange={(event) => set({ command: event.target.value })}
                />
              )}
            </Field>
          )}
          {draft.kind === "agent" && (
            <AgentFields
              draft={draft}
              errors={errors}
              host={host}
              set={set}
              onOpen={(session) => {
                onClose();
                navigate(`/sessions/${session}`);
              }}
            />
          )}

          {homeless && (
            <Hint>
              No host yet: a chat works without one, but its tools do not.{" "}
              <button
                type="button"
                className="underline underline-offset-2"
                onClick={() => openDialog.set({ name: "enrol" })}
              >
                Add a host
              </button>
            </Hint>
          )}
          {!homeless && chat && (
            <p className="-mb-1 text-muted">
              You talk, a model works with tools on the host, and what needs permission waits for you.
            </p>
          )}
          {!homeless && (
            <PlaceFields
              draft={draft}
              errors={errors}
              hosts={hostList}
              offered={offered}
              place={place}
              problem={problem}
              set={set}
              onHost={(id) => {
                const next = hosts.get(id) ?? null;
                const offers = places(next, sessions.values());
                set({
                  host: id,
                  cwd: offers.includes(draft.cwd) ? draft.cwd : (offers[0] ?? ""),
                  resume: null,
                  ...agentOn(next, draft),
                });
              }}
            />
          )}

          {draft.kind === "codex" && (
            <div className="grid grid-cols-2 gap-4 phone:grid-cols-1">
              <Field label="Sandbox">
                {(ids) => (
                  <Select
                    {...ids}
                    data-testid="sandbox"
                    value={draft.sandbox}
                    onChange={(event) => set({ sandbox: sandboxOf(event.target.value) })}
                  >
                    <option value="">As Codex is configured</option>
                    <option value="read-only">Reads only</option>
                    <option value="workspace-write">Writes in the directory</option>
                    <option value="danger-full-access">Everything this user can do</option>
                  </Select>
                )}
              </Field>
              <Field label="Model" error={errors.model ?? null}>
                {(ids) => (
                  <Input
                    {...ids}
                    data-testid="model"
                    placeholder="As Codex is configured"
                    value={draft.model}
                    onChange={(event) => set({ model: event.target.value })}
                  />
                )}
              </Field>
            </div>
          )}

          {chat && models.length > 1 && (
            <Field label="Model">
              {(ids) => (
                <Select
                  {...ids}
                  data-testid="chat-model"
                  value={
                    draft.chatModel === "" ? (models.find((each) => each.default)?.id ?? "") : draft.chatModel
                  }
                  onChange={(event) => set({ chatModel: event.target.value })}
                >
                  {models.map(({ id, name }) => (
                    <option key={id} value={id}>
                      {name}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          )}

          <div className={classes("flex-col gap-3", chat || draft.resume !== null ? "hidden" : "flex")}>
            <label className="flex min-h-6 items-center gap-2">
              <input
                type="checkbox"
                className="size-4 accent-[var(--working)]"
                data-testid="worktree"
                checked={draft.worktree}
                onChange={(event) => set({ worktree: event.target.checked })}
              />
              In a new git worktree, on a branch of its own
            </label>
            {draft.worktree && (
              <div className="grid grid-cols-2 gap-4 phone:grid-cols-1">
                <Field label="Branch" error={errors.branch ?? null}>
                  {(ids) => (
                    <Input
                      {...ids}
                      className="font-mono"
                      data-testid="branch"
                      placeholder="fix/parser"
                      autoCapitalize="off"
                      spellCheck={false}
                      value={draft.branch}
                      onChange={(event) => set({ branch: event.target.value })}
                    />
                  )}
                </Field>
                <Field label="From" error={errors.base ?? null}>
                  {(ids) => (
                    <Input
                      {...ids}
                      className="font-mono"
                      data-testid="base"
                      placeholder="What is checked out"
                      autoCapitalize="off"
                      spellCheck={false}
                      value={draft.base}
                      onChange={(event) => set({ base: event.target.value })}
                    />
                  )}
                </Field>
              </div>
            )}
          </div>
          <Field label="Title" error={errors.title ?? null}>
            {(ids) => (
              <Input
                {...ids}
                data-testid="title"
                placeholder={chat ? "New chat" : "Made of what it runs"}
                maxLength={200}
                value={draft.title}
                onChange={(event) => set({ title: event.target.value })}
              />
            )}
          </Field>

          {host !== null && host.presence !== "online" && (
            <Hint>
              {host.name} is not connected.{" "}
              {chat
                ? "The chat works; what it does on the host waits."
                : "The session starts when it is back."}
            </Hint>
          )}
          {noTmux && (
            <Hint>
              {host?.name} has no tmux, which terminals need. An agent without one, and a Codex job, work.
            </Hint>
          )}
          {missing && <Hint>This agent was not found on {host?.name}; starting it may fail.</Hint>}
          {draft.sandbox === "danger-full-access" && draft.kind === "codex" && (
            <Hint>Codex can then do everything that your user can, anywhere on {host?.name}.</Hint>
          )}
          {failure !== null && (
            <p role="alert" className="text-trouble-text">
              {failure}
            </p>
          )}
        </div>
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={busy} data-testid="start">
            Start
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}

function Hint({ children }: { children: ReactNode }) {
  return <p className="rounded-base bg-waiting-ground px-3 py-2 text-waiting-text">{children}</p>;
}

/** The words as they will be passed on, so that quoting holds no surprise. */
function ArgvPreview({ line }: { line: string }) {
  const parsed = parseArgv(line);
  if (line.trim() === "") return "Run as it stands, without a shell.";
  if (!parsed.ok) return parsed.message;
  const sign = shellSigns(parsed.argv);
  return (
    <span className="flex flex-wrap gap-1 pt-0.5" data-testid="argv">
      {parsed.argv.map((word, index) => (
        // The same word may come twice; its place is what tells it apart.
        // eslint-disable-next-line react/no-array-index-key
        <code
          key={`${index} ${word}`}
          className="rounded-small border border-line bg-term px-1 font-mono break-all whitespace-pre-wrap text-term-text"
        >
          {word === "" ? "(empty)" : word}
        </code>
      ))}
      {sign !== null && (
        <span className="w-full pt-1 text-waiting-text">
          No shell reads this, so <code className="font-mono">{sign}</code> is passed on as it is. For a
          shell: bash -c &apos;…&apos;
        </span>
      )}
    </span>
  );
}

/** The agent that is chosen, if the host has it; otherwise the first that it has. */
function agentOn(host: Host | null, draft: Pick<Draft, "agent">): Partial<Draft> {
  const there = agentsOf(host).map(([id]) => id);
  const [first] = there;
  return first === undefined || there.includes(draft.agent) ? {} : { agent: first, mode: "" };
}

function sandboxOf(value: string): Draft["sandbox"] {
  return value === "read-only" || value === "workspace-write" || value === "danger-full-access" ? value : "";
}

import { History, X } from "lucide-react";
import { useState } from "react";
import { PANE_MODES } from "../../../protocol/commands.ts";
import type { Host } from "../../../protocol/host.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Field, Input, Select, Textarea } from "../../shared/ui/Field.tsx";
import { inTerminal, type AgentChoice, type Draft, type DraftErrors } from "./newSession.ts";
import { PastList } from "./PastList.tsx";

const NAMES: [AgentChoice, string][] = [
  ["claude", "Claude Code"],
  ["codex", "Codex"],
  ["opencode", "OpenCode"],
  ["gemini", "Gemini"],
];
const MODE_WORDS: Record<string, string> = {
  plan: "Plans, changes nothing",
  default: "Asks before it acts",
  acceptEdits: "Edits files without asking",
  auto: "Decides by itself when to ask",
  dontAsk: "Never asks; what needs leave is denied",
  bypassPermissions: "Never asks, may do everything",
  "read-only": "Reads only",
  "workspace-write": "Writes in the directory",
  "danger-full-access": "Everything this user can do",
  auto_edit: "Edits files without asking",
  yolo: "Never asks, may do everything",
};
/** Modes in which nobody is asked, whatever the agent does. */
const BOLD = new Set(["bypassPermissions", "danger-full-access", "yolo"]);

/** The agents that can be chosen: those that the host has; all of them while it has never said what it has. */
export function agentsOf(host: Host | null): [AgentChoice, string][] {
  const info = host?.info ?? null;
  if (info === null) return NAMES;
  const there = NAMES.filter(([id]) => id in info.agents).map(([id, name]): [AgentChoice, string] => {
    const version = info.agents[id];
    return [id, version === undefined || version === "unknown" ? name : `${name} ${version}`];
  });
  return [...there, ...(info.acp ?? []).map((name): [AgentChoice, string] => [`acp:${name}`, name])];
}

/** The modes that an agent can begin in. */
export function modesOf(agent: AgentChoice): readonly string[] {
  return agent === "claude" || agent === "codex" || agent === "gemini" ? PANE_MODES[agent] : [];
}

/** Which agent, how it runs, what it is told and what it goes on with. */
export function AgentFields({
  draft,
  errors,
  host,
  set,
  onOpen,
}: {
  draft: Draft;
  errors: DraftErrors;
  host: Host | null;
  set(patch: Partial<Draft>): void;
  onOpen(session: string): void;
}) {
  const [past, setPast] = useState(false);
  const agents = agentsOf(host);
  const { agent } = draft;
  const modes = modesOf(agent);
  const keeps = agent === "claude" || agent === "codex" ? agent : null;
  const choice = agent !== "gemini" && !agent.startsWith("acp:");
  return (
    <>
      <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,1fr)] gap-4 phone:grid-cols-1">
        <Field
          label="Agent"
          error={agents.length === 0 ? `No agent was found on ${host?.name ?? "the host"}.` : null}
        >
          {(ids) => (
            <Select
              {...ids}
              data-testid="agent"
              value={agent}
              disabled={agents.length === 0}
              onChange={(event) => {
                const next = agents.find(([id]) => id === event.target.value)?.[0] ?? agent;
                set({ agent: next, mode: "", resume: null });
                setPast(false);
              }}
            >
              {agents.every(([id]) => id !== agent) && <option value={agent}>not on this host</option>}
              {agents.map(([id, label]) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="flex flex-col gap-1">
          <span className="font-medium">Runs</span>
          <div
            role="radiogroup"
            aria-label="Where it runs"
            className="grid h-8 grid-cols-2 rounded-base border border-edge/60 bg-bg p-0.5 touch:h-11"
          >
            {[true, false].map((terminal) => (
              <label
                key={String(terminal)}
                className={classes(
                  "flex min-w-0 items-center justify-center rounded-small has-focus-visible:outline-2 has-focus-visible:outline-focus",
                  inTerminal(draft) === terminal ? "bg-selected text-text" : "text-muted",
                  !choice && inTerminal(draft) !== terminal && "opacity-45",
                )}
              >
                <input
                  type="radio"
                  name="terminal"
                  className="sr-only"
                  data-testid={terminal ? "in-terminal" : "headless"}
                  disabled={!choice}
                  checked={inTerminal(draft) === terminal}
                  onChange={() => set({ terminal })}
                />
                <span className="truncate">{terminal ? "in a terminal" : "without one"}</span>
              </label>
            ))}
          </div>
          <span className="text-small text-muted">
            {inTerminal(draft)
              ? "Its own screen, with its conversation beside it."
              : "Its conversation alone; a terminal can be opened later."}
          </span>
        </div>
      </div>
      <Field label="Prompt" error={errors.prompt ?? null} hint="The first thing it is told; it may be empty.">
        {(ids) => (
          <Textarea
            {...ids}
            rows={2}
            data-testid="agent-prompt"
            placeholder="What is to be done"
            value={draft.prompt}
            onChange={(event) => set({ prompt: event.target.value })}
          />
        )}
      </Field>
      <div className="grid grid-cols-2 gap-4 phone:grid-cols-1">
        {modes.length > 0 && (
          <Field
            label={agent === "codex" ? "Sandbox" : "Mode"}
            error={errors.mode ?? null}
            hint={BOLD.has(draft.mode) ? <Bold host={host} /> : undefined}
          >
            {(ids) => (
              <Select
                {...ids}
                data-testid="mode"
                value={draft.mode}
                onChange={(event) => set({ mode: event.target.value })}
              >
                <option value="">As it is configured</option>
                {modes.map((mode) => (
                  <option key={mode} value={mode}>
                    {MODE_WORDS[mode] ?? mode}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
        <Field label="Model" error={errors.model ?? null}>
          {(ids) => (
            <Input
              {...ids}
              data-testid="agent-model"
              placeholder="As it is configured"
              autoCapitalize="off"
              spellCheck={false}
              value={draft.model}
              onChange={(event) => set({ model: event.target.value })}
            />
          )}
        </Field>
      </div>
      {draft.resume !== null ? (
        <p
          className="flex min-h-8 items-center gap-2 rounded-base border border-edge bg-selected py-1 pr-1 pl-3"
          data-testid="resumes"
        >
          <History size={14} aria-hidden className="shrink-0 text-muted" />
          <span className="min-w-0 grow truncate">Goes on with “{draft.resume.title}”</span>
          <Button
            square
            look="quiet"
            aria-label="Begin a new conversation instead"
            onClick={() => set({ resume: null })}
          >
            <X size={14} />
          </Button>
        </p>
      ) : (
        keeps !== null &&
        host?.presence === "online" && (
          <Button
            className="self-start"
            aria-expanded={past}
            onClick={() => setPast(!past)}
            data-testid="show-past"
          >
            <History size={14} /> Go on with a past conversation
          </Button>
        )
      )}
      {past && keeps !== null && draft.resume === null && host !== null && (
        <PastList
          host={host.id}
          agent={keeps}
          onPick={({ id, title, directory }) => {
            setPast(false);
            set({
              resume: { id, title },
              worktree: false,
              ...(directory === null ? {} : { cwd: directory }),
            });
          }}
          onOpen={onOpen}
        />
      )}
    </>
  );
}

function Bold({ host }: { host: Host | null }) {
  return (
    <span className="text-waiting-text">
      It can then do everything that your user can, anywhere on {host?.name ?? "the host"}.
    </span>
  );
}

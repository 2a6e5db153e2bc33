import { FolderGit2 } from "lucide-react";
import { useId } from "react";
import type { Host } from "../../../protocol/host.ts";
import type { Place } from "../../../protocol/places.ts";
import { useAnswer } from "../../shared/api/useAnswer.ts";
import { classes } from "../../shared/lib/classes.ts";
import { shortPath } from "../../shared/lib/paths.ts";
import { Field, Input, Select } from "../../shared/ui/Field.tsx";
import { presenceWord } from "../../shared/ui/Presence.tsx";
import type { Draft, DraftErrors } from "./newSession.ts";
import { startsApi } from "./startsApi.ts";

/** What the host says of the directory in a draft; null while it has not, or cannot. */
export function usePlace(draft: Draft, host: Host | null): { place: Place | null; current: boolean } {
  const directory = draft.cwd.trim();
  const key = host?.presence === "online" && directory.startsWith("/") ? `${host.id} ${directory}` : null;
  const { data, current } = useAnswer(key, (signal) => startsApi.place(host?.id ?? "", directory, signal));
  return { place: data, current: current && data !== null };
}

/** Why nothing can be started there, before it is tried; null when it can, or nobody knows. */
export function placeProblem(draft: Draft, host: Host | null, place: Place | null): string | null {
  if (place === null) return null;
  if (!place.exists) return `There is no such directory on ${host?.name ?? "the host"}.`;
  return draft.kind === "chat" && !place.workspace
    ? `A chat cannot work there. ${place.why ?? ""}`.trim()
    : null;
}

/** On which host, and in which directory; the host says what that is, and how its path could go on. */
export function PlaceFields({
  draft,
  errors,
  hosts,
  offered,
  place,
  problem,
  onHost,
  set,
}: {
  draft: Draft;
  errors: DraftErrors;
  hosts: readonly Host[];
  /** Places of late, and workspaces. */
  offered: readonly string[];
  place: Place | null;
  problem: string | null;
  onHost(id: string): void;
  set(patch: Partial<Draft>): void;
}) {
  const listId = useId();
  const completions = (place?.completions ?? []).filter(({ path }) => !offered.includes(path));
  const repo = place?.exists === true && place.repo !== null ? place : null;
  return (
    <>
      <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,2fr)] gap-4 phone:grid-cols-1">
        <Field label="Host" error={errors.host ?? null}>
          {(ids) => (
            <Select
              {...ids}
              data-testid="host"
              value={draft.host}
              onChange={(event) => onHost(event.target.value)}
            >
              {draft.kind === "chat" && <option value="">None yet</option>}
              {hosts.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                  {each.presence === "online" ? "" : ` (${presenceWord(each.presence).toLowerCase()})`}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field
          label="Directory"
          error={errors.cwd ?? problem}
          hint={
            repo !== null && (
              <span className="flex min-w-0 items-center gap-1.5" data-testid="repo">
                <FolderGit2 size={12} aria-hidden className="shrink-0" />
                <span className="truncate">
                  {repo.repo === draft.cwd.trim() ? "Repository" : `In ${shortPath(repo.repo ?? "")}`}
                  {repo.branch === null ? "" : `, on ${repo.branch}`}
                </span>
              </span>
            )
          }
        >
          {(ids) => (
            <>
              <Input
                {...ids}
                list={listId}
                className="font-mono"
                data-testid="cwd"
                placeholder="/home/you/project"
                autoCapitalize="off"
                spellCheck={false}
                value={draft.cwd}
                onChange={(event) => set({ cwd: event.target.value })}
              />
              <datalist id={listId}>
                {offered.map((each) => (
                  <option key={each} value={each} />
                ))}
                {completions.map(({ path, repo: isRepo }) => (
                  <option key={path} value={path}>
                    {isRepo ? "repository" : ""}
                  </option>
                ))}
              </datalist>
            </>
          )}
        </Field>
      </div>
      {offered.length > 1 && (
        <div className="-mt-2 flex flex-wrap gap-1.5">
          {offered.slice(0, 6).map((each) => (
            <button
              key={each}
              type="button"
              title={each}
              onClick={() => set({ cwd: each })}
              className={classes(
                "thumb max-w-56 truncate rounded-small border px-1.5 font-mono text-small",
                each === draft.cwd ? "border-edge bg-selected" : "border-line text-muted hover:text-text",
              )}
            >
              {shortPath(each)}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

import { ChevronDown, Search, X } from "lucide-react";
import { useRef, useState } from "react";
import type { SessionFilter } from "../../../protocol/filter.ts";
import type { Host } from "../../../protocol/host.ts";
import { SessionStatus, type Provider } from "../../../protocol/session.ts";
import { useKeys } from "../../shared/keys/useKeys.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Signal, SIGNAL_WORDS } from "../../shared/ui/Signal.tsx";
import { isFiltered, toggled } from "./filterParams.ts";

type FilterBarProps = {
  filter: SessionFilter;
  onChange(filter: SessionFilter): void;
  hosts: Host[];
  providers: Provider[];
  counts: ReadonlyMap<SessionStatus, number>;
};

const PROVIDER_WORDS: Record<Provider, string> = {
  edge: "Chats",
  tmux: "Terminals",
  codex: "Codex jobs",
  claude: "Claude",
  opencode: "OpenCode",
  acp: "ACP agents",
  paseo: "Paseo agents",
};

/** The order in which states are asked for. */
const ORDER: SessionStatus[] = ["waiting", "trouble", "working", "idle", "done", "starting"];

/** What the list is narrowed to; it stands in the address bar. */
export function FilterBar({ filter, onChange, hosts, providers, counts }: FilterBarProps) {
  const field = useRef<HTMLInputElement>(null);
  const wanted = filter.text ?? "";
  const [text, setText] = useState({ typed: wanted, from: wanted });
  // Going back in history, or clearing, changes the filter under the field.
  if (text.from !== wanted) setText({ typed: wanted, from: wanted });
  useKeys([{ keys: ["/"], label: "Search the list", group: "Sessions", run: () => field.current?.focus() }]);

  function change(patch: { [K in keyof SessionFilter]?: SessionFilter[K] | undefined }): void {
    const merged = { ...filter, ...patch };
    onChange(
      Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined && value !== "")),
    );
  }

  const statuses = ORDER.filter(
    (status) => (counts.get(status) ?? 0) > 0 || filter.status?.includes(status) === true,
  );
  return (
    <div
      className="flex shrink-0 items-center gap-2 border-b border-line px-4 py-2 phone:flex-wrap phone:pb-0"
      role="search"
    >
      <label className="relative w-58 shrink-0 phone:w-full">
        <span className="sr-only">Search sessions</span>
        <Search size={14} aria-hidden className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" />
        <input
          ref={field}
          type="search"
          data-testid="filter-text"
          placeholder="Title, directory, branch, last line"
          value={text.typed}
          onChange={(event) => {
            const typed = event.target.value.slice(0, 200);
            setText({ typed, from: typed });
            change({ text: typed });
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
          }}
          className="h-8 w-full rounded-base border border-edge/60 bg-bg pr-2 pl-8 touch:h-11 [&::-webkit-search-cancel-button]:hidden"
        />
      </label>
      <div className="-mx-4 flex min-w-0 grow items-center gap-1.5 overflow-x-auto px-4 [scrollbar-width:none] desk:mx-0 desk:px-0 phone:py-2">
        {statuses.map((status) => (
          <Chip
            key={status}
            on={filter.status?.includes(status) === true}
            onToggle={() => change({ status: nonEmpty(toggled(filter.status, status)) })}
            testId={`filter-${status}`}
          >
            <Signal status={status} size={10} silent />
            {SIGNAL_WORDS[status]}
            <span className="text-muted">{counts.get(status) ?? 0}</span>
          </Chip>
        ))}
        {providers.length > 1 &&
          providers.map((provider) => (
            <Chip
              key={provider}
              on={filter.provider?.includes(provider) === true}
              onToggle={() => change({ provider: nonEmpty(toggled(filter.provider, provider)) })}
              testId={`filter-${provider}`}
            >
              {PROVIDER_WORDS[provider]}
            </Chip>
          ))}
        <ChipSelect
          label="Host"
          value={filter.host ?? ""}
          onChange={(host) => change({ host: host === "" ? undefined : host })}
          options={[["", "All hosts"], ...hosts.map((host): [string, string] => [host.id, host.name])]}
          testId="filter-host"
        />
        <ChipSelect
          label="Open or ended"
          value={filter.ended === undefined ? "" : String(filter.ended)}
          onChange={(ended) => change({ ended: ended === "" ? undefined : ended === "true" })}
          options={[
            ["", "Open and ended"],
            ["false", "Open"],
            ["true", "Ended"],
          ]}
          testId="filter-ended"
        />
        {isFiltered(filter) && (
          <button
            type="button"
            className="thumb ml-1 inline-flex h-7 shrink-0 items-center gap-1 rounded-base px-1.5 text-muted hover:text-text"
            onClick={() => onChange({})}
          >
            <X size={14} /> Clear
          </button>
        )}
      </div>
    </div>
  );
}

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}

const CHIP =
  "inline-flex h-7 shrink-0 items-center gap-1.5 rounded-base border px-2 transition-colors duration-75 hover:bg-hover touch:h-9";

function Chip({
  on,
  onToggle,
  children,
  testId,
}: {
  on: boolean;
  onToggle(): void;
  children: React.ReactNode;
  testId: string;
}) {
  return (
    <button
      type="button"
      aria-pressed={on}
      data-testid={testId}
      onClick={onToggle}
      className={classes(CHIP, "thumb", on ? "border-edge bg-selected" : "border-line")}
    >
      {children}
    </button>
  );
}

function ChipSelect(props: {
  label: string;
  value: string;
  onChange(value: string): void;
  options: [value: string, label: string][];
  testId: string;
}) {
  return (
    <span
      className={classes(
        CHIP,
        "relative max-w-48 has-focus-visible:outline-2 has-focus-visible:outline-focus",
        props.value === "" ? "border-line text-muted" : "border-edge bg-selected",
      )}
    >
      <span className="truncate">{props.options.find(([value]) => value === props.value)?.[1]}</span>
      <ChevronDown size={12} aria-hidden className="shrink-0 text-muted" />
      {/* Over the words and not seen: a phone needs larger letters in a field than a chip has. */}
      <select
        aria-label={props.label}
        data-testid={props.testId}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
        className="absolute inset-0 w-full cursor-pointer appearance-none opacity-0"
      >
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </span>
  );
}

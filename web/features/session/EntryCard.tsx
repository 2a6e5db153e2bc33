import {
  AlertTriangle,
  Brain,
  Check,
  ChevronRight,
  Circle,
  FileMinus2,
  FilePen,
  FilePlus2,
  Globe,
  ListChecks,
  Puzzle,
  SquareTerminal,
  X,
} from "lucide-react";
import { memo, type ReactNode } from "react";
import type { Item, Usage } from "../../../protocol/events.ts";
import { classes } from "../../shared/lib/classes.ts";
import { NOT_KNOWN_YET, useCertain } from "../../shared/live/certain.ts";
import { copyText } from "../../shared/lib/copyText.ts";
import { countdown, fullTime, timeOfDay } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { Signal } from "../../shared/ui/Signal.tsx";
import type { Entry } from "./conversation.ts";
import { splitProse } from "./splitProse.ts";

/** One card of a conversation. */
export const EntryCard = memo(function EntryCard({ entry, cwd }: { entry: Entry; cwd: string | null }) {
  return (
    <div
      className="mx-auto max-w-3xl px-4 py-1.5"
      data-testid="entry"
      data-kind={entry.kind === "item" ? entry.item.kind : entry.kind}
    >
      {entry.kind === "item" ? (
        <ItemCard item={entry.item} cwd={cwd} />
      ) : entry.kind === "turn" ? (
        <TurnLine entry={entry} />
      ) : (
        <Notice entry={entry} />
      )}
    </div>
  );
});

function ItemCard({ item, cwd }: { item: Item; cwd: string | null }) {
  switch (item.kind) {
    case "user_message":
      return (
        <div className="ml-auto w-fit max-w-[85%] rounded-base border border-line bg-raised px-3 py-2 break-words whitespace-pre-wrap">
          <span className="sr-only">You: </span>
          {item.text}
        </div>
      );
    case "message":
      return <Prose text={item.text} />;
    case "reasoning":
      return (
        <details className="group">
          <Summary icon={<Brain size={14} />}>
            <span className="truncate text-muted">{firstLine(item.text)}</span>
          </Summary>
          <div className="mt-1 border-l-2 border-line pl-3 text-muted">
            <Prose text={item.text} />
          </div>
        </details>
      );
    case "command":
      return <CommandCard item={item} />;
    case "file_change":
      return <FilesCard item={item} cwd={cwd} />;
    case "tool":
      return (
        <Card
          icon={<Puzzle size={14} />}
          title={<span className="font-mono">{item.name}</span>}
          status={item.status}
        >
          <Output label="Input" text={item.input} />
          {item.output !== null && <Output label="Output" text={item.output} />}
          {item.error !== null && <Output label="Error" text={item.error} bad />}
        </Card>
      );
    case "plan":
      return (
        <Card
          icon={<ListChecks size={14} />}
          title={`Plan, ${item.steps.filter((step) => step.done).length} of ${item.steps.length} done`}
          open
        >
          <ul className="px-3 py-2">
            {item.steps.map((step) => (
              <li key={step.text} className="flex items-start gap-2 py-0.5">
                {step.done ? (
                  <Check size={14} className="mt-[3px] shrink-0 text-done" aria-label="done" />
                ) : (
                  <Circle size={14} className="mt-[3px] shrink-0 text-idle" aria-label="open" />
                )}
                <span className={classes(step.done && "text-muted")}>{step.text}</span>
              </li>
            ))}
          </ul>
        </Card>
      );
    case "web_search":
      return (
        <div className="flex items-center gap-2 text-muted">
          <Globe size={14} aria-hidden /> Searched the web:{" "}
          <span className="min-w-0 truncate text-text">{item.query}</span>
        </div>
      );
    case "warning":
      return <Notice entry={{ level: "warning", text: item.text }} />;
    case "other":
      return (
        <Card icon={<Circle size={14} />} title={item.name}>
          <Output label="As it came" text={item.json} />
        </Card>
      );
  }
}

type CommandItem = Extract<Item, { kind: "command" }>;

function CommandCard({ item }: { item: CommandItem }) {
  const shown = shownCommand(item.command);
  const failed =
    item.status === "failed" ||
    item.status === "declined" ||
    (item.exit_code !== null && item.exit_code !== 0);
  return (
    <Card
      icon={<SquareTerminal size={14} />}
      title={
        <code className="block truncate font-mono text-[12px]" title={item.command}>
          {shown}
        </code>
      }
      status={item.status}
      aside={
        item.exit_code !== null && item.exit_code !== 0 ? (
          <span className="text-trouble-text">exit {item.exit_code}</span>
        ) : null
      }
      open={failed}
    >
      {isCut(shown) && <Output label="Command" text={shown} />}
      {item.output_cut > 0 && (
        <p className="px-3 pt-1 text-small text-waiting-text">
          {item.output_cut} bytes were cut from the middle of this output.
        </p>
      )}
      {item.output === "" ? (
        <p className="px-3 py-2 text-small text-muted">
          {item.status === "in_progress" ? "No output yet." : "No output."}
        </p>
      ) : (
        <Output label="Output" text={item.output} />
      )}
    </Card>
  );
}

const CHANGES = {
  add: { icon: FilePlus2, word: "added", tone: "text-done" },
  update: { icon: FilePen, word: "changed", tone: "text-working" },
  delete: { icon: FileMinus2, word: "deleted", tone: "text-trouble" },
} as const;

function FilesCard({ item, cwd }: { item: Extract<Item, { kind: "file_change" }>; cwd: string | null }) {
  const count = item.changes.length;
  return (
    <Card
      icon={<FilePen size={14} />}
      title={`${count} file${count === 1 ? "" : "s"} changed`}
      status={item.status}
      open={count <= 12}
    >
      <ul className="px-3 py-1.5">
        {item.changes.map(({ path, change }) => {
          const { icon: Icon, word, tone } = CHANGES[change];
          return (
            <li
              key={`${change} ${path}`}
              className="flex min-w-0 items-center gap-2 py-0.5 font-mono text-[12px]"
            >
              <Icon size={14} className={classes("shrink-0", tone)} aria-label={word} />
              <span className="min-w-0 break-all" title={path}>
                {cwd !== null && path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path}
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

type ItemStatus = CommandItem["status"];
function InProgress() {
  return <Signal status="working" hollow={!useCertain()} size={12} />;
}

const STATUS_SIGNS: Record<ItemStatus, ReactNode> = {
  in_progress: <InProgress />,
  completed: <Check size={14} className="text-done" aria-label="done" />,
  failed: <X size={14} className="text-trouble" aria-label="failed" />,
  declined: <X size={14} className="text-waiting" aria-label="declined" />,
};

function Card(props: {
  icon: ReactNode;
  title: ReactNode;
  children: ReactNode;
  status?: ItemStatus;
  aside?: ReactNode;
  open?: boolean;
}) {
  return (
    <details open={props.open} className="group overflow-hidden rounded-base border border-line bg-surface">
      <Summary icon={props.icon} padded>
        <span className="min-w-0 grow truncate">{props.title}</span>
        {props.aside}
        {props.status !== undefined && (
          <span className="flex w-4 shrink-0 justify-center">{STATUS_SIGNS[props.status]}</span>
        )}
      </Summary>
      <div className="border-t border-line">{props.children}</div>
    </details>
  );
}

function Summary({
  icon,
  children,
  padded = false,
}: {
  icon: ReactNode;
  children: ReactNode;
  padded?: boolean;
}) {
  return (
    <summary
      className={classes(
        "flex min-h-8 list-none items-center gap-2 touch:min-h-11 [&::-webkit-details-marker]:hidden",
        padded && "px-3 hover:bg-hover",
      )}
    >
      <span className="shrink-0 text-muted">{icon}</span>
      {children}
      <ChevronRight
        size={14}
        aria-hidden
        className="shrink-0 text-muted transition-transform duration-100 group-open:rotate-90"
      />
    </summary>
  );
}

/** Text in mono, whole, in a box that scrolls; a click copies it. */
function Output({ label, text, bad = false }: { label: string; text: string; bad?: boolean }) {
  return (
    <div className="relative border-b border-line last:border-b-0">
      <pre
        aria-label={label}
        className={classes(
          "max-h-80 overflow-auto bg-term px-3 py-2 font-mono text-[12px] leading-[18px] break-words whitespace-pre-wrap text-term-text",
          bad && "text-trouble-text",
        )}
      >
        {text}
      </pre>
      <button
        type="button"
        onClick={() => void copyText(text, label.toLowerCase())}
        className="absolute top-1 right-1 rounded-small border border-line bg-surface px-1.5 text-small text-muted opacity-0 group-hover:opacity-100 hover:text-text focus-visible:opacity-100"
      >
        Copy
      </button>
    </div>
  );
}

function TurnLine({ entry }: { entry: Extract<Entry, { kind: "turn" }> }) {
  const certain = useCertain();
  if (entry.state === "running" && !certain) {
    return (
      <div data-testid="turn" data-state="unknown" className="flex items-center gap-2 py-1 text-muted">
        <Signal status="working" hollow silent /> {NOT_KNOWN_YET}
      </div>
    );
  }
  if (entry.state === "running") {
    return (
      <div
        className="flex items-center gap-2 py-1 text-working-text"
        role="status"
        data-testid="turn"
        data-state="running"
      >
        <Signal status="working" silent /> Running{" "}
        {entry.startedAt !== null && <Elapsed since={entry.startedAt} />}
      </div>
    );
  }
  const failed = entry.state === "error";
  return (
    <div className="py-1" data-testid="turn" data-state={entry.state}>
      <div className="flex items-center gap-2.5 text-small text-muted">
        <Signal status={failed ? "trouble" : "done"} size={10} silent />
        <span className={failed ? "text-trouble-text" : "text-done-text"}>{failed ? "Error" : "Done"}</span>
        {entry.startedAt !== null && <span>{countdown(entry.at, entry.startedAt)}</span>}
        {entry.usage !== null && <UsageWords usage={entry.usage} />}
        <span aria-hidden className="h-px grow bg-line" />
        <time title={fullTime(entry.at)}>{timeOfDay(entry.at)}</time>
      </div>
      {entry.message !== null && (
        <p className="mt-1.5 rounded-base border border-line bg-trouble-ground px-3 py-2 break-words whitespace-pre-wrap text-trouble-text">
          {entry.message}
        </p>
      )}
    </div>
  );
}

function UsageWords({ usage }: { usage: Usage }) {
  const title = [
    `${usage.input_tokens.toLocaleString()} tokens in`,
    `${usage.cached_input_tokens.toLocaleString()} of them from the cache`,
    `${usage.output_tokens.toLocaleString()} out`,
    `${usage.reasoning_output_tokens.toLocaleString()} of them reasoning`,
  ].join(", ");
  return (
    <span title={title}>
      {compact.format(usage.input_tokens)} in · {compact.format(usage.output_tokens)} out
    </span>
  );
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

function Elapsed({ since }: { since: number }) {
  const now = useNow("second");
  return <span>{countdown(Math.max(now, since), since)}</span>;
}

function Notice({ entry }: { entry: { level: "info" | "warning" | "error"; text: string } }) {
  return (
    <div
      className={classes(
        "flex items-start gap-2",
        entry.level === "error"
          ? "text-trouble-text"
          : entry.level === "warning"
            ? "text-waiting-text"
            : "text-muted",
      )}
    >
      <AlertTriangle size={14} aria-hidden className="mt-[3px] shrink-0" />
      <span className="min-w-0 break-words whitespace-pre-wrap">{entry.text}</span>
    </div>
  );
}

/** Plain text with its code: fenced blocks and `inline` in mono. Nothing in it becomes markup. */
function Prose({ text }: { text: string }) {
  return (
    <div className="flex flex-col gap-2 break-words">
      {splitProse(text).map((part, index) =>
        part.kind === "code" ? (
          <pre
            key={`${index} code`}
            className="overflow-x-auto rounded-base border border-line bg-term px-3 py-2 font-mono text-[12px] leading-[18px] text-term-text"
          >
            {part.text}
          </pre>
        ) : (
          <p key={`${index} text`} className="whitespace-pre-wrap">
            {part.text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((piece, at) => inline(piece, at))}
          </p>
        ),
      )}
    </div>
  );
}

function inline(piece: string, at: number): ReactNode {
  if (piece.startsWith("`") && piece.length > 2)
    return (
      <code key={`${at} ${piece}`} className="rounded-small bg-raised px-1 font-mono text-[12px]">
        {piece.slice(1, -1)}
      </code>
    );
  if (piece.startsWith("**") && piece.length > 4) return <b key={`${at} ${piece}`}>{piece.slice(2, -2)}</b>;
  return piece;
}

function firstLine(text: string): string {
  return (text.split("\n").find((line) => line.trim() !== "") ?? "Reasoning").replace(
    /^[#*\s]+|[*\s]+$/g,
    "",
  );
}

/** Whether a command may be too long for its card's head. */
function isCut(command: string): boolean {
  return command.length > 60 || command.includes("\n");
}

/** Codex wraps what it runs in a shell; what it runs is what matters. The whole command stands in the title. */
function shownCommand(command: string): string {
  return /^\S*\/?(?:ba|z)?sh -lc (['"])([\s\S]*)\1$/.exec(command)?.[2] ?? command;
}

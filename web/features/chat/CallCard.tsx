import {
  Bot,
  FilePen,
  FileSearch,
  FileText,
  FolderTree,
  GitBranch,
  KeyRound,
  MessageCircleQuestion,
  MoveRight,
  Puzzle,
  ScrollText,
  ServerCog,
  SquareTerminal,
  TextCursorInput,
  type LucideIcon,
} from "lucide-react";
import { useMemo } from "react";
import type { Approval } from "../../../protocol/approvals.ts";
import { TerminalText } from "../../shared/code/TerminalText.tsx";
import { classes } from "../../shared/lib/classes.ts";
import { showHidden } from "../../shared/lib/showHidden.ts";
import { NOT_KNOWN_YET, useCertain } from "../../shared/live/certain.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Signal } from "../../shared/ui/Signal.tsx";
import { ApprovalCard } from "../approvals/ApprovalCard.tsx";
import { parseInput } from "../approvals/inputFields.ts";
import { ToolInput } from "../approvals/ToolInput.tsx";
import { useNewest } from "../approvals/useApproval.ts";
import { CallSign } from "./CallSign.tsx";
import {
  callTitle,
  callWords,
  headSaysAll,
  opensItself,
  type CallItem,
  type CallSign as Sign,
} from "./callWords.ts";
import { FoldCard } from "./FoldCard.tsx";

const ICONS: Record<string, LucideIcon> = {
  run_command: SquareTerminal,
  command_output: SquareTerminal,
  command_stop: SquareTerminal,
  read_file: FileText,
  write_file: FilePen,
  edit_file: FilePen,
  list_files: FolderTree,
  search_files: FileSearch,
  git_status: GitBranch,
  git_diff: GitBranch,
  read_pane: SquareTerminal,
  type_into_pane: TextCursorInput,
  service_status: ServerCog,
  service_jobs: ServerCog,
  service_restart: ServerCog,
  hop: MoveRight,
  ask_user: MessageCircleQuestion,
  request_read_access: KeyRound,
  read_session: ScrollText,
  spawn_subagent: Bot,
  subagent_status: Bot,
  subagent_result: Bot,
  cancel_subagent: Bot,
};

const TONES: Record<Sign, string> = {
  proposed: "text-working-text",
  waiting: "text-waiting-text",
  working: "text-working-text",
  done: "text-done-text",
  trouble: "text-trouble-text",
  denied: "text-muted",
  unknown: "text-waiting-text",
  stopped: "text-muted",
};

/** One tool call: the same card from its proposal to its result. */
export function CallCard({
  id,
  item,
  approval,
  sessionHost,
}: {
  id: string;
  item: CallItem;
  approval: Approval | null;
  sessionHost: string | null;
}) {
  const newest = useNewest(approval);
  const { hosts } = useHub();
  const host = item.host === null ? null : (hosts.get(item.host) ?? null);
  const input = useMemo(() => parseInput(item.input), [item.input]);
  const away = host !== null && host.presence !== "online" ? host.name : null;
  const open = item.state === "proposed" || item.state === "waiting" || item.state === "dispatched";
  const unknown = !useCertain() && open;
  const { word, sign } = callWords(item, newest, away);
  const { verb, what } = callTitle(item.tool, input);
  const Icon = Object.hasOwn(ICONS, item.tool) ? (ICONS[item.tool] ?? Puzzle) : Puzzle;
  const denied = item.state === "denied";
  // What a denial says stands in the approval already.
  const error = denied && newest !== null ? null : item.error;
  return (
    <div data-testid="call" data-state={unknown ? "unknown" : item.state} data-tool={item.tool}>
      <FoldCard
        id={id}
        open={opensItself(item)}
        head={
          <>
            <Icon size={14} aria-hidden className="shrink-0 text-muted" />
            <span className="min-w-0 grow truncate" title={what}>
              {verb !== "" && <span className={what === "" ? "" : "text-muted"}>{verb} </span>}
              <code className="font-mono text-[12px]">{showHidden(what)}</code>
            </span>
            {host !== null && item.host !== sessionHost && (
              <span className="shrink-0 text-muted">{host.name}</span>
            )}
            <span
              className={classes("flex shrink-0 items-center gap-1.5", unknown ? "text-muted" : TONES[sign])}
              data-testid="call-state"
            >
              {unknown ? <Signal status="waiting" hollow silent /> : <CallSign sign={sign} />}
              {unknown ? NOT_KNOWN_YET : word}
            </span>
          </>
        }
      >
        <div className="flex flex-col gap-3 p-3 empty:hidden">
          {!headSaysAll(item.state, input, what) && <ToolInput tool={item.tool} json={item.input} />}
          {approval !== null && (
            <div className={classes(newest?.status === "pending" && "border-t border-line pt-3")}>
              <ApprovalCard approval={approval} inCall />
            </div>
          )}
          {item.state === "indeterminate" && (
            <p className="text-waiting-text">
              The host went away before it said how this ended. It may have run or not; it is not repeated by
              itself.
            </p>
          )}
          {error !== null && error !== "" && (
            <p
              className={classes(
                "break-words whitespace-pre-wrap",
                item.state === "failed" ? "text-trouble-text" : "text-muted",
              )}
            >
              {showHidden(error)}
            </p>
          )}
        </div>
        {item.output !== null && item.output !== "" && (
          <div className="border-t border-line first:border-t-0">
            <TerminalText
              text={item.output}
              cut={item.output_cut}
              label="Output"
              live={item.state === "dispatched"}
            />
          </div>
        )}
        {item.state === "completed" && (item.output === null || item.output === "") && (
          <p className="border-t border-line px-3 py-2 text-muted">It printed nothing.</p>
        )}
      </FoldCard>
    </div>
  );
}

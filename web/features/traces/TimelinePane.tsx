import { useMemo } from "react";
import { classes } from "../../shared/lib/classes.ts";
import { duration } from "../../shared/lib/duration.ts";
import { fullTime, timeOfDay } from "../../shared/lib/time.ts";
import { LogList } from "../../shared/ui/LogList.tsx";
import { CallSign } from "../chat/CallSign.tsx";
import { NotFetched } from "./NotFetched.tsx";
import { Elapsed } from "./Elapsed.tsx";
import { spanTitle, STATE_WORDS, tokens, toolWords } from "./spanWords.ts";
import { buildTurns, type TurnTree } from "./traceTree.ts";
import { useTrace } from "./useTrace.ts";

type Props = {
  session: string;
  /** The session waits for a person. */
  waits: boolean;
  /** The turn that the conversation was brought to. */
  current: number | null;
  onTurn(turn: number): void;
};

/** The turns of a session, oldest first: each leads to its place in the conversation. */
export default function TimelinePane({ session, waits, current, onTurn }: Props) {
  const { trace, problem, store } = useTrace(session, "turn");
  const turns = useMemo(() => buildTurns(trace.spans.values(), false), [trace.spans]);
  if (problem !== null && !trace.loaded) return <NotFetched problem={problem} retry={store.refresh} />;
  if (turns.length === 0)
    return trace.loaded ? (
      <p className="p-4 text-muted">The turns of this session stand here, once there are any.</p>
    ) : null;
  return (
    <LogList
      items={turns}
      keyOf={({ turn }) => turn}
      estimate={() => 84}
      render={(tree) => (
        <TurnCard tree={tree} waits={waits} current={tree.turn === current} onTurn={onTurn} />
      )}
      loadOlder={trace.cursor === null ? undefined : store.loadOlder}
      label="Timeline"
      testId="timeline"
    />
  );
}

function TurnCard({
  tree,
  waits,
  current,
  onTurn,
}: Pick<Props, "waits" | "onTurn"> & { tree: TurnTree; current: boolean }) {
  const { root, turn } = tree;
  const state = tree.state === "running" && waits ? "waiting" : tree.state;
  const { word, sign } = STATE_WORDS[state];
  if (root === null) return null;
  const { usage, tools = {} } = root;
  return (
    <button
      type="button"
      data-testid="timeline-turn"
      data-turn={turn}
      data-state={state}
      aria-current={current ? "location" : undefined}
      onClick={() => onTurn(turn)}
      className={classes(
        "flex min-h-11 w-full flex-col gap-0.5 border-l-2 px-3 py-2 text-left",
        current ? "border-l-focus bg-selected" : "border-l-transparent hover:bg-hover",
      )}
    >
      <span className="flex w-full items-center gap-1.5">
        <CallSign sign={sign} size={11} />
        <span className="font-medium">Turn {turn}</span>
        <span className={classes(state === "failed" ? "text-trouble-text" : "text-muted")}>{word}</span>
        <span className="ml-auto text-muted">
          {root.ended_at === null ? (
            state === "unknown" ? null : (
              <Elapsed since={root.started_at} />
            )
          ) : (
            duration(root.ended_at - root.started_at)
          )}
        </span>
      </span>
      <span className="w-full truncate">{spanTitle(root)}</span>
      <span className="flex w-full gap-x-2 text-small text-muted">
        <span className="min-w-0 truncate">{root.name}</span>
        <time className="ml-auto shrink-0" title={fullTime(root.started_at)}>
          {timeOfDay(root.started_at)}
        </time>
      </span>
      {usage !== null && (
        <span className="w-full text-small text-muted">
          {tokens(usage.input_tokens)} in
          {usage.cached_input_tokens > 0 && ` (${tokens(usage.cached_input_tokens)} cached)`} ·{" "}
          {tokens(usage.output_tokens)} out
          {usage.reasoning_output_tokens > 0 && ` (${tokens(usage.reasoning_output_tokens)} reasoning)`}
        </span>
      )}
      {Object.keys(tools).length > 0 && (
        <span className="w-full font-mono text-small break-words text-muted">{toolWords(tools)}</span>
      )}
    </button>
  );
}

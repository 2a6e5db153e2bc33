import { Regex, Search } from "lucide-react";
import { useState } from "react";
import type { CommandValue } from "../../../protocol/commands.ts";
import type { Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { Input } from "../../shared/ui/Field.tsx";
import { describeAnswer } from "./describeAnswer.ts";
import type { SessionActions } from "./useSessionActions.ts";

const CONTEXT_LINES = 2;
const MOST_MATCHES = 200;

type Found = Extract<CommandValue, { type: "search" }>;
export type SearchRequest = { text: string; regex: boolean };

/** Searches everything that the host still has of this terminal. */
export function SearchPanel({
  session,
  actions,
  start,
}: {
  session: Session;
  actions: SessionActions;
  start: SearchRequest;
}) {
  const [text, setText] = useState(start.text);
  const [regex, setRegex] = useState(start.regex);
  const [found, setFound] = useState<{ pattern: string; value: Found } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function search(): Promise<void> {
    if (text === "" || busy) return;
    if (actions.away) {
      setFailure(`${actions.hostName} is not connected, and the lines are there.`);
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      const answer = await api.sendCommand(session.id, {
        type: "search",
        pattern: text,
        regex,
        ignore_case: text === text.toLowerCase(),
        before: CONTEXT_LINES,
        after: CONTEXT_LINES,
        limit: MOST_MATCHES,
        // An answer that comes after the person has left is of no use.
        expires_in_ms: 30_000,
      });
      const value = answer.result?.status === "done" ? answer.result.value : null;
      if (value?.type === "search") setFound({ pattern: text, value });
      else setFailure(describeAnswer(answer, "", actions.hostName).text);
    } catch (error) {
      setFailure(failureSentence(error));
    }
    setBusy(false);
  }

  return (
    <div className="flex min-h-0 grow flex-col">
      <form
        role="search"
        className="flex shrink-0 items-center gap-2 border-b border-line p-3"
        onSubmit={(event) => {
          event.preventDefault();
          void search();
        }}
      >
        <Input
          // The tab was opened to type here.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          aria-label={regex ? "Regular expression" : "Text"}
          data-testid="search-text"
          placeholder={regex ? "Regular expression" : "Text; capitals matter when there are any"}
          className="font-mono"
          maxLength={1000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button
          aria-pressed={regex}
          title="Regular expression"
          aria-label="Regular expression"
          square
          className={classes(regex && "bg-selected")}
          onClick={() => setRegex(!regex)}
        >
          <Regex size={14} />
        </Button>
        <Button type="submit" look="primary" disabled={busy || text === ""}>
          <Search size={14} /> Search
        </Button>
      </form>
      <div className="min-h-0 grow overflow-y-auto" aria-live="polite" aria-busy={busy}>
        {failure !== null && <p className="px-4 py-3 text-trouble-text">{failure}</p>}
        {failure === null && found === null && (
          <Empty title="Search this terminal" icon={<Search size={24} />}>
            <p>Everything the host still has of it, not only what this page has shown.</p>
          </Empty>
        )}
        {failure === null && found !== null && <Results pattern={found.pattern} value={found.value} />}
      </div>
    </div>
  );
}

function Results({ pattern, value }: { pattern: string; value: Found }) {
  const { matches, more, lines_searched: lines } = value;
  return (
    <div data-testid="search-results">
      <p className="sticky top-0 border-b border-line bg-bg px-4 py-2 text-muted">
        {matches.length === 0 ? "Nothing" : `${matches.length}${more ? " and more" : ""}`} for{" "}
        <span className="font-mono text-text">{pattern}</span> in {lines.toLocaleString()} lines
        {value.source === "history" ? ", tmux’s history included" : ""}.
      </p>
      {matches.map((match) => (
        <pre
          key={match.line}
          data-testid="search-match"
          className="overflow-x-auto border-b border-line px-4 py-2 font-mono text-[12px] leading-[18px] text-muted"
        >
          {match.before.map((line, index) => (
            // Context may repeat itself; its place is all it has.
            // eslint-disable-next-line react/no-array-index-key
            <div key={`before ${index}`}>{line === "" ? " " : line}</div>
          ))}
          <div className="-mx-4 bg-waiting-ground px-4 text-text">{match.text}</div>
          {match.after.map((line, index) => (
            // eslint-disable-next-line react/no-array-index-key
            <div key={`after ${index}`}>{line === "" ? " " : line}</div>
          ))}
        </pre>
      ))}
    </div>
  );
}

import { Search } from "lucide-react";
import { useState } from "react";
import type { PastConversation, TalkingAgent } from "../../../protocol/conversations.ts";
import { isEnded } from "../../../protocol/session.ts";
import { useAnswer } from "../../shared/api/useAnswer.ts";
import { shortPath } from "../../shared/lib/paths.ts";
import { sizeWords } from "../../shared/lib/sizeWords.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Input } from "../../shared/ui/Field.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { startsApi } from "./startsApi.ts";

/** The conversations that a host has kept of an agent; one that runs already leads to its session. */
export function PastList({
  host,
  agent,
  onPick,
  onOpen,
}: {
  host: string;
  agent: TalkingAgent;
  onPick(conversation: PastConversation): void;
  onOpen(session: string): void;
}) {
  const [text, setText] = useState("");
  const { sessions } = useHub();
  const { data, error, current } = useAnswer(`${host} ${agent} ${text.trim()}`, (signal) =>
    startsApi.conversations(host, { agent, ...(text.trim() === "" ? {} : { text: text.trim() }) }, signal),
  );
  const runs = (item: PastConversation): string | null =>
    item.session ??
    [...sessions.values()].find((session) => session.thread === item.id && !isEnded(session))?.id ??
    null;

  return (
    <section aria-label="Past conversations" className="rounded-base border border-line" data-testid="past">
      <div className="relative border-b border-line">
        <Search size={14} aria-hidden className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" />
        <Input
          aria-label="Search the conversations"
          data-testid="past-search"
          placeholder="Title, directory, branch"
          className="border-0 bg-transparent pl-8"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
        />
      </div>
      <ul className="max-h-60 overflow-y-auto overscroll-contain" aria-busy={!current}>
        {data === null && error === null && (
          <li className="flex flex-col gap-2 p-3">
            <Skeleton className="h-9" />
            <Skeleton className="h-9" />
            <Skeleton className="h-9" />
          </li>
        )}
        {error !== null && (
          <li role="alert" className="p-3 text-trouble-text">
            {error}
          </li>
        )}
        {data?.items.map((item) => {
          const session = runs(item);
          return (
            <li key={item.id} className="not-first:border-t not-first:border-line">
              <button
                type="button"
                data-testid="conversation-kept"
                data-id={item.id}
                data-runs={session !== null}
                onClick={() => (session === null ? onPick(item) : onOpen(session))}
                className="flex min-h-11 w-full flex-col justify-center px-3 py-1.5 text-left hover:bg-hover focus-visible:outline-offset-[-2px]"
              >
                <span className="flex w-full items-baseline gap-2">
                  <span className="min-w-0 grow truncate">{item.title}</span>
                  {session !== null && (
                    <span className="shrink-0 text-small text-working-text">runs, open it</span>
                  )}
                  <Since at={item.at} className="shrink-0 text-muted" />
                </span>
                <span className="flex w-full min-w-0 gap-3 text-small text-muted">
                  <span className="min-w-0 truncate font-mono">
                    {item.directory === null ? "directory not known" : shortPath(item.directory)}
                  </span>
                  {item.branch !== null && <span className="max-w-40 shrink-0 truncate">{item.branch}</span>}
                  <span className="ml-auto shrink-0">{sizeWords(item.bytes)}</span>
                </span>
              </button>
            </li>
          );
        })}
        {data !== null && data.items.length === 0 && (
          <li className="p-3 text-muted">
            {text.trim() === "" ? "No conversation is kept on this host." : "None is like that."}
          </li>
        )}
      </ul>
      {data !== null && (data.total > data.items.length || data.unread > 0) && (
        <p className="border-t border-line px-3 py-1.5 text-small text-muted">
          {data.total > data.items.length &&
            `${data.total - data.items.length} older ones; search for them. `}
          {data.unread > 0 && `${data.unread} files were not looked into yet; search again in a moment.`}
        </p>
      )}
    </section>
  );
}

import { ArrowUp, Cpu, FolderOpen, Square } from "lucide-react";
import { useRef, useState, type ReactNode, type RefObject } from "react";
import type { QueuedMessage } from "../../../protocol/api.ts";
import type { Session } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import { shortPath } from "../../shared/lib/paths.ts";
import { places } from "../../shared/lib/places.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { useMedia } from "../../shared/lib/useMedia.ts";
import { useHosts, useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { AttachButtons } from "./attachments/AttachButtons.tsx";
import { AttachmentTray } from "./attachments/AttachmentTray.tsx";
import type { DraftFiles } from "./attachments/draftFiles.ts";
import type { ChatActions } from "./chatActions.ts";
import { modelName, useModels } from "../../shared/api/models.ts";
import { QueueList } from "./QueueList.tsx";
import { readSlash, type SlashAction } from "./slash.ts";

type ComposerProps = {
  session: Session;
  text: string;
  onText(text: string): void;
  /** A turn runs: what is sent waits for its end. */
  running: boolean;
  queue: readonly QueuedMessage[];
  actions: ChatActions;
  /** `steer`: it goes in with the next step of the running turn. */
  onSend(text: string, steer: boolean): void;
  onPick(what: "model" | "place" | "help"): void;
  field: RefObject<HTMLTextAreaElement | null>;
  files: DraftFiles;
  onFiles(files: File[]): void;
};

/** Where a person talks: text, commands, the model and the place. Everything is within reach of a thumb. */
export function ChatComposer(props: ComposerProps) {
  const { session, text, onText, running, queue, actions, onSend, onPick, field, files, onFiles } = props;
  const { sessions, hosts, loaded } = useHub();
  const hostList = useHosts();
  const models = useModels();
  const touch = useMedia("(pointer: coarse)");
  const [stopping, setStopping] = useState(false);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const attached = useStore(files.files);
  /** A file that is still coming, or did not come, is waited for: it is not left out silently. */
  const missing = attached.some(({ state }) => state !== "there");
  const empty = (text.trim() === "" && attached.length === 0) || missing;
  const host = session.host === null ? null : (hosts.get(session.host) ?? null);
  const slash = readSlash(text, {
    models: models ?? [],
    hosts: hostList,
    placesOf: (each) => places(each, sessions.values()),
  });
  const options = slash.kind === "none" ? [] : slash.options.filter((option) => option.text !== text);
  const current = Math.min(at, options.length - 1);

  async function stop(): Promise<void> {
    setStopping(true);
    await actions.stop();
    setStopping(false);
  }

  function act(action: SlashAction): void {
    onText("");
    setAt(0);
    switch (action.do) {
      case "model":
        return void actions.setModel(action.model, session.effort ?? null);
      case "place":
        return void actions.setPlace(action.host, action.workspace);
      case "compact":
        return void actions.compact();
      case "stop":
        return void stop();
      case "pickModel":
        return onPick("model");
      case "pickPlace":
        return onPick("place");
      case "help":
        return onPick("help");
    }
  }

  function complete(option: string): void {
    onText(option);
    setAt(0);
    field.current?.focus();
  }

  function submit(steer = false): void {
    if (empty) return;
    if (slash.kind === "ready") return act(slash.action);
    const option = options[current];
    if (slash.kind === "options" && option !== undefined) return complete(option.text);
    if (slash.kind === "wrong") return;
    onSend(text.trim(), steer);
    onText("");
    field.current?.focus();
  }

  return (
    <form
      className="shrink-0 border-t border-line bg-surface p-3 pb-[calc(12px+env(safe-area-inset-bottom))] in-data-keyboard:pb-2 phone:p-2"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <QueueList queue={queue} actions={actions} />
      {slash.kind === "wrong" && (
        <p role="alert" className="mx-auto mb-2 max-w-3xl px-2 text-trouble-text">
          {slash.message}
        </p>
      )}
      {options.length > 0 && (
        <ul
          ref={list}
          aria-label="Commands"
          data-testid="slash"
          className="mx-auto mb-2 max-h-56 max-w-3xl overflow-y-auto rounded-base border border-line bg-bg p-1"
        >
          {options.map((option, index) => (
            <li key={option.text}>
              <button
                type="button"
                tabIndex={-1}
                aria-current={index === current ? "true" : undefined}
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => complete(option.text)}
                className={classes(
                  "flex min-h-8 w-full items-center gap-3 rounded-small px-2 text-left hover:bg-hover touch:min-h-11",
                  index === current && "bg-selected",
                )}
              >
                <code className="min-w-0 truncate font-mono text-[12px]">{option.label}</code>
                <span className="ml-auto shrink-0 text-small text-muted">{option.hint}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="mx-auto flex max-w-3xl flex-col rounded-base border border-edge/60 bg-bg focus-within:border-focus">
        <AttachmentTray session={session.id} draft={files} />
        <textarea
          ref={field}
          data-testid="composer"
          aria-label={running ? "Message; it waits until the model is done" : "Message"}
          placeholder={
            running ? "What you send now waits its turn" : "Say what is to be done, or / for commands"
          }
          value={text}
          rows={1}
          onChange={(event) => {
            onText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.nativeEvent.isComposing) return;
            if (event.key === "Escape") event.currentTarget.blur();
            else if (options.length > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
              event.preventDefault();
              setAt((current + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length);
            } else if (options.length > 0 && event.key === "Tab" && !event.shiftKey) {
              event.preventDefault();
              const option = options[current];
              if (option !== undefined) complete(option.text);
            } else if (event.key === "Enter" && !event.shiftKey && !touch) {
              event.preventDefault();
              submit(running && (event.ctrlKey || event.metaKey));
            }
          }}
          className="field-sizing-content max-h-56 min-h-9 min-w-0 resize-none bg-transparent px-3 pt-2 pb-1 outline-none in-data-keyboard:max-h-28"
        />
        <div className="flex items-center gap-1 p-1.5">
          <AttachButtons onFiles={onFiles} />
          <Chip
            icon={<FolderOpen size={13} />}
            label="Host and directory"
            onClick={() => onPick("place")}
            testId="pick-place"
          >
            {session.host === null || session.cwd === null || (loaded && host === null) ? (
              "Choose a host"
            ) : (
              <>
                {host?.name ?? "Host"}
                <span className="phone:hidden"> · {shortPath(session.cwd)}</span>
              </>
            )}
          </Chip>
          <Chip icon={<Cpu size={13} />} label="Model" onClick={() => onPick("model")} testId="pick-model">
            {modelName(models, session.model ?? "offline/builtin")}
            {session.effort !== null && session.effort !== undefined && (
              <span className="phone:hidden"> · {session.effort}</span>
            )}
          </Chip>
          <span className="grow" />
          {running && (
            <Button
              look="danger"
              onClick={() => void stop()}
              disabled={stopping}
              data-testid="stop"
              className="touch:h-11"
            >
              <Square size={12} fill="currentColor" /> Stop
            </Button>
          )}
          {running && !empty && slash.kind === "none" && (
            <Button
              onClick={() => submit(true)}
              title="Goes in before the model's next step, instead of waiting for the end (Ctrl Enter)"
              aria-label="Send now"
              data-testid="send-now"
              className="shrink-0 touch:h-11"
            >
              <span className="phone:hidden">Send now</span>
              <span className="hidden phone:inline">Now</span>
            </Button>
          )}
          <Button
            type="submit"
            look="primary"
            square
            aria-label={running ? "Send; it waits its turn" : "Send"}
            disabled={empty || slash.kind === "wrong"}
            data-testid="send"
            className="touch:size-11"
          >
            <ArrowUp size={16} />
          </Button>
        </div>
      </div>
    </form>
  );
}

function Chip({
  icon,
  label,
  children,
  onClick,
  testId,
}: {
  icon: ReactNode;
  label: string;
  children: ReactNode;
  onClick(): void;
  testId: string;
}) {
  return (
    <button
      type="button"
      title={label}
      onClick={onClick}
      data-testid={testId}
      className="thumb flex h-8 min-w-0 items-center gap-1.5 rounded-base px-2 text-muted hover:bg-hover hover:text-text"
    >
      <span className="sr-only">{label}: </span>
      <span className="shrink-0">{icon}</span>
      <span className="min-w-0 truncate">{children}</span>
    </button>
  );
}

import type { CommandAnswer, PostCommand } from "../../../protocol/api.ts";
import { isEnded, type Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { copyText } from "../../shared/lib/copyText.ts";
import { isHostAway, useHub } from "../../shared/live/useHub.ts";
import { showToast } from "../../shared/ui/toasts.ts";
import { describeAnswer } from "./describeAnswer.ts";

export type SessionActions = {
  /** Sends a command and says how it ended, except for failures that the caller shows itself; null when it could not even be asked. */
  run(
    command: PostCommand,
    did: string,
    shownElsewhere?: (code: string) => boolean,
  ): Promise<CommandAnswer | null>;
  interrupt(): void;
  stopJob(): void;
  /** Puts the pane's text, history included, on the clipboard. */
  copyScreen(): void;
  rename(title: string): Promise<boolean>;
  hostName: string;
  /** The host is not connected: what is asked now waits for it. */
  away: boolean;
  ended: boolean;
};

/** What is meant for what runs now must not reach what runs when a host is back in an hour. */
const MOMENT_MS = 20_000;
/** Lines above the screen that a copied screen brings along. */
const COPY_HISTORY = 2_000;

/** What a person can do with a session. Everything says how it went. */
export function useSessionActions(session: Session): SessionActions {
  const { hosts } = useHub();
  const away = isHostAway(hosts, session);
  const hostName = (session.host === null ? undefined : hosts.get(session.host)?.name) ?? "The host";

  async function ask(command: PostCommand): Promise<CommandAnswer | null> {
    try {
      // A host that is away does not answer; waiting for it would only keep the person waiting.
      return await api.sendCommand(session.id, away ? { ...command, wait_ms: 0 } : command);
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
      return null;
    }
  }

  async function run(
    command: PostCommand,
    did: string,
    shownElsewhere: (code: string) => boolean = () => false,
  ): Promise<CommandAnswer | null> {
    const answer = await ask(command);
    if (answer === null || (answer.result?.status === "failed" && shownElsewhere(answer.result.code)))
      return answer;
    const words = describeAnswer(answer, did, hostName);
    showToast({ kind: words.ok ? "plain" : "trouble", text: words.text, details: words.details });
    return answer;
  }

  return {
    run,
    interrupt: () => void run({ type: "interrupt", expires_in_ms: MOMENT_MS }, "Interrupted."),
    stopJob: () => void run({ type: "codex_stop" }, "The job was stopped."),
    copyScreen: () => void copyScreen(),
    async rename(title) {
      try {
        await api.renameSession(session.id, title);
        return true;
      } catch (error) {
        showToast({ kind: "trouble", text: failureSentence(error) });
        return false;
      }
    },
    hostName,
    away,
    ended: isEnded(session),
  };

  async function copyScreen(): Promise<void> {
    const answer = await ask({ type: "snapshot", history: COPY_HISTORY, expires_in_ms: MOMENT_MS });
    if (answer === null) return;
    const value = answer.result?.status === "done" ? answer.result.value : null;
    if (value?.type === "snapshot") await copyText(value.text, "the text of the terminal");
    else showToast({ kind: "trouble", ...describeAnswer(answer, "", hostName) });
  }
}

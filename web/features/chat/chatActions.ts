import type { EditMessage, PostCommand } from "../../../protocol/api.ts";
import type { Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { showToast } from "../../shared/ui/toasts.ts";

/** What a person can do with a chat. The log shows what came of it; what could not be done is said. */
export type ChatActions = {
  stop(): Promise<boolean>;
  compact(): Promise<boolean>;
  stopBackground(command: string): Promise<boolean>;
  setModel(model: string, effort: Session["effort"]): Promise<boolean>;
  setPlace(host: string, workspace: string): Promise<boolean>;
  editQueued(message: string, change: EditMessage): Promise<boolean>;
  removeQueued(message: string): Promise<boolean>;
};

export function chatActions(session: string): ChatActions {
  const attempt = async (act: () => Promise<unknown>): Promise<boolean> => {
    try {
      await act();
      return true;
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
      return false;
    }
  };
  const run = (command: PostCommand): Promise<boolean> =>
    attempt(async () => {
      const { result } = await api.sendCommand(session, command);
      if (result?.status === "failed") throw new Error(result.message);
    });
  return {
    stop: () => run({ type: "cancel_turn" }),
    compact: () => run({ type: "compact" }),
    stopBackground: (command) => run({ type: "stop_background", command }),
    setModel: (model, effort) => run({ type: "set_model", model, effort: effort ?? null }),
    setPlace: (host, workspace) => run({ type: "hop", host, workspace }),
    editQueued: (message, change) => attempt(() => api.editQueued(session, message, change)),
    removeQueued: (message) => attempt(() => api.removeQueued(session, message)),
  };
}

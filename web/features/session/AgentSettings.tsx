import { useId, useState } from "react";
import type { Session } from "../../../protocol/session.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Field, Input } from "../../shared/ui/Field.tsx";
import type { SessionActions } from "./useSessionActions.ts";

/** What each agent calls the ways in which it acts, the most careful first. */
const MODES: Partial<Record<Session["provider"], readonly string[]>> = {
  claude: ["plan", "default", "acceptEdits", "bypassPermissions"],
  codex: ["read-only", "untrusted", "on-request", "workspace-write", "never", "danger-full-access"],
};

/** The model that an agent without a terminal talks to, and how freely it acts: both can be changed while it lives. */
export default function AgentSettings({ session, actions }: { session: Session; actions: SessionActions }) {
  const [model, setModel] = useState("");
  const [mode, setMode] = useState("");
  const [busy, setBusy] = useState(false);
  const modes = useId();

  async function set(): Promise<void> {
    setBusy(true);
    const words = "It holds from its next step on.";
    if (
      model.trim() !== "" &&
      (await actions.run({ type: "set_model", model: model.trim() }, words)) !== null
    )
      setModel("");
    if (mode.trim() !== "" && (await actions.run({ type: "set_mode", mode: mode.trim() }, words)) !== null)
      setMode("");
    setBusy(false);
  }

  return (
    <form
      className="flex flex-col gap-3 border-b border-line p-4"
      data-testid="agent-settings"
      onSubmit={(event) => {
        event.preventDefault();
        void set();
      }}
    >
      <h3 className="text-small font-medium text-muted">Agent</h3>
      <Field label="Model">
        {(ids) => (
          <Input
            {...ids}
            data-testid="set-model"
            placeholder={session.model ?? "its own choice"}
            autoCapitalize="off"
            spellCheck={false}
            value={model}
            onChange={(event) => setModel(event.target.value)}
          />
        )}
      </Field>
      <Field label="Mode" hint="How freely it acts, in its own words.">
        {(ids) => (
          <>
            <Input
              {...ids}
              list={modes}
              data-testid="set-mode"
              autoCapitalize="off"
              spellCheck={false}
              value={mode}
              onChange={(event) => setMode(event.target.value)}
            />
            <datalist id={modes}>
              {(MODES[session.provider] ?? []).map((each) => (
                <option key={each} value={each} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <Button type="submit" disabled={busy || (model.trim() === "" && mode.trim() === "")}>
        Set
      </Button>
    </form>
  );
}

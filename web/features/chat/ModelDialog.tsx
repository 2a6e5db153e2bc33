import { useState } from "react";
import type { Session } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import type { ChatActions } from "./chatActions.ts";
import { GiveModel } from "./GiveModel.tsx";
import { isOffline, useModels } from "../../shared/api/models.ts";

type Effort = NonNullable<Session["effort"]>;
const EFFORTS: { id: Effort | null; label: string }[] = [
  { id: null, label: "As it is" },
  { id: "low", label: "Low" },
  { id: "medium", label: "Medium" },
  { id: "high", label: "High" },
];

/** Chooses the model of a chat and how hard it thinks; it holds from the next turn on. */
export function ModelDialog({
  session,
  actions,
  onClose,
}: {
  session: Session;
  actions: ChatActions;
  onClose(): void;
}) {
  const models = useModels();
  const [id, setId] = useState(session.model ?? "offline/builtin");
  const [effort, setEffort] = useState<Effort | null>(session.effort ?? null);
  const chosen = models?.find((model) => model.id === id);
  const reasons = chosen?.reasoning === true;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Model"
      description="It holds from the next turn on."
      testId="model-dialog"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void actions.setModel(id, reasons ? effort : null);
          onClose();
        }}
      >
        <fieldset className="flex flex-col gap-1.5 p-4">
          <legend className="sr-only">Model</legend>
          {models === null && <Skeleton className="h-12" />}
          {models?.map((model) => (
            <label
              key={model.id}
              className={classes(
                "flex min-h-12 items-center gap-3 rounded-base border px-3 py-1.5 has-focus-visible:outline-2 has-focus-visible:outline-focus",
                model.id === id ? "border-edge bg-selected" : "border-line hover:bg-hover",
              )}
            >
              <input
                type="radio"
                name="model"
                className="size-4 accent-[var(--working)]"
                checked={model.id === id}
                onChange={() => setId(model.id)}
              />
              <span className="min-w-0 grow">
                <span className="block truncate font-medium">{model.name}</span>
                <code className="block truncate font-mono text-[12px] text-muted">{model.id}</code>
              </span>
              <span className="shrink-0 text-right text-small text-muted">
                {Math.round(model.context / 1000).toLocaleString("en")}k tokens
                <br />
                {[model.images && "images", model.reasoning && "reasoning"].filter(Boolean).join(", ")}
              </span>
            </label>
          ))}
        </fieldset>
        {reasons && (
          <fieldset className="flex flex-wrap items-center gap-1.5 px-4 pb-4">
            <legend className="mb-1 font-medium">How hard it thinks</legend>
            {EFFORTS.map(({ id: each, label }) => (
              <label
                key={label}
                className={classes(
                  "flex min-h-8 items-center rounded-base border px-3 has-focus-visible:outline-2 has-focus-visible:outline-focus touch:min-h-11",
                  effort === each ? "border-edge bg-selected" : "border-line text-muted hover:bg-hover",
                )}
              >
                <input
                  type="radio"
                  name="effort"
                  className="sr-only"
                  checked={effort === each}
                  onChange={() => setEffort(each)}
                />
                {label}
              </label>
            ))}
          </fieldset>
        )}
        {models?.every((model) => isOffline(model.id)) === true && (
          <div className="px-4 pb-4">
            <GiveModel />
          </div>
        )}
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={models === null} data-testid="choose-model">
            Use it
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}

import { useState } from "react";
import { useLocation } from "wouter";
import { newId } from "../../../protocol/ids.ts";
import type { Workflow } from "../../../protocol/runs.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { useHosts } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Field, Input, Select, Textarea } from "../../shared/ui/Field.tsx";
import { readArgs } from "../work/workDraft.ts";
import { runsApi } from "./runsApi.ts";

/** Starts a run: its arguments, where its agents work, what it may spend. */
export function RunDialog({ workflow, onClose }: { workflow: Workflow; onClose(): void }) {
  const hosts = useHosts();
  const [, navigate] = useLocation();
  const [args, setArgs] = useState("{}");
  const [host, setHost] = useState(hosts.length === 1 ? (hosts[0]?.id ?? "") : "");
  const [cwd, setCwd] = useState(() => hosts.find(({ id }) => id === host)?.info?.workspaces[0] ?? "");
  const [budget, setBudget] = useState("");
  const [fresh, setFresh] = useState(false);
  // The same id when it is tried again: one run is started.
  const [id] = useState(() => newId("run"));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const parsed = readArgs(args);
  const placed = host === "" || cwd.trim().startsWith("/");
  const ready = parsed !== undefined && placed;

  async function start(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await runsApi.start(workflow.name, {
        id,
        args: parsed,
        ...(host === "" ? {} : { host, cwd: cwd.trim() }),
        ...(budget === "" ? {} : { budget: Number(budget) }),
        ...(fresh ? { fresh } : {}),
      });
      navigate(`/work/runs/${id}`);
    } catch (failure) {
      setBusy(false);
      setError(failureSentence(failure));
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={`Run ${workflow.name}`}
      description={workflow.meta.description}
      testId="run-dialog"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) void start();
        }}
      >
        <div className="flex flex-col gap-3 px-5 py-4">
          <Field
            label="Arguments"
            hint="JSON, as the script reads them from args"
            error={parsed === undefined ? "This is not JSON." : null}
          >
            {(ids) => (
              <Textarea
                {...ids}
                rows={4}
                className="font-mono text-[12px]"
                autoCapitalize="off"
                spellCheck={false}
                value={args}
                onChange={(event) => setArgs(event.target.value)}
                data-testid="run-args"
              />
            )}
          </Field>
          <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
            <Field label="Host (optional)">
              {(ids) => (
                <Select
                  {...ids}
                  value={host}
                  onChange={(event) => setHost(event.target.value)}
                  data-testid="run-host"
                >
                  <option value="">None: agents without tools of a host</option>
                  {hosts.map((each) => (
                    <option key={each.id} value={each.id}>
                      {each.name}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            <Field label="Directory" error={placed ? null : "A path from the root on"}>
              {(ids) => (
                <Input
                  {...ids}
                  className="font-mono text-[12px]"
                  autoCapitalize="off"
                  spellCheck={false}
                  disabled={host === ""}
                  value={cwd}
                  onChange={(event) => setCwd(event.target.value)}
                  data-testid="run-cwd"
                />
              )}
            </Field>
            <Field label="Budget (optional)" hint="Tokens; no agent begins beyond it">
              {(ids) => (
                <Input
                  {...ids}
                  type="number"
                  inputMode="numeric"
                  min={1}
                  value={budget}
                  onChange={(event) => setBudget(event.target.value)}
                />
              )}
            </Field>
            <label className="flex items-center gap-2 self-center">
              <input type="checkbox" checked={fresh} onChange={(event) => setFresh(event.target.checked)} />
              Ask every agent anew
            </label>
          </div>
          {error !== null && (
            <p role="alert" className="text-trouble-text">
              {error}
            </p>
          )}
        </div>
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={busy || !ready} data-testid="start-run">
            Run
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}

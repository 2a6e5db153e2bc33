import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Workflow } from "../../../protocol/runs.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Textarea } from "../../shared/ui/Field.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { runsApi } from "./runsApi.ts";

const NEW_SCRIPT = `export const meta = {
  name: "my-workflow",
  description: "What it is for",
  phases: [{ title: "Look" }],
};

phase("Look");
const answer = await agent("Say hello in one sentence.", { label: "hello" });
return { answer };
`;

type Props = { workflow: Workflow | null; operator: boolean; onClose(): void; onSaved(): void };

/** A workflow's script, to read and to change. One that comes with Signalbox, or is a file, becomes the team's own when it is saved. */
export function ScriptDialog(props: Props) {
  const { workflow, onClose } = props;
  const { data, error } = useQuery({
    queryKey: ["script", workflow?.name ?? "", workflow?.path ?? "", workflow?.version ?? 0],
    queryFn: () =>
      workflow === null ? Promise.resolve({ script: NEW_SCRIPT, version: 0 }) : runsApi.script(workflow),
    staleTime: 0,
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={workflow === null ? "New workflow" : workflow.name}
      description={
        workflow?.path !== undefined
          ? `${workflow.path}. Saved here, it becomes your team’s; the file stays as it is.`
          : "Plain JavaScript: agent, parallel, pipeline, phase, log, approve, workflow, args, budget."
      }
      testId="script-dialog"
      wide
    >
      {error !== null && <p className="px-5 py-4 text-trouble-text">{failureSentence(error)}</p>}
      {data === undefined ? <Skeleton className="m-5 h-60" /> : <Editor {...props} script={data.script} />}
    </Dialog>
  );
}

function Editor({ workflow, operator, onClose, onSaved, script }: Props & { script: string }) {
  const [text, setText] = useState(script);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function save(): Promise<void> {
    setBusy(true);
    setError(null);
    // The edge reads the script and says what is wrong with it; here only its name is looked for.
    const name = /\bname\s*:\s*["'`]([^"'`]+)["'`]/.exec(text)?.[1] ?? workflow?.name ?? "unnamed";
    const version =
      workflow?.name === name && workflow.source === "team" ? { version: workflow.version } : {};
    try {
      await runsApi.save(name, { script: text, ...version });
      onSaved();
    } catch (failure) {
      setBusy(false);
      setError(failureSentence(failure));
    }
  }

  return (
    <>
      <div className="flex flex-col gap-2 px-5 py-4">
        <Textarea
          aria-label="Script"
          className="min-h-80 font-mono text-[12px] leading-[18px] desk:h-[46vh]"
          autoCapitalize="off"
          spellCheck={false}
          readOnly={!operator}
          value={text}
          onChange={(event) => setText(event.target.value)}
          data-testid="script-text"
        />
        {error !== null && (
          <p role="alert" className="text-trouble-text" data-testid="script-problem">
            {error}
          </p>
        )}
      </div>
      <DialogFoot>
        <Button onClick={onClose}>{operator ? "Cancel" : "Close"}</Button>
        {operator && (
          <Button
            look="primary"
            disabled={busy || (text === script && workflow !== null && workflow.path === undefined)}
            onClick={() => void save()}
            data-testid="save-script"
          >
            {workflow === null || workflow.source === "team" ? "Save" : "Save as your team’s"}
          </Button>
        )}
      </DialogFoot>
    </>
  );
}

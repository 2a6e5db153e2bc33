import { useState, type ReactNode } from "react";
import { failureSentence } from "../api/ApiFailure.ts";
import { Button } from "./Button.tsx";
import { Dialog, DialogFoot } from "./Dialog.tsx";

type FormDialogProps = {
  title: string;
  /** A sentence under the title. */
  description?: string;
  wide?: boolean;
  testId: string;
  /** The verb, and the test id of its button. */
  submit: string;
  submitTestId: string;
  /** Nothing is missing, and nothing is wrong. */
  ready: boolean;
  /** Sends it; whoever opened the dialog closes it then. What it throws is shown, and can be tried again. */
  onSubmit(): Promise<void>;
  onClose(): void;
  /** The fields. */
  children: ReactNode;
};

/** A dialog that asks for something and sends it. What was typed stays while it could not be sent. */
export function FormDialog({
  submit,
  submitTestId,
  ready,
  onSubmit,
  onClose,
  children,
  ...dialog
}: FormDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function send(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
    } catch (failure) {
      setBusy(false);
      setError(failureSentence(failure));
    }
  }

  return (
    <Dialog open onClose={onClose} {...dialog}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) void send();
        }}
      >
        <div className="flex flex-col gap-3 px-5 py-4">
          {children}
          {error !== null && (
            <p role="alert" className="text-trouble-text" data-testid="form-problem">
              {error}
            </p>
          )}
        </div>
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={busy || !ready} data-testid={submitTestId}>
            {submit}
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}

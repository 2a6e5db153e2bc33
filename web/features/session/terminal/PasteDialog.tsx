import { useState } from "react";
import { Button } from "../../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../../shared/ui/Dialog.tsx";
import { Field, Textarea } from "../../../shared/ui/Field.tsx";

/** A field to paste into, for browsers that do not let a page read the clipboard. */
export function PasteDialog({
  open,
  onClose,
  onPaste,
}: {
  open: boolean;
  onClose(): void;
  onPaste(text: string): void;
}) {
  const [text, setText] = useState("");
  function paste(): void {
    onPaste(text);
    setText("");
    onClose();
  }
  return (
    <Dialog open={open} onClose={onClose} title="Paste into the terminal">
      <div className="p-5">
        <Field
          label="Text"
          hint="This browser does not let a page read the clipboard. Paste here, and it goes to the terminal."
        >
          {(ids) => (
            <Textarea
              {...ids}
              rows={6}
              className="font-mono"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
      </div>
      <DialogFoot>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" disabled={text === ""} onClick={paste}>
          Paste
        </Button>
      </DialogFoot>
    </Dialog>
  );
}

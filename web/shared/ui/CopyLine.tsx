import { Copy } from "lucide-react";
import { copyText } from "../lib/copyText.ts";
import { Button } from "./Button.tsx";

/** A line to paste somewhere, whole and copyable. */
export function CopyLine({ line, what, testId }: { line: string; what: string; testId?: string }) {
  return (
    <div className="flex w-full items-start gap-2 rounded-base border border-line bg-term p-1 pl-3 text-left">
      <code
        data-testid={testId}
        className="min-w-0 grow py-1.5 font-mono break-all text-term-text select-all"
      >
        {line}
      </code>
      <Button look="plain" onClick={() => void copyText(line, what)}>
        <Copy size={14} /> Copy
      </Button>
    </div>
  );
}

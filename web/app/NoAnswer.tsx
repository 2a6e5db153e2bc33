import { useEffect } from "react";
import { failureSentence } from "../shared/api/ApiFailure.ts";
import { Button } from "../shared/ui/Button.tsx";
import { CopyLine } from "../shared/ui/CopyLine.tsx";
import { Empty } from "../shared/ui/Empty.tsx";

const RETRY_MS = 5_000;

/** The server could not be asked who is here. */
export function NoAnswer({ error, trying, retry }: { error: Error; trying: boolean; retry(): void }) {
  useEffect(() => {
    const timer = setInterval(retry, RETRY_MS);
    return () => clearInterval(timer);
  });
  return (
    <main className="flex h-full items-center">
      <Empty title="Signalbox does not answer">
        <p>
          {failureSentence(error)} Your sessions go on without this page. If it runs on this machine, this
          says how it is:
        </p>
        <CopyLine line="signalbox status" what="the command" />
        <Button onClick={retry} disabled={trying}>
          Try again
        </Button>
      </Empty>
    </main>
  );
}

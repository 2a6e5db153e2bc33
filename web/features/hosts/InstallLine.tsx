import { fullTime, countdown } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { CopyLine } from "../../shared/ui/CopyLine.tsx";

/** The line to paste on the machine, and how long its code is good for. */
export function InstallLine({ line, expiresAt }: { line: string; expiresAt: number }) {
  const now = useNow("second");
  const over = now >= expiresAt;
  return (
    <div className="flex flex-col gap-2">
      <CopyLine line={line} what="the line" testId="install-line" />
      <p role="timer" title={fullTime(expiresAt)} className={over ? "text-trouble-text" : "text-muted"}>
        {over
          ? "This code has run out. Make a new one."
          : `The code in it works once, for ${countdown(expiresAt, now)} more.`}
      </p>
    </div>
  );
}

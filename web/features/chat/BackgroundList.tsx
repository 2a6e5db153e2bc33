import { useState } from "react";
import type { Session } from "../../../protocol/session.ts";
import { showHidden } from "../../shared/lib/showHidden.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";

/** The commands of a chat that run in the background, each of which can be stopped. */
export function BackgroundList({
  session,
  onStop,
}: {
  session: Session;
  onStop(command: string): Promise<boolean>;
}) {
  const { hosts } = useHub();
  const [stopping, setStopping] = useState<ReadonlySet<string>>(new Set());
  const running = session.background ?? [];
  if (running.length === 0) return null;

  async function stop(id: string): Promise<void> {
    setStopping((all) => new Set(all).add(id));
    // What is stopped leaves the list by itself.
    if (await onStop(id)) return;
    setStopping((all) => new Set([...all].filter((each) => each !== id)));
  }

  return (
    <div className="flex flex-col gap-1">
      <h3 className="text-small font-medium text-muted">In the background</h3>
      <ul className="flex flex-col gap-1" data-testid="background">
        {running.map(({ id, host, summary, started_at }) => (
          <li key={id} className="flex min-h-8 items-center gap-2" data-testid="background-command">
            <Signal status="working" silent />
            <span className="min-w-0 grow">
              <code className="font-mono text-[12px] break-all">{showHidden(summary)}</code>
              <span className="block text-small text-muted">
                {host === session.host ? "" : `${hosts.get(host)?.name ?? "another host"}, `}since{" "}
                <Since at={started_at} clock />
              </span>
            </span>
            <Button
              look="danger"
              className="h-7 px-2"
              disabled={stopping.has(id)}
              onClick={() => void stop(id)}
              data-testid="stop-background"
            >
              {stopping.has(id) ? "Stopping" : "Stop"}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

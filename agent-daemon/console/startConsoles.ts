import { SessionId } from "../../protocol/ids.ts";
import type { Log } from "../parts.ts";
import type { PaneAccess } from "../tmux/tmuxPart.ts";
import { connectConsole, type ConsoleConnection } from "./consoleSocket.ts";
import { startPaneConsole, type PaneConsole } from "./paneConsole.ts";
import type { ConsoleSocketConstructor } from "./webSocket.ts";

export type ConsolesDeps = {
  /** Where Signalbox answers (`http` or `https`). */
  url: string;
  token: string;
  tmux: PaneAccess;
  log: Log;
  WebSocketImpl?: ConsoleSocketConstructor;
};

export type Consoles = {
  /** Somebody watches: opens the console of this session and keeps it open. Harmless when it is open already. */
  watch(session: string): void;
  unwatch(session: string): void;
  stop(): Promise<void>;
};

type OpenConsole = { connection: ConsoleConnection; console: PaneConsole };

/** Carries the bytes of watched panes to the edge, and what is typed there back: one socket for each session. */
export function startConsoles(deps: ConsolesDeps): Consoles {
  const { tmux, log, token } = deps;
  const WebSocketImpl = deps.WebSocketImpl ?? WebSocket;
  const open = new Map<string, OpenConsole>();
  const closing = new Set<Promise<void>>();
  let stopped = false;

  const close = (session: string) => {
    const found = open.get(session);
    if (found === undefined) return;
    open.delete(session);
    found.connection.stop();
    const done = found.console.stop().finally(() => closing.delete(done));
    closing.add(done);
  };

  return {
    watch(session) {
      if (stopped || open.has(session)) return;
      if (!SessionId.safeParse(session).success) {
        log("warn", "asked for the console of something that is no session");
        return;
      }
      const console: PaneConsole = startPaneConsole({
        session,
        tmux,
        log,
        send: (frame) => open.get(session)?.connection.send(frame) ?? false,
      });
      const connection = connectConsole({
        url: consoleUrl(deps.url, session),
        token,
        WebSocketImpl,
        log,
        // Viewers join anew on each connection.
        onUp: () => console.reset(),
        onDown: () => console.reset(),
        onFrame: (frame) => console.receive(frame),
        onOver: () => close(session),
      });
      open.set(session, { connection, console });
    },
    unwatch: close,
    async stop() {
      stopped = true;
      for (const session of open.keys()) close(session);
      await Promise.all(closing);
    },
  };
}

/** The address of a session's console socket. */
export function consoleUrl(base: string, session: string): string {
  const url = new URL(`/api/link/console/${session}`, base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

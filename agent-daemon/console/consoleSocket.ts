import { CLOSE, isFinalClose } from "../../protocol/closeCodes.ts";
import { MAX_FRAME_BYTES, PING_INTERVAL_MS, SILENCE_LIMIT_MS } from "../../protocol/limits.ts";
import type { Log } from "../parts.ts";
import { OPEN, type ConsoleSocket, type ConsoleSocketConstructor } from "./webSocket.ts";

export type ConsoleConnection = {
  /** Sends a frame; false when there is no connection to send it on. */
  send(frame: Uint8Array): boolean;
  stop(): void;
};

export type ConsoleConnectionDeps = {
  url: string;
  token: string;
  WebSocketImpl: ConsoleSocketConstructor;
  log: Log;
  onUp: () => void;
  onDown: () => void;
  onFrame: (frame: Uint8Array) => void;
  /** The edge wants this console no more, or never will; it is not tried again. */
  onOver: () => void;
};

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;
/** An attempt that has not opened by then is given up. */
const OPEN_LIMIT_MS = 10_000;

/** Keeps one socket to a session's console open, until it is stopped or the edge says that nobody watches. */
export function connectConsole(deps: ConsoleConnectionDeps): ConsoleConnection {
  let socket: ConsoleSocket | null = null;
  let stopped = false;
  let delay = FIRST_DELAY_MS;
  let heardAt = 0;
  let pings: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  const open = () => {
    let own: ConsoleSocket;
    try {
      own = new deps.WebSocketImpl(deps.url, { headers: { authorization: `Bearer ${deps.token}` } });
    } catch (error) {
      deps.log("error", "a console cannot be opened", { url: deps.url, error: String(error) });
      stop();
      deps.onOver();
      return;
    }
    own.binaryType = "arraybuffer";
    socket = own;
    let up = false;
    const openLimit = setTimeout(() => drop(own), OPEN_LIMIT_MS);

    // Events of a socket that has been given up are nobody's.
    own.addEventListener("open", () => {
      clearTimeout(openLimit);
      if (socket !== own) return;
      up = true;
      heardAt = performance.now();
      pings = setInterval(() => beat(own), PING_INTERVAL_MS);
      deps.onUp();
    });
    own.addEventListener("message", ({ data }) => {
      if (socket !== own) return;
      heardAt = performance.now();
      delay = FIRST_DELAY_MS;
      if (!(data instanceof ArrayBuffer)) return; // "pong"
      if (data.byteLength > MAX_FRAME_BYTES) own.close(CLOSE.tooLarge, "the frame is too large");
      else deps.onFrame(new Uint8Array(data));
    });
    own.addEventListener("error", () => {}); // a close follows
    own.addEventListener("close", ({ code, reason }) => {
      clearTimeout(openLimit);
      if (socket !== own) return;
      socket = null;
      clearInterval(pings);
      if (up) deps.onDown();
      if (code === CLOSE.nobodyWatching || isFinalClose(code)) {
        if (code !== CLOSE.nobodyWatching) deps.log("warn", "the edge refused a console", { code, reason });
        stop();
        deps.onOver();
      } else again();
    });

    const beat = (beating: ConsoleSocket) => {
      if (performance.now() - heardAt > SILENCE_LIMIT_MS) drop(beating);
      else if (beating.readyState === OPEN) beating.send("ping");
    };

    /** Gives a silent socket up at once; its own close may take for ever. */
    const drop = (silent: ConsoleSocket) => {
      if (socket !== silent) return;
      socket = null;
      clearInterval(pings);
      if (up) deps.onDown();
      silent.close(CLOSE.silent, "nothing was heard");
      again();
    };
  };

  const again = () => {
    if (stopped) return;
    // Half of the delay is chance, so that a thousand consoles do not come back at once.
    retry = setTimeout(open, delay * (0.5 + Math.random() / 2));
    delay = Math.min(delay * 2, MAX_DELAY_MS);
  };

  const stop = () => {
    stopped = true;
    clearTimeout(retry);
    clearInterval(pings);
    const last = socket;
    socket = null;
    last?.close(1000, "the daemon stops this console");
  };

  open();
  return {
    send(frame) {
      if (socket?.readyState !== OPEN) return false;
      socket.send(frame);
      return true;
    },
    stop,
  };
}

import { CLOSE, isFinalClose } from "../../../protocol/closeCodes.ts";
import { PING_INTERVAL_MS, SILENCE_LIMIT_MS } from "../../../protocol/limits.ts";
import type { Session } from "../../../protocol/session.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import type { ApiAccess } from "../callApi.ts";
import type { Context } from "../context.ts";
import { findSession } from "../findSession.ts";
import type { AttachArgs } from "../invocation.ts";
import { targetOf } from "../targetOf.ts";
import { readKeys } from "../attach/attachKeys.ts";
import { viewConsole } from "../attach/viewConsole.ts";
import type { CommandSpec } from "../CommandSpec.ts";
import { TARGET_OPTIONS, readTarget } from "../readValues.ts";

/** `signalbox attach` on the command line. */
export const attachSpec: CommandSpec = {
  usage: "SESSION [--fit]",
  summary: "open a session's terminal here; Ctrl-] leaves it",
  details: "SESSION is an id, the beginning or end of one, or a title.",
  options: {
    fit: { type: "boolean", help: "give the pane the size of this terminal" },
    ...TARGET_OPTIONS,
  },
  words: { least: 1, most: 1 },
  read: (values, [session = ""]) => ({
    command: "attach",
    args: { ...readTarget(values), session, fit: values["fit"] === true },
  }),
};

const RETRY_MS = 1_000;
/** Undoes what a program may have done to the terminal: alternate screen, mouse, paste mode, cursor, colours. */
const RESTORE =
  "\u001b[?1049l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?1l\u001b>\u001b[?25h\u001b[0m";

/** `signalbox attach`. */
export async function attach(args: AttachArgs, context: Context): Promise<number> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new Sentence("`attach` needs a terminal. For programs there is `send` and the API.");
  const api = targetOf(args, context);
  const session = await findSession(api, args.session);
  if (session.pane === null) throw new Sentence(`${session.title} has no terminal.`);
  context.note(`Attached to ${session.title}. Ctrl-] leaves it.`);
  stdin.setRawMode(true);
  try {
    const { end, code } = await viewUntilEnd(api, session, args.fit);
    stdout.write(`${RESTORE}\r\n`);
    context.note(end);
    return code;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

type End = { end: string; code: number };

/** Shows the console until the person leaves or the pane ends; a lost connection is made again. */
function viewUntilEnd(api: ApiAccess, session: Session, fit: boolean): Promise<End> {
  const { stdin, stdout } = process;
  const { promise, resolve } = Promise.withResolvers<End>();
  const url = new URL(`/api/sessions/${session.id}/console`, api.url);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  let socket: WebSocket | null = null;
  let view: ReturnType<typeof viewConsole> | null = null;
  let retry: NodeJS.Timeout | undefined;
  let heard = Date.now();

  function open(): void {
    const current = new WebSocket(url, { headers: { authorization: `Bearer ${api.token}` } });
    current.binaryType = "arraybuffer";
    socket = current;
    heard = Date.now();
    const viewer = viewConsole(
      {
        draw: (bytes, drawn) => stdout.write(bytes, () => drawn()),
        note(note) {
          if (note.state === "ended") finish({ end: `The session ended: ${note.reason}`, code: EXIT.ok });
          else if (note.state !== "live") title(`${session.title}: ${note.reason}`);
          else title(session.title);
        },
      },
      (frame) => {
        // The copy has a plain buffer of its own, which is what the socket takes.
        if (current.readyState === WebSocket.OPEN) current.send(new Uint8Array(frame));
      },
    );
    current.addEventListener("open", () => {
      view = viewer;
      sayTheSize();
    });
    current.addEventListener("message", ({ data }) => {
      heard = Date.now();
      if (socket === current && data instanceof ArrayBuffer) viewer.receive(data);
    });
    current.addEventListener("error", () => {}); // the close that follows says it
    current.addEventListener("close", ({ code, reason }) => {
      if (socket !== current) return;
      socket = view = null;
      if (isFinalClose(code) || code === CLOSE.malformed) {
        return finish({ end: reason || `The connection was refused (${code}).`, code: EXIT.failed });
      }
      title(`${session.title}: connection lost, trying again`);
      retry = setTimeout(open, RETRY_MS);
    });
  }

  function sayTheSize(): void {
    if (fit) view?.resize(stdout.columns, stdout.rows);
  }
  function title(text: string): void {
    stdout.write(`\u001b]2;${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "")}\u0007`);
  }
  const type = (bytes: Buffer) => {
    const { input, leave } = readKeys(bytes);
    if (input.length > 0) view?.type(input);
    if (leave) finish({ end: `Left ${session.title}; it goes on.`, code: EXIT.ok });
  };
  const alive = setInterval(() => {
    if (socket?.readyState === WebSocket.OPEN) socket.send("ping");
    if (Date.now() - heard > SILENCE_LIMIT_MS) socket?.close();
  }, PING_INTERVAL_MS);

  let finished = false;
  function finish(end: End): void {
    if (finished) return;
    finished = true;
    clearInterval(alive);
    clearTimeout(retry);
    stdin.off("data", type);
    stdout.off("resize", sayTheSize);
    const last = socket;
    socket = null;
    last?.close();
    resolve(end);
  }

  stdin.on("data", type);
  stdout.on("resize", sayTheSize);
  open();
  return promise;
}

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import type { RequestEnd } from "../../../protocol/requests.ts";
import type { AgentConfig } from "../../config.ts";
import { failed, type Log, type Outlet, type Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import type { AgentPanes, PaneAccess, SeenScreen, WatchedPane } from "../../tmux/tmuxPart.ts";
import { decided, openRequestStore, type StoredRequest } from "../requests/openRequestStore.ts";
import { looksLikePrompt, mayAsk, runsViewer } from "./mayAsk.ts";
import { promptRequest } from "./promptRequest.ts";
import { awaitsEnter, type Keys, type Prompt, recognisePrompt } from "./recognisePrompt.ts";

export type KeystrokesDeps = {
  policy: AgentConfig["keystrokes"];
  store: Store;
  outlet: Outlet;
  panes: AgentPanes & Pick<PaneAccess, "paneState">;
  /** Whether Claude Code's hook tells what it asks. */
  claudeHook: () => boolean;
  log: Log;
  /** For tests. */
  takeMs?: number;
};

const REQUESTER = "keystrokes";
/** A prompt that stands still for so long is one. */
const STILL_MS = 400;
/** After an answer the screen is looked at so often, for so long. */
const LOOK_MS = 100;
const TAKE_MS = 5_000;
/** A choice that its number did not take at once gets Enter after this. */
const ENTER_MS = 600;
/** A screen may change between the look and the key. */
const MOST_TRIES = 3;
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

const StoredKeys = z.object({ text: z.string(), choice: z.number().nullable() });
const Asked = z.object({
  program: z.string(),
  prompt: z.object({
    question: z.string(),
    excerpt: z.array(z.string()),
    fingerprint: z.string(),
    allow: StoredKeys,
    deny: StoredKeys,
  }),
});
type Request = StoredRequest<z.infer<typeof Asked>>;

/**
 * Prompts on the screens of panes whose program tells nothing by itself. One that stands still becomes a request; its
 * answer is typed only while the very same prompt is shown, once, and what became of it is read off the screen.
 */
export function startKeystrokes(deps: KeystrokesDeps): Part {
  const { policy, store, outlet, panes, log, takeMs = TAKE_MS } = deps;
  const requests = openRequestStore(store, REQUESTER, Asked);
  const otherRequest = store.db.prepare(
    "SELECT 1 FROM agent_requests WHERE session = ? AND ended IS NULL AND requester <> ?",
  );
  /** Screens that were looked at closely and hold no prompt. */
  const dismissed = new Map<string, string>();
  /** When the prompt of a session was last seen to be shown. */
  const seenAt = new Map<string, number>();
  /** Sessions that are just being looked at or typed into. */
  const busy = new Set<string>();
  const stopping = new AbortController();

  // Keys of an earlier process may have been typed or not: they are never typed again, and a prompt that is still
  // shown asks anew. The edge is told by the command's own end that nobody knows.
  for (const { id, decision } of requests.open()) if (decision !== null) requests.end(id, "gone", Date.now());
  requests.prune(Date.now() - KEEP_MS);

  /** The agent asks by another way, or can. */
  function asksOtherwise({ session, agent, tells }: WatchedPane): boolean {
    if (tells || otherRequest.get(session, REQUESTER) !== undefined) return true;
    return agent === "claude" && deps.claudeHook();
  }

  function finish({ id, session }: Request, end: RequestEnd): void {
    const also = () => void requests.end(id, end, Date.now());
    // A full journal: the next look tries again.
    if (!outlet.put([{ kind: "request_ended", session, request: id, end }], also)) return;
    panes.prompted(session, null);
  }

  /** Does what takes a moment, one thing at a time in a session. */
  function start(session: string, work: () => Promise<void>): void {
    busy.add(session);
    work()
      .catch((error: unknown) => log("error", "A prompt could not be looked at.", { error: String(error) }))
      .finally(() => busy.delete(session));
  }

  function look(): void {
    const watched = panes.watched();
    const live = new Map(watched.map((pane) => [pane.session, pane]));
    const open = new Map(requests.open().map((request) => [request.session, request]));
    for (const [session, request] of open) {
      const pane = live.get(session);
      if (busy.has(session) || request.decision !== null) continue;
      if (pane === undefined) {
        const { state } = panes.paneState(session);
        if (state === "ended" || state === "unknown") finish(request, "gone");
      } else if (pane.agent === "shell") finish(request, "stale");
      else if (!mayAsk(pane, policy)) finish(request, "gone");
      else if (asksOtherwise(pane)) finish(request, "gone");
      // tmux tells activity in whole seconds.
      else if (pane.activeAt + 1_000 > (seenAt.get(session) ?? 0)) start(session, () => recheck(request));
    }
    for (const pane of watched) {
      const { session, text } = pane;
      if (open.has(session) || busy.has(session) || text === null || !mayAsk(pane, policy)) continue;
      if (dismissed.get(session) === text || !looksLikePrompt(text) || asksOtherwise(pane)) continue;
      dismissed.set(session, text);
      start(session, () => examine(pane));
    }
    for (const known of [dismissed, seenAt])
      for (const session of known.keys()) if (!live.has(session)) known.delete(session);
  }

  /** The prompt that a pane shows, if it is its program's and stands still. */
  async function stillPrompt({ session, program }: WatchedPane): Promise<Prompt | null> {
    const first = await panes.see(session);
    if (first === null || first.program !== program) return null;
    const prompt = recognisePrompt(first);
    if (prompt === null) return null;
    await sleep(STILL_MS);
    const second = await panes.see(session);
    const still = second !== null && second.state === first.state && isShown(prompt, program, second);
    if (!still) dismissed.delete(session); // it moves: the next look sees
    return still ? prompt : null;
  }

  async function examine(pane: WatchedPane): Promise<void> {
    const { session, program } = pane;
    if (runsViewer(pane, await panes.foreground(session))) return;
    const prompt = await stillPrompt(pane);
    if (prompt === null || stopping.signal.aborted || asksOtherwise(pane)) return;
    const id = `screen_${randomUUID()}`;
    const createdAt = Date.now();
    const add = () => requests.add({ id, session, asked: { program, prompt }, createdAt });
    const request = promptRequest(id, prompt, pane);
    dismissed.delete(session); // the same prompt again is another request
    if (!outlet.put([{ kind: "request", session, request }], add)) return;
    seenAt.set(session, createdAt);
    panes.prompted(session, "prompt on the screen");
  }

  async function recheck(request: Request): Promise<void> {
    const { session, asked } = request;
    const at = Date.now();
    const shown = async () => {
      const seen = await panes.see(session);
      return seen === null || isShown(asked.prompt, asked.program, seen);
    };
    // A program that draws its screen anew is given a moment.
    if (!(await shown()) && (await sleep(STILL_MS), !(await shown()))) {
      // What is being answered goes by that.
      if (!stopping.signal.aborted && requests.get(request.id)?.decision === null) finish(request, "stale");
      return;
    }
    seenAt.set(session, at);
    panes.prompted(session, "prompt on the screen");
  }

  /** Types the answer while the prompt is shown, and watches it go; null when it does not. */
  async function answer({ session, asked }: Request, keys: Keys): Promise<RequestEnd | null> {
    const { program, prompt } = asked;
    const before = await pressWhileShown(session, asked, keys);
    if (before === null) return "stale";
    let entered = false;
    let gone = 0;
    for (let waited = 0; waited < takeMs && !stopping.signal.aborted; waited += LOOK_MS) {
      await sleep(LOOK_MS);
      const now = await panes.see(session);
      if (now !== null && awaitsEnter(before, keys, now)) {
        gone = 0;
        if (waited < ENTER_MS || entered) continue;
        entered = (await panes.pressOn(session, now, Buffer.from("\r"))).ok;
      } else if (now === null || !isShown(prompt, program, now)) {
        if (++gone > 1) return "applied";
      } else gone = 0;
    }
    return null;
  }

  /** The screen that the keys were typed on; null when the prompt was not there any more. */
  async function pressWhileShown(
    session: string,
    { program, prompt }: Request["asked"],
    keys: Keys,
  ): Promise<SeenScreen | null> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const seen = await panes.see(session);
      if (seen === null || !isShown(prompt, program, seen)) return null;
      // Where it writes at this very moment nothing was typed.
      if ((await panes.pressOn(session, seen, Buffer.from(keys.text))).ok) return seen;
    }
    return null;
  }

  async function decide(command: CommandOf<"decide">, session: string): Promise<CommandResult> {
    const over = requests.endOf(command.request);
    if (over !== null) return decided(over);
    const request = requests.get(command.request);
    if (request === null || request.session !== session || request.decision !== null)
      return failed("no_such_request", "This host does not know the request.");
    const { prompt } = request.asked;
    requests.decide(request.id, command, Date.now());
    busy.add(session);
    const end = await answer(request, command.allow ? prompt.allow : prompt.deny).finally(() =>
      busy.delete(session),
    );
    requests.end(request.id, end ?? "gone", Date.now());
    panes.prompted(session, null);
    return end === null ? UNKNOWN : decided(end);
  }

  const stopLooking = panes.onLook(look);
  return {
    handles: (command) => command.type === "decide" && requests.knows(command.request),
    async run(command, { session }) {
      if (command.type !== "decide") return failed("not_here", `${command.type} is not for a prompt.`);
      return decide(command, session);
    },
    async stop() {
      stopping.abort();
      stopLooking();
    },
  };
}

function isShown({ fingerprint }: Prompt, program: string, seen: SeenScreen): boolean {
  return seen.program === program && recognisePrompt(seen)?.fingerprint === fingerprint;
}

const UNKNOWN: CommandResult = {
  status: "indeterminate",
  message: "The keys were pressed, but the prompt is still shown. Look at the terminal.",
};

import type { EventBody } from "../../../protocol/events.ts";
import { end, hear, newTalk } from "../opencode/opencodeTalk.ts";
import type { OpencodeEvent, WholeMessage } from "../opencode/opencodeWire.ts";
import type { PaneTalk } from "./talkStore.ts";

/** Conversations of one terminal that are remembered. */
const MAX_TALKS = 10;

/** An event of a conversation in a pane; what comes of it is added to `events`. */
export function hearPane(
  before: PaneTalk,
  thread: string,
  event: OpencodeEvent,
  events: EventBody[],
): PaneTalk {
  const known = before.talks.find(({ talk }) => talk.thread === thread);
  const { talk, settled } = known ?? {
    talk: newTalk({ thread, turn: before.turn, prefix: "", hears: true, model: null }),
    settled: "",
  };
  // Turns are counted over all that is said in the pane.
  const after = hear(talk.running ? talk : { ...talk, turn: before.turn }, event, events);
  const newest = event.type === "message.updated" ? event.properties.info.id : null;
  const last = newest === null || newest < settled ? settled : newest;
  const others = before.talks.filter((each) => each !== known);
  return {
    turn: Math.max(before.turn, after.turn),
    talks: [...others, { talk: after, settled: after.running ? settled : last }].slice(-MAX_TALKS),
  };
}

/** What was said while nobody listened: messages as the server has them, oldest first; what was told is not told again. */
export function catchUp(
  before: PaneTalk,
  thread: string,
  messages: readonly WholeMessage[],
  busy: boolean,
  events: EventBody[],
): PaneTalk {
  const settled = before.talks.find(({ talk }) => talk.thread === thread)?.settled ?? "";
  let state = before;
  for (const { info, parts } of messages) {
    if (info.id <= settled) continue;
    if (info.role === "user") state = endTurn(state, thread, events);
    state = hearPane(state, thread, { type: "message.updated", properties: { info } }, events);
    for (const part of parts) {
      const of = { sessionID: info.sessionID, messageID: info.id };
      const event = { type: "message.part.updated" as const, properties: { part: { ...of, ...part } } };
      state = hearPane(state, thread, event, events);
    }
  }
  if (!busy) return endTurn(state, thread, events);
  const properties = { sessionID: thread, status: { type: "busy" } };
  return hearPane(state, thread, { type: "session.status", properties }, events);
}

/** Its end went by unseen. */
function endTurn(before: PaneTalk, thread: string, events: EventBody[]): PaneTalk {
  return {
    ...before,
    talks: before.talks.map(({ talk, settled }) => {
      if (talk.thread !== thread || !talk.running) return { talk, settled };
      const over = { ...talk };
      end(over, events);
      const newest = talk.roles.at(-1)?.id ?? settled;
      return { talk: over, settled: newest > settled ? newest : settled };
    }),
  };
}

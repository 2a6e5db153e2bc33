import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { EventBody, Item } from "../../../../protocol/events.ts";
import type { Asked, Begin, Step } from "../../owned/adapter.ts";
import { acpAdapter } from "../acpAdapter.ts";
import type { AcpState } from "../acpState.ts";

const Entry = z.object({
  dir: z.enum([">>", "<<", "--"]),
  msg: z.looseObject({ method: z.string().optional() }),
});
const Prompt = z.looseObject({
  params: z.looseObject({ prompt: z.array(z.looseObject({ text: z.string() })) }),
});
const Answer = z.looseObject({ result: z.looseObject({ outcome: z.looseObject({ optionId: z.string() }) }) });

export const BEGIN: Begin = {
  session: "ses_1",
  run: 1,
  turn: 0,
  cwd: "/work",
  program: "some",
  model: null,
  mode: null,
  effort: null,
  agentType: null,
  thread: null,
  fork: false,
};

/** What came of a conversation so far. */
export type Told = Omit<Step<AcpState>, "sends"> & { sends: unknown[] };

/** A conversation with the adapter: what comes of each step is added up. */
export function converse(begin: Partial<Begin> = {}) {
  const told: Told = { ...acpAdapter.begin({ ...BEGIN, ...begin }), sends: [] };
  add(acpAdapter.begin({ ...BEGIN, ...begin }));
  function add(step: Step<AcpState> | null): boolean {
    if (step === null) return false;
    told.state = acpAdapter.state.parse(JSON.parse(JSON.stringify(step.state)));
    told.events.push(...step.events);
    told.sends.push(...step.sends.map((line): unknown => JSON.parse(line)));
    told.asks.push(...step.asks);
    told.over.push(...step.over);
    return true;
  }
  return {
    told,
    line: (message: object | string) =>
      add(acpAdapter.line(told.state, typeof message === "string" ? message : JSON.stringify(message))),
    prompt: (text: string, id = `p${told.state.turn + 1}`) =>
      add(acpAdapter.prompt(told.state, { id, text })),
    interrupt: () => add(acpAdapter.interrupt(told.state)),
    decide: (asked: Asked | undefined, allow: boolean, input?: Record<string, unknown>) =>
      add(
        acpAdapter.decide(told.state, asked?.asked ?? {}, {
          type: "decide",
          request: asked?.request.id ?? "",
          allow,
          ...(input === undefined ? {} : { input }),
        }),
      ),
    setMode: (mode: string) => add(acpAdapter.setMode(told.state, mode)),
    setModel: (model: string) => add(acpAdapter.setModel(told.state, model)),
    died: (why: string) => add(acpAdapter.died(told.state, why)),
  };
}

function recorded(agent: string): z.infer<typeof Entry>[] {
  const text = readFileSync(join(import.meta.dirname, `../fixtures/${agent}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => Entry.parse(JSON.parse(line)));
}

/** What came of a recorded conversation when it was loaded again. */
export function loadedAgain(agent: string, begin: Partial<Begin>): Told {
  const conversation = converse({ thread: "again", ...begin });
  const entries = recorded(agent);
  const hello = entries.find(({ dir }) => dir === "<<");
  conversation.line(hello?.msg ?? "");
  const at = entries.findIndex(({ dir, msg }) => dir === ">>" && msg.method === "session/load");
  for (const { dir, msg } of entries.slice(at))
    if (dir === "<<") conversation.line("result" in msg ? { ...msg, id: 2 } : msg);
  return conversation.told;
}

/** The adapter in the place of the client of a recorded conversation, up to what only that one asked. */
export function replay(agent: string, begin: Partial<Begin> = {}): Told {
  const conversation = converse(begin);
  const { told } = conversation;
  for (const { dir, msg } of recorded(agent)) {
    if (dir === "--" || msg.method === "session/list" || (dir === ">>" && msg.method === "session/load"))
      break;
    if (dir === "<<") conversation.line(msg);
    else if (msg.method === "session/prompt")
      conversation.prompt(
        Prompt.parse(msg)
          .params.prompt.map((part) => part.text)
          .join(),
      );
    else if (msg.method === "session/cancel") conversation.interrupt();
    else if (msg.method === undefined && "result" in msg) {
      const chosen = Answer.safeParse(msg).data?.result.outcome.optionId;
      if (chosen !== undefined) conversation.decide(told.asks.at(-1), !/reject|cancel/.test(chosen));
    }
  }
  return told;
}

/** The cards of a conversation as they are in the end. */
export function itemsOf(events: readonly EventBody[]): Item[] {
  const byId = new Map<string, Item>();
  for (const event of events) if (event.type === "item") byId.set(event.id, event.item);
  return [...byId.values()];
}

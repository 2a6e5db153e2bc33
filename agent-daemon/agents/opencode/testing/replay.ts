import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { CommandOf } from "../../../../protocol/commands.ts";
import type { Asked, Begin, Step } from "../../owned/adapter.ts";
import { opencodeAdapter } from "../opencodeAdapter.ts";

type State = ReturnType<typeof opencodeAdapter.begin>["state"];
export type Told = Omit<Step<State>, "sends"> & { sends: z.infer<typeof Sent>[] };

const Sent = z.looseObject({
  ask: z.number(),
  method: z.string(),
  path: z.string(),
  body: z.unknown().optional(),
});
const Entry = z.object({
  dir: z.enum(["SSE", ">>", "<<"]),
  msg: z.looseObject({
    POST: z.string().optional(),
    status: z.number().optional(),
    body: z.unknown().optional(),
  }),
});
const Parts = z.looseObject({ parts: z.array(z.looseObject({ text: z.string() })) });
const Reply = z.looseObject({ reply: z.string().optional(), message: z.string().optional() });

const BEGIN: Begin = {
  session: "ses_1",
  run: 1,
  turn: 0,
  cwd: "/work/oc",
  program: null,
  model: null,
  mode: null,
  effort: null,
  agentType: null,
  thread: null,
  fork: false,
};

/** A conversation with the adapter: what comes of each step is added up. */
export function converse(begin: Partial<Begin> = {}) {
  const first = opencodeAdapter.begin({ ...BEGIN, ...begin });
  const told: Told = { state: first.state, events: [], sends: [], asks: [], over: [], quit: false };
  function add(step: Step<State> | null): boolean {
    if (step === null) return false;
    told.state = opencodeAdapter.state.parse(JSON.parse(JSON.stringify(step.state)));
    told.events.push(...step.events);
    told.sends.push(...step.sends.map((line) => Sent.parse(JSON.parse(line))));
    told.asks.push(...step.asks);
    told.over.push(...step.over);
    return true;
  }
  add(first);
  return {
    told,
    line: (line: object | string) =>
      add(opencodeAdapter.line(told.state, typeof line === "string" ? line : JSON.stringify(line))),
    event: (type: string, properties: object = {}) =>
      add(opencodeAdapter.line(told.state, JSON.stringify({ event: { type, properties } }))),
    prompt: (text: string, id = `p${told.state.turn + 1}`) =>
      add(opencodeAdapter.prompt(told.state, { id, text })),
    interrupt: () => add(opencodeAdapter.interrupt(told.state)),
    decide: (asked: Asked | undefined, decision: Omit<CommandOf<"decide">, "type" | "request">) =>
      add(
        opencodeAdapter.decide(told.state, asked?.asked ?? {}, {
          type: "decide",
          request: asked?.request.id ?? "",
          ...decision,
        }),
      ),
    setModel: (model: string) => add(opencodeAdapter.setModel(told.state, model)),
    died: (why: string) => add(opencodeAdapter.died(told.state, why)),
  };
}

/** The adapter in the place of the client of the recorded conversation. */
export function replay(): Told {
  const text = readFileSync(join(import.meta.dirname, "../fixtures/serve.jsonl"), "utf8");
  const conversation = converse();
  const { told } = conversation;
  for (const line of text.trim().split("\n")) {
    const { dir, msg } = Entry.parse(JSON.parse(line));
    if (dir === "SSE") conversation.line({ event: msg });
    else if (msg.POST === undefined) continue;
    else if (dir === "<<")
      conversation.line({ answer: told.sends.at(-1)?.ask, status: msg.status, body: msg.body });
    else if (msg.POST.endsWith("/prompt_async"))
      conversation.prompt(Parts.parse(msg.body).parts[0]?.text ?? "");
    else if (msg.POST.endsWith("/abort")) conversation.interrupt();
    else if (msg.POST.startsWith("/question/"))
      conversation.decide(told.asks.at(-1), { allow: true, input: { answers: { "Colour?": "blue" } } });
    else if (/permission/.test(msg.POST)) {
      const { reply, message } = Reply.parse(msg.body);
      conversation.decide(told.asks.at(-1), { allow: reply !== "reject", ...(message ? { message } : {}) });
    }
  }
  return told;
}

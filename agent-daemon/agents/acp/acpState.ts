import * as z from "zod";
import { AgentState, type Step, step } from "../owned/adapter.ts";
import { AcpCall } from "./acpCall.ts";
import { RpcId } from "./acpWire.ts";
import { AskedOptions } from "./acpRequest.ts";

/** How an agent is told the model or the mode: agents differ, and say so when a conversation opens. */
export const Way = z.discriminatedUnion("by", [
  z.object({ by: z.literal("option"), id: z.string() }),
  z.object({ by: z.literal("method") }),
]);
export type Way = z.infer<typeof Way>;

/** What is being said, until something else comes. */
export const Speech = z.object({
  id: z.string(),
  by: z.enum(["user_message", "message", "reasoning"]),
  /** The agent's own name of the message, where it has one. */
  message: z.string().nullable(),
  text: z.string(),
  /** Bytes that were too many to keep. */
  lost: z.number().int(),
  /** Characters of it that are told. */
  told: z.number().int(),
});
export type Speech = z.infer<typeof Speech>;

/** A call that goes on, and what of it is told: everything but its output, and how much of that. */
export const OpenCall = z.object({
  call: AcpCall,
  told: z.object({ head: z.string(), output: z.number().int() }).nullable(),
});
export type OpenCall = z.infer<typeof OpenCall>;

/** A request that the agent waits with, and what `decide` gets back to answer it. */
export const OpenAsk = z.object({ request: z.string(), rpc: RpcId, call: z.string(), options: AskedOptions });
export type OpenAsk = z.infer<typeof OpenAsk>;

/** Everything that is remembered of a conversation from one line to the next. */
export const AcpState = z.object({
  ...AgentState.shape,
  session: z.string(),
  run: z.number().int(),
  cwd: z.string(),
  /** What the conversation shall begin with; then, what it has. */
  model: z.string().nullable(),
  mode: z.string().nullable(),
  ways: z.object({ model: Way.nullable(), mode: Way.nullable() }),
  /** Our requests that are not answered yet. */
  waiting: z.array(z.object({ id: z.number().int(), method: z.string(), value: z.string().nullable() })),
  /** Our requests, the agent's questions, and what was said, so far. */
  count: z.object({ rpc: z.number().int(), asks: z.number().int(), speeches: z.number().int() }),
  /** An earlier conversation is told again by the agent: unless the log has it, it is taken over. */
  replay: z.enum(["skip", "tell"]).nullable(),
  /** The conversation that is named is copied. */
  fork: z.boolean(),
  /** How one signs in without a person, and the names of all the ways. */
  signIn: z.object({ method: z.string().nullable(), names: z.array(z.string()) }),
  /** Why nothing can be said to it. */
  broken: z.string().nullable(),
  said: Speech.nullable(),
  calls: z.array(OpenCall),
  /** Calls that are over: what still comes of them is not told. */
  done: z.array(z.string()),
  asks: z.array(OpenAsk),
});
export type AcpState = z.infer<typeof AcpState>;

/** A step in the making. What `state` holds is replaced, never changed: it may be that of the step before. */
export type Draft = Step<AcpState>;

/** A step that begins where the last one ended. */
export function draft(before: AcpState): Draft {
  return step({ ...before });
}

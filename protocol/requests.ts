import * as z from "zod";
import { Provider } from "./session.ts";
import { ToolScope } from "./toolScope.ts";

/** Longest input of a request that an approval shows; a longer one is cut, and cannot be edited. */
export const MAX_REQUEST_INPUT = 64 * 1024;

/** A question that an agent asks; the answers go back by its text. */
export const AgentQuestion = z.object({
  question: z.string().max(4000),
  header: z.string().max(200).nullable(),
  options: z
    .array(z.object({ label: z.string().max(500), description: z.string().max(2000).nullable() }))
    .max(50),
  /** Several options may be chosen. */
  many: z.boolean(),
});
export type AgentQuestion = z.infer<typeof AgentQuestion>;

/**
 * What a requester can do with a decision, beside allowing it once and denying it. `remember`: it does not ask for the
 * same again, until it ends or for as long as `remembers` says; `interrupt`: it stops what it does.
 */
export const DecisionOffer = z.enum(["edit", "message", "remember", "interrupt"]);
export type DecisionOffer = z.infer<typeof DecisionOffer>;

/** The input of a request that was read off a terminal's screen: see `unverified`. */
export const ScreenPrompt = z.strictObject({
  /** The program in the foreground. */
  program: z.string(),
  /** The lines of the screen that ask. */
  screen: z.string(),
  /** What is typed for either answer; Enter follows where the prompt waits for it. */
  keys: z.strictObject({ allow: z.string(), deny: z.string() }),
});
export type ScreenPrompt = z.infer<typeof ScreenPrompt>;

/** A privileged act, or a question, that a coding agent waits with. The same `id` again is the same request. */
export const AgentRequest = z.object({
  id: z.string().min(1).max(200),
  /** Never a chat: those are the edge's own. */
  requester: Provider.exclude(["edge"]),
  tool: z.string().min(1).max(100),
  scope: ToolScope,
  /** JSON text, cut to {@link MAX_REQUEST_INPUT}; the hash is of all of it. */
  input: z.string().max(MAX_REQUEST_INPUT),
  input_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  summary: z.string().max(500),
  touches: z.array(z.string().max(500)).max(50),
  questions: z.array(AgentQuestion).max(20).optional(),
  offers: z.array(DecisionOffer),
  /** What it would remember, in words, where the agent tells. */
  remembers: z.string().max(500).optional(),
  /** Recognised on the screen and answered with keys: nobody but the screen vouches for it. */
  unverified: z.boolean().optional(),
});
export type AgentRequest = z.infer<typeof AgentRequest>;

/** How a request ended on the host. `stale`: answered elsewhere (at the terminal); `gone`: its agent ended or gave it up. */
export const RequestEnd = z.enum(["applied", "stale", "gone"]);
export type RequestEnd = z.infer<typeof RequestEnd>;

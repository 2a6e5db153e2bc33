import * as z from "zod";

/** How a program ended. `leftovers`: what it had started and left behind, which is ended with it. */
export const ProgramEnd = z.object({
  why: z.enum(["ended", "timeout", "aborted"]),
  code: z.number().nullable(),
  signal: z.string().nullable(),
  text: z.string(),
  cut: z.number(),
  leftovers: z.object({ found: z.number(), remain: z.array(z.number()) }),
});
export type ProgramEnd = z.infer<typeof ProgramEnd>;

/** What a call to run a program came to. */
export const Outcome = z.discriminatedUnion("status", [
  /** It never ran; `code` is the operating system's. */
  z.object({
    status: z.literal("unstarted"),
    program: z.string(),
    code: z.string(),
    message: z.string(),
  }),
  z.object({ status: z.literal("ended"), end: ProgramEnd, timeout_ms: z.number() }),
  /** It ran, and nobody saw how it ended. */
  z.object({ status: z.literal("lost") }),
]);
export type Outcome = z.infer<typeof Outcome>;

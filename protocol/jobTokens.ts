import * as z from "zod";

/** Tokens that a job used. */
export const JobTokens = z.object({
  input: z.number().int(),
  cached: z.number().int(),
  output: z.number().int(),
});
export type JobTokens = z.infer<typeof JobTokens>;

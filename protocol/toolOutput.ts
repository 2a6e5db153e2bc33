import * as z from "zod";

/** What a tool gives back, as the model and the card get it. `ok` false: the tool ran and says that it failed. */
export const ToolOutput = z.object({
  ok: z.boolean(),
  text: z.string(),
  /** Bytes that were cut from the text. */
  cut: z.number().int(),
  exit_code: z.number().int().nullable().optional(),
});
export type ToolOutput = z.infer<typeof ToolOutput>;

import * as z from "zod";
import { StepKind, StepScope } from "../../../protocol/runs.ts";

/** What the sandbox says to its run at once. It comes from a script's neighbourhood: nothing of it is trusted. */
export const Batch = z.object({
  items: z
    .array(
      z.discriminatedUnion("type", [
        z.object({
          type: z.literal("call"),
          id: z.number().int(),
          kind: StepKind,
          spec: z.unknown(),
          /** See {@link RunStep}; of other calls, by their ids. */
          scope: StepScope.optional(),
          after: z.array(z.number().int()).max(20_000).optional(),
        }),
        z.object({
          type: z.literal("note"),
          kind: z.enum(["log", "phase", "error"]),
          text: z.string().max(10_000),
        }),
      ]),
    )
    .max(20_000),
  /** More follows at once. */
  more: z.boolean(),
});
export type Batch = z.infer<typeof Batch>;
export type Call = Extract<Batch["items"][number], { type: "call" }>;
export type Note = Extract<Batch["items"][number], { type: "note" }>;

/** What the run answers: calls that are settled, in the order in which they were. `pause`: the script is run again later. */
export type Answers = {
  answers: { id: number; value?: unknown; error?: string; spent: number }[];
  pause?: true;
};

const Notes = z.array(
  z.object({
    type: z.literal("note"),
    kind: z.enum(["log", "phase", "error"]),
    text: z.string().max(10_000),
  }),
);

/** How the script's sandbox ended. `result` is JSON text. */
export const SandboxEnd = z.discriminatedUnion("type", [
  z.object({ type: z.literal("paused") }),
  z.object({ type: z.literal("done"), result: z.string(), notes: Notes }),
  z.object({
    type: z.literal("failed"),
    message: z.string().max(10_000),
    line: z.number().int().nullable(),
    notes: Notes,
  }),
]);
export type SandboxEnd = z.infer<typeof SandboxEnd>;

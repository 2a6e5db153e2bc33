import * as z from "zod";
import { WorkflowMeta } from "../../../protocol/runs.ts";

const MOST_PHASES = 100;

/** Words that are only shown: what is too long is cut, and what is none is left out. */
const shown = (most: number) =>
  z
    .string()
    .transform((text) => text.slice(0, most))
    .optional()
    .catch(undefined);

const Phase = z
  .object({
    title: z
      .string()
      .min(1)
      .transform((text) => text.slice(0, 200)),
    detail: shown(2000),
    model: shown(200),
  })
  .nullable()
  .catch(null);

const Written = z.looseObject({
  description: z.string().transform((text) => text.slice(0, 2000)),
  whenToUse: shown(4000),
  phases: z.array(Phase).optional().catch(undefined),
  // A schema of ours; elsewhere the word says nothing, and may stand for anything.
  args: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

/** What a script says of itself. Only its name and description must be right, as Claude Code has it. */
export function readMeta(literal: unknown): z.ZodSafeParseResult<WorkflowMeta> {
  const written = Written.safeParse(literal);
  // What is wrong is said by the schema that the meta must fit in the end.
  if (!written.success) return WorkflowMeta.safeParse(literal);
  const phases = written.data.phases?.flatMap((phase) => phase ?? []).slice(0, MOST_PHASES);
  return WorkflowMeta.safeParse({ ...written.data, phases });
}

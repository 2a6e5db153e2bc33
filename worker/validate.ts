import { zValidator } from "@hono/zod-validator";
import type { ValidationTargets } from "hono";
import type * as z from "zod";
import { Problem } from "./problem.ts";

/** Parses a part of the request by a schema; what does not fit is answered with 400 and what is wrong where. */
export function validate<T extends z.ZodType, Target extends keyof ValidationTargets>(
  target: Target,
  schema: T,
) {
  return zValidator(target, schema, (result) => {
    if (result.success) return;
    const details = result.error.issues.map((issue) => `${issue.path.join(".") || target}: ${issue.message}`);
    throw new Problem(400, "invalid", `The request is not valid: ${details[0]}.`, details);
  });
}

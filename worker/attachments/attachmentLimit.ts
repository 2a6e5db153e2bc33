import { DEFAULT_ATTACHMENT_BYTES } from "../../protocol/limits.ts";
import type { Env } from "../../durable-objects/shared/env.ts";

/** Largest file that a chat takes, in bytes; what is no number is as if it were not set. */
export function attachmentLimit({ ATTACHMENT_MAX_BYTES }: Pick<Env, "ATTACHMENT_MAX_BYTES">): number {
  const said = Number(ATTACHMENT_MAX_BYTES?.trim() || Number.NaN);
  return Number.isSafeInteger(said) && said > 0 ? said : DEFAULT_ATTACHMENT_BYTES;
}

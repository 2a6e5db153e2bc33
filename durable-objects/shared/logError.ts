import { DrizzleQueryError } from "drizzle-orm";
import { redact } from "../../protocol/redact.ts";

/** Logs what went wrong without what was being written: a failed query carries its values, and they may be secrets. */
export function logError(what: string, error: unknown): void {
  const cause = error instanceof DrizzleQueryError ? (error.cause ?? "a query failed") : error;
  console.error(what, redact(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)));
}

import * as z from "zod";
import { redact } from "../../../protocol/redact.ts";

const PermissionUpdate = z.looseObject({
  type: z.literal("addRules"),
  rules: z.array(z.looseObject({ toolName: z.string(), ruleContent: z.string().optional() })).min(1),
  behavior: z.literal("allow"),
  destination: z.string(),
});
/** A change of Claude's own permissions, as Claude suggests and takes it. */
export type PermissionUpdate = z.infer<typeof PermissionUpdate>;

const DESTINATIONS: Record<string, string> = {
  session: "until it ends",
  localSettings: "in the project's settings for this machine",
  projectSettings: "in the project's settings",
  userSettings: "in its settings for every project",
};

/**
 * Of what Claude suggests with a request, the rules that spare it asking for the same again. Another mode would let
 * through more than was asked, and another directory alone spares nothing.
 */
export function permissionUpdates(suggestions: unknown[] = []): PermissionUpdate[] {
  return suggestions.flatMap((each) => PermissionUpdate.safeParse(each).data ?? []);
}

/** What Claude would keep, in words; null when it suggests nothing. */
export function updateWords(updates: PermissionUpdate[]): string | null {
  if (updates.length === 0) return null;
  const words = updates.map(({ rules, destination }) => {
    const what = rules.map(({ toolName, ruleContent }) =>
      ruleContent === undefined ? toolName : `${toolName}(${ruleContent})`,
    );
    return [what.join(", "), DESTINATIONS[destination]].filter(Boolean).join(" ");
  });
  return redact(words.join("; ")).slice(0, 500);
}

import { createHash } from "node:crypto";
import type { ChangesQuestion } from "../../protocol/changes.ts";
import type { Answer } from "../../protocol/questions.ts";
import type { Worktree } from "../../protocol/session.ts";
import { limitConcurrency } from "../tmux/limitConcurrency.ts";
import { allowedRoot, type RootRules } from "../tools/allowedRoot.ts";
import { isWithin } from "../tools/isWithin.ts";
import { GitFailed } from "./GitFailed.ts";
import { readChanges } from "./readChanges.ts";

/** Where a session of this host works. */
export type SessionPlace = { directory: string; worktree: Worktree | null };

export type ChangesDeps = {
  /** Where a session of this host works or worked; null when it is not this host's, as a chat. */
  placeOf: (session: string) => SessionPlace | null;
  rules: () => Promise<RootRules>;
};

/** Answers what has changed where a session works. */
export function startChanges({
  placeOf,
  rules,
}: ChangesDeps): (question: ChangesQuestion) => Promise<Answer> {
  // A repository that is slow holds up these, not the machine.
  const limit = limitConcurrency(2);

  async function look({ session, directory, known }: ChangesQuestion): Promise<Answer> {
    const bounds = await rules();
    const own = placeOf(session);
    let place = own;
    if (place === null) {
      const allowed = await allowedRoot(bounds, directory);
      if (!allowed.ok) return { status: "failed", code: "not_a_workspace", message: allowed.message };
      place = { directory: allowed.root, worktree: null };
    }
    const changes = await readChanges({
      directory: place.worktree?.path ?? place.directory,
      worktree: place.worktree,
      whole: own !== null,
      isSecret: (path) => bounds.secrets.holds(path) || bounds.closed.some((each) => isWithin(each, path)),
    });
    const version = createHash("sha256").update(JSON.stringify(changes)).digest("base64url");
    return version === known ? { status: "same", version } : { ...changes, version };
  }

  return async (question) => {
    try {
      return await limit(() => look(question));
    } catch (error) {
      if (error instanceof GitFailed)
        return { status: "failed", code: error.code, message: error.message.slice(0, 4000) };
      throw error;
    }
  };
}

import {
  MAX_CONVERSATIONS,
  type Conversations,
  type ConversationsQuestion,
  type PastConversation,
} from "../../../protocol/conversations.ts";
import { findTranscripts, inTurns, type Transcript } from "./findTranscripts.ts";
import { readTranscript, type TranscriptFacts } from "./readTranscript.ts";

export type PastDeps = {
  env: NodeJS.ProcessEnv;
  /** The session in which a conversation runs now. */
  sessionOf: (conversation: string) => string | null;
  now?: () => number;
};

/** No more new files are begun after this; what was read is remembered, so that the next answer has more. */
const LIMIT_MS = 8_000;
const AT_ONCE = 8;
const MOST_KNOWN = 20_000;

/** Finds the conversations that agents have kept on this machine. */
export function startPast({ env, sessionOf, now = Date.now }: PastDeps) {
  const known = new Map<string, { at: number; bytes: number; facts: TranscriptFacts }>();
  let before: Promise<unknown> = Promise.resolve();

  async function factsOf(file: Transcript, deadline: number): Promise<TranscriptFacts | null> {
    const kept = known.get(file.path);
    if (kept?.at === file.at && kept.bytes === file.bytes) return kept.facts;
    if (now() > deadline) return null;
    const facts = await readTranscript(file);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(file.path, { at: file.at, bytes: file.bytes, facts });
    return facts;
  }

  async function look({ agent, text = "" }: ConversationsQuestion): Promise<Conversations> {
    const deadline = now() + LIMIT_MS;
    const files = (await findTranscripts(env)).filter((file) => agent === undefined || file.agent === agent);
    const facts = await inTurns(files, AT_ONCE, (file) => factsOf(file, deadline));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const items: PastConversation[] = [];
    let total = 0;
    for (const [index, { agent: of, id, at, bytes }] of files.entries()) {
      const { title = null, directory = null, branch = null } = facts[index] ?? {};
      if (title === null) continue;
      const hay = [title, directory, branch, id].join("\n").toLowerCase();
      if (!words.every((word) => hay.includes(word))) continue;
      total++;
      if (items.length < MAX_CONVERSATIONS)
        items.push({
          agent: of,
          id,
          title: title.slice(0, 300),
          directory: directory?.slice(0, 4096) ?? null,
          branch,
          at,
          bytes,
          session: sessionOf(id),
        });
    }
    return { status: "conversations", items, total, unread: facts.filter((each) => each === null).length };
  }

  return {
    /** One at a time: the second has what the first has read. */
    look(question: ConversationsQuestion): Promise<Conversations> {
      const answer = before.then(() => look(question));
      before = answer.catch(() => undefined); // whoever asked hears of it
      return answer;
    },
  };
}

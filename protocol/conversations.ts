import * as z from "zod";
import { SessionId } from "./ids.ts";

/** Conversations of which a host tells at most at once. */
export const MAX_CONVERSATIONS = 100;
/** The agents whose past conversations a host can find. */
export const TalkingAgent = z.enum(["claude", "codex"]);
export type TalkingAgent = z.infer<typeof TalkingAgent>;

/** An agent's own id of a conversation, as it stands in an argument vector. */
export const ConversationId = z
  .string()
  .max(200)
  .regex(/^\w[\w-]*$/, "not the id of a conversation");

/** A conversation that an agent has kept on a host. */
export const PastConversation = z.object({
  agent: TalkingAgent,
  id: ConversationId,
  /** What it was named, or the first that was said in it. */
  title: z.string().max(300),
  directory: z.string().max(4096).nullable(),
  branch: z.string().max(300).nullable(),
  /** When something was last written to it. */
  at: z.number(),
  bytes: z.number(),
  /** The session that it runs in now, as far as its host knows. */
  session: SessionId.nullable(),
});
export type PastConversation = z.infer<typeof PastConversation>;

/** Which conversations were kept? `text`: words that must all occur in title, directory, branch or id. */
export const ConversationsQuestion = z.object({
  type: z.literal("conversations"),
  agent: TalkingAgent.optional(),
  text: z.string().max(200).optional(),
});
export type ConversationsQuestion = z.infer<typeof ConversationsQuestion>;

/** `GET /api/hosts/:id/conversations?agent=&text=`: the last ones first. */
export const Conversations = z.object({
  status: z.literal("conversations"),
  items: z.array(PastConversation).max(MAX_CONVERSATIONS),
  /** How many there are that fit; those that are not in `items` are older. */
  total: z.number().int(),
  /** Files that were not looked into in time; asked again, more of them are. */
  unread: z.number().int(),
});
export type Conversations = z.infer<typeof Conversations>;

import type { UserModelMessage } from "ai";
import type { QueuedMessage } from "../../../protocol/api.ts";
import type { EventBody } from "../../../protocol/events.ts";
import { attachmentData } from "../../../worker/models/loadAttachments.ts";

type SaidItem = Extract<Extract<EventBody, { type: "item" }>["item"], { kind: "user_message" }>;

/** What a person said, as the model's conversation keeps it: of a file only its id, the bytes come when the model is asked. */
export function userMessage({ text, attachments = [] }: QueuedMessage): UserModelMessage {
  if (attachments.length === 0) return { role: "user", content: text };
  const files = attachments.map(
    ({ id, name, type }) =>
      ({ type: "file", mediaType: type, filename: name, data: attachmentData(id) }) as const,
  );
  return { role: "user", content: text === "" ? files : [{ type: "text", text }, ...files] };
}

/** The same as an item of the log. */
export function userItem({ text, attachments = [] }: QueuedMessage): SaidItem {
  return { kind: "user_message", text, ...(attachments.length === 0 ? {} : { attachments }) };
}

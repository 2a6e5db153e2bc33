import { Buffer } from "node:buffer";
import type { ModelMessage } from "ai";
import type { AttachmentRef } from "../../protocol/events.ts";
import { MAX_MODEL_IMAGE_BYTES, MAX_MODEL_IMAGE_SIDE } from "../../protocol/limits.ts";

/** Images of a request, as the strictest of the providers takes them. */
const MOST_IMAGES = 20;
/** Images of one request together; they stand in memory several times over while it is sent. */
const MOST_IMAGES_BYTES = 12_000_000;
/** Text of one file that the model gets, at most; in a small window less. */
const MOST_TEXT_BYTES = 64 * 1024;
/** About so many characters are a token. */
const TOKEN_CHARS = 4;

const NO_ROOM = "newer files take all the room of one request";
const SCHEME = "attachment:";
/** Key in the provider options of a part of text that stands for a file. */
export const FILE_MARK = "signalbox";

/** An attachment, and its first so many bytes; null when they are not there. */
export type OpenedAttachment = AttachmentRef & { bytes(most: number): Promise<Uint8Array | null> };
export type OpenAttachment = (id: string) => Promise<OpenedAttachment | null>;

type UserPart = Exclude<Extract<ModelMessage, { role: "user" }>["content"], string>[number];
type FilePart = Extract<UserPart, { type: "file" }>;

/** How a stored message names a file. */
export function attachmentData(id: string): string {
  return `${SCHEME}${id}`;
}

/**
 * A conversation with its attachments in the form in which a model takes them: images as they are, as far as the model
 * and its limits allow (the newest first), text as text, up to a cap; everything else, and why it is not there, in words.
 */
export async function loadAttachments(
  messages: ModelMessage[],
  { images, context, open }: { images: boolean; context: number; open: OpenAttachment },
): Promise<{ messages: ModelMessage[]; images: number }> {
  const text = {
    file: Math.min(MOST_TEXT_BYTES, (context * TOKEN_CHARS) / 4),
    all: (context * TOKEN_CHARS) / 2,
  };
  const budget = { images: MOST_IMAGES, bytes: MOST_IMAGES_BYTES, text };
  const loaded: ModelMessage[] = [];
  for (const message of messages.toReversed()) {
    if (message.role !== "user" || typeof message.content === "string") {
      loaded.push(message);
      continue;
    }
    const content: UserPart[] = [];
    for (const part of message.content) {
      const id = idOf(part);
      content.push(
        id === null || part.type !== "file" ? part : await load(part, await open(id), { images, budget }),
      );
    }
    loaded.push({ ...message, content });
  }
  return { messages: loaded.toReversed(), images: MOST_IMAGES - budget.images };
}

function idOf(part: UserPart): string | null {
  return part.type === "file" && typeof part.data === "string" && part.data.startsWith(SCHEME)
    ? part.data.slice(SCHEME.length)
    : null;
}

type Limits = {
  images: boolean;
  /** What is left of one request; text is counted in bytes, of one file and of all. */
  budget: { images: number; bytes: number; text: { file: number; all: number } };
};

async function load(part: FilePart, file: OpenedAttachment | null, limits: Limits): Promise<UserPart> {
  const name = part.filename ?? "without a name";
  if (file === null) return inWords(part, `[The file ${name} was attached; it is not there any more.]`);
  const what = `${name} (${file.type}, ${file.size.toLocaleString("en")} bytes)`;
  const gone = `[The file ${what} was attached; its content is not there any more.]`;
  if (file.type === "text/plain") {
    const most = Math.floor(Math.min(limits.budget.text.file, limits.budget.text.all));
    if (most === 0) return inWords(part, `[The file ${what} is attached, and not shown: ${NO_ROOM}.]`);
    const bytes = await file.bytes(most);
    if (bytes === null) return inWords(part, gone);
    limits.budget.text.all -= bytes.byteLength;
    // Not at the end of the stream: a character that the cap cuts in two is left out.
    const text = new TextDecoder().decode(bytes, { stream: true });
    const cut = file.size > most ? `\n[… cut: these are the first ${most.toLocaleString("en")} bytes]` : "";
    return inWords(part, `[Attached file ${what}:]\n${text}${cut}\n[End of ${name}]`);
  }
  if (!file.type.startsWith("image/"))
    return inWords(part, `[The file ${what} is attached. Its content cannot be shown to a model.]`);
  const why = whyNot(file, limits);
  if (why !== null) return inWords(part, `[An image, ${what}, is attached, and not shown: ${why}.]`);
  const bytes = await file.bytes(file.size);
  if (bytes === null) return inWords(part, gone);
  limits.budget.images--;
  limits.budget.bytes -= file.size;
  return { type: "file", mediaType: file.type, filename: name, data: Buffer.from(bytes).toString("base64") };
}

function whyNot(
  { size, width = 0, height = 0 }: OpenedAttachment,
  { images, budget }: Limits,
): string | null {
  if (!images) return "this model takes no images";
  if (size > MAX_MODEL_IMAGE_BYTES)
    return `it is larger than ${MAX_MODEL_IMAGE_BYTES.toLocaleString("en")} bytes`;
  if (Math.max(width, height) > MAX_MODEL_IMAGE_SIDE)
    return `${width} × ${height} pixels are more than ${MAX_MODEL_IMAGE_SIDE} on a side`;
  if (budget.images === 0 || size > budget.bytes) return NO_ROOM;
  return null;
}

/** Marked as what it is: the offline model must not take a file's content for the person's words. */
function inWords({ mediaType, filename = "" }: FilePart, text: string): UserPart {
  return { type: "text", text, providerOptions: { [FILE_MARK]: { name: filename, type: mediaType } } };
}

import { Hono, type Context } from "hono";
import * as z from "zod";
import type { FileFacts, Place } from "../../durable-objects/session/Attachments.ts";
import { sessionName } from "../../durable-objects/shared/names.ts";
import type { AttachmentRef } from "../../protocol/events.ts";
import { AttachmentId, SessionId } from "../../protocol/ids.ts";
import { attachmentLimit } from "../attachments/attachmentLimit.ts";
import { cleanName } from "../attachments/cleanName.ts";
import { startSniffing } from "../attachments/sniff.ts";
import { requireRole } from "../auth/requireRole.ts";
import type { App } from "../env.ts";
import { orProblem, Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const UploadHead = z.object({
  "content-length": z.coerce.number("its size must be known").int().min(1, "the file is empty"),
  "content-digest": z
    .string("sha-256=:…: of the file, in base64, is missing")
    .regex(/^sha-256=:[A-Za-z0-9+/]{43}=:$/, "it must be sha-256=:…: with the file's SHA-256 in base64"),
});
const UploadQuery = z.object({ name: z.string().max(1000).default("") });
const ByAttachment = validate("param", z.object({ id: SessionId, attachment: AttachmentId }));

/** Whether this is the address of an upload: its body may be larger than others', and the route itself says how large. */
export function isUpload(path: string): boolean {
  return /^\/api\/sessions\/[^/]+\/attachments$/.test(path);
}

/** Files of a chat, below `/api/sessions`. */
export const attachmentRoutes = new Hono<App>()
  .post(
    "/:id/attachments",
    requireRole("operator"),
    validate("param", z.object({ id: SessionId })),
    validate("header", UploadHead),
    validate("query", UploadQuery),
    async (c) => {
      const { "content-length": size, "content-digest": digest } = c.req.valid("header");
      const most = attachmentLimit(c.env);
      if (size > most)
        throw new Problem(413, "too_large", `A file may have ${most.toLocaleString("en")} bytes at most.`);
      const body = c.req.raw.body;
      if (body === null) throw new Problem(400, "invalid", "The request has no file in its body.");
      const sha256 = hexOf(digest.slice("sha-256=:".length, -1));
      const name = cleanName(c.req.valid("query").name);
      const session = sessionOf(c, c.req.valid("param").id);
      const place = orProblem<Place>(await session.reserveAttachment({ sha256, name, size }));
      if (place.there !== null) {
        await body.pipeTo(new WritableStream()); // read to its end, so that the answer reaches who still sends
        return c.json(place.there, 200);
      }
      const { id, key } = place;
      const facts = await store(c.env.BLOBS, key, body, { size, sha256 });
      const made = await session.commitAttachment(id, facts);
      // The session was deleted meanwhile; its object deletes the blob too, in case nobody gets to this line.
      if ("refused" in made) await c.env.BLOBS.delete(key);
      return c.json(orProblem<AttachmentRef>(made), 201);
    },
  )
  .get("/:id/attachments/:attachment", requireRole("viewer"), ByAttachment, async (c) => {
    const { id, attachment } = c.req.valid("param");
    const found = await sessionOf(c, id).attachment(attachment);
    const { ref, key } = orProblem<{ ref: AttachmentRef; key: string }>(found);
    const blob = await c.env.BLOBS.get(key, { onlyIf: c.req.raw.headers });
    if (blob === null) throw new Problem(404, "not_found", "The file is not there any more.");
    const headers = new Headers(headersOf(ref, c.req.query("download") !== undefined));
    headers.set("etag", blob.httpEtag);
    return "body" in blob
      ? new Response(blob.body, { headers })
      : new Response(null, { status: 304, headers });
  });

function sessionOf(c: Context<App>, id: string) {
  return c.env.SESSION.getByName(sessionName(c.get("actor").team, id));
}

/** Streams a file to its place and looks at it on the way. What is not what was announced is not kept. */
async function store(
  bucket: R2Bucket,
  key: string,
  body: ReadableStream<Uint8Array>,
  { size, sha256 }: { size: number; sha256: string },
): Promise<FileFacts> {
  const sniffing = startSniffing();
  const look = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sniffing.take(chunk);
      controller.enqueue(chunk);
    },
  });
  const { readable, writable } = new FixedLengthStream(size);
  const [put] = await Promise.allSettled([
    bucket.put(key, readable, { sha256 }),
    body.pipeThrough(look).pipeTo(writable),
  ]);
  if (sniffing.bytes !== size)
    throw new Problem(400, "broken_off", "The file did not arrive whole. Send it again.");
  if (put.status === "rejected") {
    if (/10037|checksum/i.test(String(put.reason)))
      throw new Problem(400, "wrong_digest", "The file is not what its Content-Digest says. Send it again.");
    throw put.reason;
  }
  return sniffing.end();
}

/** Images of the four kinds may be shown; whatever else it is, a browser saves it and runs nothing of it. */
function headersOf({ name, type }: AttachmentRef, download: boolean): Record<string, string> {
  const shown = type.startsWith("image/") && !download;
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  return {
    "content-type": type === "text/plain" ? "text/plain; charset=utf-8" : type,
    "content-disposition": `${shown ? "inline" : "attachment"}; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", "%27")}`,
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, max-age=31536000, immutable",
  };
}

function hexOf(base64: string): string {
  return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

import { AttachmentRef } from "../../../../protocol/events.ts";
import { ApiFailure } from "../../../shared/api/ApiFailure.ts";
import { api } from "../../../shared/api/endpoints.ts";
import { noAnswer, readAnswer } from "../../../shared/api/request.ts";
import { shrinkImage } from "./shrinkImage.ts";

/** The largest file that this deployment takes; asked once. */
let limit: Promise<number> | null = null;

function askLimit(): Promise<number> {
  limit ??= api.me().then(({ attachment_max_bytes = Number.POSITIVE_INFINITY }) => attachment_max_bytes);
  limit.catch(() => (limit = null)); // asked again by the next file
  return limit;
}

/** Uploads a file to a chat and tells how far it is, from 0 to 1. Everything that goes wrong is an {@link ApiFailure}. */
export async function uploadFile(
  session: string,
  given: File,
  { onProgress, signal }: { onProgress(part: number): void; signal: AbortSignal },
): Promise<AttachmentRef> {
  const file = await shrinkImage(given);
  const most = await askLimit();
  if (file.size > most)
    throw new ApiFailure("too_large", `It is too large: ${most.toLocaleString("en")} bytes at most.`, 0);
  if (file.size === 0) throw new ApiFailure("empty", "It is empty.", 0);
  const bytes = await file.arrayBuffer().catch(() => {
    throw new ApiFailure("unreadable", "It cannot be read. Is it a directory, or has it changed?", 0);
  });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  signal.throwIfAborted();
  const path = `/api/sessions/${encodeURIComponent(session)}/attachments`;
  const answer = await post(`${path}?name=${encodeURIComponent(file.name)}`, bytes, {
    digest: `sha-256=:${btoa(String.fromCharCode(...digest))}:`,
    onProgress,
    signal,
  });
  return readAnswer(answer, AttachmentRef);
}

/** `fetch` does not tell how much it has sent. */
function post(
  url: string,
  bytes: ArrayBuffer,
  { digest, onProgress, signal }: { digest: string; onProgress(part: number): void; signal: AbortSignal },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.setRequestHeader("content-digest", digest);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded / total));
    request.addEventListener("load", () => resolve({ status: request.status, text: request.responseText }));
    request.addEventListener("error", () => reject(noAnswer()));
    request.addEventListener("abort", () => reject(signal.reason));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(bytes);
  });
}

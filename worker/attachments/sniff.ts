import { imageSize } from "./imageSize.ts";

/** What a file is, by its own bytes. `text/plain` is every text, also one that a browser would run. */
export type FileType =
  | "image/png"
  | "image/jpeg"
  | "image/gif"
  | "image/webp"
  | "application/pdf"
  | "text/plain"
  | "application/octet-stream";

export type Sniffed = { type: FileType; width: number | null; height: number | null };

/** The frame of a JPEG stands behind its Exif block and thumbnail. */
const HEAD_BYTES = 256 * 1024;

const MAGIC: [FileType, RegExp][] = [
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["application/pdf", /^%PDF-/],
];
/** Control characters that no text has. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const NO_TEXT = /[\x00-\x06\x0e-\x1a\x1c-\x1f]/;

/** Looks at a file as its bytes pass by, and tells at its end what it is. Nobody's word is believed. */
export function startSniffing() {
  const parts: Uint8Array[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let bytes = 0;
  let isText = true;
  const readText = (chunk?: Uint8Array): void => {
    if (!isText) return;
    try {
      isText = !NO_TEXT.test(
        chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }),
      );
    } catch {
      isText = false; // not UTF-8
    }
  };
  return {
    take(chunk: Uint8Array): void {
      if (bytes < HEAD_BYTES) parts.push(chunk.slice(0, HEAD_BYTES - bytes));
      bytes += chunk.byteLength;
      readText(chunk);
    },
    /** How much has passed by. */
    get bytes(): number {
      return bytes;
    },
    end(): Sniffed {
      readText();
      const head = joined(parts);
      const start = String.fromCharCode(...head.subarray(0, 16));
      const type =
        MAGIC.find(([, magic]) => magic.test(start))?.[0] ??
        (isText ? "text/plain" : "application/octet-stream");
      const { width, height } = imageSize(type, head) ?? { width: null, height: null };
      return { type, width, height };
    },
  };
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

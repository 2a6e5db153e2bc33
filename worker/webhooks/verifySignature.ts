import { REPLAY_WINDOW_MS } from "../../protocol/webhooks.ts";

/** What a delivery says of itself once its signature is right; or why it is refused. */
export type Verified =
  | { ok: true; delivery: string; event: string | null }
  | { ok: false; status: 400 | 401; code: string; message: string };

const encoder = new TextEncoder();
const MOST_ID_CHARS = 200;
/** Signatures of one delivery that are looked at: each costs as much as there is to read, and anybody may send them. */
const MOST_SIGNATURES = 5;
const NO_SIGNATURE =
  "Sign the delivery: X-Hub-Signature-256 with X-GitHub-Delivery as GitHub does, or the headers of Standard Webhooks.";

/**
 * Checks a delivery's signature (HMAC SHA-256 over its bytes as they came) by any of the secrets: GitHub's headers, or
 * those of Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature), which also say when it was sent.
 */
export async function verifySignature(
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
  secrets: string[],
  now: number,
): Promise<Verified> {
  const github = headers.get("x-hub-signature-256");
  const standard = headers.get("webhook-signature");
  if (github !== null) return verifyGitHub(github, headers, body, secrets);
  if (standard !== null) return verifyStandard(standard, headers, body, secrets, now);
  return { ok: false, status: 401, code: "unsigned", message: NO_SIGNATURE };
}

async function verifyGitHub(
  signature: string,
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
  secrets: string[],
): Promise<Verified> {
  const given = /^sha256=([0-9a-f]{64})$/i.exec(signature)?.[1];
  const keys = secrets.map(bytesOf);
  if (given === undefined || !(await isSigned(body, fromHex(given), keys))) return WRONG;
  return identified(headers.get("x-github-delivery"), "X-GitHub-Delivery", headers.get("x-github-event"));
}

async function verifyStandard(
  signatures: string,
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
  secrets: string[],
  now: number,
): Promise<Verified> {
  const id = headers.get("webhook-id") ?? "";
  const time = headers.get("webhook-timestamp") ?? "";
  const signed = concat(bytesOf(`${id}.${time}.`), body);
  const keys = secrets.map(standardKey);
  const given = signatures
    .split(" ", MOST_SIGNATURES)
    .flatMap((each) => (each.startsWith("v1,") ? (fromBase64(each.slice(3)) ?? []) : []));
  const right = await Promise.all(given.map((signature) => isSigned(signed, signature, keys)));
  if (!right.includes(true)) return WRONG;
  const at = /^\d{1,12}$/.test(time) ? Number(time) * 1_000 : Number.NaN;
  if (!(Math.abs(now - at) <= REPLAY_WINDOW_MS))
    return {
      ok: false,
      status: 401,
      code: "stale",
      message: "The delivery was signed too long ago, or ahead.",
    };
  return identified(id, "webhook-id", null);
}

function identified(id: string | null, header: string, event: string | null): Verified {
  if (id === null || id === "" || id.length > MOST_ID_CHARS)
    return { ok: false, status: 400, code: "no_delivery_id", message: `${header} names the delivery.` };
  return { ok: true, delivery: id, event: event?.slice(0, MOST_ID_CHARS) ?? null };
}

const WRONG: Verified = {
  ok: false,
  status: 401,
  code: "wrong_signature",
  message: "The signature does not fit the delivery.",
};

/** Compares in constant time: WebCrypto's verify does. */
async function isSigned(
  body: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  keys: Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const each = keys.map(async (bytes) => {
    const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["verify"]);
    return crypto.subtle.verify("HMAC", key, signature, body);
  });
  return (await Promise.all(each)).includes(true);
}

/** The key that a secret stands for there: the bytes after `whsec_`, or the text as it is. */
function standardKey(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = secret.startsWith("whsec_") ? fromBase64(secret.slice("whsec_".length)) : null;
  return bytes ?? bytesOf(secret);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(text));
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(Array.from(atob(text), (letter) => letter.charCodeAt(0)));
  } catch {
    return null; // not base64: not a signature of ours
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

const encoder = new TextEncoder();
const VERSION = "v1";
const IV_BYTES = 12;

/** What a sealed key belongs to. Sealed for one address of one provider, it opens for no other. */
export type KeyOwner = { team: string; provider: string; kind: string; baseURL: string | null };

/** Encrypts a provider's key (AES-256-GCM, the key of that derived from the deployment's secret). */
export async function sealKey(secret: string, owner: KeyOwner, key: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: nameOf(owner) },
    await derive(secret),
    encoder.encode(key),
  );
  return [VERSION, toBase64(iv), toBase64(new Uint8Array(sealed))].join(".");
}

/** Decrypts it again; null when it was sealed with another secret, for another owner, or changed since. */
export async function openKey(secret: string, owner: KeyOwner, sealed: string): Promise<string | null> {
  const [version, iv, body] = sealed.split(".");
  if (version !== VERSION || iv === undefined || body === undefined) return null;
  const key = await derive(secret);
  try {
    const algorithm = { name: "AES-GCM", iv: fromBase64(iv), additionalData: nameOf(owner) };
    return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, fromBase64(body)));
  } catch {
    return null; // whatever is wrong with it, it has to be given again
  }
}

async function derive(secret: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: encoder.encode("signalbox"), info: encoder.encode("model keys") },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

function nameOf({ team, provider, kind, baseURL }: KeyOwner): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(JSON.stringify([team, provider, kind, baseURL])));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

import { HostId } from "./ids.ts";

/** A host's token: `sbh.<host id>.<43 characters of base64url>`; the edge stores only its SHA-256. */
export function formatHostToken(host: string, secret: string): string {
  return `sbh.${host}.${secret}`;
}

/** The host a token claims to be of; null when it does not look like a host's token. */
export function hostOfToken(token: string): string | null {
  const match = /^sbh\.(hst_[0-9a-z]{26})\.[\w-]{43}$/.exec(token);
  return match?.[1] !== undefined && HostId.safeParse(match[1]).success ? match[1] : null;
}

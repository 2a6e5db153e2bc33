/** Application close codes; a refused upgrade is accepted and closed with one, since a client cannot read a 4xx. */
export const CLOSE = {
  malformed: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  notFound: 4404,
  replaced: 4409,
  tooLarge: 4413,
  version: 4426,
  silent: 4408,
  nobodyWatching: 4410,
  hostGone: 4503,
  internal: 4500,
} as const;

export type CloseName = keyof typeof CLOSE;

const names = new Map<number, CloseName>(
  (Object.keys(CLOSE) as CloseName[]).map((name) => [CLOSE[name], name]),
);

/** The name of an application close code, or undefined for one that is not ours. */
export function closeName(code: number): CloseName | undefined {
  return names.get(code);
}

/** Close codes after which trying again cannot help. */
export function isFinalClose(code: number): boolean {
  const name = closeName(code);
  return name === "unauthenticated" || name === "forbidden" || name === "notFound" || name === "version";
}

/** Shortens a close reason to the 123 bytes that RFC 6455 §5.5 leaves for it. */
export function closeReason(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= 123) return text;
  return new TextDecoder().decode(bytes.slice(0, 119)).replace(/\uFFFD+$/, "") + "…";
}

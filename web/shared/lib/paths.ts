const HOME = /^(?:\/home\/[^/]+|\/Users\/[^/]+|\/root)(?=\/|$)/;

/** A path as people say it: a home directory is `~`. The whole one stays in titles and copies. */
export function shortPath(path: string): string {
  return path.replace(HOME, "~");
}

/** Splits a path so that its end can always be shown: everything up to the last name, and the last name. */
export function splitPath(path: string): { head: string; tail: string } {
  const short = shortPath(path);
  const at = short.lastIndexOf("/", short.length - 2);
  return at <= 0 ? { head: "", tail: short } : { head: short.slice(0, at), tail: short.slice(at) };
}

import { shown } from "./toolResult.ts";

/** What the file system said, as a sentence; null when it is not an answer of the file system. */
export function explainFsError(error: unknown, path: string): string | null {
  const code = fsCode(error);
  if (code === null) return null;
  const name = shown(path);
  switch (code) {
    case "ENOENT":
      return `There is no ${name}.`;
    case "ENOTDIR":
      return `${name} is not a directory, or leads through something that is none.`;
    case "EISDIR":
      return `${name} is a directory.`;
    case "EACCES":
    case "EPERM":
      return `The daemon's user may not do that with ${name}.`;
    case "ELOOP":
      return `${name} leads through a symbolic link that must not be followed.`;
    case "ENAMETOOLONG":
      return `${name} is too long a name.`;
    case "EEXIST":
      return `${name} exists already.`;
    case "ENOSPC":
    case "EDQUOT":
      return `There is no room left on the disk of ${name}.`;
    case "EROFS":
      return `${name} is on a file system that cannot be written.`;
    case "ENXIO":
    case "ENODEV":
    case "ETXTBSY":
    case "EBUSY":
    case "EIO":
    case "EINVAL":
    case "EMFILE":
    case "ENFILE":
    case "EFBIG":
    case "ESTALE":
      return `${name} cannot be used now (${code}).`;
    default:
      return null;
  }
}

/** The operating system's name of an error; null when it has none. */
export function fsCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

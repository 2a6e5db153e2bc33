/** Whether a path is a directory or something in it; both without symbolic links and `..`. */
export function isWithin(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

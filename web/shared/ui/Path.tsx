import { classes } from "../lib/classes.ts";
import { splitPath } from "../lib/paths.ts";

/** A path in mono: cut in the middle when there is no room, whole in its title. */
export function Path({ path, className }: { path: string; className?: string }) {
  const { head, tail } = splitPath(path);
  return (
    <span title={path} className={classes("flex min-w-0 font-mono", className)}>
      {/* The head gives way first, and wholly, before the last name is cut. */}
      {head !== "" && <span className="min-w-0 shrink-[9999] truncate">{head}</span>}
      <span className="min-w-0 shrink truncate">{tail}</span>
    </span>
  );
}

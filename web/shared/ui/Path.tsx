import { classes } from "../lib/classes.ts";
import { splitPath } from "../lib/paths.ts";

/** A path in mono: cut in the middle when there is no room, whole in its title. */
export function Path({ path, className }: { path: string; className?: string }) {
  const { head, tail } = splitPath(path);
  return (
    <span title={path} className={classes("inline-flex max-w-full min-w-0 font-mono", className)}>
      {head !== "" && <span className="truncate">{head}</span>}
      <span className={head === "" ? "truncate" : "max-w-[70%] shrink-0 truncate"}>{tail}</span>
    </span>
  );
}

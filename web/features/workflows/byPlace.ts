import type { Workflow } from "../../../protocol/runs.ts";

/** Workflows of one place, and what it is called. */
export type PlaceGroup = { key: string; title: string; note: string | null; workflows: Workflow[] };

/** The team's workflows first, then the files of each host, directory by directory, then those that come with it. */
export function byPlace(workflows: readonly Workflow[], nameOf: (host: string) => string): PlaceGroup[] {
  const groups = new Map<string, PlaceGroup>();
  for (const workflow of workflows) {
    const place = placeOf(workflow, nameOf);
    const group = groups.get(place.key);
    if (group === undefined) groups.set(place.key, { ...place, workflows: [workflow] });
    else group.workflows.push(workflow);
  }
  const order = ({ key }: PlaceGroup): number => (key === "team" ? 0 : key === "catalogue" ? 2 : 1);
  return [...groups.values()].sort(
    (a, b) =>
      order(a) - order(b) ||
      a.title.localeCompare(b.title, undefined, { numeric: true }) ||
      (a.note ?? "").localeCompare(b.note ?? ""),
  );
}

function placeOf(
  { source, host = "", root = "" }: Workflow,
  nameOf: (host: string) => string,
): Omit<PlaceGroup, "workflows"> {
  if (source === "team") return { key: "team", title: "Your team’s", note: null };
  if (source === "catalogue") return { key: "catalogue", title: "Come with Signalbox", note: null };
  const title = `On ${nameOf(host)}`;
  return source === "home"
    ? { key: `${host} home`, title, note: "home directory" }
    : { key: `${host} ${root}`, title, note: root };
}

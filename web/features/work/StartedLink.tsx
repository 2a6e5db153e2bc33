import { Link } from "wouter";
import type { WorkRef } from "../../../protocol/work.ts";

/** Leads to what was started. */
export function StartedLink({ work }: { work: WorkRef | null }) {
  if (work === null) return null;
  const { href, label } = PLACES[work.kind](work.id);
  return (
    <Link href={href} className="text-working-text underline-offset-2 hover:underline">
      {label}
    </Link>
  );
}

const PLACES: Record<WorkRef["kind"], (id: string) => { href: string; label: string }> = {
  message: (id) => ({ href: `/sessions/${id}`, label: "Open the session" }),
  task: (id) => ({ href: `/work/tasks?task=${id}`, label: "Open the task" }),
  workflow: (id) => ({ href: `/work/runs/${id}`, label: "Open the run" }),
};

import { lazy, type ReactNode } from "react";
import { Link } from "wouter";
import type { Me } from "../../../protocol/api.ts";
import { Queries } from "../../shared/api/Queries.tsx";
import { classes } from "../../shared/lib/classes.ts";
import { PageHead } from "../../shared/ui/PageHead.tsx";

const WorkflowsPanel = lazy(() => import("../workflows/WorkflowsPanel.tsx"));
const TasksPanel = lazy(() => import("../tasks/TasksPanel.tsx"));
const SchedulesPanel = lazy(() => import("../schedules/SchedulesPanel.tsx"));
const WebhooksPanel = lazy(() => import("../webhooks/WebhooksPanel.tsx"));

type Who = { operator: boolean; admin: boolean };
type Place = { id: string; label: string; note: string; panel: (who: Who) => ReactNode };

/** What begins and runs without anybody at the keyboard. */
const PLACES: Place[] = [
  {
    id: "workflows",
    label: "Workflows",
    note: "Several agents, as a script says",
    panel: ({ operator }) => <WorkflowsPanel operator={operator} />,
  },
  {
    id: "tasks",
    label: "Tasks",
    note: "Agents that run without you",
    panel: ({ operator }) => <TasksPanel operator={operator} />,
  },
  {
    id: "schedules",
    label: "Schedules",
    note: "Work that begins by the clock",
    panel: ({ operator }) => <SchedulesPanel operator={operator} />,
  },
  {
    id: "webhooks",
    label: "Webhooks",
    note: "Work that other systems start",
    panel: ({ admin, operator }) => <WebhooksPanel admin={admin} operator={operator} />,
  },
];

/** Everything that works by itself, a place each; `place` is the last part of the address. */
export default function WorkPage({ me, place }: { me: Me | null; place: string | undefined }) {
  const current = PLACES.find(({ id }) => id === place) ?? PLACES[0];
  const who = { admin: me?.role === "admin", operator: me !== null && me.role !== "viewer" };
  return (
    <Queries>
      <PageHead title="Work" note={current?.note ?? ""} />
      <nav
        aria-label="Kinds of work"
        className="flex h-9 shrink-0 items-stretch gap-1 overflow-x-auto border-b border-line px-3 [scrollbar-width:none] phone:h-12"
      >
        {PLACES.map(({ id, label }) => {
          const here = id === current?.id;
          return (
            <Link
              key={id}
              href={`/work/${id}`}
              aria-current={here ? "page" : undefined}
              data-testid={`work-${id}`}
              className={classes(
                "relative flex shrink-0 items-center px-2 phone:px-3",
                here ? "text-text" : "text-muted hover:text-text",
              )}
            >
              {label}
              {here && <span aria-hidden className="absolute inset-x-1 bottom-0 h-0.5 bg-text" />}
            </Link>
          );
        })}
      </nav>
      <div className="min-h-0 grow overflow-y-auto" data-testid={`panel-${current?.id}`}>
        <div className="mx-auto flex max-w-3xl flex-col gap-2 p-4 pb-16">{current?.panel(who)}</div>
      </div>
    </Queries>
  );
}

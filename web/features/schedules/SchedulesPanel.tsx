import { CalendarClock, Plus } from "lucide-react";
import { useState } from "react";
import type { Schedule } from "../../../protocol/schedules.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { attempt } from "../work/attempt.ts";
import { ListFrame } from "../work/ListFrame.tsx";
import { useList } from "../work/useList.ts";
import { workApi } from "../work/workApi.ts";
import { ScheduleCard } from "./ScheduleCard.tsx";
import { ScheduleDialog } from "./ScheduleDialog.tsx";

type Asking = { what: "new" } | { what: "edit" | "remove"; schedule: Schedule };

/** The team's schedules: when each is due next, what became of it last, and its history. */
export default function SchedulesPanel({ operator }: { operator: boolean }) {
  const list = useList("schedules", workApi.schedules);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = (): void => setAsking(null);
  const finish = (): void => {
    close();
    list.changed();
  };
  return (
    <>
      <ListFrame
        list={list}
        label="Schedules"
        action={
          operator && (
            <Button look="primary" onClick={() => setAsking({ what: "new" })} data-testid="new-schedule">
              <Plus size={16} /> New schedule
            </Button>
          )
        }
        empty={
          <Empty title="Nothing begins by the clock yet" icon={<CalendarClock size={24} />}>
            <p>
              A schedule begins work at its times, each morning, each Monday, or once: a task, a run of a
              workflow, or a message to a session.
            </p>
          </Empty>
        }
      >
        {list.items?.map((schedule) => (
          <li key={schedule.id}>
            <ScheduleCard
              schedule={schedule}
              operator={operator}
              onChanged={list.changed}
              onEdit={() => setAsking({ what: "edit", schedule })}
              onRemove={() => setAsking({ what: "remove", schedule })}
            />
          </li>
        ))}
      </ListFrame>
      {(asking?.what === "new" || asking?.what === "edit") && (
        <ScheduleDialog
          schedule={asking.what === "edit" ? asking.schedule : null}
          onClose={close}
          onDone={finish}
        />
      )}
      {asking?.what === "remove" && (
        <ConfirmDialog
          open
          onClose={close}
          onConfirm={() => void attempt(() => workApi.removeSchedule(asking.schedule.id)).then(finish)}
          title={`Remove ${asking.schedule.name}?`}
          confirm="Remove"
        >
          <p>It is not due any more, and its history goes. What it has started goes on.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
